//! The keys that a job shares with `defaults`: who posts, who sees it, what happens when it is late or in doubt.

use std::ops::Range;
use std::time::Duration;

use super::text::template;
use crate::domain::content::{AppParams, Permission, composed};
use crate::domain::duration;
use crate::domain::name;
use crate::domain::policy::{InDoubt, Late, LateThen};
use crate::yaml::document::Node;
use crate::yaml::mapping::{self, Fields, Placed, Report, Shape};
use crate::yaml::problem::Code;

/// The keys of a job that `defaults` may hold too.
pub(super) const SHARED_KEYS: [&str; 13] = [
    "account",
    "type",
    "permission",
    "enable_share",
    "android_exec_param",
    "ios_exec_param",
    "android_market_param",
    "ios_market_param",
    "jitter",
    "late",
    "delete_after",
    "in_doubt",
    "tags",
];

/// Most tags of one job.
const TAGS_MAX: usize = 32;
/// Range of `late.within`.
const LATE_WITHIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(365 * 86_400));
/// Range of `jitter`.
const JITTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));
/// Range of `delete_after`: a story shall at least be seen.
const DELETE_AFTER: (Duration, Duration) = (Duration::from_secs(60), duration::MAX);

const PERMISSIONS: [(&str, Permission); 6] = [
    ("public", Permission::Public),
    ("friends", Permission::Friends),
    ("private", Permission::Private),
    ("A", Permission::Public),
    ("F", Permission::Friends),
    ("M", Permission::Private),
];

/// The keys of `late`.
pub const LATE: Shape = Shape { what: "`late`", keys: &["within", "then"], free_x: false, synonyms: &[] };

/// The three values of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Note,
    Photo,
    Link,
}

impl Type {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Photo => "photo",
            Self::Link => "link",
        }
    }
}

/// What a job or `defaults` says; what it leaves open is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedKeys {
    pub(super) account: Option<String>,
    pub(super) kind: Option<Type>,
    pub(super) permission: Option<Permission>,
    pub(super) enable_share: Option<bool>,
    pub(super) app: AppParams,
    pub(super) jitter: Option<Duration>,
    pub(super) late: Option<Late>,
    pub(super) delete_after: Option<Duration>,
    pub(super) in_doubt: Option<InDoubt>,
    pub(super) tags: Option<Vec<String>>,
}

impl SharedKeys {
    pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Self {
        Self {
            account: account(fields, "account", report),
            kind: kind(fields, report),
            permission: fields.word("permission", &PERMISSIONS, report).map(|word| word.value),
            enable_share: fields.truth("enable_share", report),
            app: AppParams {
                android_exec_param: param(fields, "android_exec_param", report),
                ios_exec_param: param(fields, "ios_exec_param", report),
                android_market_param: param(fields, "android_market_param", report),
                ios_market_param: param(fields, "ios_market_param", report),
            },
            jitter: fields.duration("jitter", JITTER.0, JITTER.1, report).map(|duration| duration.value),
            late: fields.get("late").and_then(|node| late(node, &fields.key_span("late"), report)),
            delete_after: fields
                .duration("delete_after", DELETE_AFTER.0, DELETE_AFTER.1, report)
                .map(|duration| duration.value),
            in_doubt: in_doubt(fields, report),
            tags: tags(fields, report),
        }
    }

