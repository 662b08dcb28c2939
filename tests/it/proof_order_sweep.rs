//! Proof by sweep of what a person orders: a bulk take-down, killed at every step from the order on, and under every fault of the
//! sandbox; and a backup that is put back, killed at every step of it. The sandbox's ledger judges: nothing that should be up is taken
//! down, nothing that is up is reported down, nothing goes out twice.

use std::path::Path;
use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::store::backup;
use storyd::store::crash::dying_at;
use storyd::store::queue::DeleteOrder;
use storyd::store::{Access, Store, StoreError};

use crate::support::world::World;

const HOUR: Duration = Duration::from_secs(3_600);
/// In which every block is lifted and every order is carried out or given up.
const REST: Duration = Duration::from_secs(3 * 3_600);
const DAYS: Duration = Duration::from_secs(3 * 86_400);
const ORDER: DeleteOrder<'_> = DeleteOrder { actor: "anna", reason: "the wrong price" };

/// Two posts of one account that are to go, one of another, and one that stays.
const POSTS: &str = "a: {at: [2026-12-01 08:10, 2026-12-01 08:11], type: note, content: 틀린 값}
b: {account: shop, at: 2026-12-01 08:10, type: note, content: 틀린 값 둘}
stays: {at: 2026-12-01 08:12, type: note, content: 맞는 값}
";

/// One that is to go, and one that stays.
const FEW: &str = "a: {at: 2026-12-01 08:10, type: note, content: 틀린 값}
stays: {at: 2026-12-01 08:12, type: note, content: 맞는 값}
";

async fn published(mut world: World, jobs: &str) -> (World, Vec<i64>) {
    world.jobs(jobs);
    world.pass(HOUR / 2).await;
    let mut wrong: Vec<i64> = Vec::new();
    for post in world.posts().await {
        assert_eq!(post.state, PostState::Published, "{}", post.reason);
        if post.job != "stays" {
            wrong.push(post.post);
        }
    }
    (world, wrong)
}

/// Orders what is not ordered yet, or was given up, as a person does who types the command again.
async fn order(world: &World, wrong: &[i64]) {
    let mut left = Vec::new();
    for story in world.stories().await {
        let ordered = story.delete_at.is_some() && story.delete_fault.is_none();
        if wrong.contains(&story.post) && story.deleted_at.is_none() && !ordered {
            left.push(story.post);
        }
    }
    let now = world.clock.now();
    world.ctx().store.order_deletes(&left, ORDER, (now, Duration::from_secs(5)), now).await.unwrap();
}

/// What the record reports down is down, and what nobody ordered is up.
async fn true_so_far(world: &World, what: &str) {
    let ledger = world.ledger();
    for story in world.stories().await {
        let there = ledger.iter().find(|entry| entry.id == story.story_id).unwrap();
        assert!(story.deleted_at.is_none() || there.deleted_at.is_some(), "{what}: {} is up", story.story_id);
        assert!(story.job != "stays" || there.deleted_at.is_none(), "{what}: what should be up is gone");
    }
}

