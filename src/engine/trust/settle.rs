//! What follows from a look at the clock: it is believed, and what a wrong one did is put right; or everything is held back.

use std::time::Duration;

use jiff::Timestamp;

use super::seen::See;
use super::state::{AGAIN_MIN, ClockState, MARK_EVERY};
use super::words::words;
use crate::domain::clock::earlier;
use crate::domain::evidence::{DOUBT_FROM, DoubtReason};
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::plan::Plan;
use crate::plan::schedule::rule::Schedule;
use crate::store::queue::PutRight;

/// A doubt that no answer bears out is told only after so long: a network needs a while after a machine has slept.
const GRACE: Duration = Duration::from_secs(60);

/// The clock is right: what a wrong one did is put right first, then the work goes on.
pub(super) async fn believe(ctx: &Ctx, seen: &See) -> Result<()> {
    let now = seen.read.wall;
    let (doubted, was_set, marks, confirmed) = {
        let state = ctx.trust.lock();
        let ran_ahead = state.written_at.is_some_and(|at| now < earlier(at, DOUBT_FROM.unsigned_abs()));
        let (knew, steady) = state
            .believed
            .as_ref()
            .map_or((false, false), |(read, confirmed)| (*confirmed, read.boot == seen.read.boot));
        let was_set = seen.set.is_some() || (!steady && ran_ahead);
        let late = state.marked_at.is_none_or(|at| seen.read.steady.saturating_sub(at) >= MARK_EVERY);
        let confirmed = seen.confirmed || (steady && knew);
        (matches!(state.standing, ClockState::Doubt(_)), was_set, late || !knew || !steady, confirmed)
    };
    if was_set || doubted {
        put_right(ctx, now).await?;
    }
    if was_set || doubted || marks {
        ctx.store.mark_clock(&seen.read, confirmed, was_set).await?;
    }
    ctx.kakao.dates().was_contradicted();
    let mut state = ctx.trust.lock();
    if was_set || seen.confirmed || state.believed.is_none() {
        (state.believed, state.forgot_for) = (Some((seen.read.clone(), confirmed)), None);
    }
    if was_set || doubted || marks {
        state.marked_at = Some(seen.read.steady);
    }
    (state.standing, state.held_since, state.ask_at, state.wait) = (ClockState::Right, None, None, AGAIN_MIN);
    state.written_at = Some(now);
    Ok(())
}

/// Nothing speaks against the clock, and no server answers: what is due is tried, and fails as long as that is so.
pub(super) async fn go_on_unconfirmed(ctx: &Ctx, seen: &See) -> Result<()> {
    let marks = {
        let state = ctx.trust.lock();
        state.marked_at.is_none_or(|at| seen.read.steady.saturating_sub(at) >= MARK_EVERY)
    };
    if matches!(ctx.trust.standing(), ClockState::Doubt(_)) {
        ctx.store.put_notices_right(seen.read.wall).await?;
    }
    if marks {
        ctx.store.mark_clock(&seen.read, false, false).await?;
    }
    let mut state = ctx.trust.lock();
    if state.believed.as_ref().is_none_or(|(read, _)| read.boot != seen.read.boot) {
        state.believed = Some((seen.read.clone(), false));
    }
    if marks {
        state.marked_at = Some(seen.read.steady);
    }
    (state.standing, state.held_since) = (ClockState::Unconfirmed, None);
    Ok(())
}

/// Nothing is done. A doubt that no answer bears out is told after a while only.
pub(super) fn hold(ctx: &Ctx, why: Option<(DoubtReason, bool)>) {
    ctx.kakao.dates().was_contradicted();
    let steady = ctx.clock.reading().steady;
    let mut state = ctx.trust.lock();
    let since = *state.held_since.get_or_insert(steady);
    let standing = match why {
        Some((why, answered)) if answered || steady.saturating_sub(since) >= GRACE => ClockState::Doubt(why),
        _ => ClockState::Asking,
    };
    if let ClockState::Doubt(why) = &standing
        && !matches!(state.standing, ClockState::Doubt(_))
    {
        tracing::error!("{}; nothing is done until it agrees", words(why, &ctx.rules.telling.zone));
    }
    // Told once, and said until it is over.
    if !(standing == ClockState::Asking && matches!(state.standing, ClockState::Doubt(_))) {
        state.standing = standing;
    }
}

async fn put_right(ctx: &Ctx, now: Timestamp) -> Result<()> {
    let (plan, _) = ctx.plan.get();
    let at = |plan: &Plan| -> Vec<String> {
        let fixed = plan.jobs.values().filter(|job| matches!(job.schedule, Schedule::Once(_)));
        fixed.map(|job| job.name.clone()).collect()
    };
    let fixed = plan.as_deref().map(at).unwrap_or_default();
    let done = ctx.store.put_right(&fixed, ctx.rules.horizon, now).await?;
    ctx.store.sweep_set_back(ctx.rules.lease, ctx.rules.artifact_life, now).await?;
    ctx.store.put_notices_right(now).await?;
    if done != PutRight::default() {
        tracing::warn!(
            brought_back = done.brought_back,
            withdrawn = done.withdrawn,
            jobs = done.jobs,
            accounts = done.probed,
            "what a wrong clock had done was put right; `storyd admin show` tells it of each post"
        );
    }
    Ok(())
}
