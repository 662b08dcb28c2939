//! Opening the queue: what is refused and left as it was, what is taken up again, and who may work on it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use storyd::domain::post::PostState;
use storyd::store::queue::Swept;
use storyd::store::{Access, StatementFailure, Store, StoreError};

use crate::support::queue::{Queue, note, t};

const BOTH: [Access; 2] = [Access::Daemon, Access::Beside];

fn db(dir: &Path) -> PathBuf {
    dir.join("queue.db")
}

fn hash(path: &Path) -> Vec<u8> {
    Sha256::digest(std::fs::read(path).unwrap()).to_vec()
}

/// Opens and says why not; the file must be what it was before.
async fn refused(dir: &Path, access: Access) -> StoreError {
    let before = hash(&db(dir));
    let error = Store::open(dir, access).await.expect_err("refused");
    assert_eq!(hash(&db(dir)), before, "the file was touched: {error}");
    error
}

/// Makes a database with other means than ours, and closes it.
async fn database(dir: &Path, journal: SqliteJournalMode, sql: &str) {
    let options = SqliteConnectOptions::new().filename(db(dir)).create_if_missing(true).journal_mode(journal);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A copy of a data folder as a power cut would leave it: nothing was closed.
fn after_power_cut(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["queue.db", "queue.db-wal", "storyd.lock"] {
        std::fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Turns every bit of some pages behind the first ones.
fn spoil(path: &Path, pages: std::ops::Range<usize>) {
    let mut bytes = std::fs::read(path).unwrap();
    for byte in &mut bytes[pages.start * 4096..pages.end * 4096] {
        *byte = !*byte;
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    for journal in [SqliteJournalMode::Delete, SqliteJournalMode::Wal] {
        for sql in ["CREATE TABLE t (a); INSERT INTO t VALUES (1)", "PRAGMA application_id = 7; CREATE TABLE t (a)"] {
            let dir = tempfile::tempdir().unwrap();
            database(dir.path(), journal, sql).await;
            for access in BOTH {
                let error = refused(dir.path(), access).await;
                assert!(matches!(error, StoreError::Foreign(_)), "{error}");
            }
            let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
            let beside = left.iter().filter(|name| *name != "queue.db" && *name != "storyd.lock").count();
            assert_eq!(beside, 0, "{left:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    for bytes in [b"jobs:\n  a: 1\n".to_vec(), vec![0; 8192], vec![b'x'; 8192]] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(db(dir.path()), bytes).unwrap();
        for access in BOTH {
            let error = refused(dir.path(), access).await;
            assert!(matches!(error, StoreError::Foreign(_)), "{error}");
            assert!(error.to_string().contains("is not a storyd queue and was left untouched"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_command_finds_no_queue_before_the_daemon_has_made_one() {
    let dir = tempfile::tempdir().unwrap();
    let error = Store::open(dir.path(), Access::Beside).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing(_)), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "looking creates nothing");
    std::fs::write(db(dir.path()), b"").unwrap();
    let error = refused(dir.path(), Access::Beside).await;
    assert!(matches!(error, StoreError::Missing(_)), "{error}");
}

#[tokio::test]
async fn a_daemon_makes_its_folder_and_its_queue() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("var/lib/storyd");
    Store::open(&deep, Access::Daemon).await.unwrap().close().await;
    Store::open(&deep, Access::Beside).await.unwrap().close().await;
}

#[tokio::test]
async fn a_daemon_that_died_in_its_very_first_moments_begins_again() {
    let bookkeeping = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
        execution_time BIGINT NOT NULL)";
    for sql in [None, Some("PRAGMA user_version = 0"), Some(bookkeeping)] {
        let dir = tempfile::tempdir().unwrap();
        match sql {
            Some(sql) => database(dir.path(), SqliteJournalMode::Wal, sql).await,
            None => std::fs::write(db(dir.path()), b"").unwrap(),
        }
        let error = refused(dir.path(), Access::Beside).await;
        assert!(matches!(error, StoreError::Missing(_)), "{sql:?}: {error}");
        let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
        store.enqueue_by_hand(&note("a", t(0)), "kim", t(-60)).await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn a_queue_of_a_later_version_is_left_alone() {
    let queue = Queue::new().await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', 1, x'00', 0)";
    queue.sql(later).await.unwrap();
    let Queue { dir, store } = queue;
    store.close().await;
    for access in BOTH {
        let error = refused(dir.path(), access).await;
        assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_queue_of_a_build_with_another_first_step_is_told_as_what_it_is() {
    for of in ["SELECT 1", "DROP TABLE preflight", "UPDATE _sqlx_migrations SET description = 'another'"] {
        let queue = Queue::new().await;
        queue.sql(&format!("{of}; UPDATE _sqlx_migrations SET checksum = x'00'")).await.unwrap();
        let Queue { dir, store } = queue;
        store.close().await;
        for access in BOTH {
            let error = refused(dir.path(), access).await;
            assert!(matches!(error, StoreError::OtherBuild { version: 1, .. }), "{error}");
            let told = error.to_string();
            assert!(told.contains("by another build") && told.contains("storyd --version"), "{told}");
            assert!(!told.contains("recover") && !told.contains("restore a backup"), "advice that cannot help: {told}");
        }
    }
}

#[tokio::test]
async fn a_command_leaves_it_to_the_daemon_to_bring_a_queue_up_to_date() {
    let queue = Queue::new().await;
    queue.sql("UPDATE _sqlx_migrations SET version = 0").await.unwrap();
    let Queue { dir, store } = queue;
    store.close().await;
    let error = refused(dir.path(), Access::Beside).await;
    assert!(matches!(error, StoreError::Older { found: 0, .. }), "{error}");
    assert!(error.to_string().contains("start this version's `storyd run` once"), "{error}");
}

#[tokio::test]
async fn a_damaged_queue_is_left_as_it_is_after_an_unclean_stop() {
    let queue = Queue::new().await;
    for n in 0..200 {
        queue.enqueue(&note(&format!("job-{n}"), t(n)), t(-60)).await;
    }
    queue.store.checkpoint().await.unwrap();
    queue.enqueue(&note("last", t(0)), t(-60)).await;
    let cut = after_power_cut(queue.dir.path());
    spoil(&db(cut.path()), 8..24);
    let wal = hash(&cut.path().join("queue.db-wal"));
    let error = refused(cut.path(), Access::Daemon).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("restore a backup"), "{error}");
    assert_eq!(hash(&cut.path().join("queue.db-wal")), wal, "what can be recovered is still there");
}

#[tokio::test]
async fn a_queue_that_was_damaged_while_nothing_ran_is_left_as_it_is() {
    let queue = Queue::new().await;
    for n in 0..200 {
        queue.enqueue(&note(&format!("job-{n}"), t(n)), t(-60)).await;
    }
    let Queue { dir, store } = queue;
    store.close().await;
    spoil(&db(dir.path()), 8..24);
    let error = refused(dir.path(), Access::Daemon).await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_first_page_is_no_queue() {
    let queue = Queue::new().await;
    let Queue { dir, store } = queue;
    store.close().await;
    spoil(&db(dir.path()), 0..1);
    let error = refused(dir.path(), Access::Daemon).await;
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_power_cut() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    drop(queue.intend("cafe", t(0)).await);
    let cut = after_power_cut(queue.dir.path());
    let store = Store::open(cut.path(), Access::Daemon).await.unwrap();
    assert_eq!(store.sweep_boot(t(1)).await.unwrap(), Swept { doubted: 1, ..Swept::default() });
    assert_eq!(store.counts().await.unwrap(), [(PostState::InDoubt, 1)]);
    store.close().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = Store::open(&file.join("data"), Access::Daemon).await.unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("cannot create the folder") && told.contains("file/data"), "{told}");
    std::fs::create_dir(db(dir.path())).unwrap();
    for access in BOTH {
        let error = Store::open(dir.path(), access).await.unwrap_err();
        assert!(matches!(error, StoreError::File { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_second_daemon_is_told_which_one_runs() {
    let queue = Queue::new().await;
    let error = Store::open(queue.dir.path(), Access::Daemon).await.unwrap_err();
    let own = std::process::id();
    assert!(matches!(error, StoreError::Running { pid: Some(pid), .. } if pid == own), "{error}");
    assert!(error.to_string().contains(&format!("(process {own})")), "{error}");
    let Queue { dir, store } = queue;
    store.close().await;
    Store::open(dir.path(), Access::Daemon).await.unwrap().close().await;
}

#[tokio::test]
async fn a_lock_file_that_a_dead_daemon_left_is_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("storyd.lock"), b"4294967294 and more").unwrap();
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    let pid = std::fs::read_to_string(dir.path().join("storyd.lock")).unwrap();
    assert_eq!(pid, std::process::id().to_string());
    store.close().await;
}

#[tokio::test]
async fn a_clean_stop_leaves_one_file() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let Queue { dir, store } = queue;
    assert!(dir.path().join("queue.db-wal").exists());
    store.close().await;
    for name in ["queue.db-wal", "queue.db-shm"] {
        assert!(!dir.path().join(name).exists(), "{name}");
    }
    // A command that comes and goes by itself leaves no trace either.
    let store = Store::open(dir.path(), Access::Beside).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), [(PostState::Scheduled, 1)]);
    store.close().await;
    assert!(!dir.path().join("queue.db-wal").exists());
}

#[tokio::test]
async fn a_command_beside_the_daemon_sees_its_work_and_is_seen() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let beside = Store::open(queue.dir.path(), Access::Beside).await.unwrap();
    assert_eq!(beside.post(post).await.unwrap().unwrap().state, PostState::Scheduled);
    beside.cancel(post, "anna", "", t(-50)).await.unwrap();
    assert_eq!(queue.state(post).await, PostState::Cancelled);
    beside.close().await;
    let other = queue.add(&note("b", t(0))).await;
    let beside = Store::open(queue.dir.path(), Access::Beside).await.unwrap();
    drop(queue.claim("cafe", t(0)).await.unwrap());
    assert_eq!(beside.post(other).await.unwrap().unwrap().state, PostState::Claimed);
    beside.close().await;
    assert!(queue.dir.path().join("queue.db-wal").exists(), "the daemon's log is the daemon's");
}

#[tokio::test]
async fn a_command_beside_the_daemon_waits_for_a_write_under_way() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let beside = Store::open(queue.dir.path(), Access::Beside).await.unwrap();
    let mut other = queue.connection().await;
    sqlx::raw_sql("BEGIN IMMEDIATE; UPDATE account SET next_at = 1").execute(&mut other).await.unwrap();
    let cancel = beside.cancel(post, "anna", "", t(-50));
    let commit = async {
        tokio::task::yield_now().await;
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    };
    let (cancelled, ()) = tokio::join!(cancel, commit);
    cancelled.unwrap();
    beside.close().await;
}

/// What SQLite reports with this code.
#[derive(Debug)]
struct Reported(i64);

impl std::fmt::Display for Reported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(code: {})", self.0)
    }
}

impl std::error::Error for Reported {}

impl sqlx::error::DatabaseError for Reported {
    fn message(&self) -> &str {
        "reported"
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.0.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> sqlx::error::ErrorKind {
        sqlx::error::ErrorKind::Other
    }
}

#[test]
fn what_passes_by_itself_is_told_apart_from_what_takes_a_person() {
    let system = |code| std::io::Error::from_raw_os_error(code);
    let file = |code| StoreError::File { doing: "read", path: "/data/queue.db".into(), source: system(code) };
    let folder = |code| StoreError::Folder { doing: "create the folder", path: "/data".into(), source: system(code) };
    let reported = |code| StoreError::Database(sqlx::Error::Database(Box::new(Reported(code))));
    // Numbers of Linux: no memory, no handles in the process, none on the machine, no room, no such file, not permitted, a failed disk.
    for (error, trouble) in [
        (reported(7), StatementFailure::Exhausted),
        (reported(7 | (1 << 8)), StatementFailure::Exhausted),
        (reported(5), StatementFailure::Busy),
        (reported(10), StatementFailure::Disk),
        (reported(11), StatementFailure::Damaged),
        (reported(13), StatementFailure::Full),
        (reported(14), StatementFailure::Disk),
        (file(12), StatementFailure::Exhausted),
        (file(23), StatementFailure::Exhausted),
        (file(24), StatementFailure::Exhausted),
        (file(28), StatementFailure::Full),
        (file(2), StatementFailure::Other),
        (file(13), StatementFailure::Other),
        (folder(24), StatementFailure::Exhausted),
        (folder(28), StatementFailure::Full),
        (folder(2), StatementFailure::Disk),
        (folder(13), StatementFailure::Disk),
        (folder(5), StatementFailure::Disk),
    ] {
        assert_eq!(error.trouble(), trouble, "{error}");
        assert_eq!(trouble == StatementFailure::Exhausted, error.to_string().contains("raise its limits"), "{error}");
    }
}
