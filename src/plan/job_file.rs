//! The shape of a job file: its keys, and the way from the tree of one file to its jobs.
//!
//! Knows one file at a time. What spans files (names, images on disk) is for `load`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::content::{self, RawBody};
use super::job::DeleteRule;
use super::keys::{DEFAULTS, FILE, JOB};
use super::policy::{self, SharedKeys};
use super::schedule::blackout::{self, Blackout};
use super::schedule::past::{self, Past};
use super::schedule::rule::Schedule;
use super::schedule::timing;
use super::schedule::zone::{self, Zone};
use super::text::fields::{Rehearsed, TemplateFields};
use super::text::limits::RehearsalInput;
use super::text::rotation::Rotation;
use super::text::variables;
use crate::domain::content::{Permission, comparable};
use crate::domain::name;
use crate::yaml::characters;
use crate::yaml::document::{self, Entry, Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report};
use crate::yaml::problem::{Code, Problem, Source};

/// The version of the format.
const VERSION: &str = "1";
/// Most jobs in one file.
const JOBS_MAX: usize = 10_000;

/// A job that is whole but for its images.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) name: Placed<String>,
    pub(super) account: String,
    pub(super) zone: Zone,
    pub(super) schedule: Schedule,
    /// Where `at` or `cron` stands.
    pub(super) at_span: Range<usize>,
    pub(super) shape: content::RawContent,
    /// What the next story says.
    pub(super) text: Option<String>,
    pub(super) script: Option<Rotation>,
    pub(super) beside: Option<(TemplateFields, Rehearsed)>,
    pub(super) shared: SharedKeys,
    pub(super) delete: Option<DeleteRule>,
}

/// What one file yields: the jobs that are whole, the names of all, and the problems.
#[derive(Debug)]
pub(crate) struct FileDraft {
    pub(super) jobs: Vec<Draft>,
    pub(super) blackouts: Arc<[Blackout]>,
    pub(super) past: Vec<Past>,
    /// Broken jobs too: a name is taken even if its job is not whole.
    pub(super) names: BTreeMap<String, Range<usize>>,
    /// What jobs post that are not whole: their images are looked at too.
    pub(super) loose: Vec<content::RawContent>,
    pub(super) report: Report,
}

/// Reads one job file. `now` tells which occurrences are to come: their texts are made and judged.
pub(super) fn read(source: &Arc<Source>, now: Timestamp) -> FileDraft {
    let report = Report::new(source);
    let (jobs, past, loose) = (Vec::new(), Vec::new(), Vec::new());
    let mut draft = FileDraft { jobs, blackouts: Arc::default(), past, names: BTreeMap::new(), loose, report };
    if let Some(at) = source.text().find("\r\n") {
        let message = "the file has Windows line ends; texts are posted with plain ones";
        draft
            .report
            .add(Code::LineEnds, &(at..at), message)
            .help("nothing needs to be done; set the editor to LF to be rid of this note");
    }
    if let Some(root) = characters::read(source, &mut draft.report) {
        read_root(&root, now, &mut draft);
    }
    draft
}

