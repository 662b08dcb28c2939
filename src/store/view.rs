//! All SQL that only reads: what the engine has to do, and what people look at.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Result, Store, StoreError, count, instant, instant_opt, micros, read_json, write_json};
use crate::domain::content::Content;
use crate::domain::post::PostState;

/// Most rows that one question returns.
pub const ROWS_MAX: u32 = 10_000;

/// What an account has to have done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Due {
    /// An upload or a scrape.
    Prepare,
    /// A publish request.
    Publish,
    /// A look at Kakao's list for a post in doubt.
    Reconcile,
    /// A take-down.
    Delete,
}

/// One post as the queue lists it.
#[derive(Clone, Debug, Serialize)]
pub struct PostRow {
    /// Its number.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The account that it goes to.
    pub account: String,
    /// `note`, `photo` or `link`.
    pub kind: String,
    /// Where it stands.
    pub state: PostState,
    /// When it should appear.
    pub occurs_at: Timestamp,
    /// Earliest instant of the next attempt.
    pub due_at: Timestamp,
    /// IANA name of the zone of its schedule.
    pub zone: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it says.
    pub content: Content,
    /// Why it is in this state; empty when that needs no reason.
    pub reason: String,
    /// The story, once it is published.
    pub story_id: Option<String>,
    /// In doubt and waiting for a person since.
    pub parked_at: Option<Timestamp>,
    /// Why its account is blocked, while it is.
    pub blocked: Option<String>,
    /// Failed attempts in a row at publishing, and at preparing.
    pub publish_failures: u32,
    /// Failed attempts in a row at preparing.
    pub prepare_failures: u32,
}

/// Which posts to list. Empty lists and `None` do not restrict.
#[derive(Clone, Debug, Default)]
pub struct PostFilter {
    /// These states only.
    pub states: Vec<PostState>,
    /// This account only.
    pub account: Option<String>,
    /// This job only.
    pub job: Option<String>,
    /// At most this many, the earliest first; at most [`ROWS_MAX`].
    pub limit: Option<u32>,
}

/// One entry of a post's history.
#[derive(Clone, Debug, Serialize)]
pub struct EventRow {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub event: String,
    /// The state after it.
    pub state: String,
    /// Who caused it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// One attempt.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptRow {
    /// `prepare`, `publish` or `delete`.
    pub kind: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When its verdict was recorded; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// The verdict.
    pub verdict: Option<String>,
    /// Class of the fault.
    pub fault_class: Option<String>,
    /// Kakao's code, or a word.
    pub fault_code: Option<String>,
    /// What happened.
    pub fault_reason: Option<String>,
    /// What to do about it.
    pub fault_remedy: Option<String>,
}

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

/// One account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountRow {
    /// Its name.
    pub account: String,
    /// Kakao's code for the block.
    pub blocked_code: Option<String>,
    /// Why it is blocked.
    pub blocked_reason: Option<String>,
    /// What lifts the block.
    pub blocked_remedy: Option<String>,
    /// Since when.
    pub blocked_at: Option<Timestamp>,
    /// When the next post tries again.
    pub probe_at: Option<Timestamp>,
    /// Posts that wait for their time.
    pub waiting: u32,
}

