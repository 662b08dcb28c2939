//! The daemon's own chores, on UTC patterns: idempotent, harmless when they run twice or not at all for a while, each also run
//! at start, beside the work. Posts never depend on them: their due times live in the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::{Ctx, session};
use crate::domain::clock::between;
use crate::store::Trouble;

/// Four times a day: often enough that an account without posts never lets its refresh token run out.
const TOKEN_UPKEEP: &str = "0 17 */6 * * *";
/// Every ten minutes: folds the write-ahead log into the database while nobody waits for it.
const CHECKPOINT: &str = "0 */10 * * * *";
/// Once a day: reads every page of the database, so that one that has gone bad is known before it is needed.
const CHECK_PAGES: &str = "0 42 18 * * *";
/// A token set older than this is renewed even when nobody uses it, in days. A refresh token lives about two months and is
/// replaced only in its last one.
const TOKEN_AGE_MAX: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);

/// The chores under way.
pub(super) struct Chores {
    scheduler: Option<JobScheduler>,
    first_check: JoinHandle<()>,
    over: Arc<AtomicBool>,
}

/// Starts the chores. Without them the daemon still publishes, so a failure is told and not fatal.
pub(super) async fn start(ctx: &Arc<Ctx>) -> Chores {
    let over = Arc::new(AtomicBool::new(false));
    let first = ctx.clone();
    // Left to itself at the end: a hanging token server holds nothing up.
    tokio::spawn(async move {
        match first.store.refill_ballast().await {
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "without the ballast a full disk can leave a result unrecorded"),
        }
        checkpoint(&first).await;
        token_upkeep(&first).await;
    });
    let (first, until) = (ctx.clone(), over.clone());
    let first_check = tokio::spawn(async move { check_pages(&first, until).await });
    let scheduler = match schedule(ctx, &over).await {
        Ok(scheduler) => Some(scheduler),
        Err(error) => {
            tracing::error!(%error, "the daemon's own chores do not run; tokens are still refreshed when they are used");
            None
        }
    };
    Chores { scheduler, first_check, over }
}

impl Chores {
    /// Stops the chores. A check under way is broken off, so that its connection does not keep the log from being folded in.
    pub(super) async fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(mut scheduler) = self.scheduler
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::debug!(%error, "the chores did not stop by themselves");
        }
        if let Err(error) = self.first_check.await {
            tracing::debug!(%error, "the check of the database did not end by itself");
        }
    }
}

async fn schedule(ctx: &Arc<Ctx>, over: &Arc<AtomicBool>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let upkeep = ctx.clone();
    scheduler
        .add(Job::new_async(TOKEN_UPKEEP, move |_, _| {
            let ctx = upkeep.clone();
            Box::pin(async move { token_upkeep(&ctx).await })
        })?)
        .await?;
    let fold = ctx.clone();
    scheduler
        .add(Job::new_async(CHECKPOINT, move |_, _| {
            let ctx = fold.clone();
            Box::pin(async move { checkpoint(&ctx).await })
        })?)
        .await?;
    let (check, until) = (ctx.clone(), over.clone());
    scheduler
        .add(Job::new_async(CHECK_PAGES, move |_, _| {
            let (ctx, over) = (check.clone(), until.clone());
            Box::pin(async move { check_pages(&ctx, over).await })
        })?)
        .await?;
    scheduler.start().await?;
    Ok(scheduler)
}

/// Renews the tokens of accounts that have not been used for long.
async fn token_upkeep(ctx: &Ctx) {
    let folder = ctx.tokens.folder();
    let accounts = match folder.list() {
        Ok(accounts) => accounts,
        Err(error) => return tracing::error!(%error, "the token folder cannot be read"),
    };
    for account in accounts {
        let set = match folder.load(&account) {
            Ok(set) => set,
            Err(error) => {
                tracing::error!(account, %error, "the tokens of an account cannot be read");
                continue;
            }
        };
        let old = between(set.obtained_at, ctx.clock.now()) >= TOKEN_AGE_MAX;
        if !old || set.refresh_token.is_none() {
            continue;
        }
        match session::refresh(ctx, &account, &set.access_token).await {
            Ok(_) => tracing::info!(account, "tokens renewed ahead of time"),
            Err(fault) => tracing::error!(account, %fault, "the tokens could not be renewed"),
        }
    }
}

/// Damage that it finds puts an end to all writing, of which the daemon learns by itself.
async fn check_pages(ctx: &Ctx, over: Arc<AtomicBool>) {
    match ctx.store.check_pages(over).await {
        Err(error) if ctx.store.notice(&error) == Trouble::Other => {
            tracing::warn!(%error, "the pages of the database could not be looked at; tried again tomorrow");
        }
        _ => {}
    }
}

async fn checkpoint(ctx: &Ctx) {
    if let Err(error) = ctx.store.checkpoint().await {
        ctx.store.notice(&error);
        tracing::warn!(%error, "the write-ahead log could not be folded in; tried again in ten minutes");
    }
}
