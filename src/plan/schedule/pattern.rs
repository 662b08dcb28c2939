//! A cron pattern as it is written: five fields → the crate's pattern, or the sentence on what is wrong with it. What other programs
//! read and this one does not is known, and told in the words of this one.

use croner::Cron;

mod foreign;

pub(crate) use self::foreign::weekdays_meant;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Completes "the pattern … cannot be used:".
    pub(crate) why: String,
    /// What to write instead, where that is known.
    pub(crate) help: Option<String>,
}

impl PatternError {
    pub(crate) fn of(why: impl Into<String>) -> Self {
        Self { why: why.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Reads a pattern of five fields: minute, hour, day of month, month, weekday. The fields come back one space apart.
pub(crate) fn read(pattern: &str) -> Result<(String, Cron), PatternError> {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    let read = check_fields(&fields).and_then(|()| read_fields(&fields));
    match read {
        Ok(cron) => Ok((fields.join(" "), cron)),
        Err(error) => Err(foreign::told(pattern.trim()).unwrap_or(error)),
    }
}

/// Whether a pattern can be read, so that it may be offered.
fn reads(pattern: &str) -> bool {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    check_fields(&fields).and_then(|()| read_fields(&fields)).is_ok()
}

/// What the pattern reader would let pass or say less plainly.
fn check_fields(fields: &[&str]) -> Result<(), PatternError> {
    if fields.len() != 5 {
        return Err(PatternError::of(format!("it has {} fields; write five: {ORDER}", fields.len())));
    }
    for (index, (field, (name, range))) in fields.iter().zip(FIELDS).enumerate() {
        if !words_fit(index, field) {
            return Err(PatternError::of(misplaced(field, name, range)));
        }
        // The pattern reader takes a weekday for its number behind the `#` too.
        let counts = |part: &str| part.split_once('#').is_none_or(|(_, nth)| nth == "L" || nth.parse::<u8>().is_ok());
        if index == 4 && !field.split(',').all(counts) {
            return Err(PatternError::of(misplaced(field, name, range)));
        }
        // The pattern reader passes over an `L` that follows no weekday.
        if index == 4 && field.split(',').any(|part| part.eq_ignore_ascii_case("L")) {
            return Err(PatternError::of(
                "`L` in the weekday field follows a weekday: `FRIL` is the last Friday of a month",
            ));
        }
    }
    Ok(())
}

/// Whether the letters of a field are names of its own. The pattern reader takes `MON` for a 1 wherever it stands.
fn words_fit(index: usize, field: &str) -> bool {
    let field = field.to_uppercase();
    let mut words = field.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.all(|word| match index {
        2 => ["L", "W", "LW"].contains(&word),
        3 => MONTHS.contains(&word),
        4 => word == "L" || DAYS.contains(&word) || word.strip_suffix('L').is_some_and(|day| DAYS.contains(&day)),
        _ => false,
    })
}

/// The pattern, or the sentence on the field that cannot be read: alone among stars it shows itself.
fn read_fields(fields: &[&str]) -> Result<Cron, PatternError> {
    let whole = match read_pattern(&fields.join(" ")) {
        Ok(cron) => return Ok(cron),
        Err(why) => why,
    };
    for (index, (field, (name, range))) in fields.iter().zip(FIELDS).enumerate() {
        let mut alone = ["*"; 5];
        if let Some(place) = alone.get_mut(index) {
            *place = *field;
        }
        if read_pattern(&alone.join(" ")).is_err() {
            let told = misplaced(field, name, range);
            let list = (index == 4).then(|| weekdays_in_a_row(field)).flatten();
            return Err(PatternError::of(list.map_or(told, |list| {
                format!("`{field}` runs over the end of the week, which begins with SUN; write `{list}`")
            })));
        }
    }
    Err(PatternError::of(whole))
}

/// The field with its ranges of weekdays written out, if that makes it one that can be read: a range runs from SUN to SAT and no
/// further.
fn weekdays_in_a_row(field: &str) -> Option<String> {
    let index = |day: &str| match day.parse::<usize>() {
        Ok(number) => (number <= 7).then_some(number % 7),
        Err(_) => DAYS.iter().position(|name| name.eq_ignore_ascii_case(day)),
    };
    let mut days = Vec::new();
    for part in field.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (index(first)?, index(last)?);
        days.extend((0..=(last + 7 - first) % 7).filter_map(|step| DAYS.get((first + step) % 7).copied()));
    }
    let list = days.join(",");
    read_pattern(&format!("* * * * {list}")).is_ok().then_some(list)
}

pub(crate) const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn misplaced(field: &str, name: &str, range: &str) -> String {
    format!("`{field}` cannot stand in the {name} field, which takes {range}; the order is {ORDER}")
}

pub(crate) const ORDER: &str = "minute, hour, day of month, month, weekday";

pub(crate) const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31 and L for the last"),
    ("month", "1 to 12 or JAN to DEC"),
    ("weekday", "0 to 7 or SUN to SAT"),
];

fn read_pattern(pattern: &str) -> Result<Cron, String> {
    let parser = croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Disallowed)
        .year(croner::parser::Year::Disallowed)
        .build();
    parser.parse(pattern).map_err(|err| err.to_string().trim_end_matches('.').to_owned())
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
