//! Delivers what waits in the outbox, one notice of one sink at a time, with retries of its own. Nothing that posts waits for it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::{between, later};
use crate::engine::context::Ctx;
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::notify::NotSent;
use crate::store::view::TaskKind;

/// Waits after the first, second, … try that came to nothing; the last one repeats.
const DELAYS: [Duration; 6] = [
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1_800),
    Duration::from_secs(3_600),
    Duration::from_secs(10_800),
];
/// A notice that could not be delivered for so long is given up: nobody acts on it any more.
const AGE_MAX: Duration = Duration::from_secs(3 * 86_400);

/// Sends the sink's oldest notice that is due.
pub async fn run_once(ctx: &Ctx, sink: &str) -> Result<TaskReport> {
    let report = |outcome| TaskReport { deed: TaskKind::Notify, account: sink.into(), post: None, outcome };
    let now = ctx.clock.now();
    let Some(due) = ctx.store.notice_due(sink, now).await? else { return Ok(report(TaskOutcome::Idle)) };
    let id = format!("storyd-{}-{}", due.created_at.as_second(), due.id);
    match ctx.sinks.send(sink, &id, &due.notice, now).await {
        Ok(()) => {
            ctx.store.notice_delivered(due.id, ctx.clock.now()).await?;
            Ok(report(TaskOutcome::Told))
        }
        Err(why) => {
            let now = ctx.clock.now();
            // By a clock in doubt none is too old.
            let created_at = if ctx.trust.doubt().is_some() { now } else { due.created_at };
            let at = next_try(ctx.sinks.has(sink), created_at, due.tries, now);
            // One that was refused for its own sake goes its own way from then on.
            if due.refused || matches!(why, NotSent::Refused(_)) {
                ctx.store.notice_refused(due.id, &why.to_string(), at, now).await?;
            } else {
                ctx.store.notice_failed(due.id, &why.to_string(), at, now).await?;
            }
            Ok(report(TaskOutcome::NotTold { at, why: why.to_string() }))
        }
    }
}

/// When a notice is tried again; `None`: not any more.
fn next_try(known: bool, created_at: Timestamp, tries: u32, now: Timestamp) -> Option<Timestamp> {
    let young = between(created_at, now) < AGE_MAX;
    let index = usize::try_from(tries).unwrap_or(usize::MAX).min(DELAYS.len() - 1);
    (known && young).then(|| later(now, DELAYS[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_tried_more_and_more_seldom_and_for_three_days() {
        let created: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let (mut now, mut tries) = (created, 0);
        while let Some(at) = next_try(true, created, tries, now) {
            assert!(at > now);
            (now, tries) = (at, tries + 1);
        }
        assert!((25..35).contains(&tries), "{tries} tries");
        assert_eq!(next_try(false, created, 0, created), None, "a sink that is gone from the settings");
    }
}
