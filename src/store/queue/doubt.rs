//! Posts in doubt: what Kakao's list says of them, and what follows.

use jiff::{SignedDuration, Timestamp};

use super::{Result, Store, micros, note};
use crate::domain::clock::Heard;
use crate::domain::content::Content;
use crate::domain::policy::InDoubt;
use crate::store::{StoreError, Written, count, instant, instant_opt, read_json};

/// A post in doubt, as reconcile needs it.
#[derive(Debug)]
pub struct Doubt {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// What it said.
    pub content: Content,
    /// When the intent became durable, by our clock: the story cannot be older.
    pub intent_at: Timestamp,
    /// How far Kakao's clock was ahead of ours (negative: behind), as known when the intent was made; `None`: no answer of
    /// Kakao's had carried a date.
    pub intent_skew: Option<SignedDuration>,
    /// The last date heard from Kakao before the intent: the story cannot be older than that by any clock of ours.
    pub intent_floor: Option<Timestamp>,
    /// When it became in doubt.
    pub since: Timestamp,
    /// The code of the fault that its last attempt met, such as `timeout`.
    pub code: String,
    /// What becomes of it when its absence is proved.
    pub policy: InDoubt,
    /// Whether it is a doubt of a backup that was restored, and its story may have been found and taken down meanwhile: then its
    /// absence proves nothing.
    pub taken_down: bool,
    /// How often in a row publishing it has failed before.
    pub failures: u32,
    /// How far the proof of its absence has come.
    pub proof: Proof,
    token: i64,
}

/// How far the proof of an absence has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The listing from which the quarantine counts; `None` before the first.
    pub quarantine: Option<Heard>,
    /// Complete listings after the quarantine that lacked the story.
    pub absences: u32,
}

/// What follows a proved absence.
#[derive(Clone, Copy, Debug)]
pub enum Absence<'a> {
    /// Published anew from this instant on, which counts as a failed attempt.
    Repost(Timestamp),
    /// A person decides.
    Hold,
    /// The attempts are used up, in these words.
    GiveUp(&'a str),
}

impl Store {
    /// The account's unparked post in doubt whose next look at Kakao's list is due. There is at most one.
    pub async fn doubt_due(&self, account: &str, now: Timestamp) -> Result<Option<Doubt>> {
        let at = micros(now);
        let row = sqlx::query!(
            r#"SELECT id AS "id!", job, content, intent_at AS "intent_at!", intent_skew, intent_floor_at, changed_at, in_doubt,
                 coalesce(coalesce(delete_at, intent_at + delete_after) <= $2, 0)
                   AND EXISTS (SELECT 1 FROM restore r WHERE r.account = $1 AND r.restored_at >= post.intent_at)
                   AS "taken_down!: bool",
                 publish_failures, quarantine_at, quarantine_kakao_at, absences, claim,
                 (SELECT t.fault_code FROM attempt t WHERE t.post_id = post.id ORDER BY t.id DESC LIMIT 1) AS "code: String"
               FROM post
             WHERE reconcile_at IS NOT NULL AND reconcile_at <= $2 AND state = 'in_doubt' AND account = $1
               AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)"#,
            account,
            at
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let quarantine = match (row.quarantine_at, row.quarantine_kakao_at) {
            (Some(at), Some(kakao_at)) => Some(Heard { at: instant(at)?, kakao_at: instant(kakao_at)? }),
            _ => None,
        };
        Ok(Some(Doubt {
            post: row.id,
            job: row.job,
            content: read_json(&row.content, "a content")?,
            intent_at: instant(row.intent_at)?,
            intent_skew: row.intent_skew.map(SignedDuration::from_micros),
            intent_floor: instant_opt(row.intent_floor_at)?,
            since: instant(row.changed_at)?,
            code: row.code.unwrap_or_default(),
            policy: match row.in_doubt.as_str() {
                "repost" => InDoubt::Repost,
                "hold" => InDoubt::Hold,
                other => return Err(StoreError::Nonsense { what: format!("the in_doubt policy {other:?}") }),
            },
            taken_down: row.taken_down,
            failures: count(row.publish_failures),
            proof: Proof { quarantine, absences: count(row.absences) },
            token: row.claim,
        }))
    }

    /// The list shows the story: it was published after all. `Lost` when the doubt was settled meanwhile, or the story was
    /// given to another post.
    pub async fn record_found(&self, doubt: Doubt, story_id: &str, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE post SET state = 'published', event = 'publish', actor = 'reconcile',
               reason = 'found in the list of stories', changed_at = $3, reconcile_at = NULL, parked_at = NULL,
               story_id = $4
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2
               AND NOT EXISTS (SELECT 1 FROM story s WHERE s.account = post.account AND s.story_id = $4)",
            doubt.post,
            doubt.token,
            at,
            story_id
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// The list was read and did not settle it: look again at `next_at`. `proof` is what now counts.
    pub async fn look_again(
        &self,
        doubt: Doubt,
        proof: Proof,
        next_at: Timestamp,
        now: Timestamp,
        why: &str,
    ) -> Result<Written> {
        let (next, absences) = (micros(next_at), i64::from(proof.absences));
        let (ours, kakaos) = (proof.quarantine.map(|h| micros(h.at)), proof.quarantine.map(|h| micros(h.kakao_at)));
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET reconcile_at = $3, absences = $4, quarantine_at = $5, quarantine_kakao_at = $6
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2 AND parked_at IS NULL",
            doubt.post,
            doubt.token,
            next,
            absences,
            ours,
            kakaos
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 1 {
            note(&mut tx, doubt.post, now, "check", "reconcile", why).await?;
        }
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// Absence is proved. The post goes back into the queue, waits for a person, or has failed; an absence is a failed attempt
    /// like any other, so that a text that the server always dies of cannot go round for ever. What was uploaded for it is used as
    /// long as it is trusted.
    pub async fn record_absent(&self, doubt: Doubt, then: Absence<'_>, now: Timestamp) -> Result<Written> {
        const PROVED: &str = "proved absent: two complete lists after the quarantine lack it";
        const TAKEN_DOWN: &str = "it was in doubt in the restored backup, and its take-down was due since: no list tells whether it was up; \
                                  release it if it was not, cancel it if it was";
        let at = micros(now);
        let (state, event, next, reason) = match then {
            Absence::Repost(next) => ("scheduled", "repost", Some(micros(next)), PROVED),
            Absence::Hold if doubt.taken_down => ("held", "hold", None, TAKEN_DOWN),
            Absence::Hold => ("held", "hold", None, PROVED),
            Absence::GiveUp(why) => ("failed", "fail", None, why),
        };
        let done = sqlx::query!(
            "UPDATE post SET state = $4, event = $5, actor = 'reconcile', reason = $6, changed_at = $3,
               due_at = coalesce($7, due_at), publish_failures = publish_failures + 1,
               reconcile_at = NULL, absences = 0, prepare_at = artifact_until_at
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2 AND parked_at IS NULL",
            doubt.post,
            doubt.token,
            at,
            state,
            event,
            reason,
            next
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// It cannot be decided from here: the account goes on, a person settles this post.
    pub async fn park(&self, doubt: Doubt, why: &str, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET parked_at = $3, reconcile_at = NULL, reason = $4
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2 AND parked_at IS NULL",
            doubt.post,
            doubt.token,
            at,
            why
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 1 {
            note(&mut tx, doubt.post, now, "park", "reconcile", why).await?;
        }
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }
}
