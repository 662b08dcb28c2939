//! Recording what became of an attempt. Each verdict is one guarded UPDATE: whoever holds an older token has lost the post and
//! changes nothing but the record of its own attempt.

use std::time::Duration;

use jiff::Timestamp;

use super::{Claim, Intent, Kind, Taken, close_attempt_row};
use crate::domain::content::Artifact;
use crate::domain::fault::Fault;
use crate::store::queue::Write;
use crate::store::{Result, Store, Written, micros, span};

impl Store {
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
    close_attempt_row(&mut tx, taken.attempt, now, verdict, fault).await?;
    tx.commit().await?;
    Ok(written)
}
