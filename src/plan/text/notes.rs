//! What is posted otherwise than it was typed, or looks otherwise than it was meant. None of it stops the loading.

use std::ops::Range;

use super::leftover::leftovers;
use super::scan::without_expressions;
use crate::domain::content::{composed, is_composed, text_units};
use crate::yaml::document::Node;
use crate::yaml::mapping::{Placed, Report};
use crate::yaml::problem::{Code, Source};

/// Joins of short lines from which on the text was probably meant to stand in lines: three lines and more.
const JOINED_MIN: usize = 2;
/// A line that ends sooner than this, in columns, was not broken because it was long.
const SHORT_LINE_COLUMNS: usize = 40;

/// What is posted otherwise than it was typed, or looks otherwise than it counts. Of a text that cannot be posted, what is wrong with it
/// besides.
pub(crate) fn notes(read: &Placed<String>, node: &Node, key: &Range<usize>, sound: bool, report: &mut Report) {
    let Placed { value, span } = read;
    if value.trim().is_empty() {
        return;
    }
    if node.plain || node.block {
        warn_about_comment(span, key, report);
    }
    warn_about_leftovers(value, span, report);
    note_folding(node, value, key, report);
    if !sound {
        return;
    }
    if value.contains('\r') {
        report
            .add(Code::LineEnds, span, "the text holds Windows line ends (`\\r`), which are posted as plain ones")
            .help("write `\\n` alone, or use a block: `content: |`");
    }
    let kept = value.trim_end();
    if value[kept.len()..].contains(|c| !matches!(c, '\n' | '\r')) {
        report
            .add(Code::TrailingBlanks, span, "the text ends in blanks, which are not posted")
            .help("remove them, or end the text with something that can be seen");
    }
    if !is_composed(value) {
        let units = text_units(value);
        report
            .add(
                Code::Decomposed,
                span,
                format!("the text is written in decomposed letters, as file names on a Mac are; Kakao counts {units} characters, and {} of it composed", text_units(&composed(value))),
            )
            .help("it is posted as it stands; type it anew, or convert it to NFC, so that each syllable is one letter");
    }
}

/// What other programs left in a text, where it stands.
pub(crate) fn warn_about_leftovers(text: &str, span: &Range<usize>, report: &mut Report) {
    let plain = without_expressions(text);
    for one in leftovers(&plain) {
        let part = plain.get(one.range.clone()).unwrap_or_default();
        let before = plain.get(..one.range.start).unwrap_or_default().matches(part).count();
        let raw = report.source.slice(span);
        let found = raw.match_indices(part).nth(before).map(|(at, _)| span.start + at..span.start + at + part.len());
        report.add(Code::Leftover, &found.unwrap_or(span.clone()), one.message).help(one.help);
    }
}

/// Short lines that YAML joins to one. Long ones were broken to be joined.
fn note_folding(node: &Node, value: &str, key: &Range<usize>, report: &mut Report) {
    let source = &report.source;
    let raw = source.slice(&node.span);
    if !raw.trim_end().contains('\n') || (node.block && !is_folded(source, node)) {
        return;
    }
    let lines: Vec<&str> = raw.trim_end().lines().collect();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let base = lines.iter().skip(1).filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    let joined = |(at, pair): &(usize, &[&str])| {
        let &[one, next] = pair else { return false };
        let apart = one.trim().is_empty() || next.trim().is_empty();
        // Lines that are indented further keep their breaks in a block. The place of the first begins behind its blanks.
        let further = |line: &str, at: usize| at > 0 && indent(line) > base;
        let kept = node.block && (further(one, *at) || further(next, at + 1));
        !apart && !kept && !one.ends_with('\\') && columns(one.trim()) < SHORT_LINE_COLUMNS
    };
    let count = lines.windows(2).enumerate().filter(joined).count();
    if count < JOINED_MIN || value.trim().is_empty() {
        return;
    }
    let how = match (node.block, node.plain) {
        (true, _) => "`>` joins",
        (_, true) => "without `|` YAML joins",
        _ => "within quotes YAML joins",
    };
    let message = format!("{how} the lines of the text: {} lines are posted as one", count + 1);
    let key = source.slice(key).to_owned();
    let item = if key == "contents" { "- ".to_owned() } else { format!("{key}: ") };
    let help = format!("write `{item}|` and the lines below it to keep the line breaks");
    report.add(Code::Folded, &node.span, message).help(help);
}

fn is_folded(source: &Source, node: &Node) -> bool {
    let before = source.slice(&(0..node.span.start)).trim_end();
    let header = before.lines().next_back().unwrap_or_default();
    header.rsplit_once(['|', '>']).is_some_and(|(head, _)| header[head.len()..].starts_with('>'))
}

/// How wide a line is, about: letters of East Asia take two columns.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum()
}

/// ` #라떼` behind a text, or on a line of its own below it, is a comment to YAML and a hashtag to everybody else. What begins no
/// further in than the key is a comment to everybody: a key that was taken out, or a remark on the next one.
fn warn_about_comment(span: &Range<usize>, key: &Range<usize>, report: &mut Report) {
    let source = &report.source;
    let key_line = source.slice(&source.line_range(source.line_index(key.start)));
    let outer = key_line.len() - key_line.trim_start_matches(' ').len();
    let mut index = source.line_index(span.end);
    let cut = loop {
        let line = source.line_range(index);
        let hash = source.slice(&(span.end.max(line.start)..line.end)).trim_start();
        let before = source.slice(&(line.start..line.end - hash.len()));
        let is_comment = hash.starts_with('#') && (before.is_empty() || before.ends_with([' ', '\t']));
        let is_inside = !before.trim().is_empty() || before.len() > outer;
        let goes_on = hash.is_empty() || (is_comment && is_inside);
        if !goes_on {
            return;
        }
        if hash.strip_prefix('#').is_some_and(|tag| tag.starts_with(char::is_alphanumeric)) {
            break line.end - hash.len()..line.end;
        }
        if line.end >= source.text().len() {
            return;
        }
        index += 1;
    };
    let message = format!("`{}` is not posted: to YAML it is a comment", source.slice(&cut).trim_end());
    report
        .add(Code::TextCut, &cut, message)
        .help("put the whole text in double quotes if it belongs to it; write a space after `#` if it is a comment");
}
