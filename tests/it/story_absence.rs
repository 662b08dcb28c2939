//! Stories of lists that lack a post's story, or seem to: what they prove, and when a person decides.

use std::time::Duration;

use jiff::SignedDuration;
use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;

use crate::support::world::World;

const DAY: Duration = Duration::from_secs(86_400);
const TEXT: &str = "겨울 신메뉴 <딸기 라떼> & 밤 라떼가 나왔어요";

fn rule(text: &str) -> FaultRule {
    text.parse().unwrap()
}

fn lost() -> FaultRule {
    FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1)
}

fn note(name: &str, text: &str) -> String {
    format!("{name}:\n  at: now\n  type: note\n  content: {text:?}\n")
}

/// Publishes a few posts plainly, then one whose answer is lost while the server says this, and lets a day pass.
async fn lost_beside(before: usize, lies: &[&str], text: &str) -> World {
    let mut world = World::with_two_clocks().await;
    let mut jobs = String::new();
    for number in 0..before {
        jobs.push_str(&note(&format!("before-{number}"), &format!("{number}번째 글은 이렇습니다")));
        world.jobs(&jobs);
        world.settle().await;
        world.pass(Duration::from_secs(60)).await;
    }
    let mut rules: Vec<FaultRule> = lies.iter().map(|lie| rule(lie)).collect();
    rules.push(lost());
    world.fault(rules);
    world.jobs(&(jobs + &note("p", text)));
    world.pass(DAY).await;
    world
}

/// Whether the post was recorded, or a person asked, and never a second one sent.
async fn holds(world: &World, before: usize, lie: &str) -> PostState {
    let post = world.post("p").await;
    assert_eq!(world.requests("note"), before + 1, "{lie}: posted twice; {}", post.reason);
    assert!(post.state == PostState::Published || post.parked_at.is_some(), "{lie}: {} {}", post.state, post.reason);
    post.state
}

