//! The keys of a job that say when: `at`, or what `recurring` reads; and `delete_at`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan};

use super::blackout::{self, Blackout};
use super::civil::{self, CivilTime, Resolved, TimeError};
use super::entry::{ENTRIES_MAX, time_error};
use super::recurring;
use super::rule::{self, AtTime, NOMINAL_NOW, Occurrence, Schedule};
use super::spelling;
use super::zone::Zone;
use crate::domain::clock::later;
use crate::domain::policy::BlackoutThen;
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report};
use crate::yaml::problem::Code;

/// `at` or `cron`, exactly one of them.
pub(crate) fn schedule(fields: &Fields<'_>, zone: Option<&Zone>, report: &mut Report) -> Option<Schedule> {
    match (fields.get("at"), fields.get("cron")) {
        (None, None) if fields.has("every") => recurring(fields, zone, report),
        (None, None) if !fields.lacks("at") || !fields.lacks("cron") || !fields.lacks("every") => None,
        (None, None) => {
            report.add(Code::MissingKey, &fields.span, "a job has `at` or `cron`, and here is neither").help(
                "add a line: `at: 2026-12-01 09:00` for one time, or `cron: \"0 9 * * MON\"` for every Monday at nine",
            );
            None
        }
        (Some(_), Some(_)) => {
            report
                .add(Code::Exclusive, &fields.key_span("cron"), "a job has `at` or `cron`, and here are both")
                .help("keep one of them, or make two jobs");
            None
        }
        (Some(at), None) => {
            for key in ["from", "until", "except", "every"].into_iter().filter(|key| fields.has(key)) {
                report
                    .add(Code::Exclusive, &fields.key_span(key), format!("`{key}` belongs to `cron`, not to `at`"))
                    .help("list exactly the times that you want in `at`, and remove this line");
            }
            at_times(at, &fields.key_span("at"), zone, report).map(Schedule::Once)
        }
        (None, Some(_)) => recurring(fields, zone, report),
    }
}

fn recurring(fields: &Fields<'_>, zone: Option<&Zone>, report: &mut Report) -> Option<Schedule> {
    recurring::rule(fields, zone, report).map(|rule| Schedule::Cron(Box::new(rule)))
}

fn at_times(node: &Node, key_span: &Range<usize>, zone: Option<&Zone>, report: &mut Report) -> Option<Vec<AtTime>> {
    let single = std::slice::from_ref(node);
    let nodes = if let ValueKind::List(items) = &node.kind { items.as_slice() } else { single };
    if nodes.is_empty() {
        report
            .add(Code::NeverPosts, key_span, "`at` is an empty list, so the job never posts")
            .help("write at least one time");
    }
    if nodes.len() > ENTRIES_MAX {
        report
            .add(Code::TooLarge, key_span, format!("`at` has {} entries; at most {ENTRIES_MAX} are read", nodes.len()))
            .help("use `cron` for what repeats, or make several jobs");
        return None;
    }
    let mut times: Vec<(Placed<AtTime>, Option<Timestamp>)> = Vec::new();
    for node in nodes {
        let Some(time) = at_time(node, key_span, zone, report) else { continue };
        let at = if let AtTime::Fixed(occurrence) = &time { Some(occurrence.at) } else { None };
        match times.iter().find(|(_, other)| *other == at) {
            Some((first, _)) => {
                let first = report.source.place(first.span.start);
                report
                    .add(Code::SameInstant, &node.span, "this is the same instant as another entry; it is posted once")
                    .also_at(first);
            }
            None => times.push((Placed { value: time, span: node.span.clone() }, at)),
        }
    }
    times.sort_by_key(|(_, at)| *at);
    (!times.is_empty()).then(|| times.into_iter().map(|(time, _)| time.value).collect())
}

