//! The shapes on the wire: the forms that are sent, strictly as documented, and the answers that are read, leniently.
//!
//! Pure: text in, values out. What a story may say is decided elsewhere; this file only spells it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Deserialize;
use serde_json::Value;

use super::error::{Body, Call, NotSent, Trouble, fault};
use super::token::{AccessToken, RefreshToken, TokenAnswer};
use crate::domain::content::{self, Artifact, ImageFormat, Outgoing, Permission};
use crate::domain::fault::Fault;
use crate::domain::printable;

/// Longest story ID that is taken, in characters.
const STORY_ID_CHARS_MAX: usize = 256;
/// The first and the last second that a server's time is taken from: what the queue can store, with room for what is added to it.
const SECONDS_TAKEN: std::ops::Range<i64> = 0..253_370_764_800;

/// One field of a form.
pub(super) type Field = (&'static str, String);

/// The path of the post call for `outgoing`, and its form: the documented fields in their documented order, absent values left
/// out and never sent empty.
///
/// # Errors
/// When the content cannot be put into words: no text for a note, no artifact for a photo or a link. Nothing was sent then.
pub(super) fn post(outgoing: &Outgoing) -> Result<(&'static str, Vec<Field>), Fault> {
    let content = &outgoing.content;
    let artifact = outgoing.artifact.as_ref();
    let (path, handed_back) = match (&content.body, artifact) {
        (content::Body::Note { text }, _) if text.is_empty() => return Err(unsendable("a note without text")),
        (content::Body::Note { .. }, _) => ("/v1/api/story/post/note", None),
        (content::Body::Photo { .. }, Some(Artifact(json))) => {
            ("/v1/api/story/post/photo", Some(("image_url_list", json.clone())))
        }
        (content::Body::Link { .. }, Some(Artifact(json))) => {
            ("/v1/api/story/post/link", Some(("link_info", json.clone())))
        }
        (_, None) => return Err(unsendable("a photo or link that was not prepared")),
    };
    let letter = match content.permission {
        Permission::Public => "A",
        Permission::Friends => "F",
        Permission::Private => "M",
    };
    // Always explicit: a default of Kakao's that changes must not change who sees a story.
    let mut form = vec![("permission", letter.to_owned())];
    if content.permission == Permission::Friends {
        form.push(("enable_share", content.enable_share.unwrap_or(false).to_string()));
    }
    let app = &content.app;
    let optional = [
        ("android_exec_param", app.android_exec_param.as_deref()),
        ("ios_exec_param", app.ios_exec_param.as_deref()),
        ("android_market_param", app.android_market_param.as_deref()),
        ("ios_market_param", app.ios_market_param.as_deref()),
        ("content", content.text()),
    ];
    for (name, value) in optional {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let value = if name == "content" { lf(value) } else { value.to_owned() };
            form.push((name, value));
        }
    }
    form.extend(handed_back);
    Ok((path, form))
}

/// The form of a refresh.
pub(super) fn refresh(key: &str, secret: Option<&str>, token: &RefreshToken) -> Vec<Field> {
    let mut form = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", key.to_owned()),
        ("refresh_token", token.expose().to_owned()),
    ];
    form.extend(secret.map(|secret| ("client_secret", secret.to_owned())));
    form
}

/// The form that exchanges a login's code.
pub(super) fn code(key: &str, secret: Option<&str>, redirect_uri: &str, code: &str, verifier: &str) -> Vec<Field> {
    let mut form = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", key.to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("code", code.to_owned()),
        ("code_verifier", verifier.to_owned()),
    ];
    form.extend(secret.map(|secret| ("client_secret", secret.to_owned())));
    form
}

/// The media type and the usual ending of a format.
pub(super) fn media_type(format: ImageFormat) -> (&'static str, &'static str) {
    match format {
        ImageFormat::Jpeg => ("image/jpeg", "jpg"),
        ImageFormat::Png => ("image/png", "png"),
        ImageFormat::Gif => ("image/gif", "gif"),
    }
}

fn lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The fault of a post call that cannot be made.
fn unsendable(what: &str) -> Fault {
    fault(Call::Once, &Trouble::NotSent(NotSent::Unsendable, what.to_owned()))
}

/// What the body of an answer holds that is not a plain success.
pub(super) fn refusal(body: &[u8]) -> Body {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        let how = if body.is_empty() { "its body is empty" } else { "its body is not the JSON of an error" };
        return Body::Unreadable(how.to_owned());
    };
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let names = |key: &str| -> Vec<String> {
        let list = object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    if let Some(code) = object.get("code").and_then(Value::as_i64).filter(|code| *code < 0) {
        let (required, allowed) = (names("required_scopes"), names("allowed_scopes"));
        let missing: Vec<String> = required.iter().filter(|scope| !allowed.contains(scope)).cloned().collect();
        let scopes = if missing.is_empty() { required } else { missing };
        return Body::Coded { code, msg: text("msg"), scopes };
    }
    let (error, code) = (text("error"), text("error_code"));
    if error.is_empty() && code.is_empty() {
        return Body::Unreadable("its body holds no code".to_owned());
    }
    let code = if code.is_empty() { error.clone() } else { code };
    Body::Login { code, error, description: text("error_description") }
}

