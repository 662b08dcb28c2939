//! Audits: what stands at Kakao is held against the record, and nothing is changed by it.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::store::view::FindingRow;

use crate::support::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

/// A world with so many published notes, long enough ago to be judged.
async fn published(count: usize) -> World {
    let mut world = World::new().await;
    let jobs: String = (0..count).map(|n| format!("n{n}:\n  at: now\n  type: note\n  content: 글 {n}\n")).collect();
    world.jobs(&jobs);
    world.settle().await;
    assert!(world.posts().await.iter().all(|post| post.state == PostState::Published));
    world.pass(HOUR).await;
    world
}

async fn call(world: &World, method: reqwest::Method, path: &str, form: &[(&str, &str)]) {
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let url = format!("{}{path}", world.sandbox.url());
    let request = reqwest::Client::new().request(method, url).bearer_auth(&tokens.access_token).form(form);
    assert!(request.send().await.unwrap().status().is_success(), "{path}");
}

/// Orders an audit of `cafe` and lets it come to its end. Its number.
async fn audit(world: &mut World) -> i64 {
    let run = world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
    world.pass(HOUR).await;
    let row = world.ctx().store.audit(run).await.unwrap().unwrap();
    assert!(row.ended_at.is_some() && row.fault.is_none(), "{row:?}");
    run
}

async fn findings(world: &World, run: i64) -> Vec<FindingRow> {
    world.ctx().store.findings(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_as_recorded_is_told_as_such_over_all_pages() {
    let mut world = published(40).await;
    let run = audit(&mut world).await;
    let row = world.ctx().store.audit(run).await.unwrap().unwrap();
    assert_eq!((row.present, row.findings), (40, 0), "{row:?}");
    assert!(row.pages >= 3, "{row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_somebody_took_down_is_missing_until_the_record_says_so_too() {
    let mut world = published(3).await;
    let gone = world.stories().await[1].clone();
    call(&world, reqwest::Method::DELETE, &format!("/v1/api/story/delete/mystory?id={}", gone.story_id), &[]).await;
    world.condone("until the end of the story the record does not know that it is gone");
    let run = audit(&mut world).await;
    let found = findings(&world, run).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].kind.as_str(), found[0].post, found[0].story_id.as_str()),
        ("missing", Some(gone.post), gone.story_id.as_str())
    );
    assert_eq!(world.ctx().store.post(gone.post).await.unwrap().unwrap().state, PostState::Published, "it only looks");
    let order = storyd::store::queue::DeleteOrder { actor: "tester", reason: "" };
    let now = world.clock.now();
    let _ = world.ctx().store.order_delete(gone.post, order, now, now).await.unwrap();
    world.settle().await;
    assert!(findings(&world, run).await[0].settled_at.is_some());
    let again = audit(&mut world).await;
    assert!(findings(&world, again).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_unknown_and_one_that_a_person_accepts_is_not_told_again() {
    let mut world = published(2).await;
    call(&world, reqwest::Method::POST, "/v1/api/story/post/note", &[("content", "손으로 쓴 글")]).await;
    world.condone("a person posted by hand");
    world.pass(HOUR).await;
    let run = audit(&mut world).await;
    let found = findings(&world, run).await;
    assert_eq!((found.len(), found[0].kind.as_str()), (1, "unknown"), "{found:?}");
    assert!(found[0].detail.contains("손으로 쓴 글"), "{}", found[0].detail);
    let now = world.clock.now();
    let settled = world.ctx().store.settle_finding(None, &found[0].story_id, "tester", "by hand", now).await.unwrap();
    assert_eq!(settled, 1);
    let again = audit(&mut world).await;
    let found = findings(&world, again).await;
    assert!(found.len() == 1 && found[0].settled_at.is_some(), "{found:?}");
    assert!(world.ctx().store.open_findings(None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_audience_than_on_record_is_told() {
    let mut world = published(1).await;
    let path = world.path("data/queue.db");
    let tampered = "UPDATE post SET content = json_set(content, '$.permission', 'friends')";
    let mut connection =
        sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::raw_sql("DROP TRIGGER post_content_is_frozen").execute(&mut connection).await.unwrap();
    sqlx::raw_sql(tampered).execute(&mut connection).await.unwrap();
    let run = audit(&mut world).await;
    let found = findings(&world, run).await;
    assert_eq!((found[0].kind.as_str(), found[0].detail.as_str()), ("altered", "its audience is public, not friends"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_survives_every_fault_of_its_reads_and_finds_the_same() {
    let faults = [
        "answer-lost",
        "request-dropped",
        "server-error-before-effect",
        "bad-gateway-before-effect",
        "garbage-after-effect",
        "truncated-after-effect",
        "empty-after-effect",
        "redirect-before-effect",
        "too-many-requests",
        "code-1",
        "code-2",
        "code-4",
        "code-7",
        "code-10",
        "code-401",
        "code-402",
        "code-603",
        "code-605",
        "code-9798",
    ];
    for fault in faults {
        let name: FaultName = fault.parse().unwrap();
        assert!(name.possible_calls().contains(&Call::MyStories), "{fault}");
        let mut world = published(2).await;
        world.fault(vec![FaultRule::new(name).on(&[Call::MyStories]).times(1)]);
        let run = world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
        world.pass(24 * HOUR).await;
        let row = world.ctx().store.audit(run).await.unwrap().unwrap();
        assert!(row.ended_at.is_some(), "{fault}: {row:?}");
        assert!(row.fault.is_some() || (row.present, row.findings) == (2, 0), "{fault}: {row:?}");
        assert!(world.stories().await.iter().all(|story| story.deleted_at.is_none()), "{fault}");
        assert_eq!(world.account("cafe").await.blocked_code, None, "{fault}: its posts go on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_refused_blames_no_post() {
    let mut world = published(1).await;
    world.fault(vec![FaultRule::new(FaultName::Code(-2)).on(&[Call::MyStories])]);
    let run = world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
    world.pass(HOUR).await;
    let row = world.ctx().store.audit(run).await.unwrap().unwrap();
    let fault = row.fault.unwrap();
    assert!(fault.contains("(-2). No post is at fault") && !fault.contains("orrect"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_killed_at_any_step_goes_on_and_finds_the_same() {
    for step in 1.. {
        let mut world = published(2).await;
        world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
        let (lived, _) = world.live(Some(step), HOUR).await;
        world.live(None, HOUR).await;
        let run = world.ctx().store.audits("cafe", 1).await.unwrap().remove(0);
        assert!(run.ended_at.is_some(), "killed at step {step}: {run:?}");
        assert_eq!((run.present, run.findings), (2, 0), "killed at step {step}");
        if lived {
            assert!(step > 5, "an audit takes {step} steps: some no longer count");
            return;
        }
    }
}