#[tokio::test(flavor = "multi_thread")]
async fn one_date_that_is_wrong_costs_nothing() {
    for lie in [
        "date-ahead=1,by=90s",
        "date-ahead=1,by=1h",
        "date-ahead=1,by=87600h",
        "date-behind=1,by=90s",
        "date-behind=1,by=87600h",
    ] {
        let mut world = World::with_two_clocks().await;
        let mut jobs = note("before", "먼저 쓴 글");
        world.jobs(&jobs);
        world.settle().await;
        // The answer to the post before carries it.
        world.fault(vec![rule(lie).on(&[Call::Note]).times(1)]);
        jobs.push_str(&note("wrong", "날짜가 틀린 글"));
        world.jobs(&jobs);
        world.settle().await;
        world.fault(vec![lost()]);
        jobs.push_str(&note("p", TEXT));
        world.jobs(&jobs);
        world.pass(DAY).await;
        assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 3), "{lie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_the_list_that_are_behind_the_dates_never_lead_to_a_second_post() {
    for seconds in [-40, -120, -3_600, -32_400, 32_400, 120] {
        for before in [0, 2] {
            let mut world =
                World::with(|options| options.quirks.created_at_skew = SignedDuration::from_secs(seconds)).await;
            let mut jobs = String::new();
            for number in 0..before {
                jobs.push_str(&note(&format!("before-{number}"), &format!("{number}번째 글은 이렇습니다")));
                world.jobs(&jobs);
                world.settle().await;
                world.pass(Duration::from_secs(60)).await;
            }
            world.fault(vec![lost()]);
            world.jobs(&(jobs + &note("p", TEXT)));
            world.pass(DAY).await;
            let state = holds(&world, before, &format!("{seconds} s, after {before}")).await;
            let calibrated = before > 0 && seconds < 0;
            assert!(
                !calibrated || state == PostState::Published,
                "{seconds}: published ones show how far it is behind"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_told_otherwise_never_lead_to_a_second_post() {
    let lies = [
        "text-entities",
        "text-entities-twice",
        "text-tags-stripped",
        "text-blanks-collapsed",
        "text-blanks-removed",
        "text-full-width",
        "text-upper-case",
        "text-punctuation-removed",
        "text-cut",
        "text-cut-ellipsis",
        "text-prefix",
        "text-suffix",
        "text-masked",
        "text-mojibake",
        "text-ascii-only",
        "text-percent",
        "text-words-shuffled",
        "text-dots",
        "text-empty",
        "text-missing",
        "text-one-character",
        "text-each-otherwise",
    ];
    for lie in lies {
        for before in [0, 2] {
            let world = lost_beside(before, &[lie], TEXT).await;
            holds(&world, before, &format!("{lie}, after {before}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_wrong_never_lead_to_a_second_post() {
    let lies = [
        "list-lacks-newest=1,size=2",
        "list-halved",
        "list-oldest-first",
        "list-unsorted",
        "list-mixes-accounts",
        "list-other-account",
        "list-pages-overlap",
        "list-doubles",
        "list-doubles-altered",
        "list-doubles-dated",
        "list-stuck",
        "list-circle",
        "list-ignores-last-id",
        "list-texts-swapped",
        "list-empty",
        "created-epoch",
        "created-frozen",
        "created-now",
        "created-scattered",
        "created-day",
        "kind-note",
        "kind-missing",
        "images-none",
        "audience-private",
        "audience-missing",
    ];
    for lie in lies {
        let world = lost_beside(3, &[lie], TEXT).await;
        holds(&world, 3, lie).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_names_stories_twice_or_whose_pages_overlap_asks_nobody() {
    for lie in ["list-doubles", "list-pages-overlap"] {
        let world = lost_beside(20, &[lie], TEXT).await;
        assert_eq!(holds(&world, 20, lie).await, PostState::Published, "{lie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_leads_in_a_circle_is_left_after_one_round() {
    for lie in ["list-circle", "list-ignores-last-id", "list-stuck"] {
        let mut world = World::new().await;
        world.fault(vec![rule(lie), FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1)]);
        world.jobs(&note("p", TEXT));
        world.pass(Duration::from_secs(3)).await;
        assert!(world.requests("my_stories") <= 4, "{lie}: {}", world.requests("my_stories"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stories_that_a_team_posts_by_hand_with_other_texts_park_no_doubt() {
    let mut world = World::new().await;
    world.jobs(&note("before", "먼저 쓴 글"));
    world.settle().await;
    world.fault(vec![FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1)]);
    world.jobs(&(note("before", "먼저 쓴 글") + &note("p", TEXT)));
    world.settle().await;
    for text in ["오늘은 쉽니다", "여름 신메뉴를 준비하고 있어요", "👍", "딸기 라떼 할인합니다", "Good evening!"]
    {
        let tokens = world.sandbox.mint_tokens("cafe").unwrap();
        let request = reqwest::Client::new().post(format!("{}/v1/api/story/post/note", world.sandbox.url()));
        let answer = request.bearer_auth(&tokens.access_token).form(&[("content", text)]).send().await.unwrap();
        assert!(answer.status().is_success());
    }
    world.pass(DAY).await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Published, 7));
    world.condone("five stories were posted by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_cannot_be_read_and_is_older_than_the_post_parks_no_doubt() {
    for lie in ["list-unreadable-oldest", "text-half-emoji", "kind-number", "audience-number", "address-number"] {
        let mut world = World::new().await;
        world.condone("one story was posted by hand");
        let tokens = world.sandbox.mint_tokens("cafe").unwrap();
        let request = reqwest::Client::new().post(format!("{}/v1/api/story/post/note", world.sandbox.url()));
        let answer =
            request.bearer_auth(&tokens.access_token).form(&[("content", "오늘은 쉽니다 🙏")]).send().await.unwrap();
        assert!(answer.status().is_success());
        world.pass(2 * DAY).await;
        let before = note("before", "먼저 쓴 글");
        world.jobs(&before);
        world.pass(Duration::from_secs(3_600)).await;
        world.fault(vec![rule(lie), FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1)]);
        world.jobs(&(before + &note("p", TEXT)));
        world.pass(DAY).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.ledger().len()), (PostState::Published, 3), "{lie}: {}", post.reason);
        assert!(world.events(post.post).await.iter().all(|event| event.event != "park"), "{lie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_cannot_be_read_and_may_be_the_posts_proves_no_absence() {
    for lie in ["list-unreadable-newest", "text-number", "created-null", "list-null-story", "id-missing"] {
        let world = lost_beside(2, &[lie], TEXT).await;
        assert_eq!(holds(&world, 2, lie).await, PostState::InDoubt, "{lie}");
        let post = world.post("p").await;
        assert!(post.reason.contains("cannot be"), "{lie}: {}", post.reason);
        assert!(post.reason.contains("admin resolve"), "{lie}: {}", post.reason);
    }
    // It is found all the same where another one cannot be read.
    let world = lost_beside(2, &["list-unreadable-oldest"], TEXT).await;
    assert_eq!(holds(&world, 2, "list-unreadable-oldest").await, PostState::Published);
}

/// A note of another account.
const SHOP: &str = "shop:\n  at: now\n  account: shop\n  type: note\n  content: 가게의 글\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_the_story_of_another_profile_is_no_answer() {
    for before in [0, 2] {
        let mut world = World::with_two_clocks().await;
        let mut jobs = SHOP.to_owned();
        for number in 0..=before {
            world.jobs(&jobs);
            world.settle().await;
            world.pass(Duration::from_secs(60)).await;
            jobs.push_str(&note(&format!("n{number}"), &format!("{number}번째 글은 이렇습니다")));
        }
        world.fault(vec![rule("answer-names-other-account").on(&[Call::Note]).account("cafe")]);
        world.jobs(&jobs);
        world.pass(DAY).await;
        let (name, posts, ledger) = (format!("n{before}"), world.posts().await, world.ledger());
        assert_eq!(ledger.len(), posts.len(), "{before}: each once");
        let post = world.post(&name).await;
        let story = ledger.iter().find(|story| Some(&story.id) == post.story_id.as_ref());
        assert_eq!(story.map(|story| story.account.as_str()), Some("cafe"), "{before}: {} {}", post.state, post.reason);
        let doubts = world.events(post.post).await.into_iter().filter(|event| event.event == "doubt").count();
        assert_eq!(doubts, 1, "{before}: its answer was believed");
    }
}
