//! The pauses in force, as people look at them.

use jiff::Timestamp;
use serde::Serialize;

use crate::store::{Result, Store, instant, instant_opt, micros};

/// One pause.
#[derive(Clone, Debug, Serialize)]
pub struct PauseRow {
    /// `all`, `account`, `tag` or `job`.
    pub scope: String,
    /// The account's, tag's or job's name; empty for all.
    pub target: String,
    /// Who paused.
    pub actor: String,
    /// Why; may be empty.
    pub reason: String,
    /// Since when.
    pub since_at: Timestamp,
    /// When it ends by itself.
    pub until_at: Option<Timestamp>,
}

impl PauseRow {
    /// What it covers, in words: `everything`, `account cafe`, `tag sale`.
    pub fn what(&self) -> String {
        match self.scope.as_str() {
            "all" => "everything".to_owned(),
            "restore" => format!("account {}", self.target),
            scope => format!("{scope} {}", self.target),
        }
    }

    /// Whether it stops the posts of this account and job with these tags.
    pub fn covers(&self, account: &str, job: &str, tags: &[String]) -> bool {
        match self.scope.as_str() {
            "account" | "restore" => self.target == account,
            "tag" => tags.contains(&self.target),
            "job" => self.target == job,
            _ => true,
        }
    }
}

impl Store {
    /// The pauses that still last.
    pub async fn pauses(&self, now: Timestamp) -> Result<Vec<PauseRow>> {
        let at = micros(now);
        let rows = sqlx::query!(
            "SELECT scope, target, actor, reason, since_at, until_at FROM pause WHERE until_at IS NULL OR until_at > $1
             ORDER BY scope, target",
            at
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(PauseRow {
                    scope: row.scope,
                    target: row.target,
                    actor: row.actor,
                    reason: row.reason,
                    since_at: instant(row.since_at)?,
                    until_at: instant_opt(row.until_at)?,
                })
            })
            .collect()
    }
}
