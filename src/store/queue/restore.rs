//! After a backup was restored: the record ends where the backup was made, and what went out since stands in Kakao's lists alone.
//! Until an account's list was read its posts are paused; then the stories that were found are theirs.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::adopt::{AdoptOrder, adopt_into};
use super::doubt::{Proof, heard_at};
use super::text_key::text_key;
use super::write::{Write, note};
use crate::domain::content::Content;
use crate::domain::post::PostState;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{count, instant, micros, read_json, write_json};
use crate::store::written::Written;

/// Why an account's posts are paused meanwhile.
const PAUSED: &str = "a backup was restored: its list is read first";

/// An account whose list has to be read.
#[derive(Clone, Copy, Debug)]
pub struct RestoreDue {
    /// When the backup was made.
    pub backup_at: Timestamp,
    /// How far Kakao's clock was ahead of ours (negative: behind), as the backup knew it; `None`: it knew of no date.
    pub backup_skew: Option<SignedDuration>,
    /// When it was put in place.
    pub restored_at: Timestamp,
    /// How far the proof has come that the list lacks nothing any more.
    pub proof: Proof,
}

/// A post that a listed story may belong to.
#[derive(Clone, Debug)]
pub struct PostCandidate {
    /// The post.
    pub post: i64,
    /// Where it stands.
    pub state: PostState,
    /// What it says.
    pub content: Content,
    /// When it should appear.
    pub occurs_at: Timestamp,
}

/// A story that turned out to be a post's.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The post.
    pub post: i64,
    /// The story.
    pub story_id: String,
    /// When it was posted.
    pub created_at: Timestamp,
}

/// What the listed stories mean for the account's posts.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    /// Stories that turned out to be a post's.
    pub adoptions: Vec<Adoption>,
    /// Posts that wait for a person, each with the reason.
    pub holds: Vec<(i64, String)>,
    /// Why every other post that was due by the restore waits for a person as well; absent: it does not.
    pub hold_due: Option<String>,
}

/// What posts say that are not on record as published.
#[derive(Clone, Debug, Default)]
pub struct UnpublishedTexts(HashSet<String>);

impl<'a> FromIterator<&'a str> for UnpublishedTexts {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        Self(texts.into_iter().map(text_key).collect())
    }
}

impl UnpublishedTexts {
    /// Whether one of them says this.
    pub fn has(&self, text: &str) -> bool {
        self.0.contains(&text_key(text))
    }
}

