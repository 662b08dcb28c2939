//! `accounts` in `storyd.yaml`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::reference::secret;
use super::types::{Account, REDIRECT_URI};
use super::values::{duration, filled, whole_number};
use crate::domain::content::composed;
use crate::domain::name::is_account_name;
use crate::plan::link::check_url;
use crate::plan::policy;
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report, Shape};
use crate::yaml::problem::Code;

pub(super) const ACCOUNT: Shape = Shape {
    what: "an account",
    keys: &["title", "rest_api_key", "client_secret", "redirect_uri", "in_doubt", "min_gap", "max_per_day"],
    free_x: false,
    synonyms: &[
        ("client_id", "rest_api_key"),
        ("key", "rest_api_key"),
        ("secret", "client_secret"),
        ("display_name", "title"),
        ("label", "title"),
    ],
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn accounts(fields: &Fields<'_>, report: &mut Report) -> BTreeMap<String, Account> {
    let mut accounts = BTreeMap::new();
    let Some(node) = fields.get("accounts").filter(|node| !matches!(node.kind, ValueKind::Null)) else {
        return accounts;
    };
    let ValueKind::Map(entries) = &node.kind else {
        report
            .add(
                Code::WrongType,
                &fields.key_span("accounts"),
                "`accounts` holds accounts by name, and here is something else",
            )
            .help("write each account's name on a line of its own, two spaces in, with a colon behind it");
        return accounts;
    };
    let mut names: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let source = Arc::clone(&report.source);
    for entry in entries {
        let span = &entry.key.span;
        let name = entry.key.raw(&source).unwrap_or_default().to_owned();
        if !is_account_name(&name) {
            report
                .add(Code::BadName, span, "this cannot be the name of an account")
                .help("an account's name is 1 to 64 of a-z, 0-9, `-` and `_`");
        } else if let Some(first) = names.get(&name) {
            mapping::duplicate_key(&name, first, span, report);
        }
        if let Some(account) = account(&name, &entry.value, span, report) {
            accounts.insert(name.clone(), account);
        }
        names.entry(name).or_insert_with(|| span.clone());
    }
    accounts
}

fn account(name: &str, node: &Node, key_span: &Range<usize>, report: &mut Report) -> Option<Account> {
    let fields = Fields::read(node, key_span, &ACCOUNT, report)?;
    if fields.lacks("rest_api_key") {
        let what = if is_account_name(name) { format!("the account `{name}`") } else { "the account".to_owned() };
        mapping::missing(&fields, &what, "rest_api_key", "rest_api_key: {file: /etc/storyd/cafe.key}", report);
    }
    let title = title(&fields, report);
    let client_secret = secret(&fields, "client_secret", report);
    let redirect_uri = redirect_uri(&fields, report).unwrap_or_else(|| REDIRECT_URI.to_owned());
    let in_doubt = policy::in_doubt(&fields, report);
    let min_gap = duration(&fields, "min_gap", (SECOND, DAY), report).unwrap_or_default();
    let max_per_day = whole_number(&fields, "max_per_day", 1..=10_000, report);
    Some(Account {
        title,
        rest_api_key: secret(&fields, "rest_api_key", report)?,
        client_secret,
        redirect_uri,
        in_doubt,
        min_gap,
        max_per_day,
    })
}

/// Longest title, in characters: it stands in columns.
const TITLE_CHARS_MAX: usize = 40;

fn title(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let text = fields.text("title", report)?;
    let span = text.span.clone();
    let title = composed(filled("title", text, report)?.trim());
    if title.chars().count() > TITLE_CHARS_MAX || title.chars().any(char::is_control) {
        report
            .add(Code::BadName, &span, "this cannot be the title of an account")
            .help(format!("a title is one line of at most {TITLE_CHARS_MAX} characters, as in `title: 모닝빈`"));
        return None;
    }
    Some(title)
}

/// Kept to the letter: Kakao compares it with what is registered.
fn redirect_uri(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text("redirect_uri", report)?;
    match check_url(&value) {
        Ok(()) if !value.contains('#') => Some(value),
        result => {
            let why = result.err().unwrap_or_else(|| "it has a `#`".to_owned());
            report
                .add(Code::BadUrl, &span, format!("this cannot be `redirect_uri`: {why}"))
                .help(format!("write it as it is registered at the app, as in `{REDIRECT_URI}`"));
            None
        }
    }
}
