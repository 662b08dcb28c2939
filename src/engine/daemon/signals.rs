//! The signals: stop and reload.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::DaemonError;

/// What the process is told from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// SIGTERM or Ctrl-C.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals that the daemon listens to.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes the signals over from their default, which is to end the process.
    pub(super) fn new() -> std::result::Result<Self, DaemonError> {
        let on = |kind| signal(kind).map_err(|source| DaemonError::System { doing: "receive signals", source });
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }
}

/// Tells systemd, where it runs us; elsewhere nobody listens.
pub(super) fn supervisor(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the supervisor could not be told");
    }
}
