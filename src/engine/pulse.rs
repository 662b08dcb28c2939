//! The pulse of the daemon's loop: when it last turned, what it last brought about, and whether it is told to stop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// Whether the daemon is told to stop: what takes long looks here between two of its steps.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<tokio::sync::SetOnce<()>>);

impl Stop {
    /// Tells everybody who looks.
    pub fn tell(&self) {
        // Told already.
        let _ = self.0.set(());
    }

    /// Whether it is.
    pub fn is_told(&self) -> bool {
        self.0.get().is_some()
    }

    /// Waits until it is, if ever.
    pub async fn told(&self) {
        self.0.wait().await;
    }
}

/// The loop's pulse. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Beats>>);

/// What is known of the loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beats {
    /// When it last turned; `None`: no loop runs in this process.
    pub turned_at: Option<Timestamp>,
    /// When the job files were last read without an error.
    pub loaded_at: Option<Timestamp>,
    /// How long after its time the last post was published.
    pub last_late: Option<Duration>,
}

impl Pulse {
    /// What is known.
    pub fn beats(&self) -> Beats {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop turns.
    pub fn turned(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).turned_at = Some(now);
    }

    /// The job files were read without an error.
    pub fn loaded(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).loaded_at = Some(now);
    }

    /// A post was published so long after its time.
    pub fn published(&self, late: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last_late = Some(late);
    }
}
