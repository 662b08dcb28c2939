//! The whole record, table by table, in the order in which it was written: what an export is made from. Read in batches, so that a
//! record of any size takes no memory.

use jiff::Timestamp;
use serde::Serialize;

use super::posts::{PostRow, rows};
use super::stories::{self, StoryRow};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, instant_opt};

/// What an export is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordTable {
    /// The posts.
    Posts,
    /// Their histories.
    Events,
    /// The attempts.
    Attempts,
    /// The stories.
    Stories,
}

impl RecordTable {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Posts, Self::Events, Self::Attempts, Self::Stories];

    /// The word of commands and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Posts => "posts",
            Self::Events => "events",
            Self::Attempts => "attempts",
            Self::Stories => "stories",
        }
    }
}

/// One row of the record.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum RecordRow {
    /// A post.
    Post(PostRow),
    /// Something that happened to a post.
    Event {
        /// Its number.
        id: i64,
        /// The post.
        post: i64,
        /// When.
        at: Timestamp,
        /// What happened.
        event: String,
        /// The state after it.
        state: String,
        /// Who caused it.
        actor: String,
        /// Why.
        reason: String,
    },
    /// An attempt.
    Attempt {
        /// Its number.
        id: i64,
        /// The post.
        post: i64,
        /// `prepare`, `publish` or `delete`.
        kind: String,
        /// When it began.
        started_at: Timestamp,
        /// When its verdict was recorded.
        ended_at: Option<Timestamp>,
        /// The verdict.
        verdict: Option<String>,
        /// Class of the fault.
        fault_class: Option<String>,
        /// Kakao's code, or a word.
        fault_code: Option<String>,
        /// What happened.
        fault_reason: Option<String>,
        /// What to do about it.
        fault_remedy: Option<String>,
        /// What was asked of Kakao, where it did not plainly succeed.
        request: Option<String>,
        /// The status of the answer and its first characters, kept with the request.
        answer: Option<String>,
    },
    /// A story.
    Story(StoryRow),
}

impl RecordRow {
    /// Where the next batch goes on.
    pub fn key(&self) -> i64 {
        match self {
            Self::Post(row) => row.post,
            Self::Event { id, .. } | Self::Attempt { id, .. } => *id,
            Self::Story(row) => row.post,
        }
    }
}

impl Store {
    /// The next rows of a table after the key `after` (0 at the start), at most `limit`; none at its end.
    pub async fn record(&self, table: RecordTable, after: i64, limit: u32) -> Result<Vec<RecordRow>> {
        let limit = i64::from(limit);
        match table {
            RecordTable::Posts => self.post_records(after, limit).await,
            RecordTable::Events => self.event_records(after, limit).await,
            RecordTable::Attempts => self.attempt_records(after, limit).await,
            RecordTable::Stories => self.story_records(after, limit).await,
        }
    }

    async fn post_records(&self, after: i64, limit: i64) -> Result<Vec<RecordRow>> {
        let mut tx = self.readers.begin().await?;
        let ids =
            sqlx::query_scalar!(r#"SELECT id AS "id!" FROM post WHERE id > $1 ORDER BY id LIMIT $2"#, after, limit)
                .fetch_all(&mut *tx)
                .await?;
        let mut found = rows(&mut tx, &ids).await?;
        tx.commit().await?;
        found.sort_unstable_by_key(|row| row.post);
        Ok(found.into_iter().map(RecordRow::Post).collect())
    }

    async fn event_records(&self, after: i64, limit: i64) -> Result<Vec<RecordRow>> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", post_id, at, event, state, actor, reason FROM event WHERE id > $1 ORDER BY id LIMIT $2"#,
            after,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(RecordRow::Event {
                id: row.id,
                post: row.post_id,
                at: instant(row.at)?,
                event: row.event,
                state: row.state,
                actor: row.actor,
                reason: row.reason,
            })
        });
        read.collect()
    }

    async fn attempt_records(&self, after: i64, limit: i64) -> Result<Vec<RecordRow>> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", post_id, kind, started_at, ended_at, verdict, fault_class, fault_code, fault_reason, fault_remedy,
                 request, answer
               FROM attempt WHERE id > $1 ORDER BY id LIMIT $2"#,
            after,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(RecordRow::Attempt {
                id: row.id,
                post: row.post_id,
                kind: row.kind,
                started_at: instant(row.started_at)?,
                ended_at: instant_opt(row.ended_at)?,
                verdict: row.verdict,
                fault_class: row.fault_class,
                fault_code: row.fault_code,
                fault_reason: row.fault_reason,
                fault_remedy: row.fault_remedy,
                request: row.request,
                answer: row.answer,
            })
        });
        read.collect()
    }

    async fn story_records(&self, after: i64, limit: i64) -> Result<Vec<RecordRow>> {
        let mut tx = self.readers.begin().await?;
        let posts =
            sqlx::query_scalar!("SELECT post_id FROM story WHERE post_id > $1 ORDER BY post_id LIMIT $2", after, limit)
                .fetch_all(&mut *tx)
                .await?;
        let mut found = stories::rows(&mut tx, &posts, limit).await?;
        tx.commit().await?;
        found.sort_unstable_by_key(|row| row.post);
        Ok(found.into_iter().map(RecordRow::Story).collect())
    }
}
