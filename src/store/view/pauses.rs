//! The pauses in force, as people look at them.

use jiff::Timestamp;
use serde::Serialize;

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, instant_opt, micros};

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

    /// Whether it stops a post of this account and job with these tags that falls due then: it covers the post, and lasts longer.
    pub fn holds(&self, (account, job, tags): (&str, &str, &[String]), due_at: Timestamp) -> bool {
        let covers = match self.scope.as_str() {
            "account" | "restore" => self.target == account,
            "tag" => tags.contains(&self.target),
            "job" => self.target == job,
            _ => true,
        };
        covers && self.until_at.is_none_or(|until| until > due_at)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_holds_what_it_covers_and_what_falls_due_while_it_lasts() {
        let at = |minute: i64| Timestamp::from_second(1_800_000_000 + minute * 60).expect("in range");
        let tags = ["sale".to_owned(), "menu".to_owned()];
        for (scope, target, until, due, holds) in [
            ("all", "", None, 9_999, true),
            ("all", "", Some(120), 119, true),
            ("all", "", Some(120), 120, false),
            ("all", "", Some(120), -5, true),
            ("account", "cafe", Some(120), 60, true),
            ("account", "bar", Some(120), 60, false),
            ("restore", "cafe", None, 60, true),
            ("tag", "sale", Some(120), 60, true),
            ("tag", "sale", Some(120), 180, false),
            ("tag", "other", None, 60, false),
            ("job", "hello", None, 60, true),
            ("job", "hello", Some(120), 180, false),
            ("job", "bye", None, 60, false),
        ] {
            let (scope_name, until_at) = (scope.to_owned(), until.map(at));
            let (target, actor, reason) = (target.to_owned(), String::new(), String::new());
            let pause = PauseRow { scope: scope_name, target, actor, reason, since_at: at(0), until_at };
            let post = ("cafe", "hello", tags.as_slice());
            assert_eq!(pause.holds(post, at(due)), holds, "{scope} until {until:?}, due {due}");
        }
    }
}
