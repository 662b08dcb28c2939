//! The daemon's own chores, on UTC patterns: idempotent, harmless when they run twice or not at all for a while, each also run
//! at start. Posts never depend on them: their due times live in the queue.

use std::sync::Arc;

use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::{Ctx, session};
use crate::domain::clock::between;

/// Four times a day: often enough that an account without posts never lets its refresh token run out.
const TOKEN_UPKEEP: &str = "0 17 */6 * * *";
/// Every ten minutes: folds the write-ahead log into the database while nobody waits for it.
const CHECKPOINT: &str = "0 */10 * * * *";
/// A token set older than this is renewed even when nobody uses it, in days. A refresh token lives about two months and is
/// replaced only in its last one.
const TOKEN_AGE_MAX: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);

/// Starts the chores. Without them the daemon still publishes, so a failure is told and not fatal.
pub(super) async fn start(ctx: &Arc<Ctx>) -> Option<JobScheduler> {
    token_upkeep(ctx).await;
    checkpoint(ctx).await;
    match schedule(ctx).await {
        Ok(scheduler) => Some(scheduler),
        Err(error) => {
            tracing::error!(%error, "the daemon's own chores do not run; tokens are still refreshed when they are used");
            None
        }
    }
}

/// Stops the chores.
pub(super) async fn stop(scheduler: Option<JobScheduler>) {
    if let Some(mut scheduler) = scheduler
        && let Err(error) = scheduler.shutdown().await
    {
        tracing::debug!(%error, "the chores did not stop by themselves");
    }
}

async fn schedule(ctx: &Arc<Ctx>) -> Result<JobScheduler, JobSchedulerError> {
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
    scheduler.start().await?;
    Ok(scheduler)
}

/// Renews the tokens of accounts that have not been used for long: the chore that keeps an idle account alive.
pub async fn token_upkeep(ctx: &Ctx) {
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

async fn checkpoint(ctx: &Ctx) {
    if let Err(error) = ctx.store.checkpoint().await {
        tracing::warn!(%error, "the write-ahead log could not be folded in; tried again in ten minutes");
    }
}
