//! The editors' schema and the loader: what the schema refuses the loader refuses, so nothing that loads is ever underlined.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use storyd::plan::schema;
use storyd::settings::{self, Settings};
use storyd::yaml::document::{self, Node, ValueKind};
use storyd::yaml::problem::{Severity, Source};

use crate::plan_problems::problems;
use crate::support::draft7::Schema;

/// A file as an editor's schema sees it, merge keys resolved; `None` for what is no YAML.
pub(crate) fn json_of(text: &str) -> Option<Value> {
    let source = Arc::new(Source::new("jobs.yaml", "/", text));
    document::parse(&source).ok().map(|node| value(&node, &source))
}

fn value(node: &Node, source: &Source) -> Value {
    let raw = || source.slice(&node.span);
    match &node.kind {
        ValueKind::Null => Value::Null,
        ValueKind::Bool(truth) => Value::Bool(*truth),
        ValueKind::Number => serde_json::from_str(raw()).unwrap_or(Value::from(0.5)),
        ValueKind::Text(text) => Value::from(text.as_str()),
        ValueKind::List(items) => items.iter().map(|item| value(item, source)).collect(),
        ValueKind::Map(entries) => {
            let key = |node: &Node| node.raw(source).unwrap_or_default().to_owned();
            Value::Object(
                entries.iter().map(|entry| (key(&entry.key), value(&entry.value, source))).collect::<Map<_, _>>(),
            )
        }
    }
}

pub(crate) fn validator() -> Schema {
    Schema::new(schema::job_file())
}

fn files(folder: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).expect("there").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    files
}

#[test]
fn what_the_schema_refuses_the_loader_refuses_and_most_slips_are_seen_while_writing() {
    let validator = validator();
    let mut refused = 0;
    let mut readable = 0;
    for file in files("tests/broken").into_iter().chain(files(".")) {
        let text = std::fs::read_to_string(&file).expect("readable");
        let Some(json) = json_of(&text) else { continue };
        let broken = problems(std::slice::from_ref(&file)).iter().any(|problem| problem.severity() == Severity::Error);
        if file.file_name().is_some_and(|name| name == "storyd.example.yaml") {
            continue;
        }
        readable += usize::from(broken);
        let valid = validator.is_valid(&json);
        assert!(valid || broken, "{}: {:?}", file.display(), validator.errors(&json));
        refused += usize::from(!valid);
    }
    assert!(refused * 2 > readable, "{refused} of {readable} broken files are underlined");
}

#[test]
fn the_settings_that_load_pass_their_schema() {
    let validator = Schema::new(settings::schema::settings_file());
    let example =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("storyd.example.yaml")).expect("readable");
    let all = [
        example.as_str(),
        "data_dir: data\njobs: jobs.yaml\ndashboard:\n",
        "accounts:\n  cafe: {rest_api_key: \"abc\", client_secret: {env: X}, max_per_day: \"20\"}\n",
        "defaults:\naccounts:\nx-mine: [1]\n",
        "timeout: {publish: 10m}\n",
        "horizon: 35\n",
        "accounts: {cafe: {rest_api_key: {file: a, env: b}}}\n",
        "accounts: {cafe: {}}\n",
        "accounts: []\n",
        "api_url: kapi.kakao.com\n",
        "defaults: {retry: 10s, late: skip}\n",
    ];
    let mut refused = 0;
    for text in all {
        let loads = Settings::parse(text, Path::new("storyd.yaml"));
        let json = json_of(text).expect("YAML");
        let valid = validator.is_valid(&json);
        assert!(valid || loads.is_err(), "{text}\n{:?}", validator.errors(&json));
        refused += usize::from(!valid);
    }
    assert_eq!(refused, 7);
}

#[test]
fn the_command_prints_them() {
    let folder = crate::support::process::Folder::new();
    assert_eq!(folder.json("schema"), schema::job_file());
    assert_eq!(folder.json("schema settings"), settings::schema::settings_file());
}
