//! `blackouts` as job files and settings write them.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::stretch::{Blackout, first_free};
use super::suggestion;
use crate::domain::policy::BlackoutThen;
use crate::plan::schedule::civil::{self, TimeError};
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report, Shape};
use crate::yaml::problem::Code;

/// Most blackouts of one file, and most dates of one blackout.
const ENTRIES_MAX: usize = 200;
/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 120;

const BLACKOUT: Shape = Shape {
    what: "a blackout",
    keys: &["dates", "weekdays", "hours", "reason", "then"],
    free_x: false,
    synonyms: &[
        ("date", "dates"),
        ("day", "dates"),
        ("days", "dates"),
        ("weekday", "weekdays"),
        ("hour", "hours"),
        ("time", "hours"),
        ("why", "reason"),
        ("name", "reason"),
        ("action", "then"),
    ],
};

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MON", Weekday::Monday),
    ("TUE", Weekday::Tuesday),
    ("WED", Weekday::Wednesday),
    ("THU", Weekday::Thursday),
    ("FRI", Weekday::Friday),
    ("SAT", Weekday::Saturday),
    ("SUN", Weekday::Sunday),
];

/// `blackouts`, of job files and settings.
pub fn read(fields: &Fields<'_>, report: &mut Report) -> Vec<Blackout> {
    let Some(node) = fields.get("blackouts").filter(|node| !matches!(node.kind, ValueKind::Null)) else {
        return Vec::new();
    };
    let key_span = fields.key_span("blackouts");
    let ValueKind::List(items) = &node.kind else {
        let described = node.described(&report.source);
        report
            .add(Code::WrongType, &node.span, format!("`blackouts` is a list of blackouts, but here is {described}"))
            .help(format!("begin each with a dash: `- {EXAMPLE}`"));
        return Vec::new();
    };
    if items.len() > ENTRIES_MAX {
        let message = format!("`blackouts` has {} entries; at most {ENTRIES_MAX} are read", items.len());
        report
            .add(Code::TooLarge, &key_span, message)
            .help("join those with the same hours, reason and `then`: `dates` takes a list");
        return Vec::new();
    }
    let blackouts: Vec<Blackout> = items.iter().filter_map(|item| blackout(item, &key_span, report)).collect();
    let moves = blackouts.iter().any(|blackout| blackout.then == BlackoutThen::Move);
    if moves && first_free(blackouts.iter(), &TimeZone::UTC, PROBE).is_none() {
        report
            .add(
                Code::NeverPosts,
                &key_span,
                "these blackouts leave no free time, so nothing could ever be moved out of them",
            )
            .help("leave some hours or days free, or write `then: hold` or `then: skip`");
        return Vec::new();
    }
    blackouts
}

/// Some instant, from which a year of blackouts without free time shows itself.
const PROBE: Timestamp = Timestamp::constant(1_800_000_000, 0);

const EXAMPLE: &str = "{hours: 22:00-08:00, reason: quiet hours, then: move}";

fn blackout(node: &Node, key_span: &Range<usize>, report: &mut Report) -> Option<Blackout> {
    let named_at = if node.span.is_empty() { key_span.clone() } else { node.span.clone() };
    let fields = Fields::read(node, &named_at, &BLACKOUT, report)?;
    let dates = dates(&fields, report);
    let weekdays = weekdays(&fields, report);
    let hours = hours(&fields, report);
    let words = [BlackoutThen::Move, BlackoutThen::Hold, BlackoutThen::Skip].map(|word| (word.as_str(), word));
    let then = fields.word("then", &words, report);
    let reason = reason(&fields, report);
    if ["dates", "weekdays", "hours"].iter().all(|key| fields.lacks(key)) {
        report
            .add(Code::MissingKey, &fields.span, "this blackout does not say when")
            .help(format!("write at least one of `dates`, `weekdays` and `hours`, as in `{EXAMPLE}`"));
        return None;
    }
    for (key, example) in [("reason", "reason: quiet hours"), ("then", "then: move")] {
        if fields.lacks(key) {
            mapping::missing(&fields, "the blackout", key, example, report);
        }
    }
    let (dates, weekdays, hours) = (dates?, weekdays?, hours.ok()?);
    Some(Blackout { dates, weekdays, hours, reason: reason?, then: then?.value })
}

fn reason(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text("reason", report)?;
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if value.is_empty() || value.chars().count() > REASON_CHARS_MAX {
        report
            .add(Code::EmptyText, &span, format!("`reason` is 1 to {REASON_CHARS_MAX} characters"))
            .help("say in a few words why nothing is posted then: it is shown with every post that falls into it");
        return None;
    }
    Some(value)
}

