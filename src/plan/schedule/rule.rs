//! A rule and a zone → occurrences. The zone is kept, never an offset: what the clocks do is asked anew each time.
//!
//! A `cron` pattern is enumerated in civil time, then each local time is read in the zone. A skipped one moves to the first
//! valid instant after it; a repeated one fires at the first. A pattern with `*` in the hour field means "every hour that
//! passes": it runs through both hours of a repeated one and adds nothing for a skipped one.

use std::collections::BTreeSet;
use std::time::Duration;

use croner::Cron;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::civil::{self, Resolved};
use super::every::Cycle;
use super::pattern::{self, PatternError};
use crate::yaml::problem::Problem;

/// How far a search for occurrences goes beyond its start. Longer than the longest wait of a pattern that is not impossible: a
/// 29 February on a given weekday comes every 28 years, or 40 across a year like 2100.
const SEARCH_MAX: Duration = Duration::from_secs(50 * 366 * 86_400);
/// How much is enumerated at once, at first and at most. Occurrences are sorted within a slice, so the length matters to nothing but
/// speed: days around each slice are looked at too, and what lies beyond the limit was found in vain.
const SLICES: (Duration, Duration) = (Duration::from_secs(7 * 86_400), Duration::from_secs(112 * 86_400));
/// A slice with so few occurrences may be followed by one twice as long.
const FEW: usize = 40;
/// The years over which a pattern is searched for any matching day at all.
const PROBE_YEARS: std::ops::RangeInclusive<i16> = 2024..=2064;
/// The days over which its first one is searched for.
const PROBE_DAYS: usize = 41 * 366;

/// One time at which a job's content is due: the identity of a post within its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The local time that the rule names, `2026-12-01T09:00:00`; with `~2` behind it for the second pass of a repeated hour.
    /// The identity: it stays the same when the zone's rules change.
    pub nominal: String,
    /// When that is.
    pub at: Timestamp,
    /// Whether a clock change skips the nominal time, so that `at` is the first valid instant after it.
    pub shifted: bool,
}

/// The nominal time of [`AtTime::Now`].
pub const NOMINAL_NOW: &str = "now";

/// What a job's `at` or `cron` says.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// `at`: in the order of time, no instant twice; `now` first.
    Once(Vec<AtTime>),
    /// `cron`.
    Cron(Box<CronRule>),
}

impl Schedule {
    /// Whether it names exactly one time.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, Self::Once(times) if times.len() == 1)
    }
}

/// One entry of `at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtTime {
    /// `now`: gets its instant when it is first enqueued. Its nominal time is [`NOMINAL_NOW`].
    Now,
    /// A time that was written down.
    Fixed(Occurrence),
}

/// A cron pattern with its period and its exceptions.
#[derive(Clone, Debug, PartialEq)]
pub struct CronRule {
    pattern: String,
    cron: Cron,
    /// The hours and the minutes that the pattern names: they are asked for on each day.
    clock: (Vec<i8>, Vec<i8>),
    every_hour: bool,
    /// What is said of a pattern that names days of the month and weekdays, but for its next dates.
    pub(crate) both_days: Option<Box<Problem>>,
    /// What is said of a pattern with an end once that has passed.
    pub(crate) over: Option<Box<Problem>>,
    pub(crate) from: Option<DateTime>,
    pub(crate) until: Option<DateTime>,
    pub(crate) except: BTreeSet<Date>,
    /// Of the days that match, only those of each so-manieth period count.
    pub(crate) cycle: Option<Cycle>,
}

