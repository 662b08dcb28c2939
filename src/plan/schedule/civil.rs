//! Dates and times as people write them, and what a zone makes of a local one.
//!
//! Nothing that cannot be read ever means now, and a form that could mean two things is refused.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// The years that are read. Outside of them there are typing errors, and instants that no database column holds.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2199;

/// The form that is asked for.
pub(crate) const FORM: &str = "write year-month-day, then hour:minute on the 24-hour clock: `2026-12-01 09:00`";

/// A time as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CivilTime {
    /// To be read in the zone of the file.
    Local(DateTime),
    /// Written with an offset.
    Instant(Timestamp),
}

/// Why a text is not a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// Not in the form; with what to write instead.
    Form(String),
    /// In the form, but there is no such date or time of day; a sentence.
    NoSuch(String),
}

/// Reads `2026-12-01 09:00[:SS]`, with a space or a `T` between, and with an offset (`+09:00`, `Z`) or without.
pub(crate) fn moment(text: &str) -> Result<CivilTime, TimeError> {
    let text = text.trim();
    let (date, rest) = match text.split_once([' ', 'T']) {
        Some((date, rest)) => (date, rest),
        None => return Err(TimeError::Form(form_help(text))),
    };
    let clock_len = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(clock_len);
    let (Some(date), Some(clock)) = (numbers(date, '-', &[4, 2, 2]), clock_numbers(clock)) else {
        return Err(TimeError::Form(form_help(text)));
    };
    let offset = match offset {
        "" => None,
        "Z" => Some(Offset::UTC),
        offset => Some(read_offset(offset).ok_or_else(|| {
            TimeError::Form("write the offset as `+09:00` or `Z`, or leave it out for the zone of the file".to_owned())
        })?),
    };
    let local = civil_date(&date)?.to_datetime(civil_time(&clock)?);
    match offset {
        None => Ok(CivilTime::Local(local)),
        Some(offset) => {
            offset.to_timestamp(local).map(CivilTime::Instant).map_err(|err| TimeError::NoSuch(err.to_string()))
        }
    }
}

/// Reads `2026-12-01`.
pub(crate) fn date(text: &str) -> Result<Date, TimeError> {
    match numbers(text.trim(), '-', &[4, 2, 2]) {
        Some(parts) => civil_date(&parts),
        None => Err(TimeError::Form("write year-month-day: `2026-12-25`".to_owned())),
    }
}

/// Numbers of exactly these lengths, between separators.
fn numbers(text: &str, separator: char, lengths: &[usize]) -> Option<Vec<i16>> {
    let parts: Vec<&str> = text.split(separator).collect();
    let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != lengths.len() || !parts.iter().zip(lengths).all(|(part, len)| digits(part, *len)) {
        return None;
    }
    parts.iter().map(|part| part.parse().ok()).collect()
}

