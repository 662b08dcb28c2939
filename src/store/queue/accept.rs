//! A person accepts that posts which left the job files, and are held in case that was an accident, are withdrawn.

use jiff::Timestamp;

use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::micros;

impl Store {
    /// Withdraws the posts that are held because the job files ask for them no more, of one account or job only where one is named. They
    /// are withdrawn as if nobody had been asked: a job file that asks for them again brings them back. Their numbers.
    pub async fn accept(
        &self,
        account: Option<&str>,
        job: Option<&str>,
        (actor, why): (&str, &str),
        now: Timestamp,
    ) -> Result<Vec<i64>> {
        let (at, why) = (micros(now), if why.is_empty() { String::new() } else { format!(": {why}") });
        let reason = format!("it left the job files, which {actor} accepted{why}");
        let mut posts = sqlx::query_scalar!(
            r#"UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = $3, changed_at = $4
               WHERE state = 'held' AND lost_at IS NOT NULL AND ($1 IS NULL OR account = $1) AND ($2 IS NULL OR job = $2)
               RETURNING id AS "id!""#,
            account,
            job,
            reason,
            at
        )
        .fetch_all(self.writing().await)
        .await?;
        posts.sort_unstable();
        Ok(posts)
    }
}
