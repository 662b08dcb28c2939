//! The SQL of enqueueing: reads what a job has, and writes what its file says.

use jiff::Timestamp;

use super::pairing::{Differs, Existing, Says};
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
    posts: &'a JobPosts,
    content: String,
    text_key: String,
    /// Whether each post has a text of its own.
    varies: bool,
    tags: String,
    late_within: i64,
    late_then: &'static str,
    in_doubt: &'static str,
    delete_after: Option<i64>,
    delete_at: Option<i64>,
    prepare_ahead: i64,
}

impl<'a> Columns<'a> {
    pub(super) fn of(posts: &'a JobPosts) -> Result<Self> {
        Ok(Self {
            posts,
            content: write_json(&posts.content)?,
            text_key: text_key(posts.content.text().unwrap_or_default()),
            varies: posts.occurrences.iter().any(|occurrence| occurrence.text.is_some()),
            tags: write_json(&posts.tags)?,
            late_within: span(posts.late.within),
            late_then: posts.late.then.as_str(),
            in_doubt: posts.in_doubt.as_str(),
            delete_after: posts.delete_after.map(span),
            delete_at: posts.delete_at.map(micros),
            prepare_ahead: span(posts.prepare_ahead),
        })
    }

    /// What the post of an occurrence says.
    pub(super) fn says(&self, occurrence: &NewPost) -> Result<Says> {
        let Some(text) = &occurrence.text else {
            return Ok(Says { content: self.content.clone(), text_key: self.text_key.clone(), varies: self.varies });
        };
        let content = self.posts.content.clone().saying(text.clone());
        Ok(Says { content: write_json(&content)?, text_key: text_key(text), varies: true })
    }

    fn late_until(&self, occurs_at: Timestamp) -> Option<i64> {
        (self.posts.late.then != LateThen::Post).then(|| micros(later(occurs_at, self.posts.late.within)))
    }

    fn prepare_at(&self, occurs_at: i64) -> Option<i64> {
        self.posts.content.needs_preparing().then(|| occurs_at - self.prepare_ahead)
    }
}

/// Every post of the job that waits, that bears a wanted name, or that lies where something may be wanted.
pub(super) async fn existing_posts(tx: &mut Write, posts: &JobPosts, is: &Columns<'_>) -> Result<Vec<Existing>> {
    let names: Vec<&str> = posts.occurrences.iter().map(|occurrence| occurrence.nominal.as_str()).collect();
    let names = write_json(&names)?;
    let first = posts.occurrences.iter().map(|occurrence| micros(occurrence.occurs_at)).min().unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", nominal, state, actor, occurs_at, follow AS "follow: bool",
             (content <> $4 OR text_key <> $5) AS "content!: bool", account <> $6 AS "account!: bool",
             (late_within <> $7 OR late_then <> $8) AS "late!: bool", in_doubt <> $9 AS "in_doubt!: bool",
             (delete_after IS NOT $10 OR delete_at IS NOT $11) AS "deletion!: bool", tags <> $12 AS "tags!: bool",
             zone <> $13 AS "zone!: bool", iif($14, content, NULL) AS "own: String", text_key AS "text_key!"
           FROM post WHERE id IN (
             SELECT id FROM post WHERE job = $1
               AND state IN ('scheduled', 'claimed', 'publishing', 'in_doubt', 'held')
             UNION SELECT id FROM post WHERE job = $1 AND occurs_at >= $2
             UNION SELECT id FROM post WHERE job = $1 AND nominal IN (SELECT value FROM json_each($3)))
           ORDER BY id"#,
        posts.job,
        first,
        names,
        is.content,
        is.text_key,
        posts.account,
        is.late_within,
        is.late_then,
        is.in_doubt,
        is.delete_after,
        is.delete_at,
        is.tags,
        posts.zone,
        is.varies
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let state = PostState::parse(&row.state)
            .ok_or_else(|| StoreError::Nonsense { what: format!("the state {:?}", row.state) })?;
        Ok(Existing {
            id: row.id,
            nominal: row.nominal,
            occurs_at: row.occurs_at,
            state,
            by_plan: row.actor == "plan",
            follow: row.follow,
            own: row.own.map(|content| (content, row.text_key)),
            differs: Differs {
                content: row.content,
                account: row.account,
                late: row.late,
                in_doubt: row.in_doubt,
                deletion: row.deletion,
                tags: row.tags,
                zone: row.zone,
            },
        })
    });
    read.collect()
}

