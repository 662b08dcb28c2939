//! Dates and times as people spell them elsewhere: read only to tell the very date to write instead. Nothing that is read here is ever
//! posted by.
//!
//! Every character must be accounted for: a text of which a part is not understood gets no date offered.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::zone::{self, Zone};

mod pieces;
mod tokens;

use self::pieces::{Pieces, SpelledDate};
use self::tokens::{fold, tokens};

/// What to write instead of a text that is not a time; nothing when it cannot be made out.
pub(crate) fn time_help(text: &str, zone: Option<&Zone>) -> Option<String> {
    let reading = read(text)?;
    if let Some(help) = long_year(&reading) {
        return Some(help);
    }
    let clock =
        reading.time.map(|time| time.strftime(if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string());
    if let Some((month, day)) = reading.yearless {
        let clock = clock.unwrap_or_else(|| "09:00".to_owned());
        return Some(format!("write the year too: `2026-{month:02}-{day:02} {clock}`, with the year that is meant"));
    }
    match (reading.dates.as_slice(), reading.time, clock) {
        ([], Some(_), Some(clock)) => Some(format!("add the date: `2026-12-01 {clock}`")),
        ([date], None, _) if reading.zone.is_none() => Some(format!("add the time of day: `{date} 09:00`")),
        ([date], Some(time), Some(clock)) => Some(match &reading.zone {
            None => format!("write `{date} {clock}`"),
            Some(written) => zone_help(written, date.to_datetime(time), zone),
        }),
        ([day_first, month_first], time, _) if reading.zone.is_none() => {
            let clock = clock_or_nine(time);
            Some(format!(
                "write `{day_first} {clock}` if the day comes first, `{month_first} {clock}` if the month does"
            ))
        }
        _ => None,
    }
}

/// What to write instead of a text that is not a date.
pub(crate) fn date_help(text: &str) -> Option<String> {
    let reading = read(text)?;
    if let Some(help) = long_year(&reading) {
        return Some(help);
    }
    match (reading.dates.as_slice(), reading.yearless) {
        ([], Some((month, day))) => {
            Some(format!("write the year too: `2026-{month:02}-{day:02}`, with the year that is meant"))
        }
        ([date], _) => Some(format!("write `{date}`")),
        ([day_first, month_first], _) => {
            Some(format!("write `{day_first}` if the day comes first, `{month_first}` if the month does"))
        }
        _ => None,
    }
}

/// The one date that a text spells, if it spells nothing else.
pub(crate) fn date_of(text: &str) -> Option<Date> {
    match read(text)? {
        SpelledDate { dates, time: None, zone: None, .. } => match dates.as_slice() {
            [date] => Some(*date),
            _ => None,
        },
        _ => None,
    }
}

/// The time of day that a text spells, if it spells nothing else.
pub(crate) fn clock_of(text: &str) -> Option<Time> {
    match read(text)? {
        SpelledDate { dates, yearless: None, time, zone: None, .. } if dates.is_empty() => time,
        _ => None,
    }
}

fn clock_or_nine(time: Option<Time>) -> String {
    time.unwrap_or(Time::constant(9, 0, 0, 0)).strftime("%H:%M").to_string()
}

fn long_year(reading: &SpelledDate) -> Option<String> {
    let year = reading.long_year.as_ref()?;
    Some(format!("a year has four digits, and `{year}` has {}: write it as in `2026-12-01 09:00`", year.len()))
}

/// The zone behind a time is what is too much. Left out, the zone of the file counts; where that is another one, the offset says the
/// same instant.
fn zone_help(written: &str, local: DateTime, file: Option<&Zone>) -> String {
    let plain = local.strftime("%Y-%m-%d %H:%M");
    let offset = meant_offset(written, local);
    let with_offset = |offset: Offset| {
        let sign = if offset.seconds() < 0 { '-' } else { '+' };
        let minutes = offset.seconds().abs() / 60;
        format!("`{}{sign}{:02}:{:02}`", local.strftime("%Y-%m-%dT%H:%M"), minutes / 60, minutes % 60)
    };
    let Some(offset) = offset else {
        if let Some(zone::Meant::Several(places)) = zone::meant(written) {
            let as_in = places.first().and_then(|place| meant_offset(place, local)).map(with_offset);
            let (places, as_in) = (crate::yaml::mapping::list(places), as_in.unwrap_or_default());
            return format!("`{written}` is the time of {places}: write the offset that is meant, as in {as_in}");
        }
        let file = file.map(|file| format!(" ({})", file.name)).unwrap_or_default();
        return format!("`{written}` is too much: `{plain}` is read in the zone of the file{file}");
    };
    let Some(file) = file else { return format!("`{written}` is too much: write {}", with_offset(offset)) };
    let here = file.zone.to_ambiguous_timestamp(local).compatible().ok().map(|at| file.zone.to_offset(at));
    if here == Some(offset) {
        return format!(
            "`{written}` is too much, for the zone is that of the file ({}): write `{plain}`, or the offset: {}",
            file.name,
            with_offset(offset)
        );
    }
    let there =
        offset.to_timestamp(local).ok().map(|at| file.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string());
    let there = there.map(|there| format!(", which is `{there}` in the zone of the file ({})", file.name));
    format!("`{written}` cannot stand here; write the offset: {}{}", with_offset(offset), there.unwrap_or_default())
}

/// The offset that a word behind a time stands for then.
fn meant_offset(written: &str, local: DateTime) -> Option<Offset> {
    let minutes = match zone::offset_of(written) {
        Some(minutes) => minutes,
        None => {
            let name = match zone::known(written) {
                Some(_) => written.to_owned(),
                None => match zone::meant(written)? {
                    zone::Meant::City(city) => city,
                    zone::Meant::Offset(minutes) => return Offset::from_seconds(minutes * 60).ok(),
                    zone::Meant::Several(_) => return None,
                },
            };
            let zone = zone::known(&name)?;
            let at = zone.to_ambiguous_timestamp(local).compatible().ok()?;
            return Some(zone.to_offset(at));
        }
    };
    Offset::from_seconds(minutes * 60).ok()
}

/// Takes a text apart. Without a zone first: `-03` behind a date is a day.
fn read(text: &str) -> Option<SpelledDate> {
    let text = fold(text);
    if let Some(reading) = parse(&text) {
        return Some(reading);
    }
    let (rest, zone) = cut_zone(&text)?;
    let reading = parse(&rest)?;
    reading.time.is_some().then_some(SpelledDate { zone: Some(zone), ..reading })
}

/// The text without the zone at its end, and that zone.
fn cut_zone(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    if let Some((rest, name)) = text.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        // `…+09:00[Asia/Seoul]` says it twice; the offset says enough.
        let rest = rest.trim();
        let rest = match cut_offset(rest) {
            Some((before, _)) if parse(&before).is_some() => before,
            _ => rest.to_owned(),
        };
        return Some((rest, name.trim().to_owned()));
    }
    if let Some((rest, name)) = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('))
        && parse(name).is_none()
    {
        let rest = match cut_offset(rest.trim()) {
            Some((before, _)) if parse(&before).is_some() => before,
            _ => rest.trim().to_owned(),
        };
        return Some((rest, name.trim().to_owned()));
    }
    if let Some(found) = cut_offset(text).filter(|(rest, _)| parse(rest).is_some()) {
        return Some(found);
    }
    // `09:00KST`: letters right behind the time.
    let letters = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || "/_".contains(c)).len();
    let (rest, zone) = text.split_at(letters);
    if !zone.is_empty() && !rest.ends_with(' ') && is_zone(zone) && parse(rest).is_some() {
        return Some((rest.to_owned(), zone.to_owned()));
    }
    // One to three words, the fewest that make the rest a time: `KST`, `한국 시간`, `Korea Standard Time`.
    let mut at = text.len();
    for _ in 0..4 {
        at = text.get(..at)?.trim_end().rfind(' ')?;
        let (rest, zone) = text.split_at(at);
        let zone = zone.trim().trim_start_matches('(').trim_end_matches(')');
        if is_zone(zone) && parse(rest).is_some() {
            return Some((rest.to_owned(), zone.to_owned()));
        }
    }
    None
}

fn is_zone(word: &str) -> bool {
    let short = (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
    short || zone::known(word).is_some() || zone::meant(word).is_some()
}

/// `09:00 +0900`, `09:00+9`, `09:00 UTC+9`, `09:00 Z`.
fn cut_offset(text: &str) -> Option<(String, String)> {
    let from = text.find(':').or_else(|| text.find('시'))?;
    let tail = text.get(from..)?;
    let at = tail.find(['+', '-', 'U', 'G', 'Z', 'u', 'g', 'z'])? + from;
    let (rest, zone) = text.split_at(at);
    zone::offset_of(zone).map(|_| (rest.trim().to_owned(), zone.trim().to_owned()))
}

/// Reads a folded text in which no zone stands.
fn parse(text: &str) -> Option<SpelledDate> {
    let mut found = Pieces::default();
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let taken = found.take(rest)?;
        rest = rest.get(taken..)?;
    }
    found.put_together()
}

#[cfg(test)]
mod tests;
