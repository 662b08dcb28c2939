//! The daemon's own chores, on UTC patterns: idempotent, harmless when they run twice or not at all for a while, most of
//! them also run at start, beside the work. Posts never depend on them: their due times live in the queue. Knows when they are due, and leaves
//! the waiting to the daemon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_cron_scheduler::Job;

use super::prune;
use crate::domain::clock::{between, earlier};
use crate::engine::context::Ctx;
use crate::engine::with_token;
use crate::store::StatementFailure;

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

/// What is done now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chore {
    TokenUpkeep,
    Media,
    Checkpoint,
    CheckPages,
    Prune,
    Audit,
}

/// A chore, when it is done next, and the one under way.
struct MaintenanceEntry {
    chore: Chore,
    pattern: String,
    /// `None`: its pattern has no next time.
    next_at: Option<Timestamp>,
    under_way: Option<JoinHandle<()>>,
}

/// The chores, for the daemon to begin when they are due. They wake nobody by themselves.
pub(crate) struct Chores {
    entries: Vec<MaintenanceEntry>,
    /// Keeps room for the work, from the start on.
    room: JoinHandle<()>,
    /// Looks around once the daemon is ready; `None` until then.
    around: Option<JoinHandle<()>>,
    over: Arc<AtomicBool>,
    looked_at: Timestamp,
}

/// Starts what keeps room for the work, beside it; the chores themselves are begun by the daemon. A failure of theirs is told and not fatal.
pub(crate) fn start(ctx: &Arc<Ctx>) -> Chores {
    let over = Arc::new(AtomicBool::new(false));
    let room = tokio::spawn(make_room(ctx.clone(), over.clone()));
    let patterns = [
        (Chore::TokenUpkeep, Some(TOKEN_UPKEEP.to_owned())),
        (Chore::Media, Some(MEDIA.to_owned())),
        (Chore::Checkpoint, Some(CHECKPOINT.to_owned())),
        (Chore::CheckPages, Some(CHECK_PAGES.to_owned())),
        (Chore::Prune, Some(PRUNE.to_owned())),
        (Chore::Audit, ctx.rules.audit.as_ref().map(|pattern| format!("0 {pattern}"))),
    ];
    let entries = patterns.into_iter().filter_map(|(chore, pattern)| {
        let pattern = pattern?;
        Some(MaintenanceEntry { chore, next_at: next_tick(&pattern), pattern, under_way: None })
    });
    Chores { entries: entries.collect(), room, around: None, over, looked_at: ctx.clock.now() }
}

/// The ballast, and a short log; no more of it once all is `over`.
async fn make_room(ctx: Arc<Ctx>, over: Arc<AtomicBool>) {
    if let Err(error) = ctx.store.refill_ballast().await {
        tracing::error!(%error, "without the ballast a full disk can leave a result unrecorded");
    }
    if !over.load(Ordering::Relaxed) {
        checkpoint(&ctx).await;
    }
}

/// What reads much of the queue, once posts have what they need; no more of it once all is `over`.
async fn look_around(ctx: Arc<Ctx>, over: Arc<AtomicBool>) {
    let is_over = || over.load(Ordering::Relaxed);
    if !is_over() && ctx.rules.audit.is_some() {
        order_audits(&ctx, Some(AUDIT_AGE_MAX)).await;
    }
    if !is_over() && ctx.trust.may_throw_away(&ctx.clock) {
        sweep_media(&ctx).await;
    }
}

/// The next instant of a pattern, reckoned from this one. The crate's own scheduler would look at its clock twice a second; here
/// it is the daemon that waits, with everything else that it waits for.
fn next_tick(pattern: &str) -> Option<Timestamp> {
    let job = Job::new(pattern, |_, _| {}).and_then(|mut job| job.job_data());
    match job {
        Ok(job) if job.next_tick > 0 => {
            i64::try_from(job.next_tick).ok().and_then(|at| Timestamp::from_second(at).ok())
        }
        Ok(_) => None,
        Err(error) => {
            tracing::error!(pattern, %error, "a chore of the daemon has no next time and is not done");
            None
        }
    }
}

