//! The bytes of images, by content hash. A file is taken over when its post is enqueued, so that a file that changes or
//! vanishes later can neither break nor alter what was planned.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::error::{Result, StoreError};
use crate::domain::clock::between;
use crate::domain::content::{IMAGE_BYTES_LIMIT, Image};

/// How long a file stays that nothing refers to: a post that is about to be enqueued has its images before it has a row.
const UNUSED_LIFE: Duration = Duration::from_secs(86_400);

/// The folder `media/` of a data folder: one file per distinct image, named by its SHA-256.
#[derive(Clone, Debug)]
pub struct Media {
    folder: PathBuf,
    /// Taking over and sweeping exclude each other.
    busy: Arc<Mutex<()>>,
    /// The files that were found whole, as they looked then: each is read through once, and again when it looks otherwise.
    whole: Arc<Mutex<HashMap<String, MediaStamp>>>,
}

/// What tells one state of a file from another without reading it: bytes, inode, and when it was last written and changed.
type MediaStamp = (u64, u64, [(i64, i64); 2]);

impl Media {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, busy: Arc::default(), whole: Arc::default() }
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the file of an image is there and whole. Reads it through, unless it looks as when it was found whole before.
    pub fn holds(&self, image: &Image) -> bool {
        let path = self.path(image);
        let Some(look) = look(&path).filter(|(bytes, ..)| *bytes == image.bytes) else { return false };
        if self.known().get(&image.sha256) == Some(&look) {
            return true;
        }
        let is_whole = is_named_by_its_hash(&path).is_ok_and(|whole| whole);
        if is_whole {
            self.known().insert(image.sha256.clone(), look);
        }
        is_whole
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, MediaStamp>> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps every file where it is until it is dropped, in this process and in others. Waits for a sweep that is under way.
    ///
    /// # Errors
    /// The folder cannot be locked. Where there is none yet, nothing can go.
    pub fn hold(&self) -> Result<Option<File>> {
        let failed = |error| file_error("lock", &self.folder, error);
        match File::open(&self.folder) {
            Ok(folder) => folder.lock_shared().map(|()| Some(folder)).map_err(failed),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Takes over `source` as the bytes of `image`: written whole under a temporary name, synced, renamed, the folder synced.
    /// Does nothing when the bytes are there already; damaged ones are replaced.
    ///
    /// # Errors
    /// The file cannot be read, or holds other bytes than the plan saw.
    pub fn take(&self, image: &Image, source: &Path) -> Result<()> {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let target = self.path(image);
        if self.holds(image) {
            return Ok(());
        }
        let bytes = read_bounded(source)?;
        if hash(&bytes) != image.sha256 {
            return Err(StoreError::ImageChanged(source.into()));
        }
        let failed = |doing| move |error| file_error(doing, &self.folder, error);
        if !self.folder.is_dir() {
            fs::create_dir_all(&self.folder).map_err(failed("create the folder"))?;
            // The folder's own entry must last as well, or a power cut takes the images with it.
            let parent = self.folder.parent().unwrap_or(&self.folder);
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed("sync"))?;
        }
        let temporary = self.folder.join(format!(".{}.{}", image.sha256, std::process::id()));
        let mut file = File::create(&temporary).map_err(failed("write to"))?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed("write to"))?;
        fs::rename(&temporary, &target).map_err(failed("write to"))?;
        if let Some(look) = look(&target) {
            self.known().insert(image.sha256.clone(), look);
        }
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed("sync"))
    }

    /// The file of `image`, at its first byte; read through once and checked against its length and hash.
    ///
    /// # Errors
    /// The file is missing, cannot be read, or was altered.
    pub fn open(&self, image: &Image) -> Result<File> {
        let path = self.path(image);
        let checked = || {
            let mut file = File::open(&path)?;
            let is_whole = sum((&file).take(IMAGE_BYTES_LIMIT))? == (image.sha256.clone(), image.bytes);
            file.rewind()?;
            Ok::<_, std::io::Error>((file, is_whole))
        };
        match checked() {
            Ok((file, true)) => Ok(file),
            // A disk that loses bytes leaves the file looking as it did.
            _ => {
                self.known().remove(&image.sha256);
                Err(StoreError::ImageLost(path))
            }
        }
    }

    /// Removes every file that is older than a day at `now` and that `keep` does not name. `keep` is asked once nothing can be
    /// taken over any more; `None` leaves everything for the next time, and so does a backup that holds the files. Gives how many went.
    ///
    /// # Errors
    /// The folder cannot be read. A file that cannot be removed stays for the next time.
    pub fn sweep(&self, now: Timestamp, keep: impl FnOnce() -> Option<HashSet<String>>) -> Result<usize> {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.folder.is_dir() {
            return Ok(0);
        }
        let failed = |error| file_error("read", &self.folder, error);
        let folder = File::open(&self.folder).map_err(failed)?;
        if folder.try_lock().is_err() {
            return Ok(0);
        }
        let Some(keep) = keep() else { return Ok(0) };
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_old = entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|modified| {
                Timestamp::try_from(modified).is_ok_and(|modified| between(modified, now) > UNUSED_LIFE)
            });
            let name = entry.file_name();
            let named = name.to_str().is_some_and(|name| keep.contains(name));
            if is_old && !named && is_ours(&name.to_string_lossy()) && fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path(&self, image: &Image) -> PathBuf {
        self.folder.join(&image.sha256)
    }
}

fn look(path: &Path) -> Option<MediaStamp> {
    let found = fs::metadata(path).ok()?;
    let times = [(found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec())];
    Some((found.len(), found.ino(), times))
}

