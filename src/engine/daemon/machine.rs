//! What the machine does to the daemon: a disk without room, a clock that jumps. Each is told, and the work goes on by itself once it
//! is over.

use std::time::Duration;

use jiff::SignedDuration;

use super::error::DaemonError;
use super::interleave::StopAction;
use super::nap::SOON;
use super::news::News;
use super::signals::supervisor;
use super::state::Daemon;
use super::sweep::sweep_at_start;
use crate::engine::report::Result;
use crate::engine::{incidents, trust};
use crate::store::StatementFailure;
use crate::store::view::TaskKind;

/// How often a full disk is asked for room.
pub(super) const ROOM_EVERY: Duration = Duration::from_secs(5);
/// The wall clock may run this much faster or slower between two looks: that is NTP at its work.
const CLOCK_JUMP: SignedDuration = SignedDuration::from_secs(2);
/// Between two looks at a clock in doubt, at least, and at most: it may have been set right.
const LOOK_MIN: Duration = Duration::from_millis(100);
const LOOK_MAX: Duration = Duration::from_secs(5);

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
    /// Before anything is claimed. On a full disk it waits until there is room, and so does everything that it must come before.
    pub(super) async fn sweep(&mut self) -> Result<()> {
        if self.ctx.store.is_short_of_room() {
            return Ok(());
        }
        match sweep_at_start(&self.ctx).await {
            Ok(swept) => (self.tell)(News::Swept(swept)),
            Err(error) if self.ctx.store.notice(&error) == StatementFailure::Full => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Without room on the disk nothing is enqueued and nothing claimed; what is under way is recorded in the room of the ballast.
    /// Once that can be had back, the work goes on as after a start: whoever held a post has ended.
    pub(super) async fn sit_out(&mut self) -> Result<Duration> {
        if !self.told_full {
            self.told_full = true;
            tracing::error!("the disk that holds the queue is full; nothing is posted until there is room");
            (self.tell)(News::DiskFull);
            supervisor(sd_notify::NotifyState::Ready);
        }
        supervisor(sd_notify::NotifyState::Watchdog);
        if !self.lanes.is_empty() || !self.ctx.store.refill_ballast().await? {
            return Ok(ROOM_EVERY);
        }
        self.told_full = false;
        tracing::warn!("there is room on the disk again; the work goes on");
        (self.tell)(News::DiskHasRoom);
        self.upkeep.next_at = None;
        self.agenda.ask_all();
        self.sweep().await?;
        Ok(Duration::ZERO)
    }

    /// Whether the clock is believed. The servers are asked for the time beside what is under way.
    pub(super) async fn is_clock_believed(&mut self) -> std::result::Result<bool, DaemonError> {
        let ctx = self.ctx.clone();
        let believed = self.beside(StopAction::AtItsEnd, trust::look(&ctx)).await?.transpose()?.unwrap_or(false);
        if !believed || !(self.held || self.ctx.trust.owes_sweep()) {
            return Ok(believed);
        }
        self.sweep().await?;
        if std::mem::take(&mut self.told_doubt) {
            tracing::warn!("the clock is believed again; the work goes on");
            (self.tell)(News::ClockBelieved);
        }
        self.held = false;
        self.upkeep.next_at = None;
        self.lanes.wake();
        self.agenda.forget();
        Ok(true)
    }

    /// While the clock is in doubt nothing is done by it, but that people are told.
    pub(super) async fn hold_still(&mut self) -> Result<Duration> {
        self.held = true;
        if !self.ready {
            supervisor(sd_notify::NotifyState::Ready);
        }
        self.tell_supervisor(self.ctx.clock.now());
        if let Some(why) = self.ctx.trust.doubt() {
            if !std::mem::replace(&mut self.told_doubt, true) {
                (self.tell)(News::ClockInDoubt(&why));
            }
            incidents::in_doubt(&self.ctx).await?;
            for sink in self.ctx.store.sinks_due(self.ctx.clock.now()).await? {
                self.lanes.line_up((TaskKind::Notify, sink));
            }
            self.lanes.start(&self.ctx);
        }
        Ok(self.ctx.trust.looks_after(&self.ctx.clock).unwrap_or(SOON).clamp(LOOK_MIN, LOOK_MAX))
    }

    /// A clock that was set, or a machine that slept: what was reckoned from the old time is reckoned anew.
    pub(super) fn look_at_clocks(&mut self) {
        let jump = self.ctx.clock.jump_since(&self.clocks);
        self.clocks = self.ctx.clock.mark();
        if jump.abs() < CLOCK_JUMP {
            return;
        }
        tracing::warn!(jump_s = jump.as_secs(), "the wall clock jumped; what waits is reckoned anew");
        (self.tell)(News::ClockJumped(jump));
        self.upkeep.next_at = None;
        self.lanes.wake();
        // What was known to fall due waits until the upkeep has told what is overdue.
        self.agenda.forget();
        self.reload_at = self.reload_at.map(|at| at.min(self.ctx.clock.now()));
    }
}
