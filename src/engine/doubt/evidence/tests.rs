//! Lists of every kind, against what they may and may not prove.

use super::*;
use crate::domain::content::{AppParams, Image, ImageFormat, Permission};
use crate::engine::doubt::listing::order::Order;
use crate::network::kakao::list::ListEntry;
use crate::network::kakao::story::Audience;

mod unreadable;

const TEXT: &str = "겨울 신메뉴가 나왔어요! 딸기 라떼 <한정> & 밤 라떼 #카페";
const QUARANTINE: Duration = Duration::from_secs(180);
const DAY: i64 = 86_400;

/// So many seconds after the intent.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_796_000_000 + second).expect("in range")
}

fn content(body: Body) -> Content {
    Content { body, permission: Permission::Public, enable_share: None, app: AppParams::default() }
}

fn note(text: &str) -> Content {
    content(Body::Note { text: text.into() })
}

fn photo(images: usize, text: Option<&str>) -> Content {
    let image =
        |number: usize| Image { sha256: number.to_string(), name: "a".into(), format: ImageFormat::Png, bytes: 1 };
    content(Body::Photo { images: (0..images).map(image).collect(), text: text.map(str::to_owned) })
}

fn link(text: Option<&str>) -> Content {
    content(Body::Link { url: "https://example.com/menu".into(), text: text.map(str::to_owned) })
}

/// A post that was sent at second 0, at which both clocks agreed; the last date had been heard two minutes before.
fn sought(content: Content) -> Sought {
    let sending = Sending {
        intent_at: at(0),
        skew_then: Some(SignedDuration::ZERO),
        heard_before: Some(at(-120)),
        until: QUARANTINE,
    };
    Sought::new(content, None, sending, 10, Some(ServerTimeSample { at: at(2), server_at: at(2) }))
}

fn story(id: &str, second: i64, of: &Content) -> Listed {
    let media_type = match of.body {
        Body::Note { .. } => MediaType::Note,
        Body::Photo { .. } => MediaType::Photo,
        Body::Link { .. } => MediaType::NotSupported,
    };
    let story = Story {
        id: format!("_a.{id}"),
        url: Some(format!("https://story.kakao.com/_a/{id}")),
        media_type,
        created_at: at(second),
        content: of.text().map(str::to_owned),
        audience: Audience::Known(of.permission),
        images: of.images().len(),
        comment_count: 0,
        like_count: 0,
    };
    Listed { story, owner: None }
}

/// One that was published at its second by an earlier attempt, and whose time the list tells with so many seconds on top.
fn owned(id: &str, second: i64, off: i64, of: &Content) -> Listed {
    let mut listed = story(id, second, of);
    listed.story.created_at = at(second + off);
    listed.owner = Some(StoryOwner {
        story_id: listed.story.id.clone(),
        account: "cafe".into(),
        content: of.clone(),
        intent_at: at(second),
        came_at: at(second),
        intent_skew: Some(SignedDuration::ZERO),
        answered: Some(5),
        bears_out: true,
    });
    listed
}

/// A page of these stories, and of these that cannot be read.
fn shown(stories: Vec<Listed>, unreadable: Vec<Unreadable>) -> PageFacts {
    let times = stories.iter().map(|listed| Some(listed.story.created_at));
    let newest = times.chain(unreadable.iter().map(|story| story.created_at)).flatten().max();
    PageFacts { stories, unreadable, newest, ..PageFacts::default() }
}

/// What a list says that is read after the quarantine, as far as an absence asks for.
fn says(sought: &Sought, page: Vec<Listed>) -> Says {
    says_beside(sought, page, Vec::new()).0
}

/// The same of a list with these stories that cannot be read, and whether one of them may be the post's.
fn says_beside(sought: &Sought, page: Vec<Listed>, unreadable: Vec<Unreadable>) -> (Says, Option<Inconsistency>) {
    let heard = Some(ServerTimeSample { at: at(200), server_at: at(200) });
    let mut order = Order::new(Some("_a".into()));
    let (stories, owners): (Vec<Story>, Vec<Option<StoryOwner>>) = page.into_iter().map(|l| (l.story, l.owner)).unzip();
    let fresh = order.take(stories.into_iter().map(ListEntry::Story).collect(), heard);
    let fresh =
        fresh.into_iter().filter_map(|entry| if let ListEntry::Story(story) = entry { Some(story) } else { None });
    let page = fresh.zip(owners).map(|(story, owner)| Listed { story, owner }).collect();
    let mut evidence = Evidence::default();
    evidence.take(sought, heard, true, shown(page, unreadable));
    let unexplained = evidence.unexplained(sought, heard, order.flaws());
    (evidence.says(sought, heard, order.flaws()), unexplained)
}

fn is_found(says: &Says) -> bool {
    matches!(says, Says::Found(_))
}

