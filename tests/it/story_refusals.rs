//! Stories of plain refusals: of most nothing came, and the post goes out as if nobody had doubted it; of some a story came all the same,
//! and no second one follows.

use std::time::Duration;

use kakao_sandbox::{Call, FaultRule};
use storyd::domain::post::PostState;

use crate::support::world::World;

const HOUR: Duration = Duration::from_secs(3_600);
const TEXT: &str = "오늘의 원두는 케냐입니다";

/// A fault of the requests for notes, so many times.
fn of_notes(fault: &str, times: u32) -> FaultRule {
    rule(fault).on(&[Call::Note]).times(times)
}

/// A fault of the list.
fn of_lists(fault: &str) -> FaultRule {
    rule(fault).on(&[Call::MyStories])
}

fn rule(text: &str) -> FaultRule {
    text.parse().unwrap()
}

fn note(name: &str, text: &str) -> String {
    format!("{name}:\n  at: now\n  type: note\n  content: {text}\n  late: {{within: 7d, then: post}}\n")
}

/// A world with a published note in which the post `p` meets these rules, and time passes.
async fn refused(rules: Vec<FaultRule>, length: Duration) -> World {
    refused_of(&["story_publish", "story_read"], rules, length).await
}

/// The same of an account that has given these consents.
async fn refused_of(consents: &[&str], rules: Vec<FaultRule>, length: Duration) -> World {
    let mut world = World::with_two_clocks().await;
    let before = note("before", "지난주의 글은 이렇습니다");
    world.jobs(&before);
    world.settle().await;
    world.pass(HOUR).await;
    world.sandbox.set_scopes("cafe", consents).unwrap();
    world.fault(rules);
    world.jobs(&(before + &note("p", TEXT)));
    world.pass(length).await;
    world
}

/// The refusals after which a post is sent again by itself.
const AGAIN: [&str; 4] = ["answer-token-refused", "answer-quota", "answer-too-many", "answer-no-permission"];

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_refused_although_its_story_was_made_is_not_sent_again() {
    for lie in AGAIN {
        for times in [1, 3] {
            let world = refused(vec![of_notes(lie, times)], 24 * HOUR).await;
            let post = world.post("p").await;
            assert_eq!(world.requests("note"), 2, "{lie} {times}: {} {}", post.state, post.reason);
            assert_eq!(post.state, PostState::Published, "{lie} {times}: {}", post.reason);
            assert_eq!(post.story_id.as_deref(), Some(world.ledger()[1].id.as_str()), "{lie} {times}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_failed_although_its_story_was_made_is_not_sent_again_by_a_person() {
    for lie in ["answer-refused", "answer-not-found"] {
        let mut world = refused(vec![of_notes(lie, 1)], HOUR).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.ledger().len()), (PostState::Failed, 2), "{lie}");
        let now = world.clock.now();
        world
            .ctx()
            .store
            .release(post.post, &[PostState::Failed], "anna", "", Duration::from_secs(600), now)
            .await
            .unwrap();
        world.pass(HOUR).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.requests("note")), (PostState::Published, 2), "{lie}: {}", post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_which_nothing_came_costs_one_look_and_asks_nobody() {
    for code in ["code-401", "code-10", "too-many-requests", "code-5", "code-402", "code-4"] {
        let world = refused(vec![of_notes(code, 1)], 24 * HOUR).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.requests("note")), (PostState::Published, 3), "{code}: {}", post.reason);
        let doubts = world.events(post.post).await.into_iter().filter(|event| event.event == "doubt").count();
        // The first post of the account looks at the list as well. A list ends with an empty page.
        assert_eq!((doubts, world.requests("mystories")), (0, 1 + 2), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_list_may_not_be_read_a_refusal_is_believed() {
    for denied in ["code-402", "code-5"] {
        let world = refused_of(&["story_publish"], vec![of_notes("code-10", 1), of_lists(denied)], 24 * HOUR).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.requests("note")), (PostState::Published, 3), "{denied}: {}", post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_list_cannot_be_read_a_post_that_was_refused_waits_and_is_no_doubt() {
    for fault in ["code-7", "code-402", "server-error-before-effect", "truncated-after-effect", "garbage-after-effect"]
    {
        for (refusal, notes) in [("code-10", 3), ("answer-quota", 2)] {
            let lists = FaultRule::new(fault.parse().unwrap()).on(&[Call::MyStories]).times(5);
            let world = refused(vec![of_notes(refusal, 1), lists], 24 * HOUR).await;
            let post = world.post("p").await;
            assert_eq!((post.state, world.requests("note")), (PostState::Published, notes), "{fault}: {}", post.reason);
            let events = world.events(post.post).await;
            let count = |name: &str| events.iter().filter(|event| event.event == name).count();
            // A story that was made all the same is the doubt's to find.
            assert_eq!((count("doubt"), count("park")), (usize::from(notes == 2), 0), "{fault} {refusal}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_read_or_contradicts_itself_bears_nothing_out() {
    for lie in ["code-7", "list-lacks-newest,size=5", "list-oldest-first", "list-doubles-altered", "list-other-account"]
    {
        let world = refused(vec![of_notes("answer-quota", 1), of_lists(lie)], 24 * HOUR).await;
        let post = world.post("p").await;
        assert_eq!(world.requests("note"), 2, "{lie}: posted twice");
        let is_told = post.state == PostState::Published || post.parked_at.is_some();
        assert!(is_told, "{lie}: {} {}", post.state, post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_a_persons_story_beside_a_refusal_is_for_a_person_to_compare() {
    let mut world = refused(vec![of_notes("code-10", 1)], Duration::from_secs(60)).await;
    world.condone("a person posts the same text with other signs");
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let url = format!("{}/v1/api/story/post/note", world.sandbox.url());
    let words = "오늘의 원두는... 케냐입니다!!";
    let request = reqwest::Client::new().post(url).bearer_auth(&tokens.access_token).form(&[("content", words)]);
    assert!(request.send().await.unwrap().status().is_success());
    world.pass(24 * HOUR).await;
    let post = world.post("p").await;
    assert!(post.parked_at.is_some() && world.requests("note") == 3, "{} {}", post.state, post.reason);
    assert!(post.reason.contains("may be this one's"), "{}", post.reason);
}
