//! Files that are whole and on disk before they have their name, and their user's alone.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A copy that is its user's alone, whoever could read what is copied.
pub(super) fn copy_for_us(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut copy = File::options().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    // One that was there before keeps its mode.
    copy.set_permissions(fs::Permissions::from_mode(0o600))?;
    std::io::copy(&mut File::open(from)?, &mut copy).map(drop)
}

/// Writes a file under another name first.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(partial, path)
}

/// What was renamed in a folder is on disk afterwards.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}
