//! Which of an account's listed stories can be the one that a doubtful post asked for. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::listing::order::APART_MAX;
use crate::domain::clock::{earlier, later};
use crate::domain::content::{Body, Content, comparable};
use crate::network::kakao::story::{Audience, MediaType, Story};

/// Kakao shows whole seconds, in `created_at` and in `Date`; the two may be cut differently.
const RESOLUTION: Duration = Duration::from_secs(3);

/// When the request of a doubt left, by every clock that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    /// By ours.
    pub(crate) intent_at: Timestamp,
    /// How far Kakao's was ahead of ours, as known then.
    pub(crate) skew_then: Option<SignedDuration>,
    /// The last date heard before it, as far as it is believed.
    pub(crate) heard_before: Option<Timestamp>,
    /// How long the story may have taken to come to exist.
    pub(crate) until: Duration,
}

/// When, by Kakao's clock, the story of an intent can have been created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// From here on it can be the story.
    pub(crate) from: Timestamp,
    /// From here on it can no longer be the story, if no clock was set meanwhile.
    pub(crate) until: Timestamp,
    /// Before this it certainly is another, by the least favourable reading of all that was heard. `Timestamp::MIN` when no date of
    /// Kakao's had been heard by then.
    pub(crate) floor: Timestamp,
}

impl Window {
    /// Reads the intent's instant on Kakao's clock, with the difference of the clocks as known then and as heard since. Any of the
    /// clocks may have been set between, and any answer may carry a wrong date: the earliest of the readings counts. `behind` is how far
    /// the times of the list are known to be behind Kakao's dates, at least and at most.
    pub(crate) fn of(
        sending: &Sending,
        skews_since: &[SignedDuration],
        (least, most): (SignedDuration, SignedDuration),
    ) -> Self {
        let on_their_clock = |skew: &SignedDuration| sending.intent_at.checked_add(*skew).unwrap_or(sending.intent_at);
        let readings = || sending.skew_then.iter().chain(skews_since).map(on_their_clock);
        let earliest = readings().min().unwrap_or(sending.intent_at);
        let latest = readings().max().unwrap_or(sending.intent_at);
        let before = sending.heard_before.map_or(Timestamp::MIN, |heard| earlier(heard, APART_MAX));
        let behind = |at: Timestamp, by: SignedDuration| at.checked_sub(by).unwrap_or(Timestamp::MIN);
        Self {
            from: behind(earlier(earliest, RESOLUTION).max(before), least),
            until: later(later(latest, sending.until), APART_MAX),
            floor: behind(earlier(earliest, APART_MAX).min(before), most),
        }
    }
}

/// In what a listed story is told otherwise than `content` asked for, but for its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Differs {
    /// Its kind.
    Kind,
    /// How many images it has.
    Images,
    /// Who may see it.
    Audience,
}

/// The first of these in which the list contradicts `content`. A word that the documents do not name, and what the list leaves out, say
/// nothing.
pub(crate) fn differs(content: &Content, story: &Story) -> Option<Differs> {
    let same_kind = match (&content.body, &story.media_type) {
        (Body::Note { .. }, MediaType::Note)
        | (Body::Link { .. }, MediaType::NotSupported)
        | (Body::Photo { .. }, MediaType::Photo)
        | (_, MediaType::Other(_)) => true,
        (Body::Note { .. } | Body::Link { .. } | Body::Photo { .. }, _) => false,
    };
    let images = content.images().len();
    match &story.audience {
        _ if !same_kind => Some(Differs::Kind),
        _ if story.images > 0 && images != story.images && story.media_type == MediaType::Photo => {
            Some(Differs::Images)
        }
        Audience::Known(permission) if *permission != content.permission => Some(Differs::Audience),
        Audience::Known(_) | Audience::Unsaid | Audience::Other(_) => None,
    }
}

