//! What falls due when, as far as the daemon has looked. All of the queue is looked at now and then; in between, the account whose lane
//! ended is looked at, and a post's due time starts its lane with no question asked.
//!
//! Never more than a hint: the deeds look for themselves, and what nobody has foreseen is found by the next look at all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::SLEEP_MAX;
use crate::domain::clock::later;
use crate::engine::{Ctx, Result};
use crate::store::view::Due;

/// Most due times that are known ahead.
const COMING_MAX: u32 = 512;

/// Instants, and what is to be done at them.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    /// The posts that fall due.
    posts: BTreeMap<Timestamp, BTreeSet<String>>,
    /// Accounts to be asked what is due.
    accounts: BTreeMap<Timestamp, BTreeSet<String>>,
    /// Accounts to be asked at once.
    asked: BTreeSet<String>,
    /// Found by the last look at all.
    found: Vec<(Due, String)>,
    /// When all is to be looked at next; `None`: at once.
    all_at: Option<Timestamp>,
    /// The first instant of anything but a post that falls due, as the last look at all found it; all is looked at then.
    other_at: Option<Timestamp>,
}

impl Agenda {
    /// Looks at an account at once.
    pub(super) fn ask(&mut self, account: Option<String>) {
        self.asked.extend(account);
    }

    /// Looks at all at once.
    pub(super) fn ask_all(&mut self) {
        self.all_at = None;
    }

    pub(super) fn is_all_due(&self, now: Timestamp) -> bool {
        self.all_at.is_none_or(|at| at <= now)
    }

    /// When all is looked at next.
    pub(super) fn all_at(&self) -> Timestamp {
        self.all_at.unwrap_or(Timestamp::MIN)
    }

    /// The first instant at which something falls due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let first = |instants: &BTreeMap<Timestamp, BTreeSet<String>>| instants.keys().next().copied();
        [first(&self.posts), first(&self.accounts), self.other_at].into_iter().flatten().min()
    }

    /// Looks at the whole queue.
    pub(super) async fn look_at_all(&mut self, ctx: &Ctx) -> Result<()> {
        // One instant for every question: what falls due in between is ahead of all of them.
        let now = ctx.clock.now();
        self.found = ctx.store.due(now).await?;
        let sinks = ctx.store.sinks_due(now).await?;
        self.found.extend(sinks.into_iter().map(|sink| (Due::Notify, sink)));
        let coming = ctx.store.coming(now, COMING_MAX).await?;
        // What comes after the last one that is known is found by looking again.
        let known_until = if coming.len() < COMING_MAX as usize { None } else { coming.last().map(|(at, _)| *at) };
        self.posts.clear();
        self.accounts.clear();
        self.asked.clear();
        for (at, account) in coming {
            self.posts.entry(at).or_default().insert(account);
        }
        self.other_at = ctx.store.next_other(now).await?;
        let lease = ctx.store.next_lease(now).await?;
        let again = later(now, SLEEP_MAX);
        self.all_at = Some([self.other_at, lease, known_until].into_iter().flatten().fold(again, Timestamp::min));
        Ok(())
    }

    /// What is due, as far as is known.
    pub(super) async fn due(&mut self, ctx: &Ctx) -> Result<Vec<(Due, String)>> {
        let mut due = std::mem::take(&mut self.found);
        let now = ctx.clock.now();
        while let Some(entry) = self.posts.first_entry().filter(|entry| *entry.key() <= now) {
            due.extend(entry.remove().into_iter().map(|account| (Due::Publish, account)));
        }
        while let Some(entry) = self.accounts.first_entry().filter(|entry| *entry.key() <= now) {
            self.asked.extend(entry.remove());
        }
        for account in std::mem::take(&mut self.asked) {
            due.extend(ctx.store.due_of(Some(&account), now).await?);
            if let Some(at) = ctx.store.next_wake_of(&account, now).await? {
                self.accounts.entry(at).or_default().insert(account);
            }
        }
        Ok(due)
    }
}
