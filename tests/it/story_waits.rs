//! Stories of posts that are due and wait: every view says what for, and until when.

use std::time::Duration;

use storyd::domain::clock::later;
use storyd::domain::policy::Pace;
use storyd::domain::post::PostState;
use storyd::settings::{Account, Secret};
use storyd::store::queue::{PauseOrder, PauseScope};
use storyd::store::view::{PostRow, WaitKind};

use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const TWO: &str = "one:\n  at: 2026-12-01 09:00\n  type: note\n  content: 하나\n\
two:\n  at: 2026-12-01 09:00\n  type: note\n  content: 둘\n  tags: [sale]\n";

/// The one that still waits, as it stands now.
async fn waiting(world: &World) -> PostRow {
    let posts = world.posts().await;
    let mut waiting: Vec<PostRow> = posts.into_iter().filter(|post| post.state == PostState::Scheduled).collect();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    waiting.remove(0).at(world.clock.now())
}

async fn paced(pace: Pace) -> World {
    let mut world = World::new().await;
    let account = Account {
        title: None,
        rest_api_key: Secret::Value("key".to_owned().into()),
        client_secret: None,
        redirect_uri: storyd::settings::REDIRECT_URI.into(),
        in_doubt: None,
        min_gap: pace.min_gap,
        max_per_day: pace.max_per_day,
    };
    world.settings.accounts.insert("cafe".into(), account);
    world.crash().await;
    world.jobs(TWO);
    world.settle().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_behind_the_gap_of_its_account_says_until_when_and_for_what() {
    let mut world = paced(Pace { min_gap: 10 * MINUTE, ..Pace::default() }).await;
    world.pass(61 * MINUTE).await;
    let post = waiting(&world).await;
    let wait = &post.waits[0];
    assert_eq!((wait.what, wait.why.as_str()), (WaitKind::Gap, "10 min between two stories of cafe"));
    let until = wait.until.unwrap();
    assert!(until > world.clock.now() && until <= later(world.clock.now(), 10 * MINUTE));
    // It is no consequence of downtime, and its history does not say so.
    assert!(world.events(post.post).await.iter().all(|event| event.event != "overdue"));
    world.pass(15 * MINUTE).await;
    assert!(world.posts().await.iter().all(|post| post.state == PostState::Published && post.waits.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_beyond_the_limit_of_a_day_says_so() {
    let mut world = paced(Pace { max_per_day: Some(1), ..Pace::default() }).await;
    world.pass(61 * MINUTE).await;
    let wait = waiting(&world).await.waits.remove(0);
    assert_eq!(
        (wait.what, wait.why.as_str()),
        (WaitKind::Limit, "cafe has posted 1 story within a day, as many as it may")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_post_says_who_paused_it_and_why() {
    let mut world = World::new().await;
    world.jobs(TWO);
    world.settle().await;
    let order = PauseOrder { actor: "anna", reason: "재고 없음", until: None };
    let _ = world.ctx().store.pause(&PauseScope::Tag("sale".into()), order, world.clock.now()).await.unwrap();
    world.pass(61 * MINUTE).await;
    let wait = waiting(&world).await.waits.remove(0);
    assert_eq!(
        (wait.what, wait.until, wait.why.as_str()),
        (WaitKind::Pause, None, "tag sale is paused by anna: 재고 없음")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_that_waited_while_the_daemon_ran_are_no_consequence_of_downtime_and_others_are() {
    for sleeps in [false, true] {
        let mut world = World::new().await;
        world.jobs(TWO);
        world.settle().await;
        let order = PauseOrder { actor: "anna", reason: "", until: None };
        let _ = world.ctx().store.pause(&PauseScope::All, order, world.clock.now()).await.unwrap();
        if sleeps {
            world.clock.advance(70 * MINUTE);
            world.settle().await;
        } else {
            world.pass(70 * MINUTE).await;
        }
        let post = world.post("one").await.post;
        let said = world.events(post).await.iter().any(|event| event.event == "overdue");
        assert_eq!(said, sleeps);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_a_held_or_missed_post_is_over_once_it_is_let_go_and_before_it_is_published() {
    for then in ["hold", "skip"] {
        let mut world = World::new().await;
        world.jobs(&format!(
            "p:\n  at: 2026-12-01 09:00\n  type: note\n  content: 글\n  late: {{within: 1h, then: {then}}}\n"
        ));
        world.settle().await;
        world.clock.advance(3 * 60 * MINUTE);
        world.settle().await;
        let of_post = async |world: &World| {
            let open = world.ctx().store.open_incidents().await.unwrap();
            open.into_iter().filter(|row| row.trouble.is_of_post()).count()
        };
        assert_eq!(of_post(&world).await, 1, "{then}");
        // Paused, so that it cannot be published either.
        let now = world.clock.now();
        let order = PauseOrder { actor: "anna", reason: "", until: None };
        let _ = world.ctx().store.pause(&PauseScope::All, order, now).await.unwrap();
        let (post, from) = (world.post("p").await.post, [PostState::Held, PostState::Missed]);
        world.ctx().store.release(post, &from, "anna", "", MINUTE, now).await.unwrap();
        world.pass(MINUTE).await;
        assert_eq!((world.post("p").await.state, of_post(&world).await), (PostState::Scheduled, 0), "{then}");
        let told = world.ctx().store.latest_incidents(10).await.unwrap();
        let over = told.iter().find(|row| row.trouble.is_of_post()).unwrap();
        assert_eq!(over.outcome.as_deref(), Some("anna let it go ahead"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_why_job_files_do_not_load_is_an_error_and_no_warning_before_it() {
    let mut world = World::new().await;
    world.jobs(TWO);
    world.settle().await;
    // The warning stands first in the file, and in the list.
    let warned = "    variables: {unused: x}\n";
    let file = format!(
        "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  old:\n    at: 2026-12-01 09:00\n    type: note\n    content: \"글 \\n\"\n{warned}  \
         wrong:\n    at: 2026-12-01 09:00\n    type: 사진\n    content: 글\n"
    );
    world.write("jobs.yaml", file.as_bytes());
    let problems = world.load().unwrap_err();
    let errors: Vec<String> = problems
        .list()
        .iter()
        .filter(|problem| problem.severity() == storyd::yaml::problem::Severity::Error)
        .map(|problem| problem.message.clone())
        .collect();
    world.ctx().plan.set_broken(problems);
    world.pass(MINUTE).await;
    let open = world.ctx().store.open_incidents().await.unwrap();
    let broken = open.iter().find(|row| row.trouble == storyd::domain::notice::Trouble::BrokenFile).unwrap();
    assert!(broken.reason.contains(&errors[0]), "{}: {errors:?}", broken.reason);
}
