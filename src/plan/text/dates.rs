//! `date` and `time` in a text: their parts, how they are printed and compared, and the filters that format and move them.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{DateTime, Weekday};
use minijinja::value::{DynObject, Kwargs, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::format as forms;
use crate::plan::schedule::civil;

/// Furthest that `add_days` goes.
const DAYS_MAX: i64 = 3_660;

/// The days of the week as texts say them, from Monday.
pub(crate) const WEEKDAYS: [&str; 7] = ["월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"];

/// One value that is asked for by several names.
#[derive(Debug)]
pub(crate) struct TemplateDate {
    pub(crate) local: DateTime,
    pub(crate) face: DateFace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateFace {
    /// The local date.
    Date,
    /// The local time of the day.
    Time,
}

impl Object for TemplateDate {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match (self.face, key.as_str()?) {
            (DateFace::Date, "year") => Some(self.local.year().into()),
            (DateFace::Date, "month") => Some(self.local.month().into()),
            (DateFace::Date, "day") => Some(self.local.day().into()),
            (DateFace::Time, "hour") => Some(self.local.hour().into()),
            (DateFace::Time, "minute") => Some(self.local.minute().into()),
            _ => None,
        }
    }

    /// Two dates by their days, two times by their hours and minutes: by what is printed of them.
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = other.downcast_ref::<Self>().filter(|other| other.face == self.face)?;
        let clock = |local: DateTime| (local.hour(), local.minute());
        Some(match self.face {
            DateFace::Date => self.local.date().cmp(&other.local.date()),
            DateFace::Time => clock(self.local).cmp(&clock(other.local)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.face == DateFace::Date { "%Y-%m-%d" } else { "%H:%M" };
        write!(f, "{}", self.local.strftime(form))
    }
}

fn moment(value: &Value) -> Result<&TemplateDate, Error> {
    value
        .downcast_object_ref::<TemplateDate>()
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "only `date` and `time` can be formatted and moved"))
}

/// `{{ date | format("%-m월 %-d일 (%a)") }}`. Names of days and months are Korean unless `lang="en"` is added.
pub(crate) fn format_filter(value: &Value, form: &str, options: Kwargs) -> Result<String, Error> {
    let refused = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let local = moment(value)?.local;
    let language: Option<&str> = options.get("lang")?;
    options.assert_all_used()?;
    // A form that is written in the text was looked at when the text was read; this is for one that a variable holds.
    if !form.contains('%')
        && let Some((why, help)) = forms::flaw(form)
    {
        return Err(refused(format!("{why}; {help}")));
    }
    let form = match language {
        None | Some("ko") => korean(form, local),
        Some("en") => form.to_owned(),
        Some(other) => return Err(refused(format!("`lang` is \"ko\" or \"en\", not \"{other}\""))),
    };
    jiff::fmt::strtime::format(&form, local)
        .map_err(|_| refused("this form cannot be read: `%Y` is the year, `%-m` the month, `%-d` the day, `%a` the weekday, `%H:%M` the time".into()))
}

/// The form with the places of names filled in.
fn korean(form: &str, local: DateTime) -> String {
    let mut filled = String::new();
    let mut rest = form.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            filled.push(c);
            continue;
        }
        match rest.next() {
            Some('A') => filled.push_str(weekday(local.weekday())),
            Some('a') => filled.extend(weekday(local.weekday()).chars().take(1)),
            Some('B' | 'b' | 'h') => drop(write!(filled, "{}월", local.month())),
            Some('p' | 'P') => filled.push_str(if local.hour() < 12 { "오전" } else { "오후" }),
            Some(other) => filled.extend(['%', other]),
            None => filled.push('%'),
        }
    }
    filled
}

pub(crate) fn weekday(day: Weekday) -> &'static str {
    let from_monday = usize::from(day.to_monday_zero_offset().unsigned_abs());
    WEEKDAYS.get(from_monday).copied().unwrap_or_default()
}

/// `{{ date | days_until("2026-12-25") }}`: how many days are left until that one; negative once it has passed.
pub(crate) fn days_until_of(value: &Value, day: &str) -> Result<i32, Error> {
    let from = moment(value)?.local.date();
    let refused = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let until = civil::date(day).map_err(|_| refused(no_day(day)))?;
    from.until(until).map(|span| span.get_days()).map_err(|error| refused(error.to_string()))
}

/// `{{ days_until("2026-12-25") }}`: counted from the date of the post.
pub(crate) fn days_until(state: &State<'_, '_>, day: &str) -> Result<i32, Error> {
    days_until_of(&state.lookup("date").unwrap_or_default(), day)
}

/// What is said of a day that is none.
pub(crate) fn no_day(day: &str) -> String {
    format!("`{day}` is no date; write year-month-day: `days_until(\"2026-12-25\")`")
}

/// `{{ date | add_days(7) }}`: the same time of another day.
pub(crate) fn add_days(value: &Value, days: i64) -> Result<Value, Error> {
    let &TemplateDate { local, face } = moment(value)?;
    let moved = (days.abs() <= DAYS_MAX).then(|| local.checked_add(days.days()).ok()).flatten();
    moved.map(|local| Value::from_object(TemplateDate { local, face })).ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("`add_days` goes at most {DAYS_MAX} days either way"))
    })
}
