//! Whether a write that guards its row changed it.

/// Whether a guarded write hit its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// Exactly one row changed.
    Done,
    /// Somebody else moved the post first; nothing changed, and the writer's knowledge of it is out of date.
    Lost,
}

impl Written {
    pub(super) fn of(rows: u64) -> Self {
        if rows == 1 { Self::Done } else { Self::Lost }
    }
}
