//! What nobody holds any more: claims and intents of a process that died, leases that ended, posts that came too late.

use std::time::Duration;

use jiff::Timestamp;

use super::aside::settle;
use super::write::Write;
use crate::domain::clock::later;
use crate::store::error::{Result, StatementFailure};
use crate::store::handle::Store;
use crate::store::values::{micros, write_json};

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Claimed, no request had left: back in the queue.
    pub unclaimed: u64,
    /// Publishing: the request may have left. In doubt.
    pub doubted: u64,
    /// Too late, by the late policy not posted.
    pub missed: u64,
    /// Too late, by the late policy waiting for a person.
    pub held: u64,
    /// Refused by a statement: set aside for a person.
    pub set_aside: u64,
}

impl std::ops::AddAssign for Swept {
    fn add_assign(&mut self, other: Self) {
        self.unclaimed += other.unclaimed;
        self.doubted += other.doubted;
        self.missed += other.missed;
        self.held += other.held;
        self.set_aside += other.set_aside;
    }
}

impl Store {
    /// At start, after the lock was taken and before any claim: whoever claimed or was publishing is dead, whatever the lease
    /// says. One transaction.
    pub async fn sweep_boot(&self, now: Timestamp) -> Result<Swept> {
        self.release_leases(now, i64::MAX, &[], "the daemon stopped").await
    }

