//! When to try again: a pure decision from the number of failures so far.
//!
//! The delays are a list that a person writes in the settings. Jitter is derived from (post, failure), so that a restart cannot
//! redraw it, and only ever shortens: no wait is longer than the list says.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::fault::{Fault, FaultClass};

/// How much of a delay the jitter may take away, in per cent.
const JITTER_PERCENT_MAX: u64 = 10;

/// Longest wait after a request that never left: the network may be back at any time, and a look at it costs nothing.
const UNSENT_WAIT_MAX: Duration = Duration::from_secs(600);
/// The wait after it where the settings have no delays.
const UNSENT_WAIT: Duration = Duration::from_secs(10);

/// What follows a failure that may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Try again after this long.
    Retry(Duration),
    /// The attempts are used up.
    GiveUp,
}

/// Decides after the `failures`-th failure in a row (1 for the first) of the post `post_id`.
///
/// `delays[0]` follows the first failure; after the last delay has been used, the next failure gives up.
pub fn after_failure(delays: &[Duration], failures: u32, post_id: i64, fault: &Fault) -> AfterFailure {
    let FaultClass::Transient { at_least, tries_max } = &fault.class else {
        return AfterFailure::GiveUp;
    };
    if tries_max.is_some_and(|max| failures >= max) {
        return AfterFailure::GiveUp;
    }
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    match delays.get(index) {
        Some(delay) => AfterFailure::Retry(jittered(*delay, post_id, failures).max(*at_least)),
        None => AfterFailure::GiveUp,
    }
}

/// The wait after the `unsent`-th request in a row that certainly never left (1 for the first): as after other failures at first, and
/// never so long that the end of it is missed. It ends with the post's window, and never by itself.
pub fn after_unsent(delays: &[Duration], unsent: u32, post_id: i64) -> Duration {
    let index = usize::try_from(unsent.saturating_sub(1)).unwrap_or(usize::MAX);
    let delay = delays.get(index).or(delays.last()).copied().unwrap_or(UNSENT_WAIT);
    jittered(delay.min(UNSENT_WAIT_MAX), post_id, unsent)
}

/// `delay` less up to [`JITTER_PERCENT_MAX`] per cent, the same for the same post and failure.
fn jittered(delay: Duration, post_id: i64, failures: u32) -> Duration {
    let mut hash = Sha256::new();
    hash.update(post_id.to_be_bytes());
    hash.update(failures.to_be_bytes());
    let digest = hash.finalize();
    let draw = u64::from(u16::from_be_bytes([digest[0], digest[1]])); // 0..=65535
    let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
    let cut = (u128::from(micros) * u128::from(draw) * u128::from(JITTER_PERCENT_MAX)) / (100 * 65_535);
    delay.saturating_sub(Duration::from_micros(u64::try_from(cut).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAYS: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300)];

    fn transient() -> Fault {
        Fault::transient("503", "the service is unavailable")
    }

    #[test]
    fn each_failure_takes_the_next_delay_and_the_last_gives_up() {
        for (failures, delay) in (1..).zip(DELAYS) {
            let AfterFailure::Retry(wait) = after_failure(&DELAYS, failures, 7, &transient()) else {
                panic!("failure {failures} must be retried");
            };
            assert!(wait <= delay && wait >= delay * 9 / 10, "{wait:?} for {delay:?}");
        }
        assert_eq!(after_failure(&DELAYS, 4, 7, &transient()), AfterFailure::GiveUp);
        assert_eq!(after_failure(&[], 1, 7, &transient()), AfterFailure::GiveUp);
    }

    #[test]
    fn a_request_that_never_left_is_tried_again_for_as_long_as_it_takes() {
        let long = [DELAYS[0], DELAYS[1], Duration::from_secs(7_200)];
        for (unsent, delay) in [(1, 10), (2, 60), (3, 600), (4, 600), (1_000, 600), (u32::MAX, 600)] {
            let (wait, delay) = (after_unsent(&long, unsent, 7), Duration::from_secs(delay));
            assert!(wait <= delay && wait >= delay * 9 / 10, "{wait:?} for {delay:?}");
        }
        assert!(after_unsent(&[], 5, 7) >= UNSENT_WAIT * 9 / 10);
    }

    #[test]
    fn jitter_is_the_same_for_the_same_post_and_differs_between_posts() {
        let wait = |post| after_failure(&DELAYS, 2, post, &transient());
        assert_eq!(wait(1), wait(1));
        assert!((2..50).any(|post| wait(post) != wait(1)));
    }

    #[test]
    fn a_fault_can_ask_for_a_longer_wait_and_for_fewer_tries() {
        let mut fault = transient();
        fault.class = FaultClass::Transient { at_least: Duration::from_secs(900), tries_max: Some(2) };
        assert_eq!(after_failure(&DELAYS, 1, 7, &fault), AfterFailure::Retry(Duration::from_secs(900)));
        assert_eq!(after_failure(&DELAYS, 2, 7, &fault), AfterFailure::GiveUp);
    }

    #[test]
    fn what_is_not_transient_is_never_retried() {
        let fault = Fault::permanent("-2", "wrong parameter", "correct the job");
        assert_eq!(after_failure(&DELAYS, 1, 7, &fault), AfterFailure::GiveUp);
    }
}
