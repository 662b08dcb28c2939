//! Stories of quiet hours, blackouts, jitter, and of zones whose rules change.

use std::time::Duration;

use jiff::tz::TimeZone;
use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::plan;

use crate::support::world::{World, at};

const DAY: Duration = Duration::from_secs(86_400);

/// The job file of a world, with blackouts.
fn write(world: &World, blackouts: &str, jobs: &str) {
    let indented: String = jobs.lines().map(|line| format!("  {line}\n")).collect();
    let head = "version: 1\nzone: Asia/Seoul\naccount: cafe\n";
    let blackouts = if blackouts.is_empty() { String::new() } else { format!("blackouts:\n{blackouts}") };
    world.write("jobs.yaml", format!("{head}{blackouts}jobs:\n{indented}").as_bytes());
    world.load().unwrap();
}

const QUIET: &str = "- {hours: 08:30-10:00, reason: quiet hours, then: move}\n";
const NOTE: &str = "p:\n  at: 2026-12-01 09:00\n  type: note\n  content: 글\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_post_within_quiet_hours_goes_out_when_they_end_and_only_once() {
    let mut world = World::new().await;
    write(&world, QUIET, NOTE);
    world.settle().await;
    let events = world.events(world.post("p").await.post).await;
    assert_eq!(events[0].reason, "moved from 2026-12-01 09:00:00, which falls into a blackout: quiet hours");
    world.pass(DAY).await;
    let [story] = world.ledger().try_into().unwrap();
    assert_eq!(story.created_at, at("2026-12-01T10:00:00+09:00"));
    // The quiet hours are lifted afterwards: the post is out under its name, whatever its instant would be.
    write(&world, "", NOTE);
    world.pass(DAY).await;
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_posts_that_come_to_one_instant_stay_two_posts() {
    let mut world = World::new().await;
    write(&world, QUIET, "p:\n  at: [2026-12-01 09:00, 2026-12-01 10:00]\n  type: note\n  content: 글\n");
    world.pass(DAY).await;
    let posts = world.posts().await;
    assert_eq!(posts.iter().map(|post| post.state).collect::<Vec<_>>(), [PostState::Published; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_that_come_later_move_what_waits_and_those_that_go_bring_it_back() {
    let mut world = World::new().await;
    write(&world, "", NOTE);
    world.settle().await;
    for (blackouts, occurs) in [(QUIET, "2026-12-01T10:00:00+09:00"), ("", "2026-12-01T09:00:00+09:00")] {
        write(&world, blackouts, NOTE);
        world.settle().await;
        let post = world.post("p").await;
        assert_eq!((post.occurs_at, post.due_at, post.state), (at(occurs), at(occurs), PostState::Scheduled));
    }
    let told: Vec<String> =
        world.events(world.post("p").await.post).await.into_iter().map(|event| event.reason).collect();
    assert_eq!(
        told[1..],
        [
            "the job file changed its time, blackout; it falls into a blackout (move: quiet hours)",
            "the job file changed its time, blackout; it falls into no blackout any more"
        ]
    );
    world.pass(DAY).await;
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blackout_holds_waits_for_a_person_and_stays_released() {
    let mut world = World::new().await;
    let hold = "- {dates: 2026-12-01, reason: launch, then: hold}\n";
    write(&world, hold, NOTE);
    world.settle().await;
    let post = world.post("p").await;
    assert_eq!((post.state, post.reason.as_str()), (PostState::Held, "it falls into a blackout: launch"));
    let ctx = world.ctx();
    let from = [PostState::Held];
    ctx.store.release(post.post, &from, "kim", "", ctx.rules.prepare_ahead, world.clock.now()).await.unwrap();
    // The next look at the files does not hold it again.
    write(&world, hold, NOTE);
    world.pass(DAY).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blackout_leaves_out_has_its_record_and_goes_on_when_the_blackout_is_lifted() {
    let mut world = World::new().await;
    let skip = "- {dates: 2026-12-01, reason: closed, then: skip}\n";
    write(&world, skip, NOTE);
    world.settle().await;
    let post = world.post("p").await;
    assert_eq!((post.state, post.reason.as_str()), (PostState::Cancelled, "it falls into a blackout: closed"));
    write(&world, skip, NOTE);
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Cancelled);
    write(&world, "", NOTE);
    world.pass(DAY).await;
    let events: Vec<_> = world.events(post.post).await.into_iter().map(|event| event.event).collect();
    assert_eq!(events, ["enqueue", "cancel", "edit", "release", "intend", "publish"]);
}

/// Two times that may be posted however late they are.
const TWO: &str =
    "p:\n  at: [2026-12-01 09:00, 2026-12-20 09:00]\n  type: note\n  content: 글\n  late: {within: 1h, then: post}\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blackout_left_out_or_held_does_not_go_on_once_its_time_has_passed() {
    for (then, stays) in [("skip", PostState::Cancelled), ("hold", PostState::Held)] {
        let mut world = World::new().await;
        write(&world, &format!("- {{dates: 2026-12-01, reason: closed, then: {then}}}\n"), TWO);
        world.pass(DAY).await;
        for _ in 0..2 {
            write(&world, "", TWO);
            world.pass(DAY).await;
            let post = world.posts().await.remove(0);
            assert_eq!((post.state, world.ledger().len()), (stays, 0), "{}", post.reason);
            assert_eq!(post.reason, "it falls into a blackout: closed");
        }
        world.pass(DAY * 20).await;
        assert_eq!(world.ledger().len(), 1, "the time that was still to come");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_a_schedule_left_out_stays_left_out_when_it_is_let_in_afterwards() {
    let mut world = World::new().await;
    let daily = "p:\n  cron: 0 9 * * *\n  type: note\n  content: 글\n  late: {within: 7d, then: post}\n";
    // The first post waits for a person, so that the schedule is looked at from there on.
    let hold = "- {dates: 2026-12-01, reason: launch, then: hold}\n";
    write(&world, hold, daily);
    world.settle().await;
    write(&world, hold, &format!("{daily}  except: [2026-12-02]\n"));
    world.pass(DAY * 2).await;
    assert!(world.ledger().is_empty());
    write(&world, hold, daily);
    world.settle().await;
    let states: Vec<_> = world.posts().await.iter().take(3).map(|post| post.state).collect();
    assert_eq!(states, [PostState::Held, PostState::Cancelled, PostState::Scheduled]);
    assert!(world.ledger().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_does_so_again_when_a_blackout_that_left_it_out_is_lifted() {
    let mut world = World::new().await;
    world.fault(vec![FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1)]);
    let doubtful = "p:\n  at: now\n  type: note\n  content: 글\n  in_doubt: hold\n";
    write(&world, "", doubtful);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(world.post("p").await.state, PostState::Held);
    for _ in 0..2 {
        write(&world, "- {dates: 2026-12-01, reason: closed, then: skip}\n", doubtful);
        world.settle().await;
        assert_eq!(world.post("p").await.state, PostState::Cancelled);
        write(&world, "", doubtful);
        world.settle().await;
    }
    let post = world.post("p").await;
    assert_eq!((post.state, world.requests("note")), (PostState::Held, 1), "{}", post.reason);
    assert_eq!(
        post.reason,
        "its blackout was lifted; before that: proved absent: two complete lists after the quarantine lack it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_blackout_held_goes_on_when_another_that_left_it_out_is_lifted_in_time() {
    let mut world = World::new().await;
    for then in ["then: hold", "then: skip"] {
        write(&world, &format!("- {{dates: 2026-12-01, reason: closed, {then}}}\n"), NOTE);
        world.settle().await;
    }
    assert_eq!(world.post("p").await.state, PostState::Cancelled);
    write(&world, "", NOTE);
    world.pass(DAY).await;
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jittered_post_goes_out_at_its_own_second_after_a_restart_too() {
    let mut world = World::new().await;
    write(&world, "", "p:\n  cron: 0 9 * * *\n  jitter: 10m\n  type: note\n  content: 글\n");
    world.settle().await;
    let planned: Vec<_> = world.posts().await.into_iter().map(|post| post.occurs_at).collect();
    assert!(planned.iter().any(|at| at.as_second() % 3600 != 0));
    world.crash().await;
    world.pass(DAY).await;
    assert_eq!(world.posts().await.into_iter().map(|post| post.occurs_at).take(30).collect::<Vec<_>>(), planned[..30]);
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rules_of_a_zone_move_what_waits_and_say_so() {
    let mut world = World::new().await;
    write(&world, "", "p:\n  cron: 0 9 2 12 *\n  type: note\n  content: 글\n");
    world.settle().await;
    let post = world.post("p").await;
    assert_eq!(post.occurs_at, at("2026-12-02T09:00:00+09:00"));
    // The next release of the zones sets Korea's clocks an hour ahead.
    let mut plan = plan::load(&[world.path("jobs.yaml")], world.clock.now()).unwrap();
    plan.jobs.get_mut("p").unwrap().time_zone = TimeZone::posix("KST-10").unwrap();
    world.ctx().plan.set(plan);
    world.settle().await;
    let moved = world.post("p").await;
    assert_eq!((moved.post, moved.occurs_at), (post.post, at("2026-12-02T08:00:00+09:00")));
    let event = world.events(post.post).await.pop().unwrap();
    assert_eq!(event.event, "edit");
    let told = "the clock rules of Asia/Seoul changed (time zone data ";
    assert!(event.reason.starts_with(told) && event.reason.ends_with("), which moves its instant"), "{}", event.reason);
    world.pass(DAY * 2).await;
    assert_eq!(world.ledger().len(), 1);
}
