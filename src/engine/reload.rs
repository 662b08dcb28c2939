//! Notices when job files, their images or the wake file change, and reads the job files again.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::domain::clock::later;
use crate::plan::files::{checkout_is_changing, tree};
use crate::plan::{self, LoadInputs};

/// How often files are looked at of whose changes the system tells by itself: a safeguard, no more.
const LOOK_EVERY: Duration = Duration::from_secs(300);

/// Longest that is waited for a command of git that changes the checkout.
const CHECKOUT_MAX: Duration = Duration::from_secs(120);

/// The job files that are followed.
#[derive(Clone, Debug, Default)]
pub struct JobFiles {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Folders whose images may be posted, beside those of the job files.
    pub image_dirs: Vec<PathBuf>,
}

/// What was read of the job files, and how they looked before, by which an edit that came meanwhile is noticed.
#[derive(Debug)]
pub struct LoadedFiles {
    /// What the files say, each for itself.
    pub read: plan::Loaded,
    /// How they looked just before.
    pub looks: Looks,
}

/// Reads the job files, off the async threads. `now` tells which texts are to come.
pub async fn load(files: &JobFiles, now: Timestamp) -> LoadedFiles {
    let JobFiles { paths, image_dirs } = files.clone();
    let load = move || {
        let looks = Looks::at(&paths);
        let beside = LoadInputs { image_dirs, ..LoadInputs::default() };
        LoadedFiles { read: plan::load_each(&paths, &beside, now), looks }
    };
    match tokio::task::spawn_blocking(load).await {
        Ok(loaded) => loaded,
        // The loader is pure but for reading: if it panics, that is a bug, and hiding it would hide what a post says.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What changed on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileChange {
    /// A command beside the daemon changed the queue.
    Wake,
    /// Job files or images.
    Files,
}

/// Follows files and folders. Where the system cannot watch, SIGHUP still reloads.
pub(crate) struct Watch {
    watcher: RecommendedWatcher,
    news: Arc<Pending>,
    folders: BTreeSet<PathBuf>,
    /// What is followed, as it looked when it was last read or reported. The folder of a job file may hold a log, or the queue
    /// itself, and their changes are none.
    looks: BTreeMap<PathBuf, FileStamp>,
    /// Whether the system reports every change of what is followed, as far as is known.
    is_told_of_all: bool,
    /// Since when a checkout that holds job files is being changed, as far as is known.
    changing_since: Option<Timestamp>,
}

/// What the system's thread has seen and nobody has asked for yet.
#[derive(Default)]
struct Pending {
    wake: AtomicBool,
    files: AtomicBool,
    bell: Notify,
}

/// What tells one state of a file from another without reading it; of a folder, the names of what may be, or hold, a job file.
#[derive(Debug, PartialEq, Eq)]
enum FileStamp {
    Missing,
    File { bytes: u64, inode: u64, modified: Option<SystemTime> },
    Folder(BTreeSet<OsString>),
}

/// How job files looked before they were read. Images are not among them: enqueueing compares their bytes.
#[derive(Debug, Default)]
pub struct Looks(BTreeMap<PathBuf, FileStamp>);

impl Looks {
    fn at(paths: &[PathBuf]) -> Self {
        let mut looks = BTreeMap::new();
        for path in paths {
            if path.is_dir() {
                let tree = tree::walk(path);
                looks.extend(
                    tree.folders.into_iter().chain(tree.files).map(|path| (path.clone(), FileStamp::at(&path))),
                );
            }
            looks.insert(path.clone(), FileStamp::at(path));
        }
        Self(looks)
    }
}

impl Watch {
    /// Watches `wake_file`, which is created when it is missing.
    pub(super) fn new(wake_file: &Path) -> std::io::Result<Self> {
        std::fs::write(wake_file, b"")?;
        let wake_file = wake_file.canonicalize()?;
        let news = Arc::new(Pending::default());
        let (wake, pending) = (wake_file.clone(), news.clone());
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            // More happened than the system could tell: nobody knows what.
            if event.need_rescan() {
                pending.wake.store(true, Ordering::Release);
                pending.files.store(true, Ordering::Release);
                pending.bell.notify_one();
                return;
            }
            if !alters(event.kind) {
                return;
            }
            let flag = if event.paths.contains(&wake) { &pending.wake } else { &pending.files };
            flag.store(true, Ordering::Release);
            pending.bell.notify_one();
        };
        let mut watcher = notify::recommended_watcher(handler).map_err(std::io::Error::other)?;
        watcher.watch(&wake_file, RecursiveMode::NonRecursive).map_err(std::io::Error::other)?;
        Ok(Self {
            watcher,
            news,
            folders: BTreeSet::new(),
            looks: BTreeMap::new(),
            is_told_of_all: true,
            changing_since: None,
        })
    }

    /// Follows these files and folders too, as they looked before they were read. A file is followed through its folder, since editors
    /// replace files.
    pub(super) fn follow(&mut self, paths: &[PathBuf], mut before: Looks) {
        for path in paths {
            let folder = if path.is_dir() { path.clone() } else { folder_of(path) };
            self.is_told_of_all &= tells_of_all(&folder)
                && leads_straight(&folder)
                && (leads_straight(path) || !(path.exists() || path.is_symlink()));
            // Again each time: a folder that was taken away and put back is another one.
            if let Err(error) = self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                self.is_told_of_all = false;
                if self.folders.insert(folder.clone()) {
                    tracing::warn!(folder = %folder.display(), %error, "cannot watch; it is looked at now and then");
                }
            }
            self.looks
                .entry(path.clone())
                .or_insert_with(|| before.0.remove(path).unwrap_or_else(|| FileStamp::at(path)));
        }
    }

    /// When to look at the files without having been told of a change: every `poll` where the system does not report each, else rarely.
    pub(super) fn look_after(&self, poll: Duration) -> Duration {
        if self.is_told_of_all { poll.max(LOOK_EVERY) } else { poll }
    }

    /// Whether reading must wait, since a command of git is changing the checkout around one of these paths: half of what lies there may be
    /// of one branch, and half of another. A lock that a command left behind when it was killed is not waited for long.
    pub(super) fn must_wait(&mut self, paths: &[PathBuf], now: Timestamp) -> bool {
        let folder = |path: &PathBuf| if path.is_dir() { path.clone() } else { folder_of(path) };
        if !paths.iter().any(|path| checkout_is_changing(&folder(path))) {
            self.changing_since = None;
            return false;
        }
        let since = *self.changing_since.get_or_insert(now);
        now >= since && later(since, CHECKOUT_MAX) > now
    }

    /// The next change.
    pub(super) async fn changed(&mut self) -> FileChange {
        loop {
            if self.news.wake.swap(false, Ordering::AcqRel) {
                return FileChange::Wake;
            }
            if self.news.files.swap(false, Ordering::AcqRel) && self.differs() {
                return FileChange::Files;
            }
            self.news.bell.notified().await;
        }
    }

    /// Whether anything that is followed looks otherwise than before.
    pub(super) fn differs(&mut self) -> bool {
        let mut differs = false;
        for (path, look) in &mut self.looks {
            let found = FileStamp::at(path);
            differs |= found != *look;
            *look = found;
        }
        differs
    }
}

