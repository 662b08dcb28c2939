//! The story of an image's snapshot: it stays as long as anything refers to it, and no longer.

use std::time::Duration;

use storyd::domain::clock::earlier;
use storyd::engine::chores;

use crate::support::world::{World, png};

#[tokio::test(flavor = "multi_thread")]
async fn images_that_nothing_refers_to_are_cleared_away_and_no_other() {
    let mut world = World::new().await;
    world.write("a.png", &png(1));
    world.jobs("p:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [a.png]\n");
    world.settle().await;
    let of_post = world.post("p").await.content.images()[0].clone();
    // Out of the file: the post is withdrawn, and a person may still take it up again.
    world.jobs("q:\n  at: 2026-12-02 09:00\n  type: note\n  content: 글\n");
    world.settle().await;
    let of_nobody = of_post.sha256.replace(|c: char| c.is_ascii_digit(), "a");
    let long_ago = earlier(world.ctx().clock.now(), Duration::from_secs(3 * 86_400));
    let folder = world.ctx().store.media().folder().to_owned();
    std::fs::write(folder.join(&of_nobody), b"left behind").unwrap();
    for name in [&of_nobody, &of_post.sha256] {
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(long_ago.into()).unwrap();
    }
    chores::sweep_media(world.ctx()).await;
    assert!(!folder.join(&of_nobody).exists(), "nothing refers to it");
    assert!(world.ctx().store.media().bytes(&of_post).is_ok(), "the withdrawn post refers to it");
}
