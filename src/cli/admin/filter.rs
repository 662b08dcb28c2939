//! What the lists have in common: the flags that choose posts and stories, and how a time is written in them.

use std::convert::Infallible;
use std::time::Duration;

use clap::Args;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::super::failure::Failure;
use crate::domain::clock::{earlier, later};
use crate::domain::content::composed;
use crate::domain::duration;
use crate::plan::{coming_time_advice, time_advice};

/// Which posts or stories.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Filter {
    /// Of this account only
    #[arg(long)]
    pub(super) account: Option<String>,
    /// Of this job only
    #[arg(long, value_parser = name)]
    pub(super) job: Option<String>,
    /// With this tag only
    #[arg(long, value_parser = name)]
    pub(super) tag: Option<String>,
    /// From this time on: 2026-12-01, "2026-12-01 09:00", RFC 3339, today, tomorrow, 2h (ago), +3d (from now)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) since: Option<String>,
    /// Before this time, written alike
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) until: Option<String>,
}

impl Filter {
    /// The two ends of the time that is meant.
    pub(super) fn period(
        &self,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), Failure> {
        let read = |text: &Option<String>| text.as_deref().map(|text| moment(text, zone, now)).transpose();
        let (since, until) = (read(&self.since)?, read(&self.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            return Err(Failure::usage("--until is not after --since: swap them, or leave one out"));
        }
        Ok((since, until))
    }

    /// Whether nothing was asked for.
    pub(super) fn is_empty(&self) -> bool {
        [&self.account, &self.job, &self.tag, &self.since, &self.until].iter().all(|flag| flag.is_none())
    }
}

/// The name of a job or a tag, composed as those of the job files are.
pub(super) fn name(text: &str) -> Result<String, Infallible> {
    Ok(composed(text))
}

/// A time as it was written.
enum TimeArg {
    /// One instant.
    Instant(Timestamp),
    /// A whole day.
    Day(Date),
    /// So long ago.
    Ago(Duration),
}

/// Reads a time as a person writes it. Local times are those of `zone`; a bare length of time is that long ago, a day its beginning.
pub(super) fn moment(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, Failure> {
    let text = text.trim();
    let bad = || {
        let forms =
            "write 2026-12-01, \"2026-12-01 09:00\", 2026-12-01T09:00:00+09:00, today, now, 2h (ago) or +3d (from now)";
        Failure::usage(format!("{text:?} is no time; {}", time_advice(text).as_deref().unwrap_or(forms)))
    };
    match written(text, zone, now).ok_or_else(bad)? {
        TimeArg::Instant(at) => Ok(at),
        TimeArg::Day(day) => zone.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| bad()),
        TimeArg::Ago(length) => Ok(earlier(now, length)),
    }
}

/// Reads the time at which something is to be done. A day alone and a length without a sign are refused with what to write: nobody means
/// midnight by the one, or the past by the other.
pub(super) fn to_come(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, Failure> {
    let text = text.trim();
    let told = match written(text, zone, now) {
        Some(TimeArg::Instant(at)) => return Ok(at),
        Some(TimeArg::Day(day)) => format!("{text:?} is a whole day; add the time of day: `{day} 09:00`"),
        Some(TimeArg::Ago(length)) => {
            format!("{text:?} is a length of time; from now on it is `+{}`", duration::write(length))
        }
        None => {
            let forms = "write \"2026-12-01 09:00\", 2026-12-01T09:00:00+09:00, now or +3d (from now)";
            format!("{text:?} is no time; {}", coming_time_advice(text).as_deref().unwrap_or(forms))
        }
    };
    Err(Failure::usage(told))
}

fn written(text: &str, zone: &TimeZone, now: Timestamp) -> Option<TimeArg> {
    let today = zone.to_datetime(now).date();
    match text {
        "now" => return Some(TimeArg::Instant(now)),
        "today" => return Some(TimeArg::Day(today)),
        "tomorrow" => return Some(TimeArg::Day(today.checked_add(1.day()).unwrap_or(today))),
        "yesterday" => return Some(TimeArg::Day(today.checked_sub(1.day()).unwrap_or(today))),
        _ => {}
    }
    let length = |text: &str| -> Option<Duration> { duration::parse(text).ok() };
    if let Some(ahead) = text.strip_prefix('+').and_then(length) {
        return Some(TimeArg::Instant(later(now, ahead)));
    }
    if let Some(ago) = length(text.strip_prefix('-').unwrap_or(text)) {
        return Some(TimeArg::Ago(ago));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(TimeArg::Instant(at));
    }
    let local: DateTime = text.parse().ok()?;
    if !text.contains([' ', 'T', 't', ':']) {
        return Some(TimeArg::Day(local.date()));
    }
    zone.to_timestamp(local).ok().map(TimeArg::Instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_a_person_writes_it() {
        let seoul = TimeZone::get("Asia/Seoul").unwrap();
        let now: Timestamp = "2026-12-01T12:00:00+09:00".parse().unwrap();
        let read = |text: &str| moment(text, &seoul, now).unwrap().to_string();
        assert_eq!(read("2026-12-03"), "2026-12-02T15:00:00Z");
        assert_eq!(read("2026-12-03 09:30"), "2026-12-03T00:30:00Z");
        assert_eq!(read("2026-12-03T09:30:00+01:00"), "2026-12-03T08:30:00Z");
        assert_eq!((read("today"), read("tomorrow")), ("2026-11-30T15:00:00Z".into(), "2026-12-01T15:00:00Z".into()));
        assert_eq!((read("2h"), read("-2h"), read("+1d")), (read("2h"), read("2h"), "2026-12-02T03:00:00Z".into()));
        assert_eq!(read("2h"), "2026-12-01T01:00:00Z");
        assert_eq!(name("\u{1106}\u{1166}\u{1102}\u{1172}"), Ok("메뉴".to_owned()));
        for (odd, offered) in [
            ("2026-12-10", "add the time of day: `2026-12-10 09:00`"),
            ("20261210", "add the time of day: `2026-12-10 09:00`"),
            (" 2026-12-10 ", "add the time of day: `2026-12-10 09:00`"),
            ("2026.12.10", "add the time of day: `2026-12-10 09:00`"),
            ("today", "add the time of day: `2026-12-01 09:00`"),
            ("tomorrow", "add the time of day: `2026-12-02 09:00`"),
            ("yesterday", "add the time of day: `2026-11-30 09:00`"),
            ("2h", "from now on it is `+2h`"),
            ("-2h", "from now on it is `+2h`"),
            ("1d12h", "from now on it is `+1d12h`"),
            ("2 hours", "write `+2h`"),
            ("2시간", "write `+2h`"),
            ("soon", "write \\\"2026-12-01 09:00\\\", 2026-12-01T09:00:00+09:00, now or +3d"),
        ] {
            let told = format!("{:?}", to_come(odd, &seoul, now).unwrap_err());
            assert!(told.contains(offered), "{odd}: {told}");
        }
        for text in ["2026-12-10 09:00", "2026-12-10T09:00", "2026-12-10T09:00:00+09:00", "now", "+2h", "+1d"] {
            assert_eq!(to_come(text, &seoul, now).unwrap(), moment(text, &seoul, now).unwrap(), "{text}");
        }
        for odd in ["", "soon", "2026-13-01", "25:00", "12"] {
            assert!(moment(odd, &seoul, now).is_err(), "{odd}");
        }
        for (odd, offered) in [
            ("2026.12.03 10:00", "write `2026-12-03 10:00`"),
            ("12/24/2026 18:00", "write `2026-12-24 18:00`"),
            ("2026년 12월 24일 오후 6시", "write `2026-12-24 18:00`"),
            ("2026.12.03", "write `2026-12-03`"),
            ("12월 24일", "write the year too"),
            ("오전 9시", "add the date: `2026-12-01 09:00`"),
            ("1 hour", "write `1h`"),
            ("2시간", "write `2h`"),
            ("+1주", "write `+7d`"),
            ("soon", "write 2026-12-01,"),
        ] {
            let told = format!("{:?}", moment(odd, &seoul, now).unwrap_err());
            assert!(told.contains(offered), "{odd}: {told}");
        }
    }
}
