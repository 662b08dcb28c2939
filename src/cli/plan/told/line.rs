//! The pieces of a line of the plan: the sign of a change, and a text without its line breaks.

use crate::store::queue::ChangeKind;

pub(super) fn sign(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Cancelled => '-',
        ChangeKind::Held => '?',
        ChangeKind::Ignored => '!',
        ChangeKind::Unchanged => ' ',
    }
}

/// A text in one line, in which its line breaks can be seen.
pub(super) fn one_line(text: &str) -> String {
    text.replace('\n', " ⏎ ")
}
