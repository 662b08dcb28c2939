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

use super::problem::Problem;
use super::when::{self, Resolved};

/// How far a search for occurrences goes beyond its start. Longer than the longest wait of a pattern that is not impossible: a
/// 29 February on a given weekday comes every 28 years, or 40 across a year like 2100.
const SEARCH_MAX: Duration = Duration::from_secs(50 * 366 * 86_400);
/// How much is enumerated at once. Occurrences are sorted within a slice, so the length matters to nothing but speed.
const SLICE: Duration = Duration::from_secs(7 * 86_400);
/// The years over which a pattern is searched for any matching day at all.
const PROBE_YEARS: std::ops::RangeInclusive<i16> = 2024..=2064;

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
    pub(super) fn is_single(&self) -> bool {
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
    every_hour: bool,
    /// What is said of a pattern that names days of the month and weekdays, but for its next dates.
    pub(super) both_days: Option<Box<Problem>>,
    /// What is said of a pattern with an end once that has passed.
    pub(super) over: Option<Box<Problem>>,
    pub(super) from: Option<DateTime>,
    pub(super) until: Option<DateTime>,
    pub(super) except: BTreeSet<Date>,
}

impl CronRule {
    /// Reads a pattern of five fields: minute, hour, day of month, month, weekday. The error is a sentence.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let fields: Vec<&str> = pattern.split_whitespace().collect();
        check_fields(&fields)?;
        let cron = read_fields(&fields)?;
        let every_hour = fields.get(1) == Some(&"*");
        let rule = Self {
            pattern: fields.join(" "),
            cron,
            every_hour,
            both_days: None,
            over: None,
            from: None,
            until: None,
            except: BTreeSet::new(),
        };
        let days = PROBE_YEARS.flat_map(|year| Date::new(year, 1, 1).into_iter().flat_map(days_of_year));
        if !days.into_iter().any(|day| rule.matches_day(day)) {
            return Err("no calendar has such a day, so it would never post".to_owned());
        }
        Ok(rule)
    }

    /// The pattern, its fields one space apart.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whether the day of the month and the weekday are both restricted, and either of them makes a day match.
    pub(super) fn names_both_days(&self) -> bool {
        let fields: Vec<&str> = self.pattern.split(' ').collect();
        let &[_, _, day, _, weekday] = fields.as_slice() else { return false };
        let free = |field: &str| field == "*" || field == "?";
        !free(day) && !free(weekday) && !weekday.starts_with('+')
    }

    /// Whether the pattern and the period, not the exceptions, hold for some time of this local day.
    pub(super) fn covers(&self, day: Date) -> bool {
        let after_start = self.from.is_none_or(|from| day >= from.date());
        let before_end = self.until.is_none_or(|until| day <= until.date());
        after_start && before_end && self.matches_day(day)
    }

    /// The occurrences with `after < at ≤ until`, in order, at most `limit`.
    pub(super) fn occurrences(
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
        let mut start = first;
        while start < last && found.len() < limit {
            let end = start.checked_add(SLICE).unwrap_or(Timestamp::MAX).min(last);
            found.extend(self.slice(zone, start, end));
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
        match when::resolve(zone, local) {
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

    pub(super) fn matches_day(&self, day: Date) -> bool {
        let (month, number) = (day.month().unsigned_abs().into(), day.day().unsigned_abs().into());
        let weekday =
            croner::Weekday::from_days_from_sunday(day.weekday().to_sunday_zero_offset().unsigned_abs().into());
        let pattern = &self.cron.pattern;
        pattern.month_match(month).unwrap_or(false)
            && pattern.day_match(day.year().into(), month, number, weekday).unwrap_or(false)
    }

    /// How many times the rule names on a day that matches.
    pub(super) fn times_on(&self, day: Date) -> u64 {
        let ends = [self.from, self.until].into_iter().flatten().any(|end| end.date() == day);
        let count = if ends {
            self.times_of(day).count()
        } else {
            let pattern = &self.cron.pattern;
            let hours = (0..24).filter(|hour| pattern.hour_match(*hour).unwrap_or(false)).count();
            hours * (0..60).filter(|minute| pattern.minute_match(*minute).unwrap_or(false)).count()
        };
        u64::try_from(count).unwrap_or_default()
    }

    pub(super) fn times_of(&self, day: Date) -> impl Iterator<Item = DateTime> {
        let pattern = &self.cron.pattern;
        let hours = (0..24i8).filter(|hour| pattern.hour_match(hour.unsigned_abs().into()).unwrap_or(false));
        let times = hours.flat_map(move |hour| {
            let minutes =
                (0..60i8).filter(|minute| pattern.minute_match(minute.unsigned_abs().into()).unwrap_or(false));
            minutes.map(move |minute| day.at(hour, minute, 0, 0))
        });
        times.filter(|local| {
            self.from.is_none_or(|from| *local >= from) && self.until.is_none_or(|until| *local <= until)
        })
    }
}

fn days_of_year(first: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take_while(move |day| day.year() == first.year())
}

/// What the pattern reader would let pass or say less plainly.
fn check_fields(fields: &[&str]) -> Result<(), String> {
    match fields {
        [nickname] if nickname.starts_with('@') => {
            return Err(format!("nicknames are not read; write the five fields {ORDER}"));
        }
        [_, _, _, _, _] => {}
        [_, rest @ ..] if rest.len() == 5 => {
            let five = rest.join(" ");
            return Err(format!("it has six fields, and seconds are not read; leave the first out: `{five}`"));
        }
        _ => return Err(format!("it has {} fields; write five: {ORDER}", fields.len())),
    }
    for (index, (field, (name, range))) in fields.iter().zip(FIELDS).enumerate() {
        if !words_fit(index, field) {
            return Err(misplaced(field, name, range));
        }
        // The pattern reader passes over an `L` that follows no weekday.
        if index == 4 && field.split(',').any(|part| part.eq_ignore_ascii_case("L")) {
            return Err("`L` in the weekday field follows a weekday: `FRIL` is the last Friday of a month".to_owned());
        }
    }
    Ok(())
}

/// Whether the letters of a field are names of its own. The pattern reader takes `MON` for a 1 wherever it stands.
fn words_fit(index: usize, field: &str) -> bool {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let field = field.to_uppercase();
    let mut words = field.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.all(|word| match index {
        2 => ["L", "W", "LW"].contains(&word),
        3 => MONTHS.contains(&word),
        4 => word == "L" || DAYS.contains(&word) || word.strip_suffix('L').is_some_and(|day| DAYS.contains(&day)),
        _ => false,
    })
}

/// The pattern, or the sentence on the field that cannot be read: alone among stars it shows itself.
fn read_fields(fields: &[&str]) -> Result<Cron, String> {
    let whole = read_pattern(&fields.join(" "));
    if whole.is_ok() {
        return whole;
    }
    for (index, (field, (name, range))) in fields.iter().zip(FIELDS).enumerate() {
        let mut alone = ["*"; 5];
        if let Some(place) = alone.get_mut(index) {
            *place = *field;
        }
        if read_pattern(&alone.join(" ")).is_err() {
            let told = misplaced(field, name, range);
            let list = (index == 4).then(|| weekdays_in_a_row(field)).flatten();
            return Err(list.map_or(told, |list| {
                format!("`{field}` runs over the end of the week, which begins with SUN; write `{list}`")
            }));
        }
    }
    whole
}

/// The field with its ranges of weekdays written out, if that makes it one that can be read: a range runs from SUN to SAT and no
/// further.
fn weekdays_in_a_row(field: &str) -> Option<String> {
    let index = |day: &str| match day.parse::<usize>() {
        Ok(number) => (number <= 7).then_some(number % 7),
        Err(_) => DAYS.iter().position(|name| name.eq_ignore_ascii_case(day)),
    };
    let mut days = Vec::new();
    for part in field.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (index(first)?, index(last)?);
        days.extend((0..=(last + 7 - first) % 7).filter_map(|step| DAYS.get((first + step) % 7).copied()));
    }
    let list = days.join(",");
    read_pattern(&format!("* * * * {list}")).is_ok().then_some(list)
}

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn misplaced(field: &str, name: &str, range: &str) -> String {
    format!("`{field}` cannot stand in the {name} field, which takes {range}; the order is {ORDER}")
}

const ORDER: &str = "minute, hour, day of month, month, weekday";

const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31 and L for the last"),
    ("month", "1 to 12 or JAN to DEC"),
    ("weekday", "0 to 7 or SUN to SAT"),
];

