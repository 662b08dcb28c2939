//! Reads one file that somebody named, at most so much of it: a text that people edit, or plain bytes; and says why one cannot be read.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use super::encoding;
use super::near::nearest;
use crate::yaml::problem::{Code, Problem, Source};

/// Largest text that is read, in bytes.
pub const TEXT_BYTES_MAX: u64 = 1_000_000;

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
    if let Some((name, called)) = encoding::other_than_utf8(&bytes) {
        let shown = path.display();
        let message = format!("{shown} is written in {name}, not in UTF-8");
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        return Err(Box::new(
            Problem::of_file(Code::NotUtf8, path, message)
                .help("open it, and save it with the encoding UTF-8 (in Notepad under `Save as`)")
                .help(format!("or convert it: `iconv -f {called} -t UTF-8 {file} > utf8-{file}`")),
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
    let problem = Problem::of_file(Code::Unreadable, path, format!("{} cannot be read: {}", path.display(), why(err)));
    let near = if err.kind() == io::ErrorKind::NotFound { nearest(path) } else { Vec::new() };
    match near.first() {
        Some(near) => problem.help(format!("did you mean `{}`?", near.display())),
        None => problem.help("check the name and who may read it"),
    }
}

/// At most `limit` bytes of a regular file. A pipe or a device is refused: reading it could wait for ever.
pub(super) fn read_up_to(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other(kind(&found)));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What something is that is no regular file. Completes "it cannot be read:".
pub(super) fn kind(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    if kind.is_dir() {
        "it is a folder"
    } else if kind.is_fifo() {
        "it is a pipe, not a file"
    } else if kind.is_socket() {
        "it is a socket, not a file"
    } else {
        "it is a device, not a file"
    }
}

pub(super) fn why(err: &io::Error) -> String {
    match err.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is a file, not a folder".to_owned(),
        _ => err.to_string().split(" (os error").next().unwrap_or_default().to_lowercase(),
    }
}
