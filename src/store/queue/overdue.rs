//! What was not posted while nobody ran, or the machine slept: said and recorded before anything is done about it.

use jiff::Timestamp;

use super::{Result, Store, micros};
use crate::store::instant;

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
}

impl Store {
    /// Every waiting post that was due at or before `before`, with what its late policy makes of it at `now`; written into the
    /// history of each.
    pub async fn note_overdue(&self, before: Timestamp, now: Timestamp) -> Result<Vec<Overdue>> {
        let (limit, at) = (micros(before), micros(now));
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", job, account, occurs_at,
                 CASE WHEN late_until_at IS NULL OR late_until_at >= $2 THEN 'will be posted'
                      WHEN late_then = 'hold' THEN 'will be held for a person'
                      ELSE 'will not be posted' END AS "then!: String"
               FROM post WHERE state = 'scheduled' AND due_at <= $1 ORDER BY due_at, id"#,
            limit,
            at
        )
        .fetch_all(&self.readers)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        sqlx::query!(
            "INSERT INTO event (post_id, at, event, state, actor, reason)
             SELECT id, $2, 'overdue', state, 'daemon',
               CASE WHEN late_until_at IS NULL OR late_until_at >= $2 THEN 'found late; will be posted'
                    WHEN late_then = 'hold' THEN 'found late; will be held for a person'
                    ELSE 'found late; will not be posted' END
             FROM post WHERE state = 'scheduled' AND due_at <= $1 ORDER BY due_at, id",
            limit,
            at
        )
        .execute(self.writing().await)
        .await?;
        rows.into_iter()
            .map(|row| {
                let occurs_at = instant(row.occurs_at)?;
                Ok(Overdue { post: row.id, job: row.job, account: row.account, occurs_at, then: row.then })
            })
            .collect()
    }
}
