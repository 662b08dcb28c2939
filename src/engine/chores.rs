//! The daemon's own chores, on UTC patterns: idempotent, harmless when they run twice or not at all for a while, each also run
//! at start, beside the work. Posts never depend on them: their due times live in the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::{Ctx, prune, session};
use crate::domain::clock::{between, earlier};
use crate::store::Trouble;

/// Four times a day: often enough that an account without posts never lets its refresh token run out.
const TOKEN_UPKEEP: &str = "0 17 */6 * * *";
/// Once a day: what no post refers to any more goes.
const MEDIA: &str = "0 41 3 * * *";
/// Every ten minutes: folds the write-ahead log into the database while nobody waits for it.
const CHECKPOINT: &str = "0 */10 * * * *";
/// Once a day: reads every page of the database, so that one that has gone bad is known before it is needed.
const CHECK_PAGES: &str = "0 42 18 * * *";
/// Once a day, when few posts go out in Korea: what the settings no longer keep is taken out.
const PRUNE: &str = "0 40 18 * * *";
/// An account whose last audit is older than this is audited when the daemon starts, if audits are wanted at all: a machine that is
/// off at the hour of the audits has them too.
const AUDIT_AGE_MAX: std::time::Duration = std::time::Duration::from_secs(7 * 86_400);
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
        if first.rules.audit.is_some() {
            order_audits(&first, Some(AUDIT_AGE_MAX)).await;
        }
        sweep_media(&first).await;
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
    let retention = ctx.clone();
    scheduler
        .add(Job::new_async(PRUNE, move |_, _| {
            let ctx = retention.clone();
            Box::pin(async move { take_out(&ctx).await })
        })?)
        .await?;
    if let Some(pattern) = &ctx.rules.audit {
        let audited = ctx.clone();
        scheduler
            .add(Job::new_async(format!("0 {pattern}").as_str(), move |_, _| {
                let ctx = audited.clone();
                Box::pin(async move { order_audits(&ctx, None).await })
            })?)
            .await?;
    }
    let media = ctx.clone();
    scheduler
        .add(Job::new_async(MEDIA, move |_, _| {
            let ctx = media.clone();
            Box::pin(async move { sweep_media(&ctx).await })
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

/// Damage that it finds puts an end to all writing, of which the daemon learns by itself.
async fn check_pages(ctx: &Ctx, over: Arc<AtomicBool>) {
    match ctx.store.check_pages(over).await {
        Err(error) if ctx.store.notice(&error) == Trouble::Other => {
            tracing::warn!(%error, "the pages of the database could not be looked at; tried again tomorrow");
        }
        _ => {}
    }
}

/// Asks for an audit of every account that has had none for so long.
async fn order_audits(ctx: &Ctx, age: Option<std::time::Duration>) {
    let ordered = async {
        let now = ctx.clock.now();
        for row in ctx.store.accounts().await? {
            let fresh = match age {
                Some(age) => ctx.store.audited_since(&row.account, earlier(now, age)).await?,
                None => false,
            };
            if !fresh {
                ctx.store.order_audit(&row.account, "daemon", now).await?;
            }
        }
        super::Result::Ok(())
    };
    if let Err(error) = ordered.await {
        tracing::error!(%error, "the audits could not be begun");
    }
}

/// Takes out what the settings no longer keep.
async fn take_out(ctx: &Ctx) {
    match prune::run_once(ctx, &ctx.rules.keep).await {
        Ok(pruned) if pruned != crate::store::queue::Pruned::default() => {
            tracing::info!(
                posts = pruned.posts,
                audits = pruned.audits,
                "what is no longer kept was taken out of the record"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "what is no longer kept could not be taken out; tried again tomorrow"),
    }
}

/// Removes the images that neither a post nor the plan in force names.
pub async fn sweep_media(ctx: &Ctx) {
    let (_, before) = ctx.plan.get();
    let mut keep = match ctx.store.images_in_use().await {
        Ok(keep) => keep,
        Err(error) => return tracing::warn!(%error, "no images are cleared away: what is in use cannot be read"),
    };
    let keep = || {
        // Another plan came meanwhile: its posts may refer to what was not looked at.
        let (plan, now) = ctx.plan.get();
        let plan = plan.filter(|_| now == before)?;
        let images = plan.jobs.values().flat_map(|job| job.content.images());
        keep.extend(images.map(|image| image.sha256.clone()));
        Some(keep)
    };
    match ctx.store.media().sweep(ctx.clock.now(), keep) {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "images that nothing refers to were cleared away"),
        Err(error) => tracing::warn!(%error, "no images are cleared away"),
    }
}

async fn checkpoint(ctx: &Ctx) {
    if let Err(error) = ctx.store.checkpoint().await {
        ctx.store.notice(&error);
        tracing::warn!(%error, "the write-ahead log could not be folded in; tried again in ten minutes");
    }
}
