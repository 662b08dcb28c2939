//! Pauses: a person stops everything, an account, a tag or a job. What has an intent already is not stopped any more.

use jiff::Timestamp;

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::micros;
use crate::store::written::Written;

/// What a pause covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseScope {
    /// Every post.
    All,
    /// The posts of an account.
    Account(String),
    /// The posts with a tag.
    Tag(String),
    /// The posts of a job.
    Job(String),
}

impl PauseScope {
    /// The two columns: kind and name.
    fn columns(&self) -> (&'static str, &str) {
        match self {
            Self::All => ("all", ""),
            Self::Account(name) => ("account", name),
            Self::Tag(name) => ("tag", name),
            Self::Job(name) => ("job", name),
        }
    }
}

/// Who pauses, why, and until when.
#[derive(Clone, Copy, Debug)]
pub struct PauseOrder<'a> {
    /// A person.
    pub actor: &'a str,
    /// In their words; may be empty.
    pub reason: &'a str,
    /// When it ends by itself; `None`: when a person resumes.
    pub until: Option<Timestamp>,
}

impl Store {
    /// Pauses, or replaces the pause of the same scope. Once this returns, no request for what it covers begins any more. An end
    /// that is not after `now` is `Lost`: nothing is paused.
    pub async fn pause(&self, scope: &PauseScope, order: PauseOrder<'_>, now: Timestamp) -> Result<Written> {
        if order.until.is_some_and(|until| until <= now) {
            return Ok(Written::Lost);
        }
        let (kind, target) = scope.columns();
        let (at, until) = (micros(now), order.until.map(micros));
        let done = sqlx::query!(
            "INSERT INTO pause (scope, target, actor, reason, since_at, until_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (scope, target) DO UPDATE SET actor = excluded.actor, reason = excluded.reason,
               since_at = excluded.since_at, until_at = excluded.until_at",
            kind,
            target,
            order.actor,
            order.reason,
            at,
            until
        )
        .execute(self.writing().await)
        .await?;
        Ok(Written::of(done.rows_affected()))
    }

    /// Ends a pause. `Lost` when there was none. What is late by then is dealt with by its late policy.
    pub async fn resume(&self, scope: &PauseScope) -> Result<Written> {
        let (kind, target) = scope.columns();
        let done = sqlx::query!("DELETE FROM pause WHERE scope = $1 AND target = $2", kind, target)
            .execute(self.writing().await)
            .await?;
        Ok(Written::of(done.rows_affected()))
    }
}
