//! What is set right at each turn of the loop: leases, late posts, the horizon, and what people are to be told.

use std::time::Duration;

use jiff::Timestamp;

use super::monitor::Watchman;
use super::nap::SOON;
use crate::domain::clock::{between, earlier, later};
use crate::engine::aside::step_unless_refused;
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::engine::tasks::{enqueue, preflight};
use crate::store::queue::{Enqueued, Overdue, Swept};

/// How often the horizon is moved on for schedules that go on for ever.
const ENQUEUE_EVERY: Duration = Duration::from_secs(1800);
/// How often the looks ahead are planned, beside after each change of the queue by its job files.
const PLAN_LOOKS_EVERY: Duration = Duration::from_secs(600);
/// A pause of this length between two looks is downtime: the process was not running, or the machine slept.
const DOWNTIME: Duration = Duration::from_secs(60);
/// A clock that goes back by more than this between two looks was set, and not merely slewed.
const SET_BACK: Duration = Duration::from_secs(5);

/// It is not begun so shortly before a post falls due, and put off for so long at most.
const TAKES: Duration = Duration::from_millis(15);
const PUT_OFF_MAX: Duration = Duration::from_secs(1);

/// Upkeep that is due and waits for a moment in which no post falls due.
#[derive(Debug, Default)]
pub(crate) struct PutOff {
    since: Option<Timestamp>,
    /// Until when.
    pub(super) until: Option<Timestamp>,
}

impl PutOff {
    /// Whether it is time for what is due; not in the last moment before the next post, for as long as it can be put off.
    pub(super) fn is_time(&mut self, is_due: bool, next_post: Option<Timestamp>, now: Timestamp) -> bool {
        if is_due {
            let since = *self.since.get_or_insert(now);
            let patient = (since..later(since, PUT_OFF_MAX)).contains(&now);
            self.until = next_post.filter(|at| patient && between(now, *at) < TAKES);
        }
        if is_due && self.until.is_some() {
            return false;
        }
        *self = Self::default();
        is_due
    }
}

/// When the plan was last brought into the queue.
#[derive(Debug, Default)]
pub struct Upkeep {
    pub(super) generation: u64,
    pub(super) next_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
    /// When the loop turned last, whether or not anything was due: since then nobody ran, or the machine slept.
    alive_at: Option<Timestamp>,
    looks_planned_at: Option<Timestamp>,
    pub(super) watchman: Watchman,
}

impl Upkeep {
    /// The loop turns: what falls due from here on is no consequence of downtime.
    pub fn lives(&mut self, now: Timestamp) {
        // After downtime only once it has been told.
        if self.alive_at.is_some_and(|last| between(last, now) <= DOWNTIME) {
            self.alive_at = Some(now);
        }
    }

    /// Whether anything of it is due that the queue knows nothing of.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        [self.next_at, self.watchman.look_at].into_iter().flatten().any(|at| at <= now)
    }

    /// When the loop has to turn for it. Whatever is named here is done then, or the loop would turn for ever.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        [self.next_at, self.watchman.look_at, self.watchman.beat_at].into_iter().flatten().min()
    }

    /// Sets leases and late posts right and, when it is time, brings the plan into the queue.
    pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<(Swept, Option<Enqueued>)> {
        let now = ctx.clock.now();
        if self.last_at.is_some_and(|last| between(now, last) > SET_BACK) {
            tracing::warn!("the clock was set back; what waited for an instant of the old time is looked at anew");
            let swept = ctx.store.sweep_set_back(ctx.rules.lease, ctx.rules.artifact_life, now).await;
            step_unless_refused(ctx, "set instants of the old time right", swept)?;
            self.next_at = None;
        }
        let leases = ctx.store.sweep_leases(&ctx.under_way.posts(), now).await;
        let mut swept = step_unless_refused(ctx, "take back what nobody holds any more", leases)?;
        let (plan, generation) = ctx.plan.get();
        let mut enqueued = None;
        let is_due = generation != self.generation || self.next_at.is_none_or(|at| at <= now);
        if is_due || (plan.is_some() && ctx.store.wants_enqueue().await?) {
            let report = step_unless_refused(ctx, "enqueue the job files", enqueue::run_once(ctx).await)?;
            self.generation = generation;
            self.next_at = Some(later(now, if report.busy > 0 { SOON } else { ENQUEUE_EVERY }));
            enqueued = Some(report);
        }
        let planned = self.looks_planned_at.is_some_and(|at| at <= now && between(at, now) < PLAN_LOOKS_EVERY);
        if !planned || enqueued.is_some() {
            step_unless_refused(ctx, "plan the looks ahead", preflight::plan(ctx).await)?;
            self.looks_planned_at = Some(now);
        }
        if self.alive_at.is_none_or(|last| between(last, now) > DOWNTIME) {
            step_unless_refused(ctx, "tell what is overdue", tell_overdue(ctx, now).await)?;
        }
        (self.last_at, self.alive_at) = (Some(now), Some(now));
        // After enqueueing: an occurrence that is too late from the start is never claimed.
        swept += step_unless_refused(ctx, "end what is too late", ctx.store.sweep_late(now).await)?;
        let past_delete = ctx.store.sweep_past_delete(now).await;
        swept += step_unless_refused(ctx, "hold what should be down already", past_delete)?;
        let looked = self.watchman.look(ctx, now).await;
        step_unless_refused(ctx, "look what people are to be told", looked)?;
        Ok((swept, enqueued))
    }
}

/// After downtime, before anything is done: says and records what becomes of every post whose time has passed.
async fn tell_overdue(ctx: &Ctx, now: Timestamp) -> Result<()> {
    let (known, new): (Vec<Overdue>, Vec<Overdue>) =
        ctx.store.note_overdue(earlier(now, DOWNTIME), now).await?.into_iter().partition(|post| post.said_before);
    if !known.is_empty() {
        tracing::warn!(
            posts = known.len(),
            "still overdue, as said before; `storyd admin show` tells what becomes of each"
        );
    }
    for post in new {
        let late = between(post.occurs_at, now);
        tracing::warn!(
            post.id = post.post,
            job.name = post.job,
            account = post.account,
            late_s = late.as_secs(),
            "found late: {}",
            post.then
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_loop_turns_for_is_done_when_it_turns() {
        let at: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let next = Upkeep { next_at: Some(at), ..Upkeep::default() };
        let mut look = Upkeep::default();
        look.watchman.look_at = Some(at);
        for upkeep in [next, look] {
            assert_eq!(upkeep.wakes_at(), Some(at));
            assert!(upkeep.is_due(at) && !upkeep.is_due(earlier(at, SOON)));
        }
    }

    #[test]
    fn upkeep_lets_a_post_go_first_and_is_not_put_off_for_ever() {
        let start: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let at = |millis| later(start, Duration::from_millis(millis));
        let mut put_off = PutOff::default();
        assert!(!put_off.is_time(false, Some(at(1)), at(0)));
        assert!(!put_off.is_time(true, Some(at(14)), at(0)));
        assert_eq!(put_off.until, Some(at(14)));
        assert!(put_off.is_time(true, Some(at(60)), at(15)));
        assert_eq!(put_off.until, None);
        let begun = (0..).step_by(10).find(|millis| put_off.is_time(true, Some(at(millis + 10)), at(*millis)));
        assert_eq!(begun, Some(1_000));
        assert!(put_off.is_time(true, None, at(2_000)));
    }
}
