//! The SQL of enqueueing: reads what a job has, and writes what its file says.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::pairing::{Existing, Row};
use super::step::{Deed, Step};
use super::{JobPosts, NewPost};
use crate::domain::clock::later;
use crate::domain::content::comparable;
use crate::domain::policy::LateThen;
use crate::domain::post::PostState;
use crate::store::queue::Write;
use crate::store::{Result, StoreError, micros, span, write_json};

/// Under what texts that compare as equal are found.
pub(in crate::store) fn text_key(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(comparable(text).as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a job's file says of each of its posts, in the form in which it is compared and written.
pub(super) struct Columns<'a> {
    pub(super) posts: &'a JobPosts,
    pub(super) row: Row,
    /// Content and text key of the occurrences that have a text of their own, by nominal time.
    own: HashMap<&'a str, (String, String)>,
    prepare_ahead: i64,
}

impl<'a> Columns<'a> {
    pub(super) fn of(posts: &'a JobPosts) -> Result<Self> {
        let mut own = HashMap::new();
        for occurrence in &posts.occurrences {
            if let Some(text) = &occurrence.text {
                let content = write_json(&posts.content.clone().saying(text.clone()))?;
                own.insert(occurrence.nominal.as_str(), (content, text_key(text)));
            }
        }
        let row = Row {
            account: posts.account.clone(),
            content: write_json(&posts.content)?,
            text_key: text_key(posts.content.text().unwrap_or_default()),
            tags: write_json(&posts.tags)?,
            zone: posts.zone.clone(),
            late_within: span(posts.late.within),
            late_then: posts.late.then.as_str().into(),
            in_doubt: posts.in_doubt.as_str().into(),
            delete_after: posts.delete_after.map(span),
            delete_at: posts.delete_at.map(micros),
        };
        Ok(Self { posts, row, own, prepare_ahead: span(posts.prepare_ahead) })
    }

    /// What the post of an occurrence says, and the key of its text.
    pub(super) fn says(&self, occurrence: &NewPost) -> (&str, &str) {
        let own = self.own.get(occurrence.nominal.as_str());
        own.map_or((&self.row.content, &self.row.text_key), |(content, text_key)| (content, text_key))
    }

    fn late_until(&self, occurs_at: Timestamp) -> Option<i64> {
        (self.posts.late.then != LateThen::Post).then(|| micros(later(occurs_at, self.posts.late.within)))
    }

    fn prepare_at(&self, occurs_at: i64) -> Option<i64> {
        self.posts.content.needs_preparing().then(|| occurs_at - self.prepare_ahead)
    }
}

/// A post as SQL gives it.
struct Found {
    id: i64,
    job: String,
    nominal: String,
    nominal_at: i64,
    occurs_at: i64,
    state: String,
    actor: String,
    follow: bool,
    was_held: bool,
    blackout: Option<String>,
    tzdb: String,
    account: String,
    content: String,
    text_key: String,
    tags: String,
    zone: String,
    late_within: i64,
    late_then: String,
    in_doubt: String,
    delete_after: Option<i64>,
    delete_at: Option<i64>,
}

impl Found {
    fn read(self) -> Result<(String, Existing)> {
        let state = PostState::parse(&self.state)
            .ok_or_else(|| StoreError::Nonsense { what: format!("the state {:?}", self.state) })?;
        let row = Row {
            account: self.account,
            content: self.content,
            text_key: self.text_key,
            tags: self.tags,
            zone: self.zone,
            late_within: self.late_within,
            late_then: self.late_then,
            in_doubt: self.in_doubt,
            delete_after: self.delete_after,
            delete_at: self.delete_at,
        };
        let existing = Existing {
            id: self.id,
            nominal: self.nominal,
            nominal_at: self.nominal_at,
            occurs_at: self.occurs_at,
            state,
            by_plan: self.actor == "plan",
            follow: self.follow,
            was_held: self.was_held,
            blackout: self.blackout,
            tzdb: self.tzdb,
            row,
        };
        Ok((self.job, existing))
    }
}

/// The number of a post that is no longer in the record.
pub(super) const PRUNED: i64 = 0;

/// Every post of the job that waits, that bears a wanted name, or that lies where something may be wanted.
pub(super) async fn existing_posts(connection: &mut SqliteConnection, posts_of: &JobPosts) -> Result<Vec<Existing>> {
    let names: Vec<&str> = posts_of.occurrences.iter().map(|occurrence| occurrence.nominal.as_str()).collect();
    let names = write_json(&names)?;
    let first = posts_of.occurrences.iter().map(|occurrence| micros(occurrence.nominal_at)).min().unwrap_or(i64::MAX);
    let rows = sqlx::query_as!(
        Found,
        r#"SELECT id AS "id!", job, nominal, nominal_at, occurs_at, state, actor, follow AS "follow: bool",
             held_reason IS NOT NULL AS "was_held!: bool", blackout, tzdb, account, content, text_key,
             tags, zone, late_within, late_then, in_doubt, delete_after, delete_at
           FROM post WHERE id IN (
             SELECT id FROM post WHERE job = $1
               AND state IN ('scheduled', 'claimed', 'publishing', 'in_doubt', 'held')
             UNION SELECT id FROM post WHERE job = $1 AND nominal_at >= $2
             UNION SELECT id FROM post WHERE job = $1 AND nominal IN (SELECT value FROM json_each($3)))
           ORDER BY id"#,
        posts_of.job,
        first,
        names
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut posts: Vec<Existing> =
        rows.into_iter().map(|row| row.read().map(|(_, existing)| existing)).collect::<Result<_>>()?;
    let pruned = sqlx::query!(
        "SELECT nominal, nominal_at FROM pruned
         WHERE job = $1 AND (nominal_at >= $2 OR nominal IN (SELECT value FROM json_each($3)))",
        posts_of.job,
        first,
        names
    )
    .fetch_all(connection)
    .await?;
    // What was taken out of the record for its age still stands for its occurrence.
    posts.extend(pruned.into_iter().map(|row| Existing {
        id: PRUNED,
        nominal: row.nominal,
        nominal_at: row.nominal_at,
        occurs_at: row.nominal_at,
        state: PostState::Deleted,
        by_plan: false,
        follow: false,
        was_held: false,
        blackout: None,
        tzdb: String::new(),
        row: Row::default(),
    }));
    Ok(posts)
}

/// The waiting posts of every job that is not among `names`, each with the name of its job.
pub(super) async fn posts_of_gone_jobs(
    connection: &mut SqliteConnection,
    names: &[&str],
) -> Result<Vec<(String, Existing)>> {
    let names = write_json(&names)?;
    let rows = sqlx::query_as!(
        Found,
        r#"SELECT p.id AS "id!", job, nominal, nominal_at, occurs_at, state, actor, follow AS "follow: bool",
             held_reason IS NOT NULL AS "was_held!: bool", blackout, tzdb, account, content, text_key,
             tags, zone, late_within, late_then, in_doubt, delete_after, delete_at
           FROM job j CROSS JOIN post p
           WHERE p.job = j.name AND p.state IN ('scheduled', 'claimed', 'held') AND j.name NOT GLOB '@*'
             AND j.name NOT IN (SELECT value FROM json_each($1))
           ORDER BY p.nominal_at, p.id"#,
        names
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Found::read).collect()
}

/// Writes a new post, `scheduled`, and gives its number; none if one of its name or its instant was there and was pruned. `why` is a sentence for its history; empty when there is nothing to say.
pub(super) async fn insert(
    tx: &mut Write,
    is: &Columns<'_>,
    occurrence: &NewPost,
    why: &str,
    now: Timestamp,
) -> Result<Option<i64>> {
    let (posts, row, (content, text_key)) = (is.posts, &is.row, is.says(occurrence));
    let (at, nominal_at, occurs_at) = (micros(now), micros(occurrence.nominal_at), micros(occurrence.occurs_at));
    let (prepare_at, late_until) = (is.prepare_at(occurs_at), is.late_until(occurrence.occurs_at));
    let (kind, blackout) = (posts.content.kind(), occurrence.falls_in.as_ref().map(ToString::to_string));
    let done = sqlx::query!(
        "INSERT INTO post (job, nominal, nominal_at, account, content, kind, text_key, tags, zone, occurs_at, due_at, prepare_at,
           late_within, late_then, late_until_at, in_doubt, delete_after, delete_at, blackout, source, commit_id, tzdb,
           actor, reason, changed_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 'plan',
           $22, $23, $23)",
        posts.job,
        occurrence.nominal,
        nominal_at,
        row.account,
        content,
        kind,
        text_key,
        row.tags,
        row.zone,
        occurs_at,
        prepare_at,
        row.late_within,
        row.late_then,
        late_until,
        row.in_doubt,
        row.delete_after,
        row.delete_at,
        blackout,
        posts.source,
        posts.commit,
        posts.tzdb,
        why,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok((done.rows_affected() == 1).then(|| done.last_insert_rowid()))
}

/// Takes the posts that are about to move off their instants, so that they can trade places. Seen by nobody: it is undone
/// within the transaction.
pub(super) async fn set_aside(tx: &mut Write, steps: &[Step<'_>]) -> Result<()> {
    let moves = |step: &&Step<'_>| {
        let (Some(post), Some(occurrence)) = (step.post, step.occurrence) else { return false };
        matches!(step.deed, Deed::Edit { .. }) && post.nominal_at != micros(occurrence.nominal_at)
    };
    let ids: Vec<i64> = steps.iter().filter(moves).filter_map(|step| Some(step.post?.id)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids = write_json(&ids)?;
    sqlx::query!(
        "UPDATE post SET nominal_at = 253402207200000000 - id WHERE id IN (SELECT value FROM json_each($1))",
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes the columns that follow the job file. A changed content must be prepared anew and starts with fresh attempts; a
/// changed time moves the due time and the late window with it; a changed late policy applies to the window as it began.
pub(super) async fn rewrite(tx: &mut Write, post: &Existing, occurrence: &NewPost, is: &Columns<'_>) -> Result<()> {
    let (posts, row, state, kind) = (is.posts, &is.row, post.state.as_str(), is.posts.content.kind());
    let (nominal_at, occurs_at) = (micros(occurrence.nominal_at), micros(occurrence.occurs_at));
    let (content, text_key) = is.says(occurrence);
    let says_otherwise = (post.row.content.as_str(), post.row.text_key.as_str()) != (content, text_key)
        || post.row.account != row.account;
    let moves = post.occurs_at != occurs_at;
    let (prepare_at, late_until) = (is.prepare_at(occurs_at), is.late_until(occurrence.occurs_at));
    let blackout = occurrence.falls_in.as_ref().map(ToString::to_string);
    sqlx::query!(
        "UPDATE post SET account = $2, content = $3, kind = $4, text_key = $5, tags = $6, zone = $7, occurs_at = $8,
           due_at = iif($9, $8, due_at), late_within = $10, late_then = $11,
           late_until_at = CASE WHEN $12 IS NULL THEN NULL WHEN $9 THEN $12
                                WHEN late_until_at IS NULL THEN max($8, due_at) + $10
                                ELSE late_until_at - late_within + $10 END,
           in_doubt = $13, delete_after = $14, delete_at = $15,
           artifact = iif($16, NULL, artifact), artifact_until_at = iif($16, NULL, artifact_until_at),
           prepare_at = CASE WHEN $16 THEN $17 WHEN NOT $9 THEN prepare_at
                             WHEN artifact_until_at > $8 THEN artifact_until_at ELSE $17 END,
           prepare_failures = iif($16, 0, prepare_failures), publish_failures = iif($16, 0, publish_failures),
           nominal_at = $19, blackout = $20, source = $21, commit_id = $22, tzdb = $23
         WHERE id = $1 AND state = $18",
        post.id,
        row.account,
        content,
        kind,
        text_key,
        row.tags,
        row.zone,
        occurs_at,
        moves,
        row.late_within,
        row.late_then,
        late_until,
        row.in_doubt,
        row.delete_after,
        row.delete_at,
        says_otherwise,
        prepare_at,
        state,
        nominal_at,
        blackout,
        posts.source,
        posts.commit,
        posts.tzdb
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
