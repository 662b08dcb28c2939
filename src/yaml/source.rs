//! Where something stands: a text with its name, and the way from a byte offset to a line and a column.
//!
//! Owns nothing that is read from disk: `source` fills it, tests make it by hand.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Bytes between two counts of characters.
const BLOCK: usize = 1_024;

/// One text that a person edits, with the name under which problems mention it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    dir: PathBuf,
    text: String,
    line_starts: Vec<usize>,
    /// Characters before each block of [`BLOCK`] bytes, so that columns of a file on one line are not counted from its start.
    chars_before: Vec<usize>,
    confidential: bool,
}

/// File, line and column, as editors count them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, named as the user named it.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Source {
    /// `path` is what problems show; `dir` is the absolute folder that relative paths inside the text start from. A byte-order
    /// mark at the front of `text` is dropped.
    pub fn new(path: impl Into<PathBuf>, dir: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let counts = text.as_bytes().chunks(BLOCK).scan(0, |sum, block| {
            let before = *sum;
            *sum += chars(block);
            Some(before)
        });
        let chars_before = counts.collect();
        Self { path: path.into(), dir: dir.into(), text, line_starts, chars_before, confidential: false }
    }

    /// Keeps every line and every value out of all reports: any of them may be a secret, wherever it was typed.
    #[must_use]
    pub fn confidential(mut self) -> Self {
        self.confidential = true;
        self
    }

    /// Whether no report may show anything of it.
    pub fn is_confidential(&self) -> bool {
        self.confidential
    }

    /// What a report may quote in place of a part of the text: the part itself, or dots. Of a confidential text, what no secret looks
    /// like is quoted too, since who mends a value wants to see it.
    pub fn shown<'a>(&self, part: &'a str) -> &'a str {
        if self.confidential && !is_no_secret(part) { "…" } else { part }
    }

    /// The name that problems show.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The absolute folder that relative paths inside the text start from.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The whole text, without a byte-order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands in `span`; a span that cuts a character or leaves the text is clamped.
    pub fn slice(&self, span: &Range<usize>) -> &str {
        let span = self.clamp(span);
        &self.text[span]
    }

    /// Line and column of a byte offset.
    pub fn place(&self, at: usize) -> Place {
        let at = self.floor(at);
        let line = self.line_index(at);
        let start = self.line_starts.get(line).copied().unwrap_or_default();
        // Most lines are shorter than the way from the last count.
        let column = match self.text.as_bytes().get(start..at) {
            Some(before) if before.len() < BLOCK => chars(before) + 1,
            _ => self.chars_to(at) - self.chars_to(start) + 1,
        };
        Place { file: self.path.clone(), line: line + 1, column }
    }

    /// The span moved onto character boundaries inside the text. What draws excerpts panics on anything else.
    pub fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.floor(span.start);
        start..self.floor(span.end).max(start)
    }

    /// Index (from 0) of the line that holds the offset.
    pub fn line_index(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Byte range of the line with this index (from 0), without its line break.
    pub fn line_range(&self, index: usize) -> Range<usize> {
        let Some(&start) = self.line_starts.get(index) else { return self.text.len()..self.text.len() };
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| next - 1);
        start..start + self.text[start..end].trim_end_matches('\r').len()
    }

    /// The byte offset of the character with this index (from 0).
    pub fn offset_of_char(&self, index: usize) -> usize {
        self.text.char_indices().nth(index).map_or(self.text.len(), |(at, _)| at)
    }

    fn chars_to(&self, at: usize) -> usize {
        let block = at / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..at).unwrap_or_default();
        match self.chars_before.get(block) {
            Some(before) => before + chars(rest),
            // Only the very end of a text of whole blocks lies beyond the last of them.
            None => self.text.chars().count(),
        }
    }

    fn floor(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at.min(self.text.len()))
    }
}

/// Words that are typed for a value of the settings, rightly or not.
const WORDS: [&str; 26] = [
    "all",
    "always",
    "ask",
    "command",
    "email",
    "false",
    "hold",
    "local",
    "localhost",
    "mail",
    "move",
    "never",
    "no",
    "none",
    "now",
    "off",
    "on",
    "post",
    "repost",
    "retry",
    "skip",
    "slack",
    "starttls",
    "true",
    "webhook",
    "yes",
];

/// Units of time and size, as they are typed.
const UNITS: [&str; 32] = [
    "ms", "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour",
    "hours", "d", "day", "days", "w", "week", "weeks", "am", "pm", "b", "kb", "mb", "gb", "kib", "mib", "gib", "t",
];

/// Whether a part of a text is of a kind that holds no secret: a length of time, a size, a date or a time of day with short numbers,
/// or a word that everybody types. Keys and passwords are longer, or mix letters and digits otherwise.
fn is_no_secret(part: &str) -> bool {
    const DIGITS_IN_A_ROW_MAX: usize = 4;
    const DIGITS_MAX: usize = 8;
    let part = part.trim().to_ascii_lowercase();
    if WORDS.contains(&part.as_str()) {
        return true;
    }
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let longest = part.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let mut words = part.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" .:-+/,".contains(&byte))
        && part.bytes().next().is_some_and(|first| first.is_ascii_digit())
        && (longest <= DIGITS_IN_A_ROW_MAX && digits <= DIGITS_MAX)
        && words.all(|word| UNITS.contains(&word))
}

/// Every byte but the continuing ones begins a character.
fn chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_start_at_one() {
        let source = Source::new("a.yaml", "/", "\u{feff}가나: 1\r\nb: 2\n");
        assert_eq!(source.place(8).column, 5);
        assert_eq!((source.place(11).line, source.place(11).column), (2, 1));
        assert_eq!(&source.text()[source.line_range(0)], "가나: 1");
        assert_eq!(source.place(10_000).line, 3);
    }

    #[test]
    fn of_a_confidential_text_only_what_no_secret_looks_like_is_shown() {
        let source = Source::new("storyd.yaml", "/", "").confidential();
        for part in [
            "35",
            "1 m",
            "10min",
            "25:00",
            "2026-13-01",
            "9:00",
            "1.5h",
            "1h30m",
            "16 MB",
            "hold",
            "ask",
            "Off",
            "localhost",
            "yes",
        ] {
            assert_eq!(source.shown(part), part);
        }
        for part in [
            "s3cret",
            "hunter",
            "12345",
            "4953217",
            "1234-5678-9012",
            "0a1b2c3d",
            "5ecret5",
            "7f",
            "1password",
            "9 lives 9",
            "a",
            "https://u:p@example.com",
            "",
            "-35",
            "가나",
        ] {
            assert_eq!(source.shown(part), "…", "{part}");
        }
        assert_eq!(Source::new("jobs.yaml", "/", "").shown("hunter"), "hunter");
    }

    #[test]
    fn columns_are_right_far_into_a_long_line() {
        let source = Source::new("a.yaml", "/", "가".repeat(2_048));
        for at in [0, 1_023, 1_026, 3_000, 6_144] {
            assert_eq!(source.place(at).column, at / 3 + 1, "{at}");
        }
    }

    #[test]
    fn a_span_inside_a_character_is_moved_to_its_start() {
        let source = Source::new("a.yaml", "/", "가나");
        assert_eq!(source.clamp(&(1..5)), 0..3);
        assert_eq!(source.slice(&(3..99)), "나");
    }
}
