//! Stories of lists that show no absence, although the post is not in them: one without an end, and one during which the quarantine ended.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use serde_json::json;
use storyd::domain::clock::later;
use storyd::domain::post::PostState;
use storyd::engine::TaskOutcome;
use storyd::engine::tasks::reconcile;

use crate::support::world::{START, World, at};

const NOTE: &str = "p:\n  at: now\n  type: note\n  content: 글\n";
/// More than 200 pages of 18.
const MANY: u32 = 3_700;

fn once(fault: FaultName, call: Call) -> FaultRule {
    FaultRule::new(fault).on(&[call]).times(1)
}

/// A ledger of Kakao's in which a person posts [`MANY`] notes a minute after the start, all at once.
fn ledger_of_a_busy_person() -> String {
    let posted_at = later(at(START), Duration::from_secs(60)).to_string();
    let mut lines = vec![
        json!({"format": "storyd-sandbox-ledger", "version": 1, "salt": 7}),
        json!({"event": "account", "name": "cafe", "user_id": 7, "profile": "_busy", "at": START,
               "scopes": ["story_publish", "story_read"]}),
    ];
    lines.extend((0..MANY).map(|number| {
        let entry = json!({"id": format!("_busy.{number}"), "account": "cafe", "kind": "note", "content": "손으로",
                           "permission": "PUBLIC", "enable_share": false, "created_at": posted_at, "request": 0});
        json!({"event": "story", "story": {"entry": entry, "listed_at": posted_at, "shown_created_at": posted_at}})
    }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_goes_on_for_hundreds_of_pages_proves_no_absence_and_ends_with_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    std::fs::write(&ledger, ledger_of_a_busy_person()).unwrap();
    let mut world = World::in_folder(folder, at(START), |options| options.ledger = Some(ledger)).await;
    world.condone("thousands of stories were posted by hand");
    world.fault(vec![once(FaultName::RequestDropped, Call::Note)]);
    world.jobs(NOTE);
    // The quarantine begins with a list that is still short.
    world.pass(Duration::from_secs(5)).await;
    assert_eq!(world.post("p").await.state, PostState::InDoubt);
    let (quarantine, limit) = (world.ctx().rules.quarantine, world.ctx().rules.doubt_limit);
    world.clock.set(later(at(START), quarantine * 2));
    // As long as two complete lists would take.
    world.pass(Duration::from_secs(20)).await;
    let post = world.post("p").await;
    assert_eq!((post.state, world.requests("note")), (PostState::InDoubt, 1), "{}", post.reason);
    world.clock.set(later(at(START), limit));
    world.settle().await;
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}", post.reason);
    assert!(post.reason.contains("longer than 200 pages") && post.reason.contains("resolve"), "{}", post.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_begun_before_the_quarantine_ended_proves_no_absence() {
    let mut world = World::new().await;
    world.fault(vec![once(FaultName::RequestDropped, Call::Note)]);
    world.jobs(NOTE);
    // A look before the quarantine ends finds the token refused, and the new one comes only after that end.
    world.pass(Duration::from_secs(100)).await;
    let slow = FaultRule::new(FaultName::Delay).on(&[Call::Token]).times(1).after(Duration::from_secs(1));
    world.fault(vec![once(FaultName::Code(-401), Call::MyStories), slow]);
    let ctx = world.shared();
    let look_at = ctx.store.next_wake(world.clock.now()).await.unwrap().unwrap();
    let over_at = later(at(START), ctx.rules.quarantine + Duration::from_secs(5));
    assert!(look_at < over_at, "a look is due before");
    world.clock.set(look_at);
    let looking = tokio::spawn(async move { reconcile::run_once(&ctx, "cafe").await.unwrap() });
    while world.requests("token") == 0 {
        assert!(!looking.is_finished(), "it is not time to look");
        tokio::task::yield_now().await;
    }
    world.clock.set(over_at);
    let report = looking.await.unwrap();
    let TaskOutcome::LookAgain { why, .. } = report.outcome else { panic!("{report:?}") };
    assert_eq!(why, "not in the list yet", "it does not count");
    world.pass(Duration::from_secs(60)).await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Published, 1));
}
