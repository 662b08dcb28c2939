//! The bytes of images, by content hash. A file is taken over when its post is enqueued, so that a file that changes or
//! vanishes later can neither break nor alter what was planned.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Result, StoreError};
use crate::domain::content::{IMAGE_BYTES_LIMIT, Image};

/// The folder `media/` of a data folder: one file per distinct image, named by its SHA-256.
#[derive(Clone, Debug)]
pub struct Media {
    folder: PathBuf,
}

impl Media {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes over `source` as the bytes of `image`: written whole under a temporary name, synced, renamed, the folder synced.
    /// Does nothing when the bytes are there already.
    ///
    /// # Errors
    /// The file cannot be read, or holds other bytes than the plan saw.
    pub fn take(&self, image: &Image, source: &Path) -> Result<()> {
        let target = self.path(image);
        if target.metadata().is_ok_and(|meta| meta.len() == image.bytes) {
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
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed("sync"))
    }

    /// The bytes of `image`, checked against its hash.
    ///
    /// # Errors
    /// The file is missing, cannot be read, or was altered.
    pub fn bytes(&self, image: &Image) -> Result<Vec<u8>> {
        let path = self.path(image);
        match read_bounded(&path) {
            Ok(bytes) if hash(&bytes) == image.sha256 => Ok(bytes),
            _ => Err(StoreError::ImageLost(path)),
        }
    }

    fn path(&self, image: &Image) -> PathBuf {
        self.folder.join(&image.sha256)
    }
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

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::ImageFormat;

    fn image(bytes: &[u8]) -> Image {
        Image { sha256: hash(bytes), name: "a.png".into(), format: ImageFormat::Png, bytes: bytes.len() as u64 }
    }

    #[test]
    fn what_was_taken_outlives_its_source() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"first").unwrap();
        let media = Media::new(dir.path().join("media"));
        media.take(&image(b"first"), &source).unwrap();
        fs::write(&source, b"second").unwrap();
        assert_eq!(media.bytes(&image(b"first")).unwrap(), b"first");
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
    fn altered_bytes_are_noticed_when_read() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("a.png");
        fs::write(&source, b"first").unwrap();
        let media = Media::new(dir.path().join("media"));
        media.take(&image(b"first"), &source).unwrap();
        fs::write(dir.path().join("media").join(hash(b"first")), b"fjrst").unwrap();
        assert!(matches!(media.bytes(&image(b"first")), Err(StoreError::ImageLost(_))));
    }
}
