//! Stories of a clock that is wrong, which is noticed before anything is done by it. Kakao's goes on by itself.

use std::time::Duration;

use kakao_sandbox::{Call, DateLie, Deceit, FaultName, FaultRule};
use storyd::domain::clock::{between, later};
use storyd::domain::notice::Trouble;
use storyd::domain::post::PostState;
use storyd::engine::trust::ClockState;
use storyd::web::{self, Surroundings};

use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const DAY_S: i64 = 86_400;
/// Ahead and behind, by minutes, days and years.
const WRONG: [i64; 8] = [-3_653 * DAY_S, -60 * DAY_S, -DAY_S, -600, 600, DAY_S, 60 * DAY_S, 3_653 * DAY_S];

/// A job of each kind: once, daily, and with a window that a wrong clock would miss.
const JOBS: &str = "once:\n  at: 2026-12-01 11:00\n  type: note\n  content: 한 번\n  late: {within: 1h, then: skip}\n\
daily:\n  cron: 0 10 * * *\n  account: shop\n  type: note\n  content: 날마다\n  late: {within: 1h, then: hold}\n\
whenever:\n  at: 2026-12-01 12:00\n  type: note\n  content: 언제든\n  late: {within: 1h, then: post}\n";

async fn world() -> World {
    let mut world = World::with_two_clocks().await;
    world.jobs(JOBS);
    world.settle().await;
    world
}

fn lies(by: Duration, ahead: bool, account: &str) -> FaultRule {
    let lie = if ahead { DateLie::Ahead } else { DateLie::Behind };
    let calls = [Call::TokenInfo, Call::Note, Call::MyStories, Call::MyStory];
    let rule = FaultRule::new(FaultName::Deceit(Deceit::Date(lie))).by(by).on(&calls);
    FaultRule { account: Some(account.into()), ..rule }
}

/// Everything about the posts and the jobs that a clock could change.
async fn everything(world: &World) -> Vec<String> {
    let posts = world.posts().await;
    let mut all: Vec<String> =
        posts.iter().map(|post| format!("{} {} {} {}", post.post, post.state, post.due_at, post.reason)).collect();
    let known = world.ctx().store.known_jobs(&["once", "daily", "whenever"]).await.unwrap();
    let mut jobs: Vec<String> = known.iter().map(|(job, known)| format!("{job} {known:?}")).collect();
    jobs.sort();
    all.extend(jobs);
    all
}

fn in_doubt(world: &World) -> bool {
    matches!(world.ctx().trust.standing(), ClockState::Doubt(_))
}

