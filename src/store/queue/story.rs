//! Taking stories down: the order, the tries, the confirmed end.

use std::time::Duration;

use jiff::Timestamp;

use super::write::{Write, note};
use crate::domain::fault::Fault;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::queue::attempt::row::{close_attempt_row, open_attempt};
use crate::store::values::{count, instant, micros, span, write_json};
use crate::store::written::Written;

/// Who wants a story gone, and why.
#[derive(Clone, Copy, Debug)]
pub struct DeleteOrder<'a> {
    /// A person, or `job`.
    pub actor: &'a str,
    /// In their words; may be empty.
    pub reason: &'a str,
}

/// A story whose take-down has begun.
#[derive(Debug)]
pub struct Doomed {
    /// Its post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The story at Kakao.
    pub story_id: String,
    /// How often taking it down has failed.
    pub failures: u32,
    /// Who ordered it.
    pub ordered_by: String,
    /// Why.
    pub reason: String,
    attempt: i64,
}

impl Store {
    /// Orders that the story of `post` be taken down from `at` on. `Lost` when it is not up.
    pub async fn order_delete(
        &self,
        post: i64,
        order: DeleteOrder<'_>,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Written> {
        let when = micros(at);
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE story SET delete_at = $2, delete_by = $3, delete_reason = $4, delete_failures = 0, delete_fault = NULL
             WHERE post_id = $1 AND deleted_at IS NULL",
            post,
            when,
            order.actor,
            order.reason
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 1 {
            note(&mut tx, post, now, "order_delete", order.actor, order.reason).await?;
        }
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// Orders that the stories of these posts be taken down, one every `gap` from `at` on, so that a large order is no salvo. How
    /// many of them are up. One transaction: an order that was interrupted is repeated for what is left.
    pub async fn order_deletes(
        &self,
        posts: &[i64],
        order: DeleteOrder<'_>,
        (at, gap): (Timestamp, Duration),
        now: Timestamp,
    ) -> Result<u64> {
        let (posts, when, gap, noted_at) = (write_json(&posts)?, micros(at), span(gap), micros(now));
        let mut tx = self.begin().await?;
        sqlx::query!(
            "INSERT INTO event (post_id, at, event, state, actor, reason)
             SELECT p.id, $2, 'order_delete', p.state, $3, $4
             FROM json_each($1) j CROSS JOIN post p ON p.id = j.value CROSS JOIN story s ON s.post_id = p.id
             WHERE s.deleted_at IS NULL ORDER BY j.key",
            posts,
            noted_at,
            order.actor,
            order.reason
        )
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query!(
            "UPDATE story SET delete_at = $2 + $3 * j.key, delete_by = $4, delete_reason = $5, delete_failures = 0, delete_fault = NULL
             FROM json_each($1) j WHERE post_id = j.value AND deleted_at IS NULL",
            posts,
            when,
            gap,
            order.actor,
            order.reason
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }

    /// The account's next story whose take-down is due, with its attempt opened; nothing while the account is blocked.
    ///
    /// An attempt that is still open belongs to a worker that died: one worker at a time serves an account, and if it lives
    /// after all, taking a story down twice does no harm.
    pub async fn begin_delete(&self, account: &str, now: Timestamp) -> Result<Option<Doomed>> {
        let (at, left_alone) = (micros(now), self.untouchable.as_json());
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"SELECT s.post_id, p.job, s.story_id, s.delete_failures, s.delete_by AS "delete_by!",
                 s.delete_reason AS "delete_reason!"
             FROM story s JOIN post p ON p.id = s.post_id
             WHERE s.account = $1 AND s.delete_at IS NOT NULL AND s.deleted_at IS NULL AND s.delete_fault IS NULL
               AND s.delete_at <= $2 AND s.post_id NOT IN (SELECT value FROM json_each($3))
               AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)
             ORDER BY s.delete_at, s.post_id LIMIT 1"#,
            account,
            at,
            left_alone
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let attempt = open_delete(tx, row.post_id, now).await.map_err(|error| error.of_post(row.post_id))?;
        Ok(Some(Doomed {
            post: row.post_id,
            job: row.job,
            story_id: row.story_id,
            failures: count(row.delete_failures),
            ordered_by: row.delete_by,
            reason: row.delete_reason,
            attempt,
        }))
    }

    /// Where the story of `post` would stand in its account's list: when it came to exist by our clock, and the story right above it, of
    /// those that are up and that the answer to a post named; `None`: it stands at the top, or near it.
    pub async fn place_in_list(&self, post: i64) -> Result<(Timestamp, Option<String>)> {
        let row = sqlx::query!(
            r#"SELECT s.came_at, (SELECT above.story_id FROM story above
                 WHERE above.account = s.account AND above.published_at > s.published_at AND above.learnt_by = 'publish'
                   AND above.deleted_at IS NULL ORDER BY above.published_at, above.post_id LIMIT 1) AS "above: String"
               FROM story s WHERE s.post_id = $1"#,
            post
        )
        .fetch_one(&self.readers)
        .await?;
        Ok((instant(row.came_at)?, row.above))
    }

    /// A read confirmed that the story is gone; a trigger writes it into the record of stories too.
    pub async fn record_deleted(&self, doomed: Doomed, how: &str, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let reason = if doomed.reason.is_empty() { how.to_owned() } else { format!("{}; {how}", doomed.reason) };
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'deleted', event = 'delete', actor = $3, reason = $4, changed_at = $2
             WHERE id = $1 AND state = 'published'",
            doomed.post,
            at,
            doomed.ordered_by,
            reason
        )
        .execute(&mut *tx)
        .await?;
        close_attempt_row(&mut tx, doomed.attempt, now, "deleted", None).await?;
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// The story may still be up: another try at `next_at`, which counts towards the limit.
    pub async fn retry_delete(&self, doomed: Doomed, fault: &Fault, next_at: Timestamp, now: Timestamp) -> Result<()> {
        let next = micros(next_at);
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE story SET delete_at = $2, delete_failures = delete_failures + 1
             WHERE post_id = $1 AND deleted_at IS NULL",
            doomed.post,
            next
        )
        .execute(&mut *tx)
        .await?;
        close_attempt_row(&mut tx, doomed.attempt, now, "retry", Some(fault)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The account is blocked, which is no failure of the take-down: it waits until the account is served again.
    pub async fn snooze_delete(&self, doomed: Doomed, fault: &Fault, now: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        close_attempt_row(&mut tx, doomed.attempt, now, "snooze", Some(fault)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Taking it down was given up; the story is still up and a person must look. A new order tries again.
    pub async fn fail_delete(&self, doomed: Doomed, fault: &Fault, now: Timestamp) -> Result<()> {
        let text = fault.to_string();
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE story SET delete_fault = $2, delete_failures = delete_failures + 1
             WHERE post_id = $1 AND deleted_at IS NULL",
            doomed.post,
            text
        )
        .execute(&mut *tx)
        .await?;
        close_attempt_row(&mut tx, doomed.attempt, now, "failed", Some(fault)).await?;
        note(&mut tx, doomed.post, now, "delete_failed", "delete", &text).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Opens the attempt of a take-down.
async fn open_delete(mut tx: Write, post: i64, now: Timestamp) -> Result<i64> {
    let at = micros(now);
    sqlx::query!(
        "UPDATE attempt SET ended_at = $2, verdict = 'lost' WHERE post_id = $1 AND ended_at IS NULL",
        post,
        at
    )
    .execute(&mut *tx)
    .await?;
    let attempt = open_attempt(&mut tx, post, "delete", now).await?;
    tx.commit().await?;
    Ok(attempt)
}
