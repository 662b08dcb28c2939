//! Patterns that post otherwise than they look: every minute of an hour, not in every month, or with a step that begins anew. What is
//! said of them, and what to write.

use std::collections::BTreeSet;

use super::pattern::{DAYS, MONTHS};
use super::rule::CronRule;
use crate::yaml::problem::Code;

/// What is said of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternNote {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// So many minutes one after the other, or so many of an hour, are not meant.
const MINUTES_IN_A_ROW: usize = 5;
const MINUTES_OF_AN_HOUR: usize = 20;

/// Everything that may surprise the writer of a pattern.
pub(crate) fn doubts(rule: &CronRule) -> Vec<PatternNote> {
    let fields: Vec<&str> = rule.pattern().split(' ').collect();
    let &[minute, hour, day, month, weekday] = fields.as_slice() else { return Vec::new() };
    let fields = [minute, hour, day, month, weekday];
    let every_minute = every_minute(rule, fields);
    let often = every_minute.is_some();
    let mut all: Vec<PatternNote> = every_minute.into_iter().collect();
    all.extend(skipped_months(rule, fields));
    all.extend(fifth_weekday(fields));
    all.extend((0..5).filter(|index| !(often && *index == 0)).flat_map(|index| steps(rule, fields, index)));
    all
}

fn with(fields: [&str; 5], index: usize, field: &str) -> String {
    let mut fields = fields;
    if let Some(place) = fields.get_mut(index) {
        *place = field;
    }
    fields.join(" ")
}

/// `* 9 * * *`: sixty posts, where one was meant.
fn every_minute(rule: &CronRule, fields: [&str; 5]) -> Option<PatternNote> {
    let (minutes, hours) = (rule.minutes(), rule.hours());
    let (first, last) = (*minutes.first()?, *minutes.last()?);
    let in_a_row = minutes.chunk_by(|one, next| one + 1 == *next).map(<[u8]>::len).max().unwrap_or(0);
    if in_a_row < MINUTES_IN_A_ROW && minutes.len() < MINUTES_OF_AN_HOUR {
        return None;
    }
    let (early, late) = (*hours.first()?, *hours.last()?);
    let whole = minutes.len() == 60;
    let together = usize::from(late - early) + 1 == hours.len();
    let a_day = minutes.len() * hours.len();
    let step =
        minutes.windows(2).map(|pair| pair.last().copied().unwrap_or(0) - pair.first().copied().unwrap_or(0)).min();
    let each = match (whole, step) {
        (false, Some(step)) if step > 1 => format!("every {step} minutes"),
        _ => "every minute".to_owned(),
    };
    let list = |hours: &[u8]| hours.iter().map(|hour| format!("{hour:02}")).collect::<Vec<_>>().join(", ");
    let when = match (hours.len(), together) {
        (24, _) if whole => "of the day".to_owned(),
        (24, _) => format!("from :{first:02} to :{last:02} of each hour"),
        (1, _) => format!("from {early:02}:{first:02} to {late:02}:{last:02}"),
        (_, true) if whole => format!("from {early:02}:00 to {late:02}:59"),
        _ if whole => format!("of the hours {}", list(&hours)),
        _ => format!("from :{first:02} to :{last:02} of the hours {}", list(&hours)),
    };
    let minute = first.to_string();
    let once = with(fields, 0, &minute);
    let [_, hour, day, month, weekday] = fields;
    let with_first = [minute.as_str(), hour, day, month, weekday];
    let help = match hours.len() {
        24 => format!("for once a day at nine write `{}`, for once an hour `{once}`", with(with_first, 1, "9")),
        1 => format!("for once a day at {early:02}:{first:02} write `{once}`"),
        _ => format!("for once in each of these hours write `{once}`"),
    };
    let message = format!("the pattern posts {each} {when}, {a_day} times a day");
    Some(PatternNote { code: Code::EveryMinute, message, help })
}