impl Chores {
    /// Begins, once, what is done at each start as soon as the daemon is ready, beside the work.
    pub(crate) fn begin_first(&mut self, ctx: &Arc<Ctx>) {
        if self.around.is_some() {
            return;
        }
        self.around = Some(tokio::spawn(look_around(ctx.clone(), self.over.clone())));
        self.begin(ctx, Chore::CheckPages);
        self.begin(ctx, Chore::TokenUpkeep);
    }

    /// When the next one is due.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.entries.iter().filter_map(|entry| entry.next_at).min()
    }

    /// Begins what is due, beside the work; a chore that is still under way is not begun again.
    pub(crate) fn begin_due(&mut self, ctx: &Arc<Ctx>) {
        // By a clock in doubt none is due.
        if !ctx.trust.may_act(&ctx.clock) {
            return;
        }
        let now = ctx.clock.now();
        let set_back = now < std::mem::replace(&mut self.looked_at, now);
        let mut due = Vec::new();
        for entry in &mut self.entries {
            let is_due = entry.next_at.is_some_and(|at| at <= now);
            if is_due || set_back {
                entry.next_at = next_tick(&entry.pattern);
            }
            if is_due {
                due.push(entry.chore);
            }
        }
        due.into_iter().for_each(|chore| self.begin(ctx, chore));
    }

    fn begin(&mut self, ctx: &Arc<Ctx>, chore: Chore) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.chore == chore) else { return };
        if entry.under_way.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let throws_away = matches!(chore, Chore::Prune | Chore::Media);
        if throws_away && !ctx.trust.may_throw_away(&ctx.clock) {
            return;
        }
        let (ctx, over) = (ctx.clone(), self.over.clone());
        entry.under_way = Some(tokio::spawn(async move {
            match chore {
                Chore::TokenUpkeep => token_upkeep(&ctx).await,
                Chore::Media => sweep_media(&ctx).await,
                Chore::Checkpoint => checkpoint(&ctx).await,
                Chore::CheckPages => check_pages(&ctx, over).await,
                Chore::Prune => take_out(&ctx).await,
                Chore::Audit => order_audits(&ctx, None).await,
            }
        }));
    }

    /// Stops the chores, before the queue is closed under them. A check of the pages is broken off; the upkeep of tokens is left to
    /// itself, so that a token server that hangs holds nothing up.
    pub(crate) async fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        let under_way = self.entries.into_iter().filter(|entry| entry.chore != Chore::TokenUpkeep);
        for task in under_way.filter_map(|entry| entry.under_way).chain([self.room]).chain(self.around) {
            if let Err(error) = task.await {
                tracing::debug!(%error, "a chore of the daemon did not end by itself");
            }
        }
    }
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
        let now = ctx.clock.now();
        // One that seems to be obtained later than now was obtained by a wrong clock: nobody knows how old it is.
        let old = set.obtained_at > now || between(set.obtained_at, now) >= TOKEN_AGE_MAX;
        if !old || set.refresh_token.is_none() {
            continue;
        }
        match with_token::refresh(ctx, &account, &set.access_token).await {
            Ok(_) => tracing::info!(account, "tokens renewed ahead of time"),
            Err(fault) => tracing::error!(account, %fault, "the tokens could not be renewed"),
        }
    }
}

/// Damage that it finds puts an end to all writing, of which the daemon learns by itself.
async fn check_pages(ctx: &Ctx, over: Arc<AtomicBool>) {
    match ctx.store.check_pages(over).await {
        Err(error) if ctx.store.notice(&error) == StatementFailure::Other => {
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
        crate::engine::Result::Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{Clock, later};

    #[test]
    fn every_chore_has_a_next_time_within_a_day() {
        let now = Clock::system().now();
        for pattern in [TOKEN_UPKEEP, MEDIA, CHECKPOINT, CHECK_PAGES, PRUNE] {
            let next = next_tick(pattern).expect(pattern);
            assert!(now < next && next <= later(now, std::time::Duration::from_secs(86_400 + 60)), "{pattern}: {next}");
        }
        assert_eq!(next_tick("0 0 0 31 2 *"), None, "a day that never comes");
        assert_eq!(next_tick("never"), None);
    }
}
