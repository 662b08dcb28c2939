//! The story of an image's snapshot: it stays as long as anything refers to it, and no longer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kakao_sandbox::FaultRule;
use storyd::domain::clock::earlier;
use storyd::domain::content::Image;
use storyd::domain::post::PostState;
use storyd::engine::tasks::maintenance;
use storyd::store::backup::damaged_images;

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
    maintenance::sweep_media(world.ctx()).await;
    assert!(!folder.join(&of_nobody).exists(), "nothing refers to it");
    assert!(folder.join(&young).exists(), "a post may be about to refer to it");
    assert!(world.ctx().store.media().open(&of_post).is_ok(), "the withdrawn post refers to it");
}

/// A photo to come, and the file of its picture.
async fn a_photo_to_come() -> (World, Image, PathBuf) {
    let mut world = World::new().await;
    world.write("a.png", &png(1));
    world.jobs("p:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [a.png]\n");
    world.settle().await;
    let image = world.post("p").await.content.images()[0].clone();
    let stored = world.ctx().store.media().folder().join(&image.sha256);
    (world, image, stored)
}

/// Other bytes in the place of a file's, as many as before.
fn damage(stored: &Path) {
    let mut bytes = std::fs::read(stored).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(stored.with_extension("damaged"), bytes).unwrap();
    std::fs::rename(stored.with_extension("damaged"), stored).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_bytes_were_damaged_goes_out_when_the_job_files_still_have_it() {
    let (mut world, _, stored) = a_photo_to_come().await;
    damage(&stored);
    // Written anew, as a person does who wants them read again.
    world.jobs("p:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [a.png]\n  tags: [again]\n");
    world.pass(Duration::from_secs(2 * 3_600)).await;
    let post = world.post("p").await;
    assert_eq!(post.state, PostState::Published, "{}", post.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_puts_back_whole_pictures_in_the_place_of_damaged_ones() {
    let (mut world, image, stored) = a_photo_to_come().await;
    let backup = world.path("backup");
    let label = world.ctx().store.back_up(&backup, world.clock.now()).await.unwrap();
    assert_eq!(label.images, 1);
    for spoil in [damage, |stored: &Path| std::fs::write(stored, b"").unwrap()] {
        spoil(&stored);
        world.restored_from(&backup).await;
        assert!(world.ctx().store.media().open(&image).is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_picture_is_left_out_of_a_backup_and_named() {
    let (mut world, image, stored) = a_photo_to_come().await;
    let sound = world.path("sound");
    world.ctx().store.back_up(&sound, world.clock.now()).await.unwrap();
    damage(&stored);
    let backup = world.path("backup");
    let label = world.ctx().store.back_up(&backup, world.clock.now()).await.unwrap();
    assert_eq!((label.images, label.damaged.as_slice()), (0, &[image.sha256.clone()][..]));
    assert!(!backup.join("media").join(&image.sha256).exists());
    // One that was damaged within the backup puts nothing bad in the place of what is good.
    damage(&sound.join("media").join(&image.sha256));
    assert_eq!(damaged_images(&sound).await.unwrap(), std::slice::from_ref(&image.sha256));
    std::fs::write(&stored, png(1)).unwrap();
    world.restored_from(&sound).await;
    assert!(world.ctx().store.media().open(&image).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_of_another_page_is_never_published() {
    let lie: FaultRule = "link-another-page".parse().unwrap();
    for (rule, state) in [(lie.clone().times(2), PostState::Published), (lie, PostState::Missed)] {
        let mut world = World::new().await;
        world.fault(vec![rule]);
        world.jobs("p:\n  at: 2026-12-01 09:00\n  type: link\n  url: https://example.com/menu?a=1\n  content: 메뉴\n");
        world.pass(Duration::from_secs(24 * 3_600)).await;
        let (post, ledger) = (world.post("p").await, world.ledger());
        assert_eq!(post.state, state, "{}", post.reason);
        if state == PostState::Published {
            assert_eq!(ledger[0].link_info.as_ref().unwrap()["requested_url"], "https://example.com/menu?a=1");
        } else {
            assert!(ledger.is_empty() && post.reason.contains("another page"), "{}", post.reason);
        }
    }
}
