//! The alarm: wakes the daemon at an instant, more exactly than the timers of the runtime, whose ticks are a millisecond. One thread
//! that sleeps. It may ring early, never for nothing in the long run, and a few hundredths of a millisecond late.
//!
//! The thread is woken only to ring earlier than it would: a busy daemon sets the alarm after each thing that happens.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::domain::clock::later;

/// Rings at the end of the nap that it was set to last, or earlier.
pub(crate) struct Alarm {
    shared: Arc<AlarmState>,
}

#[derive(Default)]
struct AlarmState {
    setting: Mutex<Setting>,
    changed: Condvar,
    bell: Notify,
}

#[derive(Default)]
struct Setting {
    nap: Option<Duration>,
    /// When it rings, as long as nobody sets the clock. Then the daemon sets an earlier nap, or the one before ends first: it is short.
    rings_at: Option<Timestamp>,
    /// Rises with every setting.
    number: u64,
    ends: bool,
}

impl Alarm {
    /// An alarm that is not set.
    pub(super) fn new() -> std::io::Result<Self> {
        let shared: Arc<AlarmState> = Arc::default();
        let own = shared.clone();
        std::thread::Builder::new().name("storyd-alarm".into()).spawn(move || own.watch())?;
        Ok(Self { shared })
    }

    /// Rings at the end of `nap`, which begins `now`, or earlier.
    pub(super) fn set(&self, now: Timestamp, nap: Duration) {
        let rings_at = later(now, nap);
        let mut setting = self.shared.setting.lock().unwrap_or_else(PoisonError::into_inner);
        if setting.rings_at.is_some_and(|at| at <= rings_at) {
            return;
        }
        (setting.nap, setting.rings_at) = (Some(nap), Some(rings_at));
        setting.number += 1;
        self.shared.changed.notify_one();
    }

    /// Waits for it to ring.
    pub(super) async fn rings(&self) {
        self.shared.bell.notified().await;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.setting.lock().unwrap_or_else(PoisonError::into_inner).ends = true;
        self.shared.changed.notify_one();
    }
}

impl AlarmState {
    fn watch(&self) {
        let mut setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        while !setting.ends {
            let number = setting.number;
            let Some(nap) = setting.nap else {
                setting = self.changed.wait(setting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if !nap.is_zero() {
                setting = self.changed.wait_timeout(setting, nap).unwrap_or_else(PoisonError::into_inner).0;
            }
            // Set anew meanwhile: that nap begins. Woken for nothing: it rings early, and is set again.
            if setting.number == number {
                (setting.nap, setting.rings_at) = (None, None);
                self.bell.notify_one();
            }
        }
    }
}
