//! What follows an attempt that certainly did nothing: another try, a wait, or a person.

use std::time::Duration;

use super::context::Ctx;
use super::report::{Result, TaskOutcome};
use crate::domain::clock::later;
use crate::domain::fault::{Block, Fault, FaultClass, Remedy};
use crate::domain::retry::{AfterFailure, after_failure, after_unsent};
use crate::network::kakao::error::is_unsent;
use crate::store::Written;
use crate::store::queue::Taken;

/// How soon a blocked account tries again with its next post, when nobody said when: often enough that a consent given by a
/// person works within minutes, seldom enough to be no burden.
const PROBE: Duration = Duration::from_secs(600);
/// The same for an API that has ended.
const PROBE_ENDED: Duration = Duration::from_secs(3600);

/// The next step after the last attempt at a post.
pub(super) const RETRY: &str = "Once the cause is gone, let it go ahead with `storyd admin retry`.";

/// Records the setback of an attempt. The fault must not be ambiguous: nobody may come here in doubt.
pub(super) async fn set_back(ctx: &Ctx, taken: impl Into<Taken>, fault: Fault) -> Result<TaskOutcome> {
    let taken = taken.into();
    let now = ctx.clock.now();
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, &taken.account, block, &fault).await?;
        let written = ctx.store.snooze(taken, &fault, now).await?;
        return Ok(unless_lost(written, TaskOutcome::Blocked { fault }));
    }
    // Not a byte left: that is the network's doing, and takes no attempt away.
    if is_unsent(&fault) {
        let unsent = ctx.store.failures_alike(taken.post, &fault.code).await?.saturating_add(1);
        let at = later(now, after_unsent(&ctx.rules.retry, unsent, taken.post));
        let written = ctx.store.retry_unsent(taken, &fault, at, ctx.rules.prepare_ahead, now).await?;
        return Ok(unless_lost(written, TaskOutcome::Retry { at, fault }));
    }
    let failures = taken.failures.saturating_add(1);
    let counts = with_own_tries(ctx, &taken, failures, &fault).await?;
    match after_failure(&ctx.rules.retry, failures, taken.post, &counts) {
        AfterFailure::Retry(wait) => {
            let at = later(now, wait);
            let written = ctx.store.retry(taken, &fault, at, ctx.rules.prepare_ahead, now).await?;
            Ok(unless_lost(written, TaskOutcome::Retry { at, fault }))
        }
        AfterFailure::GiveUp => {
            let fault = given_up(fault, RETRY);
            let written = ctx.store.fail(taken, &fault, now).await?;
            Ok(unless_lost(written, TaskOutcome::Failed { fault }))
        }
    }
}

/// The fault as it counts after so many failures in a row: of a limit of its own, failures of another kind before it take nothing away.
async fn with_own_tries(ctx: &Ctx, taken: &Taken, failures: u32, fault: &Fault) -> Result<Fault> {
    let mut fault = fault.clone();
    if let FaultClass::Transient { tries_max: Some(max), .. } = &mut fault.class {
        let alike = ctx.store.failures_alike(taken.post, &fault.code).await?.saturating_add(1);
        *max = max.saturating_add(failures.saturating_sub(alike));
    }
    Ok(fault)
}

/// Blocks the account, or all of them, until the next probe.
pub(super) async fn block_account(ctx: &Ctx, account: &str, block: &Block, fault: &Fault) -> Result<()> {
    let probe = match &block.cure {
        Remedy::Wait(wait) => *wait,
        Remedy::Ended => PROBE_ENDED,
        Remedy::Refresh
        | Remedy::LogIn
        | Remedy::Consent(_)
        | Remedy::Join
        | Remedy::Owner
        | Remedy::Person
        | Remedy::Settings => PROBE,
    };
    ctx.store.block(account, block, fault, probe, ctx.clock.now()).await
}

/// A transient fault that used up its attempts still needs a next step: `remedy`, where it brings none.
pub(super) fn given_up(mut fault: Fault, remedy: &str) -> Fault {
    if matches!(fault.class, FaultClass::Transient { .. }) {
        fault.reason = format!("gave up after the last attempt: {}", fault.reason);
        if fault.remedy.is_empty() {
            fault.remedy = remedy.into();
        }
    }
    fault
}

/// What a guarded write amounts to.
pub(super) fn unless_lost(written: Written, outcome: TaskOutcome) -> TaskOutcome {
    match written {
        Written::Done => outcome,
        Written::Lost => TaskOutcome::Lost,
    }
}
