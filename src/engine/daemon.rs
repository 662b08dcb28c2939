//! Decides when which deed runs. Owns the loop; `workers` runs the deeds side by side, `interleave` lets posts go out during what takes
//! long, `drain` lets them end, `files` reads the job files again, `machine` answers a full disk and a clock that jumps.

mod alarm;
mod drain;
mod due_index;
mod error;
mod files;
mod interleave;
mod machine;
mod monitor;
mod nap;
mod news;
mod signals;
mod state;
mod step;
mod sweep;
mod turn;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use self::alarm::Alarm;
use self::drain::drain;
pub use self::error::DaemonError;
use self::interleave::StopAction;
use self::machine::ROOM_EVERY;
use self::nap::{SLEEP_MAX, SOON, nap};
pub use self::news::{News, NextWake};
use self::signals::{ProcessSignal, Signals, supervisor};
pub use self::signals::{ask_for_patience, until_told_to_stop};
use self::state::Daemon;
pub use self::state::Start;
pub use self::step::{step, step_abreast};
pub use self::sweep::sweep_at_start;
pub use self::turn::Upkeep;
use self::workers::log;
use super::aside::step_unless_refused;
use super::context::Ctx;
use super::reload::{FileChange, Watch};
use super::report::{Result, TaskOutcome, TaskReport};
use super::tasks::{delete, maintenance};
use crate::domain::clock::{between, later};
use crate::domain::post::PostState;
use crate::store::queue::Swept;
use crate::store::view::PostFilter;
use crate::store::{StatementFailure, StoreError};

/// Takes down what is due of one account, for a command that executes without a daemon. Publishes nothing.
pub async fn take_down_due(ctx: &Ctx, account: &str) -> Result<Vec<TaskReport>> {
    let mut reports = Vec::new();
    loop {
        let report = delete::run_once(ctx, account).await?;
        if matches!(report.outcome, TaskOutcome::Idle) {
            return Ok(reports);
        }
        log(&report);
        reports.push(report);
    }
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
            Err(DaemonError::Store(error)) if ctx.store.notice(&error) == StatementFailure::Full => {
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
                FileChange::Wake => daemon.agenda.ask_all(),
                FileChange::Files => daemon.settle(),
            },
            told = daemon.signals.next() => match told {
                ProcessSignal::Reload => daemon.reload_now(),
                ProcessSignal::Stop => break Ok(()),
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

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
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
            (self.tell)(News::Waiting(&NextWake { post, at: next }));
        }
        let own = [self.upkeep.wakes_at(), Some(self.agenda.all_at()), self.reload_at, Some(self.look_at)];
        let first = own.into_iter().chain([next, self.lanes.next_rest()]).flatten().min();
        let look = self.ctx.trust.looks_after(&self.ctx.clock).unwrap_or(SLEEP_MAX);
        Ok(look.min(nap(&self.ctx, [first.map(|at| at.max(self.put_off.until.unwrap_or(at)))])))
    }

    async fn keep_up(&mut self) -> std::result::Result<(), DaemonError> {
        let (ctx, mut upkeep) = (self.ctx.clone(), std::mem::take(&mut self.upkeep));
        let kept_up = self.beside(StopAction::AtItsEnd, upkeep.run(&ctx)).await;
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
                if error.trouble() != StatementFailure::Full =>
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
