//! Slips that YAML lets pass and that nobody means: a remark where a value belongs, a list's dash without a blank, a blank that
//! is none, a key on the wrong level. Only the telling of them; what is wrong is found elsewhere.

use std::ops::Range;

use super::problem::Source;

/// `content: #카페` has no value: what follows the `#` is a remark.
pub(super) fn remark_in_place_of_a_value(source: &Source, key_span: &Range<usize>) -> Option<String> {
    let line = source.line_range(source.line_index(key_span.end));
    let rest = source.slice(&(key_span.end..line.end)).trim_start().strip_prefix(':')?.trim();
    rest.strip_prefix('#')
        .is_some_and(|tag| tag.starts_with(char::is_alphanumeric))
        .then(|| source.shown(rest).to_owned())
}

/// A blank that is not the one of the space bar, or a mark without a width.
pub(super) fn invisible(name: &str) -> Option<char> {
    name.chars()
        .find(|c| (c.is_whitespace() && *c != ' ') || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
}

/// `-menu` in place of `- menu`.
pub(super) fn dash_without_blank(item: &str) -> bool {
    item.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_alphanumeric))
}

/// Where a key belongs that is known, but not here.
pub(super) fn elsewhere(what: &str, key: &str) -> Option<String> {
    const OF_FILE: [&str; 5] = ["version", "zone", "defaults", "blackouts", "jobs"];
    const OF_JOB: [&str; 14] = [
        "at",
        "cron",
        "from",
        "until",
        "except",
        "type",
        "content",
        "contents",
        "images",
        "url",
        "delete_at",
        "permission",
        "late",
        "tags",
    ];
    match what {
        "a job" | "`defaults`" if OF_FILE.contains(&key) => {
            Some(format!("`{key}` belongs to the whole file: write it at the beginning of a line, before `jobs:`"))
        }
        "`defaults`" if OF_JOB.contains(&key) => Some(format!("`{key}` belongs to each job: write it there")),
        "a job file" if OF_JOB.contains(&key) => {
            Some(format!("`{key}` belongs to a job: write it below the job's name, two spaces further in than that"))
        }
        _ => None,
    }
}
