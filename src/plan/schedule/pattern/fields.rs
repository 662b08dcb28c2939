//! The five fields of a cron pattern: what each takes, and the sentence on one that cannot be read.

use croner::Cron;

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

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Whether a pattern can be read, so that it may be offered.
pub(super) fn reads(pattern: &str) -> bool {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    check_fields(&fields).and_then(|()| read_fields(&fields)).is_ok()
}

/// What the pattern reader would let pass or say less plainly.
pub(super) fn check_fields(fields: &[&str]) -> Result<(), PatternError> {
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
pub(super) fn read_fields(fields: &[&str]) -> Result<Cron, PatternError> {
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
