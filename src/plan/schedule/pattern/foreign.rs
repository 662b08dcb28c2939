//! Patterns as other programs read them: with a zone, seconds, a year, a nickname, a command, weekdays in words; each told as what it is.

use super::fields::{DAYS, MONTHS, ORDER, PatternError, reads};
use crate::plan::schedule::every;
use crate::plan::schedule::zone::{self, Meant};

/// What a pattern that cannot be read was meant to be; nothing when that is not known.
pub(crate) fn told(pattern: &str) -> Option<PatternError> {
    let inner = wrapped(pattern);
    if let Some(inner) = inner {
        let why = "only the five fields are written, without a name around them";
        return Some(match told(inner) {
            Some(error) => error,
            None => PatternError::of(why).help(format!("write `{inner}`")),
        });
    }
    if pattern.starts_with('@') {
        return Some(nickname(pattern));
    }
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    zone(&fields).or_else(|| too_many(&fields)).or_else(|| words(&fields)).or_else(|| nth(&fields))
}

/// `cron(0 9 * * ? *)`, as some services write it.
fn wrapped(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix("cron(").or_else(|| pattern.strip_prefix("Cron("))?.strip_suffix(')')?;
    Some(inner.trim())
}

fn nickname(pattern: &str) -> PatternError {
    const NICKNAMES: [(&str, &str, &str); 7] = [
        ("@yearly", "midnight of 1 January", "0 0 1 1 *"),
        ("@annually", "midnight of 1 January", "0 0 1 1 *"),
        ("@monthly", "midnight of the first of each month", "0 0 1 * *"),
        ("@weekly", "midnight of each Sunday", "0 0 * * SUN"),
        ("@daily", "midnight of each day", "0 0 * * *"),
        ("@midnight", "midnight of each day", "0 0 * * *"),
        ("@hourly", "each full hour", "0 * * * *"),
    ];
    let why = PatternError::of(format!("nicknames are not read; write the five fields {ORDER}"));
    let (word, rest) = pattern.split_once(' ').unwrap_or((pattern, ""));
    if word == "@every" {
        return why.help(match every::meant(rest) {
            Some(every) => {
                format!("write `every: {every}` on a line of its own, with `from:` and the first day and time, and no `cron`")
            }
            None => "`every: 2 weeks` on a line of its own, with `from:`, repeats by days, weeks or months".to_owned(),
        });
    }
    if word == "@reboot" {
        return why.help("for a post at once write `at: now`");
    }
    match NICKNAMES.iter().find(|(name, ..)| *name == word.to_lowercase()) {
        Some((_, when, pattern)) => {
            why.help(format!("`{word}` is {when}: write `{pattern}`, with the hour that you want"))
        }
        None => why,
    }
}

/// `CRON_TZ=Asia/Tokyo 0 9 * * *`, or the zone behind the fields.
fn zone(fields: &[&str]) -> Option<PatternError> {
    let (first, last) = (fields.first()?, fields.last()?);
    let (written, name, rest) = if let Some((key, name)) = first.split_once('=') {
        let is_zone = ["CRON_TZ", "TZ", "TIMEZONE", "ZONE"].contains(&key.to_uppercase().as_str());
        (*first, is_zone.then_some(name)?, fields.get(1..)?)
    } else {
        let bare = last.trim_start_matches('(').trim_end_matches(')');
        let bare = bare.split_once('=').map_or(bare, |(_, name)| name);
        let is_zone = fields.len() > 5 && bare.contains(|c: char| c.is_alphabetic() || c == '+');
        let rest = fields.get(..fields.len() - 1)?;
        (*last, (is_zone && !is_day(bare) && named(bare).is_some()).then_some(bare)?, rest)
    };
    let place = named(name).unwrap_or_else(|| name.to_owned());
    let rest = rest.join(" ");
    let why =
        format!("`{written}` names a zone, and a pattern has none of its own: it is read in the zone of the file");
    Some(PatternError::of(why).help(format!(
        "in a file whose `zone` is `{place}` write `{rest}`; jobs of another zone go into a file of their own, with `zone: {place}` at its top"
    )))
}

