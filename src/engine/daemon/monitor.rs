//! When it is looked what people are to be told, and when the dead-man's switch hears of us. Nothing that posts depends on either.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::{between, later};
use crate::engine::context::Ctx;
use crate::engine::incidents;
use crate::engine::report::Result;
use crate::store::StatementFailure;

/// How often, at most, it is looked: a busy queue must not wait for it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The two, between two turns of the loop.
#[derive(Debug, Default)]
pub(crate) struct Watchman {
    looked_at: Option<Timestamp>,
    /// When the next look is due that was put off.
    pub(super) look_at: Option<Timestamp>,
    /// When the next heartbeat is due, where there is one.
    pub(super) beat_at: Option<Timestamp>,
}

impl Watchman {
    /// Looks what people are to be told, unless it did just now. A busy database puts it off.
    pub(super) async fn look(&mut self, ctx: &Ctx, now: Timestamp) -> Result<()> {
        let last = self.looked_at.filter(|_| ctx.clock.runs());
        if let Some((last, soonest)) = last.map(|last| (last, later(last, LOOK_EVERY)))
            && (last..soonest).contains(&now)
        {
            self.look_at = Some(soonest);
            return Ok(());
        }
        (self.looked_at, self.look_at) = (Some(now), None);
        match incidents::run_once(ctx).await {
            // A full disk has no room for notices either: what must be recorded goes first.
            Err(error) if matches!(ctx.store.notice(&error), StatementFailure::Busy | StatementFailure::Full) => {
                tracing::warn!(%error, "what people are to be told could not be looked at; tried again shortly");
                self.look_at = Some(later(now, LOOK_EVERY));
                Ok(())
            }
            done => done,
        }
    }

    /// Tells the dead-man's switch that the loop turns. Sent from here and from nowhere else, and waited for by nobody.
    pub(super) fn beat(&mut self, ctx: &Ctx) {
        let Some(every) = ctx.sinks.heartbeat_every() else { return };
        let now = ctx.clock.now();
        // A clock that was set back must not silence it for long.
        if self.beat_at.is_some_and(|at| at > now && between(now, at) <= every) {
            return;
        }
        self.beat_at = Some(later(now, every));
        let sinks = ctx.sinks.clone();
        tokio::spawn(async move {
            if let Err(why) = sinks.beat().await {
                tracing::warn!(%why, "the heartbeat did not arrive");
            }
        });
    }
}
