//! Notices when job files, their images or the wake file change, and reads the job files again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::plan::problem::Problems;
use crate::plan::{self, Plan};

/// Reads the job files, off the async threads.
///
/// # Errors
/// Every problem of every file.
pub async fn load(paths: &[PathBuf]) -> Result<Plan, Problems> {
    let paths = paths.to_vec();
    match tokio::task::spawn_blocking(move || plan::load(&paths)).await {
        Ok(result) => result,
        // The loader is pure but for reading: if it panics, that is a bug, and hiding it would hide what a post says.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What changed on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A command beside the daemon changed the queue.
    Wake,
    /// Job files or images.
    Files,
}

/// Follows files and folders. Where the system cannot watch, SIGHUP still reloads.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    events: mpsc::Receiver<Change>,
    followed: BTreeSet<PathBuf>,
}

impl Watch {
    /// Watches `wake_file`, which is created when it is missing.
    pub(super) fn new(wake_file: &Path) -> std::io::Result<Self> {
        std::fs::write(wake_file, b"")?;
        let wake_file = wake_file.canonicalize()?;
        // One pending change of each kind says all there is to say; when the channel is full the news is in it already.
        let (sender, events) = mpsc::channel(16);
        let wake = wake_file.clone();
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if !alters(event.kind) {
                return;
            }
            let change = if event.paths.contains(&wake) { Change::Wake } else { Change::Files };
            let _ = sender.try_send(change);
        };
        let mut watcher = notify::recommended_watcher(handler).map_err(std::io::Error::other)?;
        watcher.watch(&wake_file, RecursiveMode::NonRecursive).map_err(std::io::Error::other)?;
        Ok(Self { watcher, events, followed: BTreeSet::new() })
    }

    /// Follows these files and folders too. A file is followed through its folder, since editors replace files.
    pub(super) fn follow(&mut self, paths: &[PathBuf]) {
        for path in paths {
            let folder = if path.is_dir() { path.clone() } else { path.parent().unwrap_or(path).to_owned() };
            let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
            if self.followed.insert(folder.clone())
                && let Err(error) = self.watcher.watch(&folder, RecursiveMode::NonRecursive)
            {
                tracing::warn!(folder = %folder.display(), %error, "cannot watch; send SIGHUP after a change");
            }
        }
    }

    /// The next change.
    pub(super) async fn changed(&mut self) -> Change {
        match self.events.recv().await {
            Some(change) => change,
            // The sender lives in the watcher, which lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

/// Reading a file must not count as a change, or each reload would cause the next.
fn alters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
        EventKind::Any | EventKind::Other => false,
    }
}
