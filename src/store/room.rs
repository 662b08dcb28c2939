//! How much room is left on the disk of the queue.

use super::error::{Result, StoreError};
use super::handle::Store;

impl Store {
    /// Bytes that this process could still write on the disk of the queue.
    ///
    /// # Errors
    /// The folder cannot be looked at.
    pub fn free_bytes(&self) -> Result<u64> {
        let folder = self.media().folder();
        // Made with the first image; until then the folder above it stands for it.
        let folder = if folder.exists() { folder } else { folder.parent().unwrap_or(folder) };
        let found = rustix::fs::statvfs(folder);
        let found =
            found.map_err(|error| StoreError::File { doing: "look at", path: folder.into(), source: error.into() })?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}
