//! Reading what Kakao shows, as documented and as it may come.

use super::*;
use crate::network::kakao::list::{ListEntry, entries};

/// The documents' own sample of a listing.
const LISTING: &str = r#"[
    {"id": "AAAAAAA.BBBBBBBBBBB", "url": "http://story-web.kakao.com/AAAAAAA/BBBBBBBBBBB", "media_type": "NOT_SUPPORTED",
     "created_at": "2014-06-13T07:58:26Z", "comment_count": 3, "like_count": 4, "content": "better than expected!"},
    {"id": "AAAAAAA.CCCCCCCCCCC", "url": "http://story-web.kakao.com/AAAAAAA/CCCCCCCCCCC", "media_type": "PHOTO",
     "created_at": "2014-06-13T07:58:20Z", "comment_count": 1, "like_count": 1, "content": "This cafe is really awesome!",
     "media": [{"original":"http://xxx.kakao.com/.../img.png?width=150&height=150", "small":"http://xxx.kakao.com/.../s.jpg"}]},
    {"id": "AAAAAAA.DDDDDDDDD", "url": "http://story-web.kakao.com/AAAAAAA/DDDDDDDDD", "media_type": "NOTE",
     "created_at": "2014-06-13T07:58:17Z", "comment_count": 0, "like_count": 10, "content": "A Rainbow\n\n..."}
]"#;

fn at(text: &str) -> Timestamp {
    text.parse().expect("valid")
}

fn one(json: &str) -> Result<Story, String> {
    story(json.as_bytes())
}