fn is_left_to_a_person(says: &Says) -> bool {
    matches!(says, Says::Perhaps(suspects) if !suspects.is_empty())
}

/// The daily life of an account: what storyd published before, and what a team posted by hand.
fn before() -> Vec<Listed> {
    vec![
        owned("p2", -120, 0, &note("오늘의 원두는 케냐입니다")),
        story("h2", -4_000, &note("내일은 휴무예요 #카페")),
        owned("p1", -DAY, 0, &note("어제의 원두는 브라질입니다")),
    ]
}

fn with(top: Vec<Listed>) -> Vec<Listed> {
    top.into_iter().chain(before()).collect()
}

#[test]
fn its_own_story_is_found_among_others() {
    let sought = sought(note(TEXT));
    assert!(is_found(&says(&sought, with(vec![story("n", 1, &note(TEXT))]))));
    let others =
        vec![story("h4", 90, &note("오늘은 쉽니다")), story("n", 1, &note(TEXT)), story("h3", -5, &note("문 닫아요"))];
    assert!(is_found(&says(&sought, with(others))));
    assert!(is_found(&says(&sought, vec![story("n", 1, &note(TEXT))])), "the first story of an account");
}

#[test]
fn other_texts_that_a_team_posts_by_hand_leave_the_proof_whole() {
    for text in [
        "오늘은 쉽니다",
        "여름 신메뉴를 준비하고 있어요! #카페",
        "New in: pumpkin soup #카페",
        "👍",
        "딸기 라떼 할인합니다 #카페",
    ] {
        assert_eq!(says(&sought(note(TEXT)), with(vec![story("h", 30, &note(text))])), Says::Nothing, "{text}");
    }
    let photo_by_hand = vec![story("h", 30, &photo(3, Some("오늘의 케이크")))];
    assert_eq!(says(&sought(photo(2, None)), with(photo_by_hand)), Says::Nothing);
    assert_eq!(says(&sought(note(TEXT)), with(vec![story("h", 30, &photo(2, None))])), Says::Nothing, "no note");
    assert_eq!(says(&sought(link(None)), with(vec![story("h", 30, &link(Some("영상입니다")))])), Says::Nothing);
}

#[test]
fn the_story_under_another_text_is_left_to_a_person_and_never_absent() {
    let altered = [
        TEXT.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        TEXT.replace(' ', ""),
        TEXT.chars().take(20).collect::<String>() + "…",
        TEXT.replace("라떼", "**"),
        TEXT.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect(),
        TEXT.bytes().map(char::from).collect(),
        String::new(),
        format!("[광고] {TEXT}"),
    ];
    for text in altered {
        let says = says(&sought(note(TEXT)), with(vec![story("n", 1, &note(&text))]));
        assert!(is_left_to_a_person(&says), "{text:?}: {says:?}");
    }
    let mut missing = story("n", 1, &note(TEXT));
    (missing.story.content, missing.story.media_type) = (None, MediaType::Other(String::new()));
    assert!(is_left_to_a_person(&says(&sought(note(TEXT)), with(vec![missing]))));
}

#[test]
fn the_story_at_another_time_is_never_absent() {
    for second in [-30, -90, -121, -9 * 3600, -DAY, -30 * DAY, -10 * 365 * DAY, 9 * 3600] {
        let own = vec![story("n", second, &note(TEXT))];
        let says = says(&sought(note(TEXT)), with(own));
        assert!(is_left_to_a_person(&says), "{second}: {says:?}");
        // Below the others, where a list that is ordered by its times has it.
        let below = before().into_iter().chain([story("n", second.min(-DAY), &note(TEXT))]).collect();
        assert!(is_left_to_a_person(&self::says(&sought(note(TEXT)), below)), "{second}, below");
    }
}

#[test]
fn times_that_are_always_behind_are_reckoned_with() {
    for off in [-120, -3_600, -9 * 3_600] {
        let list = vec![
            story("n", 1 + off, &note(TEXT)),
            owned("p2", -120, off, &note("오늘의 원두는 케냐입니다")),
            owned("p1", -DAY, off, &note("어제의 원두는 브라질입니다")),
        ];
        assert!(is_found(&says(&sought(note(TEXT)), list)), "{off}");
        // A story whose text is lost, in a list that is behind.
        let mut list = vec![story("n", 1 + off, &note("")), owned("p2", -120, off, &note("오늘의 원두는 케냐입니다"))];
        assert!(is_left_to_a_person(&says(&sought(note(TEXT)), list.clone())), "{off}");
        // Only the newest is behind.
        list[0] = story("n", 1 + off, &note(TEXT));
        list[1] = owned("p2", -120, 0, &note("오늘의 원두는 케냐입니다"));
        assert!(is_left_to_a_person(&says(&sought(note(TEXT)), list)), "{off}, alone");
    }
}