/// The place that a word names.
fn named(word: &str) -> Option<String> {
    if zone::known(word).is_some() {
        return Some(word.to_owned());
    }
    match zone::meant(word)? {
        Meant::City(city) => Some(city),
        Meant::Offset(_) | Meant::Several(_) => Some(word.to_owned()),
    }
}

fn is_day(word: &str) -> bool {
    let start = word.get(..3).unwrap_or_default().to_uppercase();
    DAYS.contains(&start.as_str())
}

/// Seconds in front, a year behind, a command behind.
fn too_many(fields: &[&str]) -> Option<PatternError> {
    let is_year = |field: &str| {
        field
            .split([',', '-', '/'])
            .next()
            .is_some_and(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))
    };
    let by_numbers =
        |field: &&str| field.chars().all(|c| c.is_ascii_digit() || "*,-/?LW#".contains(c)) || is_day(field);
    let five = |part: Option<&[&str]>| part.map(|part| part.join(" ")).unwrap_or_default();
    let is_command = |field: &&str| !by_numbers(field) && !is_day(field) && !field.is_empty();
    match fields {
        [_, _, day, _, weekday, last] if is_year(last) || (*last == "*" && (*day == "?" || *weekday == "?")) => {
            let (five, period) =
                (five(fields.get(..5)), if is_year(last) { "; `from` and `until` say the years" } else { "" });
            Some(PatternError::of(format!(
                "it has six fields, and a year is not read; leave the last out: `{five}`{period}"
            )))
        }
        [.., last] if fields.len() >= 6 && is_command(last) || fields.get(5).is_some_and(is_command) => {
            let (five, rest) = (five(fields.get(..5)), five(fields.get(5..)));
            reads(&five).then(|| {
                PatternError::of(format!("`{rest}` stands behind the five fields and is not read; write `{five}`"))
            })
        }
        [_, _, _, _, _, _] => {
            let five = five(fields.get(1..));
            Some(PatternError::of(format!(
                "it has six fields, and seconds are not read; leave the first out: `{five}`"
            )))
        }
        [_, _, _, _, _, _, _] => {
            let five = five(fields.get(1..6));
            let why = format!(
                "it has seven fields, and seconds and years are not read; leave the first and the last out: `{five}`"
            );
            Some(PatternError::of(why))
        }
        _ => None,
    }
}

/// Weekdays and months in words: `월`, `월-금`, `Monday`, `December`, `12월`.
fn words(fields: &[&str]) -> Option<PatternError> {
    let &[minute, hour, day, month, weekday] = fields else { return None };
    let (months, days) = (translated(month, in_months)?, translated(weekday, in_days)?);
    let pattern = format!("{minute} {hour} {day} {months} {days}");
    if (months.as_str(), days.as_str()) == (month, weekday) || !reads(&pattern) {
        return None;
    }
    let word = if months == month { weekday } else { month };
    let known = if months == month { "weekdays are `SUN` to `SAT`" } else { "months are 1 to 12, or `JAN` to `DEC`" };
    Some(PatternError::of(format!("`{word}` is not read: {known}")).help(format!("write `{pattern}`")))
}

/// The field with each of its words put otherwise; nothing when one is not known.
fn translated(field: &str, word: fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = field;
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric();
        let length = match is_word(c) {
            true => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            false => c.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        match is_word(c) {
            true => out.push_str(&word(part)?),
            false => out.push_str(part),
        }
        rest = after;
    }
    Some(out)
}

fn in_days(word: &str) -> Option<String> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(word.to_owned());
    }
    const FULL: [&str; 7] = ["SUNDAYS", "MONDAYS", "TUESDAYS", "WEDNESDAYS", "THURSDAYS", "FRIDAYS", "SATURDAYS"];
    let upper = word.to_uppercase();
    let last = upper.strip_suffix('L').and_then(|start| DAYS.iter().find(|day| **day == start));
    if let Some(day) = last {
        return Some(format!("{day}L"));
    }
    let english = FULL.iter().position(|day| upper.len() >= 2 && day.starts_with(&upper));
    if let Some(day) = english.and_then(|at| DAYS.get(at)) {
        return Some((*day).to_owned());
    }
    match upper.as_str() {
        "WEEKDAY" | "WEEKDAYS" | "평일" => Some("MON-FRI".to_owned()),
        "WEEKEND" | "WEEKENDS" | "주말" => Some("SAT,SUN".to_owned()),
        "매일" | "DAILY" => Some("*".to_owned()),
        _ => weekday(word).map(str::to_owned),
    }
}

