//! Lies about the time, in the `Date` header.

use jiff::Timestamp;

use super::family::{Told, family, scattered};
use crate::state::clock::{earlier, http_date, later};

family! {
    /// About the time, in the `Date` header.
    DateLie {
        Ahead = "date-ahead",
        Behind = "date-behind",
        Scattered = "date-scattered",
        Frozen = "date-frozen",
        Epoch = "date-epoch",
        Twice = "date-twice",
        Zoned = "date-zoned",
        Rfc3339 = "date-rfc3339",
        Words = "date-words",
        Empty = "date-empty",
        Missing = "date-missing",
    }
}

impl Told<DateLie> {
    /// The `Date` headers of an answer that leaves at `right`, from a sandbox that started at `started`. `roll` differs between answers.
    pub(crate) fn dates(&self, right: Timestamp, started: Timestamp, roll: u64) -> Vec<String> {
        let one = match self.lie {
            DateLie::Ahead => http_date(later(right, self.by)),
            DateLie::Behind => http_date(earlier(right, self.by)),
            DateLie::Scattered => {
                let by = jiff::SignedDuration::from_secs(scattered(self.by, roll));
                http_date(right.saturating_add(by).unwrap_or(right))
            }
            DateLie::Frozen => http_date(started),
            DateLie::Epoch => http_date(Timestamp::UNIX_EPOCH),
            DateLie::Twice => return vec![http_date(right), http_date(later(right, self.by))],
            DateLie::Zoned => {
                let seoul = right.to_zoned(jiff::tz::Offset::constant(9).to_time_zone());
                seoul.strftime("%a, %d %b %Y %H:%M:%S +0900").to_string()
            }
            DateLie::Rfc3339 => right.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            DateLie::Words => "just now".to_owned(),
            DateLie::Empty => String::new(),
            DateLie::Missing => return Vec::new(),
        };
        vec![one]
    }
}