/// From here on our clock is right, and the day goes as it should.
async fn ends_well(world: &mut World) {
    world.clock.set(world.kakao_now());
    world.settle().await;
    assert_eq!(world.ctx().trust.standing(), ClockState::Right);
    world.pass(6 * HOUR).await;
    for job in ["once", "whenever"] {
        assert_eq!(world.post(job).await.state, PostState::Published, "{job}: {}", world.post(job).await.reason);
    }
    let daily: Vec<_> = world.posts().await.into_iter().filter(|post| post.job == "daily").collect();
    let first = daily.iter().min_by_key(|post| post.occurs_at).unwrap();
    assert_eq!(first.state, PostState::Published, "{}", first.reason);
    let waits = |post: &&storyd::store::view::PostRow| post.state == PostState::Scheduled;
    assert!(daily.iter().filter(waits).count() > 5, "{daily:?}");
    // By Kakao's clock, which was right all the time.
    for story in world.ledger() {
        let post = world.posts().await.into_iter().find(|post| post.story_id.as_ref() == Some(&story.id)).unwrap();
        let late = between(post.occurs_at, story.created_at);
        assert!(story.created_at >= post.occurs_at && late < MINUTE, "{} is {late:?} late", post.job);
    }
    assert_eq!(world.ledger().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_wrong_while_running_changes_nothing_until_it_is_right() {
    for wrong in WRONG {
        let mut world = world().await;
        let before = everything(&world).await;
        world.set_clock(wrong);
        world.pass(30 * MINUTE).await;
        assert!(in_doubt(&world), "{wrong} s: {:?}", world.ctx().trust.standing());
        assert_eq!(everything(&world).await, before, "{wrong} s");
        assert_eq!(world.requests("note"), 0, "{wrong} s");
        ends_well(&mut world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_at_the_start_changes_nothing_whether_the_machine_was_started_too_or_not() {
    for wrong in WRONG {
        for reboots in [false, true] {
            let mut world = world().await;
            let before = everything(&world).await;
            world.stop().await;
            world.set_clock(wrong);
            if reboots {
                world.clock.reboot();
            }
            world.start().await;
            world.pass(10 * MINUTE).await;
            assert!(in_doubt(&world), "{wrong} s, {reboots}");
            // Nor does another start while it is wrong.
            world.crash().await;
            world.pass(10 * MINUTE).await;
            assert!(in_doubt(&world), "{wrong} s, {reboots}");
            assert_eq!(everything(&world).await, before, "{wrong} s, {reboots}");
            ends_well(&mut world).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_by_a_wrong_clock_enqueues_nothing() {
    for wrong in [-3_653 * DAY_S, 600, 60 * DAY_S] {
        let dir = tempfile::tempdir().unwrap();
        let jobs: String = JOBS.lines().map(|line| format!("  {line}\n")).collect();
        let file = format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{jobs}");
        std::fs::write(dir.path().join("jobs.yaml"), file).unwrap();
        let mut world = World::wrong_from_the_start(dir, wrong).await;
        world.pass(10 * MINUTE).await;
        assert!(in_doubt(&world) && world.posts().await.is_empty(), "{wrong} s");
        ends_well(&mut world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_less_than_two_minutes_are_ordinary() {
    for step in [-90, -36, -1, 1, 36, 90] {
        let mut world = world().await;
        world.set_clock(step);
        world.pass(6 * HOUR).await;
        assert_eq!(world.ctx().trust.standing(), ClockState::Right, "{step} s");
        assert_eq!(world.post("once").await.state, PostState::Published, "{step} s");
        assert!(!told(&world).await.contains(&Trouble::ClockDoubt), "{step} s");
    }
}

async fn told(world: &World) -> Vec<Trouble> {
    world.ctx().store.latest_incidents(100).await.unwrap().iter().map(|row| row.trouble).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_asleep_and_a_machine_that_was_paused_are_ordinary_too() {
    // Asleep: the steady clock counts it.
    let mut world = world().await;
    world.pass(20 * HOUR).await;
    assert_eq!(world.ctx().trust.standing(), ClockState::Right);
    assert!(!told(&world).await.contains(&Trouble::ClockDoubt));
    // Paused from ten to twelve minutes to eleven: what fell due meanwhile goes out at once.
    let mut world = self::world().await;
    world.pass(115 * MINUTE).await;
    world.stand_still(2 * HOUR);
    world.settle().await;
    assert_eq!(world.ctx().trust.standing(), ClockState::Right);
    assert_eq!(world.post("once").await.state, PostState::Published);
    assert!(!told(&world).await.contains(&Trouble::ClockDoubt));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_of_two_whose_server_lies_stops_nothing() {
    for ahead in [false, true] {
        for starts in [false, true] {
            let mut world = world().await;
            world.fault(vec![lies(60 * DAY, ahead, "shop")]);
            if starts {
                world.clock.reboot();
                world.crash().await;
            }
            ends_well(&mut world).await;
            assert!(!told(&world).await.contains(&Trouble::ClockDoubt));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_of_two_whose_server_lies_confirms_no_wrong_clock() {
    for starts in [false, true] {
        let mut world = world().await;
        let before = everything(&world).await;
        world.fault(vec![lies(60 * DAY, true, "shop")]);
        world.set_clock(60 * DAY_S);
        if starts {
            world.crash().await;
        }
        world.pass(30 * MINUTE).await;
        assert!(in_doubt(&world), "{starts}: {:?}", world.ctx().trust.standing());
        assert_eq!(everything(&world).await, before);
        world.fault(vec![]);
        ends_well(&mut world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_an_ordinary_restart_goes_on_and_an_unbelievable_clock_is_held() {
    for (off_s, goes_on) in [(HOUR.as_secs(), true), (3 * DAY.as_secs(), true), (40 * DAY.as_secs(), false)] {
        let mut world = world().await;
        world.stop().await;
        world.stand_still(Duration::from_secs(off_s));
        world.clock.reboot();
        world.cut_off().await;
        world.pass(2 * MINUTE).await;
        let expected = if goes_on { "Unconfirmed" } else { "Doubt" };
        assert!(format!("{:?}", world.ctx().trust.standing()).starts_with(expected), "{off_s} s");
        world.reconnect().await;
        world.settle().await;
        assert_eq!(world.ctx().trust.standing(), ClockState::Right, "{off_s} s");
        // A try without a server has put it off.
        world.pass(30 * MINUTE).await;
        assert_eq!(world.post("whenever").await.state == PostState::Published, off_s > 4 * 3600, "{off_s} s");
    }
    for wrong in [-3_653 * DAY_S, 3_653 * DAY_S] {
        let mut world = world().await;
        let before = everything(&world).await;
        world.stop().await;
        world.set_clock(wrong);
        world.clock.reboot();
        world.cut_off().await;
        world.pass(2 * DAY).await;
        assert!(in_doubt(&world), "{wrong} s");
        assert_eq!(everything(&world).await, before, "{wrong} s");
    }
}

/// Without a server nobody could know that the clock is three days ahead: what it misses and makes meanwhile is put right.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_wrong_clock_did_that_nobody_could_refute_is_undone_when_a_server_does() {
    for restarts in [false, true] {
        let mut world = world().await;
        let before = everything(&world).await;
        world.stop().await;
        world.set_clock(3 * DAY_S);
        world.clock.reboot();
        world.cut_off().await;
        world.pass(2 * MINUTE).await;
        assert_eq!(world.post("once").await.state, PostState::Missed);
        assert_ne!(everything(&world).await, before);
        world.reconnect().await;
        world.pass(MINUTE).await;
        assert!(in_doubt(&world) && world.requests("note") == 0, "{:?}", world.ctx().trust.standing());
        world.clock.set(world.kakao_now());
        if restarts {
            world.clock.reboot();
            world.crash().await;
        }
        world.settle().await;
        let once = world.post("once").await;
        assert_eq!(once.state, PostState::Scheduled, "{}", once.reason);
        let until = later(world.clock.now(), world.ctx().rules.horizon);
        let far = world.posts().await.into_iter().filter(|post| post.occurs_at > until);
        let states: Vec<PostState> = far.map(|post| post.state).collect();
        assert!(!states.is_empty() && states.iter().all(|state| *state == PostState::Cancelled), "{states:?}");
        let known = world.ctx().store.known_jobs(&["daily"]).await.unwrap();
        assert!(known["daily"].enqueued_until <= until, "{known:?}");
        ends_well(&mut world).await;
        // What was far ahead comes back when its time comes near.
        world.pass(3 * DAY).await;
        let daily: Vec<_> = world.posts().await.into_iter().filter(|post| post.job == "daily").collect();
        let out = daily.iter().filter(|post| post.state == PostState::Published).count();
        assert_eq!(out, 4, "{daily:?}");
        assert!(daily.iter().all(|post| post.state != PostState::Cancelled), "{daily:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_word_stands_until_the_clock_is_set_again_and_outlives_a_restart() {
    let mut world = world().await;
    world.set_clock(600);
    world.pass(5 * MINUTE).await;
    assert!(in_doubt(&world));
    world.confirm_clock().await;
    world.settle().await;
    assert_eq!(world.ctx().trust.standing(), ClockState::Right);
    world.crash().await;
    world.pass(6 * HOUR).await;
    assert_eq!(world.post("once").await.state, PostState::Published);
    world.set_clock(600);
    world.pass(5 * MINUTE).await;
    assert!(in_doubt(&world));
}

/// The program as it was, which acted at once by whatever the clock said: the judge that the other stories have must find it out.
#[tokio::test(flavor = "multi_thread")]
async fn to_act_at_once_by_a_wrong_clock_publishes_early_and_is_found_out() {
    let mut world = world().await;
    world.set_clock(60 * DAY_S);
    world.confirm_clock().await;
    world.pass(10 * MINUTE).await;
    let posts = world.posts().await;
    let early = world.ledger().into_iter().filter(|story| {
        posts.iter().any(|post| post.story_id.as_ref() == Some(&story.id) && story.created_at < post.occurs_at)
    });
    let missed = posts.iter().filter(|post| post.state == PostState::Missed || post.state == PostState::Held).count();
    assert!(early.count() > 0 && missed > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_in_doubt_is_told_everywhere_with_how_far_off_it_is_and_what_to_do() {
    let mut world = world().await;
    world.set_clock(60 * DAY_S);
    world.pass(2 * MINUTE).await;
    let dashboard = web::start(world.shared(), "127.0.0.1:0".parse().unwrap(), Surroundings::default()).await.unwrap();
    let ask = async |path: &str| {
        let answer = reqwest::Client::new().get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = ask("/healthz").await;
    assert!(status == 503 && text.contains("the clock is in doubt"), "{status} {text}");
    assert!(ask("/metrics").await.1.contains("storyd_clock_in_doubt 1\n"));
    let (_, page) = ask("/").await;
    for words in
        ["60 d ahead of Kakao", "as all 2 accounts that answer", "timedatectl set-ntp true", "admin clock --confirm"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let open = world.ctx().store.open_incidents().await.unwrap();
    assert_eq!(open.iter().filter(|row| row.trouble == Trouble::ClockDoubt).count(), 1, "{open:?}");
    world.clock.set(world.kakao_now());
    world.settle().await;
    assert_eq!(ask("/healthz").await.0, 200);
    assert!(ask("/metrics").await.1.contains("storyd_clock_in_doubt 0\n"));
    world.pass(MINUTE).await;
    let open = world.ctx().store.open_incidents().await.unwrap();
    assert!(open.iter().all(|row| row.trouble != Trouble::ClockDoubt), "{open:?}");
    dashboard.stop().await;
}
