//! One request as it came, read whole and decoded, whatever client it is from.
//!
//! Owns the bounds on bodies and the reading of parameters. Must not know the calls.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, header, request};
use futures_util::StreamExt;
use jiff::Timestamp;

use super::form::{self, Pairs};
use super::multipart::{self, Part};

/// Largest upload: ten images of less than 10 MB each and the multipart around them.
const UPLOAD_MAX_BYTES: usize = 110_000_000;
/// Largest of everything else.
const FORM_MAX_BYTES: usize = 1_000_000;
/// What is read and thrown away of a body that is too large, so that its sender gets to hear the answer.
const DRAIN_MAX_BYTES: usize = 400_000_000;

/// A request, decoded.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Parameters of the query string.
    pub(crate) query: Pairs,
    /// Parameters of a form body.
    pub(crate) form: Pairs,
    /// Parts of a multipart body.
    pub(crate) parts: Vec<Part>,
    pub(crate) content_type: Option<String>,
    /// The access token of the `Authorization` header.
    pub(crate) bearer: Option<String>,
    pub(crate) host: Option<String>,
    /// Whether the sender asks for HTML, as browsers do.
    pub(crate) wants_html: bool,
    pub(crate) body: Bytes,
    /// What could not be read.
    pub(crate) problem: Option<Problem>,
    /// When its head arrived.
    pub(crate) arrived_at: Timestamp,
}

/// Why a request could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A multipart body is over its bound.
    ImagesTooLarge,
    /// Any other body is over its bound.
    TooLarge,
    /// A parameter is not UTF-8, or the multipart is broken.
    Malformed,
}

impl Incoming {
    /// The first value of a parameter. The query string comes before the body, as in the servlet containers that answer such calls;
    /// of doubled parameters the first counts.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().chain(&self.form).find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a whole request. `None` when the connection broke before its end: such a request never arrived.
pub(crate) async fn read(parts: request::Parts, body: Body, arrived_at: Timestamp) -> Option<Incoming> {
    let content_type = text(&parts.headers, header::CONTENT_TYPE);
    let boundary = content_type.as_deref().and_then(multipart::boundary);
    let limit = if boundary.is_some() { UPLOAD_MAX_BYTES } else { FORM_MAX_BYTES };
    let (body, complete) = collect(body, limit).await?;
    let too_large = if boundary.is_some() { Problem::ImagesTooLarge } else { Problem::TooLarge };
    let mut problem = (!complete).then_some(too_large);
    let query = form::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let form = if is_form(content_type.as_deref()) { form::parse(&body) } else { Some(Vec::new()) };
    let multipart = match &boundary {
        Some(boundary) if complete => multipart::parse(&body, boundary),
        _ => Some(Vec::new()),
    };
    if problem.is_none() && (query.is_none() || form.is_none() || multipart.is_none()) {
        problem = Some(Problem::Malformed);
    }
    let accept = text(&parts.headers, header::ACCEPT).unwrap_or_default();
    Some(Incoming {
        path: parts.uri.path().to_owned(),
        query: query.unwrap_or_default(),
        form: form.unwrap_or_default(),
        parts: multipart.unwrap_or_default(),
        bearer: text(&parts.headers, header::AUTHORIZATION).and_then(|value| bearer(&value)),
        host: text(&parts.headers, header::HOST),
        wants_html: accept.contains("text/html"),
        method: parts.method,
        content_type,
        body,
        problem,
        arrived_at,
    })
}

/// The body up to `limit` bytes, and whether that was all of it.
async fn collect(body: Body, limit: usize) -> Option<(Bytes, bool)> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.ok()?;
        seen += chunk.len();
        if seen > DRAIN_MAX_BYTES {
            break;
        }
        if seen > limit {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    Some((Bytes::from(bytes), seen <= limit))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn bearer(value: &str) -> Option<String> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// With or without a charset.
fn is_form(content_type: Option<&str>) -> bool {
    let kind = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
