//! What came of an account's posts over the months, from the daily counts that the database keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{count, micros};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// One account in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatsRow {
    /// `2026-12`, in `zone`.
    pub month: String,
    /// IANA name of the zone that the counts are kept in: that of the machine that the daemon runs on.
    pub zone: String,
    /// The account.
    pub account: String,
    /// Stories that came to exist, or were adopted.
    pub published: u32,
    /// Of those: more than a minute after their time.
    pub late: u32,
    /// Of those published: more than one attempt at publishing.
    pub retried: u32,
    /// Of those published: had been in doubt.
    pub doubtful: u32,
    /// Too late to be posted.
    pub missed: u32,
    /// Refused for good, or the attempts were used up.
    pub failed: u32,
    /// Stories that were taken down.
    pub deleted: u32,
    /// How long after their time the answers came.
    pub lateness: Percentiles,
    /// How long the publish requests took, intent to answer.
    pub duration: Percentiles,
}

/// Milliseconds that half, nine tenths and ninety-nine hundredths of the posts stayed within: not the exact values, but the upper
/// bounds of the classes that they fall in, 5 ms, 10 ms, 20 ms and so on. Empty without posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50_ms: Option<u64>,
    /// The 90th percentile.
    pub p90_ms: Option<u64>,
    /// The 99th percentile.
    pub p99_ms: Option<u64>,
}

impl Percentiles {
    /// From the classes: upper bound in microseconds and number of posts.
    fn of(classes: &BTreeMap<i64, u64>) -> Self {
        let total: u64 = classes.values().sum();
        let at = |hundredths: u64| {
            let wanted = (total * hundredths).div_ceil(100);
            let mut seen = 0;
            let bound = classes.iter().find(|(_, posts)| {
                seen += **posts;
                seen >= wanted
            });
            bound.filter(|_| total > 0).map(|(bound, _)| u64::try_from(*bound).unwrap_or(0) / 1000)
        };
        Self { p50_ms: at(50), p90_ms: at(90), p99_ms: at(99) }
    }

    /// A bound as a length of time; `None` where it is beyond every class.
    pub fn length(ms: u64) -> Option<Duration> {
        (ms < u64::try_from(i64::MAX / 1000).unwrap_or(u64::MAX)).then(|| Duration::from_millis(ms))
    }
}

#[derive(Default)]
struct Month {
    row: StatsRow,
    lateness: BTreeMap<i64, u64>,
    duration: BTreeMap<i64, u64>,
}

impl Store {
    /// The zone that the counts are kept in now.
    pub async fn counting_zone(&self) -> Result<String> {
        Ok(sqlx::query_scalar!("SELECT zone FROM calendar ORDER BY from_at DESC LIMIT 1")
            .fetch_one(&self.readers)
            .await?)
    }

    /// Each account and month from that of `since` on, the latest month first.
    pub async fn stats(&self, account: Option<&str>, since: Timestamp) -> Result<Vec<StatsRow>> {
        let zone = self.counting_zone().await?;
        let first = TimeZone::get(&zone).unwrap_or(TimeZone::UTC).to_datetime(since).date().first_of_month();
        let since =
            first.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).map_or(micros(since), |first| micros(first.timestamp()));
        let since = since.div_euclid(DAY);
        let mut tx = self.readers.begin().await?;
        let counts = sqlx::query!(
            "SELECT account, day, published, late, retried, doubtful, missed, failed, deleted FROM tally
             WHERE day >= $1 AND ($2 IS NULL OR account = $2)",
            since,
            account
        )
        .fetch_all(&mut *tx)
        .await?;
        let lengths = sqlx::query!(
            "SELECT account, day, what, up_to, posts FROM tally_length WHERE day >= $1 AND ($2 IS NULL OR account = $2)",
            since,
            account
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut months: BTreeMap<(String, String), Month> = BTreeMap::new();
        for row in counts {
            let month = months.entry((month_of(row.day)?, row.account)).or_default();
            let into = &mut month.row;
            for (sum, more) in [
                (&mut into.published, row.published),
                (&mut into.late, row.late),
                (&mut into.retried, row.retried),
                (&mut into.doubtful, row.doubtful),
                (&mut into.missed, row.missed),
                (&mut into.failed, row.failed),
                (&mut into.deleted, row.deleted),
            ] {
                *sum = sum.saturating_add(count(more));
            }
        }
        for row in lengths {
            let month = months.entry((month_of(row.day)?, row.account)).or_default();
            let classes = if row.what == "lateness" { &mut month.lateness } else { &mut month.duration };
            *classes.entry(row.up_to).or_default() += u64::from(count(row.posts));
        }
        let rows = months.into_iter().rev().map(|((name, account), month)| StatsRow {
            month: name,
            zone: zone.clone(),
            account,
            lateness: Percentiles::of(&month.lateness),
            duration: Percentiles::of(&month.duration),
            ..month.row
        });
        let mut rows: Vec<StatsRow> = rows.collect();
        rows.sort_by(|a, b| b.month.cmp(&a.month).then_with(|| a.account.cmp(&b.account)));
        Ok(rows)
    }
}

fn month_of(day: i64) -> Result<String> {
    let date = day.checked_mul(DAY).and_then(|at| Timestamp::from_microsecond(at).ok());
    let date: Date =
        date.ok_or_else(|| StoreError::Nonsense { what: format!("the day {day}") })?.to_zoned(TimeZone::UTC).date();
    Ok(format!("{:04}-{:02}", date.year(), date.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_bound_of_the_class_that_holds_it() {
        let classes = BTreeMap::from([(5_000, 50), (10_000, 40), (100_000, 9), (1_000_000, 1)]);
        let found = Percentiles::of(&classes);
        assert_eq!(found, Percentiles { p50_ms: Some(5), p90_ms: Some(10), p99_ms: Some(100) });
        assert_eq!(Percentiles::of(&BTreeMap::new()), Percentiles::default());
        assert_eq!(Percentiles::of(&BTreeMap::from([(20_000, 1)])).p99_ms, Some(20));
    }

    #[test]
    fn a_day_belongs_to_a_month() {
        assert_eq!(month_of(0).unwrap(), "1970-01");
        assert_eq!(month_of(20_788).unwrap(), "2026-12");
    }
}