fn read_pattern(pattern: &str) -> Result<Cron, String> {
    let parser = croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Disallowed)
        .year(croner::parser::Year::Disallowed)
        .build();
    parser.parse(pattern).map_err(|err| err.to_string().trim_end_matches('.').to_owned())
}

/// The identity of a local time.
pub(super) fn nominal(local: DateTime) -> String {
    local.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The identity of the second pass of a repeated local time.
pub(super) fn nominal_second(local: DateTime) -> String {
    format!("{}~2", nominal(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_only_in_their_own_field() {
        for pattern in [
            "0 9 * * MON",
            "0 9 * jan-mar *",
            "0 9 L * *",
            "0 9 15W * *",
            "0 9 * * FRIL",
            "0 9 * * MON#2",
            "0 9 1 * +MON",
            "0 9 * * 7",
            "*/5 8-18/2 * * *",
            "0 9 * * 5L",
            "0 9 L,15 * *",
        ] {
            assert!(CronRule::parse(pattern).is_ok(), "{pattern}: {:?}", CronRule::parse(pattern).err());
        }
        for pattern in [
            "MON 9 * * *",
            "0 9 MON * *",
            "0 9 * MON *",
            "0 9 * * JAN",
            "0 L * * *",
            "0 9 * * *X",
            "0 9 31 2,4,6,9,11 *",
            "60 9 * * *",
            "*/0 9 * * *",
            "0 9 0 * *",
            "0 9 * * 8",
            "0 9 5-1 * *",
            "0 9 * * L",
            "0 9 * * FRI,L",
            "0 9 * * l,1",
        ] {
            assert!(CronRule::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_range_of_weekdays_over_the_weekend_is_told_as_a_list() {
        for (pattern, list) in [
            ("0 9 * * FRI-MON", "write `FRI,SAT,SUN,MON`"),
            ("0 9 * * 6-1", "write `SAT,SUN,MON`"),
            ("0 9 * * wed,fri-mon", "write `WED,FRI,SAT,SUN,MON`"),
        ] {
            let told = CronRule::parse(pattern).err().unwrap_or_default();
            assert!(told.contains(list), "{pattern}: {told}");
        }
        let weekend = CronRule::parse("0 9 * * SAT-SUN").expect("SUN ends a week too");
        let days = [5, 6].map(|day| weekend.matches_day(jiff::civil::date(2026, 12, day)));
        assert_eq!((days, weekend.matches_day(jiff::civil::date(2026, 12, 7))), ([true, true], false));
        assert!(!CronRule::parse("0 9 * * FRI-FOO").err().unwrap_or_default().contains("write `"));
    }
}
