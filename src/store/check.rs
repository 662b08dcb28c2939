//! Looks at every page of the database: at start where that takes no time, else beside the work. Owns the mark beside a file in which
//! damage was found, with which the next start looks before anything touches it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::ailment::Ailment;
use super::connection::reader_options;
use super::error::{Result, StatementFailure, StoreError};
use super::handle::Store;

/// A file up to this size is looked at before the daemon starts: some 40 ms. One of a million posts would take half a minute.
pub(super) const CHECKED_AT_START_BYTES: u64 = 4 * 1024 * 1024;
/// Steps of SQLite's machine between two questions whether the check should end.
const STEPS: i32 = 10_000;

impl Store {
    /// Looks at every page, on a connection of its own, until it is `over`. What it finds puts an end to all writing, and is looked
    /// for again by the next start before it touches the file.
    ///
    /// # Errors
    /// Damage, or a file that cannot be read.
    pub async fn check_pages(&self, over: Arc<AtomicBool>) -> Result<()> {
        let mut connection = reader_options(&self.path).connect().await?;
        let asked = over.clone();
        connection.lock_handle().await?.set_progress_handler(STEPS, move || !asked.load(Ordering::Relaxed));
        let found = damage(&mut connection).await;
        let _ = connection.close().await;
        let what = match found {
            Ok(None) => return clear(&self.path),
            Ok(Some(what)) => what,
            Err(_) if over.load(Ordering::Relaxed) => return Ok(()),
            Err(error) => {
                let error = StoreError::from(error);
                if error.trouble() != StatementFailure::Damaged {
                    return Err(error);
                }
                error.in_sqlites_words()
            }
        };
        // Without the mark the next start takes a little longer to find it again.
        let _ = std::fs::write(mark(&self.path), &what);
        let why = Ailment::Damaged(what);
        self.disk.end(why.clone());
        Err(StoreError::Stopped { path: self.path.clone(), why })
    }
}

/// The first thing that is wrong with a page, if anything is.
pub(super) async fn damage(connection: &mut SqliteConnection) -> std::result::Result<Option<String>, sqlx::Error> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    Ok((found != "ok").then(|| found.replace('\n', " ")))
}

/// Whether damage was found in this file and nobody has shown since that it is gone.
pub(super) fn is_suspect(database: &Path) -> bool {
    mark(database).exists()
}

/// The file was found whole.
pub(super) fn clear(database: &Path) -> Result<()> {
    let mark = mark(database);
    match std::fs::remove_file(&mark) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::File { doing: "remove", path: mark, source })
        }
        _ => Ok(()),
    }
}

fn mark(database: &Path) -> PathBuf {
    database.with_extension("db-damaged")
}
