//! Durations as people write them: `10s`, `5m`, `1h30m`, `7d`. The one place that reads them.

use std::time::Duration;

use crate::domain::content::composed;

/// The units, largest first, with their length in seconds. A day is 24 hours, whatever the clocks do.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Longest duration that is read: ten years.
pub const MAX: Duration = Duration::from_secs(3_650 * 86_400);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not numbers with units, largest unit first.
    #[error("a duration is whole numbers with units, the largest first")]
    Form,
    /// A number without a unit.
    #[error("the number {0} has no unit")]
    NoUnit(String),
    /// Shorter than is allowed here.
    #[error("shorter than {}", write(*.0))]
    TooShort(Duration),
    /// Longer than is allowed here.
    #[error("longer than {}", write(*.0))]
    TooLong(Duration),
}

impl DurationError {
    /// Why, and what to write instead: for a command line.
    pub fn advised(&self, text: &str) -> String {
        let help = match self {
            Self::Form => advice(text),
            Self::NoUnit(number) => {
                format!("write `{number}m` for minutes, `{number}h` for hours, `{number}d` for days")
            }
            Self::TooShort(_) | Self::TooLong(_) => return self.to_string(),
        };
        format!("{self}; {help}")
    }

    /// The same, with other words for what was written.
    pub(crate) fn quoting<'a>(&'a self, shown: impl FnOnce(&'a str) -> &'a str) -> Self {
        match self {
            Self::NoUnit(number) => Self::NoUnit(shown(number).to_owned()),
            other => other.clone(),
        }
    }
}

/// Reads `text`: whole numbers with the units `d`, `h`, `m`, `s`, each at most once, the largest first.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    let mut rest = text;
    let mut seconds: u64 = 0;
    for (unit, length) in UNITS {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        if let Some(tail) = tail.strip_prefix(unit) {
            let number: u64 = number
                .parse()
                .map_err(|_| if number.is_empty() { DurationError::Form } else { DurationError::TooLong(MAX) })?;
            seconds = seconds.saturating_add(number.saturating_mul(length));
            rest = tail;
        }
    }
    match Duration::from_secs(seconds) {
        _ if text.is_empty() || !rest.is_empty() => Err(DurationError::Form),
        duration if duration > MAX => Err(DurationError::TooLong(MAX)),
        duration => Ok(duration),
    }
}

/// [`parse`], and the range from `min` to `max` inclusive.
pub fn parse_within(text: &str, min: Duration, max: Duration) -> Result<Duration, DurationError> {
    match parse(text)? {
        duration if duration < min => Err(DurationError::TooShort(min)),
        duration if duration > max => Err(DurationError::TooLong(max)),
        duration => Ok(duration),
    }
}

/// What to write instead of a text that is no duration.
pub fn advice(text: &str) -> String {
    match meant(text) {
        Some(duration) => format!("write `{}`", write(duration)),
        None => "write it as `30s`, `10m`, `1h30m` or `7d`".to_owned(),
    }
}

/// The duration that other words mean: `1 hour`, `7 days`, `1주`, `2시간 30분`, `1.5h`, `PT1H`. Only ever offered, never used.
pub(crate) fn meant(text: &str) -> Option<Duration> {
    let folded = composed(text).to_lowercase();
    let folded: String = folded
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            ',' | '_' => ' ',
            c => c,
        })
        .collect();
    let folded = folded.trim();
    // ISO 8601 puts a `t` before hours, so that `m` before it would be months.
    let iso = folded.strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c == 't' || c.is_ascii_digit()));
    let rest = match iso {
        Some(rest) => match rest.split_once('t') {
            Some((days, hours)) => format!("{days} {hours}"),
            None => rest.to_owned(),
        },
        None => folded.to_owned(),
    };
    let mut rest = rest.trim_start();
    let mut seconds = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number);
        let word = tail.trim_start();
        let end = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
        let (word, tail) = word.split_at(end);
        seconds += counted(number, word)?;
        parts += 1;
        rest = tail.trim_start();
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    let whole = parts > 0 && seconds >= 1.0 && seconds <= MAX.as_secs_f64() && f64::fract(seconds) == 0.0;
    whole.then(|| Duration::from_secs_f64(seconds))
}

