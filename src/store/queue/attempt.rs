//! One attempt, from claim to recorded verdict: prepare and publish.

use std::time::Duration;

use jiff::Timestamp;

use super::{Result, Store, Write, micros};
use crate::domain::clock::later;
use crate::domain::content::{Artifact, Content, Outgoing};
use crate::domain::fault::Fault;
use crate::store::{Written, count, instant, read_json, span};

/// A post taken for one attempt. Whoever holds it is the only one who may move the post on, until the lease ends.
#[derive(Debug)]
pub struct Claim {
    taken: Taken,
    content: Content,
    artifact: Option<Artifact>,
    /// When it should appear.
    pub occurs_at: Timestamp,
}

/// The durable intent to publish one post now. Nothing can be published without one, and only [`Store::intend`] makes one.
#[derive(Debug)]
pub struct Intent {
    taken: Taken,
    outgoing: Outgoing,
    /// When the intent became durable.
    pub intent_at: Timestamp,
}

/// What identifies a running attempt: enough to record a verdict, not enough to publish.
#[derive(Debug)]
pub struct Taken {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The account that it goes to.
    pub account: String,
    /// How often in a row this kind of attempt has failed before.
    pub failures: u32,
    token: i64,
    attempt: i64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Prepare,
    Publish,
}

impl Claim {
    /// The attempt's identity.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What the post says.
    pub fn content(&self) -> &Content {
        &self.content
    }
}

impl Intent {
    /// The attempt's identity.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What is to leave.
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }
}

impl From<Claim> for Taken {
    fn from(claim: Claim) -> Self {
        claim.taken
    }
}

impl From<Intent> for Taken {
    fn from(intent: Intent) -> Self {
        intent.taken
    }
}

