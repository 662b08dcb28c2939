//! What a statement refuses costs the post that it is about, and nothing else: that post is set aside for a person. One whose row
//! takes not even that is left alone until the next start, and the others go past it.

use jiff::Timestamp;

use super::write::{Write, note};
use crate::domain::post::PostState;
use crate::store::error::{Result, StatementFailure, StoreError};
use crate::store::handle::Store;
use crate::store::values::micros;

/// What became of a post that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It waits for a person.
    Held,
    /// Its request had not left: it has failed.
    Failed,
    /// Its request had left: it is in doubt, and a person must settle it.
    Parked,
    /// Its story stays up, and a person must look.
    NotTakenDown,
    /// It is over already: there was nothing to do.
    Over,
    /// Its row takes nothing: it is left alone until the next start.
    Untouchable,
}

impl Aside {
    /// For people: completes "the post …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "waits for a person",
            Self::Failed => "has failed",
            Self::Parked => "is in doubt, and a person must settle it",
            Self::NotTakenDown => "is not taken down, and a person must look",
            Self::Over => "is over already",
            Self::Untouchable => "is left alone until the next start",
        }
    }
}

/// How a person settles a post whose request has left.
pub fn settle(post: i64) -> String {
    format!(
        "look at the account's page, then `storyd admin resolve {post} --story ID` or `storyd admin resolve {post} --absent`"
    )
}

impl Store {
    /// Sets a post aside about which a statement was refused: whatever state it is in, it goes to a person, with the reason. Where its
    /// request has left, `settle` says how a person settles it.
    pub async fn set_aside(&self, post: i64, why: &str, settle: &str, now: Timestamp) -> Result<Aside> {
        match self.try_set_aside(post, why, settle, now).await {
            Err(error) if error.trouble() == StatementFailure::Refused => {
                self.untouchable.insert(post);
                Ok(Aside::Untouchable)
            }
            done => done,
        }
    }

    /// The account's post in doubt, and its job. There is at most one.
    pub async fn doubt_of(&self, account: &str) -> Result<Option<i64>> {
        Ok(sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post WHERE account = $1 AND state = 'in_doubt' AND parked_at IS NULL"#,
            account
        )
        .fetch_optional(&self.readers)
        .await?)
    }

    /// The job and the account of a post; nothing else of its row is read.
    pub async fn job_of(&self, post: i64) -> Result<Option<(String, String)>> {
        let row =
            sqlx::query!("SELECT job, account FROM post WHERE id = $1", post).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| (row.job, row.account)))
    }

    /// The account's audit is given up: a step of it was refused.
    pub async fn give_up_audit(&self, account: &str, why: &str, now: Timestamp) -> Result<()> {
        let at = micros(now);
        sqlx::query!(
            "UPDATE audit SET ended_at = $2, next_at = NULL, fault = $3 WHERE account = $1 AND ended_at IS NULL",
            account,
            at,
            why
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// The oldest notice of a sink that is due is given up: what it says cannot be read.
    pub async fn give_up_notice(&self, sink: &str, why: &str, now: Timestamp) -> Result<()> {
        let at = micros(now);
        sqlx::query!(
            "UPDATE notice SET next_at = NULL, ended_at = $2, outcome = 'given_up', problem = $3
             WHERE id = (SELECT min(id) FROM notice WHERE sink = $1 AND next_at IS NOT NULL AND next_at <= $2)",
            sink,
            at,
            why
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// The posts whose rows take nothing.
    pub fn untouchable(&self) -> Vec<i64> {
        self.untouchable.list()
    }

    async fn try_set_aside(&self, post: i64, why: &str, settle: &str, now: Timestamp) -> Result<Aside> {
        let at = micros(now);
        let mut tx = self.begin().await?;
        let state = sqlx::query_scalar!("SELECT state FROM post WHERE id = $1", post).fetch_optional(&mut *tx).await?;
        let state = state
            .as_deref()
            .and_then(PostState::parse)
            .ok_or_else(|| StoreError::Nonsense { what: format!("post {post} in a state that cannot be read") })?;
        let done = match state {
            PostState::Scheduled => {
                hold(&mut tx, post, why, at).await?;
                Aside::Held
            }
            PostState::Claimed => {
                fail(&mut tx, post, why, at).await?;
                Aside::Failed
            }
            PostState::Publishing | PostState::InDoubt => {
                let why = format!("{why}; {settle}");
                if park(&mut tx, post, &why, at).await? {
                    note(&mut tx, post, now, "park", "daemon", &why).await?;
                }
                Aside::Parked
            }
            PostState::Published => {
                if !keep_up(&mut tx, post, why).await? {
                    return Ok(Aside::Over);
                }
                note(&mut tx, post, now, "delete_failed", "daemon", why).await?;
                Aside::NotTakenDown
            }
            PostState::Deleted | PostState::Missed | PostState::Held | PostState::Failed | PostState::Cancelled => {
                return Ok(Aside::Over);
            }
        };
        sqlx::query!(
            "UPDATE attempt SET ended_at = $2, verdict = $3, fault_class = $4, fault_code = 'refused', fault_reason = $5,
               fault_remedy = ''
             WHERE post_id = $1 AND ended_at IS NULL",
            post,
            at,
            if done == Aside::Parked { "in_doubt" } else { "failed" },
            if done == Aside::Parked { "ambiguous" } else { "permanent" },
            why
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done)
    }
}

async fn hold(tx: &mut Write, post: i64, why: &str, at: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE post SET state = 'held', event = 'hold', actor = 'daemon', reason = $2, changed_at = $3
         WHERE id = $1 AND state = 'scheduled'",
        post,
        why,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn fail(tx: &mut Write, post: i64, why: &str, at: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE post SET state = 'failed', event = 'fail', actor = 'daemon', reason = $2, changed_at = $3, lease_until_at = NULL
         WHERE id = $1 AND state = 'claimed'",
        post,
        why,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether it was not parked before.
async fn park(tx: &mut Write, post: i64, why: &str, at: i64) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE post SET state = 'in_doubt', event = 'doubt', actor = 'daemon', reason = $2, changed_at = $3,
           lease_until_at = NULL, reconcile_at = NULL, parked_at = $3, absences = 0
         WHERE id = $1 AND state IN ('publishing', 'in_doubt') AND parked_at IS NULL",
        post,
        why,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether its story was to be taken down.
async fn keep_up(tx: &mut Write, post: i64, why: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE story SET delete_fault = $2, delete_failures = delete_failures + 1
         WHERE post_id = $1 AND delete_at IS NOT NULL AND deleted_at IS NULL AND delete_fault IS NULL",
        post,
        why
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
