//! The lanes: one task per deed and account, so that a hanging request holds up nobody else. Starts what is due, takes note of what
//! ended, and writes the one log line of each deed.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{Id, JoinError, JoinSet};

use super::nap::SOON;
use super::news::News;
use crate::domain::clock::later;
use crate::engine::aside::REFUSED_REST;
use crate::engine::context::Ctx;
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::tasks::{audit, delete, notify, preflight, prepare, probe, publish, reconcile, restore};
use crate::engine::{aside, trust};
use crate::store::StatementFailure;
use crate::store::queue::Aside;
use crate::store::view::TaskKind;

/// Most accounts that publish at the same time.
const PUBLISHING_MAX: usize = 256;
/// Most lanes of the other deeds at the same time: uploads and listings that hang are in the way of no publish request.
const OTHERS_MAX: usize = 64;

/// Runs one deed once. What its failure tells about the disk holds at once, for every other deed too.
pub(super) async fn run_deed(ctx: &Ctx, deed: TaskKind, account: &str) -> Result<TaskReport> {
    // What people are told goes out whatever the clock says.
    let believed = deed == TaskKind::Notify || trust::look_for(ctx, account).await?;
    if !believed || aside::is_left_alone(ctx, deed, account).await? {
        return Ok(TaskReport::idle(deed, account));
    }
    let report = match deed {
        TaskKind::Prepare => prepare::run_once(ctx, account).await,
        TaskKind::Publish => publish::run_once(ctx, account).await,
        TaskKind::Reconcile => reconcile::run_once(ctx, account).await,
        TaskKind::Delete => delete::run_once(ctx, account).await,
        TaskKind::Probe => probe::run_once(ctx, account).await,
        TaskKind::Foresee => preflight::run_once(ctx, account).await,
        TaskKind::Notify => notify::run_once(ctx, account).await,
        TaskKind::Audit => audit::run_once(ctx, account).await,
        TaskKind::Restore => restore::run_once(ctx, account).await,
    };
    aside::unless_refused(ctx, deed, account, report).await
}

/// The deeds under way: one task per deed and account.
pub(crate) struct Lanes {
    pub(super) set: JoinSet<Result<()>>,
    keys: HashMap<Id, (TaskKind, String)>,
    pub(super) busy: HashSet<(TaskKind, String)>,
    /// What is due and waits for room, first come first served.
    waiting: VecDeque<(TaskKind, String)>,
    lined_up: HashSet<(TaskKind, String)>,
    /// Lanes that found nothing to do, or whose database connection was busy, although they were called: not called again at
    /// once, so that a disagreement can never become a spin.
    resting: HashMap<(TaskKind, String), Timestamp>,
    pub(super) reports: UnboundedReceiver<TaskReport>,
    tell: UnboundedSender<TaskReport>,
    /// Told to stop: nothing new is taken.
    stopping: Arc<AtomicBool>,
    /// Something went otherwise than planned, which may be of consequence for other accounts and for what the plan wants.
    unusual: bool,
}

impl Default for Lanes {
    fn default() -> Self {
        // Without a limit: each lane has at most a handful of reports, and the daemon never waits for anything else first.
        let (tell, reports) = unbounded_channel();
        Self {
            set: JoinSet::new(),
            keys: HashMap::new(),
            busy: HashSet::new(),
            waiting: VecDeque::new(),
            lined_up: HashSet::new(),
            resting: HashMap::new(),
            reports,
            tell,
            stopping: Arc::default(),
            unusual: false,
        }
    }
}

impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    pub(super) fn next_rest(&self) -> Option<Timestamp> {
        self.resting.values().min().copied()
    }

    /// Lets every resting lane be called again.
    pub(super) fn wake(&mut self) {
        self.resting.clear();
    }

    /// The lanes whose rest is over.
    pub(super) fn rested(&mut self, now: Timestamp) -> Vec<(TaskKind, String)> {
        if self.next_rest().is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.resting.extract_if(|_, until| *until <= now).map(|(key, _)| key).collect()
    }

    /// Lines up a deed that is due, unless it is under way, waits, or rests.
    pub(super) fn line_up(&mut self, key: (TaskKind, String)) {
        if !self.resting.contains_key(&key) && !self.busy.contains(&key) && self.lined_up.insert(key.clone()) {
            self.waiting.push_back(key);
        }
    }

    /// Starts what waits, as far as there is room.
    pub(super) fn start(&mut self, ctx: &Arc<Ctx>) {
        if self.waiting.is_empty() {
            return;
        }
        let mut publishing = self.busy.iter().filter(|(deed, _)| *deed == TaskKind::Publish).count();
        let mut others = self.busy.len() - publishing;
        let mut full = VecDeque::new();
        while let Some(key) = self.waiting.pop_front() {
            let (count, max) =
                if key.0 == TaskKind::Publish { (&mut publishing, PUBLISHING_MAX) } else { (&mut others, OTHERS_MAX) };
            if *count >= max {
                full.push_back(key);
                continue;
            }
            *count += 1;
            self.lined_up.remove(&key);
            self.busy.insert(key.clone());
            let (ctx, (deed, account)) = (ctx.clone(), key.clone());
            let (tell, stopping) = (self.tell.clone(), self.stopping.clone());
            let task = self.set.spawn(async move { run_lane(&ctx, deed, &account, &tell, &stopping).await });
            self.keys.insert(task.id(), key);
        }
        self.waiting = full;
    }

    /// Takes nothing new from here on; what is under way ends.
    pub(super) fn stop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.waiting.clear();
        self.lined_up.clear();
    }

    /// Writes down what a deed did, and lets a lane rest that found nothing to do.
    fn take_note(&mut self, ctx: &Ctx, report: &TaskReport) {
        let rest = match &report.outcome {
            TaskOutcome::Idle | TaskOutcome::Lost => Some(SOON),
            TaskOutcome::Refused { .. } | TaskOutcome::SetAside { aside: Aside::Untouchable | Aside::Over, .. } => {
                Some(REFUSED_REST)
            }
            _ => None,
        };
        if let Some(rest) = rest {
            self.resting.insert((report.deed, report.account.clone()), later(ctx.clock.now(), rest));
        }
        self.unusual |=
            !matches!(report.outcome, TaskOutcome::Idle | TaskOutcome::Prepared | TaskOutcome::Published { .. });
        if let TaskOutcome::Published { late, .. } = &report.outcome {
            ctx.pulse.published(*late);
        }
        if !matches!(report.outcome, TaskOutcome::Idle) {
            log(report);
        }
    }

    /// Whether anything went otherwise than planned since this was last asked.
    pub(super) fn was_unusual(&mut self) -> bool {
        std::mem::take(&mut self.unusual)
    }

    /// Takes note of `first` and of every other report that has come, and says what the deeds did.
    pub(super) fn take_note_of_all(&mut self, ctx: &Ctx, first: Option<TaskReport>, tell: &impl Fn(News<'_>)) {
        let mut reports = Vec::from_iter(first);
        while let Ok(report) = self.reports.try_recv() {
            reports.push(report);
        }
        for report in &reports {
            self.take_note(ctx, report);
        }
        reports.retain(|report| !matches!(report.outcome, TaskOutcome::Idle));
        if !reports.is_empty() {
            tell(News::Deeds(&reports));
        }
    }

    /// Takes note of a lane that ended: which account's it was.
    pub(super) fn settle(
        &mut self,
        ctx: &Ctx,
        done: std::result::Result<(Id, Result<()>), JoinError>,
        tell: &impl Fn(News<'_>),
    ) -> Result<Option<String>> {
        // Its reports came before its end.
        self.take_note_of_all(ctx, None, tell);
        let (id, result) = match done {
            Ok((id, result)) => (id, result.map(|()| true)),
            Err(error) => {
                // Its post keeps its lease; when that ends the sweep decides, and never sends again what may have left.
                // The words of a panic may quote what is secret; the hook has told its place.
                tracing::error!(panicked = error.is_panic(), "a deed ended unexpectedly; please report this");
                (error.id(), Ok(false))
            }
        };
        let Some(key) = self.keys.remove(&id) else { return Ok(None) };
        self.busy.remove(&key);
        let rest = later(ctx.clock.now(), SOON);
        match result {
            Ok(true) => {}
            Ok(false) => drop(self.resting.insert(key.clone(), rest)),
            Err(error) if error.is_busy() => {
                tracing::warn!(%error, "the database is held by another program");
                self.resting.insert(key.clone(), rest);
            }
            // Recorded or not: nobody claims anything until there is room, and then a sweep settles what is left open.
            Err(error) if ctx.store.notice(&error) == StatementFailure::Full => {
                tracing::error!(%error, account = key.1, "a deed could not be recorded");
                self.resting.insert(key.clone(), rest);
            }
            Err(error) => return Err(error),
        }
        Ok(Some(key.1))
    }
}

/// One lane: the deed for the account, and with publishing the posts that follow.
pub(super) async fn run_lane(
    ctx: &Ctx,
    deed: TaskKind,
    account: &str,
    tell: &UnboundedSender<TaskReport>,
    stopping: &AtomicBool,
) -> Result<()> {
    // Nobody to be told any more: the daemon has ended.
    let tell = |report| drop(tell.send(report));
    if deed == TaskKind::Publish {
        if !trust::look_for(ctx, account).await? {
            tell(TaskReport::idle(deed, account));
            return Ok(());
        }
        let goes_on = || !stopping.load(Ordering::Relaxed) && ctx.trust.may_act(&ctx.clock);
        let done = publish::run_on(ctx, account, goes_on, tell).await;
        if let Err(error) = done {
            tell(aside::unless_refused(ctx, deed, account, Err(error)).await?);
        }
        return Ok(());
    }
    tell(run_deed(ctx, deed, account).await?);
    Ok(())
}

/// One line per deed, written where its outcome is known and nowhere else.
pub(super) fn log(report: &TaskReport) {
    let (post, job) = report.post.as_ref().map_or((0, ""), |(post, job)| (*post, job.as_str()));
    let account = report.account.as_str();
    match &report.outcome {
        TaskOutcome::Idle => {}
        TaskOutcome::Prepared => tracing::info!(post.id = post, job.name = job, account, "prepared"),
        TaskOutcome::Published { story_id, late } => {
            tracing::info!(post.id = post, job.name = job, account, story.id = %story_id, late_ms = late.as_millis(), "published");
        }
        TaskOutcome::Found { story_id } => {
            tracing::info!(post.id = post, job.name = job, account, story.id = %story_id, "published after all: found in the list");
        }
        TaskOutcome::Deleted { story_id } => {
            tracing::info!(post.id = post, job.name = job, account, story.id = %story_id, "deleted");
        }
        TaskOutcome::Retry { at, fault } => {
            tracing::warn!(post.id = post, job.name = job, account, next_at = %at, %fault, "attempt failed; tries again");
        }
        TaskOutcome::Blocked { fault } => {
            tracing::error!(post.id = post, job.name = job, account, %fault, "the account is blocked; its posts wait");
        }
        TaskOutcome::Refreshed => tracing::info!(post.id = post, job.name = job, account, "access token refreshed"),
        TaskOutcome::Failed { fault } => tracing::error!(post.id = post, job.name = job, account, %fault, "failed"),
        TaskOutcome::InDoubt { fault } => {
            tracing::warn!(post.id = post, job.name = job, account, %fault, "in doubt; looks at the account's list");
        }
        TaskOutcome::LookAgain { at, why } if matches!(report.deed, TaskKind::Probe | TaskKind::Foresee) => {
            tracing::info!(account, next_at = %at, why, "asks again");
        }
        TaskOutcome::LookAgain { at, why } => {
            tracing::info!(post.id = post, job.name = job, account, next_at = %at, why, "still in doubt");
        }
        TaskOutcome::Absent { then } => {
            tracing::warn!(post.id = post, job.name = job, account, then = then.as_str(), "proved absent");
        }
        TaskOutcome::SetAside { .. } | TaskOutcome::Refused { .. } => log_refused(report),
        TaskOutcome::Parked { why } => {
            tracing::error!(post.id = post, job.name = job, account, why, "in doubt, and a person must settle it");
        }
        TaskOutcome::Foreseen { posts, wrong: 0 } => tracing::debug!(account, posts, "looked ahead: all is well"),
        TaskOutcome::Foreseen { posts, wrong } => {
            tracing::warn!(account, posts, wrong, "looked ahead: posts would not go out as they are meant");
        }
        TaskOutcome::Healed => tracing::info!(account, "Kakao serves the account again; its posts go on"),
        TaskOutcome::Told => tracing::debug!(sink = account, "a notice was delivered"),
        TaskOutcome::NotTold { at: Some(at), why } => {
            tracing::warn!(sink = account, next_at = %at, why, "a notice was not delivered; tries again");
        }
        TaskOutcome::NotTold { at: None, why } => tracing::error!(sink = account, why, "a notice was given up"),
        TaskOutcome::Audited { found: 0, ended: false } => tracing::debug!(account, "audit goes on"),
        TaskOutcome::Audited { found, ended: false } => {
            tracing::warn!(account, found, "the audit found differences; `storyd admin audit --last` tells them");
        }
        TaskOutcome::Audited { ended: true, .. } => tracing::info!(account, "audit done"),
        TaskOutcome::Restored { found, held } => {
            tracing::warn!(
                account,
                found,
                held,
                "the list was consulted after a backup was restored; the account goes on"
            );
        }
        TaskOutcome::Lost => {
            tracing::info!(post.id = post, job.name = job, account, "somebody else moved the post first")
        }
    }
}

/// The line of what the database refused.
fn log_refused(report: &TaskReport) {
    let (post, job) = report.post.as_ref().map_or((0, ""), |(post, job)| (*post, job.as_str()));
    let account = report.account.as_str();
    match &report.outcome {
        TaskOutcome::SetAside { aside, why } => {
            let aside = aside.as_str();
            tracing::error!(
                post.id = post,
                job.name = job,
                account,
                why,
                "the queue refused a change; the post {aside}"
            );
        }
        TaskOutcome::Refused { why } => {
            tracing::error!(deed = ?report.deed, account, why, "the queue refused a step; it is tried again later");
        }
        _ => {}
    }
}
