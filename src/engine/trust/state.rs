//! What is known of the clock between two looks, and whether anything may be done by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::clock::{Clock, Reading};
use crate::domain::evidence::{DOUBT_FROM, DoubtReason};

/// Waits between two questions that brought nothing: at first, and at most.
pub(super) const AGAIN_MIN: Duration = Duration::from_secs(2);
pub(super) const AGAIN_MAX: Duration = Duration::from_secs(60);
/// How often it is written down that the clock is believed.
pub(super) const MARK_EVERY: Duration = Duration::from_secs(600);

/// What is known of the clock between two looks.
#[derive(Debug, Default)]
pub struct Trust {
    state: Mutex<TrustState>,
    /// One look at a time: each asks, and writes down what it found.
    pub(super) looking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
pub(super) struct TrustState {
    pub(super) standing: ClockState,
    /// What the last process left was read.
    pub(super) loaded: bool,
    /// How the clocks stood when ours was last believed, and whether that was confirmed.
    pub(super) believed: Option<(Reading, bool)>,
    /// When the queue was last written, as far as the last process knew.
    pub(super) written_at: Option<Timestamp>,
    /// By how much the clock was set when the dates of before were forgotten.
    pub(super) forgot_for: Option<SignedDuration>,
    /// Questions to all since then.
    pub(super) rounds: u32,
    pub(super) asked: usize,
    /// When the next question is worth its while, by the steady clock, and the wait after that.
    pub(super) ask_at: Option<Duration>,
    pub(super) wait: Duration,
    /// Since when everything is held back.
    pub(super) held_since: Option<Duration>,
    pub(super) marked_at: Option<Duration>,
    /// Servers answer, and their answers carry no date: nobody asks them again before each deed.
    pub(super) undated: bool,
    /// Nothing of before the start was swept yet.
    pub(super) owes_sweep: bool,
}

/// Where the clock stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClockState {
    /// Nobody has looked yet, or the servers are being asked: nothing is done.
    #[default]
    Asking,
    /// It is right.
    Right,
    /// Nothing speaks against it, and no server could be asked yet.
    Unconfirmed,
    /// It is in doubt: nothing is done.
    Doubt(DoubtReason),
}

impl Trust {
    /// Where the clock stood at the last look.
    pub fn standing(&self) -> ClockState {
        self.lock().standing.clone()
    }

    /// Why it is in doubt, if it is.
    pub fn doubt(&self) -> Option<DoubtReason> {
        match &self.lock().standing {
            ClockState::Doubt(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Whether anything may be done by this clock: it was believed at the last look, and nobody has set it since.
    pub fn may_act(&self, clock: &Clock) -> bool {
        let state = self.lock();
        let believed = matches!(state.standing, ClockState::Right | ClockState::Unconfirmed);
        believed && state.believed.as_ref().is_none_or(|(read, _)| !was_set(&clock.reading(), read))
    }

    /// Whether what is gone afterwards may be thrown away by this clock: it is right, and not only unrefuted; or no server tells the time.
    pub fn may_throw_away(&self, clock: &Clock) -> bool {
        let sure = {
            let state = self.lock();
            state.standing == ClockState::Right || state.undated
        };
        sure && self.may_act(clock)
    }

    /// How long until the next look is worth its while, as long as nothing else happens; `None`: nothing is waited for.
    pub fn looks_after(&self, clock: &Clock) -> Option<Duration> {
        let state = self.lock();
        let at = state.ask_at.filter(|_| state.standing != ClockState::Right)?;
        Some(at.saturating_sub(clock.reading().steady))
    }

    /// Notes that what an earlier process held is still to be swept.
    pub(crate) fn owe_sweep(&self) {
        self.lock().owes_sweep = true;
    }

    /// Whether a sweep is owed.
    pub fn owes_sweep(&self) -> bool {
        self.lock().owes_sweep
    }

    pub(crate) fn sweeps(&self) {
        self.lock().owes_sweep = false;
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, TrustState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn was_set(now: &Reading, believed: &Reading) -> bool {
    now.set_since(believed).is_some_and(|set| set.abs() >= DOUBT_FROM)
}
