//! Times whose year is probably a slip: those that have passed, and those that are years away.
//!
//! A job file keeps jobs that went out weeks ago, so that a time in the past alone means nothing. What tells a slip from a record is
//! when the line was written, which a checkout knows; without one, only what lies far back is told.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::rule::{AtTime, Schedule};
use crate::domain::clock::later;
use crate::plan::job::DeleteRule;
use crate::yaml::mapping::Report;
use crate::yaml::problem::{Code, Place, Problem};

/// Further ahead than anybody plans a story.
const AHEAD_MAX: Duration = Duration::from_secs(5 * 366 * 86_400);
/// The end of the century is what people write for "some day", and no slip of a year of this one's beginning.
const SOME_DAY: std::ops::RangeInclusive<i16> = 2098..=2099;

/// A job all of whose times have passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its name.
    pub job: String,
    /// When the last of its times was.
    pub last: Timestamp,
    /// Where its times stand.
    pub place: Place,
    pub(crate) problem: Problem,
}

/// What a schedule says of its year: nothing, a warning that is added to the report, or that all of it lies in the past.
pub(crate) fn look(
    (job, schedule, zone): (&str, &Schedule, &TimeZone),
    delete: Option<DeleteRule>,
    span: &std::ops::Range<usize>,
    now: Timestamp,
    report: &mut Report,
) -> Option<Past> {
    let shown = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let delete_at = if let Some(DeleteRule::At(at)) = delete { Some(at) } else { None };
    let times: Vec<Timestamp> = match schedule {
        Schedule::Once(times) => {
            times.iter().filter_map(|time| if let AtTime::Fixed(one) = time { Some(one.at) } else { None }).collect()
        }
        Schedule::Cron(rule) => rule.from.and_then(|from| zone.to_timestamp(from).ok()).into_iter().collect(),
    };
    if let Some(far) = times.iter().copied().chain(delete_at).find(|at| is_far_ahead(*at, zone, now)) {
        let years = (far.as_second() - now.as_second()) / (365 * 86_400);
        report
            .add(Code::FarAhead, span, format!("{} is {years} years ahead", shown(far)))
            .help("correct the year, if that was not meant");
    }
    let Schedule::Once(all) = schedule else { return None };
    let last = times.last().copied().filter(|last| all.len() == times.len() && *last < now)?;
    let message = match times.len() {
        1 => format!("{} has passed: nothing is posted for it", shown(last)),
        count => format!("all {count} times have passed, the last on {}: nothing is posted for them", shown(last)),
    };
    // The same day of a year in which it is still to come.
    let local = zone.to_datetime(last);
    let next = (1..=100_i64)
        .filter_map(|years| local.checked_add(years.years()).ok())
        .find(|next| *next > zone.to_datetime(now));
    let next = next.map(|next| format!(": `{}`", next.strftime("%Y-%m-%d %H:%M"))).unwrap_or_default();
    let problem = Problem::new(Code::Over, &report.source, span.clone(), message)
        .help(format!("correct the year if more is to come{next}; else the job can be removed"));
    Some(Past { job: job.to_owned(), last, place: report.source.place(span.start), problem })
}

/// Whether a time is so far ahead that its year is probably a slip.
pub fn is_far_ahead(at: Timestamp, zone: &TimeZone, now: Timestamp) -> bool {
    at > later(now, AHEAD_MAX) && !SOME_DAY.contains(&zone.to_datetime(at).year())
}
