//! Answers in the shapes of the two hosts: JSON with Kakao's `Content-Type`, and the two kinds of error bodies.
//!
//! Owns the table of codes and HTTP statuses. Must not know what led to an answer.

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

/// Stands for half an emoji until the answer is written: the escape of one surrogate, which no text can hold.
pub(crate) const HALF: char = '\u{10FFFE}';

/// What goes back over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// Further headers. Names are lower case.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Kakao's code, or the login host's, when this is an error.
    pub(crate) code: Option<String>,
    /// The story that the request created.
    pub(crate) story: Option<String>,
}

/// Exactly as Kakao writes it.
pub(crate) const JSON: &str = "application/json;charset=UTF-8";
pub(crate) const HTML: &str = "text/html;charset=UTF-8";

impl Answer {
    /// A plain answer.
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into(), code: None, story: None }
    }

    /// 200 with JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, JSON, value.to_string().replace(HALF, "\\ud83d"))
    }

    /// An error of the API host by its code, with the documented status.
    pub(crate) fn kakao(code: i32) -> Self {
        Self::kakao_with(code, kakao_message(code))
    }

    /// The above with a message of its own.
    pub(crate) fn kakao_with(code: i32, message: &str) -> Self {
        let body = json!({ "msg": message, "code": code });
        let mut answer = Self::new(kakao_status(code), JSON, body.to_string());
        answer.code = Some(code.to_string());
        if code == -401 {
            answer.headers.push(("www-authenticate", "Bearer error=invalid_token".to_owned()));
        }
        answer
    }

    /// -402: `required` is what the call needs and the user has not agreed to, `allowed` what the user has.
    pub(crate) fn consent_missing(required: &[&str], allowed: &[String]) -> Self {
        let body = json!({
            "msg": "[spec] insufficient scopes.",
            "code": -402,
            "api_type": "STORY",
            "required_scopes": required,
            "allowed_scopes": allowed,
        });
        let mut answer = Self::new(kakao_status(-402), JSON, body.to_string());
        answer.code = Some("-402".to_owned());
        answer
    }

    /// An error of the login host by its number, with what Kakao says to it.
    pub(crate) fn koe(number: u16) -> Self {
        let (status, error, description) = koe_text(number);
        let code = format!("KOE{number:03}");
        let body = json!({ "error": error, "error_description": description, "error_code": code });
        let mut answer = Self::new(status, JSON, body.to_string());
        answer.code = Some(code);
        answer
    }

    /// The HTTP response, with these `Date` headers. A header that cannot be written is left out.
    pub(crate) fn into_response(self, dates: &[String], body: Body) -> Response<Body> {
        let mut builder = Response::builder()
            .status(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::CONTENT_LENGTH, self.body.len());
        let dates = dates.iter().map(|date| ("date", date));
        for (name, value) in self.headers.iter().map(|(name, value)| (*name, value)).chain(dates) {
            if let Ok(value) = axum::http::HeaderValue::from_str(value) {
                builder = builder.header(name, value);
            }
        }
        builder.body(body).unwrap_or_default()
    }
}

/// The HTTP status that belongs to a code of the API host; 400 for one that is in no table.
pub(crate) fn kakao_status(code: i32) -> u16 {
    match code {
        -3 | -4 | -5 | -6 | -12 | -402 => 403,
        -401 | -406 => 401,
        -404 => 404,
        -405 => 405,
        -9798 => 503,
        _ => 400,
    }
}

/// A text like Kakao's. It is documented as unstable, so nobody may branch on it.
fn kakao_message(code: i32) -> &'static str {
    match code {
        -1 => "internal server error",
        -2 => "given parameter is invalid",
        -3 => "the feature is not enabled for this app",
        -4 => "this account is restricted",
        -5 => "insufficient permission",
        -6 => "the action is not allowed by the service policy",
        -7 => "the service is under maintenance or has an internal problem",
        -8 => "given header is invalid",
        -9 => "this API has ended",
        -10 => "API limit has been exceeded.",
        -11 => "the paid quota has been exceeded",
        -12 => "the app or its developer is suspended",
        -101 => "NotRegisteredUserException",
        -103 => "NotExistKakaoAccountException",
        -401 => "this access token does not exist",
        -402 => "[spec] insufficient scopes.",
        -404 => "NotFoundException",
        -405 => "MethodNotAllowedException",
        -406 => "the user is under the age limit",
        -601 => "NotExistStoryUserException",
        -602 => "the image is too big",
        -603 => "timeout while uploading or scraping",
        -604 => "failed to scrape the given url",
        -605 => "the story does not exist",
        -606 => "too many images",
        -911 => "the image format is not supported",
        -9798 => "the service is under maintenance",
        _ => "error",
    }
}

/// Status, `error` and `error_description` of the login host.
fn koe_text(number: u16) -> (u16, &'static str, &'static str) {
    match number {
        3 => (500, "server_error", "temporary error of the authorization server"),
        6 => (400, "invalid_request", "Admin Settings Issue (KOE006): the redirect URI is missing or cannot be used."),
        10 => (401, "invalid_client", "Bad client credentials"),
        101 => (401, "invalid_client", "Not exist client_id"),
        237 => (400, "invalid_request", "token request rate limit exceeded"),
        303 => (400, "invalid_grant", "Redirect URI mismatch."),
        320 => (400, "invalid_grant", "authorization code not found"),
        322 => (400, "invalid_grant", "expired_or_invalid_refresh_token"),
        _ => (400, "invalid_request", "wrong request parameters"),
    }
}

/// Why a call is refused.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// By a code of the API host.
    Code(i32),
    /// The same with a message of its own.
    Because(i32, &'static str),
    /// -402.
    Consent { required: Vec<&'static str>, allowed: Vec<String> },
    /// By the login host.
    Koe(u16),
    /// The sandbox itself failed (its ledger cannot be written): nothing happened.
    Broken,
}

/// What a call comes to.
pub(crate) type Reply = Result<Answer, Refusal>;

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Code(code) => Self::kakao(code),
            Refusal::Because(code, message) => Self::kakao_with(code, message),
            Refusal::Consent { required, allowed } => Self::consent_missing(&required, &allowed),
            Refusal::Koe(number) => Self::koe(number),
            Refusal::Broken => Self::new(500, "text/plain", "the sandbox cannot write its ledger"),
        }
    }
}
