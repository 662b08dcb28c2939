//! What is wrong, as it is recorded: incidents begin, end and are told, and what is to be told goes into the outbox with them.

use jiff::Timestamp;

use super::write::Write;
use crate::domain::notice::{Notice, Trouble};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, micros, write_json};

/// Most notices that wait for one sink. Beyond them nothing is added: a sink that is down for so long has been given up.
const WAITING_MAX: i64 = 500;

/// A trouble that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIncident {
    /// What is wrong.
    pub trouble: Trouble,
    /// What it is about, as a word that is the same as long as it is the same.
    pub subject: String,
    /// The post, where it is about one.
    pub post: Option<i64>,
    /// Its job.
    pub job: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// What happened, and why.
    pub reason: String,
    /// What to type.
    pub command: String,
    /// Since when.
    pub began_at: Timestamp,
}

/// How an incident ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentEnd {
    /// Which one.
    pub incident: i64,
    /// How it ended, in words.
    pub outcome: String,
    /// Whether people are told. Not when another incident takes its place.
    pub told: bool,
}

/// What one look at the queue found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What ended. Applied first.
    pub ended: Vec<IncidentEnd>,
    /// What began.
    pub began: Vec<NewIncident>,
    /// Open incidents whose reason or command is another by now: number, reason, command.
    pub changed: Vec<(i64, String, String)>,
    /// To be told at once, of no incident.
    pub news: Vec<Notice>,
    /// The last event that was looked at.
    pub events_seen: i64,
}

impl Store {
    /// Records what a look at the queue found, and how far it looked, in one transaction.
    pub async fn record_findings(&self, findings: &Findings, sinks: &[&str], now: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let at = micros(now);
        for end in &findings.ended {
            // Without a beginning that was told there is no end to tell of.
            sqlx::query!(
                "UPDATE incident SET ended_at = $2, outcome = $3,
                   end_told_at = CASE WHEN $4 AND told_at IS NOT NULL THEN NULL ELSE $2 END,
                   told_at = coalesce(told_at, $2)
                 WHERE id = $1 AND ended_at IS NULL",
                end.incident,
                at,
                end.outcome,
                end.told
            )
            .execute(&mut *tx)
            .await?;
        }
        for new in &findings.began {
            begin_incident(&mut tx, new, at).await?;
        }
        for (incident, reason, command) in &findings.changed {
            sqlx::query!("UPDATE incident SET reason = $2, command = $3 WHERE id = $1", incident, reason, command)
                .execute(&mut *tx)
                .await?;
        }
        put_all(&mut tx, &findings.news, sinks, at).await?;
        sqlx::query!("UPDATE notice_cursor SET events_seen = max(events_seen, $1)", findings.events_seen)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts notices into the outbox of every sink, and marks the incidents whose beginning or end they tell of. With no sink the
    /// incidents count as told: nobody wants to hear of them.
    pub async fn tell(
        &self,
        notices: &[Notice],
        sinks: &[&str],
        (begun, ended): (&[i64], &[i64]),
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let at = micros(now);
        put_all(&mut tx, notices, sinks, at).await?;
        let (begun, ended) = (write_json(&begun)?, write_json(&ended)?);
        sqlx::query!(
            "UPDATE incident SET told_at = $2 WHERE id IN (SELECT value FROM json_each($1)) AND told_at IS NULL",
            begun,
            at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "UPDATE incident SET end_told_at = $2 WHERE id IN (SELECT value FROM json_each($1)) AND end_told_at IS NULL",
            ended,
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Remembers when something that is held back may be told.
    pub async fn set_next_telling(&self, next: Option<Timestamp>) -> Result<()> {
        let next = next.map(micros);
        sqlx::query!("UPDATE notice_cursor SET next_at = $1", next).execute(self.writing().await).await?;
        Ok(())
    }

    /// Puts the digest of the day into the outbox, and remembers that it was made.
    pub async fn tell_digest(&self, digest: Option<&Notice>, sinks: &[&str], now: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        let at = micros(now);
        put_all(&mut tx, digest.map(std::slice::from_ref).unwrap_or_default(), sinks, at).await?;
        sqlx::query!("UPDATE notice_cursor SET digest_at = $1", at).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A life of the daemon begins. Gives when the one before it began, if that did not stop cleanly.
    pub async fn begin_life(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let mut tx = self.begin().await?;
        let at = micros(now);
        let last = sqlx::query!("SELECT started_at, stopped_at FROM daemon_run ORDER BY id DESC LIMIT 1")
            .fetch_optional(&mut *tx)
            .await?;
        sqlx::query!("INSERT INTO daemon_run (started_at) VALUES ($1)", at).execute(&mut *tx).await?;
        tx.commit().await?;
        last.filter(|last| last.stopped_at.is_none()).map(|last| instant(last.started_at)).transpose()
    }

    /// The life of the daemon ends as it should.
    pub async fn end_life(&self, now: Timestamp) -> Result<()> {
        let at = micros(now);
        sqlx::query!(
            "UPDATE daemon_run SET stopped_at = $1 WHERE id = (SELECT max(id) FROM daemon_run) AND stopped_at IS NULL",
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }
}

async fn begin_incident(tx: &mut Write, new: &NewIncident, at: i64) -> Result<()> {
    let (trouble, began_at) = (new.trouble.as_str(), micros(new.began_at));
    let news = new.trouble.is_news();
    sqlx::query!(
        "INSERT INTO incident (trouble, subject, post_id, job, account, reason, command, began_at, ended_at, outcome, end_told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $9 THEN $10 END, CASE WHEN $9 THEN 'told' END,
           CASE WHEN $9 THEN $10 END)
         ON CONFLICT DO NOTHING",
        trouble,
        new.subject,
        new.post,
        new.job,
        new.account,
        new.reason,
        new.command,
        began_at,
        news,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn put_all(tx: &mut Write, notices: &[Notice], sinks: &[&str], at: i64) -> Result<()> {
    for notice in notices {
        let body = write_json(notice)?;
        for sink in sinks {
            // Behind what waits already: an end that overtakes its beginning leaves people with the wrong word.
            sqlx::query!(
                "INSERT INTO notice (sink, body, created_at, next_at)
                 SELECT $1, $2, $3, max($3, coalesce((SELECT max(next_at) FROM notice
                   WHERE sink = $1 AND next_at IS NOT NULL AND refused = 0), $3))
                 WHERE (SELECT count(*) FROM notice WHERE sink = $1 AND next_at IS NOT NULL) < $4",
                sink,
                body,
                at,
                WAITING_MAX
            )
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}
