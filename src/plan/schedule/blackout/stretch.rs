//! One blackout: which days and hours it takes, and the first instant that is free of several.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

use crate::domain::clock::later;
use crate::domain::policy::BlackoutThen;
use crate::plan::schedule::civil::{self, Resolved};

/// How far behind its time a post is moved at most. Blackouts that leave no free time for longer hold it instead.
const MOVE_MAX: Duration = Duration::from_secs(400 * 86_400);

/// Days and hours in which nothing is posted. What is left out does not restrict: a blackout without hours takes whole days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blackout {
    pub(super) dates: Vec<RangeInclusive<Date>>,
    pub(super) weekdays: Vec<Weekday>,
    /// From the first, before the second. When the second is earlier they go on into the next day, and belong to the day on which they
    /// began.
    pub(super) hours: Option<(Time, Time)>,
    pub(super) reason: String,
    pub(super) then: BlackoutThen,
}

impl Blackout {
    /// Why there is a blackout.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What becomes of the posts.
    pub fn then(&self) -> BlackoutThen {
        self.then
    }

    fn takes_day(&self, day: Date) -> bool {
        (self.dates.is_empty() || self.dates.iter().any(|range| range.contains(&day)))
            && (self.weekdays.is_empty() || self.weekdays.contains(&day.weekday()))
    }

    /// The end of the stretch that this local time lies in; nothing when it lies in none.
    pub(super) fn end_at(&self, local: DateTime) -> Option<DateTime> {
        let (day, time) = (local.date(), local.time());
        let tomorrow = day.tomorrow().ok()?;
        match self.hours {
            None => self.takes_day(day).then(|| tomorrow.to_datetime(Time::midnight())),
            Some((from, to)) if from < to => {
                (self.takes_day(day) && from <= time && time < to).then(|| day.to_datetime(to))
            }
            Some((from, _)) if from <= time && self.takes_day(day) => Some(tomorrow.to_datetime(self.hours?.1)),
            Some((_, to)) => (time < to && self.takes_day(day.yesterday().ok()?)).then(|| day.to_datetime(to)),
        }
    }
}

/// The first instant from `at` on that lies in no blackout.
pub(super) fn first_free<'a>(
    blackouts: impl Iterator<Item = &'a Blackout> + Clone,
    zone: &TimeZone,
    at: Timestamp,
) -> Option<Timestamp> {
    let limit = later(at, MOVE_MAX);
    let mut free = at;
    while free <= limit {
        let local = zone.to_datetime(free);
        let Some(end) = blackouts.clone().filter_map(|blackout| blackout.end_at(local)).max() else {
            return Some(free);
        };
        // A clock that is set back shows the end twice; the one ahead counts. One that skips it shows the first time after it.
        let next = match civil::resolve(zone, end) {
            Resolved::Once(at) | Resolved::Shifted(at) => at,
            Resolved::Twice(first, second) => {
                if first > free {
                    first
                } else {
                    second
                }
            }
            Resolved::Missing => zone.to_timestamp(end).ok()?,
        };
        free = if next > free { next } else { later(free, Duration::from_secs(60)) };
    }
    None
}
