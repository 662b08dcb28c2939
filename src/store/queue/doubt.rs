//! Posts in doubt: what Kakao's list says of them, and what follows.

use jiff::{SignedDuration, Timestamp};

use super::suspect::{Suspect, keep_suspects};
use super::write::note;
use crate::domain::clock::ServerTimeSample;
use crate::domain::content::{Artifact, Content};
use crate::domain::policy::InDoubt;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{count, instant, instant_opt, micros, read_json, write_json};
use crate::store::written::Written;

/// A post in doubt, as reconcile needs it.
#[derive(Debug)]
pub struct Doubt {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// What it said.
    pub content: Content,
    /// When the intent became durable, by our clock, or the first one of the post whose request was refused: the story cannot be older.
    pub intent_at: Timestamp,
    /// How far Kakao's clock was ahead of ours (negative: behind), as known when the intent was made; `None`: no answer of
    /// Kakao's had carried a date.
    pub intent_skew: Option<SignedDuration>,
    /// The last date heard from Kakao before the intent that another answer, or our clock, bore out; where none did, the lower of the
    /// two. The story cannot be older.
    pub intent_floor: Option<Timestamp>,
    /// Its last attempt, or the first one whose request was refused. What an earlier one of the account published is older than its story.
    pub attempt: i64,
    /// What preparing yielded: the card of a link.
    pub artifact: Option<Artifact>,
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
    /// The newest story that the last look showed.
    pub listed_newest: Option<String>,
    token: i64,
}

/// Whose a listed story is.
#[derive(Clone, Debug)]
pub struct StoryOwner {
    /// The story.
    pub story_id: String,
    /// The account on whose record it stands.
    pub account: String,
    /// What its post said.
    pub content: Content,
    /// When its intent became durable, and when it came to exist, by our clock.
    pub intent_at: Timestamp,
    /// See [`intent_at`](Self::intent_at).
    pub came_at: Timestamp,
    /// How far Kakao's clock was ahead of ours, as known when its intent was made.
    pub intent_skew: Option<SignedDuration>,
    /// The attempt whose plain answer named it; `None` when it was found, or a person said so.
    pub answered: Option<i64>,
    /// A plain answer named it, and the account belongs to the same user of Kakao's since.
    pub bears_out: bool,
}

