//! Decides when which deed runs; the only file that sleeps. Owns the lanes (one per deed and account, so that a hanging request
//! holds up nobody else), the signals and the drain.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{Id, JoinError, JoinSet};

use super::reload::{Change, Watch, load};
use super::{Ctx, Outcome, Report, Result, chores, delete, enqueue, prepare, publish, reconcile};
use crate::domain::clock::{between, later};
use crate::plan::Plan;
use crate::plan::problem::Problems;
use crate::store::StoreError;
use crate::store::queue::{Enqueued, Swept};
use crate::store::view::Due;

/// Longest sleep in one go: the wall clock may be set, or the machine suspended, while a timer runs.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How often the horizon is moved on for schedules that go on for ever.
const ENQUEUE_EVERY: Duration = Duration::from_secs(1800);
/// How soon a change is tried again that an attempt was in the way of, or that came while files were being written.
const SOON: Duration = Duration::from_secs(1);
/// A burst of changes to job files is read once it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(300);
/// Most accounts that are served at the same time.
const LANES_MAX: usize = 256;
/// How long a drain waits for uploads, which are simply repeated; a publish request is waited for until its own limit.
const DRAIN_PREPARE: Duration = Duration::from_secs(10);

/// What the daemon tells whoever started it.
#[derive(Debug)]
pub enum News<'a> {
    /// The queue is open and swept, the job files are enqueued.
    Ready,
    /// What the sweep at start found.
    Swept(Swept),
    /// A plan came into force.
    Plan(&'a Plan),
    /// The job files do not load; the plan in force stays.
    Broken(&'a Problems),
    /// Job files that changed while their images were taken over, or an image that cannot be read.
    NotEnqueued(&'a StoreError),
    /// What enqueueing changed.
    Enqueued(Enqueued),
    /// What a deed did.
    Deed(&'a Report),
    /// Nothing is due; the next thing falls due then.
    Waiting(Option<Timestamp>),
    /// Told to stop; waits for so many deeds.
    Draining(usize),
}

/// What the daemon is started with.
#[derive(Debug)]
pub struct Start {
    /// Job files and folders.
    pub jobs: Vec<PathBuf>,
    /// A command beside the daemon writes this file to wake it.
    pub wake_file: PathBuf,
}

/// Why the daemon stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The database refused a write or a read. Nothing is sent after that: on the next start the queue is read from disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Signals or file events cannot be received.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Told twice to stop.
    #[error("stopped at once on the second signal; what was under way is settled on the next start")]
    Impatient,
}

/// When the plan was last brought into the queue.
#[derive(Debug, Default)]
pub struct Upkeep {
    generation: u64,
    next_at: Option<Timestamp>,
}

impl Upkeep {
    /// Sets leases and late posts right and, when it is time, brings the plan into the queue.
    async fn run(&mut self, ctx: &Ctx) -> Result<(Swept, Option<Enqueued>)> {
        let now = ctx.clock.now();
        let leases = ctx.store.sweep_leases(now).await?;
        let (_, generation) = ctx.plan.get();
        let mut enqueued = None;
        if generation != self.generation || self.next_at.is_none_or(|at| at <= now) {
            let report = enqueue::run_once(ctx).await?;
            self.generation = generation;
            self.next_at = Some(later(now, if report.busy > 0 { SOON } else { ENQUEUE_EVERY }));
            enqueued = Some(report);
        }
        // After enqueueing: an occurrence that is too late from the start is never claimed.
        let late = ctx.store.sweep_late(now).await?;
        Ok((Swept { missed: late.missed, held: late.held, ..leases }, enqueued))
    }
}

/// Runs one deed once.
async fn run_deed(ctx: &Ctx, deed: Due, account: &str) -> Result<Report> {
    match deed {
        Due::Prepare => prepare::run_once(ctx, account).await,
        Due::Publish => publish::run_once(ctx, account).await,
        Due::Reconcile => reconcile::run_once(ctx, account).await,
        Due::Delete => delete::run_once(ctx, account).await,
    }
}

/// Does everything that is due once, one after the other, and says what was done. For callers that bring their own time: a
/// command that executes without a daemon, and the tests.
pub async fn step(ctx: &Ctx, upkeep: &mut Upkeep) -> Result<Vec<Report>> {
    upkeep.run(ctx).await?;
    let mut reports = Vec::new();
    for (deed, account) in ctx.store.due(ctx.clock.now()).await? {
        reports.push(run_deed(ctx, deed, &account).await?);
    }
    reports.retain(|report| !matches!(report.outcome, Outcome::Idle));
    Ok(reports)
}

/// Takes down what is due of one account, for a command that executes without a daemon. Publishes nothing.
pub async fn take_down_due(ctx: &Ctx, account: &str) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    loop {
        let report = delete::run_once(ctx, account).await?;
        if matches!(report.outcome, Outcome::Idle) {
            return Ok(reports);
        }
        log(&report);
        reports.push(report);
    }
}

/// Waits, for a command that watches what the daemon does.
pub async fn pause(length: Duration) {
    sleep(length).await;
}

/// Waits for SIGTERM or Ctrl-C.
///
/// # Errors
/// Signals cannot be received.
pub async fn until_told_to_stop() -> std::result::Result<(), DaemonError> {
    let mut signals = Signals::new()?;
    while signals.next().await != Told::Stop {}
    Ok(())
}

/// At start, before anything is claimed: whatever an earlier process held is dead.
pub async fn sweep_at_start(ctx: &Ctx) -> Result<Swept> {
    let now = ctx.clock.now();
    ctx.store.sweep_deletes(now).await?;
    ctx.store.sweep_boot(now).await
}

/// The daemon: runs until it is told to stop, then lets what is in flight finish.
///
/// # Errors
/// The database, which it never works on without; or a second signal.
pub async fn run(ctx: Arc<Ctx>, start: Start, tell: impl Fn(News<'_>)) -> std::result::Result<(), DaemonError> {
    let mut signals = Signals::new()?;
    let mut watch =
        Watch::new(&start.wake_file).map_err(|source| DaemonError::System { doing: "watch files", source })?;
    tell(News::Swept(sweep_at_start(&ctx).await?));
    if let (Some(plan), _) = ctx.plan.get() {
        watch.follow(&plan.watch);
    }
    watch.follow(&start.jobs);
    let mut lanes = Lanes::default();
    let mut upkeep = Upkeep::default();
    let mut reload_at: Option<Timestamp> = None;
    let mut told_waiting = None;
    let scheduler = chores::start(&ctx).await;
    let mut ready = false;
    let stopped = loop {
        let now = ctx.clock.now();
        if reload_at.is_some_and(|at| at <= now) {
            reload_at = None;
            reload(&ctx, &start, &mut watch, &tell).await;
        }
        match upkeep.run(&ctx).await {
            Ok((swept, enqueued)) => {
                if swept != Swept::default() {
                    tell(News::Swept(swept));
                }
                if let Some(report) = enqueued {
                    tell(News::Enqueued(report));
                }
            }
            // The files are at fault, not the database: the queue goes on as it is.
            Err(error @ (StoreError::ImageChanged(_) | StoreError::File { .. })) => {
                tell(News::NotEnqueued(&error));
                upkeep.generation = ctx.plan.get().1;
                upkeep.next_at = Some(later(now, SLEEP_MAX));
                reload_at = Some(later(now, SOON));
            }
            Err(error) => break Err(error.into()),
        }
        if !ready {
            ready = true;
            tell(News::Ready);
            supervisor(sd_notify::NotifyState::Ready);
        }
        supervisor(sd_notify::NotifyState::Watchdog);
        if let Err(error) = lanes.fill(&ctx).await {
            break Err(error.into());
        }
        let next = ctx.store.next_wake(ctx.clock.now()).await;
        let next = match next {
            Ok(next) => next,
            Err(error) => break Err(error.into()),
        };
        if lanes.is_empty() && told_waiting != Some(next) {
            told_waiting = Some(next);
            tell(News::Waiting(next));
        }
        let nap = nap(&ctx, [next, upkeep.next_at, reload_at, lanes.next_rest()]);
        tokio::select! {
            Some(done) = lanes.set.join_next_with_id(), if !lanes.is_empty() => {
                if let Err(error) = lanes.settle(&ctx, done, &tell) {
                    break Err(error.into());
                }
            }
            change = watch.changed() => match change {
                Change::Wake => {}
                Change::Files => reload_at = Some(later(ctx.clock.now(), QUIET)),
            },
            told = signals.next() => match told {
                Told::Reload => reload_at = Some(ctx.clock.now()),
                Told::Stop => break Ok(()),
            },
            () = sleep(nap) => {}
        }
    };
    supervisor(sd_notify::NotifyState::Stopping);
    chores::stop(scheduler).await;
    drain(&ctx, &mut lanes, &mut signals, &tell).await?;
    stopped
}

/// Reads the job files again. What does not load changes nothing.
async fn reload(ctx: &Ctx, start: &Start, watch: &mut Watch, tell: &impl Fn(News<'_>)) {
    match load(&start.jobs).await {
        Ok(plan) => {
            watch.follow(&plan.watch);
            tell(News::Plan(&plan));
            ctx.plan.set(plan);
        }
        Err(problems) => {
            watch.follow(problems.watch());
            tracing::error!(
                problems = problems.errors(),
                "the job files do not load; the last good plan stays in force"
            );
            tell(News::Broken(&problems));
            ctx.plan.set_broken(problems);
        }
    }
}

/// Waits for what is in flight: publish requests, listings and take-downs until their own limits, uploads for a short while.
async fn drain(
    ctx: &Ctx,
    lanes: &mut Lanes,
    signals: &mut Signals,
    tell: &impl Fn(News<'_>),
) -> std::result::Result<(), DaemonError> {
    if !lanes.is_empty() {
        tell(News::Draining(lanes.set.len()));
    }
    let patience = later(ctx.clock.now(), DRAIN_PREPARE);
    while !lanes.is_empty() {
        let only_uploads = lanes.busy.iter().all(|(deed, _)| *deed == Due::Prepare);
        if only_uploads && ctx.clock.now() >= patience {
            // Left alone, not aborted: a database statement is never cut short. The process ends, and the next start
            // puts their posts back into the queue.
            lanes.set.detach_all();
            return Ok(());
        }
        tokio::select! {
            Some(done) = lanes.set.join_next_with_id() => lanes.settle(ctx, done, tell)?,
            told = signals.next() => if told == Told::Stop {
                lanes.set.detach_all();
                return Err(DaemonError::Impatient);
            },
            () = sleep(SOON) => supervisor(sd_notify::NotifyState::Watchdog),
        }
    }
    Ok(())
}

/// The deeds under way: one task per deed and account.
#[derive(Default)]
struct Lanes {
    set: JoinSet<Result<Report>>,
    keys: HashMap<Id, (Due, String)>,
    busy: HashSet<(Due, String)>,
    /// Lanes that found nothing to do, or whose database connection was busy, although they were called: not called again at
    /// once, so that a disagreement can never become a spin.
    resting: HashMap<(Due, String), Timestamp>,
}

impl Lanes {
    fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    fn next_rest(&self) -> Option<Timestamp> {
        self.resting.values().min().copied()
    }

    /// Starts whatever is due and not under way.
    async fn fill(&mut self, ctx: &Arc<Ctx>) -> Result<()> {
        let now = ctx.clock.now();
        self.resting.retain(|_, until| *until > now);
        for key in ctx.store.due(now).await? {
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
    fn settle(
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
            Err(error) if is_busy(&error) => {
                tracing::warn!(%error, "the database is held by another program");
                self.resting.insert(key, rest);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

fn is_busy(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(database)) = error else { return false };
    database.code().and_then(|code| code.parse::<i64>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// One line per deed, written where its outcome is known and nowhere else.
fn log(report: &Report) {
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
        Outcome::Lost => tracing::info!(post.id = post, job.name = job, account, "somebody else moved the post first"),
    }
}

/// How long to sleep: until the earliest of `instants`, at most [`SLEEP_MAX`] and half the supervisor's patience.
fn nap<const N: usize>(ctx: &Ctx, instants: [Option<Timestamp>; N]) -> Duration {
    let now = ctx.clock.now();
    let first = instants.into_iter().flatten().min().map_or(SLEEP_MAX, |at| between(now, at));
    let patience = sd_notify::watchdog_enabled().map_or(SLEEP_MAX, |limit| limit / 2);
    first.min(SLEEP_MAX).min(patience)
}

#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
async fn sleep(nap: Duration) {
    tokio::time::sleep(nap).await;
}

/// Tells systemd, where it runs us; elsewhere nobody listens.
fn supervisor(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the supervisor could not be told");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::result::Result<Self, DaemonError> {
        let on = |kind| signal(kind).map_err(|source| DaemonError::System { doing: "receive signals", source });
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }
}
