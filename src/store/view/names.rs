//! The names that people type: which accounts, jobs and tags there are, how many posts wait under each, and which posts a job has.

use jiff::Timestamp;

use super::posts::{PostRow, rows};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, micros};

/// Most names of one kind that are read to find the one nearest to a mistyped name.
const NAMES_MAX: i64 = 10_000;
/// Most posts of one job that are read to find the one that is meant.
const POSTS_MAX: i64 = 200;

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// An account.
    Account,
    /// A job, or a name under which a post was put into the queue by hand.
    Job,
    /// A tag.
    Tag,
}

impl NameKind {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Job => "job",
            Self::Tag => "tag",
        }
    }
}

impl Store {
    /// Whether the queue has ever seen this name.
    pub async fn knows(&self, kind: NameKind, name: &str) -> Result<bool> {
        let known = match kind {
            NameKind::Account => {
                sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM account WHERE name = $1) AS "known!: bool""#, name)
                    .fetch_one(&self.readers)
                    .await?
            }
            NameKind::Job => {
                sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM job WHERE name = $1) AS "known!: bool""#, name)
                    .fetch_one(&self.readers)
                    .await?
            }
            NameKind::Tag => {
                sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM post_tag WHERE tag = $1) AS "known!: bool""#, name)
                    .fetch_one(&self.readers)
                    .await?
            }
        };
        Ok(known)
    }

    /// The names of one kind, in their order, at most 10,000.
    pub async fn names(&self, kind: NameKind) -> Result<Vec<String>> {
        let names = match kind {
            NameKind::Account => {
                sqlx::query_scalar!("SELECT name FROM account ORDER BY name LIMIT $1", NAMES_MAX)
                    .fetch_all(&self.readers)
                    .await?
            }
            NameKind::Job => {
                sqlx::query_scalar!("SELECT name FROM job ORDER BY name LIMIT $1", NAMES_MAX)
                    .fetch_all(&self.readers)
                    .await?
            }
            // From one tag to the next by the index, past all the posts of each.
            NameKind::Tag => {
                sqlx::query_scalar!(
                    r#"WITH RECURSIVE tags (tag) AS (
                         SELECT min(tag) FROM post_tag
                         UNION ALL SELECT (SELECT min(t.tag) FROM post_tag t WHERE t.tag > tags.tag) FROM tags WHERE tags.tag IS NOT NULL
                       ) SELECT tag AS "tag!: String" FROM tags WHERE tag IS NOT NULL LIMIT $1"#,
                    NAMES_MAX
                )
                .fetch_all(&self.readers)
                .await?
            }
        };
        Ok(names)
    }

    /// How many posts wait for their time: those of this name, or all; with `before`, those that fall due before it.
    pub async fn waiting_under(&self, name: Option<(NameKind, &str)>, before: Option<Timestamp>) -> Result<u32> {
        let before = before.map_or(i64::MAX, micros);
        let posts = match name {
            None => {
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "posts!: i64" FROM post WHERE state = 'scheduled' AND due_at < $1"#,
                    before
                )
                .fetch_one(&self.readers)
                .await?
            }
            Some((NameKind::Account, name)) => {
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "posts!: i64" FROM post WHERE account = $1 AND state = 'scheduled' AND due_at < $2"#,
                    name,
                    before
                )
                .fetch_one(&self.readers)
                .await?
            }
            Some((NameKind::Job, name)) => {
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "posts!: i64" FROM post WHERE job = $1 AND state = 'scheduled' AND due_at < $2"#,
                    name,
                    before
                )
                .fetch_one(&self.readers)
                .await?
            }
            Some((NameKind::Tag, name)) => {
                sqlx::query_scalar!(
                    r#"SELECT count(*) AS "posts!: i64" FROM post_tag WHERE tag = $1 AND state = 'scheduled' AND due_at < $2"#,
                    name,
                    before
                )
                .fetch_one(&self.readers)
                .await?
            }
        };
        Ok(count(posts))
    }

    /// The posts of a job whose nominal local time begins with these characters, such as `2026-12-24`; the latest first, at most 200,
    /// so that what comes next is among them however long the job has run.
    pub async fn posts_of(&self, job: &str, nominal: &str) -> Result<Vec<PostRow>> {
        let mut reader = self.readers.acquire().await?;
        let posts = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post WHERE job = $1 AND substr(nominal, 1, length($2)) = $2
               ORDER BY state IN ('published', 'deleted', 'cancelled', 'missed'), due_at DESC, id DESC LIMIT $3"#,
            job,
            nominal,
            POSTS_MAX
        )
        .fetch_all(&mut *reader)
        .await?;
        rows(&mut reader, &posts).await
    }
}
