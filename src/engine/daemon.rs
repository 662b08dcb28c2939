//! Decides when which deed runs; the only file that sleeps. Owns the loop and the reload; `lanes` runs the deeds side by side,
//! `beside` lets posts go out during what takes long, `drain` lets them end, `machine` answers a full disk and a clock that jumps.

mod alarm;
mod drain;
mod due_index;
mod files;
mod interleave;
mod machine;
mod monitor;
mod signals;
mod sweep;
mod turn;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::due_index::Agenda;
use self::interleave::Cut;
use self::turn::PutOff;
pub use self::turn::Upkeep;
pub use self::workers::step_abreast;
use self::workers::{Lanes, log, run_deed};
use alarm::Alarm;
use drain::drain;
use jiff::{SignedDuration, Timestamp};
use machine::ROOM_EVERY;
pub use signals::ask_for_patience;
use signals::{Signals, Told, supervisor};
use sweep::may_act;
pub use sweep::{step, sweep_at_start};

use super::aside::step_unless_refused;
use super::reload::{Change, JobFiles, Looks, Watch};
use super::tasks::{delete, maintenance};
use super::{Ctx, Outcome, Report, Result};
use crate::domain::clock::{Mark, between, later};
use crate::domain::evidence::Why;
use crate::domain::post::PostState;
use crate::plan::Loaded;
use crate::settings::Watching;
use crate::store::queue::{Enqueued, Swept};
use crate::store::view::{PostFilter, PostRow};
use crate::store::{StoreError, Trouble};

/// Longest sleep in one go: the wall clock may be set, or the machine suspended, while a timer runs.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How soon a change is tried again that an attempt was in the way of, or that came while files were being written.
const SOON: Duration = Duration::from_secs(1);

