//! Does once, without a daemon, everything that is due: for a command that executes in its place, and for the tests.

use std::sync::atomic::AtomicBool;

use futures_util::future::join_all;

use super::sweep::may_act;
use super::turn::Upkeep;
use super::workers::{run_deed, run_lane};
use crate::engine::context::Ctx;
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::store::view::TaskKind;

/// Does everything that is due once, one after the other, and says what was done. For callers that bring their own time: a
/// command that executes without a daemon, and the tests.
pub async fn step(ctx: &Ctx, upkeep: &mut Upkeep) -> Result<Vec<TaskReport>> {
    let mut reports = Vec::new();
    if may_act(ctx, upkeep).await? {
        upkeep.run(ctx).await?;
        for (deed, account) in ctx.store.due(ctx.clock.now()).await? {
            reports.push(run_deed(ctx, deed, &account).await?);
        }
    }
    for sink in ctx.store.sinks_due(ctx.clock.now()).await? {
        reports.push(run_deed(ctx, TaskKind::Notify, &sink).await?);
    }
    reports.retain(|report| !matches!(report.outcome, TaskOutcome::Idle));
    Ok(reports)
}

/// What [`step`] does, with every account and deed at the same time, and each account's posts one after the other, as the lanes of the daemon
/// do it; in one task, so that it can die as a whole.
pub async fn step_abreast(ctx: &Ctx, upkeep: &mut Upkeep) -> Result<Vec<TaskReport>> {
    let may_act = may_act(ctx, upkeep).await?;
    if may_act {
        upkeep.run(ctx).await?;
    }
    let due = if may_act { ctx.store.due(ctx.clock.now()).await? } else { Vec::new() };
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let stopping = AtomicBool::new(false);
    let lanes = due.iter().map(|(deed, account)| run_lane(ctx, *deed, account, &tell, &stopping));
    for ended in join_all(lanes).await {
        ended?;
    }
    for sink in ctx.store.sinks_due(ctx.clock.now()).await? {
        run_lane(ctx, TaskKind::Notify, &sink, &tell, &stopping).await?;
    }
    let mut reports = Vec::new();
    while let Ok(report) = told.try_recv() {
        reports.push(report);
    }
    reports.retain(|report| !matches!(report.outcome, TaskOutcome::Idle));
    Ok(reports)
}
