//! The JSON Schema (draft 7) of a job file, for editors. Made from the keys that the loader reads, so that none is missing, and
//! never stricter than the loader: what loads is never underlined.

use serde_json::{Map, Value, json};

use super::keys::{DEFAULTS, FILE, JOB};
use super::policy::LATE;
use crate::yaml::mapping::Shape;

/// One key: its name, a title, a description, and the schema of its value with examples, as JSON.
pub type KeyDoc = (&'static str, &'static str, &'static str, &'static str);

/// A duration, as JSON Schema.
pub const DURATION: &str = r##"{"type": "string", "pattern": "^\\s*(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?\\s*$", "examples": ["10m", "1h30m", "7d"]}"##;

const TIME: &str = r##"{"type": "string", "pattern": "^\\s*\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}(:\\d{2})?(Z|[+-]\\d{2}:\\d{2})?\\s*$", "examples": ["2026-12-31 23:59"]}"##;
const PARAM: &str = r##"{"type": "string", "minLength": 1, "examples": ["menu_id=12"]}"##;
const BOUND: &str = r##"{"type": "string", "pattern": "^\\s*\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2})?)?\\s*$", "examples": ["2026-12-01", "2026-12-01 18:00"]}"##;
const VARS: &str = r##"{"type": ["object", "null"], "additionalProperties": {"type": ["string", "number", "boolean"]}, "examples": [{"shop": "성수점"}]}"##;

