//! Tells the settings of storyd, and files of other programs, from a job file, whatever the file is called: they may hold keys and
//! addresses that are secrets, so they are never read as job files, and no line of them is ever shown. Pure.

mod tool;

use std::sync::Arc;

use super::keys::FILE;
use crate::yaml::document::{self, Node, ValueKind};
use crate::yaml::problem::Source;

/// Keys of the settings that no job file has.
pub const SETTINGS_KEYS: &[&str] = &[
    "data_dir",
    "image_dirs",
    "api_url",
    "login_url",
    "dashboard",
    "horizon",
    "max_planned",
    "watch",
    "ballast",
    "timeouts",
    "notify",
    "preflight",
    "keep",
    "audit",
    "accounts",
];
/// Keys under which secrets stand, at any depth.
const SECRET_KEYS: &[&str] = &["rest_api_key", "client_secret", "sinks", "heartbeat", "accounts", "notify"];
/// What the settings are called when nothing else is said.
const NAMES: &[&str] = &["storyd.yaml", "storyd.yml", "storyd.example.yaml"];

/// What a text is, as far as it matters whether it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// A job file, or anything else that people may see.
    Open,
    /// A job file in which secrets may stand: it is read, and nothing of it is shown.
    Confidential,
    /// The settings.
    Settings,
    /// A file of another program, and what that calls it.
    Tool(&'static str),
    /// A file without a key that is one of a job file, or near to one.
    Strange,
}

/// Tells what a text is.
pub fn kin(source: &Arc<Source>) -> Kin {
    let is_named = source.path().file_name().is_some_and(|name| NAMES.iter().any(|own| name.eq_ignore_ascii_case(own)));
    // Nearly every job file is told by this: reading each twice would take twice as long.
    let mentions = |key: &&str| source.text().contains(*key);
    if let Some(tool) = tool::known(source.text()).filter(|_| !is_named) {
        return Kin::Tool(tool);
    }
    let kin = match is_named || SETTINGS_KEYS.iter().chain(SECRET_KEYS).any(mentions) || lists_jobs(source.text()) {
        true => of_text(source, is_named),
        false => Kin::Open,
    };
    if kin != Kin::Settings && tool::is_strange(source.text()) { Kin::Strange } else { kin }
}

fn of_text(source: &Source, is_named: bool) -> Kin {
    let hidden = Arc::new(Source::new(source.path(), source.dir(), source.text()).confidential());
    match document::parse(&hidden) {
        Ok(root) => of_tree(&root, is_named),
        Err(_) => of_lines(source.text(), is_named),
    }
}

/// `jobs: [.]` or `jobs: jobs.d`: what the settings say of job files.
fn lists_jobs(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.strip_prefix("jobs"))
        .filter_map(|rest| rest.trim_start().strip_prefix(':'))
        .any(|value| {
            let value = value.trim();
            value.is_empty() || !value.starts_with('{')
        })
}

fn of_tree(root: &Node, is_named: bool) -> Kin {
    let ValueKind::Map(entries) = &root.kind else { return if is_named { Kin::Settings } else { Kin::Open } };
    let names = || entries.iter().filter_map(|entry| entry.key.text());
    let jobs = entries.iter().find(|entry| entry.key.text() == Some("jobs")).map(|entry| &entry.value.kind);
    let own = names().filter(|name| SETTINGS_KEYS.contains(name)).count();
    // What only a job file has: a version, or jobs by their names.
    let is_job_file = names().any(|name| name == "version") || matches!(jobs, Some(ValueKind::Map(_)));
    let lists = matches!(jobs, Some(ValueKind::List(_) | ValueKind::Text(_)));
    let other = names()
        .filter(|name| FILE.keys.contains(name) && !matches!(*name, "jobs" | "defaults" | "blackouts" | "zone"))
        .count();
    if !is_job_file && (own > 0 || lists || is_named) && other == 0 {
        return Kin::Settings;
    }
    if has_secrets(root, 0) { Kin::Confidential } else { Kin::Open }
}

/// Whether a key under which secrets stand is anywhere in it.
fn has_secrets(node: &Node, depth: usize) -> bool {
    match &node.kind {
        ValueKind::Map(entries) => entries.iter().any(|entry| {
            // A job may be called anything, and stands two levels down.
            let secret = entry.key.text().is_some_and(|key| SECRET_KEYS.contains(&key));
            (secret && (depth != 1 || !matches!(entry.value.kind, ValueKind::Map(_))))
                || has_secrets(&entry.value, depth + 1)
        }),
        ValueKind::List(items) => items.iter().any(|item| has_secrets(item, depth + 1)),
        _ => false,
    }
}

