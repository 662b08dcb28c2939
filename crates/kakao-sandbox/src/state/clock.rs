//! The sandbox's own time source: the wall clock, or a function that a test moves by hand.
//!
//! Owns the one read of the system time on this side of the wire. Must not know the product's clock: whoever embeds the sandbox
//! hands in a function.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Where the emulated servers take their time from. Cheap to clone.
#[derive(Clone)]
pub struct SandboxClock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl SandboxClock {
    /// The wall clock of the machine.
    pub fn system() -> Self {
        Self(Arc::new(system_micros))
    }

    /// A clock read from `micros`, which gives microseconds since the UNIX epoch, UTC. Values beyond the year 9999 are held at
    /// its end.
    pub fn from_fn(micros: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self(micros)
    }

    /// Now, to the microsecond.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond((self.0)()).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Debug for SandboxClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SandboxClock({})", self.now())
    }
}

fn system_micros() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the sandbox stands for another machine, with a clock of its own")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// `at + by`, held at the last representable instant.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at - by`, held at the first representable instant.
pub(crate) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// Whole seconds from `from` to `to`; zero when `to` is not after it.
pub(crate) fn seconds_until(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().max(0)
}

/// RFC 3339 in UTC and whole seconds, as Kakao writes `created_at`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The form of the `Date` header (RFC 9110).
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_forms_of_the_wire() {
        let at: Timestamp = "2026-12-01T00:05:09.999999Z".parse().expect("valid");
        assert_eq!(rfc3339(at), "2026-12-01T00:05:09Z");
        assert_eq!(http_date(at), "Tue, 01 Dec 2026 00:05:09 GMT");
    }
}
