//! The SQL of what changes: the posts that follow what their job's file says.

use super::columns::PostColumns;
use super::pairing::Existing;
use super::step::{EnqueueAction, EnqueueStep};
use super::wanted::NewPost;
use crate::store::error::Result;
use crate::store::queue::write::Write;
use crate::store::values::{micros, write_json};

/// Takes the posts that are about to move off their instants, so that they can trade places. Seen by nobody: it is undone
/// within the transaction.
pub(super) async fn set_aside(tx: &mut Write, steps: &[EnqueueStep<'_>]) -> Result<()> {
    let moves = |step: &&EnqueueStep<'_>| {
        let (Some(post), Some(occurrence)) = (step.post, step.occurrence) else { return false };
        matches!(step.deed, EnqueueAction::Edit { .. }) && post.nominal_at != micros(occurrence.nominal_at)
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
pub(super) async fn rewrite(tx: &mut Write, post: &Existing, occurrence: &NewPost, is: &PostColumns<'_>) -> Result<()> {
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
