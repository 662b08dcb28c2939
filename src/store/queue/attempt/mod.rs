//! One attempt at preparing or publishing, from claim to recorded verdict: `take` hands a post to exactly one worker, `verdict`
//! records what became of it. Owns the types that make claim → intend → publish → record the only order that compiles.

mod claim;
pub(crate) mod gathering;
pub(super) mod row;
mod take;
mod together;
mod verdict;

use jiff::{SignedDuration, Timestamp};

pub use claim::{Claim, Intent, Taken};
pub use together::Onward;

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant};

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
