//! How the columns of the database hold instants, lengths of time, numbers and JSON.

use std::time::Duration;

use jiff::Timestamp;

use super::error::{Result, StoreError};

pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn instant(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Nonsense { what: format!("the instant {micros}") })
}

pub(super) fn instant_opt(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(instant).transpose()
}

/// A length of time in microseconds, at most a century: sums of instants and spans stay far within SQLite's integers, which
/// turn into floating-point numbers when they overflow.
pub(super) fn span(duration: Duration) -> i64 {
    const CENTURY: Duration = Duration::from_secs(100 * 366 * 86_400);
    i64::try_from(duration.min(CENTURY).as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(json: &str, what: &str) -> Result<T> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Nonsense { what: format!("{what} that cannot be read ({error})") })
}

/// For a statement that takes many rows at once. It takes them apart with `jsonb_each`: `json_each` makes text of each row, which each
/// `->>` reads anew, and takes five times as long for twenty columns.
pub(super) fn write_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Nonsense { what: format!("a value without JSON form ({error})") })
}

pub(super) fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
