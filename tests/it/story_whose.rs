//! Stories of lists that may be another account's. Nothing is taken from a list, neither a find nor an absence, before something else than
//! the list bears out that it is this account's.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;

use crate::support::world::World;

const DAY: Duration = Duration::from_secs(86_400);
const TEXT: &str = "겨울 신메뉴 딸기 라떼가 나왔어요";
/// What an account agrees to that does not show the address of its page.
const NO_PAGE: [&str; 2] = ["story_read", "story_publish"];

fn rule(text: &str) -> FaultRule {
    let rule: FaultRule = text.parse().unwrap();
    rule.account("cafe")
}

fn once(fault: FaultName) -> FaultRule {
    FaultRule::new(fault).on(&[Call::Note]).account("cafe").times(1)
}

fn note(name: &str, text: &str) -> String {
    format!("{name}:\n  at: now\n  type: note\n  content: {text:?}\n")
}

/// Somebody posts a note by hand.
async fn by_hand(world: &World, account: &str, text: &str) -> String {
    let tokens = world.sandbox.mint_tokens(account).unwrap();
    let note = reqwest::Client::new()
        .post(format!("{}/v1/api/story/post/note", world.sandbox.url()))
        .bearer_auth(&tokens.access_token)
        .form(&[("content", text)]);
    assert!(note.send().await.unwrap().status().is_success());
    world.ledger().last().unwrap().id.clone()
}

/// A world in which `cafe` shows the address of its page, or does not.
async fn world(shows_page: bool) -> World {
    let mut world = World::with_two_clocks().await;
    if !shows_page {
        world.sandbox.set_scopes("cafe", &NO_PAGE).unwrap();
    }
    world.condone("stories are posted by hand");
    world
}

/// What became of the post, whether a person is asked, and why.
async fn fate(world: &World) -> (PostState, bool, String) {
    let post = world.post("p").await;
    (post.state, post.parked_at.is_some(), post.reason)
}

/// A person is asked.
async fn is_parked(world: &World, lie: &str) {
    let (state, parked, why) = fate(world).await;
    assert!(state == PostState::InDoubt && parked, "{lie}: {state} {why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_which_nobody_knows_whose_it_is_proves_no_absence() {
    for shows_page in [true, false] {
        let mut world = world(shows_page).await;
        by_hand(&world, "shop", "가게에서 손으로 쓴 글").await;
        world.fault(vec![once(FaultName::AnswerLost), rule("list-other-account")]);
        world.jobs(&note("p", TEXT));
        world.pass(DAY).await;
        is_parked(&world, &format!("page shown: {shows_page}")).await;
        assert_eq!(world.requests("note"), 2, "one by hand");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_another_account_without_a_part_for_the_profile_proves_nothing() {
    for before in [0, 1] {
        for text in [TEXT, "가게에서 손으로 쓴 글"] {
            for (lost, sent) in [(FaultName::AnswerLost, 1), (FaultName::RequestDropped, 0)] {
                let mut world = world(false).await;
                let short = rule("id-short").on(&[Call::Note, Call::MyStories, Call::MyStory]);
                world.fault(vec![short.clone()]);
                let mut jobs = String::new();
                for number in 0..before {
                    jobs.push_str(&note(&format!("before-{number}"), "먼저 쓴 글"));
                    world.jobs(&jobs);
                    world.pass(Duration::from_secs(60)).await;
                }
                world.fault(vec![once(lost), short, rule("list-other-account")]);
                world.jobs(&(jobs + &note("p", TEXT)));
                world.pass(Duration::from_secs(1)).await;
                by_hand(&world, "shop", text).await;
                world.pass(DAY).await;
                is_parked(&world, &format!("{before} {text} {sent}")).await;
                let own = world.ledger().iter().filter(|story| story.account == "cafe").count();
                assert_eq!(own, before + sent, "{before} {text}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_kakao_does_not_show_by_itself_is_no_find() {
    for shows_page in [true, false] {
        let mut world = world(shows_page).await;
        world.fault(vec![once(FaultName::RequestDropped), rule("list-other-account")]);
        world.jobs(&note("p", TEXT));
        world.pass(Duration::from_secs(1)).await;
        by_hand(&world, "shop", TEXT).await;
        world.pass(DAY).await;
        is_parked(&world, &format!("page shown: {shows_page}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_post_of_an_account_is_settled_by_a_server_that_agrees_with_itself() {
    for shows_page in [true, false] {
        for by_hand_before in [true, false] {
            for lost in [FaultName::AnswerLost, FaultName::RequestDropped] {
                let mut world = world(shows_page).await;
                if by_hand_before {
                    by_hand(&world, "cafe", "손으로 쓴 글").await;
                }
                world.fault(vec![once(lost)]);
                world.jobs(&note("p", TEXT));
                world.pass(DAY).await;
                // Whose the stories are that an account had before storyd came, only its page can tell.
                let is_known = shows_page || !by_hand_before || lost == FaultName::AnswerLost;
                let lie = format!("page shown: {shows_page}, before: {by_hand_before}, {lost}");
                let (state, parked, why) = fate(&world).await;
                assert_eq!((state == PostState::Published, parked), (is_known, !is_known), "{lie}: {why}");
                let own = world.ledger().len() - usize::from(by_hand_before);
                assert_eq!(own, usize::from(is_known), "{lie}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_answer_to_a_post_makes_a_profile_known() {
    let mut world = world(true).await;
    world.fault(vec![once(FaultName::AnswerLost)]);
    let jobs = note("p", TEXT);
    world.jobs(&jobs);
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert_eq!(world.ctx().store.profile("cafe").await.unwrap(), None, "found in a list alone");
    world.jobs(&(jobs + &note("next", "다음 글")));
    world.pass(Duration::from_secs(60)).await;
    let profile = world.sandbox.accounts()[0].profile.clone();
    assert_eq!(world.ctx().store.profile("cafe").await.unwrap(), Some(profile));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_was_refused_goes_on_beside_stories_that_the_account_had_before() {
    let mut world = world(false).await;
    by_hand(&world, "cafe", "손으로 쓴 글").await;
    world.fault(vec![once(FaultName::Code(-401))]);
    world.jobs(&note("p", TEXT));
    world.pass(DAY).await;
    assert_eq!(world.post("p").await.state, PostState::Published);

    let mut world = self::world(false).await;
    by_hand(&world, "shop", "가게에서 손으로 쓴 글").await;
    world.fault(vec![rule("answer-token-refused").on(&[Call::Note]).times(1), rule("list-other-account")]);
    world.jobs(&note("p", TEXT));
    world.pass(DAY).await;
    is_parked(&world, "refused, and another's list").await;
    assert_eq!(world.ledger().len(), 2);
}
