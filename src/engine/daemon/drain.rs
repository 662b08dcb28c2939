//! The end of the daemon: what is in flight finishes, as far as that is worth waiting for.

use std::time::Duration;

use super::error::DaemonError;
use super::nap::SOON;
use super::news::News;
use super::signals::{ProcessSignal, Signals, supervisor};
use super::workers::Lanes;
use crate::domain::clock::later;
use crate::engine::context::Ctx;
use crate::engine::sleep::pause;
use crate::store::view::TaskKind;

/// How long a drain waits for uploads, which are simply repeated; a publish request is waited for until its own limit.
const DRAIN_PREPARE: Duration = Duration::from_secs(10);

/// Waits for what is in flight, once the lanes are told to stop: publish requests, listings and take-downs until their own limits, uploads for a short while.
pub(super) async fn drain(
    ctx: &Ctx,
    lanes: &mut Lanes,
    signals: &mut Signals,
    tell: &impl Fn(News<'_>),
) -> std::result::Result<(), DaemonError> {
    if !lanes.is_empty() {
        tell(News::Draining(lanes.set.len()));
    }
    let patience = later(ctx.clock.now(), DRAIN_PREPARE);
    while !lanes.is_empty() {
        let only_uploads = lanes.busy.iter().all(|(deed, _)| {
            matches!(deed, TaskKind::Prepare | TaskKind::Probe | TaskKind::Foresee | TaskKind::Notify)
        });
        if only_uploads && ctx.clock.now() >= patience {
            // Left alone, not aborted: a database statement is never cut short. The process ends, and the next start
            // puts their posts back into the queue.
            lanes.set.detach_all();
            return Ok(());
        }
        tokio::select! {
            Some(done) = lanes.set.join_next_with_id() => drop(lanes.settle(ctx, done, tell)?),
            told = signals.next() => if told == ProcessSignal::Stop {
                lanes.set.detach_all();
                return Err(DaemonError::Impatient);
            },
            () = pause(SOON) => supervisor(sd_notify::NotifyState::Watchdog),
        }
    }
    Ok(())
}
