//! The record of requests: what each client sent and what became of it. Never a token.
//!
//! Owns the numbering, the bound and what is left out. Must not know the calls' meaning.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::http::incoming::Incoming;

/// Requests that are kept; the count goes on.
const KEPT_MAX: usize = 10_000;
/// Of a parameter's value: the longest valid text fits.
const VALUE_MAX_CHARS: usize = 8192;
/// Parameters of one request.
const PARAMS_MAX: usize = 200;
/// Of all parameters of one request together.
const PARAMS_MAX_CHARS: usize = 65_536;
/// Of a path.
pub(crate) const PATH_MAX_CHARS: usize = 1024;
/// Parameters whose values are never kept.
const SECRET: [&str; 6] = ["access_token", "refresh_token", "client_secret", "client_id", "code", "id_token"];

/// One request. What broke off before its end never arrived and has no record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// From 1, in the order of processing. Goes on after a restart behind the last request that left a trace in the ledger.
    pub number: u64,
    /// When its head arrived, by the sandbox's clock.
    pub at: Timestamp,
    /// The call's word, as in fault rules; absent for a path or method that is none.
    pub call: Option<String>,
    /// The account whose token it carried, as far as it was known.
    pub account: Option<String>,
    /// As sent.
    pub method: String,
    /// Without the query string.
    pub path: String,
    /// As sent.
    pub content_type: Option<String>,
    /// Parameters in the order sent, the query string first; tokens and keys are shown as `…`. A part of a multipart body shows its file
    /// name, type and size.
    pub params: Vec<Param>,
    /// What the client got to see.
    pub outcome: Outcome,
    /// The HTTP status of the answer; absent when there was none.
    pub status: Option<u16>,
    /// The error code of the answer: Kakao's number or `KOE…`.
    pub code: Option<String>,
    /// The faults that happened, by name.
    pub faults: Vec<String>,
    /// The story that it created, even when the client was not told.
    pub story: Option<String>,
}

/// A parameter of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// As sent.
    pub name: String,
    /// As sent, up to 8192 characters.
    pub value: String,
}

/// What the client got to see of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A whole answer.
    Answered,
    /// The beginning of one, then the end of the connection.
    Truncated,
    /// The end of the connection.
    Closed,
    /// Nothing, for as long as it cared to wait.
    Hung,
}

/// The latest requests and the count of all.
#[derive(Debug)]
pub(crate) struct Record {
    kept: VecDeque<RequestRecord>,
    count: u64,
}

impl Record {
    /// Continues behind request number `last`.
    pub(crate) fn after(last: u64) -> Self {
        Self { kept: VecDeque::new(), count: last }
    }

    pub(crate) fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    pub(crate) fn push(&mut self, record: RequestRecord) {
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
    }

    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.kept.iter().cloned().collect()
    }
}

/// The parameters of a request without its secrets.
pub(crate) fn params(incoming: &Incoming) -> Vec<Param> {
    let mut left = PARAMS_MAX_CHARS;
    let pairs = incoming.query.iter().chain(&incoming.form).map(|(name, value)| {
        let value = if SECRET.contains(&name.as_str()) { "…" } else { value };
        (name.clone(), value.to_owned())
    });
    let parts = incoming.parts.iter().map(|part| {
        let file_name = part.file_name.as_deref().unwrap_or_default();
        let kind = part.content_type.as_deref().unwrap_or_default();
        (part.name.clone(), format!("file {file_name:?}, type {kind:?}, {} bytes", part.data.len()))
    });
    let mut bounded = |text: String| {
        let text = shorten(&text, VALUE_MAX_CHARS.min(left));
        left -= text.chars().count();
        text
    };
    let params =
        pairs.chain(parts).take(PARAMS_MAX).map(|(name, value)| Param { name: bounded(name), value: bounded(value) });
    params.collect()
}

/// The first `limit` characters.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