/// Reads `22:00`, hours and minutes.
pub(crate) fn clock(text: &str) -> Option<Time> {
    let parts = numbers(text.trim(), ':', &[2, 2])?;
    let &[hour, minute] = parts.as_slice() else { return None };
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

fn clock_numbers(text: &str) -> Option<Vec<i16>> {
    numbers(text, ':', &[2, 2]).or_else(|| numbers(text, ':', &[2, 2, 2]))
}

fn civil_date(parts: &[i16]) -> Result<Date, TimeError> {
    let &[year, month, day] = parts else { return Err(TimeError::Form(FORM.to_owned())) };
    if !YEARS.contains(&year) {
        return Err(TimeError::NoSuch(format!("the year {year} is outside {} to {}", YEARS.start(), YEARS.end())));
    }
    let small = |number: i16| i8::try_from(number).unwrap_or(-1);
    Date::new(year, small(month), small(day))
        .map_err(|_| TimeError::NoSuch(format!("there is no date {year:04}-{month:02}-{day:02}")))
}

fn civil_time(parts: &[i16]) -> Result<Time, TimeError> {
    let (hour, minute, second) = match *parts {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return Err(TimeError::Form(FORM.to_owned())),
    };
    let small = |number: i16| i8::try_from(number).unwrap_or(-1);
    // A leap second is refused like any other minute of 61 seconds: no zone here can place it.
    if second > 59 {
        return Err(TimeError::NoSuch(format!("there is no time of day {hour:02}:{minute:02}:{second:02}")));
    }
    Time::new(small(hour), small(minute), small(second), 0).map_err(|_| {
        TimeError::NoSuch(format!("there is no time of day {hour:02}:{minute:02}, hours run from 00 to 23"))
    })
}

fn read_offset(text: &str) -> Option<Offset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let parts = numbers(text.get(1..)?, ':', &[2, 2])?;
    let &[hours, minutes] = parts.as_slice() else { return None };
    if minutes > 59 || hours > 18 {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

/// What to write instead of something that is nearly a time.
fn form_help(text: &str) -> String {
    if numbers(text, '-', &[4, 2, 2]).is_some() {
        return format!("add the time of day: `{text} 09:00`");
    }
    if clock_numbers(text).is_some() {
        return format!("add the date: `2026-12-01 {text}`");
    }
    if let Some((date, clock)) = text.split_once([' ', 'T'])
        && numbers(date, '-', &[4, 2, 2]).is_some()
    {
        if numbers(clock, ':', &[1, 2]).is_some() {
            return format!("write the hour with two digits: `{date} 0{clock}`");
        }
        if clock.contains('.') || clock.contains('[') {
            return "leave out fractions of a second and the zone in brackets: the zone is that of the file".to_owned();
        }
    }
    FORM.to_owned()
}

/// What a zone makes of a local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// It comes once.
    Once(Timestamp),
    /// A clock change skips it: the first valid instant after it.
    Shifted(Timestamp),
    /// A clock change repeats it.
    Twice(Timestamp, Timestamp),
    /// Its whole day is skipped, or it lies at the end of time.
    Missing,
}

/// Gaps of this many seconds and more are days that do not exist (Apia, 2011-12-30), not clock changes.
const WHOLE_DAY_SECONDS: i32 = 86_400;

/// Reads a local time in a zone.
pub(crate) fn resolve(zone: &TimeZone, local: DateTime) -> Resolved {
    let instant = |offset: Offset| offset.to_timestamp(local).ok();
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => instant(offset).map_or(Resolved::Missing, Resolved::Once),
        AmbiguousOffset::Fold { before, after } => match (instant(before), instant(after)) {
            (Some(first), Some(second)) => Resolved::Twice(first, second),
            _ => Resolved::Missing,
        },
        AmbiguousOffset::Gap { before, after } => {
            if after.seconds() - before.seconds() >= WHOLE_DAY_SECONDS {
                return Resolved::Missing;
            }
            // Read with the later offset, a skipped time lies just before the change: the change is the first valid instant.
            let change = instant(after).and_then(|before_change| {
                zone.following(before_change).find(|change| change.offset() == after).map(|change| change.timestamp())
            });
            change.map_or(Resolved::Missing, Resolved::Shifted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_and_instants_are_read() {
        let nine = jiff::civil::date(2026, 12, 1).at(9, 0, 0, 0);
        for text in ["2026-12-01 09:00", "2026-12-01T09:00", "2026-12-01 09:00:00", " 2026-12-01 09:00 "] {
            assert_eq!(moment(text), Ok(CivilTime::Local(nine)), "{text}");
        }
        let instant = "2026-12-01T00:00:00Z".parse().expect("valid");
        for text in
            ["2026-12-01T09:00+09:00", "2026-12-01 09:00:00+09:00", "2026-12-01T00:00Z", "2026-11-30 20:00-04:00"]
        {
            assert_eq!(moment(text), Ok(CivilTime::Instant(instant)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_right_form() {
        let table = [
            ("24/11/26", "write year-month-day"),
            ("2026-12-01", "add the time of day: `2026-12-01 09:00`"),
            ("09:00", "add the date: `2026-12-01 09:00`"),
            ("2026-12-01 9:00", "`2026-12-01 09:00`"),
            ("2026-12-01 9am", "24-hour clock"),
            ("2026-12-01T09:00:00.5", "leave out fractions"),
            ("2026-12-01 09:00+9", "write the offset as `+09:00`"),
            ("2026-12-01T09:00:00[Asia/Seoul]", "leave out"),
            ("tomorrow", "write year-month-day"),
            ("NOW", "write year-month-day"),
            ("0900", "write year-month-day"),
            ("", "write year-month-day"),
            ("２０２６-12-01 09:00", "write year-month-day"),
        ];
        for (text, help) in table {
            match moment(text) {
                Err(TimeError::Form(said)) => assert!(said.contains(help), "{text:?}: {said}"),
                other => panic!("{text:?} gave {other:?}"),
            }
        }
        for text in ["2026-02-30 09:00", "2026-13-01 09:00", "2026-12-01 24:00", "2026-12-01 09:60", "3026-12-01 09:00"]
        {
            assert!(matches!(moment(text), Err(TimeError::NoSuch(_))), "{text}");
        }
    }
}
