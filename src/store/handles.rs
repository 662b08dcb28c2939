//! What a process can run out of beside room on the disk: memory, and handles of files. It passes, so it is told apart from a folder
//! that cannot be used and from a damaged queue.

use std::fs::File;
use std::io::Error;

use rustix::io::Errno;

/// Handles that opening a queue takes at the most: the file, its log, the index of the log and the folder, for the writer and for readers.
const NEEDED: usize = 16;

/// Whether an error of the system is want of memory or of handles.
pub(super) fn is_want_of(error: &Error) -> bool {
    let errno = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE, Errno::NOMEM].iter().any(|wanted| errno == Some(wanted.raw_os_error()))
}

/// The system's answer to who would open as many files as a queue takes, when it is that there are no handles left. SQLite says of
/// each failure to open that it could not.
pub(super) fn used_up() -> Option<Error> {
    let opened: Result<Vec<File>, Error> = (0..NEEDED).map(|_| File::open("/dev/null")).collect();
    opened.err().filter(is_want_of)
}
