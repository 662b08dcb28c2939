//! The only file that reads the time. Everything else is handed a [`Clock`] or an instant.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Where `now` comes from: the system, or a test's hand. Cheap to clone; clones of a manual clock share one time.
#[derive(Clone, Debug)]
pub struct Clock(TimeSource);

#[derive(Clone, Debug)]
enum TimeSource {
    System,
    Manual(Arc<Mutex<ManualTime>>),
}

#[derive(Debug)]
struct ManualTime {
    wall: Timestamp,
    /// Moved by `advance` alone.
    steady: Duration,
    /// Which start of which machine this is: no two clocks share one.
    boot: u64,
}

/// A number of its own for each start of a machine that a test's hand moves.
fn next_boot() -> u64 {
    static BOOTS: AtomicU64 = AtomicU64::new(0);
    BOOTS.fetch_add(1, Ordering::Relaxed)
}

/// How the wall clock and one that nobody can set stood at the same time.
#[derive(Clone, Debug)]
pub struct Mark {
    wall: Timestamp,
    steady: SteadyClock,
}

/// How the wall clock stood beside the steady clock, which counts from the start of the machine, counts its sleep too, and cannot be set.
/// It can be kept over the end of a process, and compared for as long as the machine is not started anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// By the wall clock.
    pub wall: Timestamp,
    /// By the steady clock.
    pub steady: Duration,
    /// Which start of the machine the steady clock counts from. Empty: nobody knows, so that it can be compared with nothing.
    pub boot: String,
}

impl Reading {
    /// How far the wall clock was set ahead between `earlier` and this one; less than zero: back. `None`: the machine was started anew
    /// in between.
    pub fn set_since(&self, earlier: &Self) -> Option<SignedDuration> {
        if self.boot.is_empty() || self.boot != earlier.boot {
            return None;
        }
        let passed = SignedDuration::try_from(self.steady).unwrap_or(SignedDuration::MAX)
            - SignedDuration::try_from(earlier.steady).unwrap_or(SignedDuration::MAX);
        Some(self.wall.duration_since(earlier.wall).saturating_sub(passed))
    }
}

#[derive(Clone, Copy, Debug)]
enum SteadyClock {
    System(Instant),
    Manual(Duration),
}

impl Clock {
    /// The wall clock of the machine.
    pub fn system() -> Self {
        Self(TimeSource::System)
    }

    /// A clock that moves only when [`advance`](Self::advance) or [`set`](Self::set) moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(TimeSource::Manual(Arc::new(Mutex::new(ManualTime {
            wall: to_micros(start),
            steady: Duration::ZERO,
            boot: next_boot(),
        }))))
    }

    /// Now, UTC, truncated to the microsecond: the resolution that the queue stores, so that an instant survives the way
    /// through the database unchanged.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
            TimeSource::System => to_micros(Timestamp::now()),
            TimeSource::Manual(time) => time.lock().unwrap_or_else(PoisonError::into_inner).wall,
        }
    }

    /// Whether time passes on its own: false for a manual clock, on which waiting for an instant would never end.
    pub fn runs(&self) -> bool {
        matches!(self.0, TimeSource::System)
    }

    /// How the clocks stand.
    pub fn mark(&self) -> Mark {
        Mark { wall: self.now(), steady: self.steady() }
    }

    /// By how much the wall clock has moved on more than time has passed since `mark`; less than zero when it was set back. A clock
    /// that does not count the time in which the machine sleeps takes that sleep for a jump ahead, which it is to whoever waits.
    pub fn jump_since(&self, mark: &Mark) -> SignedDuration {
        let passed = match (mark.steady, self.steady()) {
            (SteadyClock::System(then), SteadyClock::System(now)) => now.saturating_duration_since(then),
            (SteadyClock::Manual(then), SteadyClock::Manual(now)) => now.saturating_sub(then),
            _ => Duration::ZERO,
        };
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        self.now().duration_since(mark.wall).saturating_sub(passed)
    }

    /// How the wall clock stands beside the steady clock.
    pub fn reading(&self) -> Reading {
        match &self.0 {
            TimeSource::System => Reading { wall: self.now(), steady: since_boot(), boot: boot().to_owned() },
            TimeSource::Manual(time) => {
                let time = time.lock().unwrap_or_else(PoisonError::into_inner);
                Reading { wall: time.wall, steady: time.steady, boot: format!("by hand {}", time.boot) }
            }
        }
    }

    /// The machine of a manual clock is started anew: what was read before can be compared with nothing. A system clock is left alone.
    pub fn reboot(&self) {
        if let TimeSource::Manual(time) = &self.0 {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            (time.boot, time.steady) = (next_boot(), Duration::ZERO);
        }
    }

    fn steady(&self) -> SteadyClock {
        match &self.0 {
            TimeSource::System => SteadyClock::System(Instant::now()),
            TimeSource::Manual(time) => SteadyClock::Manual(time.lock().unwrap_or_else(PoisonError::into_inner).steady),
        }
    }

    /// Moves a manual clock forward. A system clock cannot be moved and is left alone.
    pub fn advance(&self, by: Duration) {
        if let TimeSource::Manual(time) = &self.0 {
            let mut time = time.lock().unwrap_or_else(PoisonError::into_inner);
            time.wall = later(time.wall, by);
            time.steady += by;
        }
    }

    /// Sets a manual clock, backwards too. A system clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let TimeSource::Manual(time) = &self.0 {
            time.lock().unwrap_or_else(PoisonError::into_inner).wall = to_micros(to);
        }
    }
}

