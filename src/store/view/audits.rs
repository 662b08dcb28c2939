//! Audits as people see them: the runs, what they found, and how engagement with the stories went on.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Serialize;

use super::limits::ROWS_MAX;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros, write_json};

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRow {
    /// Its number.
    pub audit: i64,
    /// The account.
    pub account: String,
    /// Who asked for it: a person, or `daemon`.
    pub actor: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Pages of the list that were read.
    pub pages: u32,
    /// Stories that are as recorded.
    pub present: u32,
    /// Differences that it found.
    pub findings: u32,
    /// Of those, the ones that nobody has seen to.
    pub open: u32,
    /// Why it was given up.
    pub fault: Option<String>,
}

/// One difference between the record and Kakao.
#[derive(Clone, Debug, Serialize)]
pub struct FindingRow {
    /// The run that found it.
    pub audit: i64,
    /// The account.
    pub account: String,
    /// The story.
    pub story_id: String,
    /// `missing`, `altered`, `unknown`, `doubtful` or `still_up`.
    pub kind: String,
    /// The post that it concerns.
    pub post: Option<i64>,
    /// What it is.
    pub detail: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// When somebody saw to it.
    pub settled_at: Option<Timestamp>,
    /// Who.
    pub settled_by: Option<String>,
    /// How.
    pub settled_reason: Option<String>,
}

/// What the last complete audit of an account found, and nobody has seen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differences {
    /// The account.
    pub account: String,
    /// When the first of them was found.
    pub since: Timestamp,
    /// How many stories of each kind, as in [`FindingRow::kind`].
    pub kinds: Vec<(String, u32)>,
}

/// What people left at a story, as one audit saw it.
#[derive(Clone, Debug, Serialize)]
pub struct EngagementRow {
    /// The story.
    pub story_id: String,
    /// When it was seen.
    pub at: Timestamp,
    /// Number of comments.
    pub comments: u32,
    /// Number of moods.
    pub moods: u32,
}

struct RawFinding {
    audit_id: i64,
    account: String,
    story_id: String,
    kind: String,
    post_id: Option<i64>,
    detail: String,
    found_at: i64,
    settled_at: Option<i64>,
    settled_by: Option<String>,
    settled_reason: Option<String>,
}

impl RawFinding {
    fn read(self) -> Result<FindingRow> {
        Ok(FindingRow {
            audit: self.audit_id,
            account: self.account,
            story_id: self.story_id,
            kind: self.kind,
            post: self.post_id,
            detail: self.detail,
            found_at: instant(self.found_at)?,
            settled_at: instant_opt(self.settled_at)?,
            settled_by: self.settled_by,
            settled_reason: self.settled_reason,
        })
    }
}