impl CronRule {
    /// Reads a pattern of five fields: minute, hour, day of month, month, weekday.
    ///
    /// # Errors
    /// A pattern that cannot be read, or that no day of the calendar matches.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let (pattern, cron) = pattern::read(pattern)?;
        let named = |values: Vec<u16>| values.into_iter().filter_map(|value| i8::try_from(value).ok()).collect();
        let rule = Self {
            clock: (named(cron.pattern.hours.values()), named(cron.pattern.minutes.values())),
            every_hour: pattern.split(' ').nth(1) == Some("*"),
            pattern,
            cron,
            both_days: None,
            over: None,
            from: None,
            until: None,
            except: BTreeSet::new(),
            cycle: None,
        };
        let days = PROBE_YEARS.flat_map(|year| Date::new(year, 1, 1).into_iter().flat_map(days_of_year));
        if !days.into_iter().any(|day| rule.matches_day(day)) {
            return Err(PatternError::of("no calendar has such a day, so it would never post"));
        }
        Ok(rule)
    }

    /// Counts the periods of `every` from the first day, from `from` on, on which the pattern names a time. `false` when there is none.
    pub(crate) fn count_from_first(&mut self, every: super::every::Every) -> bool {
        let start = self.from.map_or(Date::constant(2024, 1, 1), |from| from.date());
        let days = start.series(1.day()).take(PROBE_DAYS);
        let first = days.into_iter().find(|day| self.matches_day(*day) && self.times_of(*day).next().is_some());
        self.cycle = first.map(|first| Cycle { every, first });
        first.is_some()
    }

    /// The pattern, its fields one space apart.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the day of the month and the weekday are both restricted, and either of them makes a day match.
    pub(crate) fn names_both_days(&self) -> bool {
        let fields: Vec<&str> = self.pattern.split(' ').collect();
        let &[_, _, day, _, weekday] = fields.as_slice() else { return false };
        let free = |field: &str| field == "*" || field == "?";
        !free(day) && !free(weekday) && !weekday.starts_with('+')
    }

    /// Whether the pattern and the period, not the exceptions, hold for some time of this local day.
    pub(crate) fn covers(&self, day: Date) -> bool {
        let after_start = self.from.is_none_or(|from| day >= from.date());
        let before_end = self.until.is_none_or(|until| day <= until.date());
        after_start && before_end && self.matches_day(day)
    }

    /// The occurrences with `after < at ≤ until`, in order, at most `limit`.
    pub(crate) fn occurrences(
        &self,
        zone: &TimeZone,
        after: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<Occurrence> {
        // Two days more than the period: no zone is further from UTC, and no clock change moves further.
        let bound = |local: DateTime, days: i64| zone.to_timestamp(local).ok()?.checked_add((days * 24).hours()).ok();
        let first = self.from.and_then(|from| bound(from, -2)).unwrap_or(Timestamp::UNIX_EPOCH).max(after);
        let last = self.until.and_then(|until| bound(until, 2)).unwrap_or(Timestamp::MAX).min(until);
        let last = first.checked_add(SEARCH_MAX).unwrap_or(Timestamp::MAX).min(last);
        let mut found = Vec::new();
        let (mut start, mut length) = (first, SLICES.0);
        while start < last && found.len() < limit {
            let end = start.checked_add(length).unwrap_or(Timestamp::MAX).min(last);
            let of_slice = self.slice(zone, start, end);
            if of_slice.len() <= FEW {
                length = (length * 2).min(SLICES.1);
            }
            found.extend(of_slice);
            start = end;
        }
        found.truncate(limit);
        found
    }

    /// The occurrences of one slice of time, by instants, so that cutting a period anywhere gives the same ones.
    fn slice(&self, zone: &TimeZone, after: Timestamp, until: Timestamp) -> Vec<Occurrence> {
        let date = |at: Timestamp, days: i64| {
            let date = zone.to_datetime(at).date();
            date.checked_add(days.days()).unwrap_or(date)
        };
        let mut found: Vec<Occurrence> = Vec::new();
        // Two days around: an hour that is repeated or skipped across midnight belongs to the day before or after.
        let days = date(after, -2).series(1.day()).take_while(|day| *day <= date(until, 2));
        for day in days.filter(|day| self.matches_day(*day) && !self.except.contains(day)) {
            for local in self.times_of(day) {
                self.resolve(zone, local, &mut found);
            }
        }
        found.retain(|occurrence| after < occurrence.at && occurrence.at <= until);
        // Of several nominal times on one instant the one that needed no shift stays, else the earliest.
        found.sort_by(|a, b| (a.at, a.shifted, &a.nominal).cmp(&(b.at, b.shifted, &b.nominal)));
        found.dedup_by_key(|occurrence| occurrence.at);
        found
    }

    fn resolve(&self, zone: &TimeZone, local: DateTime, found: &mut Vec<Occurrence>) {
        let mut push = |nominal, at, shifted| found.push(Occurrence { nominal, at, shifted });
        match civil::resolve(zone, local) {
            Resolved::Once(at) => push(nominal(local), at, false),
            Resolved::Shifted(at) if !self.every_hour => push(nominal(local), at, true),
            Resolved::Twice(first, second) => {
                push(nominal(local), first, false);
                if self.every_hour {
                    push(nominal_second(local), second, false);
                }
            }
            Resolved::Shifted(_) | Resolved::Missing => {}
        }
    }

    pub(crate) fn matches_day(&self, day: Date) -> bool {
        let (month, number) = (day.month().unsigned_abs().into(), day.day().unsigned_abs().into());
        let weekday =
            croner::Weekday::from_days_from_sunday(day.weekday().to_sunday_zero_offset().unsigned_abs().into());
        let pattern = &self.cron.pattern;
        pattern.month_match(month).unwrap_or(false)
            && pattern.day_match(day.year().into(), month, number, weekday).unwrap_or(false)
            && self.cycle.as_ref().is_none_or(|cycle| cycle.holds(day))
    }

    /// The values that its fields name by numbers, in order; `L`, `W` and `#` are not among them.
    pub(crate) fn minutes(&self) -> Vec<u8> {
        small(&self.cron.pattern.minutes.values())
    }

    pub(crate) fn hours(&self) -> Vec<u8> {
        small(&self.cron.pattern.hours.values())
    }

    pub(crate) fn days(&self) -> Vec<u8> {
        small(&self.cron.pattern.days.values())
    }

    pub(crate) fn months(&self) -> Vec<u8> {
        small(&self.cron.pattern.months.values())
    }

    pub(crate) fn weekdays(&self) -> Vec<u8> {
        small(&self.cron.pattern.days_of_week.values())
    }

    /// Whether neither the day of the month nor the weekday is restricted.
    pub(crate) fn every_day(&self) -> bool {
        self.free_weekday() && matches!(self.pattern.split(' ').nth(2), Some("*" | "?"))
    }

    pub(crate) fn free_weekday(&self) -> bool {
        matches!(self.pattern.split(' ').nth(4), Some("*" | "?"))
    }

    /// The months of the pattern that lie between its `from` and its `until`.
    pub(crate) fn months_of_its_period(&self) -> Vec<u8> {
        let mut months = self.months();
        if let (Some(from), Some(until)) = (self.from, self.until) {
            let index = |at: DateTime| i32::from(at.year()) * 12 + i32::from(at.month()) - 1;
            let period: Vec<i32> =
                (index(from)..=index(until)).take(12).map(|index| index.rem_euclid(12) + 1).collect();
            months.retain(|month| period.contains(&i32::from(*month)));
        }
        months
    }

    /// How many times the rule names on a day that matches.
    pub(crate) fn times_on(&self, day: Date) -> u64 {
        let ends = [self.from, self.until].into_iter().flatten().any(|end| end.date() == day);
        let count = if ends { self.times_of(day).count() } else { self.clock.0.len() * self.clock.1.len() };
        u64::try_from(count).unwrap_or_default()
    }

    pub(crate) fn times_of(&self, day: Date) -> impl Iterator<Item = DateTime> {
        let (hours, minutes) = &self.clock;
        let times = hours.iter().flat_map(move |hour| minutes.iter().map(move |minute| day.at(*hour, *minute, 0, 0)));
        times.filter(|local| {
            self.from.is_none_or(|from| *local >= from) && self.until.is_none_or(|until| *local <= until)
        })
    }
}

fn small(values: &[u16]) -> Vec<u8> {
    values.iter().filter_map(|value| u8::try_from(*value).ok()).collect()
}

fn days_of_year(first: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |day| day.year() == first.year())
}

/// The identity of a local time.
pub(crate) fn nominal(local: DateTime) -> String {
    // Whole seconds, so that this is `2026-12-01T09:00:00`.
    local.to_string()
}

/// The identity of the second pass of a repeated local time.
pub(crate) fn nominal_second(local: DateTime) -> String {
    format!("{}~2", nominal(local))
}
