//! Every fault of the contract on every call of a post's life: what is transient ends published once, what is permanent ends
//! failed with a next step, what blocks names the account and lets the post wait.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;

use crate::support::world::{World, png};

const DAY: Duration = Duration::from_secs(86_400);

/// A job that needs `call`, and the call that publishes it.
fn job(call: Call) -> (&'static str, Call) {
    match call {
        Call::Upload | Call::Photo => (
            "p:\n  at: now\n  type: photo\n  images: [a.png]\n  content: 사진\n  late: {within: 2d, then: skip}\n",
            Call::Photo,
        ),
        Call::LinkInfo | Call::Link => (
            "p:\n  at: now\n  type: link\n  url: https://example.com/\n  content: 링크\n  late: {within: 2d, then: skip}\n",
            Call::Link,
        ),
        _ => ("p:\n  at: now\n  type: note\n  content: 글\n  late: {within: 2d, then: skip}\n", Call::Note),
    }
}

/// A world whose first `times` calls of one kind meet the fault.
async fn world(fault: &str, call: Call, times: Option<u32>) -> World {
    let impatient = fault.starts_with("hang");
    let world = if impatient { World::impatient().await } else { World::new().await };
    world.write("a.png", &png(1));
    let name: FaultName = fault.parse().unwrap();
    let rule = FaultRule::new(name).on(&[call]);
    world.fault(vec![times.into_iter().fold(rule, FaultRule::times)]);
    let elsewhere = "other:\n  at: 2026-12-31 09:00\n  account: shop\n  type: note\n  content: later\n";
    world.jobs(&format!("{}{elsewhere}", job(call).0));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_or_a_scrape_that_fails_once_is_repeated_and_the_post_goes_out_once() {
    let anywhere = [
        "code-1",
        "code-7",
        "code-603",
        "code-9798",
        "request-dropped",
        "answer-lost",
        "server-error-before-effect",
        "server-error-after-effect",
        "bad-gateway-after-effect",
        "garbage-after-effect",
        "truncated-after-effect",
        "empty-after-effect",
        "redirect-after-effect",
        "hang-before-effect",
        "hang-after-effect",
        "code-401",
    ];
    for call in [Call::Upload, Call::LinkInfo] {
        for fault in anywhere {
            let mut world = world(fault, call, Some(1)).await;
            world.pass(DAY).await;
            let post = world.post("p").await;
            assert_eq!(post.state, PostState::Published, "{fault} on {call}: {}", post.reason);
            assert_eq!(world.ledger().len(), 1, "{fault} on {call}");
        }
    }
    let mut world = world("code-604", Call::LinkInfo, Some(1)).await;
    world.pass(DAY).await;
    assert_eq!(world.post("p").await.state, PostState::Published, "a page that could not be scraped once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_request_without_a_plain_answer_ends_published_once() {
    let doubtful = [
        "code-1",
        "code-7",
        "code-603",
        "code-9798",
        "code-1-after-effect",
        "code-7-after-effect",
        "code-603-after-effect",
        "code-9798-after-effect",
        "request-dropped",
        "answer-lost",
        "server-error-before-effect",
        "server-error-after-effect",
        "bad-gateway-before-effect",
        "bad-gateway-after-effect",
        "garbage-after-effect",
        "truncated-after-effect",
        "empty-after-effect",
        "redirect-before-effect",
        "redirect-after-effect",
        "late-effect",
        "late-effect-server-error",
        "hang-before-effect",
        "hang-after-effect",
    ];
    for call in [Call::Note, Call::Photo, Call::Link] {
        for fault in doubtful {
            let mut world = world(fault, call, Some(1)).await;
            world.settle().await;
            let doubted = world.post("p").await;
            assert_eq!(doubted.state, PostState::InDoubt, "{fault} on {call}: {}", doubted.reason);
            world.pass(DAY).await;
            let post = world.post("p").await;
            assert_eq!(post.state, PostState::Published, "{fault} on {call}: {}", post.reason);
            assert_eq!(world.ledger().len(), 1, "{fault} on {call}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_refreshed_once_and_the_post_goes_out_once() {
    for call in [Call::Note, Call::Photo, Call::Link] {
        let mut world = world("code-401", call, Some(1)).await;
        world.pass(DAY).await;
        assert_eq!(world.post("p").await.state, PostState::Published, "{call}");
        assert_eq!((world.ledger().len(), world.requests("token")), (1, 1), "{call}");
        assert_eq!(world.account("cafe").await.blocked_code, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_permanent_ends_failed_with_a_next_step_and_nothing_at_kakao() {
    let faults = ["code-2", "code-6", "code-8", "code-602", "code-606", "code-911"];
    for call in [Call::Upload, Call::LinkInfo, Call::Note, Call::Photo, Call::Link] {
        for fault in faults {
            let mut world = world(fault, call, None).await;
            world.pass(DAY).await;
            let post = world.post("p").await;
            assert_eq!(post.state, PostState::Failed, "{fault} on {call}");
            let number = fault.replace("code", "");
            assert!(post.reason.contains(&format!("({number}). ")), "{fault} on {call}: {}", post.reason);
            assert_eq!(world.requests(call.name()), 1, "{fault} on {call} is not tried again");
            assert_eq!(world.ledger().len(), 0);
        }
    }
    let mut world = world("code-604", Call::LinkInfo, None).await;
    world.pass(DAY).await;
    assert_eq!((world.post("p").await.state, world.requests("linkinfo")), (PostState::Failed, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_blocks_lets_the_post_wait_and_names_the_account() {
    let faults = [
        "code-3",
        "code-4",
        "code-5",
        "code-9",
        "code-10",
        "code-11",
        "code-12",
        "code-101",
        "code-103",
        "code-401",
        "code-402",
        "code-406",
        "code-601",
        "too-many-requests",
    ];
    for call in [Call::Upload, Call::LinkInfo, Call::Note, Call::Photo, Call::Link] {
        for fault in faults {
            let mut world = world(fault, call, None).await;
            world.pass(Duration::from_secs(5)).await;
            let post = world.post("p").await;
            assert_eq!(post.state, PostState::Scheduled, "{fault} on {call}");
            assert_eq!((post.prepare_failures, post.publish_failures), (0, 0), "{fault} on {call} uses up no attempt");
            let cafe = world.account("cafe").await;
            assert!(cafe.blocked_code.is_some(), "{fault} on {call}");
            assert!(!cafe.blocked_remedy.unwrap().is_empty(), "{fault} on {call}");
            let refreshed = usize::from(fault == "code-401");
            assert_eq!(world.requests("token"), refreshed, "{fault} on {call}: a fresh token is asked for once");
            let everyone = world.account("shop").await.blocked_code.is_some();
            assert_eq!(everyone, fault == "code-9", "{fault} on {call}");
            // What blocked it is mended: the account frees itself, and the post goes out.
            world.fault(vec![]);
            world.pass(DAY).await;
            assert_eq!(world.post("p").await.state, PostState::Published, "{fault} on {call}");
            assert_eq!(world.account("cafe").await.blocked_code, None, "{fault} on {call}");
            assert_eq!(world.ledger().len(), 1, "{fault} on {call}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_account_holds_up_no_other() {
    let mut world = World::new().await;
    world.jobs(
        "mine:\n  at: now\n  type: note\n  content: from the cafe
theirs:\n  at: now\n  account: shop\n  type: note\n  content: from the shop\n",
    );
    world.fault(vec![FaultRule::new(FaultName::Code(-10)).account("cafe")]);
    world.settle().await;
    assert_eq!(world.post("mine").await.state, PostState::Scheduled);
    assert_eq!(world.post("theirs").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_fail_for_ever_are_used_up_and_a_person_is_needed() {
    let mut world = world("server-error-before-effect", Call::Upload, None).await;
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert_eq!(post.state, PostState::Failed);
    assert!(post.reason.contains("storyd admin retry"), "{}", post.reason);
    let waits = world.attempts(post.post).await.len();
    assert_eq!(waits, world.settings.defaults.retry.len() + 1, "the first try, and one after each delay");

    world.fault(vec![]);
    let ctx = world.ctx();
    let from = [PostState::Failed];
    ctx.store.release(post.post, &from, "tester", "", ctx.rules.prepare_ahead, world.clock.now()).await.unwrap();
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_costs_no_doubt() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.cut_off().await;
    world.settle().await;
    let post = world.post("p").await;
    assert_eq!((post.state, post.publish_failures), (PostState::Scheduled, 0), "{}", post.reason);
    world.reconnect().await;
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_dead_for_days_uses_up_no_attempt_and_is_noticed_within_minutes_once_it_is_back() {
    for call in [Call::Note, Call::Photo, Call::Link] {
        let mut world = World::new().await;
        world.write("a.png", &png(1));
        let (text, _) = job(call);
        let windows = "late: {within: 1h, then: skip}";
        let late =
            text.replace("late: {within: 2d, then: skip}", "late: {within: 1h, then: post}").replace("p:", "late:");
        let missed = text.replace("late: {within: 2d, then: skip}", windows).replace("p:", "missed:");
        world.jobs(&format!("{late}{missed}"));
        world.cut_off().await;
        world.pass(DAY * 3).await;
        let post = world.post("late").await;
        assert_eq!(post.state, PostState::Scheduled, "{call}: {}", post.reason);
        assert_eq!((post.prepare_failures, post.publish_failures), (0, 0), "{call}: {}", post.reason);
        assert_eq!(world.post("missed").await.state, PostState::Missed, "its window has ended");
        world.reconnect().await;
        // What fails now, and reaches Kakao, has all its attempts.
        let fault = FaultRule::new(FaultName::Code(-7)).on(&[Call::Upload, Call::LinkInfo]).times(3);
        world.fault(vec![fault]);
        world.pass(Duration::from_secs(3 * 3600)).await;
        let post = world.post("late").await;
        assert_eq!(post.state, PostState::Published, "{call}: {}", post.reason);
        assert_eq!(world.ledger().len(), 1, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_appears_after_the_api_has_ended_does_not_ask_again() {
    let mut world = World::new().await;
    world.fault(vec![FaultRule::new(FaultName::Code(-9))]);
    world.jobs("a:\n  at: now\n  type: note\n  content: 하나\n  late: {within: 3h, then: skip}\n");
    world.settle().await;
    let both = "a:\n  at: now\n  type: note\n  content: 하나\n  late: {within: 3h, then: skip}\nb:\n  at: now\n  account: shop\n  type: note\n  content: 둘\n  late: {within: 3h, then: skip}\n";
    world.jobs(both);
    world.settle().await;
    assert_eq!(world.requests("note"), 1, "the new account inherits the block");
    let shop = world.account("shop").await;
    assert_eq!(shop.blocked_code.as_deref(), Some("-9"));
    world.fault(Vec::new());
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!(world.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_scraped_has_its_two_tries_whatever_went_wrong_before() {
    let mut world = world("server-error-before-effect", Call::LinkInfo, Some(1)).await;
    world.fault(vec![
        FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::LinkInfo]).times(1),
        FaultRule::new(FaultName::Code(-604)).on(&[Call::LinkInfo]).times(1),
    ]);
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert_eq!((post.state, world.ledger().len()), (PostState::Published, 1), "{}", post.reason);
}
