//! What falls due when, as far as the daemon has looked. All of the queue is looked at now and then; in between, the account whose lane
//! ended is looked at, and a post's due time starts its lane with no question asked.
//!
//! Never more than a hint: the deeds look for themselves, and what nobody has foreseen is found by the next look at all.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::{between, earlier, later};
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::store::view::TaskKind;

/// Most due times that are known ahead.
const COMING_MAX: u32 = 512;
/// How often all is looked at when nothing is foreseen: what changes by itself has its instant, and who changes anything else rings.
const ALL_EVERY: Duration = Duration::from_secs(120);
/// How long before the last due time that is known the ones after it are looked for, so that it is not late for that.
const LOOK_AHEAD: Duration = Duration::from_secs(1);
/// Due times as close together as this are no longer told apart by looking ahead of them.
const LOOK_AHEAD_MIN: Duration = Duration::from_millis(50);

/// Instants, and what is to be done at them.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// The posts that fall due.
    posts: BTreeMap<Timestamp, BTreeSet<String>>,
    /// Accounts to be asked what is due.
    accounts: BTreeMap<Timestamp, BTreeSet<String>>,
    /// Accounts to be asked at once.
    asked: BTreeSet<String>,
    /// Found by the last look at all.
    found: Vec<(TaskKind, String)>,
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

    /// Forgets what was known, and looks at all at once.
    pub(super) fn forget(&mut self) {
        self.posts.clear();
        self.ask_all();
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
        self.found.extend(sinks.into_iter().map(|sink| (TaskKind::Notify, sink)));
        let coming = ctx.store.coming(now, COMING_MAX).await?;
        // What comes after the last one that is known is found by looking again.
        let is_full = coming.len() >= COMING_MAX as usize;
        let known_until = coming.last().filter(|_| is_full).map(|(at, _)| ahead_of(*at, now));
        self.posts.clear();
        self.accounts.clear();
        self.asked.clear();
        for (at, account) in coming {
            self.posts.entry(at).or_default().insert(account);
        }
        self.other_at = ctx.store.next_other(now).await?;
        let lease = ctx.store.next_lease(now).await?;
        let again = later(now, ALL_EVERY);
        self.all_at = Some([self.other_at, lease, known_until].into_iter().flatten().fold(again, Timestamp::min));
        Ok(())
    }

    /// The posts that are due, as far as is known: nothing is asked for it.
    pub(super) fn due_posts(&mut self, now: Timestamp) -> Vec<(TaskKind, String)> {
        let mut due = Vec::new();
        while let Some(entry) = self.posts.first_entry().filter(|entry| *entry.key() <= now) {
            due.extend(entry.remove().into_iter().map(|account| (TaskKind::Publish, account)));
        }
        due
    }

    /// When the next post falls due, as far as is known.
    pub(super) fn next_post(&self) -> Option<Timestamp> {
        self.posts.keys().next().copied()
    }

    /// What else is due, as far as is known.
    pub(super) async fn due(&mut self, ctx: &Ctx) -> Result<Vec<(TaskKind, String)>> {
        let mut due = std::mem::take(&mut self.found);
        let now = ctx.clock.now();
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

/// When to look for what comes after the last due time that is known: some time ahead of it, but never so often that looking is all
/// that is done.
fn ahead_of(known_until: Timestamp, now: Timestamp) -> Timestamp {
    let half = between(now, known_until) / 2;
    if half < LOOK_AHEAD_MIN { known_until } else { earlier(known_until, LOOK_AHEAD).max(later(now, half)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_looked_at_ahead_of_the_last_due_time_and_not_for_ever() {
        let now: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let at = |millis| later(now, Duration::from_millis(millis));
        for (known_until, again) in [(30_000, 29_000), (1_500, 750), (200, 100), (90, 90), (0, 0)] {
            assert_eq!(ahead_of(at(known_until), now), at(again), "{known_until} ms");
        }
        let (mut looks, mut then) = (0, now);
        while then < at(1_000) {
            then = ahead_of(at(1_000), then);
            looks += 1;
        }
        assert!(looks < 10, "{looks}");
    }
}
