//! Blackouts: days and hours in which nothing is posted, each with its reason and with what becomes of the posts that fall into it.
//! They stand in job files, for the jobs of that file, and in the settings, for all jobs.
//!
//! A blackout is read in the zone of the job. What it does to one occurrence depends on that occurrence alone, so it makes no
//! difference in how many pieces a period is enumerated.

mod read;
mod stretch;
mod suggestion;

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::read::read;
pub use self::stretch::Blackout;
use self::stretch::first_free;
use crate::domain::policy::{BlackoutThen, FallsIn};

/// What `blackouts` do to a post at this instant. Where several overlap, leaving out counts more than holding, and that more than
/// moving; a moved post comes at the first instant that is free of all of them.
pub fn place<'a>(
    blackouts: impl Iterator<Item = &'a Blackout> + Clone,
    zone: &TimeZone,
    at: Timestamp,
) -> (Timestamp, Option<FallsIn>) {
    let local = zone.to_datetime(at);
    let covering = blackouts.clone().filter(|blackout| blackout.end_at(local).is_some());
    // The first of the strictest: `max_by_key` would take the last.
    let Some(strictest) = covering.reduce(|one, other| if other.then > one.then { other } else { one }) else {
        return (at, None);
    };
    let reason = strictest.reason.clone();
    match (strictest.then, first_free(blackouts, zone, at)) {
        (BlackoutThen::Move, Some(free)) => (free, Some(FallsIn { then: BlackoutThen::Move, reason })),
        (BlackoutThen::Move, None) => {
            let reason = format!("{reason} (and no time is free for more than a year)");
            (at, Some(FallsIn { then: BlackoutThen::Hold, reason }))
        }
        (then, _) => (at, Some(FallsIn { then, reason })),
    }
}

/// How long after its time an occurrence goes out, for a job with this `jitter`: whole seconds from zero to the jitter, inclusive. They are
/// the first eight bytes of SHA-256 over the job's name, a zero byte and the nominal time, as a big-endian number, modulo the seconds
/// of the jitter plus one: the same on every machine and after every restart.
pub fn jitter(job: &str, nominal: &str, jitter: Duration) -> Duration {
    use sha2::{Digest, Sha256};
    let hash = Sha256::new().chain_update(job).chain_update([0]).chain_update(nominal).finalize();
    let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Duration::from_secs(number % (jitter.as_secs() + 1))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::*;

    fn blackout(hours: Option<&str>, dates: &str, weekdays: &[Weekday], then: BlackoutThen) -> Blackout {
        let hours = hours.map(|text| {
            let (from, to) = text.split_once('-').unwrap();
            (from.parse().unwrap(), to.parse().unwrap())
        });
        let dates = dates.split_whitespace().map(|range| {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            first.parse().unwrap()..=last.parse().unwrap()
        });
        Blackout { dates: dates.collect(), weekdays: weekdays.to_vec(), hours, reason: then.as_str().into(), then }
    }

    /// The blackout that a time in Berlin falls into, and when it goes out.
    fn told(blackouts: &[Blackout], local: &str) -> String {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = zone.to_timestamp(local.parse().unwrap()).unwrap();
        match place(blackouts.iter(), &zone, at) {
            (_, None) => "free".into(),
            (at, Some(falls_in)) => {
                format!("{} {}", falls_in.then.as_str(), zone.to_datetime(at).strftime("%m-%d %H:%M"))
            }
        }
    }

    #[test]
    fn quiet_hours_belong_to_the_day_on_which_they_begin() {
        let quiet = [blackout(Some("22:00-08:00"), "", &[Weekday::Friday], BlackoutThen::Move)];
        assert_eq!(told(&quiet, "2026-12-04T21:59"), "free", "a Friday");
        assert_eq!(told(&quiet, "2026-12-04T22:00"), "move 12-05 08:00");
        assert_eq!(told(&quiet, "2026-12-05T07:59"), "move 12-05 08:00", "Saturday morning is Friday's night");
        assert_eq!(told(&quiet, "2026-12-05T08:00"), "free", "the end is free");
        assert_eq!(told(&quiet, "2026-12-05T23:00"), "free", "Saturday's night is not");
        assert_eq!(told(&quiet, "2026-12-04T03:00"), "free", "nor Thursday's");
    }

    #[test]
    fn a_moved_post_comes_when_no_blackout_is_left() {
        let all = [
            blackout(Some("22:00-08:00"), "", &[], BlackoutThen::Move),
            blackout(None, "2026-12-25..2026-12-26", &[], BlackoutThen::Move),
            blackout(None, "", &[Weekday::Sunday], BlackoutThen::Move),
            blackout(Some("08:00-09:30"), "2026-12-28", &[], BlackoutThen::Hold),
        ];
        assert_eq!(
            told(&all, "2026-12-24T23:00"),
            "move 12-28 09:30",
            "night, Christmas, Saturday is the 26th, Sunday, night"
        );
        assert_eq!(told(&all, "2026-12-28T09:00"), "hold 12-28 09:00");
    }

    #[test]
    fn the_strictest_of_several_counts_and_the_first_of_equals() {
        let mut all = vec![blackout(None, "", &[], BlackoutThen::Move)];
        assert_eq!(told(&all, "2026-12-01T09:00"), "hold 12-01 09:00", "never free");
        all.push(blackout(None, "", &[], BlackoutThen::Hold));
        all.push(blackout(None, "", &[], BlackoutThen::Skip));
        assert_eq!(told(&all, "2026-12-01T09:00"), "skip 12-01 09:00");
    }

    #[test]
    fn an_end_that_the_clocks_skip_or_show_twice_is_still_the_first_free_instant() {
        let quiet = [blackout(Some("22:00-02:30"), "", &[], BlackoutThen::Move)];
        assert_eq!(told(&quiet, "2026-03-29T00:00"), "move 03-29 03:00", "02:30 is skipped");
        assert_eq!(told(&quiet, "2026-10-25T00:00"), "move 10-25 02:30");
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at: Timestamp = "2026-10-25T01:10:00Z".parse().unwrap(); // 02:10, the second time
        assert_eq!(place(quiet.iter(), &zone, at).0, "2026-10-25T01:30:00Z".parse().unwrap());
    }

    #[test]
    fn jitter_is_the_same_every_time_and_spread_over_its_length() {
        let ten = Duration::from_secs(600);
        assert_eq!(jitter("menu", "2026-12-01T09:00:00", ten), jitter("menu", "2026-12-01T09:00:00", ten));
        assert_eq!(jitter("menu", "2026-12-01T09:00:00", ten), Duration::from_secs(JITTER_OF_MENU));
        let seconds: Vec<u64> = (0..500).map(|n| jitter("menu", &n.to_string(), ten).as_secs()).collect();
        assert!(seconds.iter().all(|seconds| *seconds <= 600));
        assert!(seconds.iter().any(|seconds| *seconds < 30) && seconds.iter().any(|seconds| *seconds > 570));
        assert_eq!(jitter("menu", "x", Duration::ZERO), Duration::ZERO);
    }

    /// Fixed: another release must draw the same, or posts that wait would move.
    const JITTER_OF_MENU: u64 = 449;
}