/// One value, or a list of them.
fn values<'n>(fields: &Fields<'n>, key: &str, report: &mut Report) -> Option<&'n [Node]> {
    let Some(node) = fields.get(key) else { return Some(&[]) };
    let nodes = if let ValueKind::List(items) = &node.kind { items.as_slice() } else { std::slice::from_ref(node) };
    if nodes.is_empty() || nodes.len() > ENTRIES_MAX {
        report
            .add(
                Code::TooLarge,
                &fields.key_span(key),
                format!("`{key}` has {} entries; 1 to {ENTRIES_MAX} are read", nodes.len()),
            )
            .help(format!("leave `{key}` out if it does not matter"));
        return None;
    }
    Some(nodes)
}

fn dates(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<RangeInclusive<Date>>> {
    let key_span = fields.key_span("dates");
    let mut dates = Vec::new();
    let nodes = values(fields, "dates", report)?;
    for node in nodes {
        let source = Arc::clone(&report.source);
        let Some(raw) = node.raw(&source) else {
            mapping::text(node, "dates", &key_span, report);
            continue;
        };
        let (first, last) = raw.split_once("..").unwrap_or((raw, raw));
        match (civil::date(first), civil::date(last)) {
            (Ok(first), Ok(last)) if first <= last => dates.push(first..=last),
            (Ok(_), Ok(_)) => drop(
                report
                    .add(Code::BackwardsPeriod, &node.span, format!("`{}` ends before it begins", source.shown(raw)))
                    .help("write the earlier date first, or correct the year"),
            ),
            (Err(TimeError::NoSuch(sentence)), _) | (_, Err(TimeError::NoSuch(sentence))) => {
                report.add(Code::NoSuchTime, &node.span, sentence);
            }
            _ => drop(
                report
                    .add(
                        Code::BadTime,
                        &node.span,
                        format!("`{}` cannot be read as a date or a range of dates", source.shown(raw)),
                    )
                    .help(suggestion::dates(source.shown(raw))),
            ),
        }
    }
    (dates.len() == nodes.len()).then_some(dates)
}

fn weekdays(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<Weekday>> {
    let key_span = fields.key_span("weekdays");
    let mut days = Vec::new();
    let mut are_read = true;
    for node in values(fields, "weekdays", report)? {
        let Some(Placed { value, span }) = mapping::text(node, "weekdays", &key_span, report) else {
            are_read = false;
            continue;
        };
        let (first, last) = value.split_once('-').unwrap_or((&value, &value));
        let index = |word: &str| WEEKDAYS.iter().position(|(name, _)| *name == word.trim());
        let (Some(first), Some(last)) = (index(first), index(last)) else {
            let is_listed = node.span != fields.get("weekdays").map_or(0..0, |all| all.span.clone());
            let shown = report.source.shown(&value).to_owned();
            let help = suggestion::weekdays(&shown, is_listed);
            report.add(Code::WrongWord, &span, format!("`{shown}` is no weekday")).help(help);
            are_read = false;
            continue;
        };
        let length = (last + 7 - first) % 7;
        days.extend((0..=length).filter_map(|step| Some(WEEKDAYS.get((first + step) % 7)?.1)));
    }
    are_read.then_some(days)
}

/// The outer error is a value that cannot be read; the inner `None` that there is none.
fn hours(fields: &Fields<'_>, report: &mut Report) -> Result<Option<(Time, Time)>, ()> {
    let Some(node) = fields.get("hours") else { return Ok(None) };
    let source = Arc::clone(&report.source);
    let Some(raw) = node.raw(&source) else {
        mapping::text(node, "hours", &fields.key_span("hours"), report);
        return Err(());
    };
    let read = raw.split_once('-').and_then(|(from, to)| Some((civil::clock(from)?, civil::clock(to)?)));
    match read {
        Some((from, to)) if from != to => Ok(Some((from, to))),
        Some(_) => {
            report
                .add(Code::BadTime, &node.span, format!("`{}` begins and ends at the same time", source.shown(raw)))
                .help("leave `hours` out for whole days");
            Err(())
        }
        None => {
            report
                .add(Code::BadTime, &node.span, format!("`{}` cannot be read as hours", source.shown(raw)))
                .help(suggestion::hours(source.shown(raw)));
            Err(())
        }
    }
}
