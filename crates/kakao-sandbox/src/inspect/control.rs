//! What the sandbox serves beside Kakao's own paths: ledger, requests, faults, the page, and the image files. No token is needed.
//!
//! Owns these paths. They are no requests of a client, so they are not in the record and no fault touches them.

use axum::http::Method;
use serde_json::{Value, json};

use super::page;
use crate::faults::deceit::Deceit;
use crate::faults::name::FaultName;
use crate::faults::rule::{FaultRule, duration_text};
use crate::http::answer::{Answer, HTML, JSON};
use crate::http::incoming::Incoming;
use crate::server::host::Host;

/// Answers a request of the sandbox's owner; `None` when the path is Kakao's.
pub(crate) fn control(host: &mut Host, incoming: &Incoming) -> Option<Answer> {
    let path = incoming.path.as_str();
    let get = incoming.method == Method::GET;
    let answer = match path {
        "/" if get => Answer::new(200, HTML, page::page(host)),
        "/_sandbox/ledger" if get => list(&host.entries()),
        "/_sandbox/requests" if get => list(&host.record.all()),
        "/_sandbox/faults" if get => list(host.board.rules()),
        "/_sandbox/faults/names" if get => list(&names()),
        "/_sandbox/faults" if incoming.method == Method::PUT => put_faults(host, incoming),
        "/" | "/_sandbox/ledger" | "/_sandbox/requests" | "/_sandbox/faults" | "/_sandbox/faults/names" => {
            problem(405, "wrong method; use GET, or PUT for the faults")
        }
        _ if path.starts_with("/_sandbox/") => problem(
            404,
            "no such path; there are /_sandbox/ledger, /_sandbox/requests, /_sandbox/faults and /_sandbox/faults/names",
        ),
        _ => image(host, path.strip_prefix("/dn/").filter(|_| get)?),
    };
    Some(answer)
}

fn list<T: serde::Serialize>(items: &[T]) -> Answer {
    match serde_json::to_string_pretty(items) {
        Ok(text) => Answer::new(200, JSON, text),
        Err(error) => problem(500, &error.to_string()),
    }
}

fn problem(status: u16, text: &str) -> Answer {
    Answer::new(status, JSON, json!({ "error": text }).to_string())
}

/// Everything that a rule can name, with its defaults.
fn names() -> Vec<Value> {
    let deceits = Deceit::all().into_iter().map(FaultName::Deceit);
    let name = |name: FaultName| {
        let is_deceit = matches!(name, FaultName::Deceit(_));
        let mut entry = json!({
            "name": name.to_string(),
            "kind": if is_deceit { "deceit" } else { "fault" },
            "calls": name.default_calls().iter().map(|call| call.name()).collect::<Vec<_>>(),
            "possible_calls": name.possible_calls().iter().map(|call| call.name()).collect::<Vec<_>>(),
        });
        if let Some(duration) = name.default_after() {
            entry[if is_deceit { "by" } else { "after" }] = json!(duration_text(duration));
        }
        if let Some(size) = name.default_size() {
            entry["size"] = json!(size);
        }
        entry
    };
    FaultName::all().into_iter().chain(deceits).map(name).collect()
}

/// An array of rules, each an object or a text as on the command line; replaces those in force.
fn put_faults(host: &mut Host, incoming: &Incoming) -> Answer {
    let rules = serde_json::from_slice::<Vec<Value>>(&incoming.body).map_err(|error| error.to_string());
    let rules = rules.and_then(|rules| rules.into_iter().map(read_rule).collect::<Result<Vec<FaultRule>, String>>());
    match rules {
        Ok(rules) => {
            host.board.set(rules);
            list(host.board.rules())
        }
        Err(error) => {
            problem(400, &format!("{error}; send a JSON array such as [{{\"name\": \"answer-lost\", \"count\": 1}}]"))
        }
    }
}

fn read_rule(value: Value) -> Result<FaultRule, String> {
    match value {
        Value::String(text) => text.parse::<FaultRule>().map_err(|error| error.to_string()),
        other => serde_json::from_value(other).map_err(|error| error.to_string()),
    }
}

fn image(host: &Host, path: &str) -> Answer {
    match host.images.get(path) {
        Some(bytes) => {
            let content_type = match imagesize::image_type(&bytes) {
                Ok(imagesize::ImageType::Png) => "image/png",
                Ok(imagesize::ImageType::Gif) => "image/gif",
                _ => "image/jpeg",
            };
            Answer::new(200, content_type, bytes)
        }
        None => problem(404, "no such image, or its bytes are no longer kept"),
    }
}
