//! Why the daemon stops by itself.

use crate::store::StoreError;

/// Why the daemon stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The database refused a write or a read. Nothing is sent after that: on the next start the queue is read from disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Signals or file events cannot be received.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Told twice to stop.
    #[error("stopped at once on the second signal; what was under way is settled on the next start")]
    Impatient,
}
