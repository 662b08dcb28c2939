//! Notices over HTTP: a chat's webhook, a signed webhook of one's own, and the heartbeat.
//!
//! Follows no redirect and sends nothing again. A receiver checks a signed one thus: the header `X-Storyd-Signature` is `v1=` and
//! the HMAC-SHA256, in hex, of the header `X-Storyd-Timestamp` (seconds since 1970), a dot, and the body byte for byte.

use std::time::Duration;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;

use super::error::{NotSent, SinkError};
use crate::domain::notice::{Notice, Phase};
use crate::tls;

/// Longest text that a chat takes in one message, in characters; Slack cuts at 40,000 and folds long before.
const CHAT_CHARS_MAX: usize = 4_000;

/// Discord refuses longer texts.
const DISCORD_CHARS_MAX: usize = 2_000;
/// Of the flags of a Discord message: no previews of the pages that it links to.
const SUPPRESS_EMBEDS: u32 = 1 << 2;
/// JANDI tells its forms apart by what the request accepts.
const JANDI_JSON: &str = "application/vnd.tosslab.jandi-v2+json";
/// The bar beside a message: red for what began, green for what is over, grey for the rest.
const JANDI_COLOURS: [&str; 3] = ["#D73A49", "#2DA44E", "#8C959F"];

/// Sends over HTTP.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
}

impl Http {
    pub(super) fn new(timeout: Duration) -> Result<Self, SinkError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config()?)
            .user_agent(concat!("storyd/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(timeout)
            .build()
            .map_err(SinkError::Client)?;
        Ok(Self { client })
    }

    /// `{"text": …}`, as Slack and its likes take it. What Slack would read as markup is escaped.
    pub(super) async fn slack(&self, url: &SecretString, text: &str) -> Result<(), NotSent> {
        let text: String = text.chars().take(CHAT_CHARS_MAX).collect();
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let request = self.to(url, reqwest::Method::POST)?.header(CONTENT_TYPE, "application/json");
        sent(request.body(json!({ "text": text }).to_string())).await
    }

    /// `{"body": …, "connectInfo": [{"title": …, "description": …}]}`, as JANDI takes it: an entry for each item.
    pub(super) async fn jandi(&self, url: &SecretString, notice: &Notice) -> Result<(), NotSent> {
        let colour = match notice.phase {
            Phase::Began => JANDI_COLOURS[0],
            Phase::Ended => JANDI_COLOURS[1],
            _ => JANDI_COLOURS[2],
        };
        let entry = |title: &str, details: &[String]| {
            let mut entry = json!({ "title": cut(title, CHAT_CHARS_MAX) });
            if !details.is_empty() {
                entry["description"] = cut(&details.join("\n"), CHAT_CHARS_MAX).into();
            }
            entry
        };
        let mut entries: Vec<_> = notice.items.iter().map(|item| entry(&item.line(), &item.details())).collect();
        if notice.more > 0 {
            entries.push(entry(&format!("and {} more", notice.more), &[]));
        }
        let mut body = json!({ "body": cut(&notice.title, CHAT_CHARS_MAX), "connectColor": colour });
        if !entries.is_empty() {
            body["connectInfo"] = entries.into();
        }
        let request = self.to(url, reqwest::Method::POST)?;
        let request = request.header(CONTENT_TYPE, "application/json").header(ACCEPT, JANDI_JSON);
        sent(request.body(body.to_string())).await
    }

    /// `{"content": …}`, as Discord takes it. Nobody is mentioned, and nothing is markup.
    pub(super) async fn discord(&self, url: &SecretString, text: &str) -> Result<(), NotSent> {
        let content = cut(&without_markdown(text), DISCORD_CHARS_MAX);
        let body = json!({ "content": content, "allowed_mentions": { "parse": [] }, "flags": SUPPRESS_EMBEDS });
        let request = self.to(url, reqwest::Method::POST)?.header(CONTENT_TYPE, "application/json");
        sent(request.body(body.to_string())).await
    }

    /// The notice as JSON, signed where there is a secret.
    pub(super) async fn post(
        &self,
        url: &SecretString,
        secret: Option<&SecretString>,
        body: &str,
        now: Timestamp,
    ) -> Result<(), NotSent> {
        let mut request = self.to(url, reqwest::Method::POST)?.header(CONTENT_TYPE, "application/json");
        if let Some(secret) = secret {
            let timestamp = now.as_second().to_string();
            request = request
                .header("X-Storyd-Signature", format!("v1={}", signature(secret, &timestamp, body)))
                .header("X-Storyd-Timestamp", timestamp);
        }
        sent(request.body(body.to_owned())).await
    }

    pub(super) async fn get(&self, url: &SecretString) -> Result<(), NotSent> {
        sent(self.to(url, reqwest::Method::GET)?).await
    }

    fn to(&self, url: &SecretString, method: reqwest::Method) -> Result<RequestBuilder, NotSent> {
        let url = Url::parse(url.expose_secret()).map_err(|_| NotSent::Way("its address is none".into()))?;
        Ok(self.client.request(method, url))
    }
}

/// At most so many UTF-16 units, the last one an ellipsis where something was cut: chats count in either, and characters are fewer.
fn cut(text: &str, most: usize) -> String {
    if text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut units = 1;
    let kept = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= most
    });
    kept.chain(['…']).collect()
}

/// A text in which Discord sees no markup. Addresses stay as they are: a backslash would be a part of them.
fn without_markdown(text: &str) -> String {
    let word = |word: &str| {
        if word.starts_with("http://") || word.starts_with("https://") {
            return word.to_owned();
        }
        let mut escaped = String::with_capacity(word.len());
        for c in word.chars() {
            if matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    text.split_inclusive([' ', '\n']).map(word).collect()
}

async fn sent(request: RequestBuilder) -> Result<(), NotSent> {
    match request.send().await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => {
            let (status, why) =
                (response.status(), format!("the receiver answered HTTP {}", response.status().as_u16()));
            Err(if is_about_the_body(status) { NotSent::Refused(why) } else { NotSent::Way(why) })
        }
        Err(error) if error.is_connect() => Err(NotSent::Way("no connection to the receiver came about".into())),
        Err(error) if error.is_timeout() => Err(NotSent::Way("the receiver did not answer in time".into())),
        // Its own words name the address, which is a secret.
        Err(_) => Err(NotSent::Way("the connection to the receiver broke".into())),
    }
}

/// Whether a refusal is of what was sent. Every other one is of who sends, where to, or how much, and meets the next notice as well.
fn is_about_the_body(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

fn signature(secret: &SecretString, timestamp: &str, body: &str) -> String {
    // HMAC takes keys of any length, so that this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return String::new() };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_any_other_program_computes() {
        // printf '1764547200.{"a":1}' | openssl dgst -sha256 -hmac 's3cret'
        let expected = "78583f9c7ac099b2c833b58f7323851695d0898535df9649085e882928df019b";
        assert_eq!(signature(&SecretString::from("s3cret"), "1764547200", r#"{"a":1}"#), expected);
    }
}
