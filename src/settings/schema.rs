//! The JSON Schema (draft 7) of `storyd.yaml`, for editors; made from the keys that are read, and never stricter than the reading.

use serde_json::{Value, json};

use super::account::ACCOUNT;
use super::preflight::PREFLIGHT;
use super::read::{DASHBOARD, DEFAULTS, KEEP, SETTINGS, TIMEOUTS};
use super::reference::SECRET;
use super::watching::WATCH;
use crate::plan::policy::LATE;
use crate::plan::schema::{DURATION, KEYS as JOB_KEYS, KeyDoc, object};

const URL: &str =
    r#"{"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^?#]*$", "examples": ["https://kapi.kakao.com"]}"#;
const NAME: &str = r#"{"type": "string", "minLength": 1, "examples": ["STORYD_KEY"]}"#;

/// Every key of the settings, each once.
const KEYS: &[KeyDoc] = &[
    (
        "data_dir",
        "Data folder",
        "The queue, the snapshots of the images, the tokens.",
        r#"{"type": "string", "minLength": 1, "examples": ["/var/lib/storyd"]}"#,
    ),
    (
        "jobs",
        "Job files",
        "Job files, and folders whose *.yaml and *.yml are read, down to the bottom.",
        r#"{"examples": [["/etc/storyd/jobs.d"]], "oneOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string", "minLength": 1}}]}"#,
    ),
    (
        "image_dirs",
        "Image folders",
        "Folders whose images job files may name, beside the folders of the job files themselves.",
        r#"{"examples": [["/srv/images"]], "oneOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string", "minLength": 1}}]}"#,
    ),
    ("api_url", "API", "Where Kakao's API is, or a sandbox.", URL),
    ("login_url", "Login", "Where Kakao's login is, or a sandbox.", URL),
    (
        "zone",
        "Zone",
        "The zone in which commands read and tell times: an IANA name; without it, the one that all job files share.",
        r#"{"type": "string", "examples": ["Asia/Seoul"]}"#,
    ),
    ("dashboard", "Dashboard", "The page that shows the queue.", "{}"),
    (
        "listen",
        "Listen",
        "A numeric address and a port, or off.",
        r#"{"type": "string", "examples": ["127.0.0.1:8420", "off"]}"#,
    ),
    (
        "url",
        "Address",
        "Where others open the dashboard.",
        r#"{"type": "string", "minLength": 1, "examples": ["https://storyd.example.com"]}"#,
    ),
    ("horizon", "Horizon", "How far ahead the times of a cron become posts in the queue.", DURATION),
    (
        "max_planned",
        "Most planned",
        "Most posts that the cron patterns of all jobs may make within the horizon; more are taken for a slip.",
        r#"{"type": ["integer", "string"], "minimum": 1, "maximum": 100000000, "examples": [20000]}"#,
    ),
    ("watch", "Watch", "How changes of the job files are noticed.", "{}"),
    ("poll", "Poll", "How often the files are looked at, where the system reports nothing.", DURATION),
    ("settle", "Settle", "How long nothing must change before the files are read.", DURATION),
    ("defaults", "Defaults", "For jobs that do not say otherwise.", "{}"),
    (
        "retry",
        "Retry",
        "The waits after the first, second, … failed attempt; then the post is failed.",
        r#"{"examples": [["10s", "1m", "5m"]], "oneOf": [{"type": "string"}, {"type": "array", "maxItems": 20, "items": {"type": "string"}}]}"#,
    ),
    ("quarantine", "Quarantine", "How long a missing entry in Kakao's list proves nothing yet.", DURATION),
    ("prepare_ahead", "Prepare ahead", "How early images are uploaded and links scraped.", DURATION),
    ("catch_up_gap", "Catch-up gap", "Between two posts of an account that are both late.", DURATION),
    ("timeouts", "Time-outs", "How long things may take.", "{}"),
    ("connect", "Connect", "For a connection to stand.", DURATION),
    ("request", "Request", "For reads, link scrapes, deletions, tokens.", DURATION),
    ("upload", "Upload", "For the images of one photo.", DURATION),
    ("publish", "Publish", "For the one request that creates a story.", DURATION),
    ("lease", "Lease", "How long an attempt owns its post; more than twice each of the others.", DURATION),
    (
        "ballast",
        "Ballast",
        "Room beside the queue, given up when the disk is full so that what was posted is still recorded.",
        r#"{"type": "string", "examples": ["16 MiB"]}"#,
    ),
    ("preflight", "Preflight", "When Kakao is asked ahead whether a post could go out; or off.", "{}"),
    (
        "evening",
        "Evening",
        "At this time of the day before a post is due, in its zone; or off.",
        r#"{"type": "string", "examples": ["18:00", "off"]}"#,
    ),
    (
        "before",
        "Before",
        "Again so long before it is due; or off.",
        r#"{"type": "string", "examples": ["30m", "off"]}"#,
    ),
    ("keep", "Keep", "How long what is over stays on record; without a key, for ever.", "{}"),
    ("deleted", "Deleted", "Posts whose story was taken down.", DURATION),
    ("cancelled", "Cancelled", "Posts that were withdrawn.", DURATION),
    ("missed", "Missed", "Posts that were too late to be posted.", DURATION),
    ("failed", "Failed", "Posts that were refused for good.", DURATION),
    ("audits", "Audits", "Audits, but for the last of each account.", DURATION),
    (
        "audit",
        "Audit",
        "When the record is compared with what Kakao shows: a pattern in UTC, or off.",
        r#"{"type": "string", "minLength": 1, "examples": ["30 19 * * *", "off"]}"#,
    ),
    ("accounts", "Accounts", "By the names that job files use.", "{}"),
    (
        "title",
        "Title",
        "What people call the account: shown in place of its name.",
        r#"{"type": "string", "minLength": 1, "examples": ["모닝빈"]}"#,
    ),
    ("rest_api_key", "REST API key", "Of the account's app: a text, or a reference to one.", "{}"),
    ("client_secret", "Client secret", "Of the account's app, if it has one: a text, or a reference to one.", "{}"),
    (
        "redirect_uri",
        "Redirect URI",
        "Where a login ends; one of those that are registered at the app.",
        r#"{"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^#]*$", "examples": ["http://localhost:8421/login"]}"#,
    ),
    ("notify", "Notify", "Who is told when something is wrong, and when it is right again.", "{}"),
    ("min_gap", "Least gap", "Shortest time between two stories of the account.", DURATION),
    (
        "max_per_day",
        "Most per day",
        "Most stories of the account within any 24 hours.",
        r#"{"type": ["integer", "string"], "minimum": 1, "maximum": 10000, "examples": [20]}"#,
    ),
    (
        "file",
        "File",
        "The secret is what this file holds.",
        r#"{"type": "string", "minLength": 1, "examples": ["/etc/storyd/cafe.key"]}"#,
    ),
    ("env", "Environment variable", "The secret is the value of this variable.", NAME),
    ("credential", "systemd credential", "The secret is what LoadCredential= hands over under this name.", NAME),
];

