//! The posts as people see them, with their history and their attempts.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::SqliteConnection;

use super::limits::ROWS_MAX;
use super::waits::{Facts, WaitKind, Waits, standing, waits};
use crate::domain::content::Content;
use crate::domain::post::PostState;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros, read_json, write_json};

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
    /// What it waits for beside its own time, the strongest first. Of those that end by themselves some may have ended:
    /// [`at`](Self::at) leaves them out.
    pub waits: Vec<Waits>,
}

impl PostRow {
    /// Whether it is held because it left the job files.
    pub fn is_lost(&self) -> bool {
        self.waits.iter().any(|wait| wait.what == WaitKind::Withdrawal)
    }

    /// As it stands at `now`: what it no longer waits for is left out.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let waits = standing(&self.waits, now);
        Self { waits, ..self }
    }
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
    /// What was asked of Kakao, kept where it did not plainly succeed: without secrets, at most 400 characters.
    pub request: Option<String>,
    /// The status of the answer and its first characters, kept with the request; empty when none came.
    pub answer: Option<String>,
}

impl Store {
    /// Those of these posts that there are, what comes next first.
    pub async fn posts_numbered(&self, posts: &[i64]) -> Result<Vec<PostRow>> {
        rows(&mut *self.readers.acquire().await?, posts).await
    }

    /// The accounts that posts wait for.
    pub async fn waiting_accounts(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "SELECT name FROM account a WHERE EXISTS (SELECT 1 FROM post WHERE account = a.name AND state = 'scheduled')
             ORDER BY name"
        )
        .fetch_all(&self.readers)
        .await?)
    }

    /// How many posts of an account wait and are due at or after `from`.
    pub async fn waiting_from(&self, account: &str, from: Timestamp) -> Result<u32> {
        let from = micros(from);
        let posts = sqlx::query_scalar!(
            r#"SELECT count(*) AS "posts!: i64" FROM post WHERE account = $1 AND state = 'scheduled' AND due_at >= $2"#,
            account,
            from
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(count(posts))
    }

    /// The photos that wait and are due at or before `until`, the earliest first, at most [`ROWS_MAX`].
    pub async fn photos_due_by(&self, until: Timestamp) -> Result<Vec<PostRow>> {
        let (until, limit) = (micros(until), i64::from(ROWS_MAX));
        let mut reader = self.readers.acquire().await?;
        let photos = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post WHERE state = 'scheduled' AND due_at <= $1 AND kind = 'photo'
               ORDER BY due_at, id LIMIT $2"#,
            until,
            limit
        )
        .fetch_all(&mut *reader)
        .await?;
        rows(&mut reader, &photos).await
    }

    /// One post, or `None`.
    pub async fn post(&self, post: i64) -> Result<Option<PostRow>> {
        let mut connection = self.readers.acquire().await?;
        Ok(rows(&mut connection, &[post]).await?.pop())
    }

    /// Where a job was last seen: file:line:column of its job file, or who put its post into the queue.
    pub async fn job_source(&self, job: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!("SELECT source FROM job WHERE name = $1", job).fetch_optional(&self.readers).await?)
    }

    /// Whether a post of this job was taken out of the record, so that what its job says was posted, or withdrawn, once.
    pub async fn was_pruned(&self, job: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM pruned WHERE job = $1) AS "found!: bool""#, job)
            .fetch_one(&self.readers)
            .await?)
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
            "SELECT kind, started_at, ended_at, verdict, fault_class, fault_code, fault_reason, fault_remedy, request, answer
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
                    request: row.request,
                    answer: row.answer,
                })
            })
            .collect()
    }

    /// The same, but of each state no more than `limit` are counted: what takes no longer however many there are.
    pub async fn counts_up_to(&self, limit: u32) -> Result<Vec<(PostState, u32)>> {
        let mut counts = Vec::new();
        for state in PostState::ALL {
            let word = state.as_str();
            let posts = sqlx::query_scalar!(
                r#"SELECT count(*) AS "posts!: i64" FROM (SELECT 1 FROM post WHERE state = $1 LIMIT $2)"#,
                word,
                limit
            )
            .fetch_one(&self.readers)
            .await?;
            if posts > 0 {
                counts.push((state, count(posts)));
            }
        }
        counts.sort_unstable();
        Ok(counts)
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
}