/// `31` skips five months, `30` one, `29` February but for leap years.
fn skipped_months(rule: &CronRule, fields: [&str; 5]) -> Option<PatternNote> {
    let [_, _, day, _, weekday] = fields;
    if weekday != "*" && weekday != "?" {
        return None;
    }
    let all: BTreeSet<u8> = rule.days().into_iter().collect();
    let start = |item: &str| item.split('-').next().and_then(|start| start.parse::<u8>().ok());
    let plain = day.split(',').filter(|item| !item.contains(['/', '*', 'W', 'w']));
    // A day that follows another one of the pattern ends a period, and a period ends with its month.
    let starts =
        plain.filter_map(|item| Some((item, start(item)?))).filter(|(_, day)| *day > 28 && !all.contains(&(day - 1)));
    let (item, first) = starts.max_by_key(|(_, day)| *day)?;
    let months = rule.months_of_its_period();
    let days_of = |month: u8| match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let without: Vec<u8> = months.into_iter().filter(|month| days_of(*month) < first).collect();
    if without.is_empty() {
        return None;
    }
    let names: Vec<&str> =
        without.iter().filter_map(|month| LONG_MONTHS.get(usize::from(*month) - 1).copied()).collect();
    let listed = and(&names);
    let last: Vec<&str> = day.split(',').map(|other| if other == item { "L" } else { other }).collect();
    let message = match (first, without.as_slice()) {
        (29, _) => "February has a 29th in leap years only: in the others nothing is posted for it".to_owned(),
        _ => format!(
            "there is no day {first} in {listed}: nothing is posted for it in {}",
            if without.len() == 1 { "that month" } else { "those months" }
        ),
    };
    let help = format!("`L` is the last day of each month: `{}`", with(fields, 2, &last.join(",")));
    Some(PatternNote { code: Code::Irregular, message, help })
}

const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `MON#5`: four months in twelve have one.
fn fifth_weekday(fields: [&str; 5]) -> Option<PatternNote> {
    let weekday = fields[4].to_uppercase();
    let fifth = weekday.split(',').find(|item| item.ends_with("#5"))?;
    let day = fifth.trim_end_matches("#5");
    let last: Vec<String> =
        weekday.split(',').map(|item| if item == fifth { format!("{day}L") } else { item.to_owned() }).collect();
    Some(PatternNote {
        code: Code::Irregular,
        message: format!(
            "`{fifth}` is the fifth of its weekday, which most months do not have: nothing is posted for it in those"
        ),
        help: format!("`L` is the last one of each month: `{}`", with(fields, 4, &last.join(","))),
    })
}

/// The first and the last value of each field.
const FIELDS: [(u8, u8); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

/// A step that is cut off by the end of its field.
fn steps(rule: &CronRule, fields: [&str; 5], index: usize) -> Vec<PatternNote> {
    let (Some(field), Some(&ends)) = (fields.get(index), FIELDS.get(index)) else { return Vec::new() };
    field.split(',').filter_map(|item| step(rule, fields, index, item, ends)).collect()
}

fn step(rule: &CronRule, fields: [&str; 5], index: usize, item: &str, (min, max): (u8, u8)) -> Option<PatternNote> {
    let (base, step) = item.split_once('/')?;
    let step: u8 = step.parse().ok().filter(|step| *step > 1)?;
    let number = |text: &str| text.parse::<u8>().ok();
    let (first, last) = match base.split_once('-') {
        _ if base == "*" || base == "?" => (min, max),
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(base).or_else(|| weekday_number(index, base))?, max),
    };
    // A range that ends before its field does was meant to end there.
    if last < max || (base.contains('-') && first > min + 1) {
        return None;
    }
    let values: Vec<u8> = (first..=last).step_by(usize::from(step)).collect();
    let end = *values.last()?;
    let gap = first + (max - min + 1) - end;
    // The length of a month differs, so that no step of days keeps its distance.
    if (gap == step && index != 2) || !goes_on(rule, index) {
        return None;
    }
    let (message, help) = step_told((item, fields, index), (step, first, gap), &values);
    Some(PatternNote { code: Code::Irregular, message: format!("the step {message}"), help })
}

