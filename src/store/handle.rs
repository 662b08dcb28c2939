//! The open queue: its connections, its images and what its writers share. Whoever reads or writes adds functions to it in a file of its
//! own, and `open` makes it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use sqlx::sqlite::SqlitePool;

use super::disk::Disk;
use super::media::Media;
use crate::store::queue::attempt::gathering::Together;
use crate::store::queue::untouchable::Untouchable;

/// Who opens the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The one process that executes: takes the lock, creates and migrates. Everything but looking and steering needs it.
    Daemon,
    /// A command beside the daemon: reads, and makes single guarded changes.
    Beside,
}

/// The queue and its media folder, open.
#[derive(Debug)]
pub struct Store {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    /// Where lanes gather to share a commit.
    pub(super) together: Arc<Together>,
    pub(super) disk: Arc<Disk>,
    /// The posts whose rows take nothing: left alone until the next start.
    pub(super) untouchable: Untouchable,
    /// Set when what takes long is to end at its next step.
    pub(super) told_to_stop: AtomicBool,
    pub(super) media: Media,
    pub(super) path: PathBuf,
    /// Held as long as this process executes. The lock dies with the process, however it dies.
    pub(super) lock: Mutex<Option<File>>,
}

impl Store {
    /// The database file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The images of the queue's posts.
    pub fn media(&self) -> &Media {
        &self.media
    }
}
