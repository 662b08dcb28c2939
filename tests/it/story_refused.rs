//! What the database refuses costs the post that it is about: it goes to a person, with the reason, and every other post goes out.
//!
//! Each refusal is a trigger that another program could have laid into the file, so that the whole way through SQLite is tried.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use storyd::domain::notice::Trouble;
use storyd::domain::post::PostState;
use storyd::engine::TaskOutcome;
use storyd::engine::daemon::sweep_at_start;

use crate::support::world::{World, png};

const JOBS: &str = "bad:
  at: 2026-12-01 09:00
  type: note
  content: 나쁜 글
after:
  at: 2026-12-01 09:01
  type: note
  content: 그다음 글
other:
  account: shop
  at: 2026-12-01 09:00
  type: note
  content: 다른 계정의 글
";

const HOUR: Duration = Duration::from_secs(3600);

/// Runs SQL as any program could.
pub(crate) async fn sql(world: &World, sql: &str) {
    let options = SqliteConnectOptions::new().filename(world.path("data/queue.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A trigger that refuses `when` something.
async fn refuse(world: &World, event: &str, when: &str) {
    let raise = "SELECT RAISE(ABORT, 'as a test wants it')";
    sql(world, &format!("CREATE TRIGGER refused_{} BEFORE {event} WHEN {when} BEGIN {raise}; END", event.len())).await;
}

/// `NEW` or `OLD` is the bad post, or a row of it.
const BAD: &str = "(SELECT id FROM post WHERE job = 'bad')";

/// Where the refusal strikes, on what, and where the post ends.
const REFUSALS: [(&str, &str, &str, PostState); 14] = [
    ("the claim", "UPDATE ON post", "OLD.job = 'bad' AND NEW.state IN ('claimed', 'publishing')", PostState::Held),
    ("the attempt", "INSERT ON attempt", "NEW.post_id = {BAD}", PostState::Held),
    ("the event of the intent", "INSERT ON event", "NEW.post_id = {BAD} AND NEW.event = 'intend'", PostState::Failed),
    ("every number of a claim", "UPDATE OF claim ON post", "OLD.job = 'bad'", PostState::Held),
    ("the record", "UPDATE ON post", "OLD.job = 'bad' AND NEW.state = 'published'", PostState::InDoubt),
    ("the story", "INSERT ON story", "NEW.post_id = {BAD}", PostState::InDoubt),
    (
        "the end of the attempt",
        "UPDATE ON attempt",
        "NEW.verdict = 'published' AND NEW.post_id = {BAD}",
        PostState::InDoubt,
    ),
    ("the event of the record", "INSERT ON event", "NEW.event = 'publish' AND NEW.post_id = {BAD}", PostState::InDoubt),
    (
        "the story's ID",
        "UPDATE OF story_id ON post",
        "OLD.job = 'bad' AND NEW.story_id IS NOT NULL",
        PostState::InDoubt,
    ),
    ("the sum of the day", "INSERT ON tally", "NEW.account = 'cafe'", PostState::InDoubt),
    ("the notice of it", "INSERT ON incident", "true", PostState::Published),
    ("the date that was heard", "UPDATE OF heard_at ON account", "NEW.name = 'cafe'", PostState::InDoubt),
    ("what is planned ahead", "INSERT ON preflight", "true", PostState::Published),
    ("every change", "UPDATE ON post", "OLD.job = 'bad'", PostState::Scheduled),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_refused_of_one_post_every_other_one_goes_out() {
    for abreast in [false, true] {
        for (what, event, when, ends) in REFUSALS {
            let mut world = World::new().await;
            world.jobs(JOBS);
            if abreast {
                world.abreast();
            }
            world.settle().await;
            refuse(&world, event, &when.replace("{BAD}", BAD)).await;
            let reports = world.pass(HOUR * 3).await;
            let bad = world.post("bad").await;
            assert_eq!(bad.state, ends, "{what}: {:?}", bad.reason);
            assert_eq!(world.post("other").await.state, PostState::Published, "{what}: the other account");
            // What concerns the whole account cannot spare its other posts.
            let account = matches!(what, "the sum of the day" | "the date that was heard");
            let after = if account { PostState::InDoubt } else { PostState::Published };
            assert_eq!(world.post("after").await.state, after, "{what}: the post after it");
            if ends == PostState::Published {
                continue;
            }
            let aside = reports.iter().any(|report| matches!(report.outcome, TaskOutcome::SetAside { .. }));
            assert!(aside, "{what}: {reports:?}");
            if ends == PostState::InDoubt {
                assert!(bad.parked_at.is_some(), "{what}");
                let taken =
                    world.ledger().iter().find(|story| story.content.as_deref() == Some("나쁜 글")).unwrap().id.clone();
                assert!(bad.reason.contains(&taken), "{what}: the reason names the story: {}", bad.reason);
                assert!(bad.reason.contains("storyd admin resolve"), "{what}: {}", bad.reason);
            } else if matches!(ends, PostState::Held | PostState::Failed) {
                assert!(bad.reason.contains("as a test wants it"), "{what}: {}", bad.reason);
            }
            // A person is told of each.
            let open = world.ctx().store.open_incidents().await.unwrap();
            let trouble = match ends {
                PostState::Held => Trouble::Held,
                PostState::Failed => Trouble::Failed,
                PostState::InDoubt => Trouble::InDoubt,
                _ => Trouble::Refused,
            };
            let told = open.iter().any(|one| one.trouble == trouble && one.post == Some(bad.post));
            assert!(told, "{what}: {open:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_costs_its_post() {
    for broken in [
        "content = '{\"body\":{\"type\":\"song\"}}'",
        "content = '[]'",
        "content = 'null'",
        "content = '{\"body\":{\"type\":\"note\"}}'",
    ] {
        for abreast in [false, true] {
            let mut world = World::new().await;
            world.condone("the row of a post cannot be read");
            world.jobs(&JOBS.replace("09:0", "09:1"));
            if abreast {
                world.abreast();
            }
            world.pass(HOUR + Duration::from_secs(300)).await;
            sql(&world, &format!("UPDATE post SET {broken} WHERE job = 'bad'")).await;
            // The plan would put it right at the next enqueueing; until then it is what it is.
            world.pass(Duration::from_secs(480)).await;
            let mut texts: Vec<_> = world.ledger().iter().filter_map(|story| story.content.clone()).collect();
            texts.sort();
            assert_eq!(texts, ["그다음 글", "다른 계정의 글"], "{broken}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_of_an_upload_costs_its_post() {
    for (event, when) in [
        ("UPDATE ON post", "OLD.job = 'bad' AND NEW.event = 'prepared'"),
        ("UPDATE OF artifact ON post", "OLD.job = 'bad' AND NEW.artifact IS NOT NULL"),
        ("UPDATE ON post", "OLD.job = 'bad' AND NEW.state = 'claimed'"),
        ("INSERT ON attempt", "NEW.kind = 'prepare' AND NEW.post_id = (SELECT id FROM post WHERE job = 'bad')"),
    ] {
        let mut world = World::new().await;
        for (name, shade) in [("a.png", 1), ("b.png", 2)] {
            world.write(name, &png(shade));
        }
        world.jobs(
            "bad:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [a.png]\ngood:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [b.png]\n",
        );
        world.settle().await;
        refuse(&world, event, when).await;
        world.pass(HOUR * 2).await;
        let bad = world.post("bad").await;
        assert!(matches!(bad.state, PostState::Held | PostState::Failed), "{when}: {}", bad.state);
        assert!(bad.reason.contains("as a test wants it"), "{when}: {}", bad.reason);
        assert_eq!(world.post("good").await.state, PostState::Published, "{when}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_of_a_doubt_goes_to_a_person() {
    for when in ["NEW.state = 'published'", "NEW.story_id IS NOT NULL"] {
        let mut world = World::new().await;
        world.jobs(JOBS);
        world.settle().await;
        world.fault(vec![FaultRule {
            account: Some("cafe".into()),
            ..FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1)
        }]);
        refuse(&world, "UPDATE ON post", &format!("OLD.job = 'bad' AND OLD.state = 'in_doubt' AND {when}")).await;
        world.pass(HOUR * 3).await;
        let bad = world.post("bad").await;
        assert_eq!(bad.state, PostState::InDoubt, "{when}");
        assert!(bad.parked_at.is_some() && bad.reason.contains("storyd admin resolve"), "{when}: {}", bad.reason);
        assert_eq!(world.post("after").await.state, PostState::Published, "{when}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_of_the_sweeps_costs_one_post_and_the_start_goes_on() {
    let late = "bad:\n  at: 2026-12-01 09:00\n  type: note\n  content: 늦은 글\n  late: {within: 10m, then: skip}\n";
    let also =
        "late:\n  at: 2026-12-01 09:00\n  type: note\n  content: 또 늦은 글\n  late: {within: 10m, then: skip}\n";
    let mut world = World::new().await;
    world.jobs(&format!("{late}{also}"));
    world.settle().await;
    refuse(&world, "UPDATE ON post", "OLD.job = 'bad' AND NEW.state = 'missed'").await;
    world.clock.advance(HOUR * 3);
    world.settle().await;
    let bad = world.post("bad").await;
    assert_eq!((bad.state, world.post("late").await.state), (PostState::Held, PostState::Missed));
    assert!(bad.reason.contains("as a test wants it"), "{}", bad.reason);

    // Left `publishing` by a process that died, and the row takes nothing: the account waits, and the others go on.
    let mut world = World::new().await;
    world.condone("a post that cannot be moved stays where a dead process left it");
    world.jobs(JOBS);
    world.settle().await;
    world.clock.advance(HOUR);
    world.die_while("note").await;
    world.start().await;
    sql(
        &world,
        "CREATE TRIGGER refused BEFORE UPDATE ON post WHEN OLD.account = 'cafe' BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await;
    world.crash().await;
    sweep_at_start(world.ctx()).await.unwrap();
    world.pass(HOUR).await;
    assert_eq!(world.post("other").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_of_a_take_down_leaves_the_story_to_a_person() {
    let mut world = World::new().await;
    world.condone("a story is gone that the record cannot let go");
    world.jobs(
        "bad:\n  at: 2026-12-01 09:00\n  type: note\n  content: 나쁜 글\n  delete_after: 1h\ngood:\n  at: 2026-12-01 09:01\n  type: note\n  content: 글\n  delete_after: 1h\n",
    );
    world.settle().await;
    refuse(&world, "UPDATE ON post", "OLD.job = 'bad' AND NEW.state = 'deleted'").await;
    world.pass(HOUR * 4).await;
    assert_eq!(world.post("good").await.state, PostState::Deleted);
    let bad = world.post("bad").await;
    assert_eq!(bad.state, PostState::Published);
    let open = world.ctx().store.open_incidents().await.unwrap();
    assert!(open.iter().any(|one| one.trouble == Trouble::NotDeleted && one.post == Some(bad.post)), "{open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_of_an_audit_or_a_notice_ends_that_alone() {
    let mut world = World::new().await;
    world.jobs(JOBS);
    world.pass(HOUR * 2).await;
    refuse(&world, "INSERT ON audit_story", "true").await;
    let audit = world.ctx().store.order_audit("cafe", "kim", world.clock.now()).await.unwrap();
    world.pass(HOUR).await;
    let failed = world.ctx().store.failed_audits(None).await.unwrap();
    let failed = failed.iter().find(|row| row.audit == audit).unwrap();
    assert!(failed.fault.as_deref().unwrap_or_default().contains("as a test wants it"), "{failed:?}");
}
