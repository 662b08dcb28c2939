//! The shapes on the wire: the forms that are sent, strictly as documented, and the answers that are read, leniently.
//!
//! Pure: text in, values out. What a story may say is decided elsewhere; this file only spells it.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::value::RawValue;

use super::error::{BadAnswer, CallKind, ErrorBody, RequestNotSent, fault};
use super::json::{each, fields, length, mended, plain, text, texts};
use super::token::{AccessToken, RefreshToken, TokenAnswer};
use crate::domain::content::{self, Artifact, ImageFormat, Outgoing, Permission};
use crate::domain::fault::Fault;
use crate::domain::printable;

/// Longest story ID that is taken, in characters.
const STORY_ID_CHARS_MAX: usize = 256;
/// So many consents are read of an answer: Kakao has some dozens.
pub(crate) const SCOPES_MAX: usize = 256;
/// The first and the last second that a server's time is taken from: what the queue can store, with room for what is added to it.
const SECONDS_TAKEN: std::ops::Range<i64> = 0..253_370_764_800;

/// One field of a form.
pub(crate) type Field = (&'static str, String);

/// The path of the post call for `outgoing`, and its form: the documented fields in their documented order, absent values left
/// out and never sent empty.
///
/// # Errors
/// When the content cannot be put into words: no text for a note, no artifact for a photo or a link. Nothing was sent then.
pub(crate) fn post(outgoing: &Outgoing) -> Result<(&'static str, Vec<Field>), Fault> {
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
pub(crate) fn refresh(key: &str, secret: Option<&str>, token: &RefreshToken) -> Vec<Field> {
    let mut form = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", key.to_owned()),
        ("refresh_token", token.expose().to_owned()),
    ];
    form.extend(secret.map(|secret| ("client_secret", secret.to_owned())));
    form
}

/// The form that exchanges a login's code.
pub(crate) fn code(key: &str, secret: Option<&str>, redirect_uri: &str, code: &str, verifier: &str) -> Vec<Field> {
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
pub(crate) fn media_type(format: ImageFormat) -> (&'static str, &'static str) {
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
    fault(CallKind::Once, &BadAnswer::NotSent(RequestNotSent::Unsendable, what.to_owned()))
}

/// What the body of an answer holds that is not a plain success.
pub(crate) fn refusal(body: &[u8]) -> ErrorBody {
    let keys = ["code", "msg", "required_scopes", "allowed_scopes", "error", "error_code", "error_description"];
    let body_text = mended(body);
    let Ok([code, msg, required, allowed, error, error_code, description]) = fields(&body_text, keys) else {
        let how = if body.is_empty() { "its body is empty" } else { "its body is not the JSON of an error" };
        return ErrorBody::Unreadable(how.to_owned());
    };
    let word = |value| text(value).unwrap_or_default();
    if let Some(code) = plain::<i64>(code).filter(|code| *code < 0) {
        let (required, allowed) = (texts(required, SCOPES_MAX), texts(allowed, SCOPES_MAX));
        let missing: Vec<String> = required.iter().filter(|scope| !allowed.contains(scope)).cloned().collect();
        let scopes = if missing.is_empty() { required } else { missing };
        return ErrorBody::Coded { code, msg: word(msg), scopes };
    }
    let (error, code) = (word(error), word(error_code));
    if error.is_empty() && code.is_empty() {
        return ErrorBody::Unreadable("its body holds no code".to_owned());
    }
    let code = if code.is_empty() { error.clone() } else { code };
    ErrorBody::Login { code, error, description: word(description) }
}

/// The ID in the answer to a post call. Ids have one dot; one of another form is taken as it is all the same, since the story
/// exists and a lost ID is a doubt.
pub(crate) fn story_id(body: &[u8]) -> Result<String, String> {
    let body = readable(body)?;
    let [id] = fields(&body, ["id"]).map_err(undocumented)?;
    let digits = |id: &RawValue| {
        id.get().trim().starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| id.get().to_owned())
    };
    let id = text(id).or_else(|| id.and_then(digits)).ok_or("its body has no `id`")?;
    usable_id(id)
}

/// An ID that can be stored, printed on one line and typed again: everything that takes a story's ID from an answer asks here.
pub(crate) fn usable_id(id: String) -> Result<String, String> {
    let count = id.chars().count();
    match count {
        0 => return Err("a story's `id` is empty".to_owned()),
        1..=STORY_ID_CHARS_MAX => {}
        _ => return Err(format!("a story's `id` has {count} characters, and at most {STORY_ID_CHARS_MAX} are taken")),
    }
    match id.chars().find(|c| is_unusable(*c)) {
        None => Ok(id),
        Some('\u{FFFD}') => Err("a story's `id` holds a character that cannot be read".to_owned()),
        Some(c) => Err(format!("a story's `id` holds U+{:04X}, a blank or invisible character", u32::from(c))),
    }
}

/// What cannot be seen, or not be told from another character, in an ID that a person reads and types.
fn is_unusable(c: char) -> bool {
    printable::acts(c)
        || c.is_whitespace()
        || matches!(c, '\u{FFFD}' | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}')
}

/// A time of a server's that the queue can store; nothing else is one.
pub(crate) fn usable_time(at: Timestamp) -> Option<Timestamp> {
    SECONDS_TAKEN.contains(&at.as_second()).then_some(at)
}

/// The answer to an upload, kept byte for byte: an array of as many texts as there were images.
pub(crate) fn image_paths(body: &[u8], images: usize) -> Result<Artifact, String> {
    let array = readable(body)?;
    if let Some(named) = length(&array).filter(|named| *named != images) {
        return Err(format!("its body names {named} images instead of {images}"));
    }
    let is_path = |value: &str| serde_json::from_str::<String>(value).ok().map(|path| !path.is_empty());
    match each(&array, images, is_path).map_err(undocumented)?.into_iter().find(|path| *path != Some(true)) {
        Some(Some(_)) => Err("its body holds an empty path".to_owned()),
        Some(None) => Err("its body holds something that is no path".to_owned()),
        None => verbatim(body),
    }
}

/// The answer to a scrape, kept byte for byte: an object of whatever keys.
pub(crate) fn link(body: &[u8]) -> Result<Artifact, String> {
    fields::<0>(&readable(body)?, []).map_err(undocumented)?;
    verbatim(body)
}

fn verbatim(body: &[u8]) -> Result<Artifact, String> {
    str::from_utf8(body).map(|text| Artifact(text.to_owned())).map_err(|_| "its body is not UTF-8".to_owned())
}

/// Whether the account uses Kakao Story.
pub(crate) fn is_story_user(body: &[u8]) -> Result<bool, String> {
    let body = readable(body)?;
    let [is_story_user] = fields(&body, ["isStoryUser"]).map_err(undocumented)?;
    plain(is_story_user).ok_or_else(|| "its body holds no `isStoryUser`".to_owned())
}

/// kauth's answer to a refresh. The error never quotes the body: it holds tokens.
pub(crate) fn token_answer(body: &[u8]) -> Result<TokenAnswer, String> {
    let keys = ["access_token", "expires_in", "refresh_token", "refresh_token_expires_in", "scope"];
    let no_token = || "its body holds no `access_token`".to_owned();
    let body = mended(body);
    let [access, expires_in, refresh, refresh_expires_in, scope] = fields(&body, keys).map_err(|_| no_token())?;
    let optional = |value: Option<&RawValue>| match value {
        Some(value) => serde_json::from_str::<Option<String>>(value.get()).map_err(|_| no_token()),
        None => Ok(None),
    };
    let not_a_token = |_| "its body holds something that is no token".to_owned();
    let refresh = optional(refresh)?.filter(|token| !token.is_empty());
    let scopes = optional(scope)?;
    Ok(TokenAnswer {
        access_token: AccessToken::new(&text(access).ok_or_else(no_token)?).map_err(not_a_token)?,
        expires_in: seconds(expires_in),
        refresh_token: refresh.map(|token| RefreshToken::new(&token).map_err(not_a_token)).transpose()?,
        refresh_expires_in: seconds(refresh_expires_in),
        scopes: scopes.map(|scopes| scopes.split_whitespace().take(SCOPES_MAX).map(str::to_owned).collect()),
    })
}

/// The body as text; an empty one is an error of its own.
pub(crate) fn readable(body: &[u8]) -> Result<Cow<'_, str>, String> {
    if body.is_empty() { Err("its body is empty".to_owned()) } else { Ok(mended(body)) }
}

/// What is wrong with a body that is not as documented.
pub(crate) fn undocumented(error: serde_json::Error) -> String {
    format!("its body is not as documented: {error}")
}

/// A number of seconds, as a number or as its digits.
pub(crate) fn seconds(value: Option<&RawValue>) -> Option<Duration> {
    plain(value).or_else(|| text(value)?.parse().ok()).map(Duration::from_secs)
}

/// An HTTP date in the form that servers must send (`Tue, 01 Dec 2026 00:00:00 GMT`). The two forms of old are not read.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    static PARSER: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new();
    PARSER.parse_timestamp(text.trim()).ok().and_then(usable_time)
}

#[cfg(test)]
mod tests;
