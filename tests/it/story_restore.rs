//! Backups, and what comes after one was put back: what went out since is found in Kakao's list before anything goes out again.

use std::path::PathBuf;
use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::clock::{earlier, later};
use storyd::domain::post::PostState;

use crate::support::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

/// So many notes, a minute apart from 08:10 on, that may be posted however late they are.
fn notes(count: usize) -> String {
    let jobs = (0..count).map(|n| {
        let (hour, minute) = (8 + (10 + n) / 60, (10 + n) % 60);
        format!(
            "n{n}:\n  at: 2026-12-01 {hour:02}:{minute:02}\n  type: note\n  content: 글 {n}\n  late: {{within: 7d, then: post}}\n"
        )
    });
    jobs.collect()
}

async fn back_up(world: &World, name: &str) -> PathBuf {
    let folder = world.path(name);
    world.ctx().store.back_up(&folder, world.clock.now()).await.unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_fifty_stories_posts_none_of_them_twice() {
    let mut world = World::new().await;
    world.jobs(&notes(60));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    world.pass(HOUR).await;
    let before = world.ledger().len();
    assert!((50..60).contains(&before), "{before} stories");
    world.restored_from(&backup).await;
    assert!(world.posts().await.iter().all(|post| post.state == PostState::Scheduled), "the backup knows of none");
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 60, "each once");
    let posts = world.posts().await;
    assert!(posts.iter().all(|post| post.state == PostState::Published), "{posts:?}");
    let adopted = world.events(posts[0].post).await.pop().unwrap();
    assert_eq!((adopted.event.as_str(), adopted.actor.as_str()), ("adopt", "restore"));
    assert!(world.ctx().store.check().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_out_between_the_restore_and_two_complete_lists() {
    let mut world = World::new().await;
    world.jobs(&notes(3));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    world.restored_from(&backup).await;
    world.fault(vec![FaultRule::new("code-7".parse().unwrap()).on(&[Call::MyStories])]);
    world.pass(HOUR / 2).await;
    assert!(world.ledger().is_empty(), "the list cannot be read");
    world.fault(vec![]);
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_read_a_person_decides_what_may_have_gone_out() {
    let mut world = World::new().await;
    world.jobs(&notes(2));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 2);
    world.restored_from(&backup).await;
    world.condone("the record cannot know what only the list would tell");
    world.sandbox.set_scopes("cafe", &["story_publish"]).unwrap();
    world.pass(Duration::from_secs(60)).await;
    assert!(world.posts().await.iter().all(|post| post.state == PostState::Held), "nobody waits for what cannot come");
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_the_backup_does_not_know_and_whose_time_has_passed_is_held() {
    let mut world = World::new().await;
    world.jobs(&notes(1));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    world.jobs(&notes(2));
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 2);
    // The job file of that time is put back too; the newer one turns up only after the lists were consulted.
    world.jobs(&notes(1));
    world.condone("the story of a post that waits for a person is on record nowhere");
    world.restored_from(&backup).await;
    world.pass(HOUR).await;
    world.jobs(&notes(2));
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 2);
    let late = world.post("n1").await;
    assert_eq!((late.state, late.reason.contains("restored backup")), (PostState::Held, true), "{}", late.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_backup_does_not_know_is_asked_for_its_list_as_well() {
    let mut world = World::new().await;
    world.jobs(&notes(1));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    let shop = "shop:\n  at: 2026-12-01 08:20\n  account: shop\n  type: note\n  content: 가게\n  late: {within: 7d, then: post}\n";
    world.jobs(&format!("{}{shop}", notes(1)));
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 2);
    world.restored_from(&backup).await;
    world.pass(HOUR).await;
    assert_eq!((world.ledger().len(), world.requests("note")), (2, 2));
    let post = world.post("shop").await;
    assert_eq!((post.state, post.account.as_str()), (PostState::Published, "shop"), "{}", post.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_doubts_are_for_a_person_is_held_when_the_list_lacks_what_was_due_since_the_backup() {
    let mut world = World::new().await;
    world.jobs(&notes(2).replacen("late:", "in_doubt: hold\n  late:", 1));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    // Nothing ran while they were due.
    world.clock.set(later(world.clock.now(), HOUR / 2));
    world.restored_from(&backup).await;
    world.pass(HOUR).await;
    let held = world.post("n0").await;
    assert_eq!(held.state, PostState::Held, "{}", held.reason);
    assert!(held.reason.contains("is not in the list of stories"), "{}", held.reason);
    assert_eq!((world.post("n1").await.state, world.ledger().len()), (PostState::Published, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_the_backup_knows_is_given_to_no_other_post_with_its_text() {
    let mut world = World::new().await;
    world.jobs(
        "withdrawn:\n  at: 2026-12-01 08:10:00\n  type: note\n  content: 같은 글\n\
         up:\n  at: 2026-12-01 08:10:10\n  type: note\n  content: 같은 글\n",
    );
    world.settle().await;
    let withdrawn = world.post("withdrawn").await.post;
    world.ctx().store.cancel(withdrawn, "anna", "", world.clock.now()).await.unwrap();
    world.pass(Duration::from_secs(610)).await;
    assert_eq!(world.post("up").await.state, PostState::Published);
    let backup = back_up(&world, "backup").await;
    world.restored_from(&backup).await;
    world.pass(HOUR / 2).await;
    assert!(world.ctx().store.pauses(world.clock.now()).await.unwrap().is_empty(), "the account goes on");
    assert_eq!(world.post("withdrawn").await.state, PostState::Cancelled);
    assert_eq!((world.stories().await.len(), world.ledger().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_goes_to_the_post_that_would_go_out_again_and_not_to_a_withdrawn_twin() {
    let mut world = World::new().await;
    world.jobs(
        "a-up:\n  at: 2026-12-01 08:10\n  type: note\n  content: 같은 글\n  late: {within: 7d, then: post}\n\
         b-withdrawn:\n  at: 2026-12-01 08:10\n  type: note\n  content: 같은 글\n  late: {within: 7d, then: post}\n",
    );
    world.settle().await;
    let withdrawn = world.post("b-withdrawn").await.post;
    world.ctx().store.cancel(withdrawn, "anna", "", world.clock.now()).await.unwrap();
    let backup = back_up(&world, "backup").await;
    world.pass(HOUR / 3).await;
    assert_eq!(world.ledger().len(), 1);
    world.restored_from(&backup).await;
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 1);
    let states = (world.post("a-up").await.state, world.post("b-withdrawn").await.state);
    assert_eq!(states, (PostState::Published, PostState::Cancelled));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_story_may_have_been_taken_down_since_the_backup_is_held() {
    let mut world = World::new().await;
    let soon_gone = notes(3).replacen("late:", "delete_after: 10m\n  late:", 1);
    world.jobs(&soon_gone.replacen("글 1\n", "글 1\n  delete_at: 2026-12-01 08:20\n", 1));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    world.pass(HOUR / 2).await;
    assert_eq!((world.post("n0").await.state, world.post("n1").await.state), (PostState::Deleted, PostState::Deleted));
    world.condone("the stories of posts that wait for a person are on record nowhere");
    world.restored_from(&backup).await;
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 3, "each once");
    for job in ["n0", "n1"] {
        let held = world.post(job).await;
        assert_eq!((held.state, held.reason.contains("take-down")), (PostState::Held, true), "{job}: {}", held.reason);
    }
    assert_eq!(world.post("n2").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_of_the_backup_whose_story_may_have_been_taken_down_since_is_held() {
    let mut world = World::new().await;
    world.jobs(&notes(1).replacen("late:", "delete_after: 10m\n  late:", 1));
    world.fault(vec![
        FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1),
        FaultRule::new("code-7".parse().unwrap()).on(&[Call::MyStories]),
    ]);
    world.pass(Duration::from_secs(601)).await;
    assert_eq!(world.post("n0").await.state, PostState::InDoubt);
    let backup = back_up(&world, "backup").await;
    world.fault(vec![]);
    world.pass(HOUR).await;
    assert_eq!(world.post("n0").await.state, PostState::Deleted);
    world.condone("the story of a post that waits for a person is on record nowhere");
    world.restored_from(&backup).await;
    world.pass(HOUR).await;
    let held = world.post("n0").await;
    assert_eq!((held.state, world.requests("note")), (PostState::Held, 1), "{}", held.reason);
    assert!(held.reason.contains("take-down"), "{}", held.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_edited_since_the_backup_leaves_what_was_due_by_the_restore_to_a_person() {
    for edited_before in [false, true] {
        let mut world = World::new().await;
        world.jobs(&notes(1));
        world.settle().await;
        let backup = back_up(&world, "backup").await;
        let edited = notes(1).replace("글 0", "고친 글");
        if edited_before {
            world.jobs(&edited);
        }
        world.pass(Duration::from_secs(630)).await;
        assert_eq!(world.ledger().len(), 1);
        // The file that is there when the backup is restored says otherwise than the story.
        world.jobs(&if edited_before { notes(2) } else { format!("{edited}{}", &notes(2)[notes(1).len()..]) });
        world.condone("the story of a post that waits for a person is on record nowhere");
        world.restored_from(&backup).await;
        world.pass(HOUR).await;
        let held = world.post("n0").await;
        assert_eq!(held.state, PostState::Held, "{edited_before}: {}", held.reason);
        assert!(held.reason.contains(&world.ledger()[0].id), "{}", held.reason);
        let next = world.post("n1").await;
        assert_eq!((next.state, world.ledger().len()), (PostState::Published, 2), "it was not due: {}", next.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_queue_that_is_killed_at_any_step_posts_nothing_twice() {
    for step in 1.. {
        let mut world = World::new().await;
        world.jobs(&notes(2));
        world.settle().await;
        let backup = back_up(&world, "backup").await;
        world.pass(Duration::from_secs(630)).await;
        assert_eq!(world.ledger().len(), 1);
        world.restored_from(&backup).await;
        let (lived, _) = world.live(Some(step), HOUR).await;
        world.live(None, HOUR).await;
        assert_eq!(world.ledger().len(), 2, "killed at step {step}");
        assert!(world.posts().await.iter().all(|post| post.state == PostState::Published), "killed at step {step}");
        if lived {
            assert!(step > 8, "it takes {step} steps: some no longer count");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_whole_or_refused() {
    let mut world = World::new().await;
    world.jobs(&notes(3));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    let label = storyd::store::backup::read_backup(&backup).await.unwrap();
    assert_eq!((label.posts, label.stories), (3, 0));
    let tokens = std::fs::read_dir(&backup)
        .unwrap()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().contains("token")));
    assert_eq!(tokens.count(), 0, "tokens are never part of one");
    assert!(world.ctx().store.back_up(&backup, world.clock.now()).await.is_err(), "it overwrites nothing");
    let database = backup.join("queue.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&database, bytes).unwrap();
    let refused = storyd::store::backup::read_backup(&backup).await.unwrap_err().to_string();
    assert!(refused.contains("is not the one that was written"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_restore_keeps_the_daemon_from_starting() {
    let mut world = World::new().await;
    world.jobs(&notes(1));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    let elsewhere = world.path("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("restore-under-way"), "").unwrap();
    let open = async || storyd::store::Store::open(&elsewhere, storyd::store::Access::Daemon).await;
    let refused = open().await.unwrap_err().to_string();
    assert!(refused.contains("was interrupted"), "{refused}");
    let now = world.clock.now();
    storyd::store::backup::restore(&backup, &elsewhere, "tester", now).await.unwrap();
    assert_eq!(open().await.unwrap().pauses(now).await.unwrap()[0].scope, "restore");
}

/// A note whose request left before its backup was put back, and takes its effect a minute and a half later.
async fn an_effect_after_the_restore() -> World {
    let mut world = World::with_two_clocks().await;
    world.jobs(&notes(1));
    world.settle().await;
    let backup = back_up(&world, "backup").await;
    world.fault(vec![FaultRule::new(FaultName::LateEffect).on(&[Call::Note]).times(1).after(Duration::from_secs(90))]);
    world.pass(Duration::from_secs(601)).await;
    assert_eq!((world.requests("note"), world.ledger().len()), (1, 0));
    world.restored_from(&backup).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_looks_at_once_and_cannot_shorten_the_quarantine_after_a_restore() {
    let mut world = an_effect_after_the_restore().await;
    for _ in 0..3 {
        world.pass(Duration::from_secs(15)).await;
        world.crash().await;
    }
    world.pass(HOUR).await;
    let post = world.post("n0").await;
    assert_eq!((post.state, world.requests("note")), (PostState::Published, 1), "{}", post.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forward_cannot_shorten_the_quarantine_after_a_restore() {
    for after_s in [0, 1, 20] {
        let mut world = an_effect_after_the_restore().await;
        world.pass(Duration::from_secs(after_s)).await;
        world.clock.set(later(world.clock.now(), HOUR / 2));
        world.confirm_clock().await;
        world.pass(HOUR).await;
        let post = world.post("n0").await;
        assert_eq!((world.ledger().len(), world.requests("note")), (1, 1), "{after_s}: {}", post.reason);
        assert_eq!(post.state, PostState::Published, "{after_s}: {}", post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_after_a_restore_holds_the_account_up_no_longer_than_a_quarantine() {
    let mut world = an_effect_after_the_restore().await;
    world.pass(Duration::from_secs(20)).await;
    world.clock.set(earlier(world.clock.now(), HOUR * 24));
    world.confirm_clock().await;
    world.pass(HOUR).await;
    assert!(world.ctx().store.pauses(world.clock.now()).await.unwrap().is_empty());
    assert_eq!((world.ledger().len(), world.requests("note")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_never_rests_after_a_restore_leaves_the_posts_to_a_person() {
    let mut world = an_effect_after_the_restore().await;
    world.condone("the record cannot know what no list could prove");
    for _ in 0..90 {
        world.clock.set(later(world.clock.now(), HOUR / 60));
        world.confirm_clock().await;
        world.pass(HOUR / 60).await;
    }
    let post = world.post("n0").await;
    assert_eq!((post.state, world.requests("note")), (PostState::Held, 1), "{}", post.reason);
    assert!(post.reason.contains("clock"), "{}", post.reason);
}
