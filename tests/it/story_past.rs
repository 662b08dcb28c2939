//! Times that had passed before the queue learnt of them: a slip of the pen is held, whatever the late policy says, and nothing else is.

use std::time::Duration;

use storyd::domain::post::PostState;

use crate::support::world::World;

/// One job with these lines, at 08:00 on 1 December 2026 in Seoul.
async fn with(lines: &str) -> World {
    let mut world = World::new().await;
    world.jobs(&format!("p:\n  type: note\n  content: 글\n  {}\n", lines.replace('\n', "\n  ")));
    world.settle().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_is_new_and_long_past_is_held_whatever_its_late_policy_says() {
    for lines in [
        "at: 2020-12-25 09:00",
        "at: 2020-12-25 09:00\nlate: {within: 1h, then: post}",
        "at: 2025-12-01 09:00\nlate: {within: 2h, then: skip}",
        "at: 2026-01-05 09:00\nlate: {within: 2h, then: hold}",
        "at: 2026-11-29 09:00\nlate: {within: 1h, then: post}",
        "at: 2026-11-29T09:00+09:00\nlate: {within: 1d, then: post}",
        "at: 2026-11-28 09:00\nlate: {within: 5d, then: skip}",
        "at: 2026-11-20 09:00\nlate: {within: 300d, then: post}",
        "at: 2026-08-20 09:00\nlate: {within: 365d, then: skip}",
    ] {
        let world = with(lines).await;
        let post = world.post("p").await;
        assert_eq!(post.state, PostState::Held, "{lines}");
        assert!(post.reason.contains("had passed long before it came into the queue"), "{lines}: {}", post.reason);
        assert_eq!(world.ledger().len(), 0, "{lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_by_less_or_asks_for_now_follows_its_late_policy() {
    for (lines, state) in [
        ("at: now", PostState::Published),
        ("at: 2026-12-01 07:30\nlate: {within: 1h, then: skip}", PostState::Published),
        ("at: 2026-11-30 20:00\nlate: {within: 1h, then: post}", PostState::Published),
        ("at: 2026-11-30 20:00\nlate: {within: 1h, then: skip}", PostState::Missed),
        ("at: 2026-12-02 09:00", PostState::Scheduled),
    ] {
        assert_eq!(with(lines).await.post("p").await.state, state, "{lines}");
    }
    let world = with("cron: \"0 9 * * *\"\nfrom: 2020-01-01\nlate: {within: 1h, then: post}").await;
    let states: Vec<PostState> = world.posts().await.into_iter().map(|post| post.state).collect();
    assert!(
        states.iter().all(|state| *state == PostState::Scheduled),
        "a pattern asks for nothing of the past: {states:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_downtime_skipped_is_no_slip_and_a_corrected_year_makes_another_post() {
    let mut world = with("at: 2026-12-03 09:00\nlate: {within: 1h, then: post}").await;
    world.clock.advance(Duration::from_secs(10 * 86_400));
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published, "it was known before");

    let mut world = with("at: 2025-12-24 09:00").await;
    let held = world.post("p").await;
    world.jobs("p:\n  type: note\n  content: 글\n  at: 2026-12-24 09:00\n");
    world.settle().await;
    let posts = world.posts().await;
    let state = |id| posts.iter().find(|post| post.post == id).map(|post| post.state);
    assert_eq!(state(held.post), Some(PostState::Cancelled));
    assert!(posts.iter().any(|post| post.state == PostState::Scheduled && post.post != held.post));
}
