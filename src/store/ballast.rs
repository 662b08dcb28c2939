//! A file beside the database that only takes up room. When the disk is full it is given up, so that the results of requests that
//! are under way can still be recorded; when it can be had back, the work goes on. Owns the mark of a full disk: a ballast without a
//! byte, which a command beside the daemon, and the next start, can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes that are written in one go.
const BLOCK: usize = 64 * 1024;

/// The ballast of a data folder.
#[derive(Debug)]
pub(super) struct Ballast {
    file: PathBuf,
    /// How large it is to be; zero in a process that keeps none.
    bytes: AtomicU64,
    short: AtomicBool,
    /// Held by whoever changes the file.
    hand: Mutex<()>,
}

impl Ballast {
    /// The ballast of a folder as it lies there.
    pub(super) fn of(data_dir: &Path) -> Self {
        let file = data_dir.join("ballast");
        let short = AtomicBool::new(file.metadata().is_ok_and(|meta| meta.len() == 0));
        Self { file, bytes: AtomicU64::new(0), short, hand: Mutex::new(()) }
    }

    /// Gives up a ballast that an earlier process left, if the disk is full. Says whether it did.
    pub(super) fn give_up_if_full(data_dir: &Path) -> bool {
        let ballast = Self::of(data_dir);
        ballast.keep(ballast.file.metadata().map_or(0, |meta| meta.len()));
        let full = ballast.lacks_room();
        if full {
            ballast.release();
        }
        full
    }

    /// From here on this process keeps a ballast of so many bytes.
    pub(super) fn keep(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Whether the disk was full, and nobody has seen since that there is room.
    pub(super) fn is_short(&self) -> bool {
        self.short.load(Ordering::Acquire)
    }

    /// Gives the room of the ballast up for what must be recorded.
    pub(super) fn release(&self) {
        let _hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        self.short.store(true, Ordering::Release);
        if self.bytes.load(Ordering::Relaxed) > 0 {
            self.empty();
        }
    }

    /// Makes the ballast whole. After the disk was full this takes twice its room, or the next write would fill the disk again.
    /// Says whether there is room.
    ///
    /// # Errors
    /// The file cannot be made for another reason than want of room.
    pub(super) fn refill(&self) -> io::Result<bool> {
        let _hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = self.bytes.load(Ordering::Relaxed);
        let headroom = if self.is_short() { bytes } else { 0 };
        match self.fill(bytes, headroom) {
            Ok(()) => {
                self.short.store(false, Ordering::Release);
                Ok(true)
            }
            Err(error) if is_want_of_room(&error) => {
                self.short.store(true, Ordering::Release);
                self.empty();
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn fill(&self, bytes: u64, headroom: u64) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(&self.file)?;
        let found = file.metadata()?.len();
        if found < bytes || headroom > 0 {
            file.seek(SeekFrom::Start(found))?;
            write_noise(&mut file, (bytes + headroom).saturating_sub(found))?;
            file.sync_all()?;
        }
        if file.metadata()?.len() != bytes {
            file.set_len(bytes)?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// Whether the file system lacks room, which SQLite tells only of a full disk and not of a quota that is used up.
    pub(super) fn lacks_room(&self) -> bool {
        let _hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = self.bytes.load(Ordering::Relaxed);
        bytes > 0 && self.fill(bytes, BLOCK as u64).is_err_and(|error| is_want_of_room(&error))
    }

    /// Keeps the name, which is the mark of a full disk, and none of the bytes.
    fn empty(&self) {
        let emptied = OpenOptions::new().write(true).truncate(true).open(&self.file);
        if let Err(error) = emptied {
            tracing::error!(file = %self.file.display(), %error, "the ballast could not be given up");
        }
    }
}

/// What no file system can keep in less room than it has bytes.
fn write_noise(file: &mut File, mut bytes: u64) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    while bytes > 0 {
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        let part = usize::try_from(bytes).unwrap_or(BLOCK).min(BLOCK);
        file.write_all(&block[..part])?;
        bytes -= part as u64;
    }
    Ok(())
}

/// Whether a file could not be written because the disk, or what this user may take of it, is full.
pub(super) fn is_want_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(dir: &Path) -> Option<u64> {
        dir.join("ballast").metadata().ok().map(|meta| meta.len())
    }

    #[test]
    fn it_takes_its_room_and_gives_it_up_and_takes_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(dir.path());
        ballast.keep(100_000);
        assert!(!ballast.is_short() && length(dir.path()).is_none());
        assert!(ballast.refill().unwrap());
        assert_eq!(length(dir.path()), Some(100_000));
        ballast.release();
        assert_eq!(length(dir.path()), Some(0));
        assert!(ballast.is_short() && Ballast::of(dir.path()).is_short(), "the next process knows it too");
        assert!(ballast.refill().unwrap());
        assert!(!ballast.is_short() && !Ballast::of(dir.path()).is_short());
        assert_eq!(length(dir.path()), Some(100_000));
    }

    #[test]
    fn it_follows_the_settings_and_a_first_filling_that_was_cut_short() {
        let dir = tempfile::tempdir().unwrap();
        for bytes in [70_000, 200_000, 5_000] {
            let ballast = Ballast::of(dir.path());
            ballast.keep(bytes);
            assert!(ballast.refill().unwrap());
            assert_eq!(length(dir.path()), Some(bytes));
        }
    }

    #[test]
    fn a_process_that_keeps_none_makes_none() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(dir.path());
        ballast.release();
        assert!(ballast.is_short() && length(dir.path()).is_none());
    }

    #[test]
    fn its_bytes_cannot_be_kept_in_less_room() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(dir.path());
        ballast.keep(300_000);
        assert!(ballast.refill().unwrap());
        let bytes = std::fs::read(dir.path().join("ballast")).unwrap();
        let zeros = bytes.iter().filter(|byte| **byte == 0).count();
        assert!(zeros < bytes.len() / 100, "{zeros} zeros");
    }
}
