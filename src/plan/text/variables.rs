//! `vars`: words that texts name as `{{ name }}`, of a file and of a job.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::lookalike;
use super::reserved::{BUILT_IN, WORDS};
use super::template;
use crate::domain::content::{TEXT_UNITS_MAX, comparable, text_units};
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Report};
use crate::yaml::problem::{Code, Source};

/// Most variables of one file, and of one job.
const VARS_MAX: usize = 200;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The variables under `vars`; what is wrong with them is reported, and such a variable counts as set.
pub(crate) fn read(fields: &Fields<'_>, report: &mut Report) -> BTreeMap<String, String> {
    let mut vars = BTreeMap::new();
    let Some(node) = fields.get("vars").filter(|node| !matches!(node.kind, ValueKind::Null)) else { return vars };
    let ValueKind::Map(entries) = &node.kind else {
        let described = node.described(&report.source);
        report
            .add(Code::WrongType, &node.span, format!("`vars` holds texts by name, but here is {described}"))
            .help("write each on a line of its own, two spaces in: `shop: 성수점`; a text then says `{{ shop }}`");
        return vars;
    };
    if entries.len() > VARS_MAX {
        let message = format!("{} variables; at most {VARS_MAX} are read", entries.len());
        report.add(Code::TooLarge, &fields.key_span("vars"), message).help("spread the jobs over several files");
        return vars;
    }
    let source = Arc::clone(&report.source);
    let mut seen: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for entry in entries {
        let span = &entry.key.span;
        let name = entry.key.raw(&source).map(comparable).unwrap_or_default();
        if let Err(help) = check_name(&name) {
            report
                .add(Code::BadName, span, format!("`{}` cannot be the name of a variable", source.slice(span)))
                .help(help);
        } else if let Some(first) = seen.get(&name) {
            mapping::duplicate_key(&name, first, span, report);
        }
        let value =
            entry.value.raw(&source).map(|raw| match ends_in_a_break_that_nobody_means(&entry.value, &source) {
                true => raw.trim_end_matches(['\r', '\n']).to_owned(),
                false => raw.to_owned(),
            });
        match &value {
            Some(text) if template::is_template(text) || lookalike::statement(text).is_some() => {
                report
                    .add(Code::BadTemplate, &entry.value.span, "a variable is taken as it stands, and holds no others")
                    .help(
                        "write its text without `{{` and `{%`, or put the variables next to each other in the text of the job",
                    );
            }
            Some(text) if text_units(text) > TEXT_UNITS_MAX => {
                let message = format!("`{name}` has {} characters as Kakao counts", text_units(text));
                report
                    .add(Code::TextTooLong, &entry.value.span, message)
                    .help(format!("a whole story has at most {TEXT_UNITS_MAX}"));
            }
            Some(text) => super::notes::warn_about_leftovers(text, &entry.value.span, report),
            None => drop(mapping::text(&entry.value, &name, span, report)),
        }
        seen.entry(name.clone()).or_insert_with(|| span.clone());
        vars.insert(name, value.unwrap_or_default());
    }
    vars
}

/// A block ends with a line break that nobody means, unless its `+` asks for it.
fn ends_in_a_break_that_nobody_means(node: &Node, source: &Source) -> bool {
    let before = source.slice(&(0..node.span.start)).trim_end();
    let header = before.lines().next_back().unwrap_or_default();
    let header = header.rsplit(['|', '>']).next().unwrap_or_default();
    node.block && !header.split(' ').next().unwrap_or_default().contains('+')
}

fn check_name(name: &str) -> Result<(), String> {
    let letters = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= NAME_CHARS_MAX;
    if BUILT_IN.contains(&name) || WORDS.contains(&name) {
        return Err(format!("`{name}` means something already; choose another name"));
    }
    if letters {
        return Ok(());
    }
    Err(format!(
        "a name is letters (Hangul too), digits and `_`, at most {NAME_CHARS_MAX}, and does not begin with a digit"
    ))
}