    /// What is said here, else what `defaults` says. Each key is taken whole: tags are not added up.
    pub(super) fn or(self, defaults: &Self) -> Self {
        let app = |own: Option<String>, default: &Option<String>| own.or_else(|| default.clone());
        Self {
            account: self.account.or_else(|| defaults.account.clone()),
            kind: self.kind.or(defaults.kind),
            permission: self.permission.or(defaults.permission),
            enable_share: self.enable_share.or(defaults.enable_share),
            app: AppParams {
                android_exec_param: app(self.app.android_exec_param, &defaults.app.android_exec_param),
                ios_exec_param: app(self.app.ios_exec_param, &defaults.app.ios_exec_param),
                android_market_param: app(self.app.android_market_param, &defaults.app.android_market_param),
                ios_market_param: app(self.app.ios_market_param, &defaults.app.ios_market_param),
            },
            jitter: self.jitter.or(defaults.jitter),
            late: self.late.or(defaults.late),
            delete_after: self.delete_after.or(defaults.delete_after),
            in_doubt: self.in_doubt.or(defaults.in_doubt),
            tags: self.tags.or_else(|| defaults.tags.clone()),
        }
    }
}

/// An account's name.
pub(super) fn account(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text(key, report)?;
    if name::is_account_name(&value) {
        report.accounts.push(Placed { value: value.clone(), span });
        return Some(value);
    }
    let lower = value.trim().to_lowercase();
    let note = report.add(Code::BadName, &span, format!("`{value}` cannot be the name of an account"));
    let note = if name::is_account_name(&lower) { note.help(format!("did you mean `{lower}`?")) } else { note };
    note.help("an account's name is 1 to 64 of a-z, 0-9, `-` and `_`, as in the settings");
    None
}

fn kind(fields: &Fields<'_>, report: &mut Report) -> Option<Type> {
    let words = [Type::Note, Type::Photo, Type::Link].map(|kind| (kind.as_str(), kind));
    fields.word("type", &words, report).map(|word| word.value)
}

/// `in_doubt`, of job files and settings.
pub fn in_doubt(fields: &Fields<'_>, report: &mut Report) -> Option<InDoubt> {
    let words = [InDoubt::Repost, InDoubt::Hold].map(|word| (word.as_str(), word));
    fields.word("in_doubt", &words, report).map(|word| word.value)
}

/// `late`, of job files and settings.
pub fn late(node: &Node, key_span: &Range<usize>, report: &mut Report) -> Option<Late> {
    if node.text().is_some() {
        let message = "`late` says two things: how long after its time a post may go out, and what happens then";
        report.add(Code::WrongType, &node.span, message).help("write both, as in `late: {within: 2h, then: skip}`");
        return None;
    }
    let fields = Fields::read(node, key_span, &LATE, report)?;
    let words = [LateThen::Post, LateThen::Skip, LateThen::Hold].map(|word| (word.as_str(), word));
    let within = fields.duration("within", LATE_WITHIN.0, LATE_WITHIN.1, report);
    let then = fields.word("then", &words, report);
    for key in LATE.keys.iter().filter(|key| fields.lacks(key)) {
        mapping::missing(&fields, "`late`", key, "late: {within: 2h, then: skip}", report);
    }
    Some(Late { within: within?.value, then: then?.value })
}

fn param(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text(key, report)?;
    if value.trim().is_empty() {
        let message = format!("`{key}` is empty");
        report
            .add(Code::EmptyText, &span, message)
            .help(format!("leave `{key}` out, or write a value such as `menu_id=12`"));
        return None;
    }
    Some(value)
}

fn tags(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<String>> {
    let tags = fields.texts("tags", report)?;
    if tags.len() > TAGS_MAX {
        report.add(Code::TooLarge, &fields.key_span("tags"), format!("a job has at most {TAGS_MAX} tags"));
    }
    for tag in tags.iter().filter(|tag| !template::is_template(&tag.value) && !name::is_job_name(&composed(&tag.value)))
    {
        report
            .add(Code::BadName, &tag.span, format!("`{}` cannot be a tag", tag.value))
            .help("a tag is letters, digits, `-` and `_`, at most 64, with a letter or a digit first");
    }
    // Composed as the names of jobs are: a pause of the tag must not miss a job for how its tag was typed.
    let mut tags: Vec<String> = tags.into_iter().map(|tag| composed(&tag.value)).collect();
    let mut seen = std::collections::HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    Some(tags)
}
