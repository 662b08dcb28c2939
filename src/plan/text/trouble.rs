//! Why a text with variables cannot be made: where in it, what it is, and what to write instead.

use std::fmt;
use std::ops::Range;

/// Why a text cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// What it is about, as bytes of the template; empty when nobody knows.
    pub(crate) range: Range<usize>,
    /// The name that nobody set, if that is the trouble.
    pub(crate) unknown: Option<String>,
    /// Whether it is wrong at any time.
    pub(crate) always: bool,
    /// One sentence without a final period.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) help: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for TemplateError {}

/// What is wrong with a part of a text, at some times at least.
pub(crate) fn trouble(range: Range<usize>, message: String, help: String) -> TemplateError {
    TemplateError { range, unknown: None, always: false, message, help }
}

/// The same, wrong at any time.
pub(crate) fn always(error: TemplateError) -> TemplateError {
    TemplateError { always: true, ..error }
}
