//! What the store knows of the disk beneath it: whether the file is still where it was opened, whether a failed write has put an
//! end to all writing, and the ballast that is given up when there is no room. Owns the rule that nothing is written, and so no
//! intent is made and no request leaves, once nobody can say what is on the disk.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tokio::sync::SetOnce;

use super::ailment::Ailment;
use super::ballast::Ballast;
use super::error::{Result, StatementFailure, StoreError};

/// The disk beneath an open queue.
#[derive(Debug)]
pub(super) struct Disk {
    database: PathBuf,
    opened: Identity,
    ended: SetOnce<Ailment>,
    pub(super) ballast: Ballast,
}

/// What makes a file the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Disk {
    /// The disk beneath a database that was just opened.
    pub(super) fn beneath(database: &Path) -> Result<Self> {
        let opened = std::fs::metadata(database).map_err(|source| StoreError::File {
            doing: "read",
            path: database.into(),
            source,
        })?;
        let ballast = Ballast::of(database.parent().unwrap_or(Path::new("")));
        Ok(Self { database: database.into(), opened: Identity::of(&opened), ended: SetOnce::new(), ballast })
    }

    /// Before each write: an error once something put an end to writing, or when the file is not the one that was opened. SQLite
    /// goes on writing to a file that has no name any more, and the next start would know nothing of it.
    pub(super) fn may_write(&self) -> Result<()> {
        if self.ended.get().is_none()
            && let Err(why) = self.still_there()
        {
            self.end(Ailment::Gone(why));
        }
        self.ended().map_or(Ok(()), Err)
    }

    fn still_there(&self) -> std::result::Result<(), String> {
        match std::fs::metadata(&self.database) {
            Ok(found) if Identity::of(&found) == self.opened => {}
            Ok(_) => return Err("another file took its place".into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err("it is not there any more".into()),
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Takes note of what a failed statement tells about the disk, and says what that is. When the disk is full, the ballast is
    /// given up.
    pub(super) fn notice(&self, error: &StoreError) -> StatementFailure {
        let trouble = match error.trouble() {
            StatementFailure::Disk if self.ended.get().is_none() && self.ballast.lacks_room() => StatementFailure::Full,
            trouble => trouble,
        };
        if matches!(trouble, StatementFailure::Disk | StatementFailure::Damaged)
            && let Err(why) = self.still_there()
        {
            self.end(Ailment::Gone(why));
        }
        match trouble {
            StatementFailure::Full => self.ballast.release(),
            StatementFailure::Disk => self.end(Ailment::Failed(error.in_sqlites_words())),
            StatementFailure::Damaged => self.end(Ailment::Damaged(error.in_sqlites_words())),
            StatementFailure::Busy
            | StatementFailure::Refused
            | StatementFailure::Exhausted
            | StatementFailure::Other => {}
        }
        trouble
    }

    /// Puts an end to all writing. The first reason stays.
    pub(super) fn end(&self, why: Ailment) {
        // Lost: somebody else was first.
        let _ = self.ended.set(why);
    }

    pub(super) fn ended(&self) -> Option<StoreError> {
        self.ended.get().map(|why| self.stopped(why))
    }

    /// Waits until something puts an end to all writing, if ever.
    pub(super) async fn until_ended(&self) -> StoreError {
        self.stopped(self.ended.wait().await)
    }

    fn stopped(&self, why: &Ailment) -> StoreError {
        StoreError::Stopped { path: self.database.clone(), why: why.clone() }
    }
}

impl Identity {
    fn of(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}