async fn all_gone(world: &mut World, wrong: &[i64], what: &str) {
    true_so_far(world, what).await;
    order(world, wrong).await;
    world.pass(REST).await;
    true_so_far(world, what).await;
    for story in world.stories().await {
        assert_eq!(story.deleted_at.is_some(), wrong.contains(&story.post), "{what}: {story:?}");
    }
    assert!(world.ctx().store.check().await.unwrap().is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_take_down_survives_a_kill_at_every_step_from_the_order_on() {
    for step in 1.. {
        let (mut world, wrong) = published(World::new().await, POSTS).await;
        let (done, _) = dying_at(Some(step), async {
            order(&world, &wrong).await;
            world.pass(HOUR).await;
        })
        .await;
        if done.is_none() {
            world.crash().await;
        }
        all_gone(&mut world, &wrong, &format!("killed at step {step}")).await;
        if done.is_some() {
            assert!(step > 12, "three take-downs take {step} steps: some of them no longer count");
            return;
        }
    }
}

/// Every fault that a call can meet.
fn faults(call: Call) -> Vec<FaultName> {
    FaultName::all().into_iter().filter(|name| name.possible_calls().contains(&call)).collect()
}

async fn world_for(fault: FaultName) -> World {
    if fault.to_string().starts_with("hang") { World::impatient().await } else { World::new().await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_take_down_under_every_fault_that_lasts_reports_nothing_down_that_is_up() {
    for call in [Call::Delete, Call::MyStory] {
        assert!(faults(call).len() > 20, "{call}");
        for fault in faults(call) {
            let (mut world, wrong) = published(world_for(fault).await, FEW).await;
            world.fault(vec![FaultRule::new(fault).on(&[call])]);
            order(&world, &wrong).await;
            world.pass(Duration::from_secs(600)).await;
            true_so_far(&world, &format!("{fault} on {call}")).await;
            world.fault(vec![]);
            world.pass(REST).await;
            all_gone(&mut world, &wrong, &format!("{fault} on {call}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_whose_looks_at_single_stories_meet_any_fault_calls_nothing_missing_that_is_up() {
    for fault in faults(Call::MyStory).into_iter().filter(|fault| fault.to_string() != "code-605") {
        let mut world = world_for(fault).await;
        // Its list lacks the story, so that the audit asks for it by itself.
        world.fault(vec![
            FaultRule::new(FaultName::ListLag).after(DAYS),
            FaultRule::new(fault).on(&[Call::MyStory]).times(1),
        ]);
        world.jobs("p: {at: now, type: note, content: 글}\n");
        world.settle().await;
        let run = world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
        world.pass(24 * HOUR).await;
        let row = world.ctx().store.audit(run).await.unwrap().unwrap();
        assert!(row.ended_at.is_some() && row.findings == 0, "{fault}: {row:?}");
    }
}

/// How the files of a queue lie after a restore that died, and what a person finds who starts the daemon.
async fn untouched_or_refused(data: &Path, died: bool) {
    match Store::open(data, Access::Beside).await {
        Ok(store) => store.close().await,
        Err(StoreError::Restoring(_)) => assert!(died),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_at_every_step_loses_neither_the_backup_nor_the_queue_before_it() {
    for step in 1.. {
        let mut world = World::new().await;
        world.jobs(
            "p: {at: [2026-12-01 08:10, 2026-12-01 10:00], type: note, content: 글, late: {within: 7d, then: post}}\n",
        );
        world.settle().await;
        let (folder, data) = (world.path("backup"), world.path("data"));
        world.ctx().store.back_up(&folder, world.clock.now()).await.unwrap();
        world.pass(HOUR).await;
        assert_eq!(world.ledger().len(), 1);
        world.stop().await;
        let now = world.clock.now();
        let again = || backup::restore(&folder, &data, "tester", now);
        let (done, _) = dying_at(Some(step), again()).await;
        let lived = done.is_some();
        untouched_or_refused(&data, !lived).await;
        let told = match done {
            Some(told) => told.unwrap(),
            // The same command again, as the refusal says; within the same second, too.
            None => again().await.unwrap(),
        };
        let aside = told.aside.unwrap();
        let before = Store::open(&aside, Access::Beside).await.unwrap();
        let kept = before.posts(&storyd::store::view::PostFilter::default()).await.unwrap();
        assert!(kept.iter().any(|post| post.state == PostState::Published), "killed at step {step}: {kept:?}");
        before.close().await;
        world.start().await;
        world.pass(6 * HOUR).await;
        assert_eq!(world.ledger().len(), 2, "killed at step {step}: each once");
        assert!(world.ctx().store.check().await.unwrap().is_empty(), "killed at step {step}");
        if lived {
            assert!(step >= 10, "a restore takes {step} steps: some of them no longer count");
            return;
        }
    }
}