impl Store {
    /// Takes the account's next post whose upload or scrape is due, unless the account is blocked.
    pub async fn claim_to_prepare(&self, account: &str, now: Timestamp, lease: Duration) -> Result<Option<Claim>> {
        let (at, until) = (micros(now), micros(later(now, lease)));
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"UPDATE post SET state = 'claimed', event = 'claim', actor = 'prepare', reason = 'to prepare it',
                 changed_at = $2, claim = claim + 1, lease_until_at = $3
             WHERE id = (SELECT id FROM post
                WHERE state = 'scheduled' AND account = $1 AND prepare_at IS NOT NULL AND prepare_at <= $2
                  AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)
                ORDER BY prepare_at, id LIMIT 1)
               AND state = 'scheduled'
             RETURNING id AS "id!", job, claim, content, occurs_at, prepare_failures"#,
            account,
            at,
            until
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let attempt = open_attempt(&mut tx, row.id, "prepare", now).await?;
        let claim = Claim {
            taken: Taken {
                post: row.id,
                job: row.job,
                account: account.into(),
                failures: count(row.prepare_failures),
                token: row.claim,
                attempt,
                kind: Kind::Prepare,
            },
            content: read_json(&row.content, "a content")?,
            artifact: None,
            occurs_at: instant(row.occurs_at)?,
        };
        tx.commit().await?;
        Ok(Some(claim))
    }

    /// Takes the account's next due post that is ready to be published, unless the account is blocked, has a post on its way
    /// or in doubt, or the same text is in a parked doubt.
    pub async fn claim_to_publish(&self, account: &str, now: Timestamp, lease: Duration) -> Result<Option<Claim>> {
        let (at, until) = (micros(now), micros(later(now, lease)));
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"UPDATE post SET state = 'claimed', event = 'claim', actor = 'publish', reason = 'to publish it',
                 changed_at = $2, claim = claim + 1, lease_until_at = $3
             WHERE id = (SELECT p.id FROM post p
                WHERE p.state = 'scheduled' AND p.account = $1 AND p.due_at <= $2
                  AND (p.kind = 'note' OR p.artifact_until_at > $2)
                  AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)
                  AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = $1
                        AND (q.state = 'publishing' OR (q.state = 'in_doubt' AND q.parked_at IS NULL)))
                  AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = $1
                        AND q.parked_at IS NOT NULL AND q.text_key = p.text_key)
                ORDER BY p.due_at, p.id LIMIT 1)
               AND state = 'scheduled'
             RETURNING id AS "id!", job, claim, content, artifact AS "artifact?", occurs_at, publish_failures"#,
            account,
            at,
            until
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let attempt = open_attempt(&mut tx, row.id, "publish", now).await?;
        let claim = Claim {
            taken: Taken {
                post: row.id,
                job: row.job,
                account: account.into(),
                failures: count(row.publish_failures),
                token: row.claim,
                attempt,
                kind: Kind::Publish,
            },
            content: read_json(&row.content, "a content")?,
            artifact: row.artifact.map(Artifact),
            occurs_at: instant(row.occurs_at)?,
        };
        tx.commit().await?;
        Ok(Some(claim))
    }

    /// Records what preparing yielded; the post waits for its due time again. The artifact is trusted until `until`, and made
    /// anew when the post still waits then.
    pub async fn record_prepared(
        &self,
        claim: Claim,
        artifact: &Artifact,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Written> {
        let (at, until) = (micros(now), micros(until));
        let taken = claim.taken;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'prepared', actor = 'prepare', reason = '', changed_at = $3,
               lease_until_at = NULL, artifact = $4, artifact_until_at = $5, prepare_at = $5, prepare_failures = 0
             WHERE id = $1 AND state = 'claimed' AND claim = $2",
            taken.post,
            taken.token,
            at,
            artifact.0,
            until
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, &taken, now, "prepared", None, done.rows_affected()).await
    }

    /// Makes the intent durable: after this commit, and only then, the publish request may leave. `None` when the claim was
    /// lost: somebody cancelled the post, or the lease ended.
    pub async fn intend(&self, claim: Claim, now: Timestamp, lease: Duration) -> Result<Option<Intent>> {
        let (at, until) = (micros(now), micros(later(now, lease)));
        let Claim { taken, content, artifact, .. } = claim;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'publishing', event = 'intend', actor = 'publish', reason = '', changed_at = $3,
               intent_at = $3, lease_until_at = $4
             WHERE id = $1 AND state = 'claimed' AND claim = $2 AND lease_until_at > $3",
            taken.post,
            taken.token,
            at,
            until
        )
        .execute(&mut *tx)
        .await?;
        if Written::of(done.rows_affected()) == Written::Lost {
            close_attempt(&mut tx, &taken, now, "lost", None).await?;
            tx.commit().await?;
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(Intent { taken, outgoing: Outgoing { content, artifact }, intent_at: now }))
    }

    /// Records the story ID that Kakao answered with.
    pub async fn record_published(&self, intent: Intent, story_id: &str, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let taken = intent.taken;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'published', event = 'publish', actor = 'publish', reason = '', changed_at = $3,
               lease_until_at = NULL, story_id = $4, publish_failures = 0
             WHERE id = $1 AND state = 'publishing' AND claim = $2",
            taken.post,
            taken.token,
            at,
            story_id
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, &taken, now, "published", None, done.rows_affected()).await
    }

    /// No plain answer came back: the post is in doubt, and Kakao's list is consulted from `reconcile_at` on.
    pub async fn record_doubt(
        &self,
        intent: Intent,
        fault: &Fault,
        reconcile_at: Timestamp,
        now: Timestamp,
    ) -> Result<Written> {
        let (at, look, reason) = (micros(now), micros(reconcile_at), fault.to_string());
        let taken = intent.taken;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'in_doubt', event = 'doubt', actor = 'publish', reason = $4, changed_at = $3,
               lease_until_at = NULL, reconcile_at = $5, absences = 0
             WHERE id = $1 AND state = 'publishing' AND claim = $2",
            taken.post,
            taken.token,
            at,
            reason,
            look
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, &taken, now, "in_doubt", Some(fault), done.rows_affected()).await
    }

    /// Certainly not done: another try at `next_at`, which counts towards the limit. An artifact that will be stale by then is
    /// made anew `prepare_ahead` before.
    pub async fn retry(
        &self,
        taken: impl Into<Taken>,
        fault: &Fault,
        next_at: Timestamp,
        prepare_ahead: Duration,
        now: Timestamp,
    ) -> Result<Written> {
        let taken = taken.into();
        let (at, next, ahead, reason) = (micros(now), micros(next_at), span(prepare_ahead), fault.to_string());
        let preparing = taken.kind == Kind::Prepare;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'retry', actor = iif($5, 'prepare', 'publish'), reason = $4,
               changed_at = $3, lease_until_at = NULL,
               prepare_failures = prepare_failures + iif($5, 1, 0), publish_failures = publish_failures + iif($5, 0, 1),
               due_at = iif($5, due_at, $6),
               prepare_at = CASE WHEN kind = 'note' THEN NULL WHEN $5 THEN $6
                                 WHEN artifact_until_at > $6 THEN artifact_until_at ELSE max($3, $6 - $7) END
             WHERE id = $1 AND state IN ('claimed', 'publishing') AND claim = $2",
            taken.post,
            taken.token,
            at,
            reason,
            preparing,
            next,
            ahead
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, &taken, now, "retry", Some(fault), done.rows_affected()).await
    }

    /// Certainly not done, and no fault of the post: it waits as before and has lost no attempt.
    pub async fn snooze(&self, taken: impl Into<Taken>, fault: &Fault, now: Timestamp) -> Result<Written> {
        let taken = taken.into();
        let (at, reason) = (micros(now), fault.to_string());
        let preparing = taken.kind == Kind::Prepare;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'snooze', actor = iif($5, 'prepare', 'publish'), reason = $4,
               changed_at = $3, lease_until_at = NULL
             WHERE id = $1 AND state IN ('claimed', 'publishing') AND claim = $2",
            taken.post,
            taken.token,
            at,
            reason,
            preparing
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, &taken, now, "snooze", Some(fault), done.rows_affected()).await
    }

    /// A permanent fault, or the attempts are used up: a person must look.
    pub async fn fail(&self, taken: impl Into<Taken>, fault: &Fault, now: Timestamp) -> Result<Written> {
        let taken = taken.into();
        let (at, reason) = (micros(now), fault.to_string());
        let preparing = taken.kind == Kind::Prepare;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'failed', event = 'fail', actor = iif($5, 'prepare', 'publish'), reason = $4,
               changed_at = $3, lease_until_at = NULL,
               prepare_failures = prepare_failures + iif($5, 1, 0), publish_failures = publish_failures + iif($5, 0, 1)
             WHERE id = $1 AND state IN ('claimed', 'publishing') AND claim = $2",
            taken.post,
            taken.token,
            at,
            reason,
            preparing
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, &taken, now, "failed", Some(fault), done.rows_affected()).await
    }
}