impl Store {
    /// Those of these stories that an earlier page of an audit has shown.
    pub async fn seen_before(&self, audit: i64, story_ids: &[&str]) -> Result<HashSet<String>> {
        let ids = write_json(&story_ids)?;
        let seen = sqlx::query_scalar!(
            "SELECT story_id FROM audit_story WHERE audit_id = $1 AND story_id IN (SELECT value FROM json_each($2))",
            audit,
            ids
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(seen.into_iter().collect())
    }

    /// The runs of an account, the latest first.
    pub async fn audits(&self, account: &str, limit: u32) -> Result<Vec<AuditRow>> {
        let limit = i64::from(limit.min(ROWS_MAX));
        let runs = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM audit WHERE account = $1 ORDER BY id DESC LIMIT $2"#,
            account,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let mut rows = Vec::new();
        for run in runs {
            rows.extend(self.audit(run).await?);
        }
        Ok(rows)
    }

    /// One run.
    pub async fn audit(&self, audit: i64) -> Result<Option<AuditRow>> {
        let row = sqlx::query!(
            r#"SELECT account, actor, started_at, ended_at, pages, present, fault,
                 (SELECT count(*) FROM finding f WHERE f.audit_id = audit.id) AS "findings!: i64",
                 (SELECT count(*) FROM finding f WHERE f.audit_id = audit.id AND f.settled_at IS NULL) AS "open!: i64"
               FROM audit WHERE id = $1"#,
            audit
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(AuditRow {
            audit,
            account: row.account,
            actor: row.actor,
            started_at: instant(row.started_at)?,
            ended_at: instant_opt(row.ended_at)?,
            pages: count(row.pages),
            present: count(row.present),
            findings: count(row.findings),
            open: count(row.open),
            fault: row.fault,
        }))
    }

    /// What one run found.
    pub async fn findings(&self, audit: i64) -> Result<Vec<FindingRow>> {
        let limit = i64::from(ROWS_MAX);
        let rows = sqlx::query_as!(
            RawFinding,
            "SELECT audit_id, account, story_id, kind, post_id, detail, found_at, settled_at, settled_by, settled_reason
             FROM finding WHERE audit_id = $1 ORDER BY kind, story_id LIMIT $2",
            audit,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(RawFinding::read).collect()
    }

    /// The differences that the last complete run of each account found and nobody has seen to.
    pub async fn open_findings(&self, account: Option<&str>) -> Result<Vec<FindingRow>> {
        let limit = i64::from(ROWS_MAX);
        let rows = sqlx::query_as!(
            RawFinding,
            "SELECT f.audit_id, f.account, f.story_id, f.kind, f.post_id, f.detail, f.found_at, f.settled_at, f.settled_by,
               f.settled_reason
             FROM account a JOIN finding f ON f.account = a.name
               AND f.audit_id = (SELECT u.id FROM audit u WHERE u.account = a.name AND u.ended_at IS NOT NULL AND u.fault IS NULL
                 ORDER BY u.id DESC LIMIT 1)
             WHERE f.settled_at IS NULL AND ($1 IS NULL OR a.name = $1) ORDER BY f.account, f.kind, f.story_id LIMIT $2",
            account,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(RawFinding::read).collect()
    }

    /// How many differences of each kind the last complete run of each account found and nobody has seen to; of the accounts that
    /// have any.
    pub async fn differences(&self) -> Result<Vec<Differences>> {
        let rows = sqlx::query!(
            r#"SELECT f.account AS "account!", f.kind AS "kind!", count(*) AS "stories!: i64", min(f.found_at) AS "since!: i64"
               FROM account a JOIN finding f ON f.account = a.name
                 AND f.audit_id = (SELECT u.id FROM audit u WHERE u.account = a.name AND u.ended_at IS NOT NULL AND u.fault IS NULL
                   ORDER BY u.id DESC LIMIT 1)
               WHERE f.settled_at IS NULL GROUP BY f.account, f.kind ORDER BY f.account, f.kind"#
        )
        .fetch_all(&self.readers)
        .await?;
        let mut found: Vec<Differences> = Vec::new();
        for row in rows {
            let (kind, since) = ((row.kind, count(row.stories)), instant(row.since)?);
            match found.last_mut().filter(|last| last.account == row.account) {
                Some(last) => {
                    last.since = last.since.min(since);
                    last.kinds.push(kind);
                }
                None => found.push(Differences { account: row.account, since, kinds: vec![kind] }),
            }
        }
        Ok(found)
    }

    /// The last runs that were given up, one for each account whose last run to end it is: one that is under way settles nothing yet.
    pub async fn failed_audits(&self, account: Option<&str>) -> Result<Vec<AuditRow>> {
        let runs = sqlx::query_scalar!(
            r#"SELECT u.id AS "id!" FROM account a JOIN audit u
                 ON u.id = (SELECT l.id FROM audit l WHERE l.account = a.name AND l.ended_at IS NOT NULL ORDER BY l.id DESC LIMIT 1)
               WHERE u.fault IS NOT NULL AND ($1 IS NULL OR a.name = $1) ORDER BY a.name"#,
            account
        )
        .fetch_all(&self.readers)
        .await?;
        let mut rows = Vec::new();
        for run in runs {
            rows.extend(self.audit(run).await?);
        }
        Ok(rows)
    }

    /// What every audit saw of a story, oldest first.
    pub async fn engagement(&self, story_id: &str) -> Result<Vec<EngagementRow>> {
        let limit = i64::from(ROWS_MAX);
        let rows = sqlx::query!(
            "SELECT s.story_id, u.started_at, s.comments, s.moods FROM audit_story s JOIN audit u ON u.id = s.audit_id
             WHERE s.story_id = $1 ORDER BY s.audit_id LIMIT $2",
            story_id,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(EngagementRow {
                story_id: row.story_id,
                at: instant(row.started_at)?,
                comments: count(row.comments),
                moods: count(row.moods),
            })
        });
        read.collect()
    }

    /// Whether an account has had a run that began after `since`.
    pub async fn audited_since(&self, account: &str, since: Timestamp) -> Result<bool> {
        let since = micros(since);
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM audit WHERE account = $1 AND started_at > $2) AS "found!: bool""#,
            account,
            since
        )
        .fetch_one(&self.readers)
        .await?)
    }
}
