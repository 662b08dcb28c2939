//! Recording what became of an attempt. Each verdict is one guarded UPDATE: whoever holds an older token has lost the post and
//! changes nothing but the record of its own attempt.

use std::time::Duration;

use jiff::Timestamp;

use super::claim::{AttemptKind, Claim, Intent, Taken};
use super::row::finish;
use crate::domain::clock::ServerTimeSample;
use crate::domain::content::Artifact;
use crate::domain::fault::{Fault, FaultClass};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::queue::account::hear;
use crate::store::queue::write::{Write, note};
use crate::store::values::{micros, span};
use crate::store::written::Written;

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

    /// Records the story ID that Kakao answered with, also when the lease ended meanwhile and the post is in doubt, and the date of
    /// the answer, if it carried one.
    ///
    /// `Lost` when the post had moved on otherwise, or when the story belongs to another post: that is for a person to settle,
    /// and the post is parked in doubt. Either way the history names the story.
    pub async fn record_published(
        &self,
        intent: Intent,
        story_id: &str,
        heard: Option<ServerTimeSample>,
        now: Timestamp,
    ) -> Result<Written> {
        self.surely(|| self.write_published(&intent.taken, story_id, heard, now)).await
    }

    async fn write_published(
        &self,
        taken: &Taken,
        story_id: &str,
        heard: Option<ServerTimeSample>,
        now: Timestamp,
    ) -> Result<Written> {
        let at = micros(now);
        let mut tx = self.begin().await?;
        if let Some(heard) = heard {
            hear(&mut tx, &taken.account, heard).await?;
        }
        let owner = story_owner(&mut tx, taken.post, story_id).await?;
        if let Some(owner) = owner.filter(|owner| *owner != taken.post) {
            return doubt_answer(tx, taken, story_id, owner, now).await;
        }
        let done = sqlx::query!(
            "UPDATE post SET state = 'published', event = 'publish', actor = 'publish', reason = '', changed_at = $3,
               lease_until_at = NULL, reconcile_at = NULL, parked_at = NULL, story_id = $4, publish_failures = 0
             WHERE id = $1 AND state IN ('publishing', 'in_doubt') AND claim = $2",
            taken.post,
            taken.token,
            at,
            story_id
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 && owner.is_none() {
            let why =
                format!("Kakao answered with story {story_id} after the post had moved on; look at the account's page");
            note(&mut tx, taken.post, now, "late_answer", "publish", &why).await?;
        }
        finish(tx, taken, now, "published", None, done.rows_affected()).await
    }

    /// No plain answer came back: the post is in doubt, and Kakao's list is consulted from `reconcile_at` on.
    pub async fn record_doubt(
        &self,
        intent: Intent,
        fault: &Fault,
        reconcile_at: Timestamp,
        now: Timestamp,
    ) -> Result<Written> {
        self.surely(|| self.write_doubt(&intent.taken, fault, reconcile_at, now)).await
    }

    async fn write_doubt(
        &self,
        taken: &Taken,
        fault: &Fault,
        reconcile_at: Timestamp,
        now: Timestamp,
    ) -> Result<Written> {
        let (at, look, reason) = (micros(now), micros(reconcile_at), fault.to_string());
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
        finish(tx, taken, now, "in_doubt", Some(fault), done.rows_affected()).await
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
        self.surely(|| self.write_retry(&taken, (fault, Counts::Yes), next_at, prepare_ahead, now)).await
    }

    /// Certainly never left: another try at `next_at`, which counts towards no limit.
    pub async fn retry_unsent(
        &self,
        taken: impl Into<Taken>,
        fault: &Fault,
        next_at: Timestamp,
        prepare_ahead: Duration,
        now: Timestamp,
    ) -> Result<Written> {
        let taken = taken.into();
        self.surely(|| self.write_retry(&taken, (fault, Counts::No), next_at, prepare_ahead, now)).await
    }

    async fn write_retry(
        &self,
        taken: &Taken,
        (fault, counts): (&Fault, Counts),
        next_at: Timestamp,
        prepare_ahead: Duration,
        now: Timestamp,
    ) -> Result<Written> {
        let counted = i64::from(counts == Counts::Yes);
        let (at, next, ahead, reason) = (micros(now), micros(next_at), span(prepare_ahead), fault.to_string());
        let preparing = taken.kind == AttemptKind::Prepare;
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'retry', actor = iif($5, 'prepare', 'publish'), reason = $4,
               changed_at = $3, lease_until_at = NULL,
               prepare_failures = prepare_failures + iif($5, $8, 0), publish_failures = publish_failures + iif($5, 0, $8),
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
            ahead,
            counted
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, taken, now, "retry", Some(fault), done.rows_affected()).await
    }

    /// Certainly not done, and no fault of the post: it waits as before and has lost no attempt.
    pub async fn snooze(&self, taken: impl Into<Taken>, fault: &Fault, now: Timestamp) -> Result<Written> {
        let taken = taken.into();
        self.surely(|| self.write_snooze(&taken, fault, now)).await
    }

    async fn write_snooze(&self, taken: &Taken, fault: &Fault, now: Timestamp) -> Result<Written> {
        let (at, reason) = (micros(now), fault.to_string());
        let preparing = taken.kind == AttemptKind::Prepare;
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
        finish(tx, taken, now, "snooze", Some(fault), done.rows_affected()).await
    }

    /// A permanent fault, or the attempts are used up: a person must look.
    pub async fn fail(&self, taken: impl Into<Taken>, fault: &Fault, now: Timestamp) -> Result<Written> {
        let taken = taken.into();
        self.surely(|| self.write_fail(&taken, fault, now)).await
    }

    async fn write_fail(&self, taken: &Taken, fault: &Fault, now: Timestamp) -> Result<Written> {
        let (at, reason) = (micros(now), fault.to_string());
        let preparing = taken.kind == AttemptKind::Prepare;
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
        finish(tx, taken, now, "failed", Some(fault), done.rows_affected()).await
    }
}

/// Whether an attempt counts towards the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Yes,
    No,
}

/// The post that a story is recorded for, of whichever account; the post itself first.
async fn story_owner(tx: &mut Write, post: i64, story_id: &str) -> Result<Option<i64>> {
    let row = sqlx::query_scalar!(
        r#"SELECT post_id AS "post_id!" FROM story WHERE story_id = $2 ORDER BY post_id <> $1 LIMIT 1"#,
        post,
        story_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// Kakao's answer names a story that is recorded for another post: one of the two records is wrong, and no list can say which.
async fn doubt_answer(mut tx: Write, taken: &Taken, story_id: &str, owner: i64, now: Timestamp) -> Result<Written> {
    let at = micros(now);
    let fault = Fault::new(
        FaultClass::Ambiguous,
        "story-taken",
        format!("Kakao answered with story {story_id}, which is recorded for post {owner}"),
        "look at the account's page, then `storyd admin resolve` it",
    );
    let reason = fault.to_string();
    let done = sqlx::query!(
        "UPDATE post SET state = 'in_doubt', event = 'doubt', actor = 'publish', reason = $4, changed_at = $3,
           lease_until_at = NULL, parked_at = $3, absences = 0
         WHERE id = $1 AND state = 'publishing' AND claim = $2",
        taken.post,
        taken.token,
        at,
        reason
    )
    .execute(&mut *tx)
    .await?;
    let _ = finish(tx, taken, now, "in_doubt", Some(&fault), done.rows_affected()).await?;
    Ok(Written::Lost)
}
