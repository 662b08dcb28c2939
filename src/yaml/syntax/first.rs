//! Values that begin with a sign which means something to YAML: each is told by its sign, with the line to write.

use std::ops::Range;
use std::sync::Arc;

use super::lines::{in_quotes, lines, value_start};
use crate::yaml::problem::{Code, Problem, Source};

/// Characters that cannot begin an unquoted text.
const NEVER_FIRST: [char; 12] = ['@', '`', '%', '*', '&', '!', '|', '>', '?', ',', ']', '}'];

/// Whether an unquoted text may begin with it.
pub(crate) fn may_begin(c: char) -> bool {
    !NEVER_FIRST.contains(&c) && !matches!(c, '-' | '[' | '{' | '#' | '"' | '\'' | ' ' | ':')
}

/// The sign that a value near the offset begins with, if it is to blame.
pub(crate) fn sign(source: &Arc<Source>, at: usize) -> Option<Problem> {
    bad_first_character(source, at)
        .or_else(|| braces(source, at))
        .or_else(|| bracket(source, at))
        .or_else(|| dash(source, at))
}

/// The problem of a value that begins with this sign.
fn told(source: &Arc<Source>, start: usize, first: &str, value: &str) -> Problem {
    let span = start..start + first.len();
    let message = format!("an unquoted value cannot begin with `{first}`");
    let quoted = in_quotes(source.shown(value));
    Problem::new(Code::Syntax, source, span, message).help(format!("put the value in quotes: `{quoted}`"))
}

fn bad_first_character(source: &Arc<Source>, at: usize) -> Option<Problem> {
    let (range, line) = lines(source, at).next()?;
    let start = value_start(line);
    let value = line[start..].trim_end();
    let first = value.chars().next().filter(|first| NEVER_FIRST.contains(first))?;
    // `|`, `>`, `&name`, `*name` and `? ` mean something: only what goes wrong right there is about them.
    let here = at.saturating_sub(range.start);
    let inside = (start..=start + value.len()).contains(&here);
    let named = line[..start].trim_end().ends_with([':', '-']);
    let always = matches!(first, '@' | '`' | '%') || (named && matches!(first, ',' | ']' | '}'));
    // A bracket that closes a list of several lines stands alone on its line.
    if (!always && !inside) || (!named && matches!(first, ',' | ']' | '}')) {
        return None;
    }
    Some(told(source, range.start + start, first.encode_utf8(&mut [0; 4]), value))
}

/// `content: {{ shop }}에서` is a text to people and the beginning of a mapping to YAML.
fn braces(source: &Arc<Source>, at: usize) -> Option<Problem> {
    lines(source, at).find_map(|(range, line)| {
        let start = value_start(line);
        let value = line[start..].trim_end();
        value.starts_with("{{").then(|| {
            let span = range.start + start..range.start + start + 2;
            Problem::new(Code::Syntax, source, span, "an unquoted text cannot begin with `{{`")
                .help(format!("put the whole text in quotes: `{}`", in_quotes(source.shown(value))))
        })
    })
}

/// `content: [공지] 12월 안내`: a list to YAML, behind which nothing may stand.
fn bracket(source: &Arc<Source>, at: usize) -> Option<Problem> {
    lines(source, at).find_map(|(range, line)| {
        let outer = value_start(line);
        let in_flow = line[outer..].starts_with(['{', '[']);
        let starts = std::iter::once(outer).chain(flow_starts(line, outer).filter(|_| in_flow));
        let found = starts.filter_map(|start| {
            let value = &line[start..];
            let close = closing(value).filter(|_| value.starts_with(['[', '{']) && !value.starts_with("{{"))?;
            let rest = value[close + 1..].trim_start();
            let goes_on = !rest.is_empty() && !rest.starts_with([',', ']', '}', '#', ':']);
            let end = if start == outer { value.len() } else { flow_end(value, close + 1) };
            goes_on.then(|| (start, value[..end].trim_end()))
        });
        // The reader gives up behind it, so the last one before that place is meant.
        let here = at.saturating_sub(range.start);
        let (start, value) = found.filter(|(start, _)| *start <= here || here == 0).last()?;
        Some(told(source, range.start + start, &value[..1], value))
    })
}

/// Where values of a mapping or list on one line begin.
fn flow_starts(line: &str, from: usize) -> impl Iterator<Item = usize> {
    let signs = [": ", ", ", "[", "{"];
    let mut starts: Vec<usize> = signs
        .iter()
        .flat_map(|sign| line[from..].match_indices(sign).map(|(at, sign)| from + at + sign.len()).collect::<Vec<_>>())
        .map(|at| at + line[at..].len() - line[at..].trim_start().len())
        .collect();
    starts.sort_unstable();
    starts.dedup();
    starts.into_iter()
}

/// Where a value of such a mapping ends.
fn flow_end(value: &str, from: usize) -> usize {
    value[from..].find([',', '}', ']']).map_or(value.len(), |at| from + at)
}

/// The bracket that closes the first one.
fn closing(value: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in value.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `content: - 라떼`: an entry of a list to YAML, which stands on a line of its own; and `content: : 라떼`.
fn dash(source: &Arc<Source>, at: usize) -> Option<Problem> {
    lines(source, at).find_map(|(range, line)| {
        let start = value_start(line);
        let value = line[start..].trim_end();
        let named = line[..start].trim_end().ends_with(':');
        let sign = value.get(..1).filter(|sign| named && matches!(*sign, "-" | ":") && value[1..].starts_with(' '))?;
        Some(told(source, range.start + start, sign, value))
    })
}

/// What a value that begins with this quote is to be, whole.
pub(crate) fn whole_value(source: &Source, at: usize) -> Option<(Range<usize>, &str)> {
    lines(source, at).find_map(|(range, line)| {
        let start = value_start(line);
        let value = line[start..].trim_end();
        value.starts_with(['"', '\'']).then(|| (range.start + start..range.start + start + value.len(), value))
    })
}
