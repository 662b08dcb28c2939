//! The lines near the place at which a reader gave up, where the value of one begins, and a value in quotes.

use std::ops::Range;

use crate::yaml::source::Source;

/// The line at the offset and the one before it, the nearer first: (byte range, text).
pub(super) fn lines(source: &Source, at: usize) -> impl Iterator<Item = (Range<usize>, &str)> {
    let index = source.line_index(at);
    [Some(index), index.checked_sub(1)].into_iter().flatten().map(|index| {
        let range = source.line_range(index);
        (range.clone(), &source.text()[range])
    })
}

/// Where the value of a line `key: value` or `- value` begins, if it has one.
pub(super) fn value_start(line: &str) -> usize {
    let bare = line.trim_start();
    let indent = line.len() - bare.len();
    if let Some(item) = bare.strip_prefix("- ") {
        return indent + bare.len() - item.trim_start().len();
    }
    match line.find(": ") {
        Some(colon) => line.len() - line[colon + 2..].trim_start().len(),
        None => indent,
    }
}

/// The value in the quotes that need no change inside, if any do.
pub(crate) fn in_quotes(value: &str) -> String {
    match (value.contains(['"', '\\']), value.contains('\'')) {
        (true, false) => format!("'{value}'"),
        _ => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}
