//! Where an odd character stands: in the file, in words, and what stands under the caret.

use std::ops::Range;

use crate::yaml::character::{is_seen, named};
use crate::yaml::source::Source;

/// Letters of a value that are quoted beside an odd character.
const BESIDE_MAX: usize = 24;

/// What stands under the caret.
pub(super) fn label(c: char) -> String {
    let name = named(c);
    name.split(' ').next().unwrap_or_default().to_owned()
}

/// Where a character of a value stands in the file; the whole value where it is written as an escape.
pub(crate) fn spot(source: &Source, span: &Range<usize>, text: &str, at: usize, c: char) -> Range<usize> {
    let before = text.get(..at).unwrap_or_default().matches(c).count();
    let raw = source.slice(span);
    match raw.match_indices(c).nth(before) {
        Some((found, part)) => span.start + found..span.start + found + part.len(),
        None => span.clone(),
    }
}

/// Where in its value it stands, in words: " between `2030-12-25` and `09:00`".
pub(crate) fn beside(text: &str, at: usize, c: char, hidden: bool) -> String {
    let seen = |c: &char| is_seen(*c) && !c.is_whitespace();
    let (left, right) = (text.get(..at).unwrap_or_default(), text.get(at + c.len_utf8()..).unwrap_or_default());
    let (has_left, has_right) = (left.chars().any(|c| seen(&c)), right.chars().any(|c| seen(&c)));
    if hidden {
        return match (has_left, has_right) {
            (false, true) => " at its beginning".to_owned(),
            (true, false) => " at its end".to_owned(),
            (true, true) => " in its middle".to_owned(),
            (false, false) => String::new(),
        };
    }
    let before: String = left.chars().rev().skip_while(|c| !seen(c)).take_while(seen).take(BESIDE_MAX).collect();
    let before: String = before.chars().rev().collect();
    let after: String = right.chars().skip_while(|c| !seen(c)).take_while(seen).take(BESIDE_MAX).collect();
    match (has_left, has_right) {
        (true, true) => format!(" between `{before}` and `{after}`"),
        (true, false) => format!(" behind `{before}`"),
        (false, true) => format!(" before `{after}`"),
        (false, false) => String::new(),
    }
}
