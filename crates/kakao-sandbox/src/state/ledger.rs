//! The ledger file: JSON Lines, appended and synced before anybody hears of what they say.
//!
//! Owns the file, its lock, its header and what happens after a crash in the middle of a line. Must not know what the facts mean.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::event::Event;
use crate::error::SandboxError;

const FORMAT: &str = "storyd-sandbox-ledger";
const VERSION: u32 = 1;

/// The first line. Its field order is what makes a torn one recognisable.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// Makes the identifiers of one ledger unlike those of another.
    salt: u64,
}

/// An open ledger file, locked against other sandboxes.
#[derive(Debug)]
pub(crate) struct Ledger {
    file: File,
    path: PathBuf,
    /// Length up to which the file is known to be whole lines on disk.
    whole_bytes: u64,
    /// A failed write could not be taken back: appending would corrupt the file.
    broken: bool,
}

/// A ledger as found.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) ledger: Ledger,
    pub(crate) salt: u64,
    pub(crate) events: Vec<Event>,
}

/// Opens `path`, or creates it with `salt`. A last line that a crash left incomplete is cut off: nobody was told of it.
///
/// # Errors
/// When the file cannot be used, is locked, or is something else than a ledger of this version. It is then left as it was.
pub(crate) fn open(path: &Path, salt: u64) -> Result<Opened, SandboxError> {
    let failed = |source| SandboxError::LedgerFile { path: path.to_owned(), source };
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(SandboxError::LedgerBusy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // A device would never end, and a pipe would wait for ever.
    if !file.metadata().map_err(failed)?.is_file() {
        let problem = "it is no regular file".to_owned();
        return Err(SandboxError::LedgerFormat { path: path.to_owned(), problem });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let mut ledger = Ledger { file, path: path.to_owned(), whole_bytes: 0, broken: false };
    if bytes.is_empty() || is_torn_header(&bytes) {
        ledger.cut(0).map_err(failed)?;
        let header = Header { format: FORMAT.to_owned(), version: VERSION, salt };
        ledger.append_lines(&[serde_json::to_string(&header).map_err(|e| failed(e.into()))?]).map_err(failed)?;
        sync_folder(path).map_err(failed)?;
        return Ok(Opened { ledger, salt, events: Vec::new() });
    }
    let (header, events, whole_bytes) = read(path, &bytes)?;
    ledger.cut(whole_bytes).map_err(failed)?;
    if bytes.get(..usize::try_from(whole_bytes).unwrap_or(usize::MAX)).is_some_and(|whole| !whole.ends_with(b"\n")) {
        // The last line is whole but for its line break.
        ledger.append_bytes(b"\n").map_err(failed)?;
    }
    Ok(Opened { ledger, salt: header.salt, events })
}

impl Ledger {
    /// Appends facts and waits until they are on disk. All or none: a failed write is taken back.
    pub(crate) fn append(&mut self, events: &[Event]) -> io::Result<()> {
        let lines = events.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        self.append_lines(&lines)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn append_lines(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = lines.join("\n");
        text.push('\n');
        self.append_bytes(text.as_bytes())
    }

    fn append_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier write failed and could not be taken back"));
        }
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.broken = self.cut(self.whole_bytes).is_err();
            return Err(error);
        }
        self.whole_bytes += bytes.len() as u64;
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if self.file.metadata()?.len() != length {
            self.file.set_len(length)?;
            self.file.sync_data()?;
        }
        self.file.seek(SeekFrom::Start(length))?;
        self.whole_bytes = length;
        Ok(())
    }
}

/// A file that was just made is only there to stay when its folder is on disk too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// A crash while the file was made leaves a beginning of the header, without its line break.
fn is_torn_header(bytes: &[u8]) -> bool {
    let start = format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"salt\":");
    !bytes.contains(&b'\n')
        && (start.as_bytes().starts_with(bytes)
            || (bytes.starts_with(start.as_bytes()) && bytes[start.len()..].iter().all(u8::is_ascii_digit)))
}

fn read(path: &Path, bytes: &[u8]) -> Result<(Header, Vec<Event>, u64), SandboxError> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let header = read_header(path, first)?;
    let mut events = Vec::new();
    let mut whole_bytes = first.len() as u64;
    for (index, line) in lines.enumerate() {
        match serde_json::from_slice::<Event>(line) {
            Ok(event) => events.push(event),
            Err(_) if !line.ends_with(b"\n") => break,
            Err(error) => {
                let problem = error.to_string();
                return Err(SandboxError::LedgerLine { path: path.to_owned(), line: index + 2, problem });
            }
        }
        whole_bytes += line.len() as u64;
    }
    Ok((header, events, whole_bytes))
}

fn read_header(path: &Path, line: &[u8]) -> Result<Header, SandboxError> {
    let problem = match serde_json::from_slice::<Header>(line) {
        Ok(header) if header.format == FORMAT && header.version == VERSION => return Ok(header),
        Ok(header) if header.format == FORMAT => {
            format!("its version is {}, and this program knows version {VERSION}", header.version)
        }
        Ok(header) => format!("its format is {:?} instead of {FORMAT:?}", header.format),
        Err(_) => format!("its first line is no header of the format {FORMAT:?}"),
    };
    Err(SandboxError::LedgerFormat { path: path.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_write_that_failed_and_could_not_be_taken_back_nothing_more_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let mut ledger = open(&path, 1).unwrap().ledger;
        let before = std::fs::read(&path).unwrap();
        let writable = std::mem::replace(&mut ledger.file, File::open(&path).unwrap());
        let fact = Event::TokenEnded { token: "x".to_owned(), at: jiff::Timestamp::UNIX_EPOCH };
        ledger.append(std::slice::from_ref(&fact)).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        // The file was not changed, so taking back had nothing to do and the next fact is welcome.
        ledger.file = writable;
        ledger.append(std::slice::from_ref(&fact)).unwrap();
        ledger.file = File::open(&path).unwrap();
        ledger.whole_bytes -= 1;
        ledger.append(std::slice::from_ref(&fact)).unwrap_err();
        let broken = ledger.append(std::slice::from_ref(&fact)).unwrap_err();
        assert!(broken.to_string().contains("could not be taken back"), "{broken}");
    }
}