/// The weekdays that words mean, as patterns write them: `월-금`, `Monday`, `월수금`; nothing for numbers, which others count otherwise.
pub(crate) fn weekdays_meant(text: &str) -> Option<String> {
    let by_words = |text: &str| translated(text, in_days).filter(|days| !days.is_empty());
    if text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    by_words(text).or_else(|| {
        let each: Vec<String> = text.chars().map(String::from).collect();
        by_words(&each.join(","))
    })
}

/// The weekday that a Korean word names, as patterns and blackouts write it: `월`, `월요일`.
pub(crate) fn weekday(word: &str) -> Option<&'static str> {
    const KOREAN: [char; 7] = ['일', '월', '화', '수', '목', '금', '토'];
    let word = word.trim();
    let mut chars = word.strip_suffix("요일").unwrap_or(word).chars();
    let first = chars.next().filter(|_| chars.next().is_none())?;
    KOREAN.iter().position(|day| *day == first).and_then(|at| DAYS.get(at)).copied()
}

fn in_months(word: &str) -> Option<String> {
    if let Some(number) = word.strip_suffix('월') {
        return Some(number.to_owned());
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(word.to_owned());
    }
    const FULL: [&str; 12] = [
        "JANUARY",
        "FEBRUARY",
        "MARCH",
        "APRIL",
        "MAY",
        "JUNE",
        "JULY",
        "AUGUST",
        "SEPTEMBER",
        "OCTOBER",
        "NOVEMBER",
        "DECEMBER",
    ];
    let upper = word.to_uppercase();
    let at = FULL.iter().position(|month| upper.len() >= 3 && month.starts_with(&upper))?;
    MONTHS.get(at).map(|month| (*month).to_owned())
}

/// Forms of `L`, `W` and `#` that are turned round or out of range.
fn nth(fields: &[&str]) -> Option<PatternError> {
    let &[minute, hour, day, month, weekday] = fields else { return None };
    let upper = weekday.to_uppercase();
    let with = |day: &str, weekday: &str| format!("{minute} {hour} {day} {month} {weekday}");
    let offer =
        |why: &str, pattern: String| reads(&pattern).then(|| PatternError::of(why).help(format!("write `{pattern}`")));
    if let Some((first, second)) = upper.split_once('#') {
        let number = |word: &str| word.parse::<u8>().ok();
        return match (number(first), number(second)) {
            (Some(_), None) if second.parse::<i8>().is_err() => {
                offer("the weekday stands in front of its number", with(day, &format!("{second}#{first}")))
            }
            _ if second.starts_with('-') || second == "LAST" => {
                offer("the last weekday of a month has an `L` behind it", with(day, &format!("{first}L")))
            }
            (_, Some(_)) => Some(
                PatternError::of(format!(
                    "`{weekday}`: a month has a weekday four or five times, so the number is 1 to 5"
                ))
                .help(format!("`{}` is its last one", with(day, &format!("{first}L")))),
            ),
            _ => None,
        };
    }
    if let Some(rest) = upper.strip_prefix('L').filter(|rest| !rest.is_empty()) {
        let pattern = with(day, &format!("{}L", rest.trim_start_matches("AST").trim_start_matches(['-', '#'])));
        return offer("the `L` stands behind its weekday", pattern);
    }
    let upper = day.to_uppercase();
    if upper.starts_with("L-") || upper.starts_with("L+") {
        let why = "`L` is the last day of a month, and no day is counted back from it";
        return Some(PatternError::of(why).help(format!(
            "`{}` is the last day, `{}` the 28th",
            with("L", weekday),
            with("28", weekday)
        )));
    }
    if let Some(number) = upper.strip_prefix('W').filter(|rest| !rest.is_empty()) {
        return offer("the `W` stands behind its day", with(&format!("{number}W"), weekday));
    }
    // A weekday with a step, and a first weekday of the month, as people try them.
    None
}