/// How far the proof of an absence has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The listing from which the quarantine counts; `None` before the first.
    pub quarantine: Option<ServerTimeSample>,
    /// Complete listings after the quarantine that lacked the story.
    pub absences: u32,
    /// The last listing, when its date did not fit those before it: one answer was wrong, or a clock was set.
    pub odd: Option<ServerTimeSample>,
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
                 publish_failures, quarantine_at, quarantine_server_at, odd_at, odd_server_at, listed_newest, artifact, absences, claim,
                 (SELECT max(t.id) FROM attempt t WHERE t.post_id = post.id AND t.kind = 'publish') AS "attempt: i64",
                 (SELECT min(t.id) FROM attempt t WHERE t.post_id = post.id AND t.kind = 'publish'
                    AND t.verdict IN ('retry', 'snooze', 'failed') AND t.answer <> '') AS "refused: i64",
                 (SELECT min(t.started_at) FROM attempt t WHERE t.post_id = post.id AND t.kind = 'publish'
                    AND t.verdict IN ('retry', 'snooze', 'failed') AND t.answer <> '') AS "refused_at: i64",
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
        let quarantine = heard_at(row.quarantine_at, row.quarantine_server_at)?;
        let odd = heard_at(row.odd_at, row.odd_server_at)?;
        // Its story may have come of a request that was refused before.
        let first = row.refused_at.unwrap_or(i64::MAX);
        let first_on_their_clock = first.saturating_add(row.intent_skew.unwrap_or(0));
        Ok(Some(Doubt {
            post: row.id,
            job: row.job,
            content: read_json(&row.content, "a content")?,
            intent_at: instant(row.intent_at.min(first))?,
            intent_skew: row.intent_skew.map(SignedDuration::from_micros),
            intent_floor: instant_opt(row.intent_floor_at.map(|floor| floor.min(first_on_their_clock)))?,
            attempt: row.refused.or(row.attempt).unwrap_or(0),
            artifact: row.artifact.map(Artifact),
            since: instant(row.changed_at)?,
            code: row.code.unwrap_or_default(),
            policy: match row.in_doubt.as_str() {
                "repost" => InDoubt::Repost,
                "hold" => InDoubt::Hold,
                other => return Err(StoreError::Nonsense { what: format!("the in_doubt policy {other:?}") }),
            },
            taken_down: row.taken_down,
            failures: count(row.publish_failures),
            proof: Proof { quarantine, absences: count(row.absences), odd },
            listed_newest: row.listed_newest,
            token: row.claim,
        }))
    }

    /// Whose these stories are, on whichever account's record they stand.
    pub async fn owners(&self, story_ids: &[&str]) -> Result<Vec<StoryOwner>> {
        let ids = write_json(&story_ids)?;
        let rows = sqlx::query!(
            r#"SELECT s.story_id, s.account, s.came_at, p.content, p.intent_at, p.intent_skew,
                 (SELECT max(t.id) FROM attempt t WHERE t.post_id = s.post_id AND t.verdict = 'published') AS "answered: i64",
                 (s.learnt_by = 'publish' AND s.published_at >= a.profile_since) AS "bears_out!: bool"
               FROM story s JOIN post p ON p.id = s.post_id JOIN account a ON a.name = s.account WHERE s.story_id IN (SELECT value FROM json_each($1))"#,
            ids
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(StoryOwner {
                story_id: row.story_id,
                account: row.account,
                content: read_json(&row.content, "a content")?,
                intent_at: instant(row.intent_at.unwrap_or(row.came_at))?,
                came_at: instant(row.came_at)?,
                intent_skew: row.intent_skew.map(SignedDuration::from_micros),
                answered: row.answered,
                bears_out: row.bears_out,
            })
        });
        read.collect()
    }

    /// The account's newest stories that storyd itself learnt of, newest first: when each came to exist, and whether it is up.
    pub async fn newest_recorded(&self, account: &str, limit: u32) -> Result<Vec<(String, Timestamp, bool)>> {
        let limit = i64::from(limit);
        let rows = sqlx::query!(
            r#"SELECT story_id, came_at, deleted_at IS NULL AS "is_up!: bool" FROM story
               WHERE account = $1 AND learnt_by IN ('publish', 'reconcile') ORDER BY published_at DESC, post_id DESC LIMIT $2"#,
            account,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(|row| Ok((row.story_id, instant(row.came_at)?, row.is_up))).collect()
    }

    /// The account's profile at Kakao: that of its newest story whose ID names one, of those that the answer to a post named. What was
    /// found in a list, or told by a person, says nothing of it. `None`: no such story is on record since the account was given to its
    /// present user.
    pub async fn profile(&self, account: &str) -> Result<Option<String>> {
        let newest = sqlx::query_scalar!(
            "SELECT story_id FROM story WHERE account = $1 AND story_id LIKE '%.%' AND learnt_by = 'publish'
               AND published_at >= (SELECT profile_since FROM account WHERE name = $1)
             ORDER BY published_at DESC, post_id DESC LIMIT 1",
            account
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(newest.and_then(|id| Some(id.rsplit_once('.')?.0.to_owned())))
    }

    /// The account belongs to another user of Kakao's from now on, whose stories are of another profile.
    pub async fn give_to_another_user(&self, account: &str, now: Timestamp) -> Result<()> {
        let now = micros(now);
        sqlx::query!("UPDATE account SET profile_since = $2, told_as = NULL WHERE name = $1", account, now)
            .execute(self.writing().await)
            .await?;
        Ok(())
    }

    /// Another account that has stories of this profile on record, published by its present user.
    pub async fn other_of_profile(&self, account: &str, profile: &str) -> Result<Option<String>> {
        // A slash follows the full stop, so that every ID of the profile lies between the two.
        let (from, until) = (format!("{profile}."), format!("{profile}/"));
        let other = sqlx::query_scalar!(
            "SELECT s.account FROM story s JOIN account a ON a.name = s.account
             WHERE s.story_id >= $1 AND s.story_id < $2 AND s.account <> $3 AND s.published_at >= a.profile_since LIMIT 1",
            from,
            until,
            account
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(other)
    }

    /// The list shows the story: it was published after all. `Lost` when the doubt was settled meanwhile, or the story was
    /// given to another post, of whichever account.
    pub async fn record_found(&self, doubt: Doubt, story_id: &str, now: Timestamp) -> Result<Written> {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE post SET state = 'published', event = 'publish', actor = 'reconcile',
               reason = 'found in the list of stories', changed_at = $3, reconcile_at = NULL, parked_at = NULL,
               story_id = $4
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2
               AND NOT EXISTS (SELECT 1 FROM story s WHERE s.story_id = $4)",
            doubt.post,
            doubt.token,
            at,
            story_id
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// The list was read and did not settle it: look again at `next_at`. `proof` is what now counts; `doubt.listed_newest` is kept
    /// as it stands.
    pub async fn look_again(
        &self,
        doubt: Doubt,
        proof: Proof,
        next_at: Timestamp,
        now: Timestamp,
        why: &str,
    ) -> Result<Written> {
        let (next, absences) = (micros(next_at), i64::from(proof.absences));
        let (ours, kakaos) = (proof.quarantine.map(|h| micros(h.at)), proof.quarantine.map(|h| micros(h.server_at)));
        let (odd_at, odd_server_at) = (proof.odd.map(|h| micros(h.at)), proof.odd.map(|h| micros(h.server_at)));
        let mut tx = self.begin().await?;
        let done = sqlx::query!(
            "UPDATE post SET reconcile_at = $3, absences = $4, quarantine_at = $5, quarantine_server_at = $6, odd_at = $7,
               odd_server_at = $8, listed_newest = $9
             WHERE id = $1 AND state = 'in_doubt' AND claim = $2 AND parked_at IS NULL",
            doubt.post,
            doubt.token,
            next,
            absences,
            ours,
            kakaos,
            odd_at,
            odd_server_at,
            doubt.listed_newest
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

    /// It cannot be decided from here: the account goes on, a person settles this post, and is shown the stories that may be its own.
    pub async fn park(&self, doubt: Doubt, suspects: &[Suspect], why: &str, now: Timestamp) -> Result<Written> {
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
            keep_suspects(&mut tx, doubt.post, suspects, at).await?;
            note(&mut tx, doubt.post, now, "park", "reconcile", why).await?;
        }
        tx.commit().await?;
        Ok(Written::of(done.rows_affected()))
    }
}

/// An answer of which both clocks are on record.
pub(super) fn heard_at(at: Option<i64>, server_at: Option<i64>) -> Result<Option<ServerTimeSample>> {
    match (at, server_at) {
        (Some(at), Some(server_at)) => Ok(Some(ServerTimeSample { at: instant(at)?, server_at: instant(server_at)? })),
        _ => Ok(None),
    }
}
