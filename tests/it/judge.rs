//! The judge of the story tests is itself judged: what it must condemn, it condemns.

use storyd::domain::content::comparable;

use crate::support::world::World;

async fn post_by_hand(world: &World, text: &str) {
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let request = reqwest::Client::new()
        .post(format!("{}/v1/api/story/post/note", world.sandbox.url()))
        .bearer_auth(&tokens.access_token)
        .form(&[("content", text)]);
    assert!(request.send().await.unwrap().status().is_success());
}

/// Whether the judge condemns the world at its end.
async fn is_condemned(world: World) -> bool {
    tokio::spawn(async move { drop(world) }).await.is_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_nobody_recorded_is_condemned() {
    let world = World::new().await;
    post_by_hand(&world, "nobody's").await;
    assert!(is_condemned(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_exists_twice_is_condemned() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    post_by_hand(&world, &comparable("글")).await;
    assert!(is_condemned(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_taken_down_behind_our_back_is_condemned() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let url = format!("{}/v1/api/story/delete/mystory?id={}", world.sandbox.url(), world.ledger()[0].id);
    reqwest::Client::new().delete(url).bearer_auth(&tokens.access_token).send().await.unwrap();
    assert!(is_condemned(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_in_order_is_not_condemned() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    assert!(!is_condemned(world).await);
}
