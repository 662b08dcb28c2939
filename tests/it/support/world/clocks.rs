//! The clocks of a world: ours, which can be wrong, and Kakao's.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kakao_sandbox::SandboxClock;
use storyd::domain::clock::{Clock, earlier, later};

use super::{START, World, at};

impl World {
    /// A world in a folder that may hold a job file, whose clock is so many seconds ahead of Kakao's from the start.
    pub(crate) async fn wrong_from_the_start(dir: tempfile::TempDir, ahead_s: i64) -> Self {
        let theirs = Clock::manual(at(START));
        let (clock, now) = (theirs.clone(), at(START) + SignedDuration::from_secs(ahead_s));
        let mut world = Self::in_folder(dir, now, move |options| {
            options.clock = SandboxClock::from_fn(Arc::new(move || clock.now().as_microsecond()));
        })
        .await;
        world.kakao_clock = Some(theirs);
        world
    }

    /// What Kakao's clock says, which has one of its own.
    pub(crate) fn kakao_now(&self) -> Timestamp {
        self.kakao_clock.as_ref().unwrap_or(&self.clock).now()
    }

    /// Our clock is set, and nobody else's.
    pub(crate) fn set_clock(&self, ahead_s: i64) {
        let by = Duration::from_secs(ahead_s.unsigned_abs());
        let now = self.clock.now();
        self.clock.set(if ahead_s < 0 { earlier(now, by) } else { later(now, by) });
    }

    /// The machine stood still for so long: every clock but its steady one has gone on.
    pub(crate) fn stand_still(&self, length: Duration) {
        if let Some(theirs) = &self.kakao_clock {
            theirs.set(later(theirs.now(), length));
        }
        self.clock.set(later(self.clock.now(), length));
    }

    /// A person says that our clock is right, whatever Kakao's says: from here on everything is done by it.
    pub(crate) async fn confirm_clock(&self) {
        self.ctx().store.confirm_clock(&self.clock.reading(), "tester").await.unwrap();
    }
}
