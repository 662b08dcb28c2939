//! Opens the queue: the lock, the checks that leave a doubtful file untouched, the settings that the promises rest on, the
//! migrations. Owns the connections; what is written and read with them lives in `queue` and `view`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::ballast::Ballast;
use super::check::{self, CHECKED_AT_START_BYTES};
use super::connection::{BUSY_TIMEOUT, READERS_MAX, reader_options, unusable};
use super::disk::Disk;
use super::error::{Result, StoreError};
use super::handle::{Access, Store};
use super::lock::{LOCK, RESTORING, take_lock};
use super::media::Media;
use super::migrations::{self, MIGRATIONS};
use super::queue::untouchable::Untouchable;
use super::read_only;

/// "STDY": the application ID that the first migration writes.
const APPLICATION_ID: i64 = 0x5354_4459;
/// How every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The first SQLite without the corruption that a checkpoint racing a writer could cause in WAL mode.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
/// How long a write of ours waits for the one before it. A result must be recorded even behind the longest enqueueing.
const WRITER_WAIT: Duration = Duration::from_secs(600);
/// Rows that SQLite's thread may be ahead of their reader: as many as lanes share a commit.
const ROWS_AT_ONCE: usize = 512;

impl Store {
    /// Opens `data_dir/queue.db`.
    ///
    /// # Errors
    /// A running daemon, a file that is foreign, newer or damaged (left untouched), a folder that cannot be used, a setting
    /// that did not take.
    pub async fn open(data_dir: &Path, access: Access) -> Result<Self> {
        let path = data_dir.join("queue.db");
        let lock = match access {
            Access::Daemon => {
                std::fs::create_dir_all(data_dir).map_err(|source| StoreError::Folder {
                    doing: "create the folder",
                    path: data_dir.into(),
                    source,
                })?;
                Some(take_lock(data_dir)?)
            }
            Access::Beside => None,
        };
        if data_dir.join(RESTORING).exists() {
            return Err(StoreError::Restoring(data_dir.into()));
        }
        inspect(&path, access).await.map_err(|error| match error {
            // The log cannot even be opened to be read.
            StoreError::File { .. }
                if access == Access::Beside && read_only::is_read_only(&path) && read_only::log_bytes(&path) > 0 =>
            {
                StoreError::ReadOnlyLog(path.clone())
            }
            error => error,
        })?;
        let (writer, readers) = match connect(&path, access).await {
            // The log and its index take room before anything else can be done.
            Err(_) if access == Access::Daemon && Ballast::give_up_if_full(data_dir) => connect(&path, access).await?,
            opened => opened?,
        };
        let media = Media::new(data_dir.join("media"));
        let disk = Arc::new(Disk::beneath(&path)?);
        Ok(Self {
            writer,
            readers,
            together: Arc::default(),
            disk,
            untouchable: Untouchable::default(),
            told_to_stop: AtomicBool::new(false),
            path,
            media,
            lock: Mutex::new(lock),
        })
    }

    /// Whether a daemon works on this queue, as far as can be told without holding it up: the last one has not stopped, and its process
    /// is there.
    pub async fn has_daemon(&self) -> Result<bool> {
        let last = sqlx::query_scalar!(
            r#"SELECT stopped_at IS NULL AS "runs!: bool" FROM daemon_run ORDER BY id DESC LIMIT 1"#
        );
        let runs = last.fetch_optional(&self.readers).await?.unwrap_or(false);
        let pid = || -> Option<rustix::process::Pid> {
            let pid = std::fs::read_to_string(self.path.with_file_name(LOCK)).ok()?;
            rustix::process::Pid::from_raw(pid.trim().parse().ok()?)
        };
        let is_there = |pid| !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH));
        Ok(runs && pid().is_some_and(is_there))
    }

    /// Folds what it can of the write-ahead log into the database, without waiting for readers.
    pub async fn checkpoint(&self) -> Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&self.writer).await?;
        Ok(())
    }

    /// Closes every connection and folds the write-ahead log into the database: the sign of a clean stop. Waits for statements
    /// under way; later ones fail.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// The writer, up to date, and the readers.
