//! The recorded stories as people see them.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::ROWS_MAX;
use crate::domain::content::Content;
use crate::store::{Result, Store, instant, instant_opt, read_json, write_json};

/// One recorded story.
#[derive(Clone, Debug, Serialize)]
pub struct StoryRow {
    /// Its ID at Kakao.
    pub story_id: String,
    /// The post.
    pub post: i64,
    /// The job.
    pub job: String,
    /// The account.
    pub account: String,
    /// `note`, `photo` or `link`.
    pub kind: String,
    /// When we learnt of it.
    pub published_at: Timestamp,
    /// `publish` (the answer), `reconcile` (the list) or the person who told.
    pub learnt_by: String,
    /// When it is to be taken down.
    pub delete_at: Option<Timestamp>,
    /// When it was seen to be gone.
    pub deleted_at: Option<Timestamp>,
    /// Why taking it down was given up.
    pub delete_fault: Option<String>,
    /// IANA name of the zone of its schedule.
    pub zone: String,
    /// What it says.
    pub content: Content,
}

/// Which story is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoryKey {
    /// That of this post.
    Post(i64),
    /// That with this ID at Kakao.
    Story(String),
}

impl Store {
    /// Recorded stories, the newest first; with `post` or `story_id` only that one.
    pub async fn stories(&self, account: Option<&str>, which: Option<&StoryKey>, limit: u32) -> Result<Vec<StoryRow>> {
        let limit = i64::from(limit.min(ROWS_MAX));
        let mut tx = self.readers.begin().await?;
        let posts = match (which, account) {
            (Some(StoryKey::Post(post)), _) => vec![*post],
            (Some(StoryKey::Story(id)), _) => posts_of_story(&mut tx, id).await?,
            (None, Some(account)) => latest_of_account(&mut tx, account, limit).await?,
            (None, None) => latest(&mut tx, limit).await?,
        };
        let mut rows = rows(&mut tx, &posts, limit).await?;
        tx.commit().await?;
        rows.retain(|row| account.is_none_or(|account| row.account == account));
        Ok(rows)
    }
}

// Each question has an index of its own; all of them answer with posts, since a story belongs to one.

async fn posts_of_story(connection: &mut SqliteConnection, story_id: &str) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!("SELECT post_id FROM story WHERE story_id = $1", story_id).fetch_all(connection).await?)
}

async fn latest_of_account(connection: &mut SqliteConnection, account: &str, limit: i64) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "SELECT post_id FROM story WHERE account = $1 ORDER BY published_at DESC, post_id DESC LIMIT $2",
        account,
        limit
    )
    .fetch_all(connection)
    .await?)
}

async fn latest(connection: &mut SqliteConnection, limit: i64) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!("SELECT post_id FROM story ORDER BY published_at DESC, post_id DESC LIMIT $1", limit)
        .fetch_all(connection)
        .await?)
}

async fn rows(connection: &mut SqliteConnection, posts: &[i64], limit: i64) -> Result<Vec<StoryRow>> {
    let posts = write_json(&posts)?;
    let rows = sqlx::query!(
        r#"SELECT s.story_id, s.post_id, p.job, s.account, p.kind, s.published_at, s.learnt_by, s.delete_at,
             s.deleted_at, s.delete_fault, p.zone, p.content
           FROM story s JOIN post p ON p.id = s.post_id
           WHERE s.post_id IN (SELECT value FROM json_each($1))
           ORDER BY s.published_at DESC, s.post_id DESC LIMIT $2"#,
        posts,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StoryRow {
                story_id: row.story_id,
                post: row.post_id,
                job: row.job,
                account: row.account,
                kind: row.kind,
                published_at: instant(row.published_at)?,
                learnt_by: row.learnt_by,
                delete_at: instant_opt(row.delete_at)?,
                deleted_at: instant_opt(row.deleted_at)?,
                delete_fault: row.delete_fault,
                zone: row.zone,
                content: read_json(&row.content, "a content")?,
            })
        })
        .collect()
}