/// Every key of a job file, each once.
pub const KEYS: &[KeyDoc] = &[
    ("version", "Version", "Of the format; always 1.", r##"{"enum": [1, "1"], "examples": [1]}"##),
    (
        "zone",
        "Time zone",
        "The IANA name of the zone in which all times of the file are meant.",
        r##"{"type": "string", "minLength": 1, "examples": ["Asia/Seoul"]}"##,
    ),
    (
        "account",
        "Account",
        "Who posts, by the name in storyd.yaml.",
        r##"{"type": "string", "pattern": "^[a-z0-9_-]{1,64}$", "examples": ["cafe"]}"##,
    ),
    (
        "vars",
        "Variables",
        "Words for the texts, which say them as {{ name }}. The job's own win over the file's.",
        VARS,
    ),
    (
        "blackouts",
        "Blackouts",
        "Days and hours in which nothing is posted, each with its reason and with what becomes of the posts.",
        r##"{"type": ["array", "null"], "maxItems": 200, "examples": [[{"hours": "22:00-08:00", "reason": "quiet hours", "then": "move"}]], "items": {"type": "object", "additionalProperties": false, "required": ["reason", "then"], "properties": {"<<": {"type": ["object", "array"]}, "dates": {"title": "Dates", "description": "Days and ranges of days; left out: always.", "type": ["string", "array"], "examples": ["2026-12-25", ["2026-12-25", "2027-02-06..2027-02-08"]]}, "weekdays": {"title": "Weekdays", "description": "On which the hours begin; left out: every day.", "type": ["string", "array"], "examples": ["MON-FRI", ["SAT", "SUN"]]}, "hours": {"title": "Hours", "description": "From-to, past midnight too; left out: whole days.", "type": "string", "examples": ["22:00-08:00"]}, "reason": {"title": "Reason", "description": "Shown with every post that falls into it.", "type": "string", "minLength": 1, "examples": ["quiet hours"]}, "then": {"title": "Then", "description": "What becomes of a post that falls into it.", "enum": ["move", "hold", "skip"], "examples": ["move"]}}}}"##,
    ),
    ("jitter", "Jitter", "Each occurrence goes out up to this much later, by a length of its own.", DURATION),
    ("defaults", "Defaults", "Hold for every job that does not say otherwise.", "{}"),
    (
        "jobs",
        "Jobs",
        "Each under a name of its own: letters of any script, digits, - and _. The name is how storyd knows what it has posted.",
        "{}",
    ),
    (
        "at",
        "Time or times",
        "Local time in the zone, or with an offset, or now; or a list of them.",
        r##"{"examples": ["2026-12-01 09:00", "2026-12-01T09:00+09:00", "now", ["2026-12-05 10:30", "2026-12-06 10:30"]], "oneOf": [{"$ref": "#/definitions/at"}, {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/definitions/at"}}]}"##,
    ),
    (
        "cron",
        "Pattern",
        "Minute, hour, day of month, month, weekday.",
        r##"{"type": "string", "minLength": 9, "examples": ["0 9 * * MON", "30 18 L * *"]}"##,
    ),
    (
        "every",
        "Every",
        "Only every so many days, weeks or months, counted from the first day of `from`; with a pattern, or alone at the time of `from`.",
        r##"{"type": "string", "pattern": "^\\s*[1-9]\\d{0,3} +(day|week|month)s?\\s*$", "examples": ["2 weeks", "10 days", "5 months"]}"##,
    ),
    ("from", "From", "A job that repeats posts nothing before this day, or this day and time.", BOUND),
    ("until", "Until", "A job that repeats posts nothing after this day, or this day and time.", BOUND),
    (
        "except",
        "Except",
        "Days on which a job that repeats does not post.",
        r##"{"examples": [["2026-12-25"]], "oneOf": [{"$ref": "#/definitions/date"}, {"type": "array", "maxItems": 1000, "items": {"$ref": "#/definitions/date"}}]}"##,
    ),
    (
        "type",
        "Type of story",
        "note: text alone; photo: 1 to 10 images; link: a card of a web page.",
        r##"{"enum": ["note", "photo", "link"], "examples": ["note"]}"##,
    ),
    (
        "content",
        "Text",
        "What the story says: up to 2048 characters as UTF-16 counts. {{ name }} is filled in for each occurrence.",
        r##"{"type": "string", "minLength": 1, "examples": ["겨울 신메뉴가 나왔어요!", "{{ date | format('%-m월 %-d일') }}"]}"##,
    ),
    (
        "contents",
        "Texts by turns",
        "What the occurrences say one after the other, from the top again after the last.",
        r##"{"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string", "minLength": 1}, "examples": [["월요일엔 라떼", "화요일엔 모카"]]}"##,
    ),
    (
        "images",
        "Images",
        "JPEG, PNG or GIF files, each under 10 MB, found from the folder of the job file; a GIF stands alone.",
        r##"{"examples": [["images/latte.jpg"]], "oneOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "maxItems": 10, "items": {"type": "string", "minLength": 1}}]}"##,
    ),
    (
        "url",
        "Address",
        "The page whose card a link shows.",
        r##"{"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://", "examples": ["https://example.com/menu"]}"##,
    ),
    (
        "permission",
        "Audience",
        "Who may see the story.",
        r##"{"enum": ["public", "friends", "private", "A", "F", "M"], "default": "public", "examples": ["friends"]}"##,
    ),
    (
        "enable_share",
        "Sharing",
        "Whether friends may share it; matters with permission: friends only.",
        r##"{"type": "boolean", "examples": [true]}"##,
    ),
    (
        "android_exec_param",
        "Parameter for the Android app",
        "What the story's button hands to your app on Android.",
        PARAM,
    ),
    ("ios_exec_param", "Parameter for the iOS app", "What the story's button hands to your app on iOS.", PARAM),
    (
        "android_market_param",
        "Parameter for the Android market",
        "For people who have to install the app first.",
        PARAM,
    ),
    ("ios_market_param", "Parameter for the App Store", "For people who have to install the app first.", PARAM),
    ("late", "When it is late", "What happens to a post found due long after its time.", "{}"),
    ("within", "Within", "Up to this late a post goes out all the same.", DURATION),
    (
        "then",
        "Then",
        "What happens to a post that is later.",
        r##"{"enum": ["post", "skip", "hold"], "examples": ["skip"]}"##,
    ),
    ("delete_after", "Delete after", "Each of its stories is taken down this long after it was posted.", DURATION),
    ("delete_at", "Delete at", "All its stories are taken down then; for at, not for cron.", TIME),
    (
        "in_doubt",
        "When in doubt",
        "What becomes of a post once it is proved that it did not go out: post it again, or wait for a person.",
        r##"{"enum": ["repost", "hold"], "examples": ["hold"]}"##,
    ),
    (
        "tags",
        "Tags",
        "Words to find jobs by, and to pause them together.",
        r##"{"examples": [["menu"]], "oneOf": [{"type": "string"}, {"type": "array", "maxItems": 32, "items": {"type": "string"}}]}"##,
    ),
];

/// The schema of a job file.
pub fn job_file() -> Value {
    let late = object(&LATE, KEYS, &[], &["within", "then"]);
    let mut job = object(&JOB, KEYS, &[("late", &late)], &[]);
    job["not"] = json!({"anyOf": [{"required": ["at", "cron"]}, {"required": ["at", "every"]}, {"required": ["content", "contents"]}]});
    let mut defaults = object(&DEFAULTS, KEYS, &[("late", &late)], &[]);
    defaults["type"] = json!(["object", "null"]);
    let jobs = json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/job"}});
    let parts = [("defaults", &defaults), ("jobs", &jobs)];
    let mut file = object(&FILE, KEYS, &parts, &["version", "zone", "jobs"]);
    file["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    file["title"] = json!("storyd job file");
    file["description"] = json!("What is posted to Kakao Story, and when.");
    let date = r"\d{4}-\d{2}-\d{2}";
    let at = format!(r"^\s*(now|{date}[ T]\d{{2}}:\d{{2}}(:\d{{2}})?(Z|[+-]\d{{2}}:\d{{2}})?)\s*$");
    file["definitions"] = json!({
        "job": job,
        "at": {"type": "string", "pattern": at},
        "date": {"type": "string", "pattern": format!(r"^\s*{date}\s*$")},
    });
    file
}

/// A mapping with the keys of a shape, described by `docs`; `parts` are the keys that hold mappings of their own.
pub fn object(shape: &Shape, docs: &[KeyDoc], parts: &[(&str, &Value)], required: &[&str]) -> Value {
    let described = |key: &&str| {
        let (_, title, description, value) = docs.iter().find(|doc| doc.0 == *key).unwrap_or(&("", "", "", "{}"));
        let mut schema: Map<String, Value> = serde_json::from_str(value).unwrap_or_default();
        if let Some((_, Value::Object(part))) = parts.iter().find(|part| part.0 == *key) {
            schema.extend(part.clone());
        }
        schema.insert("title".to_owned(), json!(title));
        schema.insert("description".to_owned(), json!(description));
        ((*key).to_owned(), Value::Object(schema))
    };
    let mut properties: Map<String, Value> = shape.keys.iter().map(described).collect();
    // Takes over the keys of another mapping: the loader resolves it before it looks at the keys.
    properties.insert("<<".to_owned(), json!({"type": ["object", "array"]}));
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if shape.free_x {
        schema["patternProperties"] = json!({"^x-": {}});
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described_once_and_each_description_can_be_read() {
        let keys: Vec<&str> = [FILE, DEFAULTS, JOB, LATE].iter().flat_map(|shape| shape.keys).copied().collect();
        for key in &keys {
            assert_eq!(KEYS.iter().filter(|doc| doc.0 == *key).count(), 1, "describe `{key}` in KEYS");
        }
        for (key, title, description, value) in KEYS {
            assert!(keys.contains(key), "{key} is no key");
            assert!(!title.is_empty() && description.ends_with('.'), "{key}");
            let value: Value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{key}: {error}"));
            let part = ["defaults", "jobs", "late"].contains(key);
            assert!(part || value.get("examples").is_some(), "{key} has no example");
        }
    }
}
