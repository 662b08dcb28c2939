//! Posts in doubt: what Kakao's list says of them, and what follows.

use jiff::Timestamp;

use super::{Result, Store, micros, note};
use crate::domain::content::Content;
use crate::domain::policy::InDoubt;
use crate::store::{StoreError, Written, count, instant, read_json};

/// A post in doubt, as reconcile needs it.
#[derive(Debug)]
pub struct Doubt {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// What it said.
    pub content: Content,
    /// When the intent became durable: the story cannot be older.
    pub intent_at: Timestamp,
    /// When it became in doubt.
    pub since: Timestamp,
    /// What becomes of it when its absence is proved.
    pub policy: InDoubt,
    /// Complete listings after the quarantine that lacked it.
    pub absences: u32,
    token: i64,
}

impl Store {
    /// The account's unparked post in doubt whose next look at Kakao's list is due. There is at most one.
    pub async fn doubt_due(&self, account: &str, now: Timestamp) -> Result<Option<Doubt>> {
        let at = micros(now);
        let row = sqlx::query!(
            r#"SELECT id AS "id!", job, content, intent_at AS "intent_at!", changed_at, in_doubt, absences, claim FROM post
             WHERE reconcile_at IS NOT NULL AND reconcile_at <= $2 AND state = 'in_doubt' AND account = $1
               AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)"#,
            account,
            at
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Doubt {
            post: row.id,
            job: row.job,
            content: read_json(&row.content, "a content")?,
            intent_at: instant(row.intent_at)?,
            since: instant(row.changed_at)?,
            policy: match row.in_doubt.as_str() {
                "repost" => InDoubt::Repost,
                "hold" => InDoubt::Hold,
                other => return Err(StoreError::Nonsense { what: format!("the in_doubt policy {other:?}") }),
            },
            absences: count(row.absences),
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

    /// The list was read and did not settle it: look again at `next_at`. `absences` is what now counts towards the proof.
    pub async fn look_again(
        &self,
        doubt: Doubt,
        absences: u32,
        next_at: Timestamp,
        now: Timestamp,
        why: &str,
    ) -> Result<Written> {
        let (next, absences) = (micros(next_at), i64::from(absences));
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET reconcile_at = $3, absences = $4 WHERE id = $1 AND state = 'in_doubt' AND claim = $2
               AND parked_at IS NULL",
            doubt.post,
            doubt.token,
            next,
            absences
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 1 {
            note(&mut tx, doubt.post, now, "check", "reconcile", why).await?;
        }
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// Absence is proved. By its policy the post goes back into the queue, or waits for a person. What was uploaded for it is
    /// used as long as it is trusted.
    pub async fn record_absent(&self, doubt: Doubt, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let repost = doubt.policy == InDoubt::Repost;
        let done = sqlx::query!(
            "UPDATE post SET state = iif($4, 'scheduled', 'held'), event = iif($4, 'repost', 'hold'), actor = 'reconcile',
               reason = 'proved absent: two complete lists after the quarantine lack it', changed_at = $3,
               reconcile_at = NULL, absences = 0, prepare_at = artifact_until_at
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2 AND parked_at IS NULL",
            doubt.post,
            doubt.token,
            at,
            repost
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
