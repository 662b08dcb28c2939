//! Files of other programs that lie among job files, told by the keys at their top. They may hold secrets: nothing of them is shown.
//! Read line by line, so that what is no YAML, or more than one document, is told as well. Pure.

use std::collections::BTreeSet;

use crate::plan::keys::{DEFAULTS, FILE, JOB};
use crate::yaml::nearest::nearest;

/// Keys at the top that no file of another program is known to have beside its own.
const OURS: [&str; 3] = ["zone", "account", "blackouts"];
/// Keys of a job that hardly any other program has: whoever wrote one of them below a name forgot `jobs`.
const OF_A_JOB: [&str; 9] =
    ["at", "cron", "every", "content", "contents", "permission", "delete_after", "delete_at", "enable_share"];
/// What programs call their files, and keys that stand together at the top of one, the surest first.
const TOOLS: [(&str, &[&str]); 52] = [
    ("a Kubernetes manifest", &["apiVersion", "kind"]),
    ("a Helm chart", &["apiVersion", "name"]),
    ("a GitHub Actions workflow", &["on", "jobs"]),
    ("a GitHub action", &["runs", "name"]),
    ("a Dependabot file", &["updates", "version"]),
    ("a CircleCI file", &["workflows"]),
    ("a CircleCI file", &["orbs"]),
    ("a GitLab CI file", &["stages"]),
    ("a GitLab CI file", &["before_script"]),
    ("an Azure pipeline", &["trigger"]),
    ("an Azure pipeline", &["pool"]),
    ("a Bitbucket pipeline", &["pipelines"]),
    ("a Cloud Build file", &["steps"]),
    ("a Serverless file", &["service", "provider"]),
    ("a CloudFormation template", &["AWSTemplateFormatVersion"]),
    ("a CloudFormation template", &["Resources"]),
    ("the values of a Helm chart", &["replicaCount"]),
    ("the values of a Helm chart", &["fullnameOverride"]),
    ("the values of a Helm chart", &["nodeSelector"]),
    ("the values of a Helm chart", &["tolerations"]),
    ("the values of a Helm chart", &["image", "service"]),
    ("the values of a Helm chart", &["image", "ingress"]),
    ("the values of a Helm chart", &["image", "resources"]),
    ("a Docker Compose file", &["services"]),
    ("an MkDocs file", &["site_name"]),
    ("a Jekyll file", &["kramdown"]),
    ("a Jekyll file", &["baseurl"]),
    ("a Jekyll file", &["permalink"]),
    ("a Hugo file", &["baseURL"]),
    ("an OpenAPI description", &["openapi"]),
    ("an OpenAPI description", &["swagger"]),
    ("an AsyncAPI description", &["asyncapi"]),
    ("a pre-commit file", &["repos"]),
    ("a Prometheus file", &["scrape_configs"]),
    ("a file of rules for Prometheus", &["groups"]),
    ("an Alertmanager file", &["receivers"]),
    ("a lock file of pnpm", &["lockfileVersion"]),
    ("a workspace of pnpm", &["packages"]),
    ("a Conda environment", &["channels", "dependencies"]),
    ("a Dart package", &["environment", "dependencies"]),
    ("a Dart package", &["flutter"]),
    ("a Rails file", &["development", "production"]),
    ("a Spring file", &["spring"]),
    ("a Taskfile", &["tasks"]),
    ("a Home Assistant file", &["homeassistant"]),
    ("a Home Assistant file", &["automation"]),
    ("a Codecov file", &["coverage"]),
    ("a golangci-lint file", &["linters"]),
    ("a Traefik file", &["entryPoints"]),
    ("a Netplan file", &["network"]),
    ("a citation file", &["cff-version"]),
    ("a Read the Docs file", &["sphinx"]),
];
/// Keys that stand together in the entries of a list at the top.
const LISTS: [(&str, &[&str]); 5] = [
    ("an Ansible playbook", &["hosts", "tasks"]),
    ("an Ansible playbook", &["hosts", "roles"]),
    ("an Ansible playbook", &["import_playbook"]),
    ("a Home Assistant file", &["alias", "trigger"]),
    ("a Home Assistant file", &["alias", "triggers"]),
];

/// Which program a text belongs to. Nothing when it says what only a job file says.
pub(super) fn known(text: &str) -> Option<&'static str> {
    let has_version = |text: &str| lines(text).any(|line| value_of(line, "version") == Some("1"));
    let has_ours = |text: &str| keys(text, "").any(|key| OURS.contains(&key));
    if has_ours(text) || has_version(text) {
        return None;
    }
    let find = |tools: &[(&'static str, &[&str])], keys: &BTreeSet<&str>| {
        tools.iter().find(|(_, all)| all.iter().all(|key| keys.contains(key))).map(|(tool, _)| *tool)
    };
    if is_list(text) {
        return find(&LISTS, &keys(text, "- ").chain(keys(text, "  ")).collect());
    }
    find(&TOOLS, &keys(text, "").collect())
}

/// Whether a text has keys at its top, and none that is one of a job file, or near to one.
pub(super) fn is_strange(text: &str) -> bool {
    let words: Vec<&str> = [&FILE, &JOB, &DEFAULTS]
        .iter()
        .flat_map(|shape| shape.keys.iter().copied().chain(shape.synonyms.iter().map(|(theirs, _)| *theirs)))
        .collect();
    let is_ours = |key: &str| key.starts_with("x-") || nearest(key, &words).is_some();
    let mut all = keys(text, "").peekable();
    let of_a_job = |line: &str| {
        let line = line.trim_start();
        OF_A_JOB.iter().any(|key| value_of(line, key).is_some())
    };
    all.peek().is_some() && !all.any(is_ours) && !text.lines().any(of_a_job)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('\u{feff}').lines()
}

/// The value of a key on its line.
fn value_of<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix(':')?;
    Some(value.split(" #").next().unwrap_or_default().trim())
}

/// The keys of the lines that begin with `front` and go on with a key.
fn keys<'t>(text: &'t str, front: &'static str) -> impl Iterator<Item = &'t str> {
    lines(text).filter_map(move |line| {
        let (key, value) = line.strip_prefix(front)?.split_once(':')?;
        let key = key.trim_end().trim_matches(['"', '\'']);
        let is_key =
            !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$'));
        (is_key && (value.is_empty() || value.starts_with([' ', '\t', '\r']))).then_some(key)
    })
}

/// Whether the first thing in a text is the entry of a list.
fn is_list(text: &str) -> bool {
    let is_said = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '%']) && line.trim_end() != "---";
    lines(text).find(is_said).is_some_and(|line| line.starts_with("- "))
}
