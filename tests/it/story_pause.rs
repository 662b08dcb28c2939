//! Stories of pauses.

use std::time::Duration;

use storyd::domain::clock::later;
use storyd::domain::post::PostState;
use storyd::store::Written;
use storyd::store::queue::{PauseOrder, PauseScope};

use crate::support::world::World;

const JOBS: &str =
    "a:\n  at: 2026-12-01 09:00\n  type: note\n  content: a\n  tags: [menu]\n  late: {within: 3h, then: skip}
b:\n  at: 2026-12-01 09:00\n  account: shop\n  type: note\n  content: b\n  late: {within: 3h, then: skip}\n";

async fn paused(scope: PauseScope, length: Option<Duration>) -> World {
    let mut world = World::new().await;
    world.jobs(JOBS);
    world.settle().await;
    let now = world.clock.now();
    let order = PauseOrder { actor: "kim", reason: "wrong season", until: length.map(|length| later(now, length)) };
    assert_eq!(world.ctx().store.pause(&scope, order, now).await.unwrap(), Written::Done);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_what_it_covers_and_nothing_else_and_survives_a_restart() {
    let cases = [
        (PauseScope::All, [PostState::Scheduled, PostState::Scheduled]),
        (PauseScope::Account("cafe".into()), [PostState::Scheduled, PostState::Published]),
        (PauseScope::Tag("menu".into()), [PostState::Scheduled, PostState::Published]),
        (PauseScope::Job("b".into()), [PostState::Published, PostState::Scheduled]),
    ];
    for (scope, expected) in cases {
        let mut world = paused(scope.clone(), None).await;
        world.crash().await;
        world.pass(Duration::from_secs(2 * 3600)).await;
        assert_eq!([world.post("a").await.state, world.post("b").await.state], expected, "{scope:?}");

        assert_eq!(world.ctx().store.resume(&scope).await.unwrap(), Written::Done);
        assert_eq!(world.ctx().store.resume(&scope).await.unwrap(), Written::Lost);
        world.settle().await;
        assert_eq!(world.ledger().len(), 2, "{scope:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_by_itself_when_it_was_given_an_end() {
    let mut world = paused(PauseScope::All, Some(Duration::from_secs(2 * 3600))).await;
    world.pass(Duration::from_secs(2 * 3600 - 1)).await;
    assert_eq!(world.ledger().len(), 0);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paused_past_its_window_is_not_posted_when_the_pause_ends() {
    let mut world = paused(PauseScope::All, None).await;
    world.pass(Duration::from_secs(5 * 3600)).await;
    assert_eq!(world.ctx().store.resume(&PauseScope::All).await.unwrap(), Written::Done);
    world.settle().await;
    assert_eq!(world.post("a").await.state, PostState::Missed);
    assert_eq!(world.ledger().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_comes_between_claim_and_intent_still_stops_the_post() {
    let mut world = World::new().await;
    world.jobs("a:\n  at: now\n  type: note\n  content: a\n");
    // Killed-in-place just before the intent: claimed, nothing sent.
    let ctx = world.ctx();
    let now = world.clock.now();
    storyd::engine::tasks::enqueue::run_once(ctx).await.unwrap();
    let claim = ctx.store.claim_to_publish("cafe", now, ctx.rules.lease).await.unwrap().unwrap();
    let order = PauseOrder { actor: "kim", reason: "", until: None };
    assert_eq!(ctx.store.pause(&PauseScope::Job("a".into()), order, now).await.unwrap(), Written::Done);
    assert!(ctx.store.intend(claim, now, ctx.rules.lease).await.unwrap().is_none());
    world.settle().await;
    let post = world.post("a").await;
    assert_eq!((post.state, post.publish_failures, world.requests("note")), (PostState::Scheduled, 0, 0));
}
