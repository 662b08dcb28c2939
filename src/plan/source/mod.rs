//! The one place of this floor that reads files: the job files themselves, the facts of their images, and the checkout around them.
//!
//! It judges nothing beyond "can be read"; what the facts mean for a post is for `content`.

mod git;
mod images;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::git::checkout_is_changing;
pub(super) use self::git::commit;
pub(super) use self::images::images;
pub use self::images::{ImageFacts, ImageTrouble, image};
use super::problem::{Code, Problem, Source};

/// Largest text that is read, in bytes.
pub const TEXT_BYTES_MAX: u64 = 1_000_000;
/// Most job files of one plan.
const FILES_MAX: usize = 1_000;

/// What was found on disk.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) sources: Vec<Arc<Source>>,
    pub(super) watch: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

/// Reads job files: each path is a file, or a folder whose `*.yaml` and `*.yml` are taken in the order of their names.
pub(super) fn gather(paths: &[PathBuf]) -> Gathered {
    let mut gathered = Gathered::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        gathered.watch.push(path.clone());
        if path.is_dir() {
            match folder(path) {
                Ok(files) => {
                    if files.is_empty() {
                        let message = format!("the folder {} holds no job file (`*.yaml`, `*.yml`)", path.display());
                        gathered.problems.push(Problem::of_file(Code::EmptyFolder, path, message));
                    }
                    files.iter().for_each(|file| gathered.take(file, &mut seen));
                }
                Err(err) => gathered.problems.push(unreadable(path, &err)),
            }
        } else {
            gathered.take(path, &mut seen);
        }
    }
    gathered
}

impl Gathered {
    fn take(&mut self, path: &Path, seen: &mut BTreeSet<PathBuf>) {
        // A file that is named itself and found in its folder too is one file.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if !seen.insert(real) {
            return;
        }
        if !self.watch.iter().any(|watched| watched == path) {
            self.watch.push(path.to_owned());
        }
        if seen.len() > FILES_MAX {
            if seen.len() == FILES_MAX + 1 {
                let message = format!("more than {FILES_MAX} job files");
                self.problems.push(Problem::of_file(Code::TooLarge, path, message).help("put more jobs into one file"));
            }
            return;
        }
        match text(path) {
            Ok(source) => self.sources.push(source),
            Err(problem) => self.problems.push(*problem),
        }
    }
}

/// Reads one text that a person edits: at most 1 MB of UTF-8.
pub fn text(path: &Path) -> Result<Arc<Source>, Box<Problem>> {
    let bytes = read_up_to(path, TEXT_BYTES_MAX + 1).map_err(|err| Box::new(unreadable(path, &err)))?;
    decoded(path, bytes)
}

/// A text that was read already, under the name `path`; relative paths inside start from the folder of that name.
pub fn decoded(path: &Path, bytes: Vec<u8>) -> Result<Arc<Source>, Box<Problem>> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > TEXT_BYTES_MAX {
        let message = format!("{} is larger than {TEXT_BYTES_MAX} bytes", path.display());
        return Err(Box::new(
            Problem::of_file(Code::TooLarge, path, message).help("spread the jobs over several files"),
        ));
    }
    let text = String::from_utf8(bytes).map_err(|err| {
        let line = err.as_bytes()[..err.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        let message = format!("{} is not UTF-8 text: line {line} holds something else", path.display());
        Box::new(Problem::of_file(Code::NotUtf8, path, message).help("save it as UTF-8 in the editor"))
    })?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let dir = absolute.parent().unwrap_or(Path::new("/"));
    Ok(Arc::new(Source::new(path, dir, text)))
}

/// The problem of a file or folder that cannot be read.
pub fn unreadable(path: &Path, err: &io::Error) -> Problem {
    Problem::of_file(Code::Unreadable, path, format!("{} cannot be read: {}", path.display(), why(err)))
        .help("check the name and who may read it")
}

/// The regular files of a folder that are job files, by name. Hidden ones are left out: editors keep their own there.
fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let file = entry?.path();
        let hidden = file.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        let yaml = file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if yaml && !hidden && !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// At most `limit` bytes of a regular file. A pipe or a device is refused: reading it could wait for ever.
fn read_up_to(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other(images::kind(&found)));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn why(err: &io::Error) -> String {
    match err.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is a file, not a folder".to_owned(),
        _ => err.to_string().split(" (os error").next().unwrap_or_default().to_lowercase(),
    }
}
