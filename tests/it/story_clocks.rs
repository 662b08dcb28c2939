//! Stories of clocks that are wrong, that are set, and that stand still while the machine sleeps, and that a person says are right: what is
//! held back otherwise is done by them, and the promises are kept all the same. Kakao's goes on by itself.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::clock::{earlier, later};
use storyd::domain::post::PostState;
use storyd::engine::tasks::publish;
use storyd::store::queue::{DeleteOrder, OperatorRefusal};

use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const NOTE: &str = "p:\n  at: now\n  type: note\n  content: 글\n";

fn once(fault: FaultName) -> FaultRule {
    FaultRule::new(fault).on(&[Call::Note]).times(1)
}

/// Sets our clock, and nobody else's; a person says that it is right.
async fn set_forward(world: &World, by: Duration) {
    world.clock.set(later(world.clock.now(), by));
    world.confirm_clock().await;
}

async fn set_back(world: &World, by: Duration) {
    world.clock.set(earlier(world.clock.now(), by));
    world.confirm_clock().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forward_cannot_shorten_the_quarantine() {
    for jump_after in [1, 3, 20] {
        let mut world = World::with_two_clocks().await;
        world.fault(vec![once(FaultName::LateEffect)]);
        world.jobs(NOTE);
        world.pass(Duration::from_secs(jump_after)).await;
        assert_eq!(world.post("p").await.state, PostState::InDoubt);
        set_forward(&world, HOUR / 2).await;
        world.pass(10 * MINUTE).await;
        assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 1));
        assert_eq!(world.ledger().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_after_the_intent_does_not_hide_the_story() {
    let mut world = World::with_two_clocks().await;
    set_forward(&world, HOUR).await;
    world.jobs("before:\n  at: now\n  type: note\n  content: 먼저\n");
    world.settle().await;
    world.fault(vec![once(FaultName::AnswerLost)]);
    world.jobs(&format!("{NOTE}before:\n  at: now\n  type: note\n  content: 먼저\n"));
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::InDoubt);
    set_back(&world, HOUR).await;
    world.pass(10 * MINUTE).await;
    assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_seems_too_old_because_no_date_was_heard_before_is_shown_to_a_person() {
    let mut world = World::with_two_clocks().await;
    set_forward(&world, HOUR).await;
    world.fault(vec![once(FaultName::AnswerLost)]);
    world.jobs(NOTE);
    world.settle().await;
    set_back(&world, HOUR).await;
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}: {}", post.state, post.reason);
    assert!(post.reason.contains(&world.ledger()[0].id), "{}", post.reason);
    assert_eq!(world.requests("note"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_wrong_for_a_moment_only_does_not_hide_the_story_either() {
    // Right when Kakao was last heard, an hour ahead at the intent, right again when it looks.
    let mut world = World::with_two_clocks().await;
    world.jobs("before:\n  at: now\n  type: note\n  content: 먼저\n");
    world.settle().await;
    set_forward(&world, HOUR).await;
    world.fault(vec![once(FaultName::AnswerLost)]);
    world.jobs(&format!("{NOTE}before:\n  at: now\n  type: note\n  content: 먼저\n"));
    world.settle().await;
    set_back(&world, HOUR).await;
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}: {}", post.state, post.reason);
    assert_eq!((world.requests("note"), world.ledger().len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_never_rests_leads_to_a_person_and_not_to_a_second_story() {
    let mut world = World::with_two_clocks().await;
    world.fault(vec![once(FaultName::RequestDropped)]);
    world.jobs(NOTE);
    world.settle().await;
    for _ in 0..60 {
        set_forward(&world, MINUTE).await;
        world.pass(MINUTE).await;
    }
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}: {}", post.state, post.reason);
    assert!(post.reason.contains("clock"), "{}", post.reason);
    assert_eq!(world.requests("note"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_clock_was_set_back_a_doubt_is_settled_as_fast_as_ever_and_without_a_storm_of_looks() {
    let mut world = World::with_two_clocks().await;
    world.fault(vec![once(FaultName::RequestDropped)]);
    world.jobs(NOTE);
    world.pass(Duration::from_secs(3)).await;
    set_back(&world, HOUR).await;
    world.pass(10 * MINUTE).await;
    assert_ne!(world.post("p").await.state, PostState::InDoubt);
    assert!(world.requests("my_stories") < 30, "{}", world.requests("my_stories"));
    world.pass(HOUR).await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Published, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_a_wrong_clock_put_far_ahead_ends_within_the_hour() {
    let mut world = World::with_two_clocks().await;
    set_forward(&world, DAY).await;
    world.fault(vec![once(FaultName::Code(-4))]);
    world.jobs("p:\n  at: 2026-12-01 08:00\n  type: note\n  content: 글\n  late: {within: 3d, then: skip}\n");
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Scheduled);
    assert!(world.account("cafe").await.blocked_code.is_some());
    set_back(&world, DAY).await;
    world.pass(HOUR + MINUTE).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_sleeps_during_the_request_hears_the_answer_all_the_same() {
    let mut world = World::with_two_clocks().await;
    world.fault(vec![once(FaultName::Delay).after(Duration::from_secs(1))]);
    world.jobs(NOTE);
    storyd::engine::tasks::enqueue::run_once(world.ctx()).await.unwrap();
    let ctx = world.shared();
    let publishing = tokio::spawn(async move { publish::run_once(&ctx, "cafe").await.unwrap() });
    while world.requests("note") == 0 {
        tokio::task::yield_now().await;
    }
    // The lease ends hours before the answer comes, and the quarantine with it.
    for _ in 0..3 {
        world.pass(HOUR).await;
    }
    publishing.await.unwrap();
    let post = world.post("p").await;
    assert_eq!((post.state, world.ledger().len()), (PostState::Published, 1));
    assert!(world.events(post.post).await.iter().all(|event| event.event != "doubt"), "its task lived");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_be_sure_of_an_absence_while_the_request_may_still_take_effect() {
    let mut world = World::new().await;
    world.fault(vec![once(FaultName::LateEffect)]);
    world.jobs(NOTE);
    world.settle().await;
    let (post, quarantine) = (world.post("p").await.post, world.ctx().rules.quarantine);
    let store = &world.ctx().store;
    let refused = store.resolve_absent(post, "tester", quarantine, later(world.clock.now(), MINUTE)).await;
    assert!(matches!(refused, Err(OperatorRefusal::TooSoon { .. })), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("look at the account's page again in 120 s"));
    world.pass(10 * MINUTE).await;
    assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 1));
}

/// A post whose attempts fail with a plain refusal while our clock is a day ahead, and which is then set right.
async fn put_off_by_a_clock_a_day_ahead() -> World {
    let mut world = World::with_two_clocks().await;
    set_forward(&world, DAY).await;
    world.fault(vec![FaultRule::new(FaultName::Code(-604)).on(&[Call::Note]).times(1)]);
    world.jobs("p:\n  at: 2026-12-01 08:00\n  type: note\n  content: 글\n  late: {within: 3d, then: skip}\n");
    world.settle().await;
    let put_off = world.post("p").await;
    assert!(put_off.state == PostState::Scheduled && put_off.due_at > world.clock.now(), "{put_off:?}");
    set_back(&world, DAY).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_a_wrong_clock_put_off_waits_no_longer_than_it_was_put_off_for() {
    for stops in [false, true] {
        let mut world = put_off_by_a_clock_a_day_ahead().await;
        if stops {
            world.crash().await;
        }
        world.settle().await;
        world.pass(Duration::from_secs(8)).await;
        assert_eq!(world.requests("note"), 1, "no sooner, either");
        world.pass(MINUTE).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.ledger().len()), (PostState::Published, 1), "{}", post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_by_a_wrong_clock_goes_out_when_the_clock_is_right_and_its_window_ends_with_it() {
    for posts in [true, false] {
        let mut world = World::with_two_clocks().await;
        world.jobs("p:\n  at: 2026-12-01 09:00\n  type: note\n  content: 글\n  late: {within: 1h, then: skip}\n");
        world.settle().await;
        set_forward(&world, DAY).await;
        world.settle().await;
        assert_eq!(world.post("p").await.state, PostState::Missed);
        let missed = world.post("p").await.post;
        let (now, ahead) = (world.clock.now(), world.ctx().rules.prepare_ahead);
        world.ctx().store.release(missed, &[PostState::Missed], "tester", "", ahead, now).await.unwrap();
        set_back(&world, DAY - 2 * HOUR).await;
        if posts {
            world.pass(MINUTE).await;
            assert_eq!(world.post("p").await.state, PostState::Published);
            continue;
        }
        // What is stopped meanwhile is late an hour after the release, as the right clock counts it.
        world.fault(vec![FaultRule::new(FaultName::Code(-4)).on(&[Call::Note])]);
        world.pass(2 * HOUR).await;
        assert_eq!(world.post("p").await.state, PostState::Missed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_file_sets_to_an_instant_stays_there_whatever_the_clock_does() {
    let mut world = World::with_two_clocks().await;
    world.jobs("p:\n  at: 2026-12-01 12:00\n  type: note\n  content: 글\n");
    world.settle().await;
    for _ in 0..3 {
        set_forward(&world, 3 * HOUR).await;
        world.settle().await;
        set_back(&world, 3 * HOUR).await;
        world.settle().await;
    }
    let due_at = world.post("p").await.due_at;
    assert_eq!((due_at, world.requests("note")), (later(world.clock.now(), 4 * HOUR), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_that_a_wrong_clock_put_a_day_ahead_waits_no_longer_than_its_job_says() {
    for restarts in [false, true] {
        let mut world = World::with_two_clocks().await;
        set_forward(&world, DAY).await;
        world.jobs(&format!("{NOTE}  delete_after: 1h\n"));
        world.settle().await;
        set_back(&world, DAY).await;
        world.pass(HOUR - MINUTE).await;
        if restarts {
            world.crash().await;
        }
        assert_eq!(world.post("p").await.state, PostState::Published, "no sooner, either");
        world.pass(2 * MINUTE).await;
        assert_eq!(world.post("p").await.state, PostState::Deleted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_that_was_tried_or_ordered_by_a_wrong_clock_is_not_put_off_by_a_day() {
    for ordered in [false, true] {
        let mut world = World::with_two_clocks().await;
        world.jobs(&format!("{NOTE}  {}\n", if ordered { "tags: [a]" } else { "delete_at: 2026-12-02 07:00" }));
        world.settle().await;
        set_forward(&world, DAY).await;
        if ordered {
            let (post, now) = (world.post("p").await.post, world.clock.now());
            let order = DeleteOrder { actor: "anna", reason: "" };
            let _ = world.ctx().store.order_delete(post, order, now, now).await.unwrap();
        } else {
            world.fault(vec![FaultRule::new(FaultName::Code(-604)).on(&[Call::Delete]).times(1)]);
            world.settle().await;
        }
        set_back(&world, DAY).await;
        // It was ordered while nobody ran.
        world.crash().await;
        world.pass(10 * MINUTE).await;
        assert_eq!(world.post("p").await.state, PostState::Deleted, "ordered by a person: {ordered}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_at_an_instant_of_its_job_file_stays_there_whatever_the_clock_does() {
    let mut world = World::with_two_clocks().await;
    set_forward(&world, 3 * HOUR).await;
    world.jobs(&format!("{NOTE}  delete_at: 2026-12-01 12:00\n"));
    world.settle().await;
    set_back(&world, 3 * HOUR).await;
    world.pass(4 * HOUR - MINUTE).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    world.pass(MINUTE).await;
    assert_eq!(world.post("p").await.state, PostState::Deleted);
}
