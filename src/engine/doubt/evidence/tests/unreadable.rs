//! Lists with stories that cannot be read, and with more stories than are compared.

use super::*;

/// A story that cannot be read, posted so many seconds after the intent.
fn unreadable(id: Option<&str>, second: Option<i64>) -> Unreadable {
    let why = "`content` is no text".to_owned();
    Unreadable {
        id: id.map(str::to_owned),
        created_at: second.map(at),
        content: None,
        comment_count: 0,
        like_count: 0,
        why,
    }
}

#[test]
fn a_story_that_cannot_be_read_is_explained_only_where_it_is_too_old() {
    let others = || with(vec![]);
    for (id, second, is_explained) in [
        (Some("_a.u"), Some(1), false),
        (Some("_a.u"), Some(-119), false),
        (Some("_a.u"), Some(-3_600), true),
        (None, Some(-3_600), true),
        (None, Some(1), false),
        (Some("_a.u"), Some(9 * 3600), false),
        (Some("_a.u"), None, false),
        (None, None, false),
    ] {
        let (says, flaw) = says_beside(&sought(note(TEXT)), others(), vec![unreadable(id, second)]);
        assert_eq!((says, flaw.is_none()), (Says::Nothing, is_explained), "{id:?} at {second:?}");
        // Without an own story that shows how the times run they prove nothing.
        let (_, flaw) = says_beside(&sought(note(TEXT)), vec![], vec![unreadable(id, second)]);
        assert!(flaw.is_some(), "{id:?} at {second:?}, alone");
    }
}

#[test]
fn beside_a_story_that_cannot_be_read_a_post_is_found_by_its_text_and_by_nothing_else() {
    let beside = |content: Content| {
        let list = with(vec![story("n", 1, &content)]);
        says_beside(&sought(content), list, vec![unreadable(Some("_a.u"), Some(2))]).0
    };
    assert!(is_found(&beside(note(TEXT))));
    assert!(is_left_to_a_person(&beside(photo(2, None))), "the other one may be it");
}

#[test]
fn a_flood_of_stories_that_cannot_be_read_is_kept_within_bounds_and_proves_nothing() {
    let old = || (0..UNREADABLE_MAX).map(|_| unreadable(Some("_a.u"), Some(-3_600)));
    for (last, is_explained) in [(Some(-7_200), true), (Some(1), false), (None, false)] {
        let flood = old().chain([unreadable(None, last)]).collect();
        let (_, flaw) = says_beside(&sought(note(TEXT)), with(vec![]), flood);
        assert_eq!(flaw.is_none(), is_explained, "{last:?}");
    }
}

#[test]
fn stories_that_were_not_compared_are_not_explained_by_those_that_were() {
    // Photos are explained by their kind. One more story, of which no more is kept, is not.
    let mut flood: Vec<Listed> = (0..KEPT_MAX).map(|number| story(&format!("n{number}"), 1, &photo(1, None))).collect();
    flood.push(story("last", 1, &note("")));
    let (says, flaw) = says_beside(&sought(note(TEXT)), with(flood), vec![]);
    assert_eq!((says, flaw), (Says::Perhaps(vec![]), Some(Inconsistency::Crowded)));
}

#[test]
fn a_page_of_which_no_time_can_be_read_ends_no_list() {
    let heard = Some(ServerTimeSample { at: at(200), server_at: at(200) });
    let page = || shown(vec![], vec![unreadable(Some("_a.u"), None)]);
    assert!(!Evidence::default().take(&sought(note(TEXT)), heard, true, page()));
    assert!(!Evidence::default().take(&sought(note(TEXT)), heard, false, page()));
}
