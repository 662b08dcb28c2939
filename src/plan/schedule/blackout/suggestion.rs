//! What to write instead of days and hours of a blackout that are spelt as people spell them elsewhere. Only ever offered, never used.

use jiff::civil::Time;

use crate::plan::schedule::pattern;
use crate::plan::schedule::spelling;

/// Signs and words between the first and the last of something.
const BETWEEN: [&str; 9] = ["..", "~", "〜", "～", "–", "—", " to ", " - ", "부터"];

/// For dates.
pub(crate) fn dates(text: &str) -> String {
    let range = BETWEEN.iter().find_map(|between| {
        let (first, last) = text.split_once(between)?;
        let last = last.trim().trim_end_matches("까지");
        Some(format!("write `{}..{}`", spelling::date_of(first)?, spelling::date_of(last)?))
    });
    range.or_else(|| spelling::date_help(text)).unwrap_or_else(|| {
        "write `2026-12-25`, or `2026-12-24..2026-12-26` for the days from the first to the last".to_owned()
    })
}

/// For weekdays. `is_listed`: the text is one of a list, not the whole value.
pub(crate) fn weekdays(text: &str, is_listed: bool) -> String {
    let usual = "write MON, TUE, WED, THU, FRI, SAT or SUN, a range such as `MON-FRI`, or a list of them";
    let plain = text.replace(['~', '〜', '～', '–', '—'], "-").replace("부터", "-").replace("까지", "");
    let plain: String = plain.split_whitespace().collect();
    let days = pattern::weekdays_meant(&plain.replace(['/', '·', '+', '&'], ","));
    match days.as_deref() {
        Some("*") => "leave `weekdays` out for all of them".to_owned(),
        Some(days) if days.contains(',') && !is_listed => format!("write `[{}]`", days.replace(',', ", ")),
        Some(days) => format!("write `{}`", days.replace(',', ", ")),
        None => usual.to_owned(),
    }
}

/// For hours.
pub(crate) fn hours(text: &str) -> String {
    let range = BETWEEN.iter().chain(&["-"]).find_map(|between| {
        let (from, to) = text.split_once(between)?;
        let (from, to) = (clock(from)?, clock(to.trim().trim_end_matches("까지"))?);
        (from != to).then(|| format!("write `{}-{}`", from.strftime("%H:%M"), to.strftime("%H:%M")))
    });
    range.unwrap_or_else(|| {
        "write from-to on the 24-hour clock: `22:00-08:00` is from ten at night to before eight in the morning"
            .to_owned()
    })
}

/// A time of the day, or an hour alone; 24 is midnight.
fn clock(text: &str) -> Option<Time> {
    let text = text.trim();
    let hour = text.parse::<i8>().ok().filter(|hour| (0..=24).contains(hour));
    match hour {
        Some(hour) => Time::new(hour % 24, 0, 0, 0).ok(),
        None if text == "24:00" => Some(Time::midnight()),
        None => spelling::clock_of(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_offered_however_they_were_spelt() {
        for (text, offered) in [
            ("월", "write `MON`"),
            ("토요일", "write `SAT`"),
            ("월-금", "write `MON-FRI`"),
            ("월 ~ 금", "write `MON-FRI`"),
            ("월요일부터 금요일까지", "write `MON-FRI`"),
            ("월,수,금", "write `[MON, WED, FRI]`"),
            ("토/일", "write `[SAT, SUN]`"),
            ("토·일", "write `[SAT, SUN]`"),
            ("월수금", "write `[MON, WED, FRI]`"),
            ("주말", "write `[SAT, SUN]`"),
            ("평일", "write `MON-FRI`"),
            ("Monday", "write `MON`"),
            ("sat, sun", "write `[SAT, SUN]`"),
            ("mon", "write `MON`"),
            ("매일", "leave `weekdays` out for all of them"),
            ("1-5", "write MON, TUE"),
            ("holiday", "write MON, TUE"),
            ("", "write MON, TUE"),
        ] {
            assert!(weekdays(text, false).starts_with(offered), "{text}: {}", weekdays(text, false));
        }
        assert_eq!(weekdays("주말", true), "write `SAT, SUN`");
        for (text, offered) in [
            ("22시-8시", "`22:00-08:00`"),
            ("22-8", "`22:00-08:00`"),
            ("22:00~08:00", "`22:00-08:00`"),
            ("22:00 – 08:00", "`22:00-08:00`"),
            ("오후 10시 ~ 오전 8시", "`22:00-08:00`"),
            ("밤 10시부터 아침 8시까지", "`22:00-08:00`"),
            ("10pm-8am", "`22:00-08:00`"),
            ("10 PM to 8:30 AM", "`22:00-08:30`"),
            ("18:00-24:00", "`18:00-00:00`"),
            ("2200-0800", "from-to on the 24-hour clock"),
            ("9-9", "from-to on the 24-hour clock"),
            ("night", "from-to on the 24-hour clock"),
        ] {
            assert!(hours(text).contains(offered), "{text}: {}", hours(text));
        }
        for (text, offered) in [
            ("2026.12.25", "write `2026-12-25`"),
            ("2026년 12월 25일", "write `2026-12-25`"),
            ("12/25/2026", "write `2026-12-25`"),
            ("12월 25일", "write the year too: `2026-12-25`"),
            ("2026-12-24~2026-12-26", "write `2026-12-24..2026-12-26`"),
            ("2026-12-24 - 2026-12-26", "write `2026-12-24..2026-12-26`"),
            ("2026.12.24 ~ 2026.12.26", "write `2026-12-24..2026-12-26`"),
            ("2026년 12월 24일부터 2026년 12월 26일까지", "write `2026-12-24..2026-12-26`"),
            ("2026-12-24 to 2026-12-26", "write `2026-12-24..2026-12-26`"),
            ("Christmas", "write `2026-12-25`, or"),
        ] {
            assert!(dates(text).starts_with(offered), "{text}: {}", dates(text));
        }
    }
}