#[cfg(test)]
mod tests {
    use crate::plan::schedule::pattern::read;

    #[test]
    fn what_other_programs_read_is_told_as_what_it_is() {
        for (pattern, why, help) in [
            (
                "CRON_TZ=Asia/Tokyo 0 9 * * *",
                "`CRON_TZ=Asia/Tokyo` names a zone",
                "`zone` is `Asia/Tokyo` write `0 9 * * *`",
            ),
            ("TZ=UTC 0 9 * * *", "names a zone", "`zone` is `UTC` write `0 9 * * *`"),
            ("TZ=KST 0 9 * * MON", "names a zone", "`zone` is `Asia/Seoul` write `0 9 * * MON`"),
            ("0 9 * * * Asia/Seoul", "`Asia/Seoul` names a zone", "write `0 9 * * *`"),
            ("0 9 * * MON KST", "`KST` names a zone", "write `0 9 * * MON`"),
            ("0 9 * * MON (UTC)", "names a zone", "write `0 9 * * MON`"),
            ("0 9 * * MON UTC+9", "names a zone", "write `0 9 * * MON`"),
            ("0 0 9 * * MON", "seconds are not read; leave the first out: `0 9 * * MON`", ""),
            ("0 0 9 * * *", "seconds are not read; leave the first out: `0 9 * * *`", ""),
            ("0 9 * * MON 2026", "a year is not read; leave the last out: `0 9 * * MON`", ""),
            ("cron(0 9 ? * MON *)", "a year is not read; leave the last out: `0 9 ? * MON`", ""),
            ("cron(0 9 * * MON)", "only the five fields", "write `0 9 * * MON`"),
            ("0 0 9 ? * MON *", "seven fields", ""),
            ("0 9 * * * /usr/bin/post", "stands behind the five fields", ""),
            ("@daily", "nicknames are not read", "write `0 0 * * *`"),
            ("@weekly", "nicknames are not read", "write `0 0 * * SUN`"),
            ("@every 2w", "nicknames are not read", "`every: 2 weeks`"),
            ("@reboot", "nicknames are not read", "`at: now`"),
            ("0 9 * * 월", "`월` is not read", "write `0 9 * * MON`"),
            ("0 9 * * 월요일", "is not read", "write `0 9 * * MON`"),
            ("0 9 * * 월-금", "is not read", "write `0 9 * * MON-FRI`"),
            ("0 9 * * 화,목", "is not read", "write `0 9 * * TUE,THU`"),
            ("0 9 * * 평일", "is not read", "write `0 9 * * MON-FRI`"),
            ("0 9 * * Monday", "is not read", "write `0 9 * * MON`"),
            ("0 9 1 12월 *", "is not read", "write `0 9 1 12 *`"),
            ("0 9 1 December *", "is not read", "write `0 9 1 DEC *`"),
            ("0 9 * * 2#MON", "in front of its number", "write `0 9 * * MON#2`"),
            ("0 9 * * MON#6", "1 to 5", "`0 9 * * MONL`"),
            ("0 9 * * MON#-1", "an `L` behind it", "write `0 9 * * MONL`"),
            ("0 9 * * LFRI", "stands behind its weekday", "write `0 9 * * FRIL`"),
            ("0 9 L-2 * *", "no day is counted back", "`0 9 L * *`"),
            ("0 9 W15 * *", "stands behind its day", "write `0 9 15W * *`"),
        ] {
            let error = read(pattern).expect_err(pattern);
            assert!(error.why.contains(why), "{pattern}: {error:?}");
            assert!(error.help.clone().unwrap_or_default().contains(help), "{pattern}: {error:?}");
        }
        for pattern in ["0 25 * * *", "0 9 * *", "every monday at 9", "x", ""] {
            let error = read(pattern).expect_err(pattern);
            assert_eq!(error.help, None, "{pattern}: {error:?}");
        }
    }
}
