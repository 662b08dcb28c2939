//! A cron pattern as it is written: five fields → the crate's pattern, or the sentence on what is wrong with it. What other programs
//! read and this one does not is known, and told in the words of this one.

mod fields;
mod foreign;

use croner::Cron;

pub(crate) use self::fields::{DAYS, MONTHS, PatternError};
use self::fields::{check_fields, read_fields};
pub(crate) use self::foreign::weekdays_meant;

/// Reads a pattern of five fields: minute, hour, day of month, month, weekday. The fields come back one space apart.
pub(crate) fn read(pattern: &str) -> Result<(String, Cron), PatternError> {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    let read = check_fields(&fields).and_then(|()| read_fields(&fields));
    match read {
        Ok(cron) => Ok((fields.join(" "), cron)),
        Err(error) => Err(foreign::told(pattern.trim()).unwrap_or(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::schedule::rule::CronRule;

    #[test]
    fn names_stand_only_in_their_own_field() {
        for pattern in [
            "0 9 * * MON",
            "0 9 * jan-mar *",
            "0 9 L * *",
            "0 9 15W * *",
            "0 9 * * FRIL",
            "0 9 * * MON#2",
            "0 9 1 * +MON",
            "0 9 * * 7",
            "*/5 8-18/2 * * *",
            "0 9 * * 5L",
            "0 9 L,15 * *",
        ] {
            assert!(read(pattern).is_ok(), "{pattern}: {:?}", read(pattern).err());
        }
        for pattern in [
            "MON 9 * * *",
            "0 9 MON * *",
            "0 9 * MON *",
            "0 9 * * JAN",
            "0 L * * *",
            "0 9 * * *X",
            "0 9 31 2,4,6,9,11 *",
            "60 9 * * *",
            "*/0 9 * * *",
            "0 9 0 * *",
            "0 9 * * 8",
            "0 9 5-1 * *",
            "0 9 * * L",
            "0 9 * * FRI,L",
            "0 9 * * l,1",
        ] {
            assert!(CronRule::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_range_of_weekdays_over_the_weekend_is_told_as_a_list() {
        for (pattern, list) in [
            ("0 9 * * FRI-MON", "write `FRI,SAT,SUN,MON`"),
            ("0 9 * * 6-1", "write `SAT,SUN,MON`"),
            ("0 9 * * wed,fri-mon", "write `WED,FRI,SAT,SUN,MON`"),
        ] {
            let told = read(pattern).err().map(|error| error.why).unwrap_or_default();
            assert!(told.contains(list), "{pattern}: {told}");
        }
        let weekend = CronRule::parse("0 9 * * SAT-SUN").expect("SUN ends a week too");
        let days = [5, 6].map(|day| weekend.matches_day(jiff::civil::date(2026, 12, day)));
        assert_eq!((days, weekend.matches_day(jiff::civil::date(2026, 12, 7))), ([true, true], false));
        assert!(!read("0 9 * * FRI-FOO").err().is_some_and(|error| error.why.contains("write `")));
    }
}
