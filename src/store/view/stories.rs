//! The recorded stories as people see them.

use jiff::Timestamp;
use serde::Serialize;

use super::ROWS_MAX;
use crate::domain::content::Content;
use crate::store::{Result, Store, instant, instant_opt, read_json};

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
        let (post, id) = match which {
            Some(StoryKey::Post(post)) => (Some(*post), None),
            Some(StoryKey::Story(id)) => (None, Some(id.as_str())),
            None => (None, None),
        };
        let rows = sqlx::query!(
            r#"SELECT s.story_id, s.post_id, p.job, s.account, p.kind, s.published_at, s.learnt_by, s.delete_at,
                 s.deleted_at, s.delete_fault, p.zone, p.content
               FROM story s JOIN post p ON p.id = s.post_id
               WHERE ($1 IS NULL OR s.account = $1) AND ($2 IS NULL OR s.post_id = $2) AND ($3 IS NULL OR s.story_id = $3)
               ORDER BY s.published_at DESC, s.post_id DESC LIMIT $4"#,
            account,
            post,
            id,
            limit
        )
        .fetch_all(&self.readers)
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
}
