//! Audits: the order, the pages, what they showed, and what became of the differences. Each step of a run is one transaction, so
//! that a run goes on where it stopped.

use jiff::Timestamp;

use super::text_key::text_key;
use super::write::Write;
use crate::domain::content::Content;
use crate::domain::post::PostState;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros, read_json, write_json};
use crate::store::view::limits::ROWS_MAX;
use crate::store::written::Written;

/// A run that goes on.
#[derive(Debug)]
pub struct AuditRun {
    /// Its number.
    pub audit: i64,
    /// The account.
    pub account: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The oldest story that was listed.
    pub last_id: Option<String>,
    /// Whether the list has ended.
    pub listed: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Pages of the list that were read.
    pub pages: u32,
    asked_at: Option<i64>,
    asked_post: i64,
}

/// What a run saw of a listed story.
#[derive(Clone, Debug)]
pub struct AuditedStory {
    /// The story.
    pub story_id: String,
    /// Number of comments.
    pub comments: u64,
    /// Number of moods.
    pub moods: u64,
    /// It is on record, and as it was recorded.
    pub as_recorded: bool,
}

/// A difference, as it is written down.
#[derive(Clone, Debug)]
pub struct NewFinding {
    /// The story.
    pub story_id: String,
    /// What kind.
    pub kind: FindingKind,
    /// The post that it concerns.
    pub post: Option<i64>,
    /// One sentence for a person.
    pub detail: String,
    /// What Kakao showed, as [`ShownStory`] in JSON; for stories that may be adopted.
    pub shown: Option<ShownStory>,
}

/// What kind of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// On record as up, and gone.
    Missing,
    /// Another text or audience than on record.
    Altered,
    /// Up, and not on record.
    Unknown,
    /// Up, and perhaps that of a post that is not recorded as published.
    Doubtful,
    /// On record as deleted, and up.
    StillUp,
}

impl FindingKind {
    /// The word of the database, JSON and the commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Unknown => "unknown",
            Self::Doubtful => "doubtful",
            Self::StillUp => "still_up",
        }
    }
}

/// A story as Kakao showed it: enough to take it into the record.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ShownStory {
    /// When it was posted.
    pub created_at: Timestamp,
    /// What it says, as far as Kakao tells.
    pub content: Content,
}

/// A story on record, as an audit compares it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The story.
    pub story_id: String,
    /// Its post.
    pub post: i64,
    /// What it says.
    pub content: Content,
    /// When it was seen to be gone.
    pub deleted_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Timestamp,
}

impl Store {
    /// Asks for an audit of the account, or joins the one that goes on. Its number.
    pub async fn order_audit(&self, account: &str, actor: &str, now: Timestamp) -> Result<i64> {
        let at = micros(now);
        let mut tx = self.begin().await?;
        sqlx::query!(
            "INSERT INTO audit (account, actor, started_at, next_at) SELECT $1, $2, $3, $3
             WHERE NOT EXISTS (SELECT 1 FROM audit WHERE account = $1 AND ended_at IS NULL)",
            account,
            actor,
            at
        )
        .execute(&mut *tx)
        .await?;
        let audit =
            sqlx::query_scalar!(r#"SELECT id AS "id!" FROM audit WHERE account = $1 AND ended_at IS NULL"#, account)
                .fetch_one(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(audit)
    }

    /// The account's run whose next step is due.
    pub async fn audit_due(&self, account: &str, now: Timestamp) -> Result<Option<AuditRun>> {
        let at = micros(now);
        let row = sqlx::query!(
            r#"SELECT id AS "id!", started_at, last_id, listed, failures, pages, asked_at, asked_post FROM audit
               WHERE account = $1 AND ended_at IS NULL AND next_at <= $2
                 AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)"#,
            account,
            at
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(AuditRun {
            audit: row.id,
            account: account.to_owned(),
            started_at: instant(row.started_at)?,
            last_id: row.last_id,
            listed: row.listed == 1,
            failures: count(row.failures),
            pages: count(row.pages),
            asked_at: row.asked_at,
            asked_post: row.asked_post,
        }))
    }

    /// A page of the list was read: what it showed, how many of its stories are as recorded, and its last story, or `None` when
    /// the list has ended.
    pub async fn record_page(
        &self,
        run: &AuditRun,
        seen: &[AuditedStory],
        findings: &[NewFinding],
        last_id: Option<&str>,
        (next_at, now): (Timestamp, Timestamp),
    ) -> Result<Written> {
        let (next, at) = (micros(next_at), micros(now));
        let present = i64::try_from(seen.iter().filter(|seen| seen.as_recorded).count()).unwrap_or(0);
        let ended = last_id.is_none();
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE audit SET last_id = coalesce($3, last_id), listed = $4, pages = pages + 1, present = present + $5, failures = 0,
               next_at = $6
             WHERE id = $1 AND ended_at IS NULL AND listed = 0 AND last_id IS $2",
            run.audit,
            run.last_id,
            last_id,
            ended,
            present,
            next
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(Written::Lost);
        }
        for story in seen {
            let (comments, moods) = (clamped(story.comments), clamped(story.moods));
            sqlx::query!(
                "INSERT OR IGNORE INTO audit_story (audit_id, story_id, comments, moods) VALUES ($1, $2, $3, $4)",
                run.audit,
                story.story_id,
                comments,
                moods
            )
            .execute(&mut *tx)
            .await?;
        }
        for finding in findings {
            note_finding(&mut tx, run, finding, at).await?;
        }
        tx.commit().await?;
        Ok(Written::Done)
    }

