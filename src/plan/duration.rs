//! Durations as people write them: `10s`, `5m`, `1h30m`, `7d`. The one place that reads them.

use std::time::Duration;

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
    /// The same, with other words for what was written.
    pub(super) fn quoting<'a>(&'a self, shown: impl FnOnce(&'a str) -> &'a str) -> Self {
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
