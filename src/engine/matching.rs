//! Which of an account's listed stories can be the one that a doubtful post asked for. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::clock::earlier;
use crate::domain::content::{Body, Content, comparable};
use crate::kakao::story::{MediaType, Story};

/// Kakao shows whole seconds, in `created_at` and in `Date`; the two may be cut differently.
const RESOLUTION: Duration = Duration::from_secs(3);

/// The earliest `created_at`, on Kakao's clock, that the story of an intent can have.
pub(super) fn not_before(intent_at: Timestamp, skew: SignedDuration) -> Timestamp {
    let on_their_clock = intent_at.checked_add(skew).unwrap_or(intent_at);
    earlier(on_their_clock, RESOLUTION)
}

/// Whether `story` can be what `content` asked for: same text in its comparable form, same kind as far as the list tells, as many
/// images, and not older than the intent. Whether another post owns it is for the caller to ask.
pub(super) fn can_be(content: &Content, story: &Story, not_before: Timestamp) -> bool {
    story.created_at >= not_before
        && same_kind(content, story)
        && comparable(content.text().unwrap_or_default()) == comparable(story.content.as_deref().unwrap_or_default())
}

fn same_kind(content: &Content, story: &Story) -> bool {
    match (&content.body, &story.media_type) {
        (Body::Note { .. }, MediaType::Note) | (Body::Link { .. }, MediaType::NotSupported) => true,
        (Body::Photo { images, .. }, MediaType::Photo) => story.media.is_empty() || story.media.len() == images.len(),
        // A kind that the documents do not name tells nothing.
        (_, MediaType::Other(_)) => true,
        _ => false,
    }
}
