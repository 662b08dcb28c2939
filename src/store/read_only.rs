//! A queue that can be looked at and not written, such as a copy on a read-only medium.

use std::path::Path;

use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use super::connection::{READERS_MAX, reader_options, unusable};
use super::error::{Result, StoreError};

/// Where nothing can be written, such as a copy on a read-only medium: both look, and what would write is refused.
pub(super) async fn connect(path: &Path) -> Result<(SqlitePool, SqlitePool)> {
    let log = log_bytes(path);
    let options = reader_options(path).immutable(log == 0);
    let pool = SqlitePoolOptions::new().max_connections(READERS_MAX).test_before_acquire(false).connect_with(options);
    let pool = match pool.await {
        Err(error) if log > 0 => {
            tracing::debug!(%error, "the log cannot be read");
            return Err(StoreError::ReadOnlyLog(path.into()));
        }
        opened => opened.map_err(|error| unusable(path, error))?,
    };
    Ok((pool.clone(), pool))
}

/// Bytes of the log beside a queue.
pub(super) fn log_bytes(path: &Path) -> u64 {
    path.with_extension("db-wal").metadata().map_or(0, |log| log.len())
}

/// Whether nothing can be written to the folder of a queue, by whoever asks.
pub(super) fn is_read_only(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    access(folder, Access::WRITE_OK).is_err() || access(path, Access::WRITE_OK).is_err()
}
