//! What is done first: nothing by a clock in doubt, and at start whatever a dead process held is let go.

use super::turn::Upkeep;
use crate::engine::aside::step_unless_refused;
use crate::engine::context::Ctx;
use crate::engine::incidents;
use crate::engine::report::Result;
use crate::engine::trust;
use crate::engine::trust::state::ClockState;
use crate::store::queue::Swept;

/// Whether anything may be done by the clock. A doubt is told; once it is over, what waited for it is done first.
pub(super) async fn may_act(ctx: &Ctx, upkeep: &mut Upkeep) -> Result<bool> {
    let held = !matches!(ctx.trust.standing(), ClockState::Right | ClockState::Unconfirmed);
    if !trust::look(ctx).await? {
        incidents::in_doubt(ctx).await?;
        return Ok(false);
    }
    if ctx.trust.owes_sweep() {
        sweep_at_start(ctx).await?;
    }
    if held {
        upkeep.next_at = None;
    }
    Ok(true)
}

/// At start, before anything is claimed: whatever an earlier process held is dead. While the clock is in doubt nothing is swept: that is done
/// once it is right.
pub async fn sweep_at_start(ctx: &Ctx) -> Result<Swept> {
    if !trust::look(ctx).await? {
        ctx.trust.owe_sweep();
        return Ok(Swept::default());
    }
    ctx.trust.sweeps();
    let now = ctx.clock.now();
    step_unless_refused(ctx, "close the take-downs of before", ctx.store.sweep_deletes(now).await.map(|_| ()))?;
    let swept = step_unless_refused(ctx, "take back what the last run held", ctx.store.sweep_boot(now).await)?;
    // The clock may have been set while nobody ran. An earlier look, or an earlier probe, does no harm.
    let set_back = ctx.store.sweep_set_back(ctx.rules.lease, ctx.rules.artifact_life, now).await;
    step_unless_refused(ctx, "set instants of another clock right", set_back)?;
    if let Some(since) = step_unless_refused(ctx, "note this run", ctx.store.begin_life(now).await)? {
        step_unless_refused(ctx, "tell that the last run broke off", incidents::restarted(ctx, since).await)?;
    }
    Ok(swept)
}
