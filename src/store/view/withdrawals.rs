//! What left the job files and is held, in case that was an accident.

use jiff::Timestamp;

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{count, instant};

/// What an account has lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The account.
    pub account: String,
    /// How many posts are held.
    pub posts: u32,
    /// How many jobs they belong to.
    pub jobs: u32,
    /// One of these jobs.
    pub job: String,
    /// Since when.
    pub since: Timestamp,
}

impl Store {
    /// What is held because the job files ask for it no more, by account.
    pub async fn withdrawals(&self) -> Result<Vec<Withdrawal>> {
        let rows = sqlx::query!(
            r#"SELECT account AS "account!: String", count(*) AS "posts!: i64", count(DISTINCT job) AS "jobs!: i64", min(job) AS "job!: String",
                 min(lost_at) AS "since!: i64"
               FROM post WHERE state = 'held' AND lost_at IS NOT NULL GROUP BY account ORDER BY account"#
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            let (posts, jobs, since) = (count(row.posts), count(row.jobs), instant(row.since)?);
            Ok(Withdrawal { account: row.account, posts, jobs, job: row.job, since })
        });
        read.collect()
    }

    /// The numbers of these posts, of one account or job only where one is named.
    pub async fn withheld(&self, account: Option<&str>, job: Option<&str>) -> Result<Vec<i64>> {
        Ok(sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post WHERE state = 'held' AND lost_at IS NOT NULL
                 AND ($1 IS NULL OR account = $1) AND ($2 IS NULL OR job = $2) ORDER BY id"#,
            account,
            job
        )
        .fetch_all(&self.readers)
        .await?)
    }
}
