//! What the looks ahead found wrong with posts that still wait.

use jiff::Timestamp;

use super::limits::ROWS_MAX;
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::instant;

/// A post that waits and would not go out as things stand, or not as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The account.
    pub account: String,
    /// IANA name of its zone.
    pub zone: String,
    /// When it is due.
    pub due_at: Timestamp,
    /// What a look ahead found.
    pub finding: String,
}

impl Store {
    /// The posts that wait and of which a look ahead found something wrong, the earliest due first.
    pub async fn foreseen(&self) -> Result<Vec<Foreseen>> {
        let limit = i64::from(ROWS_MAX);
        let rows = sqlx::query!(
            r#"SELECT p.id AS "id!", p.job, p.account, p.zone, p.due_at, f.finding AS "finding!"
               FROM preflight f INDEXED BY preflight_finding CROSS JOIN post p ON p.id = f.post_id
               WHERE f.finding IS NOT NULL AND p.state IN ('scheduled', 'claimed') ORDER BY p.due_at, p.id LIMIT $1"#,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            let (post, due_at) = (row.id, instant(row.due_at)?);
            Ok(Foreseen { post, job: row.job, account: row.account, zone: row.zone, due_at, finding: row.finding })
        });
        read.collect()
    }
}
