//! The one place that commits for many lanes at once: results and takings that are ready at the same time share one transaction and
//! one fsync, each row by the same guarded UPDATE that it would meet alone.
//!
//! There is no thread and no channel of operations. A lane puts its rows into the buffers and, when nobody leads, leads: it gets the
//! writer, takes along whatever has gathered by then, runs one statement for each kind of row, commits, and tells each lane which of
//! its rows changed. Then it hands the lead to a lane that came meanwhile. Nobody is told anything before the commit.
//!
//! Only what goes as planned happens here. A row that did not change, and every row of a batch that SQLite refused, is left to the
//! function that deals with one post alone.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::claim::{Claim, Intent};
use super::gathering::{ClaimRequest, CommitResult, Done, LaneResult, LaneRows, Leader};
use super::take::{ClaimedRow, Claims, claim};
use crate::domain::clock::ServerTimeSample;
use crate::domain::content::Outgoing;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::queue::write::Write;
use crate::store::values::{instant, micros, write_json};
use crate::store::written::Written;

/// What became of a story that was to be recorded, and the account's next post.
#[derive(Debug)]
pub struct Onward {
    /// Whether it was.
    pub written: Written,
    /// Whether the account was marked as blocked or refused: [`Store::unblock`] takes the mark away.
    pub marked: bool,
    /// The intent to publish the next post, durable with the record of this one.
    pub next: Option<Intent>,
}

impl Store {
    /// Takes the account's next due post and makes the intent to publish it durable: [`claim_to_publish`](Store::claim_to_publish)
    /// and [`intend`](Store::intend) in one transaction, which other lanes may share. After this, and only then, the publish request
    /// may leave.
    pub async fn take_to_publish(&self, account: &str, now: Timestamp, lease: Duration) -> Result<Option<Intent>> {
        if self.is_short_of_room() {
            return Ok(None);
        }
        let became = self.together(LaneRows { done: None, wish: Some(ClaimRequest::new(account, now, lease)) }).await?;
        if !became.alone {
            return Ok(became.taken);
        }
        let Some(claim) = self.claim_to_publish(account, now, lease).await? else { return Ok(None) };
        self.intend(claim, now, lease).await
    }

    /// Records the story that Kakao answered with, as [`record_published`](Store::record_published) does, in a transaction that other
    /// lanes may share. With a `lease` it takes the account's next due post in the same transaction.
    pub async fn record_and_take(
        &self,
        intent: Intent,
        story_id: &str,
        heard: Option<ServerTimeSample>,
        now: Timestamp,
        lease: Option<Duration>,
    ) -> Result<Onward> {
        let taken = &intent.taken;
        let done = Done {
            post: taken.post,
            token: taken.token,
            attempt: taken.attempt,
            story: story_id.into(),
            at: micros(now),
            account: taken.account.clone(),
            server_at: heard.map(|heard| micros(heard.server_at)),
        };
        // Without room for the result nothing leaves.
        let lease = lease.filter(|_| !self.is_short_of_room());
        let wish = lease.map(|lease| ClaimRequest::new(&taken.account, now, lease));
        match self.together(LaneRows { done: Some(done), wish }).await {
            Ok(CommitResult { recorded: Some(marked), taken, .. }) => {
                Ok(Onward { written: Written::Done, marked, next: taken })
            }
            // Not as planned: the story is another post's, the post has moved on, a neighbour's row was refused, or the commit
            // failed. A post that was taken by a commit that failed and happened all the same is left to the end of its lease.
            other => {
                let next = other.ok().and_then(|became| became.taken);
                let written = self.record_published(intent, story_id, heard, now).await?;
                Ok(Onward { written, marked: true, next })
            }
        }
    }

    async fn together(&self, rows: LaneRows) -> Result<CommitResult> {
        match self.together.hand_in(rows) {
            Ok((rows, baton)) => self.lead(rows, baton).await,
            Err(told) => match told.await {
                Ok(LaneResult::Became(became)) => Ok(became),
                Ok(LaneResult::Lead(rows, baton)) => self.lead(rows, baton).await,
                // The leader ended in the middle, and nobody knows whether it had committed. What is written alone is guarded.
                Err(_) => Ok(CommitResult::alone()),
            },
        }
    }

    /// Writes the lane's own rows and whatever has gathered by the time the writer is free.
    async fn lead(&self, own: LaneRows, baton: Leader) -> Result<CommitResult> {
        let mut tx = self.begin().await?;
        let others = baton.0.gathered();
        let rows: Vec<&LaneRows> = std::iter::once(&own).chain(others.iter().map(|lane| &lane.rows)).collect();
        let left_alone = self.untouchable.as_json();
        let written = match write(&mut tx, &rows, &left_alone).await {
            Ok(became) => tx.commit().await.map(|()| became),
            Err(error) => {
                drop(tx);
                Err(error)
            }
        };
        let mut became = written.unwrap_or_else(|error| {
            tracing::debug!(%error, lanes = rows.len(), "a shared transaction was refused; each lane writes by itself");
            rows.iter().map(|_| CommitResult::alone()).collect()
        });
        for (lane, became) in others.into_iter().zip(became.drain(1..)) {
            // Nobody there any more: the process is ending, and its next start finds the row as it is.
            let _ = lane.turn.send(LaneResult::Became(became));
        }
        Ok(became.pop().unwrap_or_default())
    }
}

