//! The machine's clock: how it stood when it was last believed, a person's word for it, and what a wrong one did, put right.

use std::time::Duration;

use jiff::Timestamp;

use super::write::Write;
use crate::domain::clock::{Reading, later};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, instant_opt, micros, span, write_json};

/// Most posts that one transaction puts right: few enough that a post that falls due need not wait for the writer for long.
const AT_ONCE: i64 = 500;

/// How the clock stood when it was last believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockMark {
    /// By both clocks.
    pub read: Reading,
    /// Whether an answer, or a person, had confirmed it.
    pub confirmed: bool,
    /// Since when nobody set it.
    pub since: Timestamp,
    /// The last event before that.
    pub since_event: i64,
    /// When it was last believed before that; `None`: nobody set it yet.
    pub before: Option<Timestamp>,
}

/// A person's word that the clock is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockWord {
    /// How the clocks stood when it was given.
    pub read: Reading,
    /// Who gave it.
    pub actor: String,
}

/// What of a wrong clock's deeds was put right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutRight {
    /// Posts that wait again: their window is still open.
    pub brought_back: u64,
    /// Posts that were made for times which the schedule does not ask for, and are withdrawn.
    pub withdrawn: u64,
    /// Jobs whose watermark fell.
    pub jobs: u64,
    /// Accounts that are asked again whether they are served.
    pub probed: u64,
}

