//! The signals: stop and reload.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::DaemonError;
use crate::engine::sleep::pause;

/// What the process is told from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessSignal {
    /// SIGTERM or Ctrl-C.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals that the daemon listens to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes the signals over from their default, which is to end the process.
    pub(super) fn new() -> Result<Self, DaemonError> {
        let on = |kind| signal(kind).map_err(|source| DaemonError::System { doing: "receive signals", source });
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> ProcessSignal {
        tokio::select! {
            _ = self.terminate.recv() => ProcessSignal::Stop,
            _ = self.interrupt.recv() => ProcessSignal::Stop,
            _ = self.hangup.recv() => ProcessSignal::Reload,
        }
    }
}

/// Tells systemd, where it runs us; elsewhere nobody listens.
pub(super) fn supervisor(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the supervisor could not be told");
    }
}

/// How often a supervisor is asked for more time to start, and for how long each time.
const ASK_EVERY: Duration = Duration::from_secs(30);
const ASK_FOR: Duration = Duration::from_secs(120);
/// After so much of it a start is taken to hang.
const START_MAX: Duration = Duration::from_secs(2 * 3600);

/// Asks a supervisor for patience while the daemon starts: a large queue is checked, a large plan is enqueued. Ends by itself when that
/// takes too long to be true.
pub async fn ask_for_patience() {
    let Ok(limit) = u32::try_from(ASK_FOR.as_micros()) else { return };
    for _ in 0..START_MAX.as_secs() / ASK_EVERY.as_secs() {
        supervisor(sd_notify::NotifyState::ExtendTimeoutUsec(limit));
        pause(ASK_EVERY).await;
    }
}

/// Waits for SIGTERM or Ctrl-C.
///
/// # Errors
/// Signals cannot be received.
pub async fn until_told_to_stop() -> Result<(), DaemonError> {
    let mut signals = Signals::new()?;
    while signals.next().await != ProcessSignal::Stop {}
    Ok(())
}
