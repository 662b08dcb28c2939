//! The marks of a data folder: the lock of the one process that executes, and the sign that a backup is being put in place.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::error::{Result, StoreError};

/// Lies in a data folder while a backup is put in place: between two files of it there is no queue to work on.
pub(super) const RESTORING: &str = "restore-under-way";

/// Held by the process that executes; it holds the number of that process.
pub(super) const LOCK: &str = "storyd.lock";

/// The right to replace the queue of a data folder: no daemon runs on it while this is held.
#[derive(Debug)]
pub(super) struct DataLock(#[expect(dead_code, reason = "holding it is what it is for")] File);

impl DataLock {
    /// Takes it, making the folder if need be.
    ///
    /// # Errors
    /// A daemon runs, or the folder cannot be used.
    pub(super) fn take(data_dir: &Path) -> Result<Self> {
        let failed = |source| StoreError::Folder { doing: "create the folder", path: data_dir.into(), source };
        std::fs::create_dir_all(data_dir).map_err(failed)?;
        Ok(Self(take_lock(data_dir)?))
    }
}

/// The lock lies beside the database, not on it: closing any handle of the database file would drop the locks that SQLite
/// itself holds there.
pub(super) fn take_lock(data_dir: &Path) -> Result<File> {
    let path: PathBuf = data_dir.join(LOCK);
    let failed = |doing| move |source| StoreError::Folder { doing, path: data_dir.join(LOCK), source };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed("open for writing"))?;
    match file.try_lock() {
        Ok(()) => {
            // Only to name this process to another one: on a full disk it is not named.
            let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            Err(StoreError::Running { path: data_dir.into(), pid: pid.trim().parse().ok() })
        }
        Err(TryLockError::Error(source)) => Err(StoreError::File { doing: "lock", path, source }),
    }
}
