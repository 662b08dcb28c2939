//! Stories of posts that go out as planned.

use std::time::Duration;

use storyd::domain::post::PostState;

use crate::support::world::{World, at, png};

const NOTE: &str = "opening:
  at: 2026-12-01 09:00
  type: note
  content: |
    겨울 신메뉴가 나왔어요!
    많이 놀러 오세요 ☕️
";

#[tokio::test(flavor = "multi_thread")]
async fn a_note_goes_out_once_at_its_time_and_says_exactly_what_it_says() {
    let mut world = World::new().await;
    world.jobs(NOTE);
    world.pass(Duration::from_secs(3599)).await;
    assert_eq!(world.ledger().len(), 0);
    assert_eq!(world.post("opening").await.state, PostState::Scheduled);

    world.pass(Duration::from_secs(1)).await;
    let [story] = world.ledger().try_into().unwrap();
    assert_eq!(story.content.as_deref(), Some("겨울 신메뉴가 나왔어요!\n많이 놀러 오세요 ☕️"));
    assert_eq!(story.created_at, at("2026-12-01T09:00:00+09:00"));
    assert_eq!((story.permission.as_str(), story.enable_share), ("PUBLIC", false));
    let post = world.post("opening").await;
    assert_eq!((post.state, post.story_id.as_deref()), (PostState::Published, Some(story.id.as_str())));

    world.pass(Duration::from_secs(86_400)).await;
    world.crash().await;
    world.pass(Duration::from_secs(86_400)).await;
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_uploaded_ahead_and_only_the_post_itself_leaves_at_the_due_time() {
    let mut world = World::new().await;
    world.write("images/a.png", &png(1));
    world.write("images/b.png", &png(2));
    world.jobs(
        "weekend:
  at: 2026-12-01 09:00
  type: photo
  images: [images/b.png, images/a.png]
  content: 주말엔 라떼 한 잔
  permission: friends
  enable_share: true
",
    );
    world.pass(Duration::from_secs(50 * 60)).await;
    assert_eq!((world.requests("upload"), world.requests("photo")), (1, 0), "ten minutes ahead");
    // The files may vanish once they were taken over.
    std::fs::remove_dir_all(world.path("images")).unwrap();
    world.pass(Duration::from_secs(10 * 60)).await;
    assert_eq!((world.requests("upload"), world.requests("photo")), (1, 1));
    let [story] = world.ledger().try_into().unwrap();
    let shades: Vec<&str> = story.images.iter().map(|image| image.sha256.as_str()).collect();
    let planned = world.post("weekend").await.content;
    assert_eq!(shades, planned.images().iter().map(|image| image.sha256.as_str()).collect::<Vec<_>>());
    assert_eq!((story.permission.as_str(), story.enable_share), ("FRIEND", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_hands_back_what_the_scrape_gave_with_every_parameter() {
    let mut world = World::new().await;
    world.jobs(
        "menu:
  at: now
  type: link
  url: https://example.com/menu?a=1&b=2
  content: 새 메뉴
  permission: private
  android_exec_param: menu_id=12&x=1
  ios_exec_param: menu_id=13
  android_market_param: referrer=story
  ios_market_param: mt=8
",
    );
    world.settle().await;
    let [story] = world.ledger().try_into().unwrap();
    assert_eq!(story.kind, "link");
    assert_eq!(story.link_info.unwrap()["requested_url"], "https://example.com/menu?a=1&b=2");
    assert_eq!(story.permission, "ONLY_ME");
    assert_eq!(story.android_exec_param.as_deref(), Some("menu_id=12&x=1"));
    assert_eq!(story.ios_exec_param.as_deref(), Some("menu_id=13"));
    assert_eq!(story.android_market_param.as_deref(), Some("referrer=story"));
    assert_eq!(story.ios_market_param.as_deref(), Some("mt=8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_now_is_published_once_however_often_the_daemon_starts() {
    let mut world = World::new().await;
    world.jobs("hello:\n  at: now\n  type: note\n  content: 안녕하세요\n");
    world.settle().await;
    for _ in 0..3 {
        world.crash().await;
        world.pass(Duration::from_secs(7200)).await;
    }
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recurring_job_goes_out_at_each_of_its_times() {
    let mut world = World::new().await;
    world.jobs(
        "weekly:
  cron: \"0 9 * * MON\"
  from: 2026-12-01
  until: 2026-12-31
  except: [2026-12-21]
  type: note
  content: 이번 주 메뉴
",
    );
    world.pass(Duration::from_secs(40 * 86_400)).await;
    let times: Vec<String> = world.ledger().iter().map(|story| story.created_at.to_string()).collect();
    assert_eq!(times, ["2026-12-07T00:00:00Z", "2026-12-14T00:00:00Z", "2026-12-28T00:00:00Z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_an_account_leave_in_the_order_of_their_times() {
    let mut world = World::new().await;
    world.jobs(
        "c:\n  at: 2026-12-01 09:00:02\n  type: note\n  content: third
a:\n  at: 2026-12-01 09:00:00\n  type: note\n  content: first
b:\n  at: 2026-12-01 09:00:01\n  type: note\n  content: second\n",
    );
    world.clock.set(at("2026-12-01T09:00:05+09:00"));
    world.settle().await;
    let texts: Vec<_> = world.ledger().into_iter().map(|story| story.content.unwrap()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_grew_old_is_made_anew_before_the_post_leaves() {
    let mut world = World::with(|options| options.quirks.upload_lifetime = Some(Duration::from_secs(3600))).await;
    world.write("a.png", &png(1));
    world.jobs("late:\n  at: 2026-12-01 09:00\n  type: photo\n  images: [a.png]\n  late: {within: 1d, then: skip}\n");
    world.pass(Duration::from_secs(50 * 60)).await;
    assert_eq!(world.requests("upload"), 1);
    // The machine sleeps through the due time, and past the life of the upload.
    world.clock.set(at("2026-12-01T11:00:00+09:00"));
    world.settle().await;
    assert_eq!((world.requests("upload"), world.ledger().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_access_token_is_refreshed_and_the_post_goes_out() {
    let mut world = World::new().await;
    world.jobs(NOTE);
    world.settle().await;
    world.sandbox.expire_access_token("cafe").unwrap();
    world.pass(Duration::from_secs(3600)).await;
    let post = world.post("opening").await;
    assert_eq!(post.state, PostState::Published);
    let verdicts: Vec<_> = world.attempts(post.post).await.into_iter().map(|a| a.verdict.unwrap()).collect();
    assert_eq!(verdicts, ["snooze", "published"]);
    assert_eq!(world.requests("token"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_task_held_that_is_gone_ends_with_its_lease_although_the_daemon_goes_on() {
    for intends in [false, true] {
        let mut world = World::new().await;
        world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
        storyd::engine::tasks::enqueue::run_once(world.ctx()).await.unwrap();
        let (ctx, now) = (world.shared(), world.clock.now());
        let claim = ctx.store.claim_to_publish("cafe", now, ctx.rules.lease).await.unwrap().unwrap();
        if intends {
            drop(ctx.store.intend(claim, now, ctx.rules.lease).await.unwrap().unwrap());
        }
        world.pass(ctx.rules.lease - Duration::from_secs(1)).await;
        let held = if intends { PostState::Publishing } else { PostState::Claimed };
        assert_eq!(world.post("p").await.state, held, "its task may live");
        world.pass(ctx.rules.lease + ctx.rules.quarantine * 2).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.requests("note")), (PostState::Published, 1), "{}", post.reason);
        let doubted = world.events(post.post).await.iter().any(|event| event.event == "doubt");
        assert_eq!(doubted, intends, "only what may have left is a doubt");
    }
}
