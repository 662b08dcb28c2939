//! What went wrong, by its cause.

use jiff::Timestamp;
use serde::Serialize;

use super::ROWS_MAX;
use super::posts::state;
use crate::domain::post::PostState;
use crate::store::{Result, Store, count, instant, micros};

/// Posts that need a person for the same reason.
#[derive(Clone, Debug, Serialize)]
pub struct CauseRow {
    /// `failed`, `missed`, `held` or `in_doubt`.
    pub state: PostState,
    /// Kakao's code or a word for a failure; `late`, `absent`, `restored`, `person` for what was missed or is held; `checking` or
    /// `parked` for a doubt.
    pub cause: String,
    /// How many posts.
    pub posts: u32,
    /// The latest of them, which stands for the others.
    pub example: i64,
    /// What happened to that one.
    pub reason: String,
    /// What Kakao's documents advise; empty where the commands say it all.
    pub remedy: String,
    /// The first and the last of the times at which they were due.
    pub first_due_at: Timestamp,
    /// The last.
    pub last_due_at: Timestamp,
}

/// Which failures.
#[derive(Clone, Copy, Debug)]
pub struct FailureFilter<'a> {
    /// Of this account only.
    pub account: Option<&'a str>,
    /// Posts that were missed before this are history, and left out.
    pub missed_since: Timestamp,
}

impl Store {
    /// The posts that need a person, grouped by cause, the most urgent state first.
    pub async fn causes(&self, filter: FailureFilter<'_>) -> Result<Vec<CauseRow>> {
        let since = micros(filter.missed_since);
        let rows = sqlx::query!(
            r#"SELECT g.state AS "state!: String", g.cause AS "cause!: String", g.posts AS "posts!: i64", g.example AS "example!: i64",
                 g.first AS "first!: i64", g.last AS "last!: i64",
                 (SELECT e.reason FROM post e WHERE e.id = g.example) AS "reason!: String",
                 coalesce((SELECT t.fault_remedy FROM attempt t WHERE t.post_id = g.example AND t.fault_code IS NOT NULL
                           ORDER BY t.id DESC LIMIT 1), '') AS "remedy!: String"
               FROM (SELECT f.state, f.cause, count(*) AS posts, max(f.id) AS example, min(f.due_at) AS first, max(f.due_at) AS last
               FROM (SELECT p.id, p.state, p.due_at,
                   CASE p.state
                     WHEN 'failed' THEN coalesce((SELECT t.fault_code FROM attempt t WHERE t.post_id = p.id
                                                    AND t.fault_code IS NOT NULL ORDER BY t.id DESC LIMIT 1), 'other')
                     WHEN 'missed' THEN 'late'
                     WHEN 'in_doubt' THEN iif(p.parked_at IS NULL, 'checking', 'parked')
                     ELSE CASE p.actor WHEN 'daemon' THEN 'late' WHEN 'reconcile' THEN 'absent' WHEN 'restore' THEN 'restored'
                          ELSE 'person' END
                   END AS cause
                 FROM post p WHERE p.state IN ('failed', 'missed', 'held', 'in_doubt') AND ($1 IS NULL OR p.account = $1)
                   AND p.changed_at >= iif(p.state = 'missed', $2, -9223372036854775807)) f
               GROUP BY f.state, f.cause) g
               ORDER BY CASE g.state WHEN 'in_doubt' THEN 0 WHEN 'failed' THEN 1 WHEN 'held' THEN 2 ELSE 3 END, g.cause"#,
            filter.account,
            since
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(CauseRow {
                    state: state(&row.state)?,
                    cause: row.cause,
                    posts: count(row.posts),
                    example: row.example,
                    reason: row.reason,
                    remedy: row.remedy,
                    first_due_at: instant(row.first)?,
                    last_due_at: instant(row.last)?,
                })
            })
            .collect()
    }

    /// The failed posts of one cause: those whose last fault has this code. At most [`ROWS_MAX`], the earliest due first.
    pub async fn failed_for(&self, code: &str, account: Option<&str>) -> Result<Vec<i64>> {
        let limit = i64::from(ROWS_MAX);
        Ok(sqlx::query_scalar!(
            r#"SELECT p.id AS "id!" FROM post p WHERE p.state = 'failed' AND ($2 IS NULL OR p.account = $2)
                 AND (SELECT t.fault_code FROM attempt t WHERE t.post_id = p.id AND t.fault_code IS NOT NULL
                      ORDER BY t.id DESC LIMIT 1) = $1
               ORDER BY p.due_at, p.id LIMIT $3"#,
            code,
            account,
            limit
        )
        .fetch_all(&self.readers)
        .await?)
    }

    /// The posts of one cause in one state, the earliest due first: the numbers to act on.
    pub async fn posts_of_cause(&self, of: &CauseRow, filter: FailureFilter<'_>, limit: u32) -> Result<Vec<i64>> {
        let (state, since, limit) = (of.state.as_str(), micros(filter.missed_since), i64::from(limit.min(ROWS_MAX)));
        if of.state == PostState::Failed {
            let mut posts = self.failed_for(&of.cause, filter.account).await?;
            posts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok(posts);
        }
        Ok(sqlx::query_scalar!(
            r#"SELECT p.id AS "id!" FROM post p WHERE p.state = $1 AND ($3 IS NULL OR p.account = $3)
                 AND p.changed_at >= iif(p.state = 'missed', $4, -9223372036854775807)
                 AND $2 = CASE p.state
                     WHEN 'missed' THEN 'late'
                     WHEN 'in_doubt' THEN iif(p.parked_at IS NULL, 'checking', 'parked')
                     ELSE CASE p.actor WHEN 'daemon' THEN 'late' WHEN 'reconcile' THEN 'absent' WHEN 'restore' THEN 'restored'
                          ELSE 'person' END END
               ORDER BY p.due_at, p.id LIMIT $5"#,
            state,
            of.cause,
            filter.account,
            since,
            limit
        )
        .fetch_all(&self.readers)
        .await?)
    }
}
