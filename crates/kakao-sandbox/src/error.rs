//! What can go wrong with the sandbox itself, as opposed to what it answers on purpose.
//!
//! Each text reads after "failed to" and ends with what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the sandbox did not start, or did not do what its owner asked.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address could not be bound.
    #[error("listen on {address}: {source}; choose another address, or port 0 for any free one")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The thread or the runtime that serves could not be made.
    #[error("start the sandbox's thread: {source}; free some memory or threads and try again")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// The ledger file could not be opened, read or written.
    #[error("use the ledger {}: {source}; check its folder and permissions", path.display())]
    LedgerFile {
        /// The ledger file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another sandbox holds the ledger file.
    #[error("open the ledger {}: another sandbox is using it; stop that one, or name another file", path.display())]
    LedgerBusy {
        /// The ledger file.
        path: PathBuf,
    },
    /// The file exists and is something else. It was left as it was.
    #[error("read {}: not a ledger of the sandbox ({problem}); name another file", path.display())]
    LedgerFormat {
        /// The file.
        path: PathBuf,
        /// What its first line is instead.
        problem: String,
    },
    /// A line in the middle of the ledger cannot be read. It was left as it was.
    #[error("read line {line} of the ledger {}: {problem}; restore the file from a copy, or name another one", path.display())]
    LedgerLine {
        /// The ledger file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// No account of that name.
    #[error("find the account {name:?} in the sandbox; it has {known}")]
    NoSuchAccount {
        /// The name that was asked for.
        name: String,
        /// The names that exist, joined by commas.
        known: String,
    },
    /// An account name that cannot be used.
    #[error("use {name:?} as an account name; give 1 to 64 characters without spaces or control characters")]
    AccountName {
        /// The name that was asked for.
        name: String,
    },
    /// A fault rule that makes no sense.
    #[error("read the fault {rule:?}: {problem}")]
    Fault {
        /// The rule as it was written.
        rule: String,
        /// What is wrong with it and what is valid.
        problem: String,
    },
}
