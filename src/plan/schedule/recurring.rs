//! The keys of a job that repeats: `cron`, or `every` with the time of its first day, and `from`, `until` and `except`.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::civil::{self, CivilTime, TimeError};
use super::entry::{ENTRIES_MAX, time_error};
use super::every::{self, Every};
use super::irregular;
use super::pattern;
use super::rule::CronRule;
use super::spelling;
use super::zone::Zone;
use crate::yaml::document::ValueKind;
use crate::yaml::mapping::{self, Fields, Placed, Report};
use crate::yaml::problem::{Code, Problem};

/// Reads `cron` or `every`, or both, with their period.
pub(crate) fn rule(fields: &Fields<'_>, zone: Option<&Zone>, report: &mut Report) -> Option<CronRule> {
    let from = bound(fields, "from", |date| date.at(0, 0, 0, 0), report);
    let until = bound(fields, "until", |date| date.at(23, 59, 59, 0), report);
    let except = except(fields, report);
    let every = step(fields, report);
    if every.as_ref().is_some_and(Option::is_some) && fields.lacks("from") {
        report
            .add(
                Code::MissingKey,
                &fields.key_span("every"),
                "`every` counts from a first day, and no `from` says which",
            )
            .help("add the first day: `from: 2026-12-07`");
        return None;
    }
    let pattern = written(fields, every.flatten(), from.as_ref(), report)?;
    let mut rule = parsed(&pattern, report)?;
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        report
            .add(Code::BackwardsPeriod, &until.span, "`until` is before `from`")
            .help("swap them, or correct the year");
        return None;
    }
    rule.over = until.as_ref().map(|until| {
        let message = "the schedule is over: no time of the pattern is to come before `until`";
        let problem = Problem::new(Code::Over, &report.source, until.span.clone(), message);
        Box::new(problem.help("correct the year if more is to come; else the job can be removed"))
    });
    rule.from = from.map(|from| from.value);
    rule.until = until.map(|until| until.value);
    for doubt in irregular::doubts(&rule) {
        report.add(doubt.code, &pattern.span, doubt.message).help(doubt.help);
    }
    if let Some(every) = every.flatten() {
        rule.count_from_first(every);
    }
    unused(&except, &rule, report);
    rule.except = except.into_iter().map(|day| day.value).collect::<BTreeSet<_>>();
    if rule.names_both_days() {
        let problem = Problem::new(
            Code::EitherDay,
            &report.source,
            pattern.span.clone(),
            "the pattern names days of the month and weekdays: it posts on each day that is one or the other",
        );
        let problem = match irregular::nth_weekday(&rule) {
            Some(nth) => problem.help(format!("for one weekday of each month write `{nth}`")),
            None => problem,
        };
        rule.both_days = Some(Box::new(problem.help(
            "put `+` before the weekday for days that are both (`0 9 13 * +FRI`), or `*` in the field that does not matter",
        )));
    }
    let zone = zone?;
    if rule.occurrences(&zone.zone, Timestamp::MIN, Timestamp::MAX, 1).is_empty() {
        report
            .add(
                Code::NeverPosts,
                &pattern.span,
                "this schedule never posts: no time of the pattern lies in its period",
            )
            .help("compare the pattern with `from`, `until`, `except` and `every`");
        return None;
    }
    Some(rule)
}

/// Names the exceptions that except nothing.
fn unused(except: &[Placed<Date>], rule: &CronRule, report: &mut Report) {
    for day in except.iter().filter(|day| !rule.covers(day.value)) {
        report
            .add(Code::ExceptUnused, &day.span, format!("the job would not post on {} anyway", day.value))
            .help("remove the date, or correct it");
    }
}

/// Reads a pattern.
fn parsed(pattern: &Placed<String>, report: &mut Report) -> Option<CronRule> {
    CronRule::parse(&pattern.value)
        .map_err(|error| {
            let message = format!("the pattern `{}` cannot be used: {}", pattern.value, error.why);
            let help = error.help.unwrap_or_else(|| EXAMPLES.to_owned());
            report.add(Code::BadCron, &pattern.span, message).help(help);
        })
        .ok()
}

/// What a pattern looks like.
const EXAMPLES: &str = "`0 9 * * MON` is every Monday at 09:00, `30 18 1 * *` the first of each month at 18:30";

