//! The daemon between two events: what it was started with, what it waits for, and what it has told.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::due_index::Agenda;
use super::nap::SOON;
use super::news::News;
use super::signals::{Signals, supervisor};
use super::turn::{PutOff, Upkeep};
use super::workers::Lanes;
use crate::domain::clock::{Mark, between, later};
use crate::engine::context::Ctx;
use crate::engine::reload::{JobFiles, Looks, Watch};
use crate::settings::Watching;

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

/// The daemon between two events.
pub(super) struct Daemon<Tell> {
    pub(super) ctx: Arc<Ctx>,
    pub(super) start: Start,
    pub(super) watch: Watch,
    pub(super) signals: Signals,
    pub(super) tell: Tell,
    pub(super) lanes: Lanes,
    pub(super) agenda: Agenda,
    pub(super) upkeep: Upkeep,
    pub(super) reload_at: Option<Timestamp>,
    /// When the files are looked at next, whatever the system reports.
    pub(super) look_at: Timestamp,
    pub(super) ready: bool,
    /// Whether it was told that the disk is full.
    pub(super) told_full: bool,
    /// Whether everything is held back for the clock's sake, and whether that was told.
    pub(super) held: bool,
    pub(super) told_doubt: bool,
    /// What is done at each look at all, put off for the sake of a post.
    pub(super) put_off: PutOff,
    /// How the clocks stood at the last look.
    pub(super) clocks: Mark,
    /// Before this instant the supervisor need not be told again that all is well.
    pub(super) beat_at: Option<Timestamp>,
    /// What was last told to be waited for.
    pub(super) told_waiting: Option<Option<Timestamp>>,
}

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
    pub(super) fn new(ctx: Arc<Ctx>, mut start: Start, (mut watch, signals): (Watch, Signals), tell: Tell) -> Self {
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

    /// Waits until what is being written is whole.
    pub(super) fn settle(&mut self) {
        self.reload_at = Some(later(self.ctx.clock.now(), self.start.watching.settle));
    }

    /// Reads the job files again at the next turn: whoever sends SIGHUP says that they are whole.
    pub(super) fn reload_now(&mut self) {
        self.watch.differs();
        self.reload_at = Some(self.ctx.clock.now());
    }

    /// Tells the supervisor that all is well, at most once a second: it asks for far less, and every turn comes by here.
    pub(super) fn tell_supervisor(&mut self, now: Timestamp) {
        // A clock that was set back begins anew.
        if self.beat_at.is_none_or(|at| at <= now || between(now, at) > SOON) {
            self.beat_at = Some(later(now, SOON));
            supervisor(sd_notify::NotifyState::Watchdog);
        }
    }
}