/// The same of a text that is no YAML: by the keys at the beginnings of lines.
fn of_lines(text: &str, is_named: bool) -> Kin {
    let keys = || {
        text.lines().filter_map(|line| {
            let key = line.trim_start().trim_start_matches(['-', '{', ' ', '\u{feff}']);
            key.split_once(':').map(|(key, _)| key.trim().trim_matches(['"', '\'']))
        })
    };
    let own = keys().any(|key| SETTINGS_KEYS.contains(&key));
    let secret = keys().any(|key| SECRET_KEYS.contains(&key));
    match (keys().any(|key| key == "version"), own || secret || is_named) {
        (false, true) => Kin::Settings,
        (true, true) => Kin::Confidential,
        (_, false) => Kin::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_job_files_by_what_they_say() {
        let job = "version: 1\nzone: UTC\naccount: a\njobs:\n";
        let table = [
            ("a.yaml", "data_dir: x\naccounts: {cafe: {rest_api_key: s}}\n".to_owned(), Kin::Settings),
            ("a.yaml", "jobs: [.]\n".into(), Kin::Settings),
            ("a.yaml", "jobs:\n  - jobs.d\ndefaults: {late: {within: 1h, then: skip}}\n".into(), Kin::Settings),
            ("a.yaml", "jobs: jobs.d\n".into(), Kin::Settings),
            ("a.yaml", "{\"notify\": {\"sinks\": {}}}".into(), Kin::Settings),
            ("a.yaml", "  api_url: https://x.kr\n  horizon: 1d\n".into(), Kin::Settings),
            ("a.yaml", "accounts:\n  cafe: {rest_api_key: s\n".into(), Kin::Settings),
            ("a.yaml", "zone: Asia/Seoul\naccounts: {}\n".into(), Kin::Settings),
            ("a.yaml", "x-app: &a {rest_api_key: s}\naccounts: {cafe: *a}\n".into(), Kin::Settings),
            ("a.yaml", "\"accounts\": {}\n".into(), Kin::Settings),
            ("storyd.yaml", "acounts: {cafe: {key: s}}\n".into(), Kin::Settings),
            ("STORYD.YAML", "\t".into(), Kin::Settings),
            ("storyd.yaml", format!("{job}  a: {{at: now, type: note, content: x}}\n"), Kin::Open),
            (
                "a.yaml",
                format!("{job}  a: {{at: now, type: note, content: our accounts and a dashboard}}\n"),
                Kin::Open,
            ),
            ("a.yaml", format!("{job}  notify: {{at: now, type: note, content: x}}\n"), Kin::Open),
            ("a.yaml", format!("{job}  a: {{at: now, type: note, content: x, rest_api_key: s}}\n"), Kin::Confidential),
            ("a.yaml", format!("accounts: {{cafe: {{rest_api_key: s}}}}\n{job}  a: {{}}\n"), Kin::Confidential),
            ("a.yaml", format!("client_secret: s\n{job}  a: [\n"), Kin::Confidential),
            ("a.yaml", "version: 1\njobs: [a, b]\n".into(), Kin::Open),
            ("a.yaml", "acount: a\nzone: UTC\n".into(), Kin::Open),
            ("a.yaml", "".into(), Kin::Open),
            ("a.yaml", "\t- [".into(), Kin::Open),
            ("a.yaml", "notice:\n  at: now\n  type: note\n  content: x\n".into(), Kin::Open),
            ("a.yaml", "at: now\ntype: note\ncontent: x\n".into(), Kin::Open),
            ("a.yaml", "x-base: &a {k: s}\n".into(), Kin::Open),
            ("a.yaml", "zoen: UTC\njbos:\n  a: {}\n".into(), Kin::Open),
            ("a.yaml", format!("services: {{}}\n{job}  a: {{}}\n"), Kin::Open),
            ("a.yaml", "version: 1\nservices: {}\n".into(), Kin::Open),
            ("a.yaml", "on: now\nzone: UTC\njobs:\n  a: {}\n".into(), Kin::Open),
            ("a.yaml", "- version: 1\n".into(), Kin::Open),
            ("a.yaml", "password: s\nuser: me\n".into(), Kin::Strange),
            ("a.yaml", "ko:\n  hello: 안녕\n---\n!tag x: [\n".into(), Kin::Strange),
        ];
        for (name, text, expected) in table {
            assert_eq!(kin(&Arc::new(Source::new(name, "/", text.as_str()))), expected, "{name}: {text}");
        }
    }

    #[test]
    fn files_of_other_programs_are_told_by_the_keys_at_their_top() {
        for (text, tool) in [
            ("services:\n  db: {image: postgres}\n", "a Docker Compose file"),
            ("version: \"3.8\"\nservices:\n  db: {}\nvolumes: {}\n", "a Docker Compose file"),
            ("x-env: &env {A: b}\nservices:\n  db: {}\n", "a Docker Compose file"),
            ("name: ci\non: [push]\njobs:\n  build: {runs-on: x}\n", "a GitHub Actions workflow"),
            ("name: ci\n\"on\":\n  push:\ndefaults: {run: {shell: sh}}\njobs:\n  b: {}\n", "a GitHub Actions workflow"),
            ("name: a\ndescription: b\nruns: {using: node20}\n", "a GitHub action"),
            ("version: 2\nupdates: []\n", "a Dependabot file"),
            ("version: 2.1\njobs: {}\nworkflows: {}\n", "a CircleCI file"),
            ("stages: [build]\nbuild:\n  script: !reference [a]\n", "a GitLab CI file"),
            ("site_name: Docs\nnav:\n  - Home: index.md\n", "an MkDocs file"),
            ("replicaCount: 1\nimage: {repository: nginx}\n", "the values of a Helm chart"),
            ("# values\nimage:\n  tag: x\nservice:\n  port: 80\n", "the values of a Helm chart"),
            ("apiVersion: v2\nname: shop\nversion: 1.0.0\n", "a Helm chart"),
            ("apiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: Secret\n", "a Kubernetes manifest"),
            ("---\n- hosts: all\n  tasks:\n    - debug: {msg: x}\n", "an Ansible playbook"),
            ("- id: '1'\n  alias: Light\n  trigger: []\n", "a Home Assistant file"),
            ("openapi: 3.1.0\ninfo: {}\n", "an OpenAPI description"),
            ("\u{feff}services: {}\r\n", "a Docker Compose file"),
            ("repos:\n- repo: local\n", "a pre-commit file"),
            ("version: '3'\nvars: {A: b}\ntasks: {}\n", "a Taskfile"),
        ] {
            assert_eq!(kin(&Arc::new(Source::new("a.yaml", "/", text))), Kin::Tool(tool), "{text}");
        }
    }
}