/// The folder that a file lies in.
fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(path);
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
}

impl FileStamp {
    fn at(path: &Path) -> Self {
        let Ok(found) = std::fs::metadata(path) else { return Self::Missing };
        if !found.is_dir() {
            return Self::File { bytes: found.len(), inode: found.ino(), modified: found.modified().ok() };
        }
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        // A folder in it may come to hold a job file.
        let may_matter = |path: &Path| !tree::is_hidden(path) && (tree::is_job_file(path) || path.is_dir());
        Self::Folder(entries.filter(|entry| may_matter(&entry.path())).map(|entry| entry.file_name()).collect())
    }
}

/// Whether the system reports every change of a folder's files. It does so of file systems that only this machine writes to; of all
/// others, and of those that are not known, it may tell no more than its own programs' changes.
#[cfg(target_os = "linux")]
fn tells_of_all(folder: &Path) -> bool {
    /// ext2 to ext4, XFS, Btrfs, tmpfs, ramfs, F2FS, ZFS, bcachefs.
    const LOCAL: [i128; 8] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x8584_58f6, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e];
    rustix::fs::statfs(folder).is_ok_and(|found| LOCAL.contains(&i128::from(found.f_type)))
}

#[cfg(not(target_os = "linux"))]
fn tells_of_all(_: &Path) -> bool {
    false
}

/// Whether no link is on the way: what a link leads to can change, and be changed, elsewhere.
fn leads_straight(path: &Path) -> bool {
    let (named, real) = (std::path::absolute(path), path.canonicalize());
    named.is_ok_and(|named| real.is_ok_and(|real| named == real))
}

