//! The zone in which the days of the counts begin. A trigger counts, and cannot ask for the rules of a zone: they are written down
//! for it, as far ahead as the offsets are known.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{micros, write_json};

/// How far ahead the changes of a zone's offset are written down, in years: longer than a daemon goes without being started.
const YEARS_AHEAD: i64 = 20;
/// Most changes that are written down: more than any zone has in these years.
const CHANGES_MAX: usize = 200;
/// Before everything.
const BEGINNING: i64 = -9_223_372_036_854_775_807;

impl Store {
    /// Counts by the days of this zone from `now` on; what was counted before stays as it is. Writes only what is news.
    pub async fn keep_calendar(&self, zone: &TimeZone, now: Timestamp) -> Result<()> {
        let name = zone.iana_name().unwrap_or("UTC");
        let last = now.checked_add(jiff::SignedDuration::from_hours(24 * 365 * YEARS_AHEAD)).unwrap_or(Timestamp::MAX);
        let changes: Vec<(i64, i64)> = zone
            .following(now)
            .take(CHANGES_MAX)
            .take_while(|change| change.timestamp() < last)
            .map(|change| (micros(change.timestamp()), offset(change.offset())))
            .collect();
        let (at, current) = (micros(now), offset(zone.to_offset(now)));
        // The far end moves with the clock: it is no news as long as the half before it is known.
        let half = changes.len().div_ceil(2);
        let (near, to_come) = (write_json(&&changes[..half])?, write_json(&changes)?);
        let mut tx = self.begin().await?;
        let known = sqlx::query!(
            r#"SELECT offset, zone, (SELECT count(*) FROM calendar WHERE from_at > $1
                 AND json_array(from_at, offset) IN (SELECT value FROM json_each($2))) AS "ahead!: i64"
               FROM calendar WHERE from_at <= $1 ORDER BY from_at DESC LIMIT 1"#,
            at,
            near
        )
        .fetch_one(&mut *tx)
        .await?;
        if known.zone == name && known.offset == current && usize::try_from(known.ahead) == Ok(half) {
            return Ok(());
        }
        let counted =
            sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM tally) AS "found!: bool""#).fetch_one(&mut *tx).await?;
        let from = if counted { at } else { BEGINNING };
        sqlx::query!("DELETE FROM calendar WHERE from_at >= $1", from).execute(&mut *tx).await?;
        sqlx::query!("INSERT INTO calendar (from_at, offset, zone) VALUES ($1, $2, $3)", from, current, name)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "INSERT INTO calendar (from_at, offset, zone) SELECT value ->> 0, value ->> 1, $2 FROM jsonb_each($1)",
            to_come,
            name
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// In microseconds.
fn offset(of: Offset) -> i64 {
    i64::from(of.seconds()) * 1_000_000
}
