//! The schema of the queue through the versions of storyd: whether a file follows the same steps as this build, and the way up from an
//! earlier one, with a copy of what was there before.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sqlx::SqliteConnection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqlitePool;

use super::backup;
use super::connection::unusable;
use super::error::{Result, StoreError};
use super::files::sync_folder;

/// The steps that this build knows.
pub(super) static MIGRATIONS: Migrator = sqlx::migrate!();

/// The last step of a list.
pub(super) fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Whether the steps that a file went through are those of this build. A build from another commit may have a step of the same number
/// that makes other tables; nothing in such a file is damaged, and nothing of it can be read here.
///
/// # Errors
/// They are not.
pub(super) async fn same_as_ours(connection: &mut SqliteConnection, path: &Path, migrator: &Migrator) -> Result<()> {
    let steps: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(connection)
            .await
            .map_err(|error| unusable(path, error))?;
    let other = steps.into_iter().find(|(version, checksum)| {
        migrator.iter().any(|ours| ours.version == *version && ours.checksum.as_ref() != checksum.as_slice())
    });
    other.map_or(Ok(()), |(version, _)| Err(StoreError::OtherBuild { path: path.into(), version }))
}

/// Takes the steps that a file lacks. Before that the queue as it is goes into a folder beside it, so that one can go
/// back to the version that made it.
///
/// # Errors
/// The copy cannot be made, or a step fails; then nothing was changed.
pub(super) async fn bring_up_to_date(writer: &SqlitePool, path: &Path, migrator: &Migrator) -> Result<()> {
    let mut connection = writer.acquire().await?;
    let (found, known) = (schema_of(&mut connection).await?, newest(migrator));
    let copy = match found {
        1.. if found < known => Some(copy(&mut connection, path, known).await?),
        _ => None,
    };
    migrator.run_direct(None, &mut *connection, false).await.map_err(|error| failed(path, error))?;
    if let Some(copy) = copy {
        tracing::warn!(
            "the queue was brought from schema {found} to {known}; as it was it lies in {0}: the version before restores it with \
             `storyd admin restore {0}`. Remove it once this version has proved itself",
            copy.display()
        );
    }
    Ok(())
}

/// The last step that a file went through; zero before the first.
async fn schema_of(connection: &mut SqliteConnection) -> Result<i64> {
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *connection)
        .await?;
    if tables == 0 {
        return Ok(0);
    }
    let sql = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// A backup of the queue, whole and on disk before anything is changed: who goes back to the version before restores it, and Kakao's
/// lists tell what was posted since. One of an earlier try is replaced: a step that fails at each start must not fill the disk.
async fn copy(connection: &mut SqliteConnection, path: &Path, known: i64) -> Result<PathBuf> {
    let folder = path.with_file_name(format!("before-schema-{known}"));
    let partial = path.with_file_name(format!(".before-schema-{known}"));
    let failed = |doing| {
        let path = partial.clone();
        move |source| StoreError::File { doing, path, source }
    };
    for old in [&partial, &folder].into_iter().filter(|old| old.exists()) {
        fs::remove_dir_all(old).map_err(failed("clear"))?;
    }
    fs::create_dir(&partial).map_err(failed("create the folder"))?;
    let database = partial.join("queue.db");
    sqlx::query("VACUUM INTO $1").bind(database.to_string_lossy().into_owned()).execute(connection).await?;
    // Whatever was recorded is in it: the file system says when it was written last, and nothing of the queue has changed since.
    let written = fs::File::open(&database).and_then(|file| file.sync_all().and_then(|()| file.metadata()?.modified()));
    let made_at = Timestamp::try_from(written.map_err(failed("sync"))?).unwrap_or(Timestamp::UNIX_EPOCH);
    backup::label(&partial, made_at, 0, Vec::new()).await?;
    fs::rename(&partial, &folder).map_err(failed("rename"))?;
    if let Some(parent) = folder.parent() {
        sync_folder(parent).map_err(failed("sync"))?;
    }
    Ok(folder)
}

fn failed(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => {
            StoreError::Newer { path: path.into(), found, known: newest(&MIGRATIONS) }
        }
        MigrateError::VersionMismatch(version) => StoreError::OtherBuild { path: path.into(), version },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(path, error),
        other => StoreError::Corrupt { path: path.into(), what: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Store};

    /// The steps of this build, and one more.
    async fn and_then(sql: &str) -> Migrator {
        let steps = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), steps.path().join(entry.file_name())).unwrap();
        }
        std::fs::write(steps.path().join("9000_more.sql"), sql).unwrap();
        Migrator::new(steps.path()).await.unwrap()
    }

    async fn names(store: &Store, table: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(format!("SELECT name FROM {table}"));
        sqlx::query_scalar(sql).fetch_all(&store.writer).await.unwrap()
    }

    #[tokio::test]
    async fn before_a_step_is_taken_the_queue_is_copied_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
        sqlx::query("INSERT INTO account (name) VALUES ('cafe')").execute(&store.writer).await.unwrap();
        let copy = dir.path().join("before-schema-9000");
        // One that fails leaves the queue as it was, and the copy: at each start anew, in the same file.
        let broken = and_then("CREATE TABLE more (name TEXT) STRICT; INSERT INTO nowhere VALUES (1)").await;
        for _ in 0..2 {
            bring_up_to_date(&store.writer, store.path(), &broken).await.unwrap_err();
            assert_eq!(names(&store, "account").await, ["cafe"]);
            assert_eq!(schema_of(&mut store.writer.acquire().await.unwrap()).await.unwrap(), newest(&MIGRATIONS));
            assert!(copy.join("backup.json").exists());
        }
        let more = and_then("CREATE TABLE more (name TEXT) STRICT; INSERT INTO more SELECT name FROM account").await;
        bring_up_to_date(&store.writer, store.path(), &more).await.unwrap();
        assert_eq!(names(&store, "more").await, ["cafe"]);
        let files = || std::fs::read_dir(dir.path()).unwrap().count();
        let label = || std::fs::read(copy.join("backup.json")).unwrap();
        let before = (files(), label());
        bring_up_to_date(&store.writer, store.path(), &more).await.unwrap();
        assert!(before == (files(), label()), "what is up to date is not copied");
        store.close().await;

        // This build stands for the version before. What it restores goes out only after Kakao's lists were read.
        let now = "2099-01-01T00:00:00Z".parse().unwrap();
        backup::restore(&copy, dir.path(), "anna", now).await.unwrap();
        let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
        assert_eq!(names(&store, "account").await, ["cafe"]);
        assert_eq!(schema_of(&mut store.writer.acquire().await.unwrap()).await.unwrap(), newest(&MIGRATIONS));
        store.close().await;
    }

    #[tokio::test]
    async fn a_queue_that_is_made_anew_has_nothing_to_copy() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path(), Access::Daemon).await.unwrap().close().await;
        let copies = std::fs::read_dir(dir.path()).unwrap();
        let copies = copies.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("before"));
        assert_eq!(copies.count(), 0);
    }
}
