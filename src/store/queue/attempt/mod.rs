//! One attempt at preparing or publishing, from claim to recorded verdict: `take` hands a post to exactly one worker, `verdict`
//! records what became of it. Owns the types that make claim → intend → publish → record the only order that compiles.

mod take;
mod together;
mod verdict;

use jiff::{SignedDuration, Timestamp};

pub use together::Onward;
pub(in crate::store) use together::Together;

use super::{Result, Store, Write, micros};
use crate::domain::content::{Artifact, Content, Outgoing};
use crate::domain::fault::Fault;
use crate::store::{Written, count, instant};

/// A post taken for one attempt. Whoever holds it is the only one who may move the post on, until the lease ends.
#[derive(Debug)]
pub struct Claim {
    taken: Taken,
    content: Content,
    artifact: Option<Artifact>,
    /// When it should appear.
    pub occurs_at: Timestamp,
}

/// The durable intent to publish one post now. Nothing can be published without one, and only [`Store::intend`](crate::store::Store::intend) makes one.
#[derive(Debug)]
pub struct Intent {
    taken: Taken,
    outgoing: Outgoing,
    /// When it should appear.
    pub occurs_at: Timestamp,
    /// When the intent became durable.
    pub intent_at: Timestamp,
}

/// What identifies a running attempt: enough to record a verdict, not enough to publish.
#[derive(Debug)]
pub struct Taken {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The account that it goes to.
    pub account: String,
    /// How often in a row this kind of attempt has failed before.
    pub failures: u32,
    token: i64,
    attempt: i64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Prepare,
    Publish,
}

impl Claim {
    /// The attempt's identity.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What the post says.
    pub fn content(&self) -> &Content {
        &self.content
    }
}

impl Intent {
    /// The attempt's identity.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What is to leave.
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }
}

impl From<Claim> for Taken {
    fn from(claim: Claim) -> Self {
        claim.taken
    }
}

impl From<Intent> for Taken {
    fn from(intent: Intent) -> Self {
        intent.taken
    }
}

/// A request of a post that was refused plainly, the first one of the post.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// Its attempt.
    pub attempt: i64,
    /// When that began, by our clock.
    pub began_at: Timestamp,
    /// How far Kakao's clock is ahead of ours (negative: behind), as known when the post was taken last.
    pub skew: Option<SignedDuration>,
    /// Until when the post may still be sent; `None`: without end.
    pub late_until: Option<Timestamp>,
}

impl Store {
    /// The first request of the post that an answer refused, before the one that is intended now.
    pub async fn refused_before(&self, intent: &Intent) -> Result<Option<Refused>> {
        // The first claim of all.
        if intent.taken.token <= 1 {
            return Ok(None);
        }
        let row = sqlx::query!(
            r#"SELECT t.id AS "id!", t.started_at, p.intent_skew, p.late_until_at FROM attempt t JOIN post p ON p.id = t.post_id
               WHERE t.post_id = $1 AND t.kind = 'publish' AND t.verdict IN ('retry', 'snooze', 'failed') AND t.answer <> ''
               ORDER BY t.id LIMIT 1"#,
            intent.taken.post
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let skew = row.intent_skew.map(SignedDuration::from_micros);
        let late_until = row.late_until_at.map(instant).transpose()?;
        Ok(Some(Refused { attempt: row.id, began_at: instant(row.started_at)?, skew, late_until }))
    }

    /// How many of the post's last attempts, in a row, met a fault with this code and were to be repeated.
    pub async fn failures_alike(&self, post: i64, code: &str) -> Result<u32> {
        let alike = sqlx::query_scalar!(
            r#"SELECT count(*) AS "alike!: i64" FROM attempt
               WHERE post_id = $1 AND ended_at IS NOT NULL
                 AND id > coalesce((SELECT max(t.id) FROM attempt t WHERE t.post_id = $1 AND t.ended_at IS NOT NULL
                                      AND (t.verdict <> 'retry' OR t.fault_code <> $2)), 0)"#,
            post,
            code
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(count(alike))
    }
}

/// Opens the attempt row of a claim.
pub(super) async fn open_attempt(tx: &mut Write, post: i64, kind: &str, now: Timestamp) -> Result<i64> {
    let at = micros(now);
    let done = sqlx::query!("INSERT INTO attempt (post_id, kind, started_at) VALUES ($1, $2, $3)", post, kind, at)
        .execute(&mut **tx)
        .await?;
    Ok(done.last_insert_rowid())
}

/// Closes the attempt with its verdict, or as lost when the guarded UPDATE hit no row, and commits.
async fn finish(
    mut tx: Write,
    taken: &Taken,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
    rows: u64,
) -> Result<Written> {
    let written = Written::of(rows);
    let verdict = if written == Written::Done { verdict } else { "lost" };
    close_attempt_row(&mut tx, taken.attempt, now, verdict, fault).await?;
    tx.commit().await?;
    Ok(written)
}

/// Closes one attempt row; one that a sweep closed already is left as it is.
pub(super) async fn close_attempt_row(
    tx: &mut Write,
    attempt: i64,
    now: Timestamp,
    verdict: &str,
    fault: Option<&Fault>,
) -> Result<()> {
    let at = micros(now);
    let class = fault.map(|fault| fault.class.as_str());
    let code = fault.map(|fault| fault.code.as_str());
    let reason = fault.map(|fault| fault.reason.as_str());
    let remedy = fault.map(|fault| fault.remedy.as_str());
    let exchange = fault.and_then(|fault| fault.exchange.as_deref());
    let request = exchange.map(|exchange| exchange.request.as_str());
    let answer = exchange.map(|exchange| exchange.answer.as_str());
    sqlx::query!(
        "UPDATE attempt SET ended_at = $2, verdict = $3, fault_class = $4, fault_code = $5, fault_reason = $6,
           fault_remedy = $7, request = $8, answer = $9
         WHERE id = $1 AND ended_at IS NULL",
        attempt,
        at,
        verdict,
        class,
        code,
        reason,
        remedy,
        request,
        answer
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
