//! One thing that was left behind in a text, and what the searches for them look at: the lines, and the characters around a place.

use std::ops::Range;

/// One thing that was left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// Where it stands, in bytes of the text.
    pub(crate) range: Range<usize>,
    /// One sentence.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) help: String,
}

pub(super) fn leftover(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Leftover {
    Leftover { range, message: message.into(), help: help.into() }
}

/// The character before an offset, and the one behind a length.
pub(super) fn around(text: &str, at: usize, len: usize) -> (Option<char>, Option<char>) {
    let behind = text.get(at + len..).and_then(|rest| rest.chars().next());
    (text.get(..at).and_then(|before| before.chars().next_back()), behind)
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let at = start;
        start += line.len() + 1;
        (at, line)
    })
}
