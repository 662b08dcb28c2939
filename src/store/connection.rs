//! How a connection that only reads is opened, and what it means that a file cannot be opened.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;

use super::error::{StoreError, primary_code};
use super::handles;

/// How long a connection waits for another process's write (a command beside the daemon, a backup).
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Readers: the commands and pages that look while the daemon works.
pub(super) const READERS_MAX: u32 = 4;

pub(super) fn reader_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON")
        .pragma("cache_size", "-1024")
}

/// Names SQLite's own error codes where one of them has a remedy of its own.
pub(super) fn unusable(path: &Path, error: sqlx::Error) -> StoreError {
    match primary_code(&error) {
        Some(26) => StoreError::Foreign(path.into()),
        Some(11) => StoreError::Corrupt { path: path.into(), what: "malformed".into() },
        Some(14) if let Some(source) = handles::used_up() => {
            StoreError::File { doing: "open", path: path.into(), source }
        }
        Some(14 | 8) => file_error("open for writing", path, &error),
        Some(10) => file_error("read or write", path, &error),
        _ => StoreError::Database(error),
    }
}

fn file_error(doing: &'static str, path: &Path, error: &sqlx::Error) -> StoreError {
    StoreError::File { doing, path: path.into(), source: std::io::Error::other(error.to_string()) }
}