impl Store {
    /// How the clock stood when it was last believed; `None`: it never was.
    pub async fn clock_mark(&self) -> Result<Option<ClockMark>> {
        let row = sqlx::query!(
            r#"SELECT seen_at, steady, boot, confirmed AS "confirmed: bool", since_at, since_event, before_at FROM clock WHERE id = 1"#
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(ClockMark {
                read: reading(row.seen_at, row.steady, row.boot)?,
                confirmed: row.confirmed,
                since: instant(row.since_at)?,
                since_event: row.since_event,
                before: instant_opt(row.before_at)?,
            })
        })
        .transpose()
    }

    /// Remembers how the clock stands, since it is believed. `anew`: it was set, or this is a first start, so that what is done from here on
    /// is done by another clock than before.
    pub async fn mark_clock(&self, read: &Reading, confirmed: bool, anew: bool) -> Result<()> {
        let (wall, steady, boot) = (micros(read.wall), span(read.steady), read.boot.as_str());
        sqlx::query!(
            "INSERT INTO clock (id, seen_at, steady, boot, confirmed, since_at, since_event)
             VALUES (1, $1, $2, $3, $4, $1, coalesce((SELECT max(id) FROM event), 0))
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, steady = excluded.steady, boot = excluded.boot,
               confirmed = excluded.confirmed, before_at = iif($5, seen_at, before_at), since_at = iif($5, excluded.since_at, since_at),
               since_event = iif($5, excluded.since_event, since_event)",
            wall,
            steady,
            boot,
            confirmed,
            anew
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// A person's word that the clock is right, if one was given.
    pub async fn clock_word(&self) -> Result<Option<ClockWord>> {
        let row = sqlx::query!("SELECT wall, steady, boot, actor FROM clock_word WHERE id = 1")
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(ClockWord { read: reading(row.wall, row.steady, row.boot)?, actor: row.actor })).transpose()
    }

    /// Takes a person's word that the clock is right as it stands.
    pub async fn confirm_clock(&self, read: &Reading, actor: &str) -> Result<()> {
        let (wall, steady, boot) = (micros(read.wall), span(read.steady), read.boot.as_str());
        sqlx::query!(
            "INSERT INTO clock_word (id, wall, steady, boot, actor) VALUES (1, $1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET wall = excluded.wall, steady = excluded.steady, boot = excluded.boot,
               actor = excluded.actor",
            wall,
            steady,
            boot,
            actor
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// Undoes what was done since the clock was last set, as far as only a wrong clock can have done it, now that it is right: posts that it
    /// missed, or held as too late, and whose window is still open, wait again; posts that it made, of all jobs but those with `fixed` times, for times
    /// that had passed before it was set, or that lie beyond `horizon`, and that nobody has tried to publish, are withdrawn; what was
    /// `at: now` goes out now; watermarks fall to `now`; accounts that were blocked are asked again. What was published stays as it is.
    pub async fn put_right(&self, fixed: &[String], horizon: Duration, now: Timestamp) -> Result<PutRight> {
        let Some(mark) = self.clock_mark().await? else { return Ok(PutRight::default()) };
        let (at, event, until) = (micros(now), mark.since_event, micros(later(now, horizon)));
        // What was believed before and lies ahead was a wrong clock's too: nothing follows from it.
        let before = mark.before.filter(|before| *before <= now).map_or(i64::MIN, micros);
        let mut done = PutRight::default();
        loop {
            let some = self.bring_back(event, at).await?;
            done.brought_back += some;
            if some < AT_ONCE.unsigned_abs() {
                break;
            }
        }
        let fixed = write_json(&fixed)?;
        loop {
            let some = self.withdraw_made_up(event, &fixed, (before, until), at).await?;
            done.withdrawn += some;
            if some < AT_ONCE.unsigned_abs() {
                break;
            }
        }
        let mut tx = self.begin().await?;
        done.jobs = lower_watermarks(&mut tx, until, at).await?;
        let since = micros(mark.since);
        done.probed = sqlx::query!(
            "UPDATE account SET probe_at = $1, blocked_at = min(blocked_at, $1)
             WHERE blocked_at IS NOT NULL AND (blocked_at >= $2 OR blocked_at > $1) AND probe_at > $1",
            at,
            since
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        sqlx::query!(
            "UPDATE post SET nominal_at = $2, occurs_at = $2, due_at = $2, prepare_at = iif(prepare_at IS NULL, NULL, $2),
               late_until_at = iif(late_until_at IS NULL, NULL, $2 + late_within)
             WHERE id IN (SELECT post_id FROM event WHERE id > $1 AND event = 'enqueue')
               AND nominal = 'now' AND state = 'scheduled' AND nominal_at > $2",
            event,
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn bring_back(&self, event: i64, at: i64) -> Result<u64> {
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'release', actor = 'clock', changed_at = $2,
               reason = 'a wrong clock had found it too late; by the right one its time is not over'
             WHERE id IN (SELECT p.id FROM event e JOIN post p ON p.id = e.post_id
               WHERE e.id > $1 AND e.event IN ('miss', 'hold') AND e.actor = 'daemon' AND p.actor = 'daemon'
                 AND ((p.state = 'missed' AND p.event = 'miss') OR (p.state = 'held' AND p.event = 'hold'
                       AND (p.reason LIKE 'too late:%' OR p.reason LIKE 'its `delete_at` has passed%')))
                 AND (p.late_until_at IS NULL OR p.late_until_at >= $2) AND (p.delete_at IS NULL OR p.delete_at > $2)
               LIMIT $3)",
            event,
            at,
            AT_ONCE
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected())
    }

    async fn withdraw_made_up(&self, event: i64, fixed: &str, (before, until): (i64, i64), at: i64) -> Result<u64> {
        let done = sqlx::query!(
            "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', changed_at = $5,
               reason = 'a wrong clock had made it, for a time that is ' || iif(nominal_at > $4, 'still far ahead', 'long past')
             WHERE id IN (SELECT p.id FROM event e JOIN post p ON p.id = e.post_id
               WHERE e.id > $1 AND e.event = 'enqueue' AND p.state IN ('scheduled', 'held') AND p.intent_at IS NULL
                 AND p.job NOT GLOB '@*' AND p.job NOT IN (SELECT value FROM json_each($2)) AND (p.nominal_at <= $3 OR p.nominal_at > $4)
                 AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.post_id = p.id)
               LIMIT $6)",
            event,
            fixed,
            before,
            until,
            at,
            AT_ONCE
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected())
    }

    /// What people were told, or are to be told, by a clock that was in doubt, is told by the right one: nothing of it waits for years, and
    /// nothing counts as years old.
    pub async fn put_notices_right(&self, now: Timestamp) -> Result<()> {
        let at = micros(now);
        let mut tx: Write = self.begin().await?;
        sqlx::query!(
            "UPDATE incident SET began_at = iif(trouble = 'clock_doubt' AND ended_at IS NULL, $1, min(began_at, $1)),
               told_at = iif(trouble = 'clock_doubt' AND told_at IS NOT NULL, $1, min(told_at, $1)),
               end_told_at = min(end_told_at, $1), ended_at = min(ended_at, $1)
             WHERE began_at > $1 OR told_at > $1 OR ended_at > $1 OR end_told_at > $1
                OR (trouble = 'clock_doubt' AND ended_at IS NULL)",
            at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "UPDATE notice SET next_at = min(next_at, $1), created_at = $1
             WHERE next_at IS NOT NULL AND (created_at > $1 OR next_at > $1 OR body ->> '$.trouble' = 'clock_doubt')",
            at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "UPDATE notice_cursor SET digest_at = min(digest_at, $1), next_at = min(next_at, $1)
             WHERE digest_at > $1 OR next_at > $1",
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Watermarks that lie beyond `until` fall to `at`: nothing but a clock that was ahead raises one so far.
async fn lower_watermarks(tx: &mut Write, until: i64, at: i64) -> Result<u64> {
    sqlx::query!("UPDATE clock SET puts_right_at = $1", at).execute(&mut **tx).await?;
    let done = sqlx::query!("UPDATE job SET enqueued_until_at = $1 WHERE enqueued_until_at > $2", at, until)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("UPDATE clock SET puts_right_at = NULL").execute(&mut **tx).await?;
    sqlx::query!("UPDATE job SET first_seen_at = $1 WHERE first_seen_at > $1", at).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

fn reading(wall: i64, steady: i64, boot: String) -> Result<Reading> {
    Ok(Reading { wall: instant(wall)?, steady: Duration::from_micros(u64::try_from(steady).unwrap_or(0)), boot })
}