/// Since the machine was started, its sleep included.
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(time).unwrap_or(Duration::ZERO)
}

/// Elsewhere: since the process first asked, which tells nothing over its end.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// Which start of the machine this is; empty where nobody tells.
#[cfg(target_os = "linux")]
fn boot() -> &'static str {
    static BOOT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    BOOT.get_or_init(|| {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().chars().take(64).collect()
    })
}

#[cfg(not(target_os = "linux"))]
fn boot() -> &'static str {
    ""
}

fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// `at + by`, held at the last representable instant (year 9999) instead of overflowing.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at - by`, held at the first representable instant instead of overflowing.
pub fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// How long after `from` the instant `to` is; zero when it is not after it.
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// One instant on two clocks: when an answer came by ours, and the date that it carried by Kakao's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTimeSample {
    /// By our clock.
    pub at: Timestamp,
    /// By Kakao's, in whole seconds.
    pub server_at: Timestamp,
}

impl ServerTimeSample {
    /// How far Kakao's clock was ahead of ours (negative: behind).
    pub fn skew(&self) -> SignedDuration {
        self.server_at.duration_since(self.at)
    }

    /// How long ago `earlier` was heard, by our clock and by Kakao's; negative by a clock that was set back meanwhile.
    pub fn since(&self, earlier: &Self) -> (SignedDuration, SignedDuration) {
        (self.at.duration_since(earlier.at), self.server_at.duration_since(earlier.server_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_is_shared_by_its_clones() {
        let start: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let clock = Clock::manual(start);
        let clone = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now(), later(start, Duration::from_secs(90)));
        clone.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_wall_clock_that_was_set_is_told_from_one_that_ran() {
        let start: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let clock = Clock::manual(start);
        let mark = clock.mark();
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.jump_since(&mark), SignedDuration::ZERO);
        clock.set(later(clock.now(), Duration::from_secs(3600)));
        assert_eq!(clock.jump_since(&mark), SignedDuration::from_secs(3600));
        clock.set(earlier(start, Duration::from_secs(86_400)));
        assert_eq!(clock.jump_since(&mark), SignedDuration::from_secs(-86_400 - 90));
        let clock = Clock::system();
        assert!(clock.jump_since(&clock.mark()).abs() < SignedDuration::from_secs(60));
    }

    #[test]
    fn a_clock_that_was_set_is_told_from_sleep_and_from_a_start_of_the_machine() {
        let start: Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let clock = Clock::manual(start);
        let before = clock.reading();
        clock.advance(Duration::from_secs(8 * 3600));
        assert_eq!(clock.reading().set_since(&before), Some(SignedDuration::ZERO), "a night asleep");
        clock.set(earlier(clock.now(), Duration::from_secs(60)));
        assert_eq!(clock.reading().set_since(&before), Some(SignedDuration::from_secs(-60)));
        clock.reboot();
        assert_eq!(clock.reading().set_since(&before), None);
        let (one, other) = (Clock::system().reading(), Clock::system().reading());
        let moved = other.set_since(&one).map(SignedDuration::abs);
        assert!(moved.is_none_or(|moved| moved < SignedDuration::from_secs(60)), "{moved:?}");
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(later(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(earlier(Timestamp::MIN, Duration::from_secs(1)), Timestamp::MIN);
        assert_eq!(between(Timestamp::MAX, Timestamp::MIN), Duration::ZERO);
    }

    #[test]
    fn the_system_clock_has_no_digits_below_the_microsecond() {
        assert_eq!(Clock::system().now().subsec_nanosecond() % 1000, 0);
    }
}
