//! The way to stdout and stderr. A reader that went away (`| head -1`) is no mistake and ends nothing; data that could not be written
//! are remembered, so that the command does not end as if it had told everything.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;

/// Why data did not reach stdout.
static LOST: Mutex<Option<String>> = Mutex::new(None);

/// Data, as they are.
pub(super) fn write(text: Arguments<'_>) {
    keep(anstream::stdout().lock().write_fmt(text));
}

/// What moves the cursor of a terminal or clears its lines: as it is, since who wants no colours does not mean this. Only for a stream
/// that is a terminal.
pub(super) fn steer(mut terminal: impl Write, codes: &str) {
    keep(write!(terminal, "{codes}").and_then(|()| terminal.flush()));
}

/// A line of data.
pub(super) fn line(text: Arguments<'_>) {
    keep(writeln!(anstream::stdout().lock(), "{text}"));
}

/// A line for the person, beside the data.
pub(super) fn aside(text: Arguments<'_>) {
    // There is nowhere left to say that this failed.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// What was lost of the data since the start, in the system's words.
pub(super) fn lost() -> Option<String> {
    let _ = io::stdout().flush().map_err(|error| keep(Err(error)));
    LOST.lock().ok()?.clone()
}

fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && let Ok(mut lost) = LOST.lock()
    {
        lost.get_or_insert_with(|| error.to_string());
    }
}

/// A line on stdout: data.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::output::line(format_args!($($text)*)) };
}

/// A line on stderr: what is not data.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::output::aside(format_args!($($text)*)) };
}

pub(super) use {note, say};