/// What becomes of a step, and what to write for one that keeps its distance.
fn step_told(
    (item, fields, index): (&str, [&str; 5], usize),
    (step, first, gap): (u8, u8, u8),
    values: &[u8],
) -> (String, String) {
    let every = |count: u16, unit: &str| match unit {
        "day" if count.is_multiple_of(7) => super::every::Every::Weeks(count / 7),
        "day" => super::every::Every::Days(count),
        _ => super::every::Every::Months(count),
    };
    let count = u16::from(step);
    match index {
        0 => (
            format!(
                "`{item}` begins anew each hour: {}, then again at :{first:02}, {gap} min later",
                at_minutes(values)
            ),
            "a step that divides 60 (5, 10, 12, 15, 20, 30) keeps its distance".to_owned(),
        ),
        1 => (
            format!("`{item}` begins anew each day: at {} o'clock, then again at {first}, {gap} h later", join(values)),
            "a step that divides 24 (2, 3, 4, 6, 8, 12) keeps its distance; or list the hours".to_owned(),
        ),
        2 => (
            format!("`{item}` begins anew each month: on the days {}, then again on day {first}", join(values)),
            format!(
                "for every {step} days write `{}` here, and with it `every: {}` and `from:` the first day",
                with(fields, 2, "*"),
                every(count, "day")
            ),
        ),
        3 => (
            format!(
                "`{item}` begins anew each year: {}, then {} again, {gap} months later",
                months(values),
                months(&[first])
            ),
            format!(
                "for every {step} months write `{}` here, and with it `every: {}` and `from:` the first day",
                with(fields, 3, "*"),
                every(count, "month")
            ),
        ),
        _ => (
            format!("`{item}` counts weekdays, not weeks: {} of each week", weekdays(values)),
            format!(
                "for every {} week write the weekday alone, as in `{}`, and with it `every: {step} weeks` and `from:` the first day",
                ordinal(step),
                with(fields, 4, DAYS.get(usize::from(first.max(1))).copied().unwrap_or("MON"))
            ),
        ),
    }
}

/// Whether the period that begins anew follows directly upon one that matches too.
fn goes_on(rule: &CronRule, index: usize) -> bool {
    let adjacent = |values: &[u8], last: u8, first: u8| {
        values.windows(2).any(|pair| matches!(pair, [one, next] if one + 1 == *next))
            || (values.contains(&last) && values.contains(&first))
    };
    match index {
        0 => adjacent(&rule.hours(), 23, 0),
        1 => {
            rule.every_day()
                || rule.free_weekday() && adjacent(&rule.days(), 31, 1)
                || adjacent(&rule.weekdays(), 6, 0) && !rule.free_weekday()
        }
        2 => adjacent(&rule.months(), 12, 1),
        _ => true,
    }
}

fn weekday_number(index: usize, word: &str) -> Option<u8> {
    let names: &[&str] = match index {
        3 => &MONTHS,
        4 => &DAYS,
        _ => return None,
    };
    let at = names.iter().position(|name| name.eq_ignore_ascii_case(word))?;
    u8::try_from(if index == 3 { at + 1 } else { at }).ok()
}

fn ordinal(step: u8) -> String {
    match step {
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        n => format!("{n}th"),
    }
}

fn join(values: &[u8]) -> String {
    and(&values.iter().map(u8::to_string).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())
}

fn at_minutes(values: &[u8]) -> String {
    and(&values
        .iter()
        .map(|minute| format!(":{minute:02}"))
        .collect::<Vec<_>>()
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>())
}

fn months(values: &[u8]) -> String {
    and(&values.iter().filter_map(|month| LONG_MONTHS.get(usize::from(*month) - 1).copied()).collect::<Vec<_>>())
}

fn weekdays(values: &[u8]) -> String {
    and(&values.iter().filter_map(|day| DAYS.get(usize::from(*day)).copied()).collect::<Vec<_>>())
}

/// `1, 15 and 29`.
fn and(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// What to write for one weekday of a month, where the days of a week of it and one weekday were written: `1-7 * MON`.
pub(crate) fn nth_weekday(rule: &CronRule) -> Option<String> {
    let fields: Vec<&str> = rule.pattern().split(' ').collect();
    let &[minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let nth = match day {
        "1-7" => "#1",
        "8-14" => "#2",
        "15-21" => "#3",
        "22-28" => "#4",
        "25-31" | "24-30" | "22-31" => "L",
        _ => return None,
    };
    let alone = weekday.chars().all(char::is_alphanumeric);
    alone.then(|| format!("{minute} {hour} * {month} {weekday}{nth}"))
}

#[cfg(test)]
mod tests;
