//! What the families of deceits share: how a family is defined, a deceit as one request meets it, and chance by key.

use std::time::Duration;

use crate::state::numbers::mix;

/// Defines a family of deceits with the names that users type.
macro_rules! family {
    ($(#[$about:meta])* $family:ident { $($deceit:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the table describes each by the name that users type")]
        pub enum $family {
            $($deceit,)+
        }

        impl $family {
            pub(crate) const ALL: &[(Self, &str)] = &[$((Self::$deceit, $name),)+];
        }
    };
}
pub(super) use family;

/// A deceit as one request meets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<L> {
    pub(crate) lie: L,
    /// By how much, where it is about time.
    pub(crate) by: Duration,
    /// How many characters, bytes or stories, where it is about a number.
    pub(crate) size: usize,
}

/// A number that is always the same for the same text and differs between texts.
pub(crate) fn key(text: &str) -> u64 {
    text.bytes().fold(0x5707, |key, byte| mix(key ^ u64::from(byte)))
}

/// An amount of seconds between `-by` and `by`, drawn by `key`.
pub(super) fn scattered(by: Duration, key: u64) -> i64 {
    let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX / 4);
    i64::try_from(mix(key) % (2 * by.unsigned_abs() + 1)).unwrap_or_default() - by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scattered_stays_within_its_bounds_and_goes_both_ways() {
        let drawn: Vec<i64> = (0..200).map(|key| scattered(Duration::from_secs(60), key)).collect();
        assert!(drawn.iter().all(|seconds| seconds.abs() <= 60));
        assert!(drawn.iter().any(|seconds| *seconds > 20) && drawn.iter().any(|seconds| *seconds < -20));
    }
}
