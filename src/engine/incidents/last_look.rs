//! The last look ahead, kept for as long as it is good: what it saw, when, and of which plan.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::between;
use crate::store::queue::NewIncident;

/// How long a look ahead is good for.
const GOOD_FOR: Duration = Duration::from_secs(600);

/// The last look ahead. Kept, since each reads the tokens of every account and the photos of a day.
#[derive(Debug, Default)]
pub struct Outlook(Mutex<Option<PreflightResult>>);

/// What a look ahead saw, when, and of which plan.
#[derive(Debug)]
pub(super) struct PreflightResult {
    pub(super) at: Timestamp,
    pub(super) generation: u64,
    pub(super) found: Vec<NewIncident>,
}

impl Outlook {
    pub(super) fn kept(&self, now: Timestamp, generation: u64) -> Option<Vec<NewIncident>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes the last look one of the future: it is made anew.
        let good = |seen: &&PreflightResult| {
            seen.generation == generation && seen.at <= now && between(seen.at, now) < GOOD_FOR
        };
        seen.as_ref().filter(good).map(|seen| seen.found.clone())
    }

    pub(super) fn keep(&self, seen: PreflightResult) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
}