/// The seconds of a number with a unit in words; of some words without a number.
fn counted(number: &str, word: &str) -> Option<f64> {
    const WORDS: [(&[&str], f64); 5] = [
        (&["s", "sec", "secs", "second", "seconds", "초"], 1.0),
        (&["m", "min", "mins", "minute", "minutes", "분"], 60.0),
        (&["h", "hr", "hrs", "hour", "hours", "시간"], 3_600.0),
        (&["d", "day", "days", "일"], 86_400.0),
        (&["w", "wk", "wks", "week", "weeks", "주", "주일", "주간"], 604_800.0),
    ];
    const WHOLE: [(&str, f64); 8] = [
        ("하루", 86_400.0),
        ("이틀", 172_800.0),
        ("사흘", 259_200.0),
        ("일주일", 604_800.0),
        ("한시간", 3_600.0),
        ("두시간", 7_200.0),
        ("hourly", 3_600.0),
        ("daily", 86_400.0),
    ];
    if number.is_empty() {
        return WHOLE.iter().find(|(name, _)| *name == word).map(|(_, length)| *length);
    }
    let (_, length) = WORDS.iter().find(|(names, _)| names.contains(&word))?;
    Some(number.parse::<f64>().ok()? * length)
}

/// Writes a duration in the form that [`parse`] reads; whole seconds, the rest is dropped.
pub fn write(duration: Duration) -> String {
    let mut seconds = duration.as_secs();
    let mut text = String::new();
    for (unit, length) in UNITS {
        if seconds >= length {
            text.push_str(&format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write_back() {
        for (text, seconds) in [
            ("10s", 10),
            ("1m", 60),
            ("5m", 300),
            ("2h", 7_200),
            ("7d", 604_800),
            ("1h30m", 5_400),
            ("1d1s", 86_401),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
            assert_eq!(write(Duration::from_secs(seconds)), text);
        }
        assert_eq!(parse("90m"), Ok(Duration::from_secs(5_400)));
    }

    #[test]
    fn what_other_words_mean_is_offered_and_nothing_else() {
        for (text, offered) in [
            ("1 hour", "1h"),
            ("7 days", "7d"),
            ("1 week", "7d"),
            ("2w", "14d"),
            ("1주", "7d"),
            ("일주일", "7d"),
            ("2시간 30분", "2h30m"),
            ("30분", "30m"),
            ("3 일", "3d"),
            ("1.5h", "1h30m"),
            ("1h 30m", "1h30m"),
            ("30m1h", "1h30m"),
            ("1 hour and 30 minutes", "1h30m"),
            ("1 hour, 5 sec", "1h5s"),
            ("7D", "7d"),
            ("１h", "1h"),
            ("PT1H30M", "1h30m"),
            ("P7D", "7d"),
            ("\u{1111}\u{116e}", ""),
            ("", ""),
            ("h", ""),
            ("-1h", ""),
            ("1 month", ""),
            ("soon", ""),
            ("1..5h", ""),
            ("0.5s", ""),
            ("4000 days", ""),
        ] {
            let advice = advice(text);
            let expected = if offered.is_empty() { "write it as" } else { &format!("write `{offered}`") };
            assert!(advice.starts_with(expected), "{text:?}: {advice}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "s", "1.5h", "-1h", "1h 30m", "30m1h", "1h1h", "1w", "1 hour", "7D", "１h"] {
            assert_eq!(parse(text), Err(DurationError::Form), "{text:?}");
        }
        assert_eq!(parse("90"), Err(DurationError::NoUnit("90".to_owned())));
        assert_eq!(parse("4000d"), Err(DurationError::TooLong(MAX)));
        assert_eq!(parse("99999999999999999999h"), Err(DurationError::TooLong(MAX)));
        let hour = Duration::from_secs(3_600);
        assert_eq!(parse_within("10s", hour, MAX).map_err(|err| err.to_string()), Err("shorter than 1h".to_owned()));
    }
}
