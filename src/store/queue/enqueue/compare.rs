//! Two versions of the job files, compared without a queue.

use jiff::Timestamp;

use super::change::PostChange;
use super::columns::PostColumns;
use super::pairing::{Existing, PairingRow};
use super::step::{EnqueueAction, Transition, steps};
use super::wanted::JobPosts;
use super::withdrawal::{self, JOB_GONE};
use crate::domain::post::PostState;
use crate::store::error::Result;
use crate::store::values::micros;

/// What enqueueing `new` would change in a queue that holds what `old` asks for, and nothing else: two versions of the files, compared
/// without a queue. What lies before `now` counts as published.
///
/// # Errors
/// A content without JSON form, which no loader makes.
pub fn compare(old: &[JobPosts], new: &[JobPosts], now: Timestamp) -> Result<Vec<PostChange>> {
    let mut changes = Vec::new();
    for posts in old.iter().filter(|old| !new.iter().any(|new| new.job == old.job)) {
        for post in imagined(posts, now)?.iter().filter(|post| post.waits()) {
            changes.push(PostChange::of_gone(&posts.job, post, JOB_GONE)?);
        }
    }
    for posts in new {
        let existing = old.iter().find(|old| old.job == posts.job).map(|old| imagined(old, now)).transpose()?;
        let columns = PostColumns::of(posts)?;
        for step in steps(&existing.unwrap_or_default(), &columns, now) {
            changes.push(PostChange::of(&step, &columns)?);
        }
    }
    withdrawal::foretell(&mut changes, &withdrawal::LostBefore::default())?;
    Ok(changes)
}

/// The posts that a job would have in a queue of its own.
fn imagined(posts: &JobPosts, now: Timestamp) -> Result<Vec<Existing>> {
    let columns = PostColumns::of(posts)?;
    let all = steps(&[], &columns, now);
    let posts = all.iter().filter_map(|step| {
        let (EnqueueAction::Add { turn, .. }, Some(occurrence)) = (&step.deed, step.occurrence) else { return None };
        let state = match turn {
            Some(Transition::Skip(_)) => PostState::Cancelled,
            _ if occurrence.occurs_at <= now => PostState::Published,
            Some(Transition::Hold(_)) => PostState::Held,
            _ => PostState::Scheduled,
        };
        Some(Existing {
            id: 0,
            nominal: occurrence.nominal.clone(),
            nominal_at: micros(occurrence.nominal_at),
            occurs_at: micros(occurrence.occurs_at),
            state,
            by_plan: true,
            follow: false,
            was_held: false,
            lost: false,
            blackout: occurrence.falls_in.as_ref().map(ToString::to_string),
            tzdb: posts.tzdb.clone(),
            row: {
                let (content, text_key) = columns.says(occurrence);
                let tags = columns.tags(occurrence).to_owned();
                PairingRow { content: content.to_owned(), text_key: text_key.to_owned(), tags, ..columns.row.clone() }
                    .into()
            },
        })
    });
    // Numbers of their own, that no queue gives.
    let numbered = posts.zip(1..).map(|(post, number)| Existing { id: -number, ..post });
    Ok(numbered.collect())
}