pub(super) async fn rows(connection: &mut SqliteConnection, ids: &[i64]) -> Result<Vec<PostRow>> {
    let ids = write_json(&ids)?;
    let rows = sqlx::query_as!(
        RawPost,
        r#"SELECT p.id AS "id!", p.job, p.account, p.kind, p.state, p.occurs_at, p.due_at, p.zone, p.tags, p.content,
             p.reason, p.story_id, p.parked_at, p.publish_failures, p.prepare_failures, p.nominal_at, p.blackout,
             p.lost_at IS NOT NULL AS "lost!: bool", coalesce(p.moved_to_at, p.occurs_at) AS "planned_at!: i64",
             a.blocked_reason AS "blocked?", a.min_gap, a.catch_up_gap, a.max_per_day, a.next_at, a.next_late_at,
             iif(p.state = 'scheduled' AND a.min_gap > 0, (SELECT s.came_at FROM story s WHERE s.account = p.account
               ORDER BY s.published_at DESC, s.post_id DESC LIMIT 1), NULL) AS "last_at: i64",
             iif(p.state = 'scheduled', (SELECT json_group_array(json_object('scope', z.scope, 'target', z.target,
                 'actor', z.actor, 'reason', z.reason, 'until_at', z.until_at)) FROM pause z
               WHERE z.scope = 'all' OR (z.scope IN ('account', 'restore') AND z.target = p.account)
                 OR (z.scope = 'job' AND z.target = p.job)
                 OR (z.scope = 'tag' AND z.target IN (SELECT value FROM json_each(p.tags)))), '[]') AS "pauses!: String",
             iif(p.state = 'scheduled', (SELECT q.id FROM post q WHERE q.account = p.account AND q.state = 'in_doubt'
               AND (q.parked_at IS NULL OR q.text_key = p.text_key) LIMIT 1), NULL) AS "doubt: i64"
           FROM post p JOIN account a ON a.name = p.account
           WHERE p.id IN (SELECT value FROM json_each($1)) ORDER BY p.due_at, p.id"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RawPost::read).collect()
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
    nominal_at: i64,
    blackout: Option<String>,
    planned_at: i64,
    min_gap: i64,
    catch_up_gap: i64,
    max_per_day: Option<i64>,
    next_at: i64,
    next_late_at: i64,
    last_at: Option<i64>,
    pauses: String,
    doubt: Option<i64>,
    lost: bool,
}

impl RawPost {
    fn read(self) -> Result<PostRow> {
        let state = state(&self.state)?;
        let facts = Facts {
            account: self.account.clone(),
            zone: self.zone.clone(),
            due_at: self.due_at,
            planned_at: self.planned_at,
            nominal_at: self.nominal_at,
            blackout: self.blackout,
            blocked: self.blocked.clone(),
            min_gap: self.min_gap,
            catch_up_gap: self.catch_up_gap,
            max_per_day: self.max_per_day,
            next_at: self.next_at,
            next_late_at: self.next_late_at,
            last_at: self.last_at,
            pauses: self.pauses,
            doubt: self.doubt,
            lost: self.lost,
        };
        Ok(PostRow {
            waits: waits(state, &facts)?,
            post: self.id,
            job: self.job,
            account: self.account,
            kind: self.kind,
            state,
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

pub(super) fn state(word: &str) -> Result<PostState> {
    PostState::parse(word).ok_or_else(|| StoreError::Nonsense { what: format!("the state {word:?}") })
}