pub(super) async fn insert(
    tx: &mut Write,
    posts: &JobPosts,
    is: &Columns<'_>,
    occurrence: &NewPost,
    now: Timestamp,
) -> Result<u64> {
    let (at, occurs_at, kind) = (micros(now), micros(occurrence.occurs_at), posts.content.kind());
    let says = is.says(occurrence)?;
    let (prepare_at, late_until) = (is.prepare_at(occurs_at), is.late_until(occurrence.occurs_at));
    let done = sqlx::query!(
        "INSERT INTO post (job, nominal, account, content, kind, text_key, tags, zone, occurs_at, due_at, prepare_at,
           late_within, late_then, late_until_at, in_doubt, delete_after, delete_at, actor, changed_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14, $15, $16, 'plan', $17, $17)",
        posts.job,
        occurrence.nominal,
        posts.account,
        says.content,
        kind,
        says.text_key,
        is.tags,
        posts.zone,
        occurs_at,
        prepare_at,
        is.late_within,
        is.late_then,
        late_until,
        is.in_doubt,
        is.delete_after,
        is.delete_at,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Takes the posts that are about to move off their instants, so that they can trade places. Seen by nobody: it is undone
/// within the transaction.
pub(super) async fn set_aside(tx: &mut Write, moving: &[(&Existing, &NewPost)]) -> Result<()> {
    if moving.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = moving.iter().map(|(post, _)| post.id).collect();
    let ids = write_json(&ids)?;
    sqlx::query!(
        "UPDATE post SET occurs_at = 253402207200000000 - id WHERE id IN (SELECT value FROM json_each($1))",
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes the columns that follow the job file. A changed content must be prepared anew and starts with fresh attempts; a
/// changed time moves the due time and the late window with it; a changed late policy applies to the window as it began.
pub(super) async fn rewrite(
    tx: &mut Write,
    post: &Existing,
    (occurrence, says, differs): (&NewPost, &Says, &Differs),
    is: &Columns<'_>,
) -> Result<()> {
    let (posts, state, kind) = (is.posts, post.state.as_str(), is.posts.content.kind());
    let occurs_at = micros(occurrence.occurs_at);
    let says_otherwise = differs.content || differs.account;
    let moves = post.occurs_at != occurs_at;
    let (prepare_at, late_until) = (is.prepare_at(occurs_at), is.late_until(occurrence.occurs_at));
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
           prepare_failures = iif($16, 0, prepare_failures), publish_failures = iif($16, 0, publish_failures)
         WHERE id = $1 AND state = $18",
        post.id,
        posts.account,
        says.content,
        kind,
        says.text_key,
        is.tags,
        posts.zone,
        occurs_at,
        moves,
        is.late_within,
        is.late_then,
        late_until,
        is.in_doubt,
        is.delete_after,
        is.delete_at,
        says_otherwise,
        prepare_at,
        state
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes whether a post must follow its job file before it may leave.
pub(super) async fn mark(tx: &mut Write, post: i64, follow: bool) -> Result<()> {
    sqlx::query!("UPDATE post SET follow = $2 WHERE id = $1", post, follow).execute(&mut **tx).await?;
    Ok(())
}

/// Puts a post back that was withdrawn or missed. One that waited for a person does so again.
pub(super) async fn restore(tx: &mut Write, post: &Existing, why: &str, now: Timestamp) -> Result<u64> {
    let (at, state) = (micros(now), post.state.as_str());
    let done = sqlx::query!(
        "UPDATE post SET state = iif(held_reason IS NULL, 'scheduled', 'held'),
           event = iif(held_reason IS NULL, 'release', 'hold'), actor = 'plan',
           reason = iif(held_reason IS NULL, $4, $4 || '; before that: ' || held_reason), changed_at = $3, held_reason = NULL
         WHERE id = $1 AND state = $2",
        post.id,
        state,
        at,
        why
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

pub(super) async fn withdraw(tx: &mut Write, post: i64, reason: &str, now: Timestamp) -> Result<u64> {
    let at = micros(now);
    let done = sqlx::query!(
        "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = $2, changed_at = $3,
           held_reason = iif(state = 'held', reason, NULL), follow = 0, lease_until_at = NULL
         WHERE id = $1 AND state IN ('scheduled', 'claimed', 'held')",
        post,
        reason,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
