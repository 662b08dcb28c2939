//! Stories of accounts that must not post too densely.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::policy::InDoubt;
use storyd::domain::post::PostState;
use storyd::settings::{Account, Secret};
use storyd::store::queue::Move;

use crate::support::world::{World, at};

fn account() -> Account {
    let rest_api_key = Secret::Value("key".to_owned().into());
    Account {
        title: None,
        rest_api_key,
        client_secret: None,
        redirect_uri: storyd::settings::REDIRECT_URI.into(),
        in_doubt: None,
        min_gap: Duration::ZERO,
        max_per_day: None,
    }
}

async fn world(account: Account) -> World {
    let mut world = World::new().await;
    world.settings.accounts.insert("cafe".into(), account);
    world.crash().await;
    world
}

/// When each story came to exist, as local times of day.
fn times(world: &World) -> Vec<String> {
    let zone = jiff::tz::TimeZone::get("Asia/Seoul").unwrap();
    world.ledger().iter().map(|s| s.created_at.to_zoned(zone.clone()).strftime("%d %H:%M:%S").to_string()).collect()
}

fn notes(account: &str, count: usize) -> String {
    let note = |n| {
        format!(
            "{account}{n}:\n  at: 2026-12-01 09:00:0{n}\n  account: {account}\n  type: note\n  content: {account} {n}\n  late: {{within: 3d, then: skip}}\n"
        )
    };
    (0..count).map(note).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_keeps_its_gap_and_holds_up_no_other() {
    let mut world = world(Account { min_gap: Duration::from_secs(600), ..account() }).await;
    world.jobs(&format!("{}{}", notes("cafe", 3), notes("shop", 2)));
    world.pass(Duration::from_secs(2 * 3600)).await;
    assert_eq!(times(&world), ["01 09:00:00", "01 09:00:00", "01 09:00:01", "01 09:10:00", "01 09:20:00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_no_more_stories_than_the_settings_allow() {
    let mut world = world(Account { max_per_day: Some(2), ..account() }).await;
    world.jobs(&notes("cafe", 5));
    world.pass(Duration::from_secs(3 * 86_400)).await;
    // By the second day they are late, and late ones keep a gap.
    let expected = ["01 09:00:00", "01 09:00:01", "02 09:00:00", "02 09:00:30", "03 09:00:00"];
    assert_eq!(times(&world), expected);
}

/// Holds the account's stories against its limit: never more than so many within any 24 hours.
fn never_more_than(world: &World, limit: usize) {
    let day = jiff::SignedDuration::from_hours(24);
    let ledger = world.ledger();
    let apart = ledger.windows(limit + 1).all(|some| some[limit].created_at.duration_since(some[0].created_at) >= day);
    assert!(apart, "{:?}", times(world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_no_more_stories_when_the_pace_changes() {
    let mut world = world(Account { max_per_day: Some(2), ..account() }).await;
    world.jobs(&notes("cafe", 5));
    world.pass(Duration::from_secs(2 * 3600)).await;
    world.settings.defaults.catch_up_gap = Duration::from_secs(60);
    world.crash().await;
    world.pass(Duration::from_secs(3 * 86_400)).await;
    assert_eq!(world.ledger().len(), 5);
    never_more_than(&world, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pace_that_was_tightened_counts_the_stories_before_and_one_that_was_loosened_lets_go_at_once() {
    let mut world = world(Account { max_per_day: Some(4), ..account() }).await;
    let late = "late: {within: 9d, then: skip}";
    let at = |day: u32, count: usize| notes(&format!("d{day}x"), count).replace("12-01", &format!("12-0{day}"));
    let jobs = format!("{}{}", at(1, 4), at(2, 6)).replace("late: {within: 3d, then: skip}", late);
    let jobs = jobs.replace("account: d1x", "account: cafe").replace("account: d2x", "account: cafe");
    world.jobs(&jobs);
    world.pass(Duration::from_secs(2 * 3600)).await;
    assert_eq!(world.ledger().len(), 4);

    world.settings.accounts.insert("cafe".into(), Account { max_per_day: Some(2), ..account() });
    world.crash().await;
    world.pass(Duration::from_secs(2 * 86_400)).await;
    // At 10:00 on the third day; the window holds no more than the new limit since the second.
    let since: Vec<String> = times(&world).split_off(4);
    assert_eq!(since, ["02 09:00:02", "02 09:00:03", "03 09:00:02", "03 09:00:32"]);

    world.settings.accounts.insert("cafe".into(), Account { max_per_day: Some(3), ..account() });
    world.crash().await;
    world.settle().await;
    assert_eq!(times(&world).last().unwrap(), "03 10:00:00");
    world.pass(Duration::from_secs(3 * 86_400)).await;
    assert_eq!(world.ledger().len(), 10);
    never_more_than(&world, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_that_a_person_settles_the_day_after_takes_nothing_of_that_day() {
    let mut world = world(Account { max_per_day: Some(1), ..account() }).await;
    let deaf = FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories]);
    world.fault(vec![FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1), deaf]);
    let job = |n: u32| format!("p{n}:\n  at: 2026-12-0{n} 09:00\n  type: note\n  content: 글 {n}\n");
    world.jobs(&format!("{}{}", job(1), job(2)));
    world.pass(Duration::from_secs(24 * 3600 + 50 * 60)).await;
    let doubtful = world.post("p1").await;
    assert!(doubtful.parked_at.is_some(), "{}", doubtful.reason);

    let story = world.ledger()[0].id.clone();
    world.ctx().store.resolve_found(doubtful.post, &story, "tester", world.clock.now()).await.unwrap();
    // The token has ended meanwhile: after a refusal the list is looked at.
    world.fault(vec![]);
    world.pass(Duration::from_secs(3600)).await;
    let next = world.post("p2").await;
    assert_eq!(next.state, PostState::Published, "{}", next.reason);
    assert_eq!(times(&world), ["01 09:00:00", "02 09:00:00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_moved_is_late_by_its_new_time_only() {
    let mut world = World::new().await;
    world.settings.defaults.catch_up_gap = Duration::from_secs(600);
    world.crash().await;
    world.jobs(&notes("cafe", 2));
    world.settle().await;
    let (now, prepare_ahead) = (world.clock.now(), Duration::from_secs(600));
    for (job, to) in [("cafe0", "2026-12-01T18:00:00+09:00"), ("cafe1", "2026-12-01T18:00:10+09:00")] {
        let order = Move { to: at(to), actor: "tester", reason: "", prepare_ahead, zone: "Asia/Seoul" };
        world.ctx().store.reschedule(world.post(job).await.post, order, now).await.unwrap();
    }
    world.pass(Duration::from_secs(86_400)).await;
    assert_eq!(times(&world), ["01 18:00:00", "01 18:00:10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_downtime_delayed_goes_out_spaced_and_what_is_on_time_does_not_wait_for_it() {
    let mut world = World::new().await;
    world.jobs(&format!("{}now:\n  at: 2026-12-01 10:00:10\n  type: note\n  content: on time\n", notes("cafe", 3)));
    world.settle().await;
    world.clock.set(at("2026-12-01T10:00:00+09:00"));
    world.crash().await;
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(times(&world), ["01 10:00:00", "01 10:00:10", "01 10:00:30", "01 10:01:00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_ask_that_a_person_decides_after_a_proved_absence() {
    let mut world = world(Account { in_doubt: Some(InDoubt::Hold), ..account() }).await;
    world.fault(vec![FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1)]);
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!(world.post("p").await.state, PostState::Held);
}
