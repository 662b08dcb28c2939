//! The way to stdout, stderr and the log: the one place that prints. What a server, a file or a person wrote cannot act on a terminal:
//! whatever would is replaced here. A reader that went away (`| head -1`) is no mistake and ends nothing; data that could not be
//! written are remembered, so that a command does not end as if it had told everything.
//!
//! What runs for long prints [in the background](in_background): nothing that posts waits for whoever reads.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::printer::Printer;
use crate::cli::failure::Failure;
use crate::domain::printable;

/// Why data did not reach stdout.
static LOST: Mutex<Option<String>> = Mutex::new(None);
/// The streams, where they are printed onto in the background.
static BACKGROUND: OnceLock<Background> = OnceLock::new();
/// How long the end of a program waits for whoever reads.
const LAST_WORDS: Duration = Duration::from_secs(1);

struct Background {
    data: Printer,
    aside: Printer,
}

/// From here on nobody waits for a reader of stdout or stderr: what nobody takes is dropped and counted. With `json` the lines that
/// say so are JSON too.
pub(crate) fn in_background(json: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::unexpected(format!("cannot start a thread: {error}"));
    let of_data: fn(u64) -> String = if json { dropped_json } else { dropped };
    let data = Printer::start("storyd-stdout", anstream::stdout(), of_data).map_err(failed)?;
    let of_log: fn(u64) -> String = if json { dropped_json } else { dropped };
    let aside = Printer::start("storyd-stderr", anstream::stderr(), of_log).map_err(failed)?;
    // Set already: they are printed in the background as it is.
    let _ = BACKGROUND.set(Background { data, aside });
    Ok(())
}

fn dropped(lines: u64) -> String {
    format!("storyd: {lines} lines were dropped here: nobody read them\n")
}

fn dropped_json(lines: u64) -> String {
    format!("{{\"event\":\"lines_dropped\",\"lines\":{lines},\"reason\":\"nobody read them\"}}\n")
}

/// Text for a person, or JSON that [`json`] made.
pub(crate) fn write(text: Arguments<'_>) {
    data(&printable::styled(&text.to_string()));
}

/// Data for a program, byte for byte; on a terminal it is a text like any other.
pub(crate) fn raw(text: Arguments<'_>) {
    let text = text.to_string();
    if io::stdout().is_terminal() {
        return data(&printable::styled(&text));
    }
    // Not through what takes the colours out where no terminal is: it would take them out of the data.
    keep(io::stdout().lock().write_all(text.as_bytes()));
}

/// What moves the cursor of a terminal or clears its lines: as it is, since who wants no colours does not mean this. Only for a stream
/// that is a terminal.
pub(crate) fn steer(mut terminal: impl Write, codes: &str) {
    keep(write!(terminal, "{codes}").and_then(|()| terminal.flush()));
}

/// A line of data. Lines that the text goes on with are indented: nobody whose words stand in it begins a line of ours.
pub(crate) fn line(text: Arguments<'_>) {
    write(format_args!("{}\n", one(&text.to_string())));
}

/// A text of several lines for the person, beside the data.
pub(crate) fn aside_lines(text: &str) {
    beside(&format!("{}\n", printable::styled(text.trim_end())));
}

fn one(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\n  ")
}

/// A value as JSON that may be printed, on one line.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    let json = serde_json::to_string(value).map_err(|error| Failure::unexpected(error.to_string()))?;
    Ok(printable::json(&json).into_owned())
}

/// The same on many lines.
pub(crate) fn pretty_json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Failure::unexpected(error.to_string()))?;
    Ok(printable::json(&json).into_owned())
}

/// A line for the person, beside the data.
pub(crate) fn aside(text: Arguments<'_>) {
    beside(&format!("{}\n", printable::styled(&one(&text.to_string()))));
}

/// Waits a moment for whoever reads slowly. What they do not read by then is lost.
pub(crate) fn finish() {
    if let Some(background) = BACKGROUND.get() {
        background.data.finish(LAST_WORDS);
        background.aside.finish(LAST_WORDS);
    }
}

/// What was lost of the data since the start, in the system's words. What is printed in the background may be: whoever reads is told.
pub(crate) fn lost() -> Option<String> {
    if BACKGROUND.get().is_some() {
        return None;
    }
    let _ = io::stdout().flush().map_err(|error| keep(Err(error)));
    LOST.lock().ok()?.clone()
}

fn data(text: &str) {
    match BACKGROUND.get() {
        Some(background) => background.data.print(text.to_owned()),
        None => keep(anstream::stdout().lock().write_all(text.as_bytes())),
    }
}

fn beside(text: &str) {
    match BACKGROUND.get() {
        Some(background) => background.aside.print(text.to_owned()),
        // There is nowhere left to say that this failed.
        None => drop(anstream::stderr().lock().write_all(text.as_bytes())),
    }
}

fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && let Ok(mut lost) = LOST.lock()
    {
        lost.get_or_insert_with(|| error.to_string());
    }
}

/// Where the log goes: each event is a line of its own, whatever stands in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// Whether its events are JSON.
    pub(crate) json: bool,
}

impl Log {
    fn line(self, event: &str) -> String {
        let event = event.strip_suffix('\n').unwrap_or(event);
        match self.json {
            true => format!("{}\n", printable::json(event)),
            false => format!("{}\n", printable::styled(&event.replace(['\n', '\r'], " "))),
        }
    }
}

impl Write for Log {
    /// The log hands over one whole event at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        beside(&self.line(&String::from_utf8_lossy(event)));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line on stdout: data.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::terminal::output::line(format_args!($($text)*)) };
}

/// A line on stderr: what is not data.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::terminal::output::aside(format_args!($($text)*)) };
}

pub(crate) use {note, say};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_log_is_one_line_whatever_stands_in_it() {
        let attack = "\u{1b}[31mERROR\u{1b}[0m why=\u{1b}[2J\u{9b}2J\u{202e}x\nINFO all is well\r\n";
        let line = Log { json: false }.line(attack);
        assert_eq!(line, "\u{1b}[31mERROR\u{1b}[0m why=\u{fffd}[2J\u{fffd}2J\u{fffd}x INFO all is well \n");
        let json = serde_json::json!({ "why": attack }).to_string();
        let line = Log { json: true }.line(&format!("{json}\n"));
        assert!(!line.trim_end().contains(printable::acts), "{line:?}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["why"], attack);
    }
}