fn at_time(node: &Node, key_span: &Range<usize>, zone: Option<&Zone>, report: &mut Report) -> Option<AtTime> {
    let source = Arc::clone(&report.source);
    if node.raw(&source).is_some_and(|raw| raw.trim() == NOMINAL_NOW) {
        return Some(AtTime::Now);
    }
    let moment = moment(node, "at", key_span, zone, report)?;
    let zone = zone?;
    let fixed = |nominal, at, shifted| Some(AtTime::Fixed(Occurrence { nominal, at, shifted }));
    let local = match moment {
        CivilTime::Local(local) => local,
        CivilTime::Instant(at) => {
            let local = zone.zone.to_datetime(at);
            let second = matches!(civil::resolve(&zone.zone, local), Resolved::Twice(_, second) if second == at);
            return fixed(if second { rule::nominal_second(local) } else { rule::nominal(local) }, at, false);
        }
    };
    let (at, shifted) = resolved(local, &node.span, zone, report)?;
    fixed(rule::nominal(local), at, shifted)
}

/// A local time in the zone, with what a person should know about it.
fn resolved(local: DateTime, span: &Range<usize>, zone: &Zone, report: &mut Report) -> Option<(Timestamp, bool)> {
    let shown = local.strftime("%Y-%m-%d %H:%M");
    match civil::resolve(&zone.zone, local) {
        Resolved::Once(at) => Some((at, false)),
        Resolved::Shifted(at) => {
            let then = zone.zone.to_datetime(at).strftime("%H:%M");
            report
                .add(Code::ShiftedTime, span, format!("the clocks in {} skip {shown}", zone.name))
                .help(format!("it counts as {then}, the first time after the change; write that to say it yourself"));
            Some((at, true))
        }
        Resolved::Twice(first, second) => {
            let offset = zone.zone.to_offset(second);
            report.add(Code::RepeatedTime, span, format!("the clocks in {} show {shown} twice", zone.name)).help(
                format!("the first is taken; for the second write `{}{offset}:00`", local.strftime("%Y-%m-%dT%H:%M")),
            );
            Some((first, false))
        }
        Resolved::Missing => {
            report
                .add(Code::NoSuchTime, span, format!("{} does not exist in {}", local.date(), zone.name))
                .help("choose another day: the calendar there skips this one");
            None
        }
    }
}

/// Most times of one job that are named for falling into a blackout.
const IN_BLACKOUT_MAX: usize = 5;

/// How far ahead the posts of a pattern are looked at, and how many: none of so many goes out.
const AHEAD_HOURS: i64 = 400 * 24;
const AHEAD_MAX: usize = 1_000;
/// Most reasons that are named.
const REASONS_MAX: usize = 3;

/// Names the written times that fall into a blackout: whoever wrote both may not have seen that they meet. Of a pattern, when none of its
/// posts goes out.
pub(crate) fn falls_into(
    schedule: &Schedule,
    (span, now): (&Range<usize>, Timestamp),
    zone: &Zone,
    blackouts: &[Blackout],
    report: &mut Report,
) {
    let times = match schedule {
        Schedule::Once(times) => times,
        Schedule::Cron(_) if blackouts.is_empty() => return,
        Schedule::Cron(rule) => {
            let until = now.checked_add(AHEAD_HOURS.hours()).unwrap_or(Timestamp::MAX);
            let ahead = |limit: usize| rule.occurrences(&zone.zone, now, until, limit);
            // The first tells of nearly every job that it is none of these.
            let some =
                withdrawn(&ahead(1), zone, blackouts).and_then(|_| withdrawn(&ahead(AHEAD_MAX), zone, blackouts));
            if let Some(reasons) = some {
                let reasons: Vec<&str> = reasons.iter().take(REASONS_MAX).map(String::as_str).collect();
                let message = format!(
                    "no post of this job goes out by itself within the next 400 days: each falls into a blackout ({})",
                    reasons.join(", ")
                );
                report
                    .add(Code::InBlackout, span, message)
                    .help("choose other times, or change `blackouts` at the top of the file");
            }
            return;
        }
    };
    let fixed = times.iter().filter_map(|time| match time {
        AtTime::Fixed(occurrence) => Some(occurrence.at),
        AtTime::Now => None,
    });
    let falls = fixed.filter_map(|at| match blackout::place(blackouts.iter(), &zone.zone, at) {
        (placed, Some(falls_in)) => Some((at, placed, falls_in)),
        (_, None) => None,
    });
    for (at, placed, falls_in) in falls.take(IN_BLACKOUT_MAX) {
        let shown = |at: Timestamp| zone.zone.to_datetime(at).strftime("%a %Y-%m-%d %H:%M").to_string();
        let what = match falls_in.then {
            BlackoutThen::Move => format!("it is posted on {} instead", shown(placed)),
            BlackoutThen::Hold => "it is held for a person".to_owned(),
            BlackoutThen::Skip => "it is not posted".to_owned(),
        };
        report
            .add(Code::InBlackout, span, format!("{} falls into a blackout ({}): {what}", shown(at), falls_in.reason))
            .help("choose another time, or change `blackouts` at the top of the file");
    }
}

