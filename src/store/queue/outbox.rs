//! The outbox: notices wait here until they were delivered, with retries of their own.

use jiff::Timestamp;

use crate::domain::notice::Notice;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant, micros, read_json};

/// A notice that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueNotice {
    /// Its number: the same each time that it is tried.
    pub id: i64,
    /// What it says.
    pub notice: Notice,
    /// When it was written.
    pub created_at: Timestamp,
    /// Tries so far.
    pub tries: u32,
    /// Whether it was refused for its own sake.
    pub refused: bool,
}

impl Store {
    /// The sinks for which a notice is due.
    pub async fn sinks_due(&self, now: Timestamp) -> Result<Vec<String>> {
        let at = micros(now);
        Ok(sqlx::query_scalar!("SELECT DISTINCT sink FROM notice WHERE next_at IS NOT NULL AND next_at <= $1", at)
            .fetch_all(&self.readers)
            .await?)
    }

    /// The oldest notice that is due for a sink.
    pub async fn notice_due(&self, sink: &str, now: Timestamp) -> Result<Option<DueNotice>> {
        let at = micros(now);
        let row = sqlx::query!(
            r#"SELECT id, body, created_at, tries, refused AS "refused!: bool" FROM notice
               WHERE sink = $1 AND next_at IS NOT NULL AND next_at <= $2 ORDER BY id LIMIT 1"#,
            sink,
            at
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(DueNotice {
                id: row.id,
                notice: read_json(&row.body, "a notice")?,
                created_at: instant(row.created_at)?,
                tries: count(row.tries),
                refused: row.refused,
            })
        })
        .transpose()
    }

    /// The notice arrived.
    pub async fn notice_delivered(&self, notice: i64, now: Timestamp) -> Result<()> {
        let at = micros(now);
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE notice SET next_at = NULL, ended_at = $2, outcome = 'delivered', tries = tries + 1, problem = NULL
             WHERE id = $1 AND next_at IS NOT NULL",
            notice,
            at
        )
        .execute(&mut *tx)
        .await?;
        // The sink is up again: what waited for its next try follows at once. What was refused for its own sake does when such a one
        // is taken.
        sqlx::query!(
            "UPDATE notice SET next_at = $2
             WHERE sink = (SELECT sink FROM notice WHERE id = $1) AND next_at IS NOT NULL AND next_at > $2
               AND refused <= (SELECT refused FROM notice WHERE id = $1)",
            notice,
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The notice did not arrive: tried again at `next`, or given up. What waits behind it for the same sink waits as long.
    pub async fn notice_failed(
        &self,
        notice: i64,
        problem: &str,
        next: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let (at, next) = (micros(now), next.map(micros));
        sqlx::query!(
            "UPDATE notice SET tries = tries + (id = $1), problem = CASE WHEN id = $1 THEN $2 ELSE problem END,
               next_at = CASE WHEN id = $1 THEN $3 WHEN $3 > next_at THEN $3 ELSE next_at END,
               ended_at = CASE WHEN $3 IS NULL AND id = $1 THEN $4 END,
               outcome = CASE WHEN $3 IS NULL AND id = $1 THEN 'given_up' END
             WHERE next_at IS NOT NULL AND (id = $1 OR sink = (SELECT sink FROM notice WHERE id = $1))",
            notice,
            problem,
            next,
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// The notice was refused for its own sake: tried again at `next`, or given up. The others go past it; of those that were refused too
    /// none does, since a receiver that refuses everything may come to its senses.
    pub async fn notice_refused(
        &self,
        notice: i64,
        problem: &str,
        next: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let (at, next) = (micros(now), next.map(micros));
        sqlx::query!(
            "UPDATE notice SET tries = tries + 1, problem = $2, refused = 1,
               next_at = max($3, coalesce((SELECT max(o.next_at) FROM notice o
                 WHERE o.sink = notice.sink AND o.next_at IS NOT NULL AND o.refused = 1 AND o.id < $1), 0)),
               ended_at = iif($3 IS NULL, $4, NULL), outcome = iif($3 IS NULL, 'given_up', NULL)
             WHERE id = $1 AND next_at IS NOT NULL",
            notice,
            problem,
            next,
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// Takes out notices, and troubles that are no post's, that ended before `before`. How many.
    pub async fn prune_notices(&self, before: Timestamp) -> Result<u64> {
        let before = micros(before);
        let mut tx = self.begin().await?;
        let notices = sqlx::query!("DELETE FROM notice WHERE ended_at IS NOT NULL AND ended_at < $1", before)
            .execute(&mut *tx)
            .await?;
        let troubles = sqlx::query!(
            "DELETE FROM incident WHERE ended_at < $1 AND post_id IS NULL AND told_at IS NOT NULL AND end_told_at IS NOT NULL",
            before
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(notices.rows_affected() + troubles.rows_affected())
    }
}