#[test]
fn without_published_stories_in_the_list_its_times_prove_nothing() {
    let lost = vec![story("n", -10 * 365 * DAY, &note(""))];
    assert!(is_left_to_a_person(&says(&sought(note(TEXT)), lost)));
    let lost = with(vec![story("n", 1, &note(""))]);
    assert!(is_left_to_a_person(&says(&sought(note(TEXT)), lost)));
    let older = before().into_iter().chain([story("h", -2 * DAY, &note(""))]).collect();
    assert_eq!(
        says(&sought(note(TEXT)), older),
        Says::Nothing,
        "it stands where older ones stand, and says nothing alike"
    );
}

#[test]
fn kind_images_and_audience_tell_stories_apart_as_far_as_published_ones_have_borne_them_out() {
    let by_hand = || story("h", 30, &note(TEXT));
    assert!(is_left_to_a_person(&says(&sought(link(Some(TEXT))), with(vec![by_hand()]))), "no link was seen so far");
    let seen = || owned("p3", -110, 0, &link(Some("지난 링크")));
    assert_eq!(says(&sought(link(Some(TEXT))), with(vec![by_hand(), seen()])), Says::Nothing);
    let mut otherwise = seen();
    otherwise.story.media_type = MediaType::Note;
    let list = with(vec![by_hand(), seen(), otherwise]);
    assert!(is_left_to_a_person(&says(&sought(link(Some(TEXT))), list)), "a link was told as a note before");
    for other in [photo(3, Some(TEXT)), Content { permission: Permission::Friends, ..photo(2, Some(TEXT)) }] {
        let says = says(&sought(photo(2, Some(TEXT))), with(vec![story("h", 30, &other)]));
        assert!(is_left_to_a_person(&says), "{other:?}: {says:?}");
    }
}

#[test]
fn a_post_without_a_text_is_found_only_where_nothing_else_can_be_it() {
    let own = || story("n", 1, &photo(2, None));
    assert!(is_found(&says(&sought(photo(2, None)), with(vec![own()]))));
    let two = with(vec![story("h", 60, &photo(2, None)), own()]);
    assert!(matches!(says(&sought(photo(2, None)), two), Says::Several(_)));
    let mut untold = own();
    untold.story.images = 0;
    assert!(
        is_left_to_a_person(&says(&sought(photo(2, None)), with(vec![untold]))),
        "the list does not say how many images"
    );
    assert!(is_found(&says(&sought(link(None)), with(vec![story("n", 1, &link(None))]))));
    let other = || story("h", 60, &photo(1, None));
    assert!(is_left_to_a_person(&says(&sought(photo(2, None)), with(vec![other()]))), "no photo was seen so far");
    let seen = owned("p3", -110, 0, &photo(4, None));
    assert_eq!(says(&sought(photo(2, None)), with(vec![other(), seen])), Says::Nothing);
    let shown_url = story("n", 1, &link(Some("https://example.com/menu")));
    assert!(
        is_left_to_a_person(&says(&sought(link(None)), with(vec![shown_url]))),
        "the address in the place of a text"
    );
}

#[test]
fn a_server_that_tells_other_texts_than_were_sent_proves_nothing_by_texts() {
    let swapped = || {
        let mut own = owned("p3", -60, 0, &note("첫 번째 글입니다"));
        own.story.content = Some("아무 상관 없는 다른 글".into());
        own
    };
    let list = with(vec![story("n", 1, &note("전혀 다른 이야기")), swapped()]);
    let Says::Perhaps(suspects) = says(&sought(note(TEXT)), list) else { panic!() };
    assert_eq!(suspects.len(), 1, "that of the day before is older");
    assert_eq!(says(&sought(note(TEXT)), with(vec![swapped()])), Says::Nothing, "nothing else is there");
}

#[test]
fn kinds_images_and_audiences_that_are_always_told_otherwise_prove_nothing() {
    let without_text = |of: &Content| Content {
        body: match &of.body {
            Body::Photo { images, .. } => Body::Photo { images: images[1..].to_vec(), text: None },
            other => other.clone(),
        },
        ..of.clone()
    };
    let ours = photo(3, None);
    assert!(is_left_to_a_person(&says(&sought(ours.clone()), with(vec![story("n", 1, &without_text(&ours))]))));
    let ours = photo(3, Some(TEXT));
    assert!(
        is_left_to_a_person(&says(&sought(ours.clone()), with(vec![story("n", 1, &note(""))]))),
        "no photo was seen so far"
    );
}