/// Reading a file must not count as a change, or each reload would cause the next.
fn alters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
        EventKind::Any | EventKind::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_are_polled_only_where_changes_go_unreported() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let mut watch = Watch::new(&dir.join("wake")).unwrap();
        let poll = Duration::from_secs(10);
        watch.follow(&[dir.join("jobs.yaml")], Looks::default());
        let told = tells_of_all(&dir);
        assert_eq!(watch.look_after(poll), if told { LOOK_EVERY } else { poll });
        assert_eq!(watch.look_after(LOOK_EVERY * 2), LOOK_EVERY * 2);
        std::os::unix::fs::symlink(dir.join("elsewhere.yaml"), dir.join("link.yaml")).unwrap();
        std::fs::write(dir.join("elsewhere.yaml"), "version: 1").unwrap();
        for unreported in ["link.yaml", "nowhere/jobs.yaml"] {
            let mut watch = Watch::new(&dir.join("wake")).unwrap();
            watch.follow(&[dir.join(unreported)], Looks::default());
            assert_eq!(watch.look_after(poll), poll, "{unreported}");
        }
        assert!(!tells_of_all(Path::new("/proc")));
    }

    #[tokio::test]
    async fn a_checkout_that_is_being_changed_is_waited_for_but_not_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (git, jobs) = (dir.path().join(".git"), dir.path().join("team/jobs"));
        std::fs::create_dir_all(&git).unwrap();
        std::fs::create_dir_all(&jobs).unwrap();
        let file = jobs.join("jobs.yaml");
        std::fs::write(&file, "version: 1").unwrap();
        let mut watch = Watch::new(&dir.path().join("wake")).unwrap();
        let at = |second: u64| later(Timestamp::UNIX_EPOCH, Duration::from_secs(second));
        for path in [dir.path().to_owned(), jobs, file] {
            let paths = [path];
            assert!(!watch.must_wait(&paths, at(0)));
            std::fs::write(git.join("index.lock"), b"").unwrap();
            assert!(watch.must_wait(&paths, at(10)) && watch.must_wait(&paths, at(100)));
            // A clock that was set back is no reason to wait longer.
            assert!(!watch.must_wait(&paths, at(5)) && !watch.must_wait(&paths, at(130)));
            std::fs::remove_file(git.join("index.lock")).unwrap();
            assert!(!watch.must_wait(&paths, at(131)));
        }
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(git.join("index.lock"), b"").unwrap();
        assert!(!watch.must_wait(&[elsewhere.path().to_owned()], at(200)));
    }

    #[tokio::test]
    async fn an_edit_between_reading_and_following_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let jobs = dir.path().join("jobs.yaml");
        for given in [dir.path().to_owned(), jobs.clone()] {
            std::fs::write(&jobs, "version: 1\nzone: UTC\njobs: {}\n").unwrap();
            let files = JobFiles { paths: vec![given], ..JobFiles::default() };
            let LoadedFiles { read, looks } = load(&files, Timestamp::UNIX_EPOCH).await;
            std::fs::write(&jobs, "version: 1\nzone: Asia/Seoul\njobs: {}\n").unwrap();
            let mut watch = Watch::new(&dir.path().join("wake")).unwrap();
            watch.follow(&read.plan.watch, looks);
            assert!(watch.differs() && !watch.differs());
        }
    }

    #[tokio::test]
    async fn only_what_is_followed_counts_as_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let (jobs, image) = (dir.path().join("jobs.yaml"), dir.path().join("cup.png"));
        std::fs::write(&jobs, "version: 1").unwrap();
        let mut watch = Watch::new(&dir.path().join("wake")).unwrap();
        watch.follow(&[dir.path().to_owned(), jobs.clone(), image.clone()], Looks::default());
        assert!(!watch.differs());
        std::fs::write(dir.path().join("storyd.log"), "job files read again").unwrap();
        std::fs::write(dir.path().join("queue.db-wal"), "frames").unwrap();
        assert!(!watch.differs(), "the daemon's own files would make it read for ever");
        for path in [&jobs, &image, &dir.path().join("more.yml")] {
            std::fs::write(path, "a longer text than before").unwrap();
            assert_eq!(watch.changed().await, FileChange::Files, "{}", path.display());
        }
        std::fs::remove_file(&jobs).unwrap();
        assert_eq!(watch.changed().await, FileChange::Files);
    }
}