    /// The next recorded stories that are up, are older than `before`, and were not in the list: each must be asked for by itself.
    pub async fn unlisted(&self, run: &AuditRun, before: Timestamp, limit: u32) -> Result<Vec<Recorded>> {
        let (before, limit, from) = (micros(before), i64::from(limit), run.asked_at.unwrap_or(i64::MIN));
        let rows = sqlx::query!(
            r#"SELECT s.story_id, s.post_id, s.published_at, p.content FROM story s JOIN post p ON p.id = s.post_id
               WHERE s.account = $1 AND (s.published_at, s.post_id) > ($2, $3) AND s.published_at < $4 AND s.deleted_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM audit_story t WHERE t.audit_id = $5 AND t.story_id = s.story_id)
               ORDER BY s.published_at, s.post_id LIMIT $6"#,
            run.account,
            from,
            run.asked_post,
            before,
            run.audit,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(Recorded {
                story_id: row.story_id,
                post: row.post_id,
                content: read_json(&row.content, "a content")?,
                deleted_at: None,
                published_at: instant(row.published_at)?,
            })
        });
        read.collect()
    }

    /// A story that the list lacked was asked for.
    pub async fn record_asked(
        &self,
        run: &AuditRun,
        of: &Recorded,
        finding: Option<&NewFinding>,
        (next_at, now): (Timestamp, Timestamp),
    ) -> Result<Written> {
        let (next, at, asked_at, present) =
            (micros(next_at), micros(now), micros(of.published_at), i64::from(finding.is_none()));
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE audit SET asked_at = $2, asked_post = $3, present = present + $4, failures = 0, next_at = $5
             WHERE id = $1 AND ended_at IS NULL AND listed = 1",
            run.audit,
            asked_at,
            of.post,
            present,
            next
        )
        .execute(&mut *tx)
        .await?;
        if let Some(finding) = finding.filter(|_| done.rows_affected() == 1) {
            note_finding(&mut tx, run, finding, at).await?;
        }
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// The run has ended; with a fault it was given up.
    pub async fn end_audit(&self, run: &AuditRun, fault: Option<&str>, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE audit SET ended_at = $2, next_at = NULL, fault = $3 WHERE id = $1 AND ended_at IS NULL",
            run.audit,
            at,
            fault
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// The step failed and is made again.
    pub async fn retry_audit(&self, run: &AuditRun, next_at: Timestamp) -> Result<Written> {
        let next = micros(next_at);
        let done = sqlx::query!(
            "UPDATE audit SET failures = failures + 1, next_at = $2 WHERE id = $1 AND ended_at IS NULL",
            run.audit,
            next
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// What is on record of these stories of an account.
    pub async fn recorded(&self, account: &str, story_ids: &[&str]) -> Result<Vec<Recorded>> {
        let ids = write_json(&story_ids)?;
        let rows = sqlx::query!(
            "SELECT s.story_id, s.post_id, s.published_at, s.deleted_at, p.content FROM story s JOIN post p ON p.id = s.post_id
             WHERE s.account = $1 AND s.story_id IN (SELECT value FROM json_each($2))",
            account,
            ids
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(Recorded {
                story_id: row.story_id,
                post: row.post_id,
                content: read_json(&row.content, "a content")?,
                deleted_at: instant_opt(row.deleted_at)?,
                published_at: instant(row.published_at)?,
            })
        });
        read.collect()
    }

    /// Posts of an account with this text that were sent at least once and are not recorded as published.
    pub async fn may_own(&self, account: &str, text: &str) -> Result<Vec<(i64, PostState, Content)>> {
        let (key, limit) = (text_key(text), i64::from(ROWS_MAX));
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", state, content FROM post
               WHERE account = $1 AND state IN ('publishing', 'in_doubt', 'scheduled', 'held', 'failed', 'cancelled', 'missed')
                 AND intent_at IS NOT NULL AND text_key = $2 ORDER BY id LIMIT $3"#,
            account,
            key,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            let state = PostState::parse(&row.state)
                .ok_or_else(|| StoreError::Nonsense { what: format!("the state {:?}", row.state) })?;
            Ok((row.id, state, read_json(&row.content, "a content")?))
        });
        read.collect()
    }

    /// A person has seen to the differences of a story. How many those were.
    pub async fn settle_finding(
        &self,
        account: Option<&str>,
        story_id: &str,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE finding SET settled_at = $3, settled_by = $4, settled_reason = $5
             WHERE story_id = $2 AND settled_at IS NULL AND account IN (SELECT name FROM account WHERE $1 IS NULL OR name = $1)",
            account,
            story_id,
            at,
            actor,
            reason
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected())
    }
}

/// Writes a difference down. One that a person settled in an earlier run, and that is still the same, is settled here too.
async fn note_finding(tx: &mut Write, run: &AuditRun, finding: &NewFinding, at: i64) -> Result<()> {
    let (kind, shown) = (finding.kind.as_str(), finding.shown.as_ref().map(write_json).transpose()?);
    sqlx::query!(
        "INSERT OR IGNORE INTO finding (audit_id, account, story_id, kind, post_id, detail, story, found_at, settled_at, settled_by,
           settled_reason)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, o.settled_at, o.settled_by, o.settled_reason
         FROM (SELECT 1) LEFT JOIN (SELECT settled_at, settled_by, settled_reason FROM finding
           WHERE account = $2 AND story_id = $3 AND kind = $4 AND detail = $6 AND settled_at IS NOT NULL
           ORDER BY audit_id DESC LIMIT 1) o",
        run.audit,
        run.account,
        finding.story_id,
        kind,
        finding.post,
        finding.detail,
        shown,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn clamped(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
