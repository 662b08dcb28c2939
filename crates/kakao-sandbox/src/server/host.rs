//! The emulated hosts as a whole: memory, ledger file, fault rules, request record, and the choices they run with.
//!
//! Owns the one way in which facts come about: [`Host::commit`] writes them to disk before memory knows them, so that no answer tells
//! of what a crash could undo.

use std::net::SocketAddr;

use jiff::Timestamp;

use super::options::Options;
use super::record::Record;
use crate::error::SandboxError;
use crate::faults::rule::FaultBoard;
use crate::http::answer::Refusal;
use crate::state::clock::later;
use crate::state::event::{Event, LedgerEntry};
use crate::state::images::Images;
use crate::state::ledger::{self, Ledger};
use crate::state::memory::{Account, Memory, TokenKind};

/// Everything behind the wire. One request at a time works on it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) options: Options,
    /// The address really bound.
    pub(crate) address: SocketAddr,
    /// When it started, by its own clock.
    pub(crate) started_at: Timestamp,
    pub(crate) memory: Memory,
    ledger: Option<Ledger>,
    pub(crate) board: FaultBoard,
    pub(crate) record: Record,
    pub(crate) images: Images,
}

impl Host {
    /// Opens the ledger if there is one, and remembers what it says.
    pub(crate) fn new(options: Options, address: SocketAddr) -> Result<Self, SandboxError> {
        for rule in &options.faults {
            rule.check()?;
        }
        let mut memory = Memory::new(options.seed);
        let mut file = None;
        if let Some(path) = &options.ledger {
            let opened = ledger::open(path, options.seed)?;
            memory = Memory::new(opened.salt);
            for event in opened.events {
                memory.apply(event);
            }
            file = Some(opened.ledger);
        }
        Ok(Self {
            address,
            started_at: options.clock.now(),
            board: FaultBoard::new(options.faults.clone(), options.seed),
            record: Record::after(memory.last_request),
            images: Images::beside(options.ledger.as_deref()),
            memory,
            ledger: file,
            options,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// What the servers' own clock shows, skewed as it may be.
    pub(crate) fn server_time(&self, at: Timestamp) -> Timestamp {
        at.saturating_add(self.options.clock_skew).unwrap_or(at)
    }

    /// Makes facts true: on disk first, then in memory.
    ///
    /// The write blocks the sandbox's own thread, on purpose: the order of facts in the file is the order in which they came about.
    pub(crate) fn commit(&mut self, events: Vec<Event>) -> Result<(), Refusal> {
        if events.is_empty() {
            return Ok(());
        }
        if let Some(ledger) = &mut self.ledger
            && let Err(error) = ledger.append(&events)
        {
            tracing::error!(
                "sandbox: the ledger {} cannot be written, a request is refused: {error}",
                ledger.path().display()
            );
            return Err(Refusal::Broken);
        }
        for event in events {
            self.memory.apply(event);
        }
        Ok(())
    }

    /// The above for what the sandbox's owner asks for in process.
    pub(crate) fn commit_owned(&mut self, events: Vec<Event>) -> Result<(), SandboxError> {
        self.commit(events).map_err(|_| SandboxError::LedgerFile {
            path: self.options.ledger.clone().unwrap_or_default(),
            source: std::io::Error::other("the write failed"),
        })
    }

    /// Ends every token of these kinds before its time.
    pub(crate) fn end_tokens(&mut self, account: &str, kinds: &[TokenKind]) -> Result<(), SandboxError> {
        self.known(account)?;
        let at = self.now();
        let tokens = kinds.iter().flat_map(|kind| self.memory.tokens_of(account, *kind));
        let events = tokens.map(|token| Event::TokenEnded { token, at }).collect();
        self.commit_owned(events)
    }

    /// Every story that exists or existed, oldest first. One whose effect is still to come is not among them.
    pub(crate) fn entries(&self) -> Vec<LedgerEntry> {
        let now = self.now();
        let mut entries: Vec<LedgerEntry> = self
            .memory
            .stories
            .iter()
            .map(|story| &story.entry)
            .filter(|entry| entry.created_at <= now)
            .cloned()
            .collect();
        entries.sort_by_key(|entry| entry.created_at);
        entries
    }

    /// The account named, or an error that lists the ones there are.
    pub(crate) fn known(&self, name: &str) -> Result<&Account, SandboxError> {
        self.memory.account(name).ok_or_else(|| {
            let known: Vec<&str> = self.memory.accounts.iter().map(|account| account.name.as_str()).collect();
            SandboxError::NoSuchAccount { name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// When a story created at `at` appears in the list.
    pub(crate) fn listed_at(&self, at: Timestamp, lag: Option<std::time::Duration>) -> Timestamp {
        later(at, lag.unwrap_or_default().max(self.options.list_lag))
    }
}
