//! What is asked of Kakao ahead of the posts that wait: which are looked at when, and what came of it.

use jiff::Timestamp;

use crate::domain::content::{Body, Content};
use crate::store::error::Result;
use crate::store::handle::Store;
use crate::store::values::{instant, instant_opt, micros, read_json, write_json};

/// Most posts whose looks are planned in one go, the earliest due first. The others have their turn when these are over.
const PLANNED_MAX: i64 = 5_000;

/// A post that waits, with what is planned to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Its number.
    pub post: i64,
    /// The account that it goes to.
    pub account: String,
    /// When it is due.
    pub due_at: Timestamp,
    /// IANA name of its zone.
    pub zone: String,
    /// When it was last looked at, as it is.
    pub seen_at: Option<Timestamp>,
    /// When it is to be looked at, as far as that is planned.
    pub next_at: Option<Timestamp>,
    /// Whether something is wrong with it.
    pub found: bool,
}

/// A post that is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToLookAt {
    /// Its number.
    pub post: i64,
    /// When it is due.
    pub due_at: Timestamp,
    /// IANA name of its zone.
    pub zone: String,
    /// When it was to be looked at.
    pub next_at: Timestamp,
    /// The link that it posts, if it is one.
    pub url: Option<String>,
    /// What the card of that link showed at the first look.
    pub card: Option<String>,
}

/// What a look at a post saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Which one.
    pub post: i64,
    /// When; not before it was to be looked at.
    pub seen_at: Timestamp,
    /// When it is looked at next; `None`: not again.
    pub next_at: Option<Timestamp>,
    /// The link that was scraped.
    pub url: Option<String>,
    /// What its card shows. The first look's is kept.
    pub card: Option<String>,
    /// What is wrong.
    pub finding: Option<String>,
}

impl Store {
    /// The posts that wait and fall due after `now` and until `until`, the earliest first. What was looked at with another link counts
    /// as never looked at.
    pub async fn ahead(&self, now: Timestamp, until: Timestamp) -> Result<Vec<Ahead>> {
        let (now, until) = (micros(now), micros(until));
        let rows = sqlx::query!(
            r#"SELECT p.id AS "id!", p.account, p.due_at, p.zone, f.next_at AS "next_at?", f.finding IS NOT NULL AS "found!: bool",
                 iif(f.url IS (p.content ->> '$.body.url'), f.seen_at, NULL) AS "seen_at: i64"
               FROM post p LEFT JOIN preflight f ON f.post_id = p.id
               WHERE p.state = 'scheduled' AND p.due_at > $1 AND p.due_at <= $2 ORDER BY p.due_at LIMIT $3"#,
            now,
            until,
            PLANNED_MAX
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            Ok(Ahead {
                post: row.id,
                account: row.account,
                due_at: instant(row.due_at)?,
                zone: row.zone,
                seen_at: instant_opt(row.seen_at)?,
                next_at: instant_opt(row.next_at)?,
                found: row.found,
            })
        });
        read.collect()
    }

    /// Plans looks: of which post, of which account, when. Forgets what was seen of those that are to be looked at anew, and every
    /// post that waits no more.
    pub async fn plan_looks(&self, looks: &[(i64, &str, Option<Timestamp>)], anew: &[i64]) -> Result<()> {
        let looks: Vec<_> = looks.iter().map(|(post, account, at)| (post, account, at.map(micros))).collect();
        let (looks, anew) = (write_json(&looks)?, write_json(&anew)?);
        let mut tx = self.begin().await?;
        sqlx::query!(
            "DELETE FROM preflight WHERE post_id IN (SELECT value FROM json_each($1))
               OR NOT EXISTS (SELECT 1 FROM post p WHERE p.id = post_id AND p.state IN ('scheduled', 'claimed'))",
            anew
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "INSERT INTO preflight (post_id, account, next_at)
             SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each($1) WHERE true
             ON CONFLICT (post_id) DO UPDATE SET account = excluded.account, next_at = excluded.next_at",
            looks
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether anything is planned, or kept, of posts that wait no more.
    pub async fn has_stale_looks(&self) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM preflight f WHERE NOT EXISTS (SELECT 1 FROM post p WHERE p.id = f.post_id
                 AND p.state IN ('scheduled', 'claimed'))) AS "found!: bool""#
        )
        .fetch_one(&self.readers)
        .await?)
    }

    /// The account's posts that are to be looked at until then, the earliest due first.
    pub async fn to_look_at(&self, account: &str, until: Timestamp, limit: u32) -> Result<Vec<ToLookAt>> {
        let at = micros(until);
        let rows = sqlx::query!(
            r#"SELECT p.id AS "id!", p.due_at, p.zone, p.content, f.next_at AS "next_at!", iif(f.url IS (p.content ->> '$.body.url'), f.card, NULL) AS "card: String"
               FROM preflight f JOIN post p ON p.id = f.post_id
               WHERE f.account = $1 AND f.next_at IS NOT NULL AND f.next_at <= $2 ORDER BY p.due_at, p.id LIMIT $3"#,
            account,
            at,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let read = rows.into_iter().map(|row| {
            let content: Content = read_json(&row.content, "a content")?;
            let url = if let Body::Link { url, .. } = content.body { Some(url) } else { None };
            let (post, zone, card) = (row.id, row.zone, row.card);
            let (due_at, next_at) = (instant(row.due_at)?, instant(row.next_at)?);
            Ok(ToLookAt { post, due_at, zone, next_at, url, card })
        });
        read.collect()
    }

    /// Records what was seen.
    pub async fn record_looks(&self, looked: &[Looked]) -> Result<()> {
        let mut tx = self.begin().await?;
        for look in looked {
            let (at, next) = (micros(look.seen_at), look.next_at.map(micros));
            sqlx::query!(
                "UPDATE preflight SET seen_at = $2, next_at = $3, card = iif(url IS $4, coalesce(card, $5), $5), url = $4, finding = $6
                 WHERE post_id = $1",
                look.post,
                at,
                next,
                look.url,
                look.card,
                look.finding
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Puts off what is to be looked at now: nobody could be asked.
    pub async fn put_off_looks(&self, account: &str, now: Timestamp, until: Timestamp) -> Result<()> {
        let (at, until) = (micros(now), micros(until));
        sqlx::query!(
            "UPDATE preflight SET next_at = $3 WHERE account = $1 AND next_at IS NOT NULL AND next_at <= $2",
            account,
            at,
            until
        )
        .execute(self.writing().await)
        .await?;
        Ok(())
    }
}
