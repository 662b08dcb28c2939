//! `every`: a step in days, weeks or months from a first day, which no pattern can say: patterns begin anew with each month and year.
//!
//! Counted by the calendar, in civil time, from the first day on which the job posts. Weeks begin on Monday, as ISO 8601 has them.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

/// The step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// So many days.
    Days(u16),
    /// So many weeks.
    Weeks(u16),
    /// So many months.
    Months(u16),
}

/// Longest step, about ten years: in days, weeks and months.
const MOST: [u16; 3] = [3_660, 520, 120];

/// The step with the day that it counts from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cycle {
    pub(crate) every: Every,
    pub(crate) first: Date,
}

impl Cycle {
    /// Whether a day lies in a period that counts.
    pub(crate) fn holds(&self, day: Date) -> bool {
        let days = |from: Date, to: Date| from.until(to).map(|span| span.get_days()).unwrap_or(0);
        let monday =
            |day: Date| day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).unwrap_or(day);
        match self.every {
            Every::Days(step) => days(self.first, day).rem_euclid(i32::from(step)) == 0,
            Every::Weeks(step) => {
                (days(monday(self.first), monday(day)).div_euclid(7)).rem_euclid(i32::from(step)) == 0
            }
            Every::Months(step) => {
                let index = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
                (index(day) - index(self.first)).rem_euclid(i32::from(step)) == 0
            }
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Self::Days(count) => (count, "day"),
            Self::Weeks(count) => (count, "week"),
            Self::Months(count) => (count, "month"),
        };
        write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
    }
}

/// Reads `2 weeks`, `3 days`, `1 month`.
pub(crate) fn parse(text: &str) -> Option<Every> {
    let (count, unit) = text.trim().split_once(' ')?;
    let (of, most): (fn(u16) -> Every, _) = match unit.trim() {
        "day" | "days" => (Every::Days, MOST[0]),
        "week" | "weeks" => (Every::Weeks, MOST[1]),
        "month" | "months" => (Every::Months, MOST[2]),
        _ => return None,
    };
    let count: u16 = count.parse().ok().filter(|count| (1..=most).contains(count))?;
    Some(of(count))
}

/// The step that other words mean: `2w`, `biweekly`, `격주`, `14d`, `P2W`.
pub(crate) fn meant(text: &str) -> Option<Every> {
    let bare: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = bare.strip_prefix("every").unwrap_or(&bare);
    let bare = bare.strip_suffix("마다").unwrap_or(bare);
    match bare {
        "day" | "daily" | "매일" => return Some(Every::Days(1)),
        "otherday" | "secondday" | "격일" | "이틀" => return Some(Every::Days(2)),
        "week" | "weekly" | "매주" => return Some(Every::Weeks(1)),
        "otherweek" | "secondweek" | "biweekly" | "fortnight" | "fortnightly" | "격주" | "이주" => {
            return Some(Every::Weeks(2));
        }
        "month" | "monthly" | "매월" | "매달" => return Some(Every::Months(1)),
        "othermonth" | "secondmonth" | "bimonthly" | "격월" => return Some(Every::Months(2)),
        "quarter" | "quarterly" | "분기" => return Some(Every::Months(3)),
        "year" | "yearly" | "annually" | "매년" => return Some(Every::Months(12)),
        _ => {}
    }
    let bare = bare.strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(bare);
    let at = bare.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = bare.split_at_checked(at)?;
    let unit = match unit {
        "d" | "day" | "days" | "일" => "days",
        "w" | "wk" | "wks" | "week" | "weeks" | "주" | "주일" => "weeks",
        "m" | "mo" | "mon" | "mth" | "month" | "months" | "월" | "달" | "개월" => "months",
        "y" | "yr" | "year" | "years" | "년" => return parse(&format!("{} months", count.parse::<u32>().ok()? * 12)),
        _ => return None,
    };
    match parse(&format!("{count} {unit}"))? {
        Every::Days(days) if days.is_multiple_of(7) => Some(Every::Weeks(days / 7)),
        every => Some(every),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_step_is_read_in_one_form_and_other_words_lead_to_it() {
        for (text, every) in [
            ("2 weeks", Every::Weeks(2)),
            ("1 week", Every::Weeks(1)),
            (" 3 days ", Every::Days(3)),
            ("5 months", Every::Months(5)),
        ] {
            assert_eq!(parse(text), Some(every), "{text}");
        }
        for text in ["2w", "2", "weeks", "0 weeks", "-1 weeks", "2 years", "9999 days", "1.5 weeks", "two weeks", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
        for (text, written) in [
            ("2w", "2 weeks"),
            ("2W", "2 weeks"),
            ("2weeks", "2 weeks"),
            ("14d", "2 weeks"),
            ("10d", "10 days"),
            ("biweekly", "2 weeks"),
            ("bi-weekly", "2 weeks"),
            ("every other week", "2 weeks"),
            ("fortnightly", "2 weeks"),
            ("격주", "2 weeks"),
            ("2주", "2 weeks"),
            ("2주마다", "2 weeks"),
            ("3일마다", "3 days"),
            ("2개월", "2 months"),
            ("quarterly", "3 months"),
            ("P2W", "2 weeks"),
            ("2 years", "24 months"),
            ("매주", "1 week"),
        ] {
            assert_eq!(meant(text).map(|every| every.to_string()).as_deref(), Some(written), "{text}");
        }
        for text in ["", "soon", "1h", "5", "weeks 2"] {
            assert_eq!(meant(text), None, "{text}");
        }
    }

    #[test]
    fn periods_are_counted_by_the_calendar() {
        let holds = |every, first, day| Cycle { every, first }.holds(day);
        let monday = date(2026, 12, 7);
        for (day, held) in [(7, true), (10, true), (13, true), (14, false), (20, false), (21, true), (6, false)] {
            assert_eq!(holds(Every::Weeks(2), monday, date(2026, 12, day)), held, "{day}");
        }
        // From a Thursday on, the week is the same one.
        assert!(holds(Every::Weeks(2), date(2026, 12, 10), date(2026, 12, 21)));
        // A year of 53 weeks does not shift the count.
        assert!(holds(Every::Weeks(2), monday, date(2027, 1, 4)) && !holds(Every::Weeks(2), monday, date(2027, 1, 11)));
        assert!(holds(Every::Days(3), date(2028, 2, 28), date(2028, 3, 2)));
        assert!(holds(Every::Days(3), date(2026, 3, 28), date(2026, 3, 31)));
        for (month, held) in [(1, true), (2, false), (6, true), (11, true)] {
            assert_eq!(holds(Every::Months(5), date(2026, 1, 31), date(2026, month, 3)), held, "{month}");
        }
        assert!(holds(Every::Months(5), date(2026, 11, 1), date(2027, 4, 30)));
    }
}
