//! One request and its answer: sends, reads a bounded body, and says which kind of trouble it met.
//!
//! Classifies by the kind of an error, never by its text, and knows nothing of stories or of what a trouble means: that is
//! [`error`](crate::network::kakao::error)'s.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};

use super::error::{BadAnswer, CallKind, ErrorBody, FailedAnswer, Lost, RETRY_AFTER_MAX, RequestNotSent, fault};
use super::excerpt::excerpt_of;
use super::wire;
use crate::domain::clock::{Clock, between};
use crate::domain::dates::Dates;
use crate::domain::fault::{EXCHANGE_CHARS_MAX, Exchange, Fault};

/// Longest value of a field that a record keeps, in characters.
const VALUE_CHARS_MAX: usize = 80;
/// Bytes of an answer that its excerpt is made from: more than its characters can take.
const EXCERPT_BYTES_MAX: usize = 16 * EXCHANGE_CHARS_MAX;

/// A success whose body was read to its end.
pub(crate) struct SuccessBody {
    /// The HTTP status: 200 to 299.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Vec<u8>,
    /// The server's own time, from the `Date` header.
    pub(crate) server_date: Option<Timestamp>,
}

impl SuccessBody {
    /// The trouble of a success whose body is not of the expected shape. One that holds a code of Kakao's contradicts its own
    /// status; the code is then the better witness.
    pub(crate) fn unreadable(&self, how: String) -> BadAnswer {
        let body = match wire::refusal(&self.body) {
            coded @ ErrorBody::Coded { .. } => coded,
            _ => ErrorBody::Unreadable(how),
        };
        BadAnswer::Answer(FailedAnswer { status: self.status, retry_after: None, body })
    }

    /// Its beginning, as the record keeps it.
    pub(crate) fn said(&self) -> String {
        said(self.status, &self.body)
    }
}

/// An exchange that brought no success.
pub(crate) struct Unsuccessful {
    /// What it met.
    pub(crate) trouble: BadAnswer,
    /// What came back, as the record keeps it; empty when nothing did.
    pub(crate) said: String,
}

/// The fault of a call, with what was asked and answered.
pub(crate) fn fault_of(call: CallKind, trouble: &BadAnswer, request: String, said: String) -> Fault {
    // What the login service says may hold tokens.
    let answer = match (call, trouble) {
        (CallKind::Login, BadAnswer::Answer(answer)) => format!("HTTP {}", answer.status),
        _ => said,
    };
    let mut fault = fault(call, trouble);
    fault.exchange = Some(Box::new(Exchange { request: excerpt_of(&request, EXCHANGE_CHARS_MAX), answer }));
    fault
}

/// What is asked, as the record keeps it: the fields with the beginnings of their values.
pub(crate) fn asked<'a>(what: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = what.to_owned();
    for (name, value) in fields {
        text.push_str(&format!(" {name}={}", excerpt_of(value, VALUE_CHARS_MAX)));
    }
    text
}

fn said(status: u16, body: &[u8]) -> String {
    let start = &body[..body.len().min(EXCERPT_BYTES_MAX)];
    excerpt_of(&format!("HTTP {status} {}", String::from_utf8_lossy(start)), EXCHANGE_CHARS_MAX)
}

/// Who answers, and what is made of the dates that come.
pub(crate) struct Listener<'a> {
    /// The account that is spoken for, or the host.
    pub(crate) source: &'a str,
    /// Ours.
    pub(crate) clock: &'a Clock,
    /// Every date is taken down here, whatever else the answer says.
    pub(crate) dates: &'a Dates,
}

/// Sends `request` once and reads at most `body_bytes_max` bytes of its answer.
pub(crate) async fn exchange(
    request: RequestBuilder,
    body_bytes_max: usize,
    listener: Listener<'_>,
) -> Result<SuccessBody, Unsuccessful> {
    let left = listener.clock.reading();
    let response =
        request.send().await.map_err(|error| Unsuccessful { trouble: unanswered(&error), said: String::new() })?;
    let status = response.status().as_u16();
    let server_date = header(response.headers(), DATE).and_then(wire::http_date);
    let came = listener.clock.reading();
    let now = server_date.unwrap_or(came.wall);
    if let Some(date) = server_date {
        listener.dates.take(listener.source, date, left, came);
    }
    let retry_after = header(response.headers(), RETRY_AFTER).and_then(|text| retry_after(text, now));
    let (body, cut) = read(response, body_bytes_max).await;
    match cut {
        // Kakao documents 200 alone. Any other success says that the answer is a part, a copy, or only a promise.
        None if status == 200 => Ok(SuccessBody { status, body, server_date }),
        cut => {
            let said = said(status, &body);
            let body = cut.unwrap_or_else(|| match status {
                200..300 => ErrorBody::Unreadable("Kakao documents no such success".into()),
                _ => wire::refusal(&body),
            });
            Err(Unsuccessful { trouble: BadAnswer::Answer(FailedAnswer { status, retry_after, body }), said })
        }
    }
}

/// What came of a body, and what cut it short, if anything did.
async fn read(mut response: Response, bytes_max: usize) -> (Vec<u8>, Option<ErrorBody>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => return (body, Some(ErrorBody::Oversized)),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, None),
            Err(error) if error.is_timeout() => return (body, Some(ErrorBody::Timeout)),
            Err(_) => return (body, Some(ErrorBody::Truncated)),
        }
    }
}

/// The trouble behind an error that came before any status line.
fn unanswered(error: &reqwest::Error) -> BadAnswer {
    let detail = root(error);
    // Connect before time-out: an attempt to connect that took too long is both, and certainly sent nothing.
    if error.is_builder() {
        BadAnswer::NotSent(RequestNotSent::Unsendable, detail)
    } else if error.is_dns() {
        BadAnswer::NotSent(RequestNotSent::Dns, detail)
    } else if error.is_connect() {
        BadAnswer::NotSent(RequestNotSent::Connect, detail)
    } else if error.is_timeout() {
        BadAnswer::NoAnswer(Lost::Timeout, String::new())
    } else {
        BadAnswer::NoAnswer(Lost::Broken, detail)
    }
}

/// The innermost cause, which names no URL: the outer ones do, and a URL can hold what a page's owner keeps to himself.
fn root(error: &reqwest::Error) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    cause.map(ToString::to_string).unwrap_or_default()
}

fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Seconds, or an HTTP date seen from `now`; bounded by [`RETRY_AFTER_MAX`].
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs)
    } else {
        between(now, wire::http_date(text)?)
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// The fault of a request that cannot be made.
pub(crate) fn unsendable(error: &dyn std::fmt::Display) -> Fault {
    fault(CallKind::Repeatable, &BadAnswer::NotSent(RequestNotSent::Unsendable, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_wait_is_read_in_both_forms_and_bounded() {
        let now = "2026-12-01T00:00:00Z".parse().expect("valid");
        let secs = Duration::from_secs;
        for (text, wait) in [
            ("0", Some(secs(0))),
            (" 120 ", Some(secs(120))),
            ("86401", Some(RETRY_AFTER_MAX)),
            ("99999999999999999999999", Some(RETRY_AFTER_MAX)),
            ("Tue, 01 Dec 2026 00:05:00 GMT", Some(secs(300))),
            ("Mon, 30 Nov 2026 00:05:00 GMT", Some(secs(0))),
            ("Tue, 01 Dec 2099 00:05:00 GMT", Some(RETRY_AFTER_MAX)),
            ("", None),
            ("-5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, now), wait, "{text:?}");
        }
    }
}