fn read_root(root: &Node, now: Timestamp, draft: &mut FileDraft) {
    let report = &mut draft.report;
    if matches!(root.kind, ValueKind::Null) {
        report
            .problems
            .push(Problem::new(Code::Empty, &report.source, 0..0, "the file holds nothing").help(document::EMPTY));
        return;
    }
    let Some(fields) = Fields::read(root, &(0..0), &FILE, report) else { return };
    version(&fields, report);
    // Without a zone the jobs are read in another one: what is wrong with them does not depend on it, and nothing is loaded.
    let zone = zone::zone(&fields, report).unwrap_or_else(|| Zone { name: "UTC".to_owned(), zone: TimeZone::UTC });
    if fields.lacks("zone") {
        mapping::missing(&fields, "the job file", "zone", "zone: Asia/Seoul", report);
    }
    let defaults = defaults(&fields, report);
    draft.blackouts = blackout::read(&fields, report).into();
    let vars = variables::read(&fields, report);
    let Some(jobs) = fields.get("jobs") else {
        if fields.lacks("jobs") {
            mapping::missing(&fields, "the job file", "jobs", "jobs:", report);
        }
        return;
    };
    let ValueKind::Map(entries) = &jobs.kind else {
        let described = jobs.described(&report.source);
        let span = if matches!(jobs.kind, ValueKind::Null) { fields.key_span("jobs") } else { jobs.span.clone() };
        report
            .add(Code::WrongType, &span, format!("`jobs` holds jobs by name, but here is {described}"))
            .help("write each job's name on a line of its own, two spaces in, with a colon behind it; for no jobs write `jobs: {}`");
        return;
    };
    if entries.len() > JOBS_MAX {
        let message = format!("{} jobs in one file; at most {JOBS_MAX} are read", entries.len());
        report.add(Code::TooLarge, &fields.key_span("jobs"), message).help("spread them over several files");
        return;
    }
    let is_broken = |key| fields.get(key).is_some_and(|node| !matches!(node.kind, ValueKind::Map(_) | ValueKind::Null));
    let names_account = fields.has("account") || !fields.lacks("account") || is_broken("defaults");
    let names_type =
        is_broken("defaults") || !fields.lacks("defaults") && !fields.has("defaults") || names_type(&fields);
    let lost_vars = is_broken("vars") || (!fields.has("vars") && !fields.lacks("vars"));
    let file = Head { defaults, names_account, names_type, vars, lost_vars, zone, now, jobs: entries.len() };
    for entry in entries {
        if draft.report.is_full() {
            break;
        }
        read_entry(entry, &file, draft);
    }
}

/// What the file says for all its jobs.
struct Head {
    defaults: SharedKeys,
    /// Rightly or wrongly: what is wrong with it is told there.
    names_account: bool,
    /// The same of the `type`.
    names_type: bool,
    vars: BTreeMap<String, String>,
    /// Whether there are variables that could not be read.
    lost_vars: bool,
    zone: Zone,
    now: Timestamp,
    jobs: usize,
}

/// Whether `defaults` say which type the jobs are, rightly or wrongly.
fn names_type(fields: &Fields<'_>) -> bool {
    let Some(ValueKind::Map(entries)) = fields.get("defaults").map(|node| &node.kind) else { return false };
    entries.iter().any(|entry| entry.key.text() == Some("type"))
}

fn version(fields: &Fields<'_>, report: &mut Report) {
    let source = Arc::clone(&report.source);
    match fields.get("version") {
        None if !fields.lacks("version") => {}
        None => mapping::missing(fields, "the job file", "version", "version: 1", report),
        Some(node) if node.raw(&source) == Some(VERSION) => {}
        Some(node) => {
            let span = if node.span.is_empty() { fields.key_span("version") } else { node.span.clone() };
            report.add(Code::WrongWord, &span, "this version of the format is not known").help("write `version: 1`");
        }
    }
}

/// The `defaults`, with the file's `account` among them.
fn defaults(fields: &Fields<'_>, report: &mut Report) -> SharedKeys {
    let account = policy::account(fields, "account", report);
    let Some(node) = fields.get("defaults").filter(|node| !matches!(node.kind, ValueKind::Null)) else {
        return SharedKeys { account, ..SharedKeys::default() };
    };
    let Some(inner) = Fields::read(node, &fields.key_span("defaults"), &DEFAULTS, report) else {
        return SharedKeys { account, ..SharedKeys::default() };
    };
    if fields.has("account") && inner.has("account") {
        report
            .add(Code::Exclusive, &inner.key_span("account"), "`account` stands at the top and under `defaults`")
            .help("keep one of them");
    }
    let shared = SharedKeys::read(&inner, report);
    SharedKeys { account: shared.account.clone().or(account), ..shared }
}

fn read_entry(entry: &Entry, file: &Head, draft: &mut FileDraft) {
    let source = Arc::clone(&draft.report.source);
    let report = &mut draft.report;
    let key = entry.key.span.clone();
    // Composed, so that a name typed on a Mac and the same name typed elsewhere are one.
    let name = entry.key.raw(&source).map(comparable).unwrap_or_default();
    if !name::is_job_name(&name) {
        let shown = source.slice(&key);
        report.add(Code::BadName, &key, format!("`{shown}` cannot be the name of a job")).help(format!(
            "a name is letters, digits, `-` and `_`, at most {}, with a letter or a digit first",
            name::NAME_CHARS_MAX
        ));
    } else if let Some(first) = draft.names.get(&name) {
        mapping::duplicate_key(&name, first, &key, report);
    }
    if let Some(job) = read_job(&name, &entry.value, &key, file, report, &mut draft.loose) {
        timing::falls_into(&job.schedule, (&job.at_span, file.now), &job.zone, &draft.blackouts, report);
        let when = (name.as_str(), &job.schedule, &job.zone.zone);
        draft.past.extend(past::look(when, job.delete, &job.at_span, file.now, report));
        draft.jobs.push(job);
    }
    draft.names.entry(name).or_insert(key);
}

