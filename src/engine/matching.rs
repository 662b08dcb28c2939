//! Which of an account's listed stories can be the one that a doubtful post asked for. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::clock::earlier;
use crate::domain::content::{Body, Content, comparable};
use crate::kakao::story::{MediaType, Story};

/// Kakao shows whole seconds, in `created_at` and in `Date`; the two may be cut differently.
const RESOLUTION: Duration = Duration::from_secs(3);

/// How far the clocks of Kakao's own servers may be apart.
const KAKAOS_APART: Duration = Duration::from_secs(60);

/// When, by Kakao's clock, the story of an intent can have been created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// From here on it can be the story.
    pub(super) from: Timestamp,
    /// Before this it certainly is another. What lies between the two is older than the intent only if our clock was right when the
    /// intent was made. `Timestamp::MIN` when no date of Kakao's had been heard by then.
    pub(super) floor: Timestamp,
}

impl Window {
    /// Reads the intent's instant on Kakao's clock, with the difference of the clocks as known then (`skew_then`) and as it is now.
    /// Our clock may have been set between: the earlier of the two readings counts.
    pub(super) fn of(
        intent_at: Timestamp,
        skew_then: Option<SignedDuration>,
        skew_now: Option<SignedDuration>,
        floor: Option<Timestamp>,
    ) -> Self {
        let skew = skew_then.into_iter().chain(skew_now).min().unwrap_or_default();
        let on_their_clock = intent_at.checked_add(skew).unwrap_or(intent_at);
        let floor = floor.map_or(Timestamp::MIN, |heard| earlier(heard, KAKAOS_APART));
        Self { from: earlier(on_their_clock, RESOLUTION).max(floor), floor }
    }
}

/// Whether `story` says what `content` asked for: same text in its comparable form, same kind as far as the list tells, as many
/// images. Whether it is new enough, and whether another post owns it, is for the caller to ask.
pub fn says(content: &Content, story: &Story) -> bool {
    same_kind(content, story)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{AppParams, Image, ImageFormat, Permission};
    use crate::kakao::story::{Audience, MediaUrls};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    fn hours(n: i64) -> Option<SignedDuration> {
        Some(SignedDuration::from_hours(n))
    }

    #[test]
    fn the_earlier_reading_of_the_intent_counts_but_nothing_before_the_last_date_heard() {
        let intent = at("2026-12-01T09:00:00Z");
        let from = |then, now, floor: Option<&str>| Window::of(intent, then, now, floor.map(at)).from;
        assert_eq!(from(hours(0), hours(0), None), at("2026-12-01T08:59:57Z"));
        assert_eq!(from(None, hours(0), None), at("2026-12-01T08:59:57Z"));
        assert_eq!(from(hours(-1), hours(0), None), at("2026-12-01T07:59:57Z"), "it was set right meanwhile");
        assert_eq!(from(hours(0), hours(-1), None), at("2026-12-01T07:59:57Z"), "it was set forward meanwhile");
        assert_eq!(from(hours(0), hours(-1), Some("2026-12-01T08:58:00Z")), at("2026-12-01T08:57:00Z"));
        assert_eq!(from(None, None, None), at("2026-12-01T08:59:57Z"));
    }

    #[test]
    fn without_a_date_heard_before_the_intent_no_story_is_certainly_older() {
        let intent = at("2026-12-01T09:00:00Z");
        assert_eq!(Window::of(intent, None, hours(0), None).floor, Timestamp::MIN);
        let heard = at("2026-12-01T08:00:00Z");
        assert_eq!(Window::of(intent, hours(0), hours(0), Some(heard)).floor, at("2026-12-01T07:59:00Z"));
    }

    /// Whether a story of `kind` with so many images is taken for a photo of two.
    fn is_photo_of_two(kind: MediaType, images: usize) -> bool {
        let image = |name: &str| Image { sha256: name.into(), name: name.into(), format: ImageFormat::Png, bytes: 1 };
        let body = Body::Photo { images: vec![image("a"), image("b")], text: Some("글".into()) };
        let content = Content { body, permission: Permission::Public, enable_share: None, app: AppParams::default() };
        let story = Story {
            id: "_a.1".into(),
            url: None,
            media_type: kind,
            created_at: at("2026-12-01T09:00:00Z"),
            content: Some("글".into()),
            audience: Audience::Known(Permission::Public),
            media: vec![MediaUrls::default(); images],
            comment_count: 0,
            like_count: 0,
            comments: Vec::new(),
            likes: Vec::new(),
        };
        says(&content, &story)
    }

    #[test]
    fn a_photo_is_recognised_by_its_kind_and_the_number_of_its_images_where_the_list_tells_them() {
        assert!(is_photo_of_two(MediaType::Photo, 2));
        assert!(is_photo_of_two(MediaType::Photo, 0), "the list shows no images");
        assert!(is_photo_of_two(MediaType::Other("ALBUM".into()), 3), "a word that nobody knows");
        assert!(!is_photo_of_two(MediaType::Photo, 1) && !is_photo_of_two(MediaType::Photo, 3));
        assert!(!is_photo_of_two(MediaType::Note, 0) && !is_photo_of_two(MediaType::NotSupported, 2));
    }
}