/// `every`; the outer `None` is a value that cannot be read.
fn step(fields: &Fields<'_>, report: &mut Report) -> Option<Option<Every>> {
    let Some(node) = fields.get("every") else { return Some(None) };
    let source = Arc::clone(&report.source);
    let key_span = fields.key_span("every");
    let Some(raw) = node.raw(&source) else {
        mapping::text(node, "every", &key_span, report);
        return None;
    };
    if let Some(every) = every::parse(raw) {
        return Some(Some(every));
    }
    let help = match every::meant(raw) {
        Some(every) => format!("write `every: {every}`"),
        None if raw.trim().bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("write the unit: `{} weeks`, or days or months", raw.trim())
        }
        None => "write a number and days, weeks or months: `every: 2 weeks`".to_owned(),
    };
    report.add(Code::BadDuration, &node.span, format!("`every` cannot be `{raw}`")).help(help);
    None
}

/// The pattern that is written, or the one that `every` makes of the time of the first day.
fn written(
    fields: &Fields<'_>,
    every: Option<Every>,
    from: Option<&Placed<DateTime>>,
    report: &mut Report,
) -> Option<Placed<String>> {
    if fields.has("cron") {
        return fields.text("cron", report);
    }
    let (every, from) = (every?, from?);
    let span = fields.key_span("every");
    let source = Arc::clone(&report.source);
    if civil::date(source.slice(&from.span).trim_matches(['"', '\''])).is_ok() {
        report
            .add(Code::MissingKey, &span, "nothing says at what time of the day it posts")
            .help(format!("write the time with the first day: `from: {} 09:00`", from.value.date()))
            .help("or add a pattern, whose days are counted then: `cron: \"0 9 * * MON\"`");
        return None;
    }
    if from.value.second() != 0 {
        report
            .add(Code::BadTime, &from.span, "a job that repeats posts on full minutes")
            .help(format!("write `from: {}`", from.value.strftime("%Y-%m-%d %H:%M")));
        return None;
    }
    let (minute, hour) = (from.value.minute(), from.value.hour());
    let value = match every {
        Every::Days(_) => format!("{minute} {hour} * * *"),
        Every::Weeks(_) => {
            let day = pattern::DAYS.get(usize::from(from.value.weekday().to_sunday_zero_offset().unsigned_abs()))?;
            format!("{minute} {hour} * * {day}")
        }
        Every::Months(_) => format!("{minute} {hour} {} * *", from.value.day()),
    };
    Some(Placed { value, span })
}

/// An end of the period: a local date, or a local date and time.
fn bound(
    fields: &Fields<'_>,
    key: &str,
    whole_day: fn(Date) -> DateTime,
    report: &mut Report,
) -> Option<Placed<DateTime>> {
    let node = fields.get(key)?;
    let source = Arc::clone(&report.source);
    let Some(raw) = node.raw(&source) else { return mapping::text(node, key, &fields.key_span(key), report).and(None) };
    let read = match civil::date(raw) {
        Err(TimeError::Form(_)) if raw.trim().contains([' ', 'T']) => civil::moment(raw),
        date => date.map(|date| CivilTime::Local(whole_day(date))),
    };
    match read {
        Ok(CivilTime::Local(value)) => Some(Placed { value, span: node.span.clone() }),
        Ok(CivilTime::Instant(_)) => {
            report
                .add(Code::BadTime, &node.span, format!("`{key}` is a local date or time, without an offset"))
                .help("leave the offset out: the zone is that of the file");
            None
        }
        Err(err) => {
            time_error(raw, &node.span, spelt_date(raw, err), report);
            None
        }
    }
}

/// A date that was spelt otherwise is told as it is to be written.
fn spelt_date(raw: &str, err: TimeError) -> TimeError {
    match err {
        TimeError::Form(form) if raw.trim().contains(' ') => {
            TimeError::Form(spelling::time_help(raw, None).or_else(|| spelling::date_help(raw)).unwrap_or(form))
        }
        TimeError::Form(form) => TimeError::Form(spelling::date_help(raw).unwrap_or(form)),
        err => err,
    }
}

fn except(fields: &Fields<'_>, report: &mut Report) -> Vec<Placed<Date>> {
    let Some(node) = fields.get("except") else { return Vec::new() };
    let single = std::slice::from_ref(node);
    let nodes = if let ValueKind::List(items) = &node.kind { items.as_slice() } else { single };
    let key_span = fields.key_span("except");
    if nodes.len() > ENTRIES_MAX {
        report.add(
            Code::TooLarge,
            &key_span,
            format!("`except` has {} dates; at most {ENTRIES_MAX} are read", nodes.len()),
        );
        return Vec::new();
    }
    let source = Arc::clone(&report.source);
    let mut dates = Vec::new();
    for node in nodes {
        match node.raw(&source).map(|raw| (raw, civil::date(raw))) {
            None => drop(mapping::text(node, "except", &key_span, report)),
            Some((_, Ok(value))) => dates.push(Placed { value, span: node.span.clone() }),
            Some((raw, Err(err))) => drop(time_error(raw, &node.span, spelt_date(raw, err), report)),
        }
    }
    dates
}