// tidy: long-function because it reads the keys of a job one after the other, and goes on past each that is wrong.
fn read_job(
    name: &str,
    node: &Node,
    key: &Range<usize>,
    file: &Head,
    report: &mut Report,
    loose: &mut Vec<content::RawContent>,
) -> Option<Draft> {
    let (defaults, zone) = (&file.defaults, Some(&file.zone));
    let fields = Fields::read(node, key, &JOB, report)?;
    let own = SharedKeys::read(&fields, report);
    let kind = own.kind.or(if fields.has("type") { None } else { defaults.kind });
    if kind.is_none() && fields.lacks("type") && !file.names_type {
        mapping::missing(&fields, &format!("the job `{name}`"), "type", "type: note", report);
    }
    let schedule = timing::schedule(&fields, zone, report);
    let shared = own.clone().or(defaults);
    let delete_at = timing::delete_at(&fields, schedule.as_ref(), shared.jitter, zone, report);
    let mut vars = file.vars.clone();
    vars.extend(variables::read(&fields, report));
    let had = report.problems.len();
    let RawBody { words, shape, whole } = content::read(&fields, kind, vars, report);
    if file.lost_vars {
        let found = report.problems.split_off(had);
        report.problems.extend(found.into_iter().filter(|problem| problem.code != Code::UnknownVariable));
    }
    if shared.account.is_none() && fields.lacks("account") && !file.names_account {
        mapping::missing(&fields, &format!("the job `{name}`"), "account", "account: cafe", report);
    }
    if own.enable_share.is_some() && shared.permission.unwrap_or_default() != Permission::Friends {
        report
            .add(
                Code::NoEffect,
                &fields.key_span("enable_share"),
                "`enable_share` matters only with `permission: friends`",
            )
            .help("remove the line, or add `permission: friends`");
    }
    let delete = delete_at.map(DeleteRule::At).or(shared.delete_after.map(DeleteRule::After));
    let zone = file.zone.clone();
    let names = (name, shared.account.as_deref().unwrap_or(name));
    let Some(schedule) = schedule.filter(|_| whole) else {
        if let Some(words) = words {
            words.look(&zone.zone, names, file.now, report);
        }
        loose.extend(shape);
        return None;
    };
    let beside = beside_of(&fields, shape.as_ref(), &shared, file, report)?;
    let stage = RehearsalInput { schedule: &schedule, zone: &zone.zone, names, now: file.now, jobs: file.jobs };
    let beside = match beside {
        Some(beside) => {
            let rehearsed = beside.rehearse(&stage, &fields, report)?;
            Some((beside, rehearsed))
        }
        None => None,
    };
    let (text, script) = words.map(|words| words.rehearse(&stage, report)).unzip();
    let (Some(account), Some(shape)) = (shared.account.clone(), shape.clone()) else {
        loose.extend(shape);
        return None;
    };
    Some(Draft {
        name: Placed { value: name.to_owned(), span: key.clone() },
        account,
        zone,
        schedule,
        at_span: fields.key_span(["cron", "every"].into_iter().find(|key| fields.has(key)).unwrap_or("at")),
        shape,
        text,
        script: script.flatten(),
        beside,
        shared,
        delete,
    })
}

/// What beside the text holds variables.
fn beside_of(
    fields: &Fields<'_>,
    shape: Option<&content::RawContent>,
    shared: &SharedKeys,
    file: &Head,
    report: &mut Report,
) -> Option<Option<TemplateFields>> {
    let Some(shape) = shape else { return Some(None) };
    let source = Arc::clone(&report.source);
    let vars = || {
        let mut vars = file.vars.clone();
        // What is wrong with them was told when the texts were read.
        vars.extend(variables::read(fields, &mut Report::new(&source)));
        vars
    };
    TemplateFields::read(fields, shape, shared, vars, report)
}