/// Whether a stored image holds the bytes that its name tells.
pub(super) fn is_named_by_its_hash(path: &Path) -> std::io::Result<bool> {
    let (hash, _) = sum(File::open(path)?.take(IMAGE_BYTES_LIMIT))?;
    Ok(path.file_name().is_some_and(|name| name == hash.as_str()))
}

/// A hash, or the temporary file of one whose writing was cut short.
pub(super) fn is_ours(name: &str) -> bool {
    let hash = name.trim_start_matches('.').split('.').next().unwrap_or_default();
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(IMAGE_BYTES_LIMIT).read_to_end(&mut bytes))
        .map_err(|source| file_error("read", path, source))?;
    Ok(bytes)
}

fn file_error(doing: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File { doing, path: path.into(), source }
}

/// The hash of all bytes that come, and how many there are; read piece by piece.
pub(super) fn sum(mut bytes: impl Read) -> std::io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let length = std::io::copy(&mut bytes, &mut hash)?;
    Ok((format!("{:x}", hash.finalize()), length))
}

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::ImageFormat;

    fn image(bytes: &[u8]) -> Image {
        Image { sha256: hash(bytes), name: "a.png".into(), format: ImageFormat::Png, bytes: bytes.len() as u64 }
    }

    fn bytes(media: &Media, of: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        media.open(&image(of)).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_taken_outlives_its_source() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"first").unwrap();
        let media = Media::new(dir.path().join("media"));
        media.take(&image(b"first"), &source).unwrap();
        fs::write(&source, b"second").unwrap();
        assert_eq!(bytes(&media, b"first"), b"first");
    }

    #[test]
    fn other_bytes_than_planned_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"other").unwrap();
        let media = Media::new(dir.path().join("media"));
        assert!(matches!(media.take(&image(b"first"), &source), Err(StoreError::ImageChanged(_))));
    }

    #[test]
    fn a_sweep_takes_what_is_old_and_named_by_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        let media = Media::new(dir.path().join("media"));
        assert_eq!(media.sweep(Timestamp::MAX, || Some(HashSet::new())).unwrap(), 0, "there is no folder yet");
        for bytes in [b"first", b"other"] {
            fs::write(&source, bytes).unwrap();
            media.take(&image(bytes), &source).unwrap();
        }
        fs::write(dir.path().join("media/notes.txt"), b"a person's own").unwrap();
        fs::write(dir.path().join("media").join(format!(".{}.7", hash(b"cut"))), b"cu").unwrap();
        let keep = || Some([hash(b"first")].into());
        let now = Timestamp::try_from(fs::metadata(&source).unwrap().modified().unwrap()).unwrap();
        let days = |days: i64| now.checked_add(jiff::SignedDuration::from_hours(days * 24)).unwrap();
        assert_eq!(media.sweep(days(0), keep).unwrap(), 0, "too young");
        assert_eq!(media.sweep(days(2), || None).unwrap(), 0);
        assert_eq!(media.sweep(days(2), keep).unwrap(), 2, "the other one, and what was cut short");
        assert_eq!(bytes(&media, b"first"), b"first");
        assert!(media.open(&image(b"other")).is_err() && dir.path().join("media/notes.txt").exists());
        media.take(&image(b"other"), &source).unwrap();
    }

    #[test]
    fn nothing_is_swept_while_a_backup_holds_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"first").unwrap();
        let media = Media::new(dir.path().join("media"));
        assert!(media.hold().unwrap().is_none(), "there is no folder yet");
        media.take(&image(b"first"), &source).unwrap();
        // Another process has locks of its own, and so has another value.
        let held = Media::new(dir.path().join("media")).hold().unwrap();
        assert_eq!(media.sweep(Timestamp::MAX, || Some(HashSet::new())).unwrap(), 0);
        assert_eq!(bytes(&media, b"first"), b"first");
        drop(held);
        assert_eq!(media.sweep(Timestamp::MAX, || Some(HashSet::new())).unwrap(), 1);
    }

    #[test]
    fn damaged_bytes_are_known_and_taken_over_anew() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"first").unwrap();
        let media = Media::new(dir.path().join("media"));
        let of_first = image(b"first");
        media.take(&of_first, &source).unwrap();
        assert!(media.holds(&of_first));
        // As long as before, and under the old name, as a disk that fails leaves it.
        let stored = dir.path().join("media").join(&of_first.sha256);
        let put = |bytes: &[u8]| {
            fs::write(dir.path().join("damaged"), bytes).unwrap();
            fs::rename(dir.path().join("damaged"), &stored).unwrap();
        };
        put(b"fjrst");
        assert!(!media.holds(&of_first));
        media.take(&of_first, &source).unwrap();
        assert_eq!(bytes(&media, b"first"), b"first");
        put(b"");
        assert!(!media.holds(&of_first));
        media.take(&of_first, &source).unwrap();
        assert!(media.holds(&of_first));
        assert_eq!(bytes(&media, b"first"), b"first");
    }

    #[test]
    fn altered_bytes_are_noticed_when_read() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"first").unwrap();
        let media = Media::new(dir.path().join("media"));
        media.take(&image(b"first"), &source).unwrap();
        fs::write(dir.path().join("media").join(hash(b"first")), b"fjrst").unwrap();
        assert!(matches!(media.open(&image(b"first")), Err(StoreError::ImageLost(_))));
        fs::write(dir.path().join("media").join(hash(b"first")), b"first and more").unwrap();
        assert!(matches!(media.open(&image(b"first")), Err(StoreError::ImageLost(_))));
    }
}
