//! What went wrong, by its cause. Of each state so many posts are looked at as a person can see to, and no more: a hundred thousand
//! that were missed make a list no longer, and no slower.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use super::limits::ROWS_MAX;
use super::listing::{self, PostQuery};
use crate::domain::post::PostState;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant, micros, write_json};

/// Posts that are looked at in each state.
const LOOKED_AT_MAX: i64 = 10_000;
/// Of those of one cause, the numbers that are told.
const NUMBERS_MAX: usize = 1_000;

/// Posts that need a person for the same reason.
#[derive(Clone, Debug, Serialize)]
pub struct CauseRow {
    /// `failed`, `missed`, `held` or `in_doubt`.
    pub state: PostState,
    /// Kakao's code or a word for a failure; `late`, `absent`, `restored`, `withdrawn`, `person` for what was missed or is held; `checking` or
    /// `parked` for a doubt.
    pub cause: String,
    /// How many posts.
    pub posts: u32,
    /// There are more posts in this state than the 10,000 that were looked at, so that there may be more of this cause.
    pub or_more: bool,
    /// Their numbers, the earliest due first; at most 1,000.
    pub numbers: Vec<i64>,
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

/// The posts of one cause, the earliest due first.
#[derive(Default)]
struct Group {
    posts: Vec<(i64, i64)>,
}

impl Store {
    /// The posts that need a person, grouped by cause, the most urgent state first. Of each state the 10,000 that are due first are
    /// looked at; of the missed ones, any 10,000.
    pub async fn causes(&self, filter: FailureFilter<'_>) -> Result<Vec<CauseRow>> {
        // One snapshot: between two statements a post may move from one state to the next.
        let mut tx = self.readers.begin().await?;
        let mut rows = Vec::new();
        for state in [PostState::InDoubt, PostState::Failed, PostState::Held, PostState::Missed] {
            let mut posts = match state {
                PostState::Missed => missed(&mut tx, filter).await?,
                state => waiting(&mut tx, state, filter).await?,
            };
            let or_more = posts.len() > usize::try_from(LOOKED_AT_MAX).unwrap_or(usize::MAX);
            posts.truncate(usize::try_from(LOOKED_AT_MAX).unwrap_or(usize::MAX));
            for (cause, group) in by_cause(&mut tx, &posts).await? {
                rows.push(row(&mut tx, (state, cause), &group, or_more).await?);
            }
        }
        tx.commit().await?;
        Ok(rows)
    }

    /// The failed posts of one cause: those whose last fault has this code. At most [`ROWS_MAX`], the earliest due first. Found from the
    /// attempts that ended in this fault for good or in doubt, which is how every post comes to fail.
    pub async fn failed_for(&self, code: &str, account: Option<&str>) -> Result<Vec<i64>> {
        let limit = i64::from(ROWS_MAX);
        Ok(sqlx::query_scalar!(
            r#"SELECT p.id AS "id!" FROM attempt t INDEXED BY attempt_fault CROSS JOIN post p ON p.id = t.post_id
               WHERE t.fault_code = $1 AND t.verdict IN ('failed', 'in_doubt')
                 AND p.state = 'failed' AND ($2 IS NULL OR p.account = $2)
                 AND NOT EXISTS (SELECT 1 FROM attempt l WHERE l.post_id = t.post_id AND l.id > t.id AND l.fault_code IS NOT NULL)
               ORDER BY p.due_at, p.id LIMIT $3"#,
            code,
            account,
            limit
        )
        .fetch_all(&self.readers)
        .await?)
    }
}

/// One more than are looked at, where there are so many.
async fn waiting(connection: &mut SqliteConnection, state: PostState, filter: FailureFilter<'_>) -> Result<Vec<i64>> {
    let listing = PostQuery { account: filter.account.map(str::to_owned), ..PostQuery::default() };
    listing::first_in(connection, &listing, state, LOOKED_AT_MAX + 1).await
}

async fn missed(connection: &mut SqliteConnection, filter: FailureFilter<'_>) -> Result<Vec<i64>> {
    let (since, limit) = (micros(filter.missed_since), LOOKED_AT_MAX + 1);
    Ok(sqlx::query_scalar!(
        r#"SELECT p.id AS "id!" FROM account a CROSS JOIN post p INDEXED BY post_missed
           WHERE ($1 IS NULL OR a.name = $1) AND p.account = a.name AND p.state = 'missed' AND p.changed_at >= $2 LIMIT $3"#,
        filter.account,
        since,
        limit
    )
    .fetch_all(connection)
    .await?)
}

async fn by_cause(connection: &mut SqliteConnection, posts: &[i64]) -> Result<BTreeMap<String, Group>> {
    let posts = write_json(&posts)?;
    let rows = sqlx::query!(
        r#"SELECT p.id AS "id!", p.due_at AS "due_at!",
             CASE p.state
               WHEN 'failed' THEN coalesce((SELECT t.fault_code FROM attempt t WHERE t.post_id = p.id
                                              AND t.fault_code IS NOT NULL ORDER BY t.id DESC LIMIT 1), 'other')
               WHEN 'missed' THEN 'late'
               WHEN 'in_doubt' THEN iif(p.parked_at IS NULL, 'checking', 'parked')
               ELSE CASE iif(p.lost_at IS NULL, p.actor, 'lost') WHEN 'lost' THEN 'withdrawn' WHEN 'daemon' THEN 'late' WHEN 'reconcile' THEN 'absent' WHEN 'restore' THEN 'restored'
                    ELSE 'person' END
             END AS "cause!: String"
           FROM json_each($1) n CROSS JOIN post p ON p.id = n.value ORDER BY p.due_at, p.id"#,
        posts
    )
    .fetch_all(connection)
    .await?;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for row in rows {
        groups.entry(row.cause).or_default().posts.push((row.due_at, row.id));
    }
    Ok(groups)
}

async fn row(
    connection: &mut SqliteConnection,
    (state, cause): (PostState, String),
    group: &Group,
    or_more: bool,
) -> Result<CauseRow> {
    let example = group.posts.iter().map(|(_, post)| *post).max().unwrap_or_default();
    let due = |at: Option<&(i64, i64)>| instant(at.map_or(0, |(due_at, _)| *due_at));
    let told = sqlx::query!(
        r#"SELECT reason, coalesce((SELECT t.fault_remedy FROM attempt t WHERE t.post_id = $1 AND t.fault_code IS NOT NULL
                           ORDER BY t.id DESC LIMIT 1), '') AS "remedy!: String"
           FROM post WHERE id = $1"#,
        example
    )
    .fetch_one(connection)
    .await?;
    Ok(CauseRow {
        state,
        cause,
        posts: count(i64::try_from(group.posts.len()).unwrap_or(i64::MAX)),
        or_more,
        numbers: group.posts.iter().take(NUMBERS_MAX).map(|(_, post)| *post).collect(),
        example,
        reason: told.reason,
        remedy: told.remedy,
        first_due_at: due(group.posts.first())?,
        last_due_at: due(group.posts.last())?,
    })
}