async fn connect(path: &Path, access: Access) -> Result<(SqlitePool, SqlitePool)> {
    if access == Access::Beside && read_only::is_read_only(path) {
        return read_only::connect(path).await;
    }
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(WRITER_WAIT)
        // A file needs no asking whether it is still there, twice on the way of each request that is due.
        .test_before_acquire(false)
        // SQLite ends a transaction by itself when the disk fails; sqlx does not notice, and could begin no other on this
        // connection.
        .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
        .connect_with(writer_options(path))
        .await
        .map_err(|error| unusable(path, error))?;
    read_settings_back(&writer).await?;
    if access == Access::Daemon {
        migrations::bring_up_to_date(&writer, path, &MIGRATIONS).await?;
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .test_before_acquire(false)
        .connect_with(reader_options(path))
        .await
        .map_err(|error| unusable(path, error))?;
    Ok((writer, readers))
}

/// The settings of the writer, as connection options: a pragma sent through a pool would reach one connection only.
fn writer_options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    // Only where there is no database yet: to one that has it this pragma writes a page at each opening, and a start on a full disk
    // must wait without any write.
    let exists = path.metadata().is_ok_and(|found| found.len() > 0);
    let options = if exists { options } else { options.auto_vacuum(SqliteAutoVacuum::Incremental) };
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // The rows of a whole batch at once, instead of waking their reader for a few at a time.
        .row_buffer_size(ROWS_AT_ONCE)
        // Without it INSERT OR REPLACE deletes rows without asking the triggers that guard them.
        .pragma("recursive_triggers", "ON")
        .pragma("journal_size_limit", "67108864")
        // Pages of the log: a drain touches most of them again and again, and each is folded into the database once a round.
        .pragma("wal_autocheckpoint", "4000")
        .pragma("cell_size_check", "ON")
        // macOS: plain fsync does not reach the platter. Elsewhere without effect.
        .pragma("fullfsync", "ON")
        // KiB: what a batch of lanes touches stays at hand instead of being read anew for each.
        .pragma("cache_size", "-8192")
        // What a statement may have to take back is kept at hand, not in a file that each statement makes and unlinks.
        .pragma("temp_store", "MEMORY")
}

/// An unknown or refused pragma is silent in SQLite, so each one that a promise rests on is read back.
async fn read_settings_back(writer: &SqlitePool) -> Result<()> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(writer).await?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found < SQLITE_MIN || found == (3, 52, 0) {
        return Err(StoreError::Pragma { name: "sqlite_version", found: version, wanted: "3.51.3 or later" });
    }
    let expected: [(&'static str, &'static str, &'static str); 4] = [
        ("synchronous", "PRAGMA synchronous", "2"),
        ("foreign_keys", "PRAGMA foreign_keys", "1"),
        ("recursive_triggers", "PRAGMA recursive_triggers", "1"),
        ("journal_mode", "PRAGMA journal_mode", "wal"),
    ];
    for (name, sql, wanted) in expected {
        let row = sqlx::query(sql).fetch_one(writer).await?;
        let found = pragma_text(&row);
        if found != wanted {
            return Err(StoreError::Pragma { name, found, wanted });
        }
    }
    Ok(())
}

fn pragma_text(row: &sqlx::sqlite::SqliteRow) -> String {
    use sqlx::Row;
    match row.try_get::<i64, _>(0) {
        Ok(number) => number.to_string(),
        Err(_) => row.try_get::<String, _>(0).unwrap_or_default(),
    }
}

/// Looks at an existing file in ways that change nothing, before anything else touches it.
async fn inspect(path: &Path, access: Access) -> Result<()> {
    let unreadable = |source| StoreError::File { doing: "read", path: path.into(), source };
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut header).map_err(unreadable)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return unborn(path, access),
        Err(source) => return Err(unreadable(source)),
    };
    if header.is_empty() {
        return unborn(path, access);
    }
    if header != MAGIC {
        return Err(StoreError::Foreign(path.into()));
    }
    // Without a log beside it the file is whole, and SQLite can be kept from creating one.
    let whole = !path.with_extension("db-wal").exists();
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(whole)
        .busy_timeout(BUSY_TIMEOUT)
        .connect()
        .await
        .map_err(|error| unusable(path, error))?;
    let verdict = inspect_with(&mut connection, path, access).await;
    let _ = connection.close().await;
    verdict
}

/// There is no queue yet, or one whose daemon died before it had made anything of it.
fn unborn(path: &Path, access: Access) -> Result<()> {
    match access {
        Access::Daemon => Ok(()),
        Access::Beside => Err(StoreError::Missing(path.into())),
    }
}

async fn inspect_with(connection: &mut SqliteConnection, path: &Path, access: Access) -> Result<()> {
    let refused = |error| unusable(path, error);
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await.map_err(refused)?;
    if id != APPLICATION_ID {
        // A process that dies inside the very first migration leaves a file with its header alone, or with the bookkeeping
        // table of the migrations.
        let others: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE tbl_name <> '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(refused)?;
        return if id == 0 && others == 0 { unborn(path, access) } else { Err(StoreError::Foreign(path.into())) };
    }
    let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success")
        .fetch_one(&mut *connection)
        .await
        .map_err(refused)?;
    let known = migrations::newest(&MIGRATIONS);
    if found > known {
        return Err(StoreError::Newer { path: path.into(), found, known });
    }
    migrations::same_as_ours(connection, path, &MIGRATIONS).await?;
    if access == Access::Beside {
        return if found < known { Err(StoreError::Older { path: path.into(), found, known }) } else { Ok(()) };
    }
    // A file that is larger is looked at while the daemon works, unless that found something the last time.
    let small = std::fs::metadata(path).is_ok_and(|meta| meta.len() <= CHECKED_AT_START_BYTES);
    if !small && !check::is_suspect(path) {
        return Ok(());
    }
    match check::damage(connection).await.map_err(refused)? {
        Some(what) => Err(StoreError::Corrupt { path: path.into(), what }),
        None => check::clear(path),
    }
}

#[cfg(test)]
mod tests;
