//! Lies about when a story was made: another instant, or the instant in another form.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::family::{Told, family, scattered};
use crate::state::clock::{earlier, http_date, later, rfc3339};

family! {
    /// About when a story was made.
    CreatedLie {
        Ahead = "created-ahead",
        Behind = "created-behind",
        Scattered = "created-scattered",
        Frozen = "created-frozen",
        Now = "created-now",
        Minute = "created-minute",
        Day = "created-day",
        Epoch = "created-epoch",
        Offset = "created-offset",
        Unzoned = "created-unzoned",
        Slashes = "created-slashes",
        HttpDate = "created-http-date",
        Seconds = "created-seconds",
        Millis = "created-millis",
        Words = "created-words",
        Empty = "created-empty",
        Null = "created-null",
        Missing = "created-missing",
    }
}

/// What is shown as the time of a story.
#[derive(Clone, Debug)]
pub(crate) enum Stamp {
    /// An instant, in the documented form.
    At(Timestamp),
    /// Something in another form.
    As(Value),
    /// Nothing.
    Missing,
}

impl Stamp {
    /// The field as it goes over the wire.
    pub(crate) fn value(self) -> Option<Value> {
        match self {
            Self::At(at) => Some(json!(rfc3339(at))),
            Self::As(value) => Some(value),
            Self::Missing => None,
        }
    }
}

impl CreatedLie {
    /// Whether a story can be kept with it: it is another instant, and not another form.
    pub(crate) fn can_stay(self) -> bool {
        matches!(
            self,
            Self::Ahead | Self::Behind | Self::Scattered | Self::Frozen | Self::Minute | Self::Day | Self::Epoch
        )
    }
}

impl Told<CreatedLie> {
    /// What is shown for a story made at `right`. `key` tells stories apart.
    pub(crate) fn stamp(&self, right: Timestamp, now: Timestamp, started: Timestamp, key: u64) -> Stamp {
        let cut = |seconds: i64| {
            Timestamp::from_second(right.as_second() - right.as_second().rem_euclid(seconds)).unwrap_or(right)
        };
        let shown = |text: jiff::fmt::strtime::Display<'_>| Stamp::As(json!(text.to_string()));
        match self.lie {
            CreatedLie::Ahead => Stamp::At(later(right, self.by)),
            CreatedLie::Behind => Stamp::At(earlier(right, self.by)),
            CreatedLie::Scattered => {
                let by = SignedDuration::from_secs(scattered(self.by, key));
                Stamp::At(right.saturating_add(by).unwrap_or(right))
            }
            CreatedLie::Frozen => Stamp::At(started),
            CreatedLie::Now => Stamp::At(now),
            CreatedLie::Minute => Stamp::At(cut(60)),
            CreatedLie::Day => Stamp::At(cut(86_400)),
            CreatedLie::Epoch => Stamp::At(Timestamp::UNIX_EPOCH),
            CreatedLie::Offset => {
                let seoul = right.to_zoned(jiff::tz::Offset::constant(9).to_time_zone());
                Stamp::As(json!(seoul.strftime("%Y-%m-%dT%H:%M:%S+09:00").to_string()))
            }
            CreatedLie::Unzoned => shown(right.strftime("%Y-%m-%dT%H:%M:%S")),
            CreatedLie::Slashes => shown(right.strftime("%Y/%m/%d %H:%M:%S")),
            CreatedLie::HttpDate => Stamp::As(json!(http_date(right))),
            CreatedLie::Seconds => Stamp::As(json!(right.as_second())),
            CreatedLie::Millis => Stamp::As(json!(right.as_millisecond())),
            CreatedLie::Words => Stamp::As(json!("방금 전")),
            CreatedLie::Empty => Stamp::As(json!("")),
            CreatedLie::Null => Stamp::As(Value::Null),
            CreatedLie::Missing => Stamp::Missing,
        }
    }
}
