//! What the store did not do, what that means for whoever asked, and the sentence that tells it.

use std::path::PathBuf;

use super::ailment::Ailment;
use super::{ballast, handles};

/// What the database did not do, named by what follows from it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another daemon holds the lock.
    #[error("another storyd{} already runs on {path}; stop it first, or give this one a data_dir of its own", pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    Running {
        /// The data folder.
        path: PathBuf,
        /// The other process, when it could be read.
        pid: Option<u32>,
    },
    /// There is no database.
    #[error("there is no queue at {0}; start `storyd run` first, or point --settings at the right storyd.yaml")]
    Missing(PathBuf),
    /// The file is not ours.
    #[error("{0} is not a storyd queue and was left untouched; move it away, or set another data_dir")]
    Foreign(PathBuf),
    /// A later version of storyd wrote it.
    #[error(
        "{path} was written by a newer storyd (schema {found}; this one knows {known}) and was left untouched; install that version again, or restore a backup"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The last version that this program knows.
        known: i64,
    },
    /// An earlier version wrote it, and only the daemon brings it up to date.
    #[error(
        "{path} has schema {found}, this storyd needs {known}; start this version's `storyd run` once, which brings it up to date"
    )]
    Older {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version that this program needs.
        known: i64,
    },
    /// A build of storyd made it that takes another way to the same schema version.
    #[error(
        "{path} was made by another build of storyd: its step {version} of the schema is not the one that this build knows. It is not \
         damaged, and was left untouched. Go on with the build that made it (`storyd --version` names the commit of each), or set \
         another data_dir for this one"
    )]
    OtherBuild {
        /// The database file.
        path: PathBuf,
        /// The first step that differs.
        version: i64,
    },
    /// A backup was being put in place.
    #[error("a restore into {0} was interrupted; run the same `storyd admin restore` again, which completes it")]
    Restoring(PathBuf),
    /// The file is damaged.
    #[error(
        "{path} is damaged ({what}) and was left untouched; restore a backup, or recover it with `sqlite3 {path} .recover`"
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What SQLite found.
        what: String,
    },
    /// Something lies where a new folder is to be made.
    #[error("{0} is there already, and was left as it is; name a folder that does not exist yet")]
    Exists(PathBuf),
    /// The data folder cannot be made or entered: what it lies on may not be there yet.
    #[error("cannot {doing} {path}: {source}; {}", hint(source))]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The log of a queue cannot be read where nothing can be written.
    #[error(
        "{0} has a log beside it that can only be read in a folder that can be written to; copy the folder to such a place, and look \
         at the copy with --data-dir"
    )]
    ReadOnlyLog(PathBuf),
    /// A folder or file could not be used.
    #[error("cannot {doing} {path}: {source}; {}", hint(source))]
    File {
        /// What was tried: `create`, `read`, …
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A setting that the promises rest on did not take.
    #[error(
        "SQLite reports {name}={found} where storyd needs {wanted}; this build or file system cannot keep its promises"
    )]
    Pragma {
        /// The pragma.
        name: &'static str,
        /// What was read back.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The bytes of an image do not match the hash that the plan holds.
    #[error("the image {0} changed while it was being taken over; save it and load the job files again")]
    ImageChanged(PathBuf),
    /// An image of a post is not in the media folder.
    #[error(
        "the stored image {0} is missing or damaged; restore the media folder from a backup, or cancel the post and enqueue it anew"
    )]
    ImageLost(PathBuf),
    /// A value in the database that no version of storyd writes.
    #[error("the queue holds {what}, which no storyd writes; restore a backup")]
    Nonsense {
        /// What was read.
        what: String,
    },
    /// The disk failed, or the file was found damaged or gone, while it was in use: nothing is written any more.
    #[error("{path} {why}")]
    Stopped {
        /// The database file.
        path: PathBuf,
        /// What happened.
        why: Ailment,
    },
    /// A statement refused what one post brought with it.
    #[error("{what}")]
    Refused {
        /// The post.
        post: i64,
        /// What was refused, and in which words.
        what: String,
    },
    /// Anything else that SQLite reports.
    #[error("{}", told(.0))]
    Database(#[from] sqlx::Error),
}

/// What a failed statement means for what may be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementFailure {
    /// Another program held the database for too long: trying again may do.
    Busy,
    /// There is no room on the disk; nothing was written.
    Full,
    /// The disk failed, or does not let itself be written any more.
    Disk,
    /// A page does not hold what it should.
    Damaged,
    /// A statement refused a value, or a row holds one that cannot be read: the disk and every other row are as good as before.
    Refused,
    /// The process has no memory or no file handles left, which passes: starting again may do.
    Exhausted,
    /// Something else.
    Other,
}

impl StoreError {
    /// Whether another program merely held the database for too long: trying again may do.
    pub fn is_busy(&self) -> bool {
        self.trouble() == StatementFailure::Busy
    }

