//! The incidents that have not ended: what the engine decides by, each question with an index of its own, and what people are shown of
//! them. However many posts need a person, nothing else is hidden by them.

use jiff::Timestamp;

use super::incidents::{IncidentRow, Raw};
use crate::domain::notice::Trouble;
use crate::store::error::{Result, StoreError};
use crate::store::handle::Store;
use crate::store::values::{micros, write_json};

/// Most incidents of posts that are listed, or ended by one look.
const ROWS_MAX: i64 = 1_000;

impl Store {
    /// The open incidents of these posts.
    pub async fn open_incidents_of(&self, posts: &[i64]) -> Result<Vec<IncidentRow>> {
        if posts.is_empty() {
            return Ok(Vec::new());
        }
        let posts = write_json(&posts)?;
        let rows = sqlx::query_as!(
            Raw,
            r#"SELECT id AS "id!", trouble, subject, post_id, job, account, reason, command, began_at, told_at, ended_at, outcome
               FROM incident INDEXED BY incident_post WHERE ended_at IS NULL AND post_id IN (SELECT value FROM json_each($1))"#,
            posts
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// The open incidents that are of no single post, oldest first: all of them, since there are no more than accounts, stories, jobs
    /// and the machine give rise to.
    pub async fn standing_incidents(&self) -> Result<Vec<IncidentRow>> {
        let words = words(|trouble| !trouble.is_of_post())?;
        let rows = sqlx::query_as!(
            Raw,
            r#"SELECT id AS "id!", trouble, subject, post_id, job, account, reason, command, began_at, told_at, ended_at, outcome
               FROM incident INDEXED BY incident_open
               WHERE ended_at IS NULL AND trouble IN (SELECT value FROM json_each($1)) ORDER BY id"#,
            words
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Incidents of posts that people were told of, and that have stood since before `missed_by`, or, of what waits for a person, before
    /// `waiting_by`. Not all at once; none when there are none.
    pub async fn incidents_left_alone(&self, missed_by: Timestamp, waiting_by: Timestamp) -> Result<Vec<IncidentRow>> {
        let (missed_by, waiting_by) = (micros(missed_by), micros(waiting_by));
        let rows = sqlx::query_as!(
            Raw,
            r#"SELECT id AS "id!", trouble, subject, post_id, job, account, reason, command, began_at, told_at, ended_at, outcome
               FROM incident INDEXED BY incident_age
               WHERE ended_at IS NULL AND trouble IN ('failed', 'missed', 'held', 'in_doubt') AND told_at IS NOT NULL
                 AND began_at <= iif(trouble = 'missed', $1, $2) AND began_at <= max($1, $2) LIMIT $3"#,
            missed_by,
            waiting_by,
            ROWS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// The incidents that have not ended: what is of no single post first, each part oldest first. Of posts the latest thousand.
    pub async fn open_incidents(&self) -> Result<Vec<IncidentRow>> {
        let mut open = self.standing_incidents().await?;
        let words = words(Trouble::is_of_post)?;
        let rows = sqlx::query_as!(
            Raw,
            r#"SELECT id AS "id!", trouble, subject, post_id, job, account, reason, command, began_at, told_at, ended_at, outcome
               FROM incident INDEXED BY incident_open
               WHERE ended_at IS NULL AND trouble IN (SELECT value FROM json_each($1)) ORDER BY id DESC LIMIT $2"#,
            words,
            ROWS_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        for row in rows.into_iter().rev() {
            open.push(row.read()?);
        }
        Ok(open)
    }

    /// How many incidents of each kind have not ended; kinds without any are left out.
    pub async fn count_open_incidents(&self) -> Result<Vec<(Trouble, usize)>> {
        let rows = sqlx::query!(
            r#"SELECT trouble, count(*) AS "incidents!: i64" FROM incident INDEXED BY incident_open WHERE ended_at IS NULL
               GROUP BY trouble"#
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            let unknown = || StoreError::Nonsense { what: format!("the trouble {:?}", row.trouble) };
            Ok((Trouble::parse(&row.trouble).ok_or_else(unknown)?, usize::try_from(row.incidents).unwrap_or_default()))
        });
        read.collect()
    }
}

/// The words of the troubles that are asked for.
fn words(wanted: impl Fn(Trouble) -> bool) -> Result<String> {
    let words: Vec<&str> = Trouble::ALL.into_iter().filter(|trouble| wanted(*trouble)).map(Trouble::as_str).collect();
    write_json(&words)
}