#[test]
fn own_stories_in_another_order_than_they_were_published_in_are_noticed() {
    let mut evidence = Evidence::default();
    let (mut newer, older) = (owned("p9", -60, 0, &note("하나")), owned("p8", -60, 0, &note("둘")));
    newer.owner.as_mut().unwrap().answered = Some(7);
    let sought = sought(note(TEXT));
    evidence.take(&sought, None, true, shown(vec![newer.clone(), older.clone()], vec![]));
    assert!(evidence.is_in_order());
    let mut evidence = Evidence::default();
    evidence.take(&sought, None, true, shown(vec![older, newer], vec![]));
    assert!(!evidence.is_in_order());
}

#[test]
fn of_several_that_say_the_same_a_person_chooses() {
    let two = with(vec![story("h", 30, &note(TEXT)), story("n", 1, &note(TEXT))]);
    assert!(matches!(says(&sought(note(TEXT)), two), Says::Several(suspects) if suspects.len() == 2));
}

#[test]
fn what_is_owned_is_nobody_elses() {
    let mut twin = owned("t", 1, 0, &note(TEXT));
    if let Some(owner) = &mut twin.owner {
        owner.account = "another name of the same account".into();
    }
    assert_eq!(says(&sought(note(TEXT)), with(vec![twin])), Says::Nothing);
}

#[test]
fn a_flaw_of_the_list_leaves_what_it_does_not_touch() {
    let own = || story("n", 1, &note(TEXT));
    let mut foreign = story("f", 40, &note("남의 글"));
    foreign.story.id = "_b.1".into();
    assert!(is_found(&says(&sought(note(TEXT)), with(vec![foreign, own()]))), "its own is of the right account");
    let mut foreign = own();
    foreign.story.id = "_b.1".into();
    assert!(is_left_to_a_person(&says(&sought(note(TEXT)), with(vec![foreign]))), "it is another account's");
    let future = story("n", 4_000, &note(TEXT));
    assert!(is_left_to_a_person(&says(&sought(note(TEXT)), with(vec![future]))), "its time has not come yet");
}

#[test]
fn a_flood_of_stories_that_may_be_it_is_kept_within_bounds_and_proves_nothing() {
    let mut flood: Vec<Listed> = (0..5_000).map(|number| story(&format!("n{number}"), 1, &note(""))).collect();
    flood.push(owned("p2", -120, 0, &note("오늘의 원두는 케냐입니다")));
    let Says::Perhaps(suspects) = says(&sought(note(TEXT)), flood) else { panic!() };
    assert_eq!(suspects.len(), KEPT_MAX);
}

#[test]
fn a_list_is_read_as_far_as_any_mistake_of_its_times_could_reach() {
    let sought = sought(note(TEXT));
    let heard = Some(ServerTimeSample { at: at(200), server_at: at(200) });
    let ends = |far, second| {
        Evidence::default().take(&sought, heard, far, shown(vec![story("h", second, &note("오늘은 쉽니다"))], vec![]))
    };
    assert!(ends(false, -121) && !ends(false, 0), "for a find, the window");
    assert!(!ends(true, -DAY) && ends(true, -2 * DAY), "for an absence, more than a day below it");
}

/// As a server shows it that escapes what HTML escapes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn how_published_stories_are_told_makes_a_story_the_posts_and_explains_none_away() {
    let told = |listed: &str, answered: Option<i64>| {
        let mut published = owned("p", -60, 0, &note("어제 <품절> & 내일 입고"));
        published.story.content = Some(escaped("어제 <품절> & 내일 입고"));
        published.owner.as_mut().expect("owned").answered = answered;
        says(&sought(note(TEXT)), with(vec![story("n", 1, &note(listed)), published]))
    };
    for itself in [TEXT, &escaped(TEXT)] {
        assert!(is_found(&told(itself, Some(5))), "{itself}");
    }
    for otherwise in [&TEXT.replace(" #카페", ""), &TEXT.replace(' ', ""), &escaped(TEXT).replacen("라떼", "라테", 1)]
    {
        assert!(is_left_to_a_person(&told(otherwise, Some(5))), "{otherwise}");
    }
    assert!(is_left_to_a_person(&told(&escaped(TEXT), None)), "found in a list once, and not named by an answer");
    let knowing = |rivals: &[&str]| {
        let rivals: Vec<String> = rivals.iter().map(|text| (*text).to_owned()).collect();
        sought(note(TEXT)).knowing(Some(ToldAs::Entities), &rivals)
    };
    let listed = || vec![story("n", 1, &note(&escaped(TEXT)))];
    assert!(is_found(&says(&knowing(&[]), with(listed()))), "what is on record counts without a story that shows it");
    assert!(is_found(&says(&knowing(&["오늘은 쉽니다"]), with(listed()))));
    assert!(is_left_to_a_person(&says(&knowing(&[&escaped(TEXT)]), with(listed()))), "it may be another post's");
    let two = vec![story("n", 1, &note(&escaped(TEXT))), story("m", 2, &note(TEXT))];
    assert!(matches!(says(&knowing(&[]), with(two)), Says::Several(suspects) if suspects.len() == 2));
}
