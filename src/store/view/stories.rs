//! The recorded stories as people see them.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::limits::ROWS_MAX;
use crate::domain::content::Content;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros, read_json, write_json};

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
    /// Its tags.
    pub tags: Vec<String>,
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

/// Which stories. `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct StoryFilter {
    /// Of this account only.
    pub account: Option<String>,
    /// Of this job only.
    pub job: Option<String>,
    /// Of posts with this tag only.
    pub tag: Option<String>,
    /// Published at or after this instant.
    pub from: Option<Timestamp>,
    /// Published before this instant.
    pub until: Option<Timestamp>,
    /// How they stand.
    pub stands: StoryStands,
}

/// How a story stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoryStands {
    /// Whatever has become of it.
    #[default]
    Any,
    /// Up, as far as the record knows.
    Up,
    /// It should be gone, and taking it down was given up.
    Undeleted,
}

/// How far an order to take stories down has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deletions {
    /// Gone, confirmed by a read.
    pub deleted: u32,
    /// Given up.
    pub failed: u32,
    /// When the next one that is neither is tried.
    pub next_at: Option<Timestamp>,
}

/// Where a page of stories ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoryPlace {
    at: i64,
    post: i64,
}

impl StoryFilter {
    /// Whether the stories are found by their posts, which stand in the order of their due times.
    fn is_by_due_time(&self) -> bool {
        self.stands != StoryStands::Undeleted && (self.job.is_some() || self.tag.is_some())
    }

    fn holds(&self, row: &StoryRow) -> bool {
        let stands = match self.stands {
            StoryStands::Any => true,
            StoryStands::Up => row.deleted_at.is_none(),
            StoryStands::Undeleted => row.deleted_at.is_none() && row.delete_fault.is_some(),
        };
        stands
            && self.account.as_ref().is_none_or(|account| *account == row.account)
            && self.job.as_ref().is_none_or(|job| *job == row.job)
            && self.tag.as_ref().is_none_or(|tag| row.tags.contains(tag))
            && self.from.is_none_or(|from| row.published_at >= from)
            && self.until.is_none_or(|until| row.published_at < until)
    }
}

impl Store {
    /// The next stories of a list, the newest first (of a job or a tag: the latest due first), and where the page after it starts;
    /// `None` at its end. At most `limit` rows, and fewer do not mean the end.
    pub async fn story_page(
        &self,
        filter: &StoryFilter,
        after: Option<StoryPlace>,
        limit: u32,
    ) -> Result<(Vec<StoryRow>, Option<StoryPlace>)> {
        // The posts of a job or a tag stand in the order in which they are due, and one may have taken over a story long before that.
        let until = filter.until.filter(|_| !filter.is_by_due_time()).map_or(i64::MAX, micros);
        let start = StoryPlace { at: until, post: i64::MIN };
        let after = after.map_or(start, |after| after.min(start));
        let limit = i64::from(limit.min(ROWS_MAX));
        let mut tx = self.readers.begin().await?;
        let places = places(&mut tx, filter, after, limit).await?;
        let posts: Vec<i64> = places.iter().map(|place| place.post).collect();
        let mut found = if posts.is_empty() { Vec::new() } else { rows(&mut tx, &posts, limit).await? };
        tx.commit().await?;
        found.retain(|row| filter.holds(row));
        Ok((found, places.last().copied()))
    }