impl Store {
    /// What is due now, by account; nothing of an account that is blocked, or whose lane is taken.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<(Due, String)>> {
        let at = micros(now);
        let rows = sqlx::query!(
            r#"SELECT a.name,
                 EXISTS (SELECT 1 FROM post p WHERE p.state = 'scheduled' AND p.account = a.name
                           AND p.prepare_at IS NOT NULL AND p.prepare_at <= $1) AS "prepare!: bool",
                 (EXISTS (SELECT 1 FROM post p WHERE p.state = 'scheduled' AND p.account = a.name AND p.due_at <= $1
                           AND (p.kind = 'note' OR p.artifact_until_at > $1)
                           AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = a.name
                                AND q.parked_at IS NOT NULL AND q.text_key = p.text_key))
                  AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = a.name
                        AND (q.state = 'publishing' OR (q.state = 'in_doubt' AND q.parked_at IS NULL))))
                   AS "publish!: bool",
                 EXISTS (SELECT 1 FROM post p WHERE p.account = a.name AND p.state = 'in_doubt' AND p.parked_at IS NULL
                           AND p.reconcile_at <= $1) AS "reconcile!: bool",
                 EXISTS (SELECT 1 FROM story s WHERE s.account = a.name AND s.delete_at IS NOT NULL
                           AND s.deleted_at IS NULL AND s.delete_fault IS NULL AND s.delete_at <= $1) AS "delete!: bool"
               FROM account a WHERE a.probe_at IS NULL OR a.probe_at <= $1 ORDER BY a.name"#,
            at
        )
        .fetch_all(&self.readers)
        .await?;
        let mut due = Vec::new();
        for row in rows {
            let kinds = [
                (Due::Prepare, row.prepare),
                (Due::Publish, row.publish),
                (Due::Reconcile, row.reconcile),
                (Due::Delete, row.delete),
            ];
            for (kind, _) in kinds.into_iter().filter(|(_, is)| *is) {
                due.push((kind, row.name.clone()));
            }
        }
        Ok(due)
    }

    /// The first instant after `now` at which something falls due by itself. What is due already is not among it.
    pub async fn next_wake(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let at = micros(now);
        let next = sqlx::query_scalar!(
            r#"SELECT min(at) AS "at: i64" FROM (
                 SELECT min(due_at) AS at FROM post WHERE state = 'scheduled' AND due_at > $1
                 UNION ALL SELECT min(p.at) FROM (SELECT (SELECT min(prepare_at) FROM post WHERE state = 'scheduled'
                     AND account = a.name AND prepare_at IS NOT NULL AND prepare_at > $1) AS at FROM account a) p
                 UNION ALL SELECT min(late_until_at) + 1 FROM post WHERE state = 'scheduled' AND late_until_at IS NOT NULL
                     AND late_until_at >= $1
                 UNION ALL SELECT min(lease_until_at) FROM post WHERE lease_until_at IS NOT NULL AND lease_until_at > $1
                 UNION ALL SELECT min(reconcile_at) FROM post WHERE reconcile_at IS NOT NULL AND reconcile_at > $1
                 UNION ALL SELECT min(delete_at) FROM story WHERE delete_at IS NOT NULL AND deleted_at IS NULL
                     AND delete_fault IS NULL AND delete_at > $1
                 UNION ALL SELECT min(probe_at) FROM account WHERE probe_at > $1)"#,
            at
        )
        .fetch_one(&self.readers)
        .await?;
        instant_opt(next)
    }

    /// How far Kakao's clock is ahead of ours, as last seen.
    pub async fn skew(&self, account: &str) -> Result<SignedDuration> {
        let micros = sqlx::query_scalar!("SELECT skew_micros FROM account WHERE name = $1", account)
            .fetch_optional(&self.readers)
            .await?;
        Ok(SignedDuration::from_micros(micros.unwrap_or(0)))
    }

    /// Which of these stories of an account already belong to a post.
    pub async fn owned_stories(&self, account: &str, story_ids: &[&str]) -> Result<Vec<String>> {
        let ids = write_json(&story_ids)?;
        Ok(sqlx::query_scalar!(
            "SELECT story_id FROM story WHERE account = $1 AND story_id IN (SELECT value FROM json_each($2))",
            account,
            ids
        )
        .fetch_all(&self.readers)
        .await?)
    }

    /// Posts, what comes next first.
    pub async fn posts(&self, filter: &PostFilter) -> Result<Vec<PostRow>> {
        let states = write_json(&filter.states)?;
        let any_state = filter.states.is_empty();
        let limit = i64::from(filter.limit.unwrap_or(ROWS_MAX).min(ROWS_MAX));
        let rows = sqlx::query_as!(
            RawPost,
            r#"SELECT p.id AS "id!", p.job, p.account, p.kind, p.state, p.occurs_at, p.due_at, p.zone, p.tags, p.content,
                 p.reason, p.story_id, p.parked_at, p.publish_failures, p.prepare_failures,
                 a.blocked_reason AS "blocked?"
               FROM post p JOIN account a ON a.name = p.account
               WHERE ($1 OR p.state IN (SELECT value FROM json_each($2)))
                 AND ($3 IS NULL OR p.account = $3) AND ($4 IS NULL OR p.job = $4)
               ORDER BY p.due_at, p.id LIMIT $5"#,
            any_state,
            states,
            filter.account,
            filter.job,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(RawPost::read).collect()
    }

    /// One post, or `None`.
    pub async fn post(&self, post: i64) -> Result<Option<PostRow>> {
        let row = sqlx::query_as!(
            RawPost,
            r#"SELECT p.id AS "id!", p.job, p.account, p.kind, p.state, p.occurs_at, p.due_at, p.zone, p.tags, p.content,
                 p.reason, p.story_id, p.parked_at, p.publish_failures, p.prepare_failures,
                 a.blocked_reason AS "blocked?"
               FROM post p JOIN account a ON a.name = p.account WHERE p.id = $1"#,
            post
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(RawPost::read).transpose()
    }

    /// The history of a post, oldest first.
    pub async fn events(&self, post: i64) -> Result<Vec<EventRow>> {
        let limit = i64::from(ROWS_MAX);
        let rows = sqlx::query!(
            "SELECT at, event, state, actor, reason FROM event WHERE post_id = $1 ORDER BY id LIMIT $2",
            post,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                let at = instant(row.at)?;
                Ok(EventRow { at, event: row.event, state: row.state, actor: row.actor, reason: row.reason })
            })
            .collect()
    }

    /// The attempts of a post, oldest first.
    pub async fn attempts(&self, post: i64) -> Result<Vec<AttemptRow>> {
        let limit = i64::from(ROWS_MAX);
        let rows = sqlx::query!(
            "SELECT kind, started_at, ended_at, verdict, fault_class, fault_code, fault_reason, fault_remedy
             FROM attempt WHERE post_id = $1 ORDER BY id LIMIT $2",
            post,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AttemptRow {
                    kind: row.kind,
                    started_at: instant(row.started_at)?,
                    ended_at: instant_opt(row.ended_at)?,
                    verdict: row.verdict,
                    fault_class: row.fault_class,
                    fault_code: row.fault_code,
                    fault_reason: row.fault_reason,
                    fault_remedy: row.fault_remedy,
                })
            })
            .collect()
    }

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

    /// Every account that the queue knows.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>> {
        let rows = sqlx::query!(
            r#"SELECT name, blocked_code, blocked_reason, blocked_remedy, blocked_at, probe_at,
                 (SELECT count(*) FROM post p WHERE p.account = name AND p.state = 'scheduled') AS "waiting!: i64"
               FROM account ORDER BY name"#
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AccountRow {
                    account: row.name,
                    blocked_code: row.blocked_code,
                    blocked_reason: row.blocked_reason,
                    blocked_remedy: row.blocked_remedy,
                    blocked_at: instant_opt(row.blocked_at)?,
                    probe_at: instant_opt(row.probe_at)?,
                    waiting: count(row.waiting),
                })
            })
            .collect()
    }

    /// How many posts are in each state, in the order of a post's life; states without posts are left out.
    pub async fn counts(&self) -> Result<Vec<(PostState, u32)>> {
        let rows = sqlx::query!(r#"SELECT state, count(*) AS "posts!: i64" FROM post GROUP BY state"#)
            .fetch_all(&self.readers)
            .await?;
        let mut counts = Vec::new();
        for row in rows {
            counts.push((state(&row.state)?, count(row.posts)));
        }
        counts.sort_unstable();
        Ok(counts)
    }

    /// Whether anything is claimed or publishing: what a drain waits for.
    pub async fn in_flight(&self) -> Result<u32> {
        let n = sqlx::query_scalar!(r#"SELECT count(*) AS "n!: i64" FROM post WHERE lease_until_at IS NOT NULL"#)
            .fetch_one(&self.readers)
            .await?;
        Ok(count(n))
    }
}

/// Which story is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoryKey {
    /// That of this post.
    Post(i64),
    /// That with this ID at Kakao.
    Story(String),
}

struct RawPost {
    id: i64,
    job: String,
    account: String,
    kind: String,
    state: String,
    occurs_at: i64,
    due_at: i64,
    zone: String,
    tags: String,
    content: String,
    reason: String,
    story_id: Option<String>,
    parked_at: Option<i64>,
    publish_failures: i64,
    prepare_failures: i64,
    blocked: Option<String>,
}

impl RawPost {
    fn read(self) -> Result<PostRow> {
        Ok(PostRow {
            post: self.id,
            job: self.job,
            account: self.account,
            kind: self.kind,
            state: state(&self.state)?,
            occurs_at: instant(self.occurs_at)?,
            due_at: instant(self.due_at)?,
            zone: self.zone,
            tags: read_json(&self.tags, "tags")?,
            content: read_json(&self.content, "a content")?,
            reason: self.reason,
            story_id: self.story_id,
            parked_at: instant_opt(self.parked_at)?,
            blocked: self.blocked,
            publish_failures: count(self.publish_failures),
            prepare_failures: count(self.prepare_failures),
        })
    }
}

fn state(word: &str) -> Result<PostState> {
    PostState::parse(word).ok_or_else(|| StoreError::Nonsense { what: format!("the state {word:?}") })
}