/// What the daemon tells whoever started it.
#[derive(Debug)]
pub enum News<'a> {
    /// The queue is open and swept, the job files are enqueued.
    Ready,
    /// What the sweep at start found.
    Swept(Swept),
    /// The job files were read again, and what loads of them comes into force.
    Plan(&'a Loaded),
    /// Job files that changed while their images were taken over, or an image that cannot be read.
    NotEnqueued(&'a StoreError),
    /// What enqueueing changed.
    Enqueued(Enqueued),
    /// What deeds did.
    Deeds(&'a [Report]),
    /// The disk is full: nothing is claimed until there is room.
    DiskFull,
    /// There is room again, and the work goes on.
    DiskHasRoom,
    /// The wall clock moved otherwise than time did: it was set, or the machine slept.
    ClockJumped(SignedDuration),
    /// The clock is in doubt, and why: nothing is done until it is right.
    ClockInDoubt(&'a Why),
    /// The clock is believed again, and the work goes on.
    ClockBelieved,
    /// Nothing is under way; this is what comes next.
    Waiting(&'a Next),
    /// Told to stop; waits for so many deeds.
    Draining(usize),
}

/// What comes next.
#[derive(Clone, Debug, Default)]
pub struct Next {
    /// The post that is first in the queue, if one is.
    pub post: Option<PostRow>,
    /// When something falls due: that post, its upload, a look at a list, a take-down.
    pub at: Option<Timestamp>,
}

/// What the daemon is started with.
#[derive(Debug)]
pub struct Start {
    /// The job files.
    pub jobs: JobFiles,
    /// How they looked before they were read for this start.
    pub looks: Looks,
    /// A command beside the daemon writes this file to wake it.
    pub wake_file: PathBuf,
    /// How changes of the job files are noticed.
    pub watching: Watching,
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

/// The daemon: runs until it is told to stop, then lets what is in flight finish.
///
/// # Errors
/// The database, which it never works on without; or a second signal.
pub async fn run(ctx: Arc<Ctx>, start: Start, tell: impl Fn(News<'_>)) -> std::result::Result<(), DaemonError> {
    let signals = Signals::new()?;
    let watch = Watch::new(&start.wake_file).map_err(|source| DaemonError::System { doing: "watch files", source })?;
    let mut daemon = Daemon::new(ctx, start, (watch, signals), tell);
    daemon.sweep().await?;
    let mut chores = maintenance::start(&daemon.ctx);
    let ctx = daemon.ctx.clone();
    let alarm = Alarm::new().map_err(|source| DaemonError::System { doing: "start a thread", source })?;
    let stopped = loop {
        chores.begin_due(&ctx);
        match daemon.turn().await {
            Ok(length) => alarm.set(ctx.clock.now(), length.min(nap(&ctx, [chores.next_at()]))),
            Err(DaemonError::Store(error)) if ctx.store.notice(&error) == Trouble::Full => {
                alarm.set(ctx.clock.now(), ROOM_EVERY);
            }
            Err(error) => break Err(error),
        }
        // Told while something took long.
        if ctx.stop.is_told() {
            break Ok(());
        }
        if daemon.ready && ctx.trust.may_act(&ctx.clock) {
            chores.begin_first(&ctx);
        }
        tokio::select! {
            Some(report) = daemon.lanes.reports.recv() => {
                daemon.lanes.take_note_of_all(&daemon.ctx, Some(report), &daemon.tell);
            }
            Some(done) = daemon.lanes.set.join_next_with_id(), if !daemon.lanes.is_empty() => {
                match daemon.lanes.settle(&daemon.ctx, done, &daemon.tell) {
                    Ok(account) => daemon.agenda.ask(account),
                    Err(error) => break Err(error.into()),
                }
            }
            change = daemon.watch.changed() => match change {
                Change::Wake => daemon.agenda.ask_all(),
                Change::Files => daemon.settle(),
            },
            told = daemon.signals.next() => match told {
                Told::Reload => daemon.reload_now(),
                Told::Stop => break Ok(()),
            },
            ended = ctx.store.until_ended() => break Err(ended.into()),
            () = alarm.rings() => {}
        }
    };
    supervisor(sd_notify::NotifyState::Stopping);
    // First of all: whoever waits for an answer takes no other post after it.
    ctx.stop.tell();
    daemon.lanes.stop();
    daemon.ctx.under_way.end();
    if matches!(stopped, Err(DaemonError::Impatient)) {
        daemon.lanes.set.detach_all();
        return stopped;
    }
    chores.stop().await;
    if let Err(DaemonError::Store(error)) = &stopped {
        ctx.store.notice(error);
    }
    // No answer can be recorded any more, so none is waited for: the next start settles what is under way.
    if let Some(ended) = ctx.store.ended() {
        daemon.lanes.set.detach_all();
        return Err(ended.into());
    }
    drain(&daemon.ctx, &mut daemon.lanes, &mut daemon.signals, &daemon.tell).await?;
    stopped?;
    Ok(note_end(&daemon.ctx).await?)
}

/// Notes that this life ended as it should; not of one that did nothing: what the one before it left is still to be told.
async fn note_end(ctx: &Ctx) -> Result<()> {
    if ctx.trust.owes_sweep() {
        return Ok(());
    }
    let ended = ctx.store.end_life(ctx.clock.now()).await;
    step_unless_refused(ctx, "note the end of this run", ended)
}

/// The daemon between two events.
struct Daemon<Tell> {
    ctx: Arc<Ctx>,
    start: Start,
    watch: Watch,
    signals: Signals,
    tell: Tell,
    lanes: Lanes,
    agenda: Agenda,
    upkeep: Upkeep,
    reload_at: Option<Timestamp>,
    /// When the files are looked at next, whatever the system reports.
    look_at: Timestamp,
    ready: bool,
    /// Whether it was told that the disk is full.
    told_full: bool,
    /// Whether everything is held back for the clock's sake, and whether that was told.
    held: bool,
    told_doubt: bool,
    /// What is done at each look at all, put off for the sake of a post.
    put_off: PutOff,
    /// How the clocks stood at the last look.
    clocks: Mark,
    /// Before this instant the supervisor need not be told again that all is well.
    beat_at: Option<Timestamp>,
    /// What was last told to be waited for.
    told_waiting: Option<Option<Timestamp>>,
}

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
    fn new(ctx: Arc<Ctx>, mut start: Start, (mut watch, signals): (Watch, Signals), tell: Tell) -> Self {
        let mut paths = start.jobs.paths.clone();
        paths.extend(ctx.plan.get().0.iter().flat_map(|plan| plan.watch.iter().cloned()));
        paths.extend(ctx.plan.broken().iter().flat_map(|problems| problems.watch().iter().cloned()));
        watch.follow(&paths, std::mem::take(&mut start.looks));
        // At once: they may have been edited since they were read.
        let look_at = ctx.clock.now();
        if ctx.plan.get().0.is_some() {
            ctx.pulse.loaded(look_at);
        }
        let (lanes, agenda, upkeep) = (Lanes::default(), Agenda::default(), Upkeep::default());
        let clocks = ctx.clock.mark();
        Self {
            ctx,
            start,
            watch,
            signals,
            tell,
            lanes,
            agenda,
            upkeep,
            reload_at: None,
            look_at,
            ready: false,
            told_full: false,
            held: false,
            told_doubt: false,
            put_off: PutOff::default(),
            clocks,
            beat_at: None,
            told_waiting: None,
        }
    }

    /// Does what is due and says how long nothing will be. A post that is due goes before everything else.
    async fn turn(&mut self) -> std::result::Result<Duration, DaemonError> {
        self.ctx.pulse.turned(self.ctx.clock.now());
        self.look_at_clocks();
        self.upkeep.lives(self.ctx.clock.now());
        if self.ctx.store.is_short_of_room() {
            return Ok(self.sit_out().await?);
        }
        if !self.is_clock_believed().await? {
            return Ok(self.hold_still().await?);
        }
        self.start_due_posts();
        let now = self.ctx.clock.now();
        self.look_at_files().await?;
        if self.lanes.was_unusual() {
            self.agenda.ask_all();
        }
        let is_due = self.agenda.is_all_due(now) || self.upkeep.is_due(now);
        let next_post = self.agenda.next_post().filter(|_| self.ready);
        if self.put_off.is_time(is_due, next_post, now) {
            self.keep_up().await?;
            if self.ctx.stop.is_told() {
                return Ok(Duration::ZERO);
            }
            self.agenda.look_at_all(&self.ctx).await?;
            self.start_due_posts();
        }
        if !self.ready {
            self.ready = true;
            (self.tell)(News::Ready);
            supervisor(sd_notify::NotifyState::Ready);
        }
        self.tell_supervisor(now);
        self.upkeep.watchman.beat(&self.ctx);
        for (_, account) in self.lanes.rested(now) {
            self.agenda.ask(Some(account));
        }
        for key in self.agenda.due(&self.ctx).await? {
            self.lanes.line_up(key);
        }
        self.lanes.start(&self.ctx);
        let next = self.agenda.next();
        // A step of an audit follows the one before it within seconds: that is no waiting.
        let at_once = next.is_some_and(|at| between(now, at) < SOON * 2);
        if self.lanes.is_empty() && self.told_waiting != Some(next) && !at_once {
            self.told_waiting = Some(next);
            let first = PostFilter { states: vec![PostState::Scheduled], limit: Some(1), ..PostFilter::default() };
            let first = self.ctx.store.posts(&first).await;
            let post = step_unless_refused(&self.ctx, "read the next post", first)?.into_iter().next();
            (self.tell)(News::Waiting(&Next { post, at: next }));
        }
        let own = [self.upkeep.wakes_at(), Some(self.agenda.all_at()), self.reload_at, Some(self.look_at)];
        let first = own.into_iter().chain([next, self.lanes.next_rest()]).flatten().min();
        let look = self.ctx.trust.looks_after(&self.ctx.clock).unwrap_or(SLEEP_MAX);
        Ok(look.min(nap(&self.ctx, [first.map(|at| at.max(self.put_off.until.unwrap_or(at)))])))
    }

    async fn keep_up(&mut self) -> std::result::Result<(), DaemonError> {
        let (ctx, mut upkeep) = (self.ctx.clone(), std::mem::take(&mut self.upkeep));
        let kept_up = self.beside(Cut::AtItsEnd, upkeep.run(&ctx)).await;
        self.upkeep = upkeep;
        let Some(kept_up) = kept_up? else { return Ok(()) };
        match kept_up {
            Ok((swept, enqueued)) => {
                if swept != Swept::default() {
                    (self.tell)(News::Swept(swept));
                }
                if let Some(report) = enqueued {
                    (self.tell)(News::Enqueued(report));
                }
                Ok(())
            }
            // The files are at fault, not the database: the queue goes on as it is.
            Err(error @ (StoreError::ImageChanged(_) | StoreError::File { .. }))
                if error.trouble() != Trouble::Full =>
            {
                (self.tell)(News::NotEnqueued(&error));
                let now = self.ctx.clock.now();
                self.upkeep.generation = self.ctx.plan.get().1;
                self.upkeep.next_at = Some(later(now, SLEEP_MAX));
                // A file in the middle of being written is whole shortly; a folder that cannot be used takes a person.
                let soon = matches!(error, StoreError::ImageChanged(_));
                self.reload_at = Some(later(now, if soon { SOON } else { SLEEP_MAX }));
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How long to sleep: until the earliest of `instants`, at most [`SLEEP_MAX`] and half the supervisor's patience.
fn nap(ctx: &Ctx, instants: impl IntoIterator<Item = Option<Timestamp>>) -> Duration {
    let now = ctx.clock.now();
    let first = instants.into_iter().flatten().min().map_or(SLEEP_MAX, |at| between(now, at));
    let patience = sd_notify::watchdog_enabled().map_or(SLEEP_MAX, |limit| limit / 2);
    first.min(SLEEP_MAX).min(patience)
}

#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
async fn sleep(nap: Duration) {
    tokio::time::sleep(nap).await;
}