impl Store {
    /// Marks a queue that was just put back from a backup: every account, those too that turn up later, is consulted first.
    pub async fn begin_restoration(&self, backup_at: Timestamp, actor: &str, now: Timestamp) -> Result<()> {
        let (backup, at) = (micros(backup_at), micros(now));
        let mut tx = self.begin().await?;
        sqlx::query!("INSERT INTO restoration (backup_at, restored_at, actor) VALUES ($1, $2, $3)", backup, at, actor)
            .execute(&mut *tx)
            .await?;
        // An earlier restore that was not settled: its unknown stretch is part of this one's.
        sqlx::query!(
            "INSERT INTO restore (account, backup_at, backup_skew, restored_at, next_at)
             SELECT name, $1, min(coalesce(agreed_server_at - agreed_at, 0), heard_server_at - heard_at), $2, $2 FROM account WHERE 1
             ON CONFLICT (account) DO UPDATE SET backup_at = iif(settled_at IS NULL, min(backup_at, excluded.backup_at),
               excluded.backup_at), backup_skew = excluded.backup_skew, restored_at = excluded.restored_at, next_at = excluded.next_at, listings = 0,
               quarantine_at = NULL, quarantine_server_at = NULL, odd_at = NULL, odd_server_at = NULL, settled_at = NULL, outcome = NULL",
            backup,
            at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "INSERT INTO pause (scope, target, actor, reason, since_at) SELECT 'restore', name, $1, $2, $3 FROM account WHERE 1
             ON CONFLICT (scope, target) DO UPDATE SET since_at = excluded.since_at, actor = excluded.actor",
            actor,
            PAUSED,
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The account, if its list is due to be read.
    pub async fn restore_due(&self, account: &str, now: Timestamp) -> Result<Option<RestoreDue>> {
        let at = micros(now);
        let row = sqlx::query!(
            "SELECT backup_at, backup_skew, restored_at, listings, quarantine_at, quarantine_server_at, odd_at, odd_server_at FROM restore
             WHERE account = $1 AND next_at <= $2
               AND NOT EXISTS (SELECT 1 FROM account a WHERE a.name = $1 AND a.probe_at > $2)",
            account,
            at
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let quarantine = heard_at(row.quarantine_at, row.quarantine_server_at)?;
        let odd = heard_at(row.odd_at, row.odd_server_at)?;
        Ok(Some(RestoreDue {
            backup_at: instant(row.backup_at)?,
            backup_skew: row.backup_skew.map(SignedDuration::from_micros),
            restored_at: instant(row.restored_at)?,
            proof: Proof { quarantine, absences: count(row.listings), odd },
        }))
    }

    /// What the account's posts say that are not on record as published.
    pub async fn waiting_texts(&self, account: &str) -> Result<UnpublishedTexts> {
        let keys = sqlx::query_scalar!(
            "SELECT DISTINCT text_key FROM post WHERE account = $1 AND state IN ('scheduled', 'missed', 'held', 'failed', 'cancelled')",
            account
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(UnpublishedTexts(keys.into_iter().collect()))
    }

    /// The account's posts, not on record as published, that say one of these texts.
    pub async fn restore_candidates(&self, account: &str, texts: &[&str]) -> Result<Vec<PostCandidate>> {
        let keys: Vec<String> = texts.iter().map(|text| text_key(text)).collect();
        let keys = write_json(&keys)?;
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", state, content, occurs_at FROM post
               WHERE account = $1 AND state IN ('scheduled', 'missed', 'held', 'failed', 'cancelled')
                 AND text_key IN (SELECT value FROM json_each($2)) ORDER BY occurs_at, id"#,
            account,
            keys
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(PostCandidate {
                post: row.id,
                state: PostState::parse(&row.state)
                    .ok_or_else(|| StoreError::Nonsense { what: format!("the state {:?}", row.state) })?,
                content: read_json(&row.content, "a content")?,
                occurs_at: instant(row.occurs_at)?,
            })
        });
        read.collect()
    }

    /// The list has to be read again at `next_at`. `proof` is what now counts.
    pub async fn restore_again(&self, account: &str, proof: Proof, next_at: Timestamp) -> Result<Written> {
        let (next, listings) = (micros(next_at), i64::from(proof.absences));
        let (ours, kakaos) = (proof.quarantine.map(|h| micros(h.at)), proof.quarantine.map(|h| micros(h.server_at)));
        let (odd_at, odd_server_at) = (proof.odd.map(|h| micros(h.at)), proof.odd.map(|h| micros(h.server_at)));
        let done = sqlx::query!(
            "UPDATE restore SET next_at = $2, listings = $3, quarantine_at = $4, quarantine_server_at = $5, odd_at = $6,
               odd_server_at = $7
             WHERE account = $1 AND settled_at IS NULL",
            account,
            next,
            listings,
            ours,
            kakaos,
            odd_at,
            odd_server_at
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// The list was consulted: its stories go to their posts. What cannot be told from it waits for a person: what `assigned` says,
    /// posts due since the backup whose story would have been taken down again by now, and those whose job says so of a proved
    /// absence. Everything else goes on. How many posts wait; none if a person moved one meanwhile, and nothing was done. One transaction.
    pub async fn settle_restore(
        &self,
        account: &str,
        due: RestoreDue,
        assigned: &Assigned,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        let mut tx = self.begin().await?;
        let order = AdoptOrder { actor: "restore", reason: "found in the list of stories after a backup was restored" };
        let mut adopted = 0;
        for adoption in &assigned.adoptions {
            let story = (account, adoption.story_id.as_str(), adoption.created_at);
            let moved = adopt_into(&mut tx, adoption.post, story, order, now).await?;
            if moved == 0 {
                // The next listing judges anew.
                return Ok(None);
            }
            adopted += moved;
        }
        for (post, why) in &assigned.holds {
            hold(&mut tx, *post, why, now).await?;
        }
        let mut held = assigned.holds.len() as u64;
        if let Some(why) = &assigned.hold_due {
            held += hold_due(&mut tx, account, due, why, now).await?;
        }
        held += hold_taken_down(&mut tx, account, due, now).await?;
        let (until, at) = (micros(due.restored_at), micros(now));
        held += sqlx::query!(
            "UPDATE post SET state = 'held', event = 'hold', actor = 'restore', changed_at = $3,
               reason = 'it was due since the restored backup, and is not in the list of stories'
             WHERE account = $1 AND state = 'scheduled' AND due_at <= $2 AND in_doubt = 'hold'",
            account,
            until,
            at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        settle(&mut tx, account, &format!("{adopted} stories found, {held} posts held"), now).await?;
        tx.commit().await?;
        Ok(Some(held))
    }

    /// The list cannot be read: every waiting post whose time lay before the restore is for a person to judge.
    pub async fn give_up_restore(&self, account: &str, due: RestoreDue, why: &str, now: Timestamp) -> Result<u64> {
        let reason = format!(
            "it may have gone out since the restored backup, and the account's list cannot be read ({why}); look, then release or cancel it"
        );
        let mut tx = self.begin().await?;
        let held = hold_due(&mut tx, account, due, &reason, now).await?;
        settle(&mut tx, account, &format!("the list cannot be read: {held} posts held"), now).await?;
        tx.commit().await?;
        Ok(held)
    }
}

/// Holds every waiting post whose time lay before the restore.
async fn hold_due(tx: &mut Write, account: &str, due: RestoreDue, why: &str, now: Timestamp) -> Result<u64> {
    let (until, at) = (micros(due.restored_at), micros(now));
    let done = sqlx::query!(
        "UPDATE post SET state = 'held', event = 'hold', actor = 'restore', reason = $3, changed_at = $4
         WHERE account = $1 AND state = 'scheduled' AND min(due_at, occurs_at) <= $2",
        account,
        until,
        why,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Holds every waiting post whose time lay before the restore, and whose story, had it gone out, might have been taken down by now:
/// no list shows it then, whatever became of it.
async fn hold_taken_down(tx: &mut Write, account: &str, due: RestoreDue, now: Timestamp) -> Result<u64> {
    let (until, at) = (micros(due.restored_at), micros(now));
    let done = sqlx::query!(
        "UPDATE post SET state = 'held', event = 'hold', actor = 'restore', changed_at = $3,
           reason = 'it was due since the restored backup, and so was its take-down: no list tells whether it was up; '
                    || 'release it if it was not, cancel it if it was'
         WHERE account = $1 AND state = 'scheduled' AND min(due_at, occurs_at) <= $2
           AND (delete_at <= $3 OR min(due_at, occurs_at) + delete_after <= $3)",
        account,
        until,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Holds a waiting post; leaves a note with one that waits for a person already.
async fn hold(tx: &mut Write, post: i64, why: &str, now: Timestamp) -> Result<()> {
    let at = micros(now);
    let done = sqlx::query!(
        "UPDATE post SET state = 'held', event = 'hold', actor = 'restore', reason = $2, changed_at = $3
         WHERE id = $1 AND state = 'scheduled'",
        post,
        why,
        at
    )
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        note(tx, post, now, "check", "restore", why).await?;
    }
    Ok(())
}

async fn settle(tx: &mut Write, account: &str, outcome: &str, now: Timestamp) -> Result<()> {
    let at = micros(now);
    sqlx::query!(
        "UPDATE restore SET next_at = NULL, settled_at = $2, outcome = $3 WHERE account = $1 AND settled_at IS NULL",
        account,
        at,
        outcome
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM pause WHERE scope = 'restore' AND target = $1", account).execute(&mut **tx).await?;
    Ok(())
}
