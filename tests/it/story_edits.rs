//! Stories of job files that change, and of posts that come late.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::engine::tasks::enqueue;
use storyd::store::queue::{Enqueued, Move, OperatorRefusal, PauseOrder, PauseScope};
use storyd::store::view::PostRow;

use crate::support::world::{World, at, png};

const DAY: Duration = Duration::from_secs(86_400);

fn note(time: &str, text: &str) -> String {
    format!("p:\n  at: {time}\n  type: note\n  content: {text}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_text_goes_out_corrected_and_only_once() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 09:00", "오타"));
    world.settle().await;
    world.jobs(&note("2026-12-01 09:00", "고친 글"));
    world.pass(DAY).await;
    let texts: Vec<_> = world.ledger().into_iter().map(|story| story.content.unwrap()).collect();
    assert_eq!(texts, ["고친 글"]);
    let events: Vec<_> = world.events(world.post("p").await.post).await.into_iter().map(|e| e.event).collect();
    assert_eq!(events, ["enqueue", "edit", "intend", "publish"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_never_changes() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 09:00", "먼저"));
    world.pass(Duration::from_secs(3700)).await;
    world.jobs(&note("2026-12-01 09:00", "나중"));
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert_eq!((post.content.text(), world.ledger().len()), (Some("먼저"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_image_is_uploaded_anew_even_after_the_first_was_prepared() {
    let mut world = World::new().await;
    let job = "p:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [a.png]\n";
    world.write("a.png", &png(1));
    world.jobs(job);
    world.pass(Duration::from_secs(55 * 60)).await;
    assert_eq!(world.requests("upload"), 1);
    world.write("a.png", &png(2));
    world.jobs(job);
    world.pass(Duration::from_secs(10 * 60)).await;
    assert_eq!(world.requests("upload"), 2);
    assert_eq!(world.ledger()[0].images[0].sha256, world.post("p").await.content.images()[0].sha256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_leaves_the_file_is_withdrawn_and_one_that_comes_back_goes_on() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 09:00", "글"));
    world.settle().await;
    world.jobs("q:\n  at: 2026-12-05 09:00\n  type: note\n  content: 다른 글\n");
    world.settle().await;
    let post = world.post("p").await;
    assert_eq!((post.state, post.reason.as_str()), (PostState::Cancelled, "its job left the job files"));
    world.jobs(&note("2026-12-01 09:00", "글"));
    world.pass(DAY).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert_eq!(world.post("q").await.state, PostState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_time_moves_the_post() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 09:00", "글"));
    world.settle().await;
    world.jobs(&note("2026-12-01 10:30", "글"));
    world.pass(DAY).await;
    let [story] = world.ledger().try_into().unwrap();
    assert_eq!(story.created_at, at("2026-12-01T10:30:00+09:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_cancelled_stays_cancelled_until_a_person_says_otherwise() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 09:00", "글"));
    world.settle().await;
    let post = world.post("p").await.post;
    world.ctx().store.cancel(post, "kim", "not today", world.clock.now()).await.unwrap();
    world.jobs(&note("2026-12-01 09:00", "다른 글"));
    world.pass(DAY).await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Cancelled, 0));
    let again = world.ctx().store.cancel(post, "kim", "", world.clock.now()).await;
    assert!(matches!(again, Err(OperatorRefusal::NotPossible { state: PostState::Cancelled, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_load_changes_nothing() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 09:00", "글"));
    world.settle().await;
    world.write("jobs.yaml", b"version: 1\nzone: Asia/Seoul\njobs:\n  p:\n    at: tomorrow\n");
    assert!(world.load().unwrap_err().errors() >= 3);
    world.pass(DAY).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_found_too_late_is_skipped_held_or_posted_as_its_job_says() {
    let cases = [
        ("{within: 1h, then: skip}", PostState::Missed, 0),
        ("{within: 1h, then: hold}", PostState::Held, 0),
        ("{within: 1h, then: post}", PostState::Published, 1),
        ("{within: 5h, then: skip}", PostState::Published, 1),
    ];
    for (late, state, stories) in cases {
        let mut world = World::new().await;
        world.jobs(&format!("{}  late: {late}\n", note("2026-12-01 09:00", "글")));
        world.settle().await;
        // The machine is off from before the due time until four hours after it.
        world.clock.set(at("2026-12-01T13:00:00+09:00"));
        world.crash().await;
        world.settle().await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.ledger().len()), (state, stories), "{late}: {}", post.reason);
        let events = world.events(post.post).await;
        let told = events.iter().position(|event| event.event == "overdue").expect("said before it is done");
        let done = events.iter().position(|event| ["miss", "hold", "intend"].contains(&event.event.as_str()));
        assert!(Some(told) < done, "{late}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_stays_overdue_is_recorded_as_such_once_however_often_the_daemon_starts() {
    let mut world = World::new().await;
    world.jobs(&format!("{}  late: {{within: 5h, then: skip}}\n", note("2026-12-01 09:00", "글")));
    world.settle().await;
    let order = PauseOrder { actor: "kim", reason: "", until: None };
    let _ = world.ctx().store.pause(&PauseScope::All, order, world.clock.now()).await.unwrap();
    let overdue = async |world: &World, post| {
        let events = world.events(post).await;
        events.into_iter().filter(|event| event.event == "overdue").map(|event| event.reason).collect::<Vec<_>>()
    };
    world.clock.set(at("2026-12-01T13:00:00+09:00"));
    let post = world.post("p").await.post;
    for _ in 0..3 {
        world.crash().await;
        world.settle().await;
        assert_eq!(overdue(&world, post).await, ["found late; will be posted"]);
    }
    // What will become of it is another thing now, and is said.
    world.clock.set(at("2026-12-01T15:00:00+09:00"));
    world.crash().await;
    world.settle().await;
    assert_eq!(overdue(&world, post).await, ["found late; will be posted", "found late; will not be posted"]);
    assert_eq!(world.post("p").await.state, PostState::Missed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_a_person_releases_goes_out_although_it_is_late() {
    let mut world = World::new().await;
    world.jobs(&format!("{}  late: {{within: 1h, then: hold}}\n", note("2026-11-30 09:00", "글")));
    world.settle().await;
    let post = world.post("p").await;
    assert_eq!(post.state, PostState::Held);
    let ctx = world.ctx();
    let from = [PostState::Held];
    ctx.store.release(post.post, &from, "kim", "", ctx.rules.prepare_ahead, world.clock.now()).await.unwrap();
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn downtime_longer_than_the_horizon_loses_no_occurrence_silently() {
    let mut world = World::new().await;
    world.jobs("d:\n  cron: \"0 9 * * *\"\n  type: note\n  content: 매일\n");
    world.settle().await;
    world.clock.set(at("2027-01-31T12:00:00+09:00"));
    world.crash().await;
    world.settle().await;
    let posts = world.posts().await;
    let missed = posts.iter().filter(|post| post.state == PostState::Missed).count();
    assert_eq!(missed, 31 + 31, "every day of two months has its record");
    assert_eq!(world.ledger().len(), 0, "and none of them goes out in a salvo");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instant_that_is_named_anew_keeps_its_post() {
    let zone_utc = "version: 1\nzone: UTC\naccount: cafe\njobs:\n  p:\n    at: 2026-12-01 00:00\n    type: note\n    content: 글\n";
    let with_offset = "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  p:\n    at: 2026-12-01T00:00:00Z\n    type: note\n    content: 글\n";
    for renamed in [zone_utc, with_offset] {
        let mut world = World::new().await;
        world.jobs(&note("2026-12-01 09:00", "글"));
        world.settle().await;
        world.write("jobs.yaml", renamed.as_bytes());
        world.load().unwrap();
        world.pass(DAY).await;
        assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Published, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_take_each_others_place_in_a_new_zone_all_come() {
    let mut world = World::new().await;
    let times = "[2026-12-05 09:00, 2026-12-05 10:00]";
    world.jobs(&format!("p:\n  at: {times}\n  type: note\n  content: 글\n"));
    world.settle().await;
    let file = format!(
        "version: 1\nzone: Asia/Shanghai\naccount: cafe\njobs:\n  p:\n    at: {times}\n    type: note\n    content: 글\n"
    );
    world.write("jobs.yaml", file.as_bytes());
    world.load().unwrap();
    world.pass(DAY * 6).await;
    assert_eq!(world.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_from_a_worker_that_died_goes_out_when_it_is_let_go_again() {
    let mut world = World::new().await;
    world.jobs(&note("2026-12-01 08:00", "글"));
    let (ctx, now) = (world.ctx(), world.clock.now());
    storyd::engine::tasks::enqueue::run_once(ctx).await.unwrap();
    let claim = ctx.store.claim_to_publish("cafe", now, Duration::from_secs(300)).await.unwrap().unwrap();
    let post = claim.taken().post;
    ctx.store.cancel(post, "tester", "no", now).await.unwrap();
    drop(claim);
    world.crash().await;
    let from = [PostState::Cancelled];
    world.ctx().store.release(post, &from, "tester", "yes", Duration::from_secs(600), now).await.unwrap();
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_left_the_file_during_its_upload_goes_out_when_it_is_back() {
    let mut world = World::new().await;
    world.write("a.png", &png(1));
    let job = "p:\n  at: 2026-12-01 08:00\n  type: photo\n  images: [a.png]\n";
    world.jobs(job);
    let (ctx, now) = (world.ctx(), world.clock.now());
    storyd::engine::tasks::enqueue::run_once(ctx).await.unwrap();
    assert!(ctx.store.claim_to_prepare("cafe", now, Duration::from_secs(300)).await.unwrap().is_some());
    world.jobs("q:\n  at: 2026-12-05 09:00\n  type: note\n  content: 다른 글\n");
    world.settle().await;
    world.crash().await;
    world.jobs(job);
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_that_are_new_together_are_numbered_in_the_order_of_their_times() {
    let mut world = World::new().await;
    world.jobs(
        "a-late:\n  at: 2026-12-03 09:00\n  type: note\n  content: 셋\n\
         m-early:\n  at: 2026-12-01 09:00\n  type: note\n  content: 하나\n\
         z-middle:\n  at: 2026-12-02 09:00\n  type: note\n  content: 둘\n",
    );
    world.settle().await;
    let mut posts = world.posts().await;
    posts.sort_by_key(|post| post.post);
    let jobs: Vec<_> = posts.iter().map(|post| post.job.as_str()).collect();
    assert_eq!(jobs, ["m-early", "z-middle", "a-late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_post_of_a_recurring_job_says_its_own_text_and_an_edit_reaches_only_what_it_changes() {
    let mut world = World::new().await;
    let jobs = |second: &str| {
        format!(
            "hello:\n  cron: 0 9 * * *\n  type: note\n  contents:\n    - \"{{{{ date.month }}}}월 {{{{ date.day }}}}일\"\n    - \"{second}\""
        )
    };
    world.jobs(&jobs("{{ weekday }}"));
    world.settle().await;
    let seoul = jiff::tz::TimeZone::get("Asia/Seoul").unwrap();
    let before = world.posts().await;
    assert!(before.len() > 30, "{}", before.len());
    let is_weekday = |row: &PostRow| row.content.text().is_some_and(|text| text.ends_with("요일"));
    for row in before.iter().filter(|row| !is_weekday(row)) {
        let local = seoul.to_datetime(row.occurs_at);
        assert_eq!(row.content.text(), Some(format!("{}월 {}일", local.month(), local.day()).as_str()));
    }
    assert!(before.windows(2).all(|pair| is_weekday(&pair[0]) != is_weekday(&pair[1])), "they take turns");
    world.jobs(&jobs("{{ weekday }}!"));
    let report = enqueue::run_once(world.ctx()).await.unwrap();
    let turned = before.iter().filter(|row| is_weekday(row)).count();
    assert_eq!((report.changed, report.added, report.cancelled), (u64::try_from(turned).unwrap(), 0, 0));
    assert_eq!(enqueue::run_once(world.ctx()).await.unwrap(), Enqueued::default(), "the same file changes nothing");
    world.pass(DAY).await;
    assert_eq!(world.ledger()[0].content.as_deref(), world.posts().await[0].content.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_moves_after_it_failed_follows_its_file_first() {
    let mut world = World::new().await;
    let job = |text: &str| format!("p:\n  cron: 0 9 * * *\n  until: 2026-12-01\n  type: note\n  content: {text}\n");
    world.fault(vec![FaultRule::new(FaultName::Code(-2)).on(&[Call::Note]).times(1)]);
    world.jobs(&job("오타"));
    world.pass(Duration::from_secs(2 * 3600)).await;
    let post = world.post("p").await;
    assert_eq!(post.state, PostState::Failed, "{}", post.reason);
    world.jobs(&job("고친 글"));
    world.settle().await;
    let (now, prepare_ahead) = (world.clock.now(), Duration::from_secs(600));
    let order =
        Move { to: now + Duration::from_secs(600), actor: "tester", reason: "", prepare_ahead, zone: "Asia/Seoul" };
    world.ctx().store.reschedule(post.post, order, now).await.unwrap();
    world.pass(Duration::from_secs(900)).await;
    let [story] = world.ledger().try_into().unwrap();
    assert_eq!(story.content.as_deref(), Some("고친 글"));
    assert_eq!(story.created_at, order.to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_changes_adds_no_time_that_has_passed_however_short_the_horizon() {
    let mut world = World::new().await;
    world.settings.horizon = Duration::from_secs(3600);
    world.crash().await;
    let job = |cron: &str| format!("p:\n  cron: {cron}\n  type: note\n  content: 글\n");
    world.jobs(&job("0 9 * * *"));
    world.pass(Duration::from_secs(10 * 3600 + 60)).await;
    assert_eq!(world.posts().await.len(), 1);
    world.jobs(&job("'*/30 * * * *'"));
    world.settle().await;
    let now = world.clock.now();
    let posts = world.posts().await;
    let past: Vec<_> = posts.iter().filter(|post| post.occurs_at < now).map(|post| post.occurs_at).collect();
    assert_eq!(past, [at("2026-12-01T09:00:00+09:00")]);
    assert_eq!((posts.len(), world.ledger().len()), (3, 1));
}