/// Opens the attempt row of a claim.
pub(super) async fn open_attempt(tx: &mut Write, post: i64, kind: &str, now: Timestamp) -> Result<i64> {
    let at = micros(now);
    let done = sqlx::query!("INSERT INTO attempt (post_id, kind, started_at) VALUES ($1, $2, $3)", post, kind, at)
        .execute(&mut **tx)
        .await?;
    Ok(done.last_insert_rowid())
}

/// Closes the attempt with its verdict, or as lost when the guarded UPDATE hit no row, and commits.
async fn finish(
    mut tx: Write,
    taken: &Taken,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
    rows: u64,
) -> Result<Written> {
    let written = Written::of(rows);
    let verdict = if written == Written::Done { verdict } else { "lost" };
    close_attempt(&mut tx, taken, now, verdict, fault).await?;
    tx.commit().await?;
    Ok(written)
}

async fn close_attempt(
    tx: &mut Write,
    taken: &Taken,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
) -> Result<()> {
    close_attempt_row(tx, taken.attempt, now, verdict, fault).await
}

/// Closes one attempt row; one that a sweep closed already is left as it is.
pub(super) async fn close_attempt_row(
    tx: &mut Write,
    attempt: i64,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
) -> Result<()> {
    let at = micros(now);
    let class = fault.map(|fault| fault.class.as_str());
    let code = fault.map(|fault| fault.code.as_str());
    let reason = fault.map(|fault| fault.reason.as_str());
    let remedy = fault.map(|fault| fault.remedy.as_str());
    sqlx::query!(
        "UPDATE attempt SET ended_at = $2, verdict = $3, fault_class = $4, fault_code = $5, fault_reason = $6,
           fault_remedy = $7
         WHERE id = $1 AND ended_at IS NULL",
        attempt,
        at,
        verdict,
        class,
        code,
        reason,
        remedy
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
