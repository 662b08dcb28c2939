//! Stories that are taken down.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::store::Written;
use storyd::store::queue::DeleteOrder;

use crate::support::world::{World, at};

const DAY: Duration = Duration::from_secs(86_400);
const ORDER: DeleteOrder<'_> = DeleteOrder { actor: "kim", reason: "wrong price" };

async fn published(job: &str) -> World {
    let mut world = World::new().await;
    world.jobs(job);
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    world
}

const NOTE: &str = "p:\n  at: now\n  type: note\n  content: 글\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_job_can_say_when_its_story_is_taken_down() {
    let mut world = published(&format!("{NOTE}  delete_after: 7d\n")).await;
    world.pass(7 * DAY - Duration::from_secs(1)).await;
    assert!(world.ledger()[0].deleted_at.is_none());
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.post("p").await.state, PostState::Deleted);

    let mut world = published(&format!("{NOTE}  delete_at: 2026-12-02 18:00\n")).await;
    world.pass(3 * DAY).await;
    assert_eq!(world.ledger()[0].deleted_at, Some(at("2026-12-02T18:00:00+09:00")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_have_it_taken_down_and_the_record_says_who_and_why() {
    let mut world = published(NOTE).await;
    let post = world.post("p").await.post;
    let now = world.clock.now();
    assert_eq!(world.ctx().store.order_delete(post, ORDER, now, now).await.unwrap(), Written::Done);
    world.settle().await;
    let last = world.events(post).await.pop().unwrap();
    assert_eq!((last.event.as_str(), last.actor.as_str()), ("delete", "kim"));
    assert!(last.reason.contains("wrong price") && last.reason.contains("confirmed by a read"), "{}", last.reason);
    assert!(world.stories().await[0].deleted_at.is_some());
    // A second order finds nothing that is up.
    assert_eq!(world.ctx().store.order_delete(post, ORDER, now, now).await.unwrap(), Written::Lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_is_gone_already_is_recorded_as_gone() {
    let mut world = published(NOTE).await;
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let id = world.ledger()[0].id.clone();
    let url = format!("{}/v1/api/story/delete/mystory?id={id}", world.sandbox.url());
    let by_hand = reqwest::Client::new().delete(url).bearer_auth(&tokens.access_token).send().await.unwrap();
    assert!(by_hand.status().is_success());
    let now = world.clock.now();
    let post = world.post("p").await.post;
    assert_eq!(world.ctx().store.order_delete(post, ORDER, now, now).await.unwrap(), Written::Done);
    world.settle().await;
    let last = world.events(post).await.pop().unwrap();
    assert!(last.reason.contains("gone already"), "{}", last.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_survives_every_fault_and_is_believed_only_after_a_read() {
    let faults = [
        "answer-lost",
        "request-dropped",
        "server-error-before-effect",
        "server-error-after-effect",
        "code-1",
        "code-7",
        "code-603",
        "code-9798",
        "code-10",
        "code-401",
        "redirect-after-effect",
        "bad-gateway-after-effect",
    ];
    for call in [Call::Delete, Call::MyStory] {
        for fault in faults {
            let name: FaultName = fault.parse().unwrap();
            let mut world = published(&format!("{NOTE}  delete_after: 1h\n")).await;
            let fits = name.possible_calls().contains(&call);
            if fits {
                world.fault(vec![FaultRule::new(name).on(&[call]).times(1)]);
            }
            world.pass(Duration::from_secs(3600)).await;
            world.pass(DAY).await;
            assert_eq!(world.post("p").await.state, PostState::Deleted, "{fault} on {call}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_that_never_works_is_given_up_and_a_new_order_tries_again() {
    let mut world = published(&format!("{NOTE}  delete_after: 1h\n")).await;
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Delete])]);
    world.pass(DAY).await;
    let story = world.stories().await.remove(0);
    assert!(story.deleted_at.is_none() && story.delete_fault.is_some());
    assert_eq!(world.post("p").await.state, PostState::Published, "nothing is reported down that is up");
    world.fault(vec![]);
    let now = world.clock.now();
    assert_eq!(world.ctx().store.order_delete(story.post, ORDER, now, now).await.unwrap(), Written::Done);
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_during_a_take_down_finishes_it_later() {
    let mut world = published(&format!("{NOTE}  delete_after: 1h\n")).await;
    world.clock.set(at("2026-12-01T10:00:00+09:00"));
    world.fault(vec![FaultRule::new(FaultName::HangAfterEffect).on(&[Call::Delete]).times(1)]);
    world.die_while("delete").await;
    world.start().await;
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_due_after_its_own_take_down_is_left_to_a_person() {
    let job = "p:\n  at: 2026-12-01 09:00\n  type: note\n  content: 글\n  delete_at: 2026-12-01 09:30\n";
    for late in ["{within: 3d, then: skip}", "{within: 1h, then: post}"] {
        let mut world = World::new().await;
        world.jobs(&format!("{job}  late: {late}\n"));
        world.settle().await;
        world.clock.set(at("2026-12-01T09:40:00+09:00"));
        world.crash().await;
        world.settle().await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.ledger().len()), (PostState::Held, 0), "{}", post.reason);
        assert!(post.reason.contains("`delete_at`"), "{}", post.reason);

        // Let go as it is, it waits again; with a later `delete_at` it goes out.
        let (ahead, now) = (Duration::from_secs(600), world.clock.now());
        world.ctx().store.release(post.post, &[PostState::Held], "tester", "", ahead, now).await.unwrap();
        world.settle().await;
        assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Held, 0));
        world.jobs(&job.replace("09:30", "18:00"));
        world.settle().await;
        world.ctx().store.release(post.post, &[PostState::Held], "tester", "", ahead, now).await.unwrap();
        world.settle().await;
        assert_eq!(world.post("p").await.state, PostState::Published);
        world.pass(DAY).await;
        assert_eq!(world.ledger()[0].deleted_at, Some(at("2026-12-01T18:00:00+09:00")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_when_its_story_should_come_down_is_left_to_a_person() {
    let mut world = World::new().await;
    world.jobs(&format!("{NOTE}  delete_at: 2026-12-01 07:00\n"));
    world.settle().await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Held, 0));

    let mut world = World::new().await;
    world.fault(vec![FaultRule::new(FaultName::Code(-401))]);
    world.jobs(&format!("{NOTE}  delete_at: 2026-12-01 10:00\n  late: {{within: 1d, then: skip}}\n"));
    world.pass(2 * Duration::from_secs(3600) - Duration::from_secs(1)).await;
    assert_eq!(world.post("p").await.state, PostState::Scheduled);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.post("p").await.state, PostState::Held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_that_is_settled_late_leaves_the_story_up_no_longer() {
    let mut world = World::new().await;
    let deaf = FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories]);
    world.fault(vec![FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1), deaf]);
    world.jobs(&format!("{NOTE}  delete_after: 2d\n"));
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert!(post.parked_at.is_some(), "{}", post.reason);
    let story = world.ledger()[0].id.clone();
    world.ctx().store.resolve_found(post.post, &story, "tester", world.clock.now()).await.unwrap();
    world.pass(3 * DAY).await;
    assert_eq!(world.ledger()[0].deleted_at, Some(at("2026-12-03T08:00:00+09:00")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_the_list_still_shows_is_not_taken_down_whatever_is_said_of_it_alone() {
    // Two more stood above it when it was ordered down, or none.
    for above in [0, 2] {
        let mut jobs = NOTE.to_owned();
        let mut world = published(&jobs).await;
        for number in 0..above {
            world.pass(Duration::from_secs(60)).await;
            jobs.push_str(&format!("n{number}:\n  at: now\n  type: note\n  content: {number}번째 글\n"));
            world.jobs(&jobs);
            world.settle().await;
        }
        // Neither the deletion nor the story is answered for what it is.
        let denied = FaultRule::new(FaultName::Code(-605)).on(&[Call::Delete, Call::MyStory]);
        world.fault(vec![denied]);
        let (post, now) = (world.post("p").await.post, world.clock.now());
        assert_eq!(world.ctx().store.order_delete(post, ORDER, now, now).await.unwrap(), Written::Done);
        world.pass(DAY).await;
        let story = world.stories().await.into_iter().find(|story| story.post == post).unwrap();
        assert_eq!((world.post("p").await.state, story.deleted_at), (PostState::Published, None), "{above}");
        assert!(story.delete_fault.as_ref().is_some_and(|why| why.contains("list still shows it")), "{story:?}");
        world.fault(vec![]);
        let now = world.clock.now();
        assert_eq!(world.ctx().store.order_delete(post, ORDER, now, now).await.unwrap(), Written::Done);
        world.settle().await;
        assert_eq!(world.post("p").await.state, PostState::Deleted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_another_account_confirms_no_take_down() {
    let mut world = published(NOTE).await;
    let shop = world.sandbox.mint_tokens("shop").unwrap();
    let url = format!("{}/v1/api/story/post/note", world.sandbox.url());
    let by_hand = reqwest::Client::new().post(url).bearer_auth(&shop.access_token).form(&[("content", "가게")]);
    assert!(by_hand.send().await.unwrap().status().is_success());
    world.condone("a story was posted by hand");
    let denied = FaultRule::new(FaultName::Code(-605)).on(&[Call::Delete, Call::MyStory]);
    world.fault(vec![denied, "list-other-account".parse().unwrap()]);
    let (post, now) = (world.post("p").await.post, world.clock.now());
    assert_eq!(world.ctx().store.order_delete(post, ORDER, now, now).await.unwrap(), Written::Done);
    world.pass(DAY).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}
