//! The SQL of what changes: what a job's file says, in the form in which it is compared and written, and the posts that follow it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::pairing::{Existing, Row};
use super::step::{Deed, Step};
use super::{JobPosts, NewPost};
use crate::domain::clock::later;
use crate::domain::content::comparable;
use crate::domain::policy::LateThen;
use crate::store::queue::Write;
use crate::store::{Result, micros, span, write_json};

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
    own_tags: HashMap<&'a str, String>,
    prepare_ahead: i64,
}

impl<'a> Columns<'a> {
    pub(super) fn of(posts: &'a JobPosts) -> Result<Self> {
        let (mut own, mut own_tags) = (HashMap::new(), HashMap::new());
        for occurrence in &posts.occurrences {
            if let Some(content) = &occurrence.content {
                let key = text_key(content.text().unwrap_or_default());
                own.insert(occurrence.nominal.as_str(), (write_json(content)?, key));
            }
            if let Some(tags) = &occurrence.tags {
                own_tags.insert(occurrence.nominal.as_str(), write_json(tags)?);
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
        Ok(Self { posts, row, own, own_tags, prepare_ahead: span(posts.prepare_ahead) })
    }

    /// What the post of an occurrence says, and the key of its text.
    pub(super) fn says(&self, occurrence: &NewPost) -> (&str, &str) {
        let own = self.own.get(occurrence.nominal.as_str());
        own.map_or((&self.row.content, &self.row.text_key), |(content, text_key)| (content, text_key))
    }

    pub(super) fn late_until(&self, occurs_at: Timestamp) -> Option<i64> {
        (self.posts.late.then != LateThen::Post).then(|| micros(later(occurs_at, self.posts.late.within)))
    }

    /// The tags of the post of an occurrence.
    pub(super) fn tags(&self, occurrence: &NewPost) -> &str {
        self.own_tags.get(occurrence.nominal.as_str()).unwrap_or(&self.row.tags)
    }

    pub(super) fn prepare_at(&self, occurs_at: i64) -> Option<i64> {
        self.posts.content.needs_preparing().then(|| occurs_at - self.prepare_ahead)
    }
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
    let ((content, text_key), tags) = (is.says(occurrence), is.tags(occurrence));
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
        tags,
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
