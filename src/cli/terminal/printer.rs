//! A stream that may never be read: printed from a thread of its own, so that nothing that posts ever waits for it.
//!
//! What nobody takes is dropped and counted, and once somebody reads again a line says how many there were.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most bytes that wait for a reader.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// How long a stream that cannot be written at the moment is left alone.
const AGAIN: Duration = Duration::from_millis(50);

/// Prints onto one stream.
pub(crate) struct Printer {
    shared: Arc<PrinterState>,
}

struct PrinterState {
    waiting: Mutex<PrinterQueue>,
    changed: Condvar,
    /// What says that so many lines were dropped.
    say_dropped: fn(u64) -> String,
}

#[derive(Default)]
struct PrinterQueue {
    texts: VecDeque<String>,
    bytes: usize,
    /// Lines that were dropped since the last one that was taken.
    dropped: u64,
    /// Whether the thread is writing what it took.
    writing: bool,
    /// Whether the last text could not be written: nothing is said of what was dropped before there is something else to print.
    failed: bool,
}

impl Printer {
    /// Starts the thread that writes onto `stream`.
    pub(crate) fn start(
        name: &str,
        stream: impl Write + Send + 'static,
        say_dropped: fn(u64) -> String,
    ) -> io::Result<Self> {
        let shared = Arc::new(PrinterState { waiting: Mutex::default(), changed: Condvar::new(), say_dropped });
        let own = shared.clone();
        std::thread::Builder::new().name(name.into()).spawn(move || own.write_all(stream))?;
        Ok(Self { shared })
    }

    /// Has a text printed, or drops it when too much waits already. Never waits.
    pub(crate) fn print(&self, text: String) {
        if text.is_empty() {
            return;
        }
        let mut waiting = self.shared.lock();
        if waiting.bytes + text.len() > WAITING_BYTES_MAX {
            waiting.dropped += lines_of(&text);
            return;
        }
        if waiting.dropped > 0 {
            let said = (self.shared.say_dropped)(std::mem::take(&mut waiting.dropped));
            waiting.push(said);
        }
        waiting.push(text);
        waiting.failed = false;
        self.shared.changed.notify_all();
    }

    /// Waits until all of it is printed, at most so long. How many lines were not.
    pub(crate) fn finish(&self, patience: Duration) -> u64 {
        let busy = |waiting: &mut PrinterQueue| waiting.writing || !waiting.texts.is_empty();
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), patience, busy);
        let waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        waiting.dropped + waiting.texts.iter().map(|text| lines_of(text)).sum::<u64>()
    }
}

impl PrinterQueue {
    fn push(&mut self, text: String) {
        self.bytes += text.len();
        self.texts.push_back(text);
    }
}

impl PrinterState {
    fn lock(&self) -> MutexGuard<'_, PrinterQueue> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: ends with the process.
    fn write_all(&self, mut stream: impl Write) {
        loop {
            let text = {
                let mut waiting = self.lock();
                waiting.writing = false;
                self.changed.notify_all();
                loop {
                    if let Some(text) = waiting.texts.pop_front() {
                        waiting.bytes -= text.len();
                        waiting.writing = true;
                        break text;
                    }
                    if waiting.dropped > 0 && !waiting.failed {
                        waiting.writing = true;
                        break (self.say_dropped)(std::mem::take(&mut waiting.dropped));
                    }
                    waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                }
            };
            if !self.write(&mut stream, text.as_bytes()) {
                let mut waiting = self.lock();
                waiting.dropped += lines_of(&text);
                waiting.failed = true;
            }
        }
    }

    /// Writes all of it, however long that takes. False when nobody will ever read it.
    fn write(&self, stream: &mut impl Write, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(0) => return false,
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Whoever made the stream does not want writers to wait: the thread waits by itself.
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.pause(),
                // Closed (`| head -1`), or a full disk: this text is lost, and the next one is tried again.
                Err(_) => return false,
            }
        }
        while let Err(error) = stream.flush() {
            if error.kind() != ErrorKind::WouldBlock {
                return false;
            }
            self.pause();
        }
        true
    }

    fn pause(&self) {
        // Woken by each text that comes: it is a pause all the same.
        drop(self.changed.wait_timeout_while(self.lock(), AGAIN, |_| true));
    }
}

fn lines_of(text: &str) -> u64 {
    u64::try_from(text.lines().count().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn say(lines: u64) -> String {
        format!("[{lines} dropped]\n")
    }

    /// A stream that takes a text only when the test reads one.
    struct Slow(mpsc::SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.send(bytes.to_vec()) {
                Ok(()) => Ok(bytes.len()),
                Err(_) => Err(ErrorKind::BrokenPipe.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_counted_and_said_once_somebody_reads() {
        let (stream, reader) = mpsc::sync_channel(0);
        let printer = Printer::start("test", Slow(stream), say).unwrap();
        let line = format!("{}\n", "x".repeat(1023));
        printer.print(line.clone());
        // The thread holds the first line from here on. A line that it took later would make room for one that is not dropped.
        while !printer.shared.lock().texts.is_empty() {
            std::thread::yield_now();
        }
        for _ in 1..1_000 {
            printer.print(line.clone());
        }
        // 256 wait.
        assert_eq!(printer.shared.lock().dropped, 743);
        assert!(printer.finish(Duration::ZERO) >= 999);
        // What was dropped is said last, once all that waited was read.
        let mut read: Vec<String> = Vec::new();
        while !read.last().is_some_and(|text| text.starts_with('[')) {
            read.push(String::from_utf8(reader.recv().unwrap()).unwrap());
        }
        let (said, lines): (Vec<&String>, Vec<&String>) = read.iter().partition(|text| text.starts_with('['));
        let dropped: u64 = said[0].trim_start_matches('[').split(' ').next().unwrap().parse().unwrap();
        assert_eq!((said.len(), lines.len() as u64 + dropped), (1, 1_000), "each line was read, or said to be dropped");
        printer.print("again\n".into());
        assert_eq!(reader.recv().unwrap(), b"again\n");
        assert_eq!(printer.finish(Duration::from_secs(60)), 0);
    }

    #[test]
    fn a_stream_that_is_closed_or_not_ready_keeps_nobody() {
        let (stream, reader) = mpsc::sync_channel(0);
        drop(reader);
        let printer = Printer::start("test", Slow(stream), say).unwrap();
        (0..10_000).for_each(|_| printer.print("lost\n".into()));
        let _ = printer.finish(Duration::from_secs(60));

        struct Blinking(bool, mpsc::Sender<u8>);
        impl Write for Blinking {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = !self.0;
                if self.0 {
                    return Err(ErrorKind::WouldBlock.into());
                }
                self.1.send(bytes[0]).map(|()| 1).map_err(|_| ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (sender, bytes) = mpsc::channel();
        let printer = Printer::start("test", Blinking(false, sender), say).unwrap();
        printer.print("abc\n".into());
        assert_eq!(printer.finish(Duration::from_secs(60)), 0);
        assert_eq!(bytes.try_iter().collect::<Vec<_>>(), b"abc\n");
    }
}