/// Why none of these goes out by itself; nothing where one does, or where there is none.
fn withdrawn(occurrences: &[Occurrence], zone: &Zone, blackouts: &[Blackout]) -> Option<BTreeSet<String>> {
    let falls = occurrences.iter().map(|one| match blackout::place(blackouts.iter(), &zone.zone, one.at) {
        (_, Some(falls_in)) if falls_in.then != BlackoutThen::Move => Some(falls_in.reason),
        _ => None,
    });
    let reasons: Option<BTreeSet<String>> = falls.collect();
    reasons.filter(|reasons| !reasons.is_empty())
}

fn moment(
    node: &Node,
    key: &str,
    key_span: &Range<usize>,
    zone: Option<&Zone>,
    report: &mut Report,
) -> Option<CivilTime> {
    let source = Arc::clone(&report.source);
    let Some(raw) = node.raw(&source) else { return mapping::text(node, key, key_span, report).and(None) };
    match civil::moment(raw) {
        Ok(moment) => Some(moment),
        Err(TimeError::Form(form)) => {
            let spelt = spelling::time_help(raw, zone);
            let or = (key == "at" && spelt.is_none()).then_some("or `now` for right away");
            let note = time_error(raw, &node.span, TimeError::Form(spelt.unwrap_or(form)), report);
            if let Some(or) = or {
                note.help(or);
            }
            None
        }
        Err(err) => {
            time_error(raw, &node.span, err, report);
            None
        }
    }
}

/// `delete_at`, which must come after every time of `at`, however much later its `jitter` makes it.
pub(crate) fn delete_at(
    fields: &Fields<'_>,
    schedule: Option<&Schedule>,
    jitter: Option<Duration>,
    zone: Option<&Zone>,
    report: &mut Report,
) -> Option<Timestamp> {
    let node = fields.get("delete_at")?;
    let key_span = fields.key_span("delete_at");
    if let Some(key) = ["cron", "every"].into_iter().find(|key| fields.has(key)) {
        report
            .add(Code::Exclusive, &key_span, format!("`delete_at` is one time, and `{key}` posts many"))
            .help("write `delete_after: 7d` instead: each story is deleted that long after it is posted");
        return None;
    }
    if fields.has("delete_after") {
        report
            .add(Code::Exclusive, &key_span, "`delete_at` and `delete_after` say the same thing twice")
            .help("keep one of them");
    }
    let at = match moment(node, "delete_at", &key_span, zone, report)? {
        CivilTime::Instant(at) => at,
        CivilTime::Local(local) => resolved(local, &node.span, zone?, report)?.0,
    };
    if let Some(Schedule::Once(times)) = schedule
        && let Some(last) =
            times.iter().filter_map(|time| if let AtTime::Fixed(one) = time { Some(one.at) } else { None }).max()
        && later(last, jitter.unwrap_or_default()) >= at
    {
        let jitter = if last < at { ", which `jitter` can make later" } else { "" };
        report
            .add(Code::DeleteTooEarly, &node.span, format!("`delete_at` is not after the last time of `at`{jitter}"))
            .help("choose a later time, or use `delete_after`");
        return None;
    }
    Some(at)
}