/// Whether `story` says what `content` asked for: same text in its comparable form, same kind as far as the list tells, as many
/// images. Whether it is new enough, and whether another post owns it, is for the caller to ask.
pub fn says(content: &Content, story: &Story) -> bool {
    !matches!(differs(content, story), Some(Differs::Kind | Differs::Images))
        && comparable(content.text().unwrap_or_default()) == comparable(story.content.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{AppParams, Image, ImageFormat, Permission};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    fn hours(n: i64) -> SignedDuration {
        SignedDuration::from_hours(n)
    }

    /// The window of an intent at nine, with these differences of the clocks in hours, then and since, and a date heard before.
    fn window(then: Option<i64>, since: &[i64], heard: Option<&str>) -> Window {
        let (intent_at, until) = (at("2026-12-01T09:00:00Z"), Duration::from_secs(180));
        let sending = Sending { intent_at, skew_then: then.map(hours), heard_before: heard.map(at), until };
        let since: Vec<SignedDuration> = since.iter().copied().map(hours).collect();
        Window::of(&sending, &since, (SignedDuration::ZERO, SignedDuration::ZERO))
    }

    #[test]
    fn the_earliest_reading_of_the_intent_counts_but_nothing_before_the_last_date_heard() {
        let from = |then, since: &[i64], heard| window(then, since, heard).from;
        assert_eq!(from(Some(0), &[0], None), at("2026-12-01T08:59:57Z"));
        assert_eq!(from(None, &[0], None), at("2026-12-01T08:59:57Z"));
        assert_eq!(from(Some(-1), &[0], None), at("2026-12-01T07:59:57Z"), "it was set right meanwhile");
        assert_eq!(from(Some(0), &[-1], None), at("2026-12-01T07:59:57Z"), "it was set forward meanwhile");
        assert_eq!(from(Some(0), &[0, -1], None), at("2026-12-01T07:59:57Z"), "and set right again");
        assert_eq!(from(Some(0), &[-1], Some("2026-12-01T08:58:00Z")), at("2026-12-01T08:57:00Z"));
        assert_eq!(from(None, &[], None), at("2026-12-01T08:59:57Z"));
        assert_eq!(window(Some(0), &[0], None).until, at("2026-12-01T09:04:00Z"));
    }

    #[test]
    fn no_date_however_wrong_raises_the_floor_above_what_the_others_say() {
        let floor = |then, since: &[i64], heard| window(then, since, heard).floor;
        assert_eq!(floor(None, &[0], None), Timestamp::MIN, "no date was heard before the intent");
        assert_eq!(floor(Some(0), &[0], Some("2026-12-01T08:00:00Z")), at("2026-12-01T07:59:00Z"));
        for ahead in ["2026-12-01T09:00:30Z", "2026-12-01T09:01:30Z", "2026-12-02T09:00:00Z", "2036-12-01T09:00:00Z"] {
            assert_eq!(floor(Some(0), &[0], Some(ahead)), at("2026-12-01T08:59:00Z"), "{ahead}");
            assert_eq!(floor(Some(87_600), &[0], Some(ahead)), at("2026-12-01T08:59:00Z"), "{ahead}");
        }
        assert_eq!(floor(Some(0), &[87_600], Some("2026-12-01T08:59:58Z")), at("2026-12-01T08:58:58Z"), "since");
        assert_eq!(
            floor(Some(0), &[0], Some("1970-01-01T00:00:00Z")),
            at("1969-12-31T23:59:00Z"),
            "far behind costs a person"
        );
    }

    #[test]
    fn times_that_are_behind_the_dates_move_the_window_with_them() {
        let sending = Sending {
            intent_at: at("2026-12-01T09:00:00Z"),
            skew_then: None,
            heard_before: Some(at("2026-12-01T08:59:00Z")),
            until: Duration::ZERO,
        };
        let window = Window::of(&sending, &[], (hours(9), hours(9)));
        assert_eq!((window.from, window.floor), (at("2026-11-30T23:59:57Z"), at("2026-11-30T23:58:00Z")));
        let window = Window::of(&sending, &[], (hours(0), hours(9)));
        assert_eq!(
            (window.from, window.floor),
            (at("2026-12-01T08:59:57Z"), at("2026-11-30T23:58:00Z")),
            "only some are"
        );
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
            images,
            comment_count: 0,
            like_count: 0,
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