    /// What it means for what may be done next.
    pub fn trouble(&self) -> StatementFailure {
        match self {
            Self::Database(error) => trouble_of(error),
            Self::Stopped { why: Ailment::Damaged(_), .. } | Self::Corrupt { .. } => StatementFailure::Damaged,
            // Starting again would make an empty queue in its place: a person must bring it back first.
            Self::Stopped { why: Ailment::Gone(_), .. } => StatementFailure::Other,
            Self::Stopped { .. } => StatementFailure::Disk,
            Self::File { source, .. } | Self::Folder { source, .. } if ballast::is_want_of_room(source) => {
                StatementFailure::Full
            }
            Self::File { source, .. } | Self::Folder { source, .. } if handles::is_want_of(source) => {
                StatementFailure::Exhausted
            }
            Self::Folder { .. } => StatementFailure::Disk,
            Self::Refused { .. } | Self::Nonsense { .. } => StatementFailure::Refused,
            _ => StatementFailure::Other,
        }
    }

    /// The same, with the post that it is about, where a statement refused what that post brought.
    pub fn of_post(self, post: i64) -> Self {
        match self {
            Self::Refused { .. } => self,
            other if other.trouble() == StatementFailure::Refused => Self::Refused { post, what: other.to_string() },
            other => other,
        }
    }

    /// The same with words before it, where a statement refused what a post brought.
    pub fn saying(self, words: &str) -> Self {
        match self {
            Self::Refused { post, what } => Self::Refused { post, what: format!("{words}; {what}") },
            other => other,
        }
    }

    /// What SQLite calls it.
    pub(super) fn in_sqlites_words(&self) -> String {
        match self {
            Self::Database(sqlx::Error::Database(database)) => database.to_string(),
            other => other.to_string(),
        }
    }
}

/// What helps when memory or file handles ran out.
const EXHAUSTED: &str = "the process has no memory or no file handles left: raise its limits (`LimitNOFILE=` and `MemoryMax=` under \
                         systemd, `ulimit -n` in a shell) or end what uses them up, then start it again";

fn hint(error: &std::io::Error) -> &'static str {
    if ballast::is_want_of_room(error) {
        "free some space there (`df -h` tells where), then try again"
    } else if handles::is_want_of(error) {
        EXHAUSTED
    } else {
        "check that the folder exists and belongs to the user that runs storyd"
    }
}

/// SQLite's result code, without what an extended code adds to it.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i64> {
    let sqlx::Error::Database(database) = error else { return None };
    // The low byte of an extended code is the plain one.
    database.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff)
}

fn trouble_of(error: &sqlx::Error) -> StatementFailure {
    const ERROR: i64 = 1;
    const BUSY: i64 = 5;
    const NOMEM: i64 = 7;
    const READONLY: i64 = 8;
    const IOERR: i64 = 10;
    const CORRUPT: i64 = 11;
    const FULL: i64 = 13;
    const CANTOPEN: i64 = 14;
    const TOOBIG: i64 = 18;
    const CONSTRAINT: i64 = 19;
    const MISMATCH: i64 = 20;
    const NOTADB: i64 = 26;
    if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_)) {
        return StatementFailure::Refused;
    }
    match primary_code(error) {
        Some(BUSY) => StatementFailure::Busy,
        Some(FULL) => StatementFailure::Full,
        Some(NOMEM) => StatementFailure::Exhausted,
        Some(CANTOPEN) if handles::used_up().is_some() => StatementFailure::Exhausted,
        Some(READONLY | IOERR | CANTOPEN) => StatementFailure::Disk,
        Some(CORRUPT | NOTADB) => StatementFailure::Damaged,
        // A value that a CHECK, a UNIQUE, a NOT NULL or a trigger does not take, that is too big or of another type, or that a
        // function of SQL cannot reckon with. Whatever else stands in the queue can be read and written as before.
        Some(ERROR | TOOBIG | CONSTRAINT | MISMATCH) => StatementFailure::Refused,
        _ => StatementFailure::Other,
    }
}

/// The sentence and the next step for what SQLite refused.
fn told(error: &sqlx::Error) -> String {
    match trouble_of(error) {
        StatementFailure::Busy => format!("another program holds the queue for too long ({error}); end it, then try again"),
        StatementFailure::Full => {
            "the disk that holds the queue (`data_dir`) is full, and nothing was changed; free some space on it (`df -h` tells where), then try again".into()
        }
        StatementFailure::Disk => format!(
            "the queue could not be read or written ({error}); look at the disk that holds `data_dir` and at who owns the files there, then try again"
        ),
        StatementFailure::Damaged => format!(
            "the queue is damaged ({error}); stop storyd, keep a copy of `data_dir`, then restore a backup, or recover the file with `sqlite3 queue.db .recover`"
        ),
        StatementFailure::Refused => format!("the queue does not take this ({error}); please report it, with what led to it"),
        StatementFailure::Exhausted => format!("the queue could not be read or written ({error}); {EXHAUSTED}"),
        StatementFailure::Other => format!("the database refused: {error}"),
    }
}

/// A result of this floor.
pub type Result<T> = std::result::Result<T, StoreError>;
