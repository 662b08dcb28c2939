//! Why a page cannot be shown.

use crate::store::StoreError;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(super) enum Failed {
    /// There is no such page.
    Missing(String),
    /// The daemon is about to end.
    Stopping,
    /// The database.
    Store(StoreError),
    /// The request calls us by a name that is not ours.
    ForeignName,
    /// A mistake of ours.
    Unexpected,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<askama::Error> for Failed {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page of the dashboard could not be written; please report this");
        Self::Unexpected
    }
}
