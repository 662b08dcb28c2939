//! A name between braces that are not filled in, as it was found, and how far it is looked for.

use std::ops::Range;

/// Longest part behind a name, such as a filter, before its brace is closed.
pub(super) const REST_CHARS_MAX: usize = 60;

/// A name between braces that are not filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lookalike {
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
    /// The name as it is set.
    pub(crate) name: String,
}
