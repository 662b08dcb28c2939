//! What was not posted while nobody ran, or the machine slept: said and recorded before anything is done about it. And what still
//! waits when its story should come down.

use jiff::Timestamp;

use super::sweep::Swept;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, micros, write_json};

/// A waiting post whose time has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The account that it goes to.
    pub account: String,
    /// When it should have appeared.
    pub occurs_at: Timestamp,
    /// What will be done with it, in words.
    pub then: String,
    /// Its history says so already, and nothing has happened to it since.
    pub said_before: bool,
}

impl Store {
    /// Every waiting post that was due at or before `before`, with what its late policy makes of it at `now`; written into the
    /// history of each, unless that ends with the same already: a daemon that starts over and over says it once.
    pub async fn note_overdue(&self, before: Timestamp, now: Timestamp) -> Result<Vec<Overdue>> {
        let (limit, at) = (micros(before), micros(now));
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", job, account, occurs_at, "then" AS "then!: String",
                 coalesce((SELECT e.event = 'overdue' AND e.reason = 'found late; ' || "then" FROM event e
                           WHERE e.post_id = late.id ORDER BY e.id DESC LIMIT 1), 0) AS "said!: bool"
               FROM (SELECT id, job, account, occurs_at, due_at,
                       CASE WHEN delete_at <= $2 THEN 'will be held for a person'
                            WHEN late_until_at IS NULL OR late_until_at >= $2 THEN 'will be posted'
                            WHEN late_then = 'hold' THEN 'will be held for a person'
                            ELSE 'will not be posted' END AS "then"
                     FROM post WHERE state = 'scheduled' AND due_at <= $1) late
               ORDER BY due_at, id"#,
            limit,
            at
        )
        .fetch_all(&self.readers)
        .await?;
        let overdue = rows.into_iter().map(|row| {
            let occurs_at = instant(row.occurs_at)?;
            let (job, account, then) = (row.job, row.account, row.then);
            Ok(Overdue { post: row.id, job, account, occurs_at, then, said_before: row.said })
        });
        let overdue = overdue.collect::<Result<Vec<Overdue>>>()?;
        let new: Vec<(i64, &str)> =
            overdue.iter().filter(|post| !post.said_before).map(|post| (post.post, post.then.as_str())).collect();
        if !new.is_empty() {
            let new = write_json(&new)?;
            sqlx::query!(
                "INSERT INTO event (post_id, at, event, state, actor, reason)
                 SELECT p.id, $1, 'overdue', p.state, 'daemon', 'found late; ' || (n.value ->> 1)
                 FROM jsonb_each($2) n JOIN post p ON p.id = n.value ->> 0 WHERE p.state = 'scheduled' ORDER BY n.key",
                at,
                new
            )
            .execute(self.writing().await)
            .await?;
        }
        Ok(overdue)
    }

    /// Holds every waiting post whose `delete_at` has passed: posted and taken down in one breath is nobody's wish. How many. Those of an
    /// account whose list has not been read since a backup was restored are judged by that list first.
    pub async fn sweep_past_delete(&self, now: Timestamp) -> Result<Swept> {
        let (at, left_alone) = (micros(now), self.untouchable.as_json());
        let past = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM post INDEXED BY post_delete WHERE state = 'scheduled'
                 AND delete_at IS NOT NULL AND delete_at <= $1 AND id NOT IN (SELECT value FROM json_each($2))
                 AND NOT EXISTS (SELECT 1 FROM restore r WHERE r.account = post.account AND r.settled_at IS NULL))
               AS "found!: bool""#,
            at,
            left_alone
        )
        .fetch_one(&self.readers)
        .await?;
        if !past {
            return Ok(Swept::default());
        }
        let hold = async |only: Option<i64>| self.hold_past_delete(at, &left_alone, only).await;
        let all = async || {
            Ok(sqlx::query_scalar!(
                r#"SELECT id AS "id!" FROM post INDEXED BY post_delete WHERE state = 'scheduled'
                     AND delete_at IS NOT NULL AND delete_at <= $1 AND id NOT IN (SELECT value FROM json_each($2))"#,
                at,
                left_alone
            )
            .fetch_all(&self.readers)
            .await?)
        };
        self.one_by_one_if_refused(hold, all, now).await
    }

    async fn hold_past_delete(&self, at: i64, left_alone: &str, only: Option<i64>) -> Result<Swept> {
        let held = sqlx::query!(
            "UPDATE post INDEXED BY post_delete SET state = 'held', event = 'hold', actor = 'daemon', changed_at = $1,
               reason = 'its `delete_at` has passed, so that its story would be taken down at once; give its job a later one, '
                        || 'then release it, or cancel it' || iif(reason = '', '', '; before that: ' || reason)
             WHERE state = 'scheduled' AND delete_at IS NOT NULL AND delete_at <= $1
               AND id NOT IN (SELECT value FROM json_each($2)) AND ($3 IS NULL OR id = $3)
               AND NOT EXISTS (SELECT 1 FROM restore r WHERE r.account = post.account AND r.settled_at IS NULL)",
            at,
            left_alone,
            only
        )
        .execute(self.writing().await)
        .await?;
        Ok(Swept { held: held.rows_affected(), ..Swept::default() })
    }
}
