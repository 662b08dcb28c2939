//! Retention: what is over and old leaves the record, in small batches. A story that is up never does. What was pruned is remembered
//! by its name and time, so that no job file can post it again.

use jiff::Timestamp;

use crate::domain::post::PostState;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{micros, write_json};

/// Posts that one batch takes out.
const BATCH: i64 = 200;

/// What a batch took out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Posts, with their events, attempts and deleted stories.
    pub posts: u64,
    /// Audits, with what they saw.
    pub audits: u64,
}

impl Store {
    /// Takes out the oldest posts of a state that is over, if nothing has happened to them since `before`. None when nothing is
    /// left to do; other states are left alone.
    pub async fn prune_posts(&self, state: PostState, before: Timestamp) -> Result<u64> {
        if !matches!(state, PostState::Deleted | PostState::Missed | PostState::Failed | PostState::Cancelled) {
            return Ok(0);
        }
        let (word, before) = (state.as_str(), micros(before));
        let old = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post WHERE state = $1 AND due_at < $2 AND changed_at < $2 ORDER BY due_at, id LIMIT $3"#,
            word,
            before,
            BATCH
        )
        .fetch_all(&self.readers)
        .await?;
        if old.is_empty() {
            return Ok(0);
        }
        let ids = write_json(&old)?;
        let mut tx = self.begin().await?;
        // Asked again: between the read and here a person may have let one go ahead.
        sqlx::query!(
            "INSERT INTO pruning (post_id) SELECT id FROM post WHERE id IN (SELECT value FROM json_each($1)) AND +state = $2
               AND changed_at < $3",
            ids,
            word,
            before
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "INSERT OR IGNORE INTO pruned (job, nominal, nominal_at)
             SELECT job, nominal, nominal_at FROM post WHERE id IN (SELECT post_id FROM pruning)"
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("DELETE FROM event WHERE post_id IN (SELECT post_id FROM pruning)").execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM incident WHERE post_id IN (SELECT post_id FROM pruning)").execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM attempt WHERE post_id IN (SELECT post_id FROM pruning)").execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM suspect WHERE post_id IN (SELECT post_id FROM pruning)").execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM story WHERE post_id IN (SELECT post_id FROM pruning)").execute(&mut *tx).await?;
        let done = sqlx::query!("DELETE FROM post WHERE id IN (SELECT post_id FROM pruning)").execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM pruning").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }

    /// How many posts [`prune_posts`](Self::prune_posts) would take out in all.
    pub async fn prunable(&self, state: PostState, before: Timestamp) -> Result<u64> {
        let (word, before) = (state.as_str(), micros(before));
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "posts!: i64" FROM post WHERE state = $1 AND due_at < $2 AND changed_at < $2"#,
            word,
            before
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(u64::try_from(found).unwrap_or(0))
    }

    /// How many audits [`prune_audit`](Self::prune_audit) would take out in all.
    pub async fn prunable_audits(&self, before: Timestamp) -> Result<u64> {
        let before = micros(before);
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "audits!: i64" FROM audit u WHERE u.ended_at < $1
                 AND EXISTS (SELECT 1 FROM audit n WHERE n.account = u.account AND n.id > u.id AND n.ended_at IS NOT NULL
                             AND n.fault IS NULL)"#,
            before
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(u64::try_from(found).unwrap_or(0))
    }

    /// Takes out the oldest audit that ended before `before`, unless it is the last complete one of its account. Zero when none is left.
    pub async fn prune_audit(&self, before: Timestamp) -> Result<u64> {
        let before = micros(before);
        let old = sqlx::query_scalar!(
            r#"SELECT u.id AS "id!" FROM audit u WHERE u.ended_at < $1
                 AND EXISTS (SELECT 1 FROM audit n WHERE n.account = u.account AND n.id > u.id AND n.ended_at IS NOT NULL
                             AND n.fault IS NULL)
               ORDER BY u.id LIMIT 1"#,
            before
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(old) = old else { return Ok(0) };
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM audit_story WHERE audit_id = $1", old).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM finding WHERE audit_id = $1", old).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM audit WHERE id = $1", old).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(1)
    }
}
