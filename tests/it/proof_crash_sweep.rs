//! Proof by sweep: a note, a photo and a link, each killed at every step that touches disk or network on its way from the job file to
//! the story and down again, then at every pair of steps, the second one in the recovery from the first. The sandbox's ledger judges.
//!
//! The pairs take a while, so the suite takes every `STORYD_SWEEP_STRIDE`-th second step (7); with 1 it takes all:
//! `STORYD_SWEEP_STRIDE=1 cargo test --release --test it proof_crash_sweep -- --nocapture`.

use std::time::Duration;

use storyd::domain::post::PostState;

use crate::support::world::{World, png};

const DAYS: Duration = Duration::from_secs(2 * 86_400);

const NOTE: &str =
    "p:\n  at: 2026-12-01 08:15\n  type: note\n  content: 글\n  late: {within: 2d, then: skip}\n  delete_after: 1h\n";
const LINK: &str = "p:\n  at: 2026-12-01 08:15\n  type: link\n  url: https://example.com/\n  content: 링크\n  late: {within: 2d, then: skip}\n  delete_after: 1h\n";
const PHOTO: &str = "p:\n  at: 2026-12-01 08:15\n  type: photo\n  images: [a.png, b.png]\n  content: 사진\n  late: {within: 2d, then: skip}\n  delete_after: 1h\n";

async fn world(job: &str) -> World {
    let world = World::new().await;
    world.write("a.png", &png(1));
    world.write("b.png", &png(2));
    world.jobs(job);
    world
}

/// Two accounts at the same time, each with posts that follow one another: their results, claims and intents share commits.
const LANES: &str = "a:
  {at: [2026-12-01 08:15, 2026-12-01 08:16, 2026-12-01 08:17], type: note, content: 글, late: {within: 2d, then: skip}}
b:
  {account: shop, at: [2026-12-01 08:15, 2026-12-01 08:16, 2026-12-01 08:17], type: note, content: 다른, late: {within: 2d, then: skip}}
c:
  {at: 2026-12-01 08:16, type: link, url: 'https://example.com/', content: 링크, late: {within: 2d, then: skip}}
";

/// Lets a world that was killed come to rest, and holds it against the promise.
async fn judged(mut world: World, what: &str) {
    world.live(None, DAYS).await;
    let post = world.post("p").await;
    assert_eq!(post.state, PostState::Deleted, "{what}: {}", post.reason);
    assert_eq!(world.ledger().len(), 1, "{what}");
}

/// Kills at each step; how many steps there are.
async fn at_every_step(job: &str) -> u64 {
    for k in 1.. {
        let mut world = world(job).await;
        let (lived, steps) = world.live(Some(k), DAYS).await;
        judged(world, &format!("killed at step {k}")).await;
        if lived {
            return steps;
        }
    }
    unreachable!("a life ends");
}

/// Kills at each step, and again at each step of what follows; how many lives that were.
async fn at_every_pair(job: &str, stride: u64) -> u64 {
    let mut lives = 0;
    for first in 1.. {
        // Each first step meets other second steps, so that the suite's share is spread evenly.
        for second in (1 + first % stride..).step_by(usize::try_from(stride).unwrap()) {
            let mut world = world(job).await;
            if world.live(Some(first), DAYS).await.0 {
                return lives;
            }
            let (lived, _) = world.live(Some(second), DAYS).await;
            judged(world, &format!("killed at step {first}, and at step {second} after that")).await;
            lives += 1;
            if lived {
                break;
            }
        }
    }
    unreachable!("a life ends");
}

fn stride() -> u64 {
    std::env::var("STORYD_SWEEP_STRIDE").ok().and_then(|text| text.parse().ok()).unwrap_or(7).max(1)
}

#[expect(clippy::print_stdout, reason = "the figures of a sweep are what it is for")]
async fn sweep(kind: &str, job: &str, steps_at_least: u64) {
    let steps = at_every_step(job).await;
    assert!(steps >= steps_at_least, "a {kind} takes {steps} steps: some of them no longer count");
    let pairs = at_every_pair(job, stride()).await;
    println!(
        "crash sweep of a {kind}: {steps} single kills, {pairs} pairs (stride {}): none twice, none lost",
        stride()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_survives_a_kill_at_every_step_and_pair_of_steps() {
    sweep("note", NOTE, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_survives_a_kill_at_every_step_and_pair_of_steps() {
    sweep("link", LINK, 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_survives_a_kill_at_every_step_and_pair_of_steps() {
    sweep("photo", PHOTO, 14).await;
}

/// A world whose accounts wake at 08:20 and find everything due.
async fn world_of_lanes() -> World {
    let mut world = world(LANES).await;
    world.settings.defaults.catch_up_gap = Duration::ZERO;
    world.crash().await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(20 * 60));
    world.abreast();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_share_commits_survive_a_kill_at_every_step() {
    let (mut lives, mut steps) = (0, 0);
    for k in 1.. {
        let mut world = world_of_lanes().await;
        let (lived, passed) = world.live(Some(k), DAYS).await;
        world.live(None, DAYS).await;
        let posts = world.posts().await;
        assert_eq!(posts.len(), 7);
        for post in &posts {
            assert_eq!(post.state, PostState::Published, "killed at step {k}: {}", post.reason);
        }
        assert_eq!(world.ledger().len(), 7, "killed at step {k}");
        lives += 1;
        steps = steps.max(passed);
        if lived {
            break;
        }
    }
    assert!(steps >= 20, "seven posts take {steps} steps: some of them no longer count");
    tell_lanes(lives, steps);
}

#[expect(clippy::print_stdout, reason = "the figures of a sweep are what it is for")]
fn tell_lanes(lives: u64, steps: u64) {
    println!("crash sweep of lanes abreast: {lives} lives, up to {steps} steps: none twice, none lost");
}
