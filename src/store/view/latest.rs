//! The posts that come last: what is over is looked at from its end, and of what needs a person the latest is shown first.

use jiff::Timestamp;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::limits::ROWS_MAX;
use super::posts::{PostFilter, PostRow, rows};
use crate::domain::post::PostState;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, micros};

/// Where a post stands among the others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct PostPosition {
    due_at: i64,
    post: i64,
}

impl Store {
    /// Posts, what is due last first.
    pub async fn latest_posts(&self, filter: &PostFilter) -> Result<Vec<PostRow>> {
        let limit = i64::from(filter.limit.unwrap_or(ROWS_MAX).min(ROWS_MAX));
        let states = if filter.states.is_empty() { PostState::ALL.as_slice() } else { &filter.states };
        // One snapshot: between two statements a post may move from one state to the next.
        let mut tx = self.readers.begin().await?;
        let mut found = Vec::new();
        for state in states {
            found.extend(latest_in(&mut tx, filter, *state, limit).await?);
        }
        found.sort_unstable_by(|one: &PostPosition, other| other.cmp(one));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let posts: Vec<i64> = found.into_iter().map(|one| one.post).collect();
        last_first(tx, &posts).await
    }

    /// How many posts in doubt wait for a person, and so many of them, what is due last first.
    pub async fn parked_posts(&self, limit: u32) -> Result<(u32, Vec<PostRow>)> {
        let mut tx = self.readers.begin().await?;
        let found = sqlx::query!(
            r#"SELECT id AS "id!", count(*) OVER () AS "all!: i64" FROM post INDEXED BY post_parked WHERE parked_at IS NOT NULL
               ORDER BY due_at DESC, id DESC LIMIT $1"#,
            limit
        )
        .fetch_all(&mut *tx)
        .await?;
        let all = found.first().map_or(0, |row| row.all);
        let posts: Vec<i64> = found.iter().map(|row| row.id).collect();
        Ok((count(all), last_first(tx, &posts).await?))
    }

    /// How many posts were missed since then, and so many of them, what is due last first.
    pub async fn missed_posts(&self, since: Timestamp, limit: u32) -> Result<(u32, Vec<PostRow>)> {
        let since = micros(since);
        let mut tx = self.readers.begin().await?;
        let found = sqlx::query!(
            r#"SELECT p.id AS "id!", count(*) OVER () AS "all!: i64" FROM account a CROSS JOIN post p INDEXED BY post_missed
               WHERE p.account = a.name AND p.state = 'missed' AND p.changed_at >= $1
               ORDER BY p.changed_at DESC, p.id DESC LIMIT $2"#,
            since,
            limit
        )
        .fetch_all(&mut *tx)
        .await?;
        let all = found.first().map_or(0, |row| row.all);
        let posts: Vec<i64> = found.iter().map(|row| row.id).collect();
        Ok((count(all), last_first(tx, &posts).await?))
    }
}

/// These posts, what is due last first, as the snapshot in which they were found has them.
async fn last_first(mut tx: Transaction<'_, Sqlite>, posts: &[i64]) -> Result<Vec<PostRow>> {
    let mut rows = rows(&mut tx, posts).await?;
    tx.commit().await?;
    rows.reverse();
    Ok(rows)
}

/// The posts of one state by the narrowest filter that has an index.
async fn latest_in(
    connection: &mut SqliteConnection,
    filter: &PostFilter,
    state: PostState,
    limit: i64,
) -> Result<Vec<PostPosition>> {
    let state = state.as_str();
    let found =
        match (&filter.job, &filter.account) {
            (Some(job), account) => sqlx::query_as!(
                PostPosition,
                r#"SELECT due_at, id AS "post!" FROM post WHERE job = $1 AND state = $2 AND ($3 IS NULL OR account = $3)
                   ORDER BY due_at DESC, id DESC LIMIT $4"#,
                job,
                state,
                account,
                limit
            )
            .fetch_all(connection)
            .await?,
            (None, Some(account)) => {
                sqlx::query_as!(
                    PostPosition,
                    r#"SELECT due_at, id AS "post!" FROM post WHERE account = $1 AND state = $2
                   ORDER BY due_at DESC, id DESC LIMIT $3"#,
                    account,
                    state,
                    limit
                )
                .fetch_all(connection)
                .await?
            }
            (None, None) => {
                sqlx::query_as!(
                    PostPosition,
                    r#"SELECT due_at, id AS "post!" FROM post WHERE state = $1 ORDER BY due_at DESC, id DESC LIMIT $2"#,
                    state,
                    limit
                )
                .fetch_all(connection)
                .await?
            }
        };
    Ok(found)
}