/// One statement for each kind of row. What became of each lane's, in their order.
async fn write(tx: &mut Write, rows: &[&LaneRows], left_alone: &str) -> Result<Vec<CommitResult>> {
    let done: Vec<&Done> = rows.iter().filter_map(|rows| rows.done.as_ref()).collect();
    // Results first: they free the accounts whose next posts are wished for.
    let recorded = if done.is_empty() { HashMap::new() } else { record(tx, &done).await? };
    let mut wishes: Vec<&ClaimRequest> = Vec::new();
    for wish in rows.iter().filter_map(|rows| rows.wish.as_ref()) {
        // One post of an account at a time: the second wish finds nothing, as it would alone.
        if !wishes.iter().any(|other| other.account == wish.account) {
            wishes.push(wish);
        }
    }
    let mut taken = if wishes.is_empty() { HashMap::new() } else { take(tx, &wishes, left_alone).await? };
    let became = rows.iter().map(|rows| CommitResult {
        recorded: rows.done.as_ref().and_then(|done| recorded.get(&done.post).copied()),
        taken: rows.wish.as_ref().and_then(|wish| taken.remove(&wish.account)),
        alone: false,
    });
    Ok(became.collect())
}

/// Records stories; which posts that changed, and whether their account is marked.
async fn record(tx: &mut Write, done: &[&Done]) -> Result<HashMap<i64, bool>> {
    let rows = write_json(&done)?;
    let recorded = sqlx::query_scalar!(
        r#"UPDATE post SET state = 'published', event = 'publish', actor = 'publish', reason = '', changed_at = r.at,
             lease_until_at = NULL, story_id = r.story, publish_failures = 0
           FROM (SELECT value ->> 'post' AS post, value ->> 'token' AS token, value ->> 'story' AS story,
                   value ->> 'at' AS at FROM jsonb_each($1)) AS r
           WHERE post.id = r.post AND +post.state = 'publishing' AND post.claim = r.token
             AND NOT EXISTS (SELECT 1 FROM story s WHERE s.story_id = r.story)
           RETURNING id AS "id!: i64""#,
        rows
    )
    .fetch_all(&mut **tx)
    .await?;
    let marked: Vec<String> =
        sqlx::query_scalar!("SELECT name FROM account WHERE blocked_code IS NOT NULL OR unauthorized_at IS NOT NULL")
            .fetch_all(&mut **tx)
            .await?;
    let recorded: HashSet<i64> = recorded.into_iter().collect();
    let done: Vec<&&Done> = done.iter().filter(|done| recorded.contains(&done.post)).collect();
    let closed = write_json(&done)?;
    sqlx::query!(
        "UPDATE attempt SET ended_at = r.at, verdict = 'published'
         FROM (SELECT value ->> 'attempt' AS attempt, value ->> 'at' AS at FROM jsonb_each($1)) AS r
         WHERE attempt.id = r.attempt AND +attempt.ended_at IS NULL",
        closed
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        // As `hear` does for one account.
        "UPDATE account SET heard_at = r.at, heard_server_at = r.server_at,
           (agreed_at, agreed_server_at) = (SELECT iif(w.agrees, r.at, agreed_at), iif(w.agrees, r.server_at, agreed_server_at)
             FROM (SELECT abs(r.server_at - r.at - (heard_server_at - heard_at)) <= 20000000
                       OR abs(r.server_at - r.at - (agreed_server_at - agreed_at)) <= 20000000
                       OR (heard_at IS NULL AND abs(r.server_at - r.at) <= 20000000) AS agrees) w)
         FROM (SELECT value ->> 'account' AS account, value ->> 'at' AS at, value ->> 'server_at' AS server_at
               FROM jsonb_each($1)) AS r
         WHERE account.name = r.account AND r.server_at IS NOT NULL",
        closed
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.into_iter().map(|done| (done.post, marked.contains(&done.account))).collect())
}

/// A post whose attempt begins.
#[derive(Serialize)]
struct StartedAttempt {
    post: i64,
    at: i64,
}

/// Takes the next due post of each account, its intent with it, and opens its attempt; by account.
async fn take(tx: &mut Write, wishes: &[&ClaimRequest], left_alone: &str) -> Result<HashMap<String, Intent>> {
    let claimed = claim(tx, wishes, Claims::Any { but: left_alone }, true).await?;
    if claimed.is_empty() {
        return Ok(HashMap::new());
    }
    let attempts = open_attempts(tx, &claimed).await?;
    let mut taken = HashMap::with_capacity(claimed.len());
    for row in claimed {
        let attempt = *attempts
            .get(&row.post)
            .ok_or_else(|| StoreError::Nonsense { what: format!("post {}, whose attempt did not begin", row.post) })?;
        let (account, intent_at) = (row.account.clone(), instant(row.changed_at)?);
        let Claim { taken: identity, content, artifact, occurs_at } = row.with_attempt(attempt)?;
        let outgoing = Outgoing { content, artifact };
        taken.insert(account, Intent { taken: identity, outgoing, occurs_at, intent_at });
    }
    Ok(taken)
}

/// Opens the attempts of these posts; by post.
async fn open_attempts(tx: &mut Write, claimed: &[ClaimedRow]) -> Result<HashMap<i64, i64>> {
    let begun: Vec<StartedAttempt> =
        claimed.iter().map(|row| StartedAttempt { post: row.post, at: row.changed_at }).collect();
    let rows = write_json(&begun)?;
    let attempts = sqlx::query!(
        r#"INSERT INTO attempt (post_id, kind, started_at)
           SELECT value ->> 'post', 'publish', value ->> 'at' FROM jsonb_each($1) RETURNING id AS "id!: i64", post_id"#,
        rows
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(attempts.into_iter().map(|row| (row.post_id, row.id)).collect())
}
