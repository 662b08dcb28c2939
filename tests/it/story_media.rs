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
    // Taken over a moment ago, for a post that is about to be enqueued.
    let young = of_post.sha256.replace(|c: char| c.is_ascii_digit(), "b");
    let ago = |length| earlier(world.ctx().clock.now(), length);
    let long_ago = ago(Duration::from_secs(3 * 86_400));
    let folder = world.ctx().store.media().folder().to_owned();
    std::fs::write(folder.join(&of_nobody), b"left behind").unwrap();
    std::fs::write(folder.join(&young), b"of the next post").unwrap();
    let an_hour_ago = ago(Duration::from_secs(3_600));
    for (name, modified) in [(&of_nobody, long_ago), (&of_post.sha256, long_ago), (&young, an_hour_ago)] {
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(modified.into()).unwrap();
    }
    chores::sweep_media(world.ctx()).await;
    assert!(!folder.join(&of_nobody).exists(), "nothing refers to it");
    assert!(folder.join(&young).exists(), "a post may be about to refer to it");
    assert!(world.ctx().store.media().open(&of_post).is_ok(), "the withdrawn post refers to it");
}
