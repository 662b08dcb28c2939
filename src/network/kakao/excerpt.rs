//! A server's words, and what is sent to it, as they may be shown and kept: short, on one line, without what could be a token.

use crate::domain::printable;

/// Longest excerpt of a server's own words in a reason, in characters.
const EXCERPT_CHARS_MAX: usize = 200;
/// A run of this many letters and digits in a server's words may be a token, and is left out.
const SECRET_RUN_MIN: usize = 32;

/// A server's words as they may be shown: one line, no control or direction-changing characters, nothing that could be a
/// token, at most [`EXCERPT_CHARS_MAX`] characters.
pub(crate) fn excerpt(words: &str) -> String {
    excerpt_of(words, EXCERPT_CHARS_MAX)
}

/// `: "words"`, or nothing when there are none.
pub(crate) fn quoted(words: &str) -> String {
    let words = excerpt(words);
    if words.is_empty() { words } else { format!(": \"{words}\"") }
}

/// A server's words as [`excerpt`] shows them, of at most `chars_max` characters.
pub(crate) fn excerpt_of(words: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        out.push_str(if run.len() >= SECRET_RUN_MIN { "[…]" } else { run.as_str() });
        run.clear();
    };
    // Four times the limit is enough to fill it whatever is left out, and keeps the work bounded.
    for c in words.chars().take(4 * chars_max) {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            run.push(c);
            continue;
        }
        flush(&mut run, &mut out);
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if printable::acts(c) => {}
            c => out.push(c),
        }
    }
    flush(&mut run, &mut out);
    let out = out.trim();
    if out.chars().count() <= chars_max {
        return out.to_owned();
    }
    let mut cut: String = out.chars().take(chars_max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