/// The ID in the answer to a post call. Ids have one dot; one of another form is taken as it is all the same, since the story
/// exists and a lost ID is a doubt.
pub(super) fn story_id(body: &[u8]) -> Result<String, String> {
    let value: Value = json(body)?;
    let id = match value.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err("its body has no `id`".to_owned()),
    };
    usable_id(id)
}

/// An ID that can be stored, printed on one line and typed again: everything that takes a story's ID from an answer asks here.
pub(super) fn usable_id(id: String) -> Result<String, String> {
    let count = id.chars().count();
    match count {
        0 => return Err("a story's `id` is empty".to_owned()),
        1..=STORY_ID_CHARS_MAX => {}
        _ => return Err(format!("a story's `id` has {count} characters, and at most {STORY_ID_CHARS_MAX} are taken")),
    }
    match id.chars().find(|c| is_unusable(*c)) {
        None => Ok(id),
        Some(c) => Err(format!("a story's `id` holds U+{:04X}, a blank or invisible character", u32::from(c))),
    }
}

/// What cannot be seen, or not be told from another character, in an ID that a person reads and types.
fn is_unusable(c: char) -> bool {
    printable::acts(c)
        || c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}')
}

/// A time of a server's that the queue can store; nothing else is one.
pub(super) fn usable_time(at: Timestamp) -> Option<Timestamp> {
    SECONDS_TAKEN.contains(&at.as_second()).then_some(at)
}

/// The answer to an upload, kept byte for byte: an array of as many texts as there were images.
pub(super) fn image_paths(body: &[u8], images: usize) -> Result<Artifact, String> {
    let paths: Vec<String> = json(body)?;
    if paths.len() != images {
        return Err(format!("its body names {} images instead of {images}", paths.len()));
    }
    if paths.iter().any(String::is_empty) {
        return Err("its body holds an empty path".to_owned());
    }
    verbatim(body)
}

/// The answer to a scrape, kept byte for byte: an object of whatever keys.
pub(super) fn link(body: &[u8]) -> Result<Artifact, String> {
    let _: serde_json::Map<String, Value> = json(body)?;
    verbatim(body)
}

fn verbatim(body: &[u8]) -> Result<Artifact, String> {
    str::from_utf8(body).map(|text| Artifact(text.to_owned())).map_err(|_| "its body is not UTF-8".to_owned())
}

/// Whether the account uses Kakao Story.
pub(super) fn is_story_user(body: &[u8]) -> Result<bool, String> {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "isStoryUser")]
        is_story_user: bool,
    }
    json(body).map(|shape: Shape| shape.is_story_user)
}

/// kauth's answer to a refresh. The error never quotes the body: it holds tokens.
pub(super) fn token_answer(body: &[u8]) -> Result<TokenAnswer, String> {
    #[derive(Deserialize)]
    struct Shape {
        access_token: String,
        expires_in: Option<Value>,
        refresh_token: Option<String>,
        refresh_token_expires_in: Option<Value>,
        scope: Option<String>,
    }
    let shape: Shape = serde_json::from_slice(body).map_err(|_| "its body holds no `access_token`".to_owned())?;
    let not_a_token = |_| "its body holds something that is no token".to_owned();
    let refresh = shape.refresh_token.filter(|token| !token.is_empty());
    Ok(TokenAnswer {
        access_token: AccessToken::new(&shape.access_token).map_err(not_a_token)?,
        expires_in: seconds(shape.expires_in),
        refresh_token: refresh.map(|token| RefreshToken::new(&token).map_err(not_a_token)).transpose()?,
        refresh_expires_in: seconds(shape.refresh_token_expires_in),
        scopes: shape.scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
    })
}

/// Reads a body as `T`; the error says what is wrong with it.
pub(super) fn json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if body.is_empty() {
        return Err("its body is empty".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("its body is not as documented: {error}"))
}

/// A number of seconds, as a number or as its digits.
pub(super) fn seconds(value: Option<Value>) -> Option<Duration> {
    let number = match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    };
    number.map(Duration::from_secs)
}

/// An HTTP date in the form that servers must send (`Tue, 01 Dec 2026 00:00:00 GMT`). The two forms of old are not read.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    static PARSER: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new();
    PARSER.parse_timestamp(text.trim()).ok().and_then(usable_time)
}

#[cfg(test)]
mod tests;
