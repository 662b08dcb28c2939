//! How long the daemon sleeps between two looks, and how soon it looks again.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::between;
use crate::engine::context::Ctx;

/// Longest sleep in one go: the wall clock may be set, or the machine suspended, while a timer runs.
pub(super) const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How soon a change is tried again that an attempt was in the way of, or that came while files were being written.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// How long to sleep: until the earliest of `instants`, at most [`SLEEP_MAX`] and half the supervisor's patience.
pub(super) fn nap(ctx: &Ctx, instants: impl IntoIterator<Item = Option<Timestamp>>) -> Duration {
    let now = ctx.clock.now();
    let first = instants.into_iter().flatten().min().map_or(SLEEP_MAX, |at| between(now, at));
    let patience = sd_notify::watchdog_enabled().map_or(SLEEP_MAX, |limit| limit / 2);
    first.min(SLEEP_MAX).min(patience)
}
