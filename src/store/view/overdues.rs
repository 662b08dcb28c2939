//! What is due and not out, and what moves, for whoever watches from outside.

use jiff::Timestamp;

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, instant_opt, micros};

/// Waiting posts whose time has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdues {
    /// How many.
    pub posts: i64,
    /// Since when the oldest of them is due.
    pub oldest_due_at: Option<Timestamp>,
}

impl Store {
    /// Every waiting post whose time has passed, whatever holds it.
    pub async fn overdues(&self, now: Timestamp) -> Result<Overdues> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "posts!: i64", min(due_at) AS "oldest: i64" FROM post
               WHERE state = 'scheduled' AND due_at <= $1"#,
            micros(now)
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Overdues { posts: row.posts, oldest_due_at: instant_opt(row.oldest)? })
    }

    /// The accounts for which anything was tried since then.
    pub async fn tried_since(&self, since: Timestamp) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "SELECT DISTINCT p.account FROM attempt t JOIN post p ON p.id = t.post_id
             WHERE t.id > (SELECT coalesce(max(id), 0) FROM attempt) - 10000 AND t.started_at >= $1",
            micros(since)
        )
        .fetch_all(&self.readers)
        .await?)
    }

    /// When the last story of each account came to exist, as far as it has one.
    pub async fn last_stories(&self) -> Result<Vec<(String, Timestamp)>> {
        let rows = sqlx::query!(
            r#"SELECT name, at AS "at!: i64" FROM (SELECT a.name, (SELECT max(s.published_at) FROM story s WHERE s.account = a.name) AS at
               FROM account a) WHERE at IS NOT NULL ORDER BY name"#
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|row| Ok((row.name, instant(row.at)?))).collect()
    }
}
