//! The only file that sleeps. Whoever waits for a length of time, and for nothing else, waits here.

use std::time::Duration;

/// Waits for so long.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
pub async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}