    /// While running: a lease that ended belongs to a task that died or hangs. The posts `under_way` are left alone, whatever
    /// their lease says: their task lives (the machine slept, or the clock was set), their request may be about to leave, and
    /// its answer will come.
    pub async fn sweep_leases(&self, under_way: &[i64], now: Timestamp) -> Result<Swept> {
        let left_alone = self.untouchable.as_json();
        let expired = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM post WHERE lease_until_at IS NOT NULL AND lease_until_at <= $1
                 AND id NOT IN (SELECT value FROM json_each($2))) AS "found!: bool""#,
            micros(now),
            left_alone
        )
        .fetch_one(&self.readers)
        .await?;
        if !expired {
            return Ok(Swept::default());
        }
        self.release_leases(now, micros(now), under_way, "its lease ended").await
    }

    async fn release_leases(&self, now: Timestamp, until: i64, under_way: &[i64], what: &str) -> Result<Swept> {
        let mut alive = self.untouchable();
        alive.extend(under_way);
        let alive = write_json(&alive)?;
        let release = async |only: Option<i64>| self.free_leases(now, until, &alive, only, what).await;
        let leased = async || {
            Ok(sqlx::query_scalar!(
                r#"SELECT id AS "id!" FROM post INDEXED BY post_lease WHERE lease_until_at IS NOT NULL AND lease_until_at <= $1
                     AND id NOT IN (SELECT value FROM json_each($2))"#,
                until,
                alive
            )
            .fetch_all(&self.readers)
            .await?)
        };
        self.one_by_one_if_refused(release, leased, now).await
    }

    /// Does `sweep` for every post, or, where a statement refuses that, for each of `posts` by itself; the one that is refused is set
    /// aside.
    pub(super) async fn one_by_one_if_refused(
        &self,
        sweep: impl AsyncFn(Option<i64>) -> Result<Swept>,
        posts: impl AsyncFnOnce() -> Result<Vec<i64>>,
        now: Timestamp,
    ) -> Result<Swept> {
        match sweep(None).await {
            Err(error) if error.trouble() == StatementFailure::Refused => {}
            done => return done,
        }
        let mut swept = Swept::default();
        for post in posts().await? {
            match sweep(Some(post)).await {
                Ok(done) => swept += done,
                Err(error) if error.trouble() == StatementFailure::Refused => {
                    let aside = self.set_aside(post, &error.to_string(), &settle(post), now).await?;
                    tracing::error!(post.id = post, %error, "the queue refused a change; the post {}", aside.as_str());
                    swept.set_aside += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(swept)
    }

    async fn free_leases(
        &self,
        now: Timestamp,
        until: i64,
        alive: &str,
        only: Option<i64>,
        what: &str,
    ) -> Result<Swept> {
        let at = micros(now);
        let mut tx = self.begin().await?;
        close_attempts_of_leases(&mut tx, until, alive, only, at, what).await?;
        close_stray_attempts(&mut tx, only, at).await?;
        let calm = format!("{what} before its request left");
        let unclaimed = sqlx::query!(
            "UPDATE post INDEXED BY post_lease SET state = 'scheduled', event = 'snooze', actor = 'daemon', reason = $3, changed_at = $2,
               lease_until_at = NULL
             WHERE state = 'claimed' AND lease_until_at <= $1 AND id NOT IN (SELECT value FROM json_each($4))
               AND ($5 IS NULL OR id = $5)",
            until,
            at,
            calm,
            alive,
            only
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let doubt = format!("{what} between the intent and the answer");
        let doubted = sqlx::query!(
            "UPDATE post INDEXED BY post_lease SET state = 'in_doubt', event = 'doubt', actor = 'daemon', reason = $3, changed_at = $2,
               lease_until_at = NULL, reconcile_at = $2, absences = 0
             WHERE state = 'publishing' AND lease_until_at <= $1 AND id NOT IN (SELECT value FROM json_each($4))
               AND ($5 IS NULL OR id = $5)",
            until,
            at,
            doubt,
            alive,
            only
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(Swept { unclaimed, doubted, ..Swept::default() })
    }

    /// After the clock was set back: nothing waits for an instant that the wrong clock had put far ahead. Lists are looked at and
    /// notices tried at once, blocked accounts within the hour, leases and gaps count from now, and an upload that seems to live
    /// longer than any is made anew. What was put off by the wrong clock (a retry, a release, a take-down) waits as long as it was put
    /// off for, from now on; what a job file or a person set to an instant stays there.
    pub async fn sweep_set_back(&self, lease: Duration, artifact_life: Duration, now: Timestamp) -> Result<()> {
        let (at, lease_end, life_end) = (micros(now), micros(later(now, lease)), micros(later(now, artifact_life)));
        let mut tx = self.begin().await?;
        sqlx::query!("UPDATE post SET reconcile_at = $1 WHERE reconcile_at > $1", at).execute(&mut *tx).await?;
        sqlx::query!("UPDATE post SET lease_until_at = $1 WHERE lease_until_at > $1", lease_end)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "UPDATE post INDEXED BY post_prepare SET artifact_until_at = $1, prepare_at = $1
             WHERE state = 'scheduled' AND prepare_at IS NOT NULL AND artifact_until_at > $2",
            at,
            life_end
        )
        .execute(&mut *tx)
        .await?;
        put_off_from_now(&mut tx, at).await?;
        take_down_from_now(&mut tx, at).await?;
        sqlx::query!("UPDATE restore SET next_at = $1 WHERE next_at > $1", at).execute(&mut *tx).await?;
        sqlx::query!("UPDATE audit SET next_at = $1 WHERE ended_at IS NULL AND next_at > $1", at)
            .execute(&mut *tx)
            .await?;
        sqlx::query!("UPDATE notice SET next_at = $1 WHERE next_at > $1", at).execute(&mut *tx).await?;
        sqlx::query!("UPDATE account SET probe_at = $1 + 3600000000 WHERE probe_at > $1 + 3600000000", at)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "UPDATE account SET next_at = min(next_at, $1 + iif(max_per_day IS NULL, min_gap, 86400000000)),
               next_late_at = min(next_late_at, $1 + max(catch_up_gap, iif(max_per_day IS NULL, min_gap, 86400000000)))
             WHERE next_at > $1 OR next_late_at > $1",
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Applies the late policy to every waiting post whose window has ended.
    pub async fn sweep_late(&self, now: Timestamp) -> Result<Swept> {
        let (at, left_alone) = (micros(now), self.untouchable.as_json());
        let late = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM post INDEXED BY post_late WHERE state = 'scheduled'
                 AND late_until_at IS NOT NULL AND late_until_at < $1 AND id NOT IN (SELECT value FROM json_each($2)))
               AS "found!: bool""#,
            at,
            left_alone
        )
        .fetch_one(&self.readers)
        .await?;
        if !late {
            return Ok(Swept::default());
        }
        let end = async |only: Option<i64>| self.end_late(at, &left_alone, only).await;
        let all = async || {
            Ok(sqlx::query_scalar!(
                r#"SELECT id AS "id!" FROM post INDEXED BY post_late WHERE state = 'scheduled'
                     AND late_until_at IS NOT NULL AND late_until_at < $1 AND id NOT IN (SELECT value FROM json_each($2))"#,
                at,
                left_alone
            )
            .fetch_all(&self.readers)
            .await?)
        };
        self.one_by_one_if_refused(end, all, now).await
    }

    async fn end_late(&self, at: i64, left_alone: &str, only: Option<i64>) -> Result<Swept> {
        let mut tx = self.begin().await?;
        let missed = sqlx::query!(
            "UPDATE post INDEXED BY post_late SET state = 'missed', event = 'miss', actor = 'daemon', changed_at = $1,
               reason = 'too late: its window ended ' || CASE
                          WHEN late_within % 86400000000 = 0 THEN (late_within / 86400000000) || ' d'
                          WHEN late_within % 3600000000 = 0 THEN (late_within / 3600000000) || ' h'
                          WHEN late_within % 60000000 = 0 THEN (late_within / 60000000) || ' min'
                          ELSE (late_within / 1000000) || ' s' END || ' after its time'
                        || iif(reason = '', '', '; before that: ' || reason)
             WHERE state = 'scheduled' AND late_until_at IS NOT NULL AND late_until_at < $1 AND late_then = 'skip'
               AND id NOT IN (SELECT value FROM json_each($2)) AND ($3 IS NULL OR id = $3)",
            at,
            left_alone,
            only
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let held = sqlx::query!(
            "UPDATE post INDEXED BY post_late SET state = 'held', event = 'hold', actor = 'daemon', changed_at = $1,
               reason = 'too late: its window ended ' || CASE
                          WHEN late_within % 86400000000 = 0 THEN (late_within / 86400000000) || ' d'
                          WHEN late_within % 3600000000 = 0 THEN (late_within / 3600000000) || ' h'
                          WHEN late_within % 60000000 = 0 THEN (late_within / 60000000) || ' min'
                          ELSE (late_within / 1000000) || ' s' END || ' after its time'
                        || iif(reason = '', '', '; before that: ' || reason)
             WHERE state = 'scheduled' AND late_until_at IS NOT NULL AND late_until_at < $1 AND late_then = 'hold'
               AND id NOT IN (SELECT value FROM json_each($2)) AND ($3 IS NULL OR id = $3)",
            at,
            left_alone,
            only
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(Swept { missed, held, ..Swept::default() })
    }

    /// At start: take-downs that were under way. Deleting may be repeated, so the attempt is closed and made again.
    pub async fn sweep_deletes(&self, now: Timestamp) -> Result<u64> {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE attempt SET ended_at = $1, verdict = 'lost', fault_class = 'transient', fault_code = 'interrupted',
               fault_reason = 'the daemon stopped', fault_remedy = ''
             WHERE ended_at IS NULL AND kind = 'delete'",
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected())
    }
}

/// Waiting posts that a clock which was ahead last moved: what it reckoned from its own time is reckoned from `at`. Their time itself,
/// by the job file or by a person, is nothing that was reckoned.
async fn put_off_from_now(tx: &mut Write, at: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE post INDEXED BY post_put_off SET changed_at = $1,
           due_at = max(coalesce(moved_to_at, occurs_at), $1 + due_at - changed_at),
           late_until_at = min(late_until_at, max(coalesce(moved_to_at, occurs_at), $1) + late_within),
           prepare_at = iif(prepare_at IS NOT artifact_until_at
                            AND (prepare_failures > 0 OR due_at > coalesce(moved_to_at, occurs_at)),
                          $1 + max(0, prepare_at - changed_at), prepare_at)
         WHERE state = 'scheduled' AND changed_at > $1
           AND (prepare_failures > 0 OR due_at > coalesce(moved_to_at, occurs_at)
                OR late_until_at > coalesce(moved_to_at, occurs_at) + late_within)",
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Take-downs that a clock which was ahead reckoned from its own time: so long after the story was published, so long after a try that
/// failed, or when a person ordered them. A `delete_at` of a job file is nothing that was reckoned.
async fn take_down_from_now(tx: &mut Write, at: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE story SET delete_at = $1 + (SELECT p.delete_after FROM post p WHERE p.id = post_id)
         WHERE post_id IN (
           SELECT s.post_id FROM account c CROSS JOIN story s INDEXED BY story_delete CROSS JOIN post p
           WHERE s.account = c.name AND s.delete_at > $1 AND s.deleted_at IS NULL AND s.delete_fault IS NULL
             AND s.delete_by = 'job' AND s.delete_failures = 0
             AND p.id = s.post_id AND p.changed_at > $1 AND s.delete_at > $1 + p.delete_after)",
        at
    )
    .execute(&mut **tx)
    .await?;
    // What lies before the instant from which it was reckoned has been set right before.
    sqlx::query!(
        "WITH reckoned AS MATERIALIZED (
           SELECT s.post_id AS post, iif(s.delete_failures > 0,
             (SELECT ended_at FROM attempt WHERE post_id = s.post_id AND kind = 'delete' ORDER BY id DESC LIMIT 1),
             (SELECT at FROM event WHERE post_id = s.post_id AND event = 'order_delete' ORDER BY id DESC LIMIT 1)) AS from_at
           FROM account c CROSS JOIN story s INDEXED BY story_delete
           WHERE s.account = c.name AND s.delete_at > $1 AND s.deleted_at IS NULL AND s.delete_fault IS NULL
             AND (s.delete_failures > 0 OR s.delete_by <> 'job'))
         UPDATE story SET delete_at = $1 + delete_at - from_at FROM reckoned
         WHERE post_id = post AND from_at > $1 AND delete_at >= from_at",
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn close_attempts_of_leases(
    tx: &mut Write,
    until: i64,
    alive: &str,
    only: Option<i64>,
    at: i64,
    what: &str,
) -> Result<()> {
    sqlx::query!(
        "UPDATE attempt SET ended_at = $2, fault_code = 'interrupted', fault_reason = $3, fault_remedy = '',
           fault_class = iif((SELECT state FROM post WHERE id = post_id) = 'publishing', 'ambiguous', 'transient'),
           verdict = iif((SELECT state FROM post WHERE id = post_id) = 'publishing', 'in_doubt', 'snooze')
         WHERE ended_at IS NULL AND kind <> 'delete' AND ($5 IS NULL OR post_id = $5)
           AND post_id IN (SELECT id FROM post WHERE lease_until_at IS NOT NULL AND lease_until_at <= $1
                             AND id NOT IN (SELECT value FROM json_each($4)))",
        until,
        at,
        what,
        alive,
        only
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Attempts at posts that nobody holds: their verdict can never come, and they would be in the way of the next attempt.
async fn close_stray_attempts(tx: &mut Write, only: Option<i64>, at: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE attempt SET ended_at = $1, verdict = 'lost'
         WHERE ended_at IS NULL AND kind <> 'delete' AND ($2 IS NULL OR post_id = $2)
           AND (SELECT lease_until_at FROM post WHERE id = post_id) IS NULL",
        at,
        only
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
