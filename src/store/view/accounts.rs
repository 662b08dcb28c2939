//! The accounts as people see them.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::told_as::ToldAs;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::queue::suspect::told_as;
use crate::store::values::{count, instant_opt};

/// One account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountRow {
    /// Its name.
    pub account: String,
    /// Kakao's code for the block.
    pub blocked_code: Option<String>,
    /// Why it is blocked.
    pub blocked_reason: Option<String>,
    /// What lifts the block.
    pub blocked_remedy: Option<String>,
    /// Since when.
    pub blocked_at: Option<Timestamp>,
    /// When the next post tries again.
    pub probe_at: Option<Timestamp>,
    /// Posts that wait for their time.
    pub waiting: u32,
    /// In which regular way its published stories come back with other texts than were sent; `None`: in none that was seen.
    pub told_as: Option<ToldAs>,
}

impl Store {
    /// Every account that the queue knows.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>> {
        let rows = sqlx::query!(
            r#"SELECT name, blocked_code, blocked_reason, blocked_remedy, blocked_at, probe_at, told_as,
                 (SELECT count(*) FROM post p WHERE p.account = name AND p.state = 'scheduled') AS "waiting!: i64"
               FROM account ORDER BY name"#
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(AccountRow {
                    account: row.name,
                    blocked_code: row.blocked_code,
                    blocked_reason: row.blocked_reason,
                    blocked_remedy: row.blocked_remedy,
                    blocked_at: instant_opt(row.blocked_at)?,
                    probe_at: instant_opt(row.probe_at)?,
                    waiting: count(row.waiting),
                    told_as: row.told_as.as_deref().map(told_as).transpose()?,
                })
            })
            .collect()
    }
}