    /// How far taking down the stories of these posts has got.
    pub async fn deletions(&self, posts: &[i64]) -> Result<Deletions> {
        let posts = write_json(&posts)?;
        let row = sqlx::query!(
            r#"SELECT count(deleted_at) AS "deleted!: i64",
                 count(CASE WHEN deleted_at IS NULL THEN delete_fault END) AS "failed!: i64",
                 min(CASE WHEN deleted_at IS NULL AND delete_fault IS NULL THEN delete_at END) AS "next_at: i64"
               FROM story WHERE post_id IN (SELECT value FROM json_each($1))"#,
            posts
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Deletions { deleted: count(row.deleted), failed: count(row.failed), next_at: instant_opt(row.next_at)? })
    }

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

/// The next stories by the narrowest filter that has an index.
async fn places(
    connection: &mut SqliteConnection,
    filter: &StoryFilter,
    after: StoryPlace,
    limit: i64,
) -> Result<Vec<StoryPlace>> {
    let (at, post) = (after.at, after.post);
    // Of a job or a tag the period is left to the rows.
    let from = filter.from.map_or(i64::MIN, micros);
    let places = match (&filter.job, &filter.tag, &filter.account) {
        _ if filter.stands == StoryStands::Undeleted => {
            sqlx::query_as!(
                StoryPlace,
                "SELECT published_at AS at, post_id AS post FROM story INDEXED BY story_undeleted
                 WHERE delete_fault IS NOT NULL AND deleted_at IS NULL AND (published_at, post_id) < ($1, $2)
                   AND published_at >= $3 ORDER BY published_at DESC, post_id DESC LIMIT $4",
                at,
                post,
                from,
                limit
            )
            .fetch_all(connection)
            .await?
        }
        (Some(_), ..) | (None, Some(_), _) => {
            // A story's post is in one of two states; each is a walk through an index, and the later of the two comes first.
            let mut places = Vec::new();
            for state in ["published", "deleted"] {
                if state == "published" || filter.stands == StoryStands::Any {
                    places.extend(places_in(connection, filter, state, after, limit).await?);
                }
            }
            places.sort_unstable_by(|a: &StoryPlace, b| b.cmp(a));
            places.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            places
        }
        (None, None, Some(account)) => {
            sqlx::query_as!(
                StoryPlace,
                "SELECT published_at AS at, post_id AS post FROM story WHERE account = $1 AND (published_at, post_id) < ($2, $3)
                   AND published_at >= $4 ORDER BY published_at DESC, post_id DESC LIMIT $5",
                account,
                at,
                post,
                from,
                limit
            )
            .fetch_all(connection)
            .await?
        }
        (None, None, None) => {
            sqlx::query_as!(
                StoryPlace,
                "SELECT published_at AS at, post_id AS post FROM story WHERE (published_at, post_id) < ($1, $2)
                   AND published_at >= $3 ORDER BY published_at DESC, post_id DESC LIMIT $4",
                at,
                post,
                from,
                limit
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(places)
}

/// The next stories of a job or a tag whose posts are in one state.
async fn places_in(
    connection: &mut SqliteConnection,
    filter: &StoryFilter,
    state: &str,
    after: StoryPlace,
    limit: i64,
) -> Result<Vec<StoryPlace>> {
    let (at, post) = (after.at, after.post);
    let Some(job) = &filter.job else {
        let tag = filter.tag.as_deref().unwrap_or_default();
        return Ok(sqlx::query_as!(
            StoryPlace,
            "SELECT due_at AS at, post_id AS post FROM post_tag WHERE tag = $1 AND state = $2 AND (due_at, post_id) < ($3, $4)
             ORDER BY due_at DESC, post_id DESC LIMIT $5",
            tag,
            state,
            at,
            post,
            limit
        )
        .fetch_all(connection)
        .await?);
    };
    Ok(sqlx::query_as!(
        StoryPlace,
        r#"SELECT due_at AS at, id AS "post!" FROM post WHERE job = $1 AND state = $2 AND (due_at, id) < ($3, $4)
           ORDER BY due_at DESC, id DESC LIMIT $5"#,
        job,
        state,
        at,
        post,
        limit
    )
    .fetch_all(connection)
    .await?)
}

pub(super) async fn rows(connection: &mut SqliteConnection, posts: &[i64], limit: i64) -> Result<Vec<StoryRow>> {
    let posts = write_json(&posts)?;
    let rows = sqlx::query!(
        r#"SELECT s.story_id, s.post_id, p.job, s.account, p.kind, s.published_at, s.learnt_by, s.delete_at,
             s.deleted_at, s.delete_fault, p.tags, p.zone, p.content
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
                tags: read_json(&row.tags, "tags")?,
                zone: row.zone,
                content: read_json(&row.content, "a content")?,
            })
        })
        .collect()
}
