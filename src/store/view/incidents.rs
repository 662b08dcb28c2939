//! What is wrong, and who has been told: what the engine derives notices from, and what people are shown of them.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::clock::later;
use crate::domain::notice::Trouble;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros};

/// Most events that one look takes in; the next look goes on from there.
const EVENTS_MAX: i64 = 500;
const DAY: Duration = Duration::from_secs(86_400);
/// Most incidents that are listed.
const ROWS_MAX: i64 = 1_000;

/// How far people have been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeState {
    /// The last event that was looked at.
    pub events_seen: i64,
    /// When the day was last told in short.
    pub digest_at: Option<Timestamp>,
    /// When something that is held back may be told.
    pub next_at: Option<Timestamp>,
    /// The last event that there is.
    pub last_event: i64,
}

/// An event of a post that people may have to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostNews {
    /// Its number.
    pub id: i64,
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// Its account.
    pub account: String,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub event: String,
    /// The post's state after it.
    pub state: String,
    /// Who caused it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The post's story, as it stands now.
    pub story_id: Option<String>,
    /// Whether the post is held now because the job files ask for it no more.
    pub lost: bool,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IncidentRow {
    /// Its number.
    pub incident: i64,
    /// What is wrong.
    pub trouble: Trouble,
    /// What it is about.
    pub subject: String,
    /// The post, where it is about one.
    pub post: Option<i64>,
    /// Its job.
    pub job: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// What happened, and why.
    pub reason: String,
    /// What to type.
    pub command: String,
    /// Since when.
    pub began_at: Timestamp,
    /// When it was told, or would have been, were there anybody to tell.
    pub told_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How.
    pub outcome: Option<String>,
}

/// A notice that has not arrived yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingNotice {
    /// Its number.
    pub notice: i64,
    /// Where it goes.
    pub sink: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// Tries so far.
    pub tries: u32,
    /// Why the last one came to nothing.
    pub problem: Option<String>,
}

/// An account that Kakao turns away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedAccount {
    /// Its name.
    pub account: String,
    /// Why.
    pub reason: String,
    /// What helps.
    pub remedy: String,
    /// Since when.
    pub since: Timestamp,
    /// Posts that wait.
    pub waiting: u32,
}

/// A story that could not be taken down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDeleted {
    /// The post behind it.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// Its account.
    pub account: String,
    /// Its ID.
    pub story_id: String,
    /// Why.
    pub reason: String,
    /// When it should have been gone.
    pub at: Timestamp,
}

/// What happened in a span of time, and what is to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stories published.
    pub published: u32,
    /// Posts that failed.
    pub failed: u32,
    /// Posts that were missed.
    pub missed: u32,
    /// Stories taken down.
    pub deleted: u32,
    /// Posts that fall due within the next day.
    pub to_come: u32,
}

pub(super) struct Raw {
    pub(super) id: i64,
    pub(super) trouble: String,
    pub(super) subject: String,
    pub(super) post_id: Option<i64>,
    pub(super) job: Option<String>,
    pub(super) account: Option<String>,
    pub(super) reason: String,
    pub(super) command: String,
    pub(super) began_at: i64,
    pub(super) told_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    pub(super) outcome: Option<String>,
}

impl Raw {
    pub(super) fn read(self) -> Result<IncidentRow> {
        let unknown = || StoreError::Nonsense { what: format!("the trouble {:?}", self.trouble) };
        Ok(IncidentRow {
            incident: self.id,
            trouble: Trouble::parse(&self.trouble).ok_or_else(unknown)?,
            subject: self.subject,
            post: self.post_id,
            job: self.job,
            account: self.account,
            reason: self.reason,
            command: self.command,
            began_at: instant(self.began_at)?,
            told_at: instant_opt(self.told_at)?,
            ended_at: instant_opt(self.ended_at)?,
            outcome: self.outcome,
        })
    }
}

