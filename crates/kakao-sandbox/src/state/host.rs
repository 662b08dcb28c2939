//! The emulated hosts as a whole: memory, ledger file, fault rules, request record, and the choices they run with.
//!
//! Owns the one way in which facts come about: [`Host::commit`] writes them to disk before memory knows them, so that no answer tells
//! of what a crash could undo.

use std::net::SocketAddr;

use jiff::Timestamp;

use super::clock::later;
use super::event::{Event, LedgerEntry};
use super::images::Images;
use super::ledger::{self, Ledger};
use super::memory::{Account, Lane, Memory, TokenKind};
use super::options::Options;
use super::record::Record;
use crate::api::{token, user};
use crate::error::SandboxError;
use crate::faults::rule::FaultBoard;
use crate::http::answer::Refusal;
use crate::server::running::AccountTokens;

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
    /// Opens the ledger if there is one, remembers what it says, and makes the accounts that are missing.
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
        let mut host = Self {
            address,
            started_at: options.clock.now(),
            board: FaultBoard::new(options.faults.clone(), options.seed),
            record: Record::after(memory.last_request),
            images: Images::beside(options.ledger.as_deref()),
            memory,
            ledger: file,
            options,
        };
        for name in host.options.accounts.clone() {
            host.add_account(&name)?;
        }
        Ok(host)
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

    /// Makes the account if it does not exist, and gives it tokens that work.
    pub(crate) fn add_account(&mut self, name: &str) -> Result<AccountTokens, SandboxError> {
        let usable =
            (1..=64).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        if !usable {
            return Err(SandboxError::AccountName { name: name.to_owned() });
        }
        if self.memory.account(name).is_none() {
            let at = self.now();
            let user = self.memory.unique(Lane::User, 0);
            let account = Event::Account {
                name: name.to_owned(),
                // Ten digits, as Kakao's user IDs have.
                user_id: i64::try_from(user % 8_000_000_000).unwrap_or_default() + 1_000_000_000,
                profile: crate::faults::dice::base62(self.memory.unique(Lane::Profile, 0), 7),
                scopes: user::ALL_SCOPES.iter().map(|scope| scope.id.to_owned()).collect(),
                at,
            };
            self.commit_owned(vec![account])?;
        }
        token::working(self, name)
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
