//! The bytes of uploaded images, for the page that shows the stories: in memory, and beside the ledger when there is one.
//!
//! Owns the bounds. A convenience for people: nothing that a client is answered depends on it, so a failed write is only logged.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Bytes;

/// What is kept in memory; the oldest go first.
const MEMORY_MAX_BYTES: usize = 64_000_000;
/// What is kept on disk; beyond it, further images are not written.
const DISK_MAX_BYTES: u64 = 1_000_000_000;

/// Image bytes by the folder of their path, which is unique.
#[derive(Debug, Default)]
pub(crate) struct Images {
    kept: HashMap<String, Bytes>,
    oldest: VecDeque<String>,
    memory_bytes: usize,
    folder: Option<PathBuf>,
    disk_bytes: u64,
}

impl Images {
    /// Beside `ledger` when there is one.
    pub(crate) fn beside(ledger: Option<&Path>) -> Self {
        let folder = ledger.map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".images");
            PathBuf::from(name)
        });
        let disk_bytes = folder.as_deref().map_or(0, folder_bytes);
        Self { folder, disk_bytes, ..Self::default() }
    }

    pub(crate) fn put(&mut self, path: &str, bytes: &Bytes) {
        let Some(key) = key(path) else { return };
        self.write(&key, bytes);
        self.memory_bytes += bytes.len();
        // A copy, because the bytes handed in share the whole body of their request.
        self.kept.insert(key.clone(), Bytes::copy_from_slice(bytes));
        self.oldest.push_back(key);
        while self.memory_bytes > MEMORY_MAX_BYTES {
            let Some(oldest) = self.oldest.pop_front() else { break };
            self.memory_bytes -= self.kept.remove(&oldest).map_or(0, |bytes| bytes.len());
        }
    }

    /// The bytes behind the path of an image or of one of its smaller variants, which share its folder.
    pub(crate) fn get(&self, path: &str) -> Option<Bytes> {
        let key = key(path)?;
        if let Some(bytes) = self.kept.get(&key) {
            return Some(bytes.clone());
        }
        fs::read(self.folder.as_ref()?.join(key)).ok().map(Bytes::from)
    }

    fn write(&mut self, key: &str, bytes: &[u8]) {
        let Some(folder) = &self.folder else { return };
        if self.disk_bytes + bytes.len() as u64 > DISK_MAX_BYTES {
            return;
        }
        match fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(key), bytes)) {
            Ok(()) => self.disk_bytes += bytes.len() as u64,
            Err(error) => tracing::warn!("sandbox: an uploaded image is not kept on disk: {error}"),
        }
    }
}

/// `/a/b/c/img.png?…` → `a-b-c`. Only letters, digits and dashes, so that it is safe as a file name.
fn key(path: &str) -> Option<String> {
    let path = path.split('?').next()?;
    let folder = path.trim_start_matches('/').rsplit_once('/')?.0.replace('/', "-");
    folder.chars().all(|c| c.is_ascii_alphanumeric() || c == '-').then_some(folder)
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}