#[test]
fn the_documented_listing_reads() {
    let stories = stories(LISTING.as_bytes());
    let kinds: Vec<&MediaType> = stories.iter().map(|story| &story.media_type).collect();
    assert_eq!(kinds, [&MediaType::NotSupported, &MediaType::Photo, &MediaType::Note]);
    assert_eq!(stories.iter().map(|story| story.images).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(stories[2].created_at, at("2014-06-13T07:58:17Z"));
    assert_eq!(stories[2].like_count, 10);
    assert_eq!(stories[0].audience, Audience::Unsaid);
}

/// The stories of a page of which each can be read.
fn stories(body: &[u8]) -> Vec<Story> {
    let entries = entries(body).expect("a page").into_iter();
    entries.map(|entry| if let ListEntry::Story(story) = entry { story } else { panic!("{entry:?}") }).collect()
}

#[test]
fn of_a_story_that_cannot_be_read_what_can_be_is_kept_and_the_others_are_read() {
    let time = "2026-12-01T00:00:00Z";
    let long = format!(r#"{{"id":"{}","created_at":"{time}"}}"#, "x".repeat(257));
    let deep = format!(r#"{{"id":"a.b","created_at":"{time}","content":{}1{}}}"#, "[".repeat(9_000), "]".repeat(9_000));
    for (broken, id, has_time, why) in [
        (r"{}", None, false, "a story has no `id`"),
        ("null", None, false, "a story is not as documented"),
        ("7", None, false, "a story is not as documented"),
        (r#"{"id":"a.b"}"#, Some("a.b"), false, "`created_at` of story a.b is no time"),
        (r#"{"id":"a.b","created_at":"soon"}"#, Some("a.b"), false, "`created_at` of story a.b is no time"),
        (r#"{"id":"a.b","created_at":1796083200}"#, Some("a.b"), false, "`created_at` of story a.b is no time"),
        (r#"{"id":"","created_at":"2026-12-01T00:00:00Z"}"#, None, true, "a story's `id` is empty"),
        (r#"{"id":7,"created_at":"2026-12-01T00:00:00Z"}"#, None, true, "a story has no `id`"),
        (r#"{"id":"a.\ud83d","created_at":"2026-12-01T00:00:00Z"}"#, None, true, "a character that cannot be read"),
        (
            r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z","content":7}"#,
            Some("a.b"),
            true,
            "`content` of story a.b",
        ),
        (r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z","content":["x"]}"#, Some("a.b"), true, "is no text"),
        (r#"{"id":"a.b","id":"a.c","created_at":"2026-12-01T00:00:00Z"}"#, None, false, "duplicate field `id`"),
        (long.as_str(), None, true, "257 characters"),
        (deep.as_str(), Some("a.b"), true, "is no text"),
    ] {
        let listing = LISTING.replacen('[', &format!("[{broken},"), 1);
        let read = entries(listing.as_bytes()).unwrap_or_else(|error| panic!("{broken:.80}: {error}"));
        let ListEntry::Unreadable(unreadable) = &read[0] else { panic!("{broken:.80} was read") };
        assert_eq!((unreadable.id.as_deref(), unreadable.created_at.is_some()), (id, has_time), "{broken:.80}");
        assert!(unreadable.why.contains(why), "{broken:.80}: {}", unreadable.why);
        assert_eq!((read.len(), read[1].id()), (4, Some("AAAAAAA.BBBBBBBBBBB")), "{broken:.80}");
    }
    assert_eq!(entries(b"[]"), Ok(vec![]));
    for body in ["", "{}", "null", "[", "<html>", "[{}", "[{} {}]", r#"[{"id":"a.b"},]"#] {
        assert!(entries(body.as_bytes()).is_err(), "{body:?} is not an empty list");
    }
}

#[test]
fn half_an_emoji_is_one_character_that_cannot_be_read() {
    for (content, read) in
        [(r"좋은 아침 \ud83d", "좋은 아침 \u{FFFD}"), (r"\ude00\ud83d\ude00", "\u{FFFD}😀"), (r"\\ud83d", "\\ud83d")]
    {
        let listing = LISTING.replace("better than expected!", content);
        assert_eq!(stories(listing.as_bytes())[0].content.as_deref(), Some(read), "{content}");
    }
    let cut = [&b"[{\"id\":\"a.b\",\"created_at\":\"2026-12-01T00:00:00Z\",\"content\":\"\xeb\x9d\"}]"[..]].concat();
    assert_eq!(stories(&cut)[0].content.as_deref(), Some("\u{FFFD}"));
}

#[test]
fn a_page_of_more_stories_than_any_page_has_is_no_page() {
    let page = |stories: usize| {
        format!("[{}]", vec![r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z"}"#; stories].join(","))
    };
    assert_eq!(entries(page(1_000).as_bytes()).map(|entries| entries.len()), Ok(1_000));
    let told = entries(page(1_001).as_bytes()).expect_err("too long");
    assert!(told.contains("an array of at most 1000"), "{told}");
}

#[test]
fn the_least_that_a_story_can_be_reads() {
    let story = one(r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z"}"#).expect("reads");
    assert_eq!((story.content, story.images, story.comment_count), (None, 0, 0));
    assert_eq!(story.media_type, MediaType::Other(String::new()));
    let nulls = r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z","content":null,"media":null,"url":null,
        "media_type":null,"permission":null,"comment_count":null,"like_count":null,"comments":null,"likes":null}"#;
    assert!(one(nulls).is_ok());
}

#[test]
fn words_and_shapes_that_nobody_documented_do_not_fail_the_reading() {
    let story = one(
        r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z","media_type":"VIDEO","permission":"CLOSE_FRIEND","new":{"x":[1]},
        "media":[{"original":"o"},"odd",{"original":7}],"comment_count":"3","like_count":-1,
        "comments":[{"text":"hi","writer":{"display_name":"한여름"}},9],"likes":[{"emotion":"PARTY"}]}"#,
    )
    .expect("reads");
    assert_eq!(story.media_type, MediaType::Other("VIDEO".into()));
    assert_eq!(story.audience, Audience::Other("CLOSE_FRIEND".into()));
    assert_eq!(story.images, 3, "the number of images stays true");
    assert_eq!((story.comment_count, story.like_count), (0, 0));
    let odd = one(
        r#"{"id":"a.b","created_at":"2026-12-01T00:00:00Z","media_type":7,"permission":[1],"url":{},"media":"3 images"}"#,
    );
    let odd = odd.expect("reads");
    assert_eq!((odd.media_type, odd.audience), (MediaType::Other(String::new()), Audience::Other(String::new())));
    assert_eq!((odd.url, odd.images), (None, 0));
}

#[test]
fn permissions_are_told_apart() {
    for (word, permission) in
        [("PUBLIC", Permission::Public), ("FRIEND", Permission::Friends), ("ONLY_ME", Permission::Private)]
    {
        let json = format!(r#"{{"id":"a.b","created_at":"2026-12-01T00:00:00Z","permission":"{word}"}}"#);
        assert_eq!(one(&json).expect("reads").audience, Audience::Known(permission));
    }
}

#[test]
fn times_read_with_or_without_fraction_and_offset() {
    for text in [
        "2026-12-01T00:00:00Z",
        "2026-12-01T00:00:00.000Z",
        "2026-12-01T09:00:00+09:00",
        "2026-12-01T09:00:00+0900",
        "2026-12-01T00:00:00",
        "2026-12-01 00:00:00",
    ] {
        assert_eq!(instant(text), Some(at("2026-12-01T00:00:00Z")), "{text}");
    }
    assert_eq!(instant("2026-12-01T00:00:00.5"), Some(at("2026-12-01T00:00:00.5Z")));
    assert_eq!(instant("1 December"), None);
    for at in ["1969-12-31T23:59:59Z", "-009999-01-02T01:59:59Z", "9999-12-30T22:00:00Z", "0001-01-01T00:00:00"] {
        assert_eq!(instant(at), None, "{at} cannot be stored");
    }
    assert_eq!(instant("2026-12-01T00:00:00.123456789Z"), Some(at("2026-12-01T00:00:00.123456Z")));
}

#[test]
fn a_profile_reads_in_both_spellings_and_empty() {
    let upper = r#"{"nickName":"Ryan","profileImageURL":"p","thumbnailURL":"t","bgImageURL":"b"}"#;
    let lower = r#"{"nickName":"Ryan","profileImageUrl":"p","thumbnailUrl":"t","bgImageUrl":"b"}"#;
    let both = r#"{"nickName":"Ryan","profileImageUrl":"x","profileImageURL":"p","thumbnailURL":"t","bgImageURL":"b"}"#;
    let read = |json: &str| profile(json.as_bytes()).expect("reads");
    assert_eq!(read(upper), read(lower));
    assert_eq!(read(upper), read(both));
    assert_eq!(read("{}"), Profile::default());
    assert!(profile(b"[]").is_err());
}

#[test]
fn a_link_card_shows_what_there_is() {
    let card = |json: &str| LinkCard::read(&Artifact(json.into()));
    let shown = card(r#"{"url":"u","title":"제목","image":["i1","i2"],"section":"","type":"website","site_name":"x"}"#);
    assert_eq!((shown.title.as_deref(), shown.images.len(), shown.section), (Some("제목"), 2, None));
    assert_eq!(shown.kind.as_deref(), Some("website"));
    assert_eq!(card(r#"{"image":"i1"}"#).images, ["i1"]);
    assert_eq!(card("{}"), LinkCard::default());
    assert_eq!(card("no json"), LinkCard::default());
}

#[test]
fn token_facts_and_consents_read() {
    let info = token_info(br#"{"id":123456789,"expires_in":7199,"app_id":1234,"appId":1234}"#).expect("reads");
    assert_eq!(
        (info.user_id, info.app_id, info.expires_in),
        (123_456_789, Some(1234), Some(Duration::from_secs(7199)))
    );
    let scopes = scopes(
        r#"{"id":1,"scopes":[{"id":"story_publish","display_name":"글 작성","type":"SERVICE","using":true,"agreed":true},
        {"id":"story_read","agreed":false}]}"#
            .as_bytes(),
    )
    .expect("reads");
    assert!(scopes[0].agreed && !scopes[1].agreed);
    assert_eq!(scopes[1].using, None);
}
