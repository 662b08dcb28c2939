//! Accounts: what blocks them, and what is known of Kakao's clock.

use std::time::Duration;

use jiff::Timestamp;

use super::write::Write;
use crate::domain::clock::{ServerTimeSample, later};
use crate::domain::fault::{Block, BlockScope, Fault};
use crate::domain::policy::Pace;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{micros, span, write_json};

impl Store {
    /// Makes the account known.
    pub async fn ensure_account(&self, account: &str) -> Result<()> {
        sqlx::query!("INSERT INTO account (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", account)
            .execute(self.writing().await)
            .await?;
        Ok(())
    }

    /// How densely each of these accounts may post. Makes those known that are not. Of one whose pace changes, the stories so far count
    /// by the new pace: one that was loosened lets go at once what it allows, and no change gives an account more than either.
    pub async fn set_paces(&self, paces: &[(&str, Pace)], now: Timestamp) -> Result<()> {
        let rows: Vec<_> = paces
            .iter()
            .map(|(account, pace)| {
                (account, span(pace.min_gap), span(pace.catch_up_gap), pace.max_per_day.map(i64::from))
            })
            .collect();
        let rows = write_json(&rows)?;
        let differs = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM jsonb_each($1) w WHERE NOT EXISTS (SELECT 1 FROM account
                 WHERE name = w.value ->> 0 AND min_gap = w.value ->> 1 AND catch_up_gap = w.value ->> 2
                   AND max_per_day IS w.value ->> 3)) AS "differs!: bool""#,
            rows
        )
        .fetch_one(&self.readers)
        .await?;
        if !differs {
            return Ok(());
        }
        let at = micros(now);
        sqlx::query!(
            "INSERT INTO account (name, min_gap, catch_up_gap, max_per_day)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each($1) WHERE true
             ON CONFLICT (name) DO UPDATE SET min_gap = excluded.min_gap, catch_up_gap = excluded.catch_up_gap,
               max_per_day = excluded.max_per_day,
               next_late_at = iif(next_late_at = 0, 0, next_late_at - catch_up_gap + excluded.catch_up_gap),
               next_at = max(
                 coalesce((SELECT min(max(s.came_at), $2) FROM story s WHERE s.account = account.name
                             AND s.published_at > $2 - excluded.min_gap) + excluded.min_gap, 0),
                 iif(excluded.max_per_day IS NULL, 0, coalesce((SELECT min(nth.came_at, $2) FROM
                     (SELECT s.came_at, row_number() OVER (ORDER BY s.came_at DESC) AS number FROM story s
                      WHERE s.account = account.name AND s.published_at > $2 - 86400000000) nth
                   WHERE nth.number = excluded.max_per_day) + 86400000000, 0)))
             WHERE min_gap <> excluded.min_gap OR catch_up_gap <> excluded.catch_up_gap
                OR max_per_day IS NOT excluded.max_per_day",
            rows,
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// The account, or every account, is turned away by Kakao: its posts wait, and the next one tries again after `probe`.
    pub async fn block(
        &self,
        account: &str,
        block: &Block,
        fault: &Fault,
        probe: Duration,
        now: Timestamp,
    ) -> Result<()> {
        let (at, probe_at) = (micros(now), micros(later(now, probe)));
        let (everyone, cure) = (block.scope == BlockScope::Everyone, block.cure.as_str());
        sqlx::query!(
            "UPDATE account SET blocked_code = $3, blocked_reason = $4, blocked_remedy = $5,
               blocked_scope = iif($2, 'everyone', 'account'), blocked_at = coalesce(blocked_at, $6), probe_at = $7,
               blocked_cure = $8
             WHERE $2 OR name = $1",
            account,
            everyone,
            fault.code,
            fault.reason,
            fault.remedy,
            at,
            probe_at,
            cure
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }

    /// Moves the next probe of a blocked account.
    pub async fn probe_at(&self, account: &str, at: Timestamp) -> Result<()> {
        let at = micros(at);
        sqlx::query!("UPDATE account SET probe_at = $2 WHERE name = $1 AND probe_at IS NOT NULL", account, at)
            .execute(self.writing().await)
            .await?;
        Ok(())
    }

    /// Kakao served the account again, or a person gave it a new token. True when it had been blocked. What had turned every
    /// account away is over for all of them.
    pub async fn unblock(&self, account: &str) -> Result<bool> {
        let marked = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM account WHERE name = $1
                 AND (blocked_code IS NOT NULL OR unauthorized_at IS NOT NULL)) AS "found!: bool""#,
            account
        )
        .fetch_one(&self.readers)
        .await?;
        if !marked {
            return Ok(false);
        }
        let done = sqlx::query!(
            "UPDATE account SET blocked_code = NULL, blocked_reason = NULL, blocked_remedy = NULL, blocked_cure = NULL,
               blocked_scope = NULL, blocked_at = NULL, probe_at = NULL,
               unauthorized_at = iif(name = $1, NULL, unauthorized_at)
             WHERE (name = $1 AND (blocked_code IS NOT NULL OR unauthorized_at IS NOT NULL))
                OR (blocked_scope = 'everyone'
                    AND (SELECT blocked_scope FROM account WHERE name = $1) = 'everyone')",
            account
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected() >= 1)
    }

    /// Brings the probe of a blocked account forward: a person has done something about it. False when it is not blocked.
    pub async fn probe_now(&self, account: &str, now: Timestamp) -> Result<bool> {
        let at = micros(now);
        let done = sqlx::query!("UPDATE account SET probe_at = $2 WHERE name = $1 AND probe_at > $2", account, at)
            .execute(self.writing().await)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Records a -401. True when it is the first since the last success: a refresh may cure it. False when one was recorded
    /// before: the refresh did not help.
    pub async fn first_unauthorized(&self, account: &str, now: Timestamp) -> Result<bool> {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE account SET unauthorized_at = $2 WHERE name = $1 AND unauthorized_at IS NULL",
            account,
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Records the date that an answer carried.
    pub async fn hear(&self, account: &str, heard: ServerTimeSample) -> Result<()> {
        let mut tx = self.begin().await?;
        hear(&mut tx, account, heard).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The same within a transaction.
pub(super) async fn hear(tx: &mut Write, account: &str, heard: ServerTimeSample) -> Result<()> {
    let (at, server_at) = (micros(heard.at), micros(heard.server_at));
    // One answer may carry any date. It is believed when it agrees with one before it, or, being the first, with our own clock.
    sqlx::query!(
        "UPDATE account SET heard_at = $2, heard_server_at = $3,
           (agreed_at, agreed_server_at) = (SELECT iif(w.agrees, $2, agreed_at), iif(w.agrees, $3, agreed_server_at)
             FROM (SELECT abs($3 - $2 - (heard_server_at - heard_at)) <= 20000000
                       OR abs($3 - $2 - (agreed_server_at - agreed_at)) <= 20000000
                       OR (heard_at IS NULL AND abs($3 - $2) <= 20000000) AS agrees) w)
         WHERE name = $1",
        account,
        at,
        server_at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