/// The schema of the settings file.
pub fn settings_file() -> Value {
    let docs: Vec<KeyDoc> = KEYS.iter().chain(JOB_KEYS.iter().filter(|doc| !is_ours(doc.0))).copied().collect();
    let mapping = |shape, parts: &[(&str, &Value)]| {
        let mut part = object(shape, &docs, parts, &[]);
        part["type"] = json!(["object", "null"]);
        part
    };
    let late = object(&LATE, &docs, &[], &["within", "then"]);
    let mut reference = object(&SECRET, &docs, &[], &[]);
    reference["properties"].as_object_mut().map(|keys| keys.remove("<<"));
    reference["minProperties"] = json!(1);
    reference["maxProperties"] = json!(1);
    let secret = json!({"anyOf": [{"type": "string", "minLength": 1}, reference]});
    let mut account =
        object(&ACCOUNT, &docs, &[("rest_api_key", &secret), ("client_secret", &secret)], &["rest_api_key"]);
    account["type"] = json!("object");
    let accounts = json!({"type": ["object", "null"], "additionalProperties": account});
    let mut preflight = mapping(&PREFLIGHT, &[]);
    preflight["type"] = json!(["object", "null", "string"]);
    let parts = [
        ("dashboard", &mapping(&DASHBOARD, &[])),
        ("defaults", &mapping(&DEFAULTS, &[("late", &late)])),
        ("timeouts", &mapping(&TIMEOUTS, &[])),
        ("keep", &mapping(&KEEP, &[])),
        ("watch", &mapping(&WATCH, &[])),
        ("preflight", &preflight),
        ("notify", &notify(&secret)),
        ("accounts", &accounts),
    ];
    let mut file = object(&SETTINGS, &docs, &parts, &[]);
    file["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    file["title"] = json!("storyd settings");
    file["description"] = json!("What the operator of storyd decides.");
    file
}

/// What stands under `notify`. The keys of a sink depend on its type, which the reading checks.
fn notify(secret: &Value) -> Value {
    let heartbeat =
        json!({"type": ["object", "null"], "properties": {"url": secret, "every": {}}, "additionalProperties": false});
    let sink = json!({
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": ["slack", "jandi", "discord", "webhook", "email", "command"]}},
    });
    json!({
        "title": "Notify",
        "description": "Who is told when something is wrong, and when it is right again.",
        "type": ["object", "null"],
        "properties": {
            "published": {"type": "boolean"},
            "digest": {"examples": ["09:00", "off"]},
            "zone": {"type": "string", "examples": ["Asia/Seoul"]},
            "heartbeat": heartbeat,
            "sinks": {"type": ["object", "null"], "additionalProperties": sink},
        },
        "additionalProperties": false,
    })
}

fn is_ours(key: &str) -> bool {
    KEYS.iter().any(|doc| doc.0 == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_and_each_description_can_be_read() {
        let shapes = [SETTINGS, DASHBOARD, WATCH, PREFLIGHT, DEFAULTS, TIMEOUTS, KEEP, ACCOUNT, SECRET];
        let keys: Vec<&str> = shapes.iter().flat_map(|shape| shape.keys).copied().collect();
        for key in &keys {
            let described = KEYS.iter().chain(JOB_KEYS).filter(|doc| doc.0 == *key).count();
            assert!(described > 0, "describe `{key}` in KEYS");
        }
        for (key, title, description, value) in KEYS {
            assert!(keys.contains(key), "{key} is no key");
            assert!(!title.is_empty() && description.ends_with('.'), "{key}");
            assert!(serde_json::from_str::<Value>(value).is_ok(), "{key}");
        }
    }
}