impl Store {
    /// How far people have been told.
    pub async fn told(&self) -> Result<NoticeState> {
        let row = sqlx::query!(
            r#"SELECT events_seen, digest_at, next_at, coalesce((SELECT max(id) FROM event), 0) AS "last_event!: i64" FROM notice_cursor"#
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(NoticeState {
            events_seen: row.events_seen,
            digest_at: instant_opt(row.digest_at)?,
            next_at: instant_opt(row.next_at)?,
            last_event: row.last_event,
        })
    }

    /// The events after `seen` that can begin or end an incident, oldest first, and up to which event that is.
    pub async fn post_news(&self, seen: i64, last: i64) -> Result<(Vec<PostNews>, i64)> {
        let rows = sqlx::query!(
            r#"SELECT e.id AS "id!", e.post_id, p.job, p.account, e.at, e.event, e.state, e.actor, e.reason, p.story_id,
                 p.state = 'held' AND p.lost_at IS NOT NULL AS "lost!: bool"
               FROM event e JOIN post p ON p.id = e.post_id
               WHERE e.id > $1 AND e.id <= $2
                 AND e.event IN ('fail', 'miss', 'hold', 'park', 'publish', 'delete', 'cancel', 'adopt', 'release',
                   'repost')
               ORDER BY e.id LIMIT $3"#,
            seen,
            last,
            EVENTS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == EVENTS_MAX;
        let upto = rows.last().filter(|_| full).map_or(last, |row| row.id);
        let news = rows.into_iter().map(|row| {
            Ok(PostNews {
                id: row.id,
                post: row.post_id,
                job: row.job,
                account: row.account,
                at: instant(row.at)?,
                event: row.event,
                state: row.state,
                actor: row.actor,
                reason: row.reason,
                story_id: row.story_id,
                lost: row.lost,
            })
        });
        Ok((news.collect::<Result<_>>()?, upto))
    }

    /// The incidents of which people have not been told that they began, or ended, oldest first; those of posts, of which there may be
    /// any number, after the others.
    pub async fn untold_incidents(&self) -> Result<Vec<IncidentRow>> {
        let rows = sqlx::query_as!(
            Raw,
            r#"SELECT id AS "id!", trouble, subject, post_id, job, account, reason, command, began_at, told_at, ended_at, outcome
               FROM incident WHERE told_at IS NULL OR (ended_at IS NOT NULL AND end_told_at IS NULL)
               ORDER BY trouble IN ('failed', 'missed', 'held', 'in_doubt'), id LIMIT $1"#,
            ROWS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// When people were last told of a trouble's beginning, and of its end, for an account.
    pub async fn last_told(
        &self,
        trouble: Trouble,
        account: Option<&str>,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
        let word = trouble.as_str();
        let row = sqlx::query!(
            r#"SELECT (SELECT max(told_at) FROM incident WHERE trouble = $1 AND account IS $2) AS "began: i64",
                 (SELECT max(end_told_at) FROM incident WHERE trouble = $1 AND account IS $2) AS "ended: i64""#,
            word,
            account
        )
        .fetch_one(&self.readers)
        .await?;
        Ok((instant_opt(row.began)?, instant_opt(row.ended)?))
    }

    /// The latest incidents, the newest first.
    pub async fn latest_incidents(&self, limit: u32) -> Result<Vec<IncidentRow>> {
        let limit = i64::from(limit).min(ROWS_MAX);
        let rows = sqlx::query_as!(
            Raw,
            r#"SELECT id AS "id!", trouble, subject, post_id, job, account, reason, command, began_at, told_at, ended_at, outcome
               FROM incident ORDER BY id DESC LIMIT $1"#,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// How many notices have not arrived yet.
    pub async fn count_waiting_notices(&self) -> Result<u32> {
        let waiting =
            sqlx::query_scalar!(r#"SELECT count(*) AS "notices!: i64" FROM notice WHERE next_at IS NOT NULL"#)
                .fetch_one(&self.readers)
                .await?;
        Ok(count(waiting))
    }

    /// The notices that have not arrived yet, oldest first.
    pub async fn waiting_notices(&self) -> Result<Vec<WaitingNotice>> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", sink, created_at, next_at AS "next_at!", tries, problem FROM notice
               WHERE next_at IS NOT NULL ORDER BY id LIMIT $1"#,
            ROWS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(WaitingNotice {
                notice: row.id,
                sink: row.sink,
                created_at: instant(row.created_at)?,
                next_at: instant(row.next_at)?,
                tries: count(row.tries),
                problem: row.problem,
            })
        });
        read.collect()
    }

    /// The accounts that Kakao turns away.
    pub async fn blocked_accounts(&self) -> Result<Vec<BlockedAccount>> {
        let rows = sqlx::query!(
            r#"SELECT name, blocked_reason AS "reason!", blocked_remedy AS "remedy!", blocked_at AS "at!",
                 (SELECT count(*) FROM post p WHERE p.account = name AND p.state = 'scheduled') AS "waiting!: i64"
               FROM account WHERE blocked_code IS NOT NULL ORDER BY name"#
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(BlockedAccount {
                account: row.name,
                reason: row.reason,
                remedy: row.remedy,
                since: instant(row.at)?,
                waiting: count(row.waiting),
            })
        });
        read.collect()
    }

    /// The stories that could not be taken down.
    pub async fn not_deleted(&self) -> Result<Vec<NotDeleted>> {
        let rows = sqlx::query!(
            r#"SELECT s.post_id, p.job, s.account, s.story_id, s.delete_fault AS "reason!", s.delete_at
               FROM story s JOIN post p ON p.id = s.post_id
               WHERE s.delete_fault IS NOT NULL AND s.deleted_at IS NULL ORDER BY s.post_id LIMIT $1"#,
            ROWS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(NotDeleted {
                post: row.post_id,
                job: row.job,
                account: row.account,
                story_id: row.story_id,
                reason: row.reason,
                at: instant(row.delete_at.unwrap_or_default())?,
            })
        });
        read.collect()
    }

    /// What happened between `since` and `now`, and what falls due within a day from then.
    pub async fn tally(&self, since: Timestamp, now: Timestamp) -> Result<Tally> {
        let (from, at) = (micros(since), micros(now));
        let day = micros(later(now, DAY));
        let row = sqlx::query!(
            r#"SELECT
                 (SELECT count(*) FROM story WHERE published_at > $1 AND published_at <= $2) AS "published!: i64",
                 (SELECT count(*) FROM incident WHERE trouble = 'failed' AND began_at > $1 AND began_at <= $2) AS "failed!: i64",
                 (SELECT count(*) FROM incident WHERE trouble = 'missed' AND began_at > $1 AND began_at <= $2) AS "missed!: i64",
                 (SELECT count(*) FROM story WHERE deleted_at > $1 AND deleted_at <= $2) AS "deleted!: i64",
                 (SELECT count(*) FROM post WHERE state = 'scheduled' AND due_at <= $3) AS "to_come!: i64""#,
            from,
            at,
            day
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Tally {
            published: count(row.published),
            failed: count(row.failed),
            missed: count(row.missed),
            deleted: count(row.deleted),
            to_come: count(row.to_come),
        })
    }
}
