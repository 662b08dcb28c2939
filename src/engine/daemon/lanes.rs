//! The lanes: one task per deed and account, so that a hanging request holds up nobody else. Starts what is due, takes note of what
//! ended, and writes the one log line of each deed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::{Id, JoinError, JoinSet};

use super::{News, SOON};
use crate::domain::clock::later;
use crate::engine::{Ctx, Outcome, Report, Result, audit, delete, notify, prepare, probe, publish, reconcile, restore};
use crate::store::Trouble;
use crate::store::view::Due;

/// Most lanes that run at the same time.
const LANES_MAX: usize = 256;

/// Runs one deed once. What its failure tells about the disk holds at once, for every other deed too.
pub(super) async fn run_deed(ctx: &Ctx, deed: Due, account: &str) -> Result<Report> {
    let report = match deed {
        Due::Prepare => prepare::run_once(ctx, account).await,
        Due::Publish => publish::run_once(ctx, account).await,
        Due::Reconcile => reconcile::run_once(ctx, account).await,
        Due::Delete => delete::run_once(ctx, account).await,
        Due::Probe => probe::run_once(ctx, account).await,
        Due::Notify => notify::run_once(ctx, account).await,
        Due::Audit => audit::run_once(ctx, account).await,
        Due::Restore => restore::run_once(ctx, account).await,
    };
    if let Err(error) = &report {
        ctx.store.notice(error);
    }
    report
}

/// The deeds under way: one task per deed and account.
#[derive(Default)]
pub(super) struct Lanes {
    pub(super) set: JoinSet<Result<Report>>,
    keys: HashMap<Id, (Due, String)>,
    pub(super) busy: HashSet<(Due, String)>,
    /// Lanes that found nothing to do, or whose database connection was busy, although they were called: not called again at
    /// once, so that a disagreement can never become a spin.
    resting: HashMap<(Due, String), Timestamp>,
}

impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    pub(super) fn next_rest(&self) -> Option<Timestamp> {
        self.resting.values().min().copied()
    }

    /// Lets every resting lane be called again.
    pub(super) fn rested(&mut self) {
        self.resting.clear();
    }

    /// Starts whatever is due and not under way.
    pub(super) async fn fill(&mut self, ctx: &Arc<Ctx>) -> Result<()> {
        let now = ctx.clock.now();
        self.resting.retain(|_, until| *until > now);
        let sinks = ctx.store.sinks_due(now).await?.into_iter().map(|sink| (Due::Notify, sink));
        for key in ctx.store.due(now).await?.into_iter().chain(sinks) {
            if self.set.len() >= LANES_MAX {
                break;
            }
            if self.resting.contains_key(&key) || !self.busy.insert(key.clone()) {
                continue;
            }
            let (ctx, (deed, account)) = (ctx.clone(), key.clone());
            let task = self.set.spawn(async move { run_deed(&ctx, deed, &account).await });
            self.keys.insert(task.id(), key);
        }
        Ok(())
    }

    /// Takes note of a deed that ended.
    pub(super) fn settle(
        &mut self,
        ctx: &Ctx,
        done: std::result::Result<(Id, Result<Report>), JoinError>,
        tell: &impl Fn(News<'_>),
    ) -> Result<()> {
        let (id, result) = match done {
            Ok((id, result)) => (id, result.map(Some)),
            Err(error) => {
                // Its post keeps its lease; when that ends the sweep decides, and never sends again what may have left.
                tracing::error!(%error, "a deed ended unexpectedly; please report this");
                (error.id(), Ok(None))
            }
        };
        let Some(key) = self.keys.remove(&id) else { return Ok(()) };
        self.busy.remove(&key);
        let rest = later(ctx.clock.now(), SOON);
        match result {
            Ok(Some(report)) if matches!(report.outcome, Outcome::Idle | Outcome::Lost) => {
                self.resting.insert(key, rest);
            }
            Ok(Some(report)) => {
                log(&report);
                tell(News::Deed(&report));
            }
            Ok(None) => {
                self.resting.insert(key, rest);
            }
            Err(error) if error.is_busy() => {
                tracing::warn!(%error, "the database is held by another program");
                self.resting.insert(key, rest);
            }
            // Recorded or not: nobody claims anything until there is room, and then a sweep settles what is left open.
            Err(error) if ctx.store.notice(&error) == Trouble::Full => {
                tracing::error!(%error, account = key.1, "a deed could not be recorded");
                self.resting.insert(key, rest);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// One line per deed, written where its outcome is known and nowhere else.
pub(super) fn log(report: &Report) {
    let (post, job) = report.post.as_ref().map_or((0, ""), |(post, job)| (*post, job.as_str()));
    let account = report.account.as_str();
    match &report.outcome {
        Outcome::Idle => {}
        Outcome::Prepared => tracing::info!(post.id = post, job.name = job, account, "prepared"),
        Outcome::Published { story_id, late } => {
            tracing::info!(post.id = post, job.name = job, account, story.id = %story_id, late_ms = late.as_millis(), "published");
        }
        Outcome::Found { story_id } => {
            tracing::info!(post.id = post, job.name = job, account, story.id = %story_id, "published after all: found in the list");
        }
        Outcome::Deleted { story_id } => {
            tracing::info!(post.id = post, job.name = job, account, story.id = %story_id, "deleted");
        }
        Outcome::Retry { at, fault } => {
            tracing::warn!(post.id = post, job.name = job, account, next_at = %at, %fault, "attempt failed; tries again");
        }
        Outcome::Blocked { fault } => {
            tracing::error!(post.id = post, job.name = job, account, %fault, "the account is blocked; its posts wait");
        }
        Outcome::Refreshed => tracing::info!(post.id = post, job.name = job, account, "access token refreshed"),
        Outcome::Failed { fault } => tracing::error!(post.id = post, job.name = job, account, %fault, "failed"),
        Outcome::InDoubt { fault } => {
            tracing::warn!(post.id = post, job.name = job, account, %fault, "in doubt; looks at the account's list");
        }
        Outcome::LookAgain { at, why } => {
            tracing::info!(post.id = post, job.name = job, account, next_at = %at, why, "still in doubt");
        }
        Outcome::Absent { then } => {
            tracing::warn!(post.id = post, job.name = job, account, then = then.as_str(), "proved absent");
        }
        Outcome::Parked { why } => {
            tracing::error!(post.id = post, job.name = job, account, why, "in doubt, and a person must settle it");
        }
        Outcome::Healed => tracing::info!(account, "Kakao serves the account again; its posts go on"),
        Outcome::Told => tracing::debug!(sink = account, "a notice was delivered"),
        Outcome::NotTold { at: Some(at), why } => {
            tracing::warn!(sink = account, next_at = %at, why, "a notice was not delivered; tries again");
        }
        Outcome::NotTold { at: None, why } => tracing::error!(sink = account, why, "a notice was given up"),
        Outcome::Audited { found: 0, ended: false } => tracing::debug!(account, "audit goes on"),
        Outcome::Audited { found, ended: false } => {
            tracing::warn!(account, found, "the audit found differences; `storyd admin audit --last` tells them");
        }
        Outcome::Audited { ended: true, .. } => tracing::info!(account, "audit done"),
        Outcome::Restored { found, held } => {
            tracing::warn!(
                account,
                found,
                held,
                "the list was consulted after a backup was restored; the account goes on"
            );
        }
        Outcome::Lost => tracing::info!(post.id = post, job.name = job, account, "somebody else moved the post first"),
    }
}
