//! What nobody holds any more, and what came too late.

use std::time::Duration;

use storyd::domain::policy::{Late, LateThen, Pace};
use storyd::domain::post::PostState;
use storyd::store::queue::{JobPosts, Swept};
use storyd::store::{Access, Store};

use crate::support::queue::{LEASE, Queue, micro, note, photo, t};

#[tokio::test]
async fn at_start_what_was_claimed_goes_back_and_what_may_have_left_is_in_doubt() {
    let queue = Queue::new().await;
    let claimed = queue.post_in(PostState::Claimed).await;
    let publishing = queue.post_in(PostState::Publishing).await;
    let swept = queue.store.sweep_boot(t(1)).await.unwrap();
    assert_eq!(swept, Swept { unclaimed: 1, doubted: 1, ..Swept::default() });
    assert_eq!(queue.state(claimed).await, PostState::Scheduled);
    assert_eq!(queue.state(publishing).await, PostState::InDoubt);
    assert_eq!(queue.last(claimed).await, ("snooze".to_owned(), "daemon".to_owned()));
    assert_eq!(queue.last(publishing).await, ("doubt".to_owned(), "daemon".to_owned()));
    let lost = queue.store.attempts(claimed).await.unwrap().remove(0);
    let doubt = queue.store.attempts(publishing).await.unwrap().remove(0);
    assert_eq!((lost.verdict.as_deref(), lost.fault_class.as_deref()), (Some("snooze"), Some("transient")));
    assert_eq!((doubt.verdict.as_deref(), doubt.fault_class.as_deref()), (Some("in_doubt"), Some("ambiguous")));
}

#[tokio::test]
async fn the_sweep_at_start_can_be_interrupted_and_repeated() {
    let queue = Queue::new().await;
    let post = queue.post_in(PostState::Publishing).await;
    queue.store.sweep_boot(t(1)).await.unwrap();
    let events = queue.events(post).await.len();
    let dir = queue.dir;
    queue.store.close().await;
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    assert_eq!(store.sweep_boot(t(2)).await.unwrap(), Swept::default());
    assert_eq!(store.events(post).await.unwrap().len(), events);
}

#[tokio::test]
async fn the_sweep_at_start_closes_attempts_that_no_worker_can_close() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let open = format!("INSERT INTO attempt (post_id, kind, started_at) VALUES ({post}, 'publish', 1)");
    queue.sql(&open).await.unwrap();
    queue.store.sweep_boot(t(1)).await.unwrap();
    assert_eq!(queue.open_attempts().await, 0);
    assert!(queue.claim("cafe", t(1)).await.is_some(), "and the post can be tried again");
}

#[tokio::test]
async fn a_lease_ends_at_its_end() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    queue.add(&JobPosts { account: "shop".into(), ..note("b", t(0)) }).await;
    drop(queue.claim("cafe", t(0)).await.unwrap());
    drop(queue.intend("shop", t(1)).await);
    assert_eq!(queue.store.sweep_leases(&[], t(0) + LEASE - Duration::from_micros(1)).await.unwrap(), Swept::default());
    let swept = queue.store.sweep_leases(&[], t(0) + LEASE).await.unwrap();
    assert_eq!(swept, Swept { unclaimed: 1, ..Swept::default() }, "the other lease still holds");
    assert_eq!(queue.open_attempts().await, 1);
    let swept = queue.store.sweep_leases(&[], t(1) + LEASE).await.unwrap();
    assert_eq!(swept, Swept { doubted: 1, ..Swept::default() });
    assert_eq!(queue.open_attempts().await, 0);
}

/// How long an upload lives in these tests.
const UPLOADS: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_lease_that_a_wrong_clock_put_a_day_ahead_ends_as_one_that_was_taken_now() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(7 * 86_400), then: LateThen::Skip };
    queue.add(&JobPosts { late, ..note("a", t(0)) }).await;
    drop(queue.claim("cafe", t(24 * 60)).await.unwrap());
    queue.store.sweep_set_back(LEASE, UPLOADS, t(1)).await.unwrap();
    let held = queue.store.sweep_leases(&[], t(1) + LEASE - Duration::from_micros(1)).await.unwrap();
    assert_eq!(held, Swept::default(), "whoever holds it may live");
    let swept = queue.store.sweep_leases(&[], t(1) + LEASE).await.unwrap();
    assert_eq!(swept, Swept { unclaimed: 1, ..Swept::default() });
}

#[tokio::test]
async fn an_upload_that_by_a_wrong_clock_lives_longer_than_any_is_made_anew() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(24 * 60 + 5))).await;
    assert_eq!(queue.prepare("cafe", t(24 * 60)).await, post);
    assert!(queue.store.claim_to_prepare("cafe", t(1), LEASE).await.unwrap().is_none());
    queue.store.sweep_set_back(LEASE, UPLOADS, t(1)).await.unwrap();
    assert_eq!(queue.prepare("cafe", t(1)).await, post);
}

#[tokio::test]
async fn a_pace_that_a_wrong_clock_put_a_day_ahead_is_kept_from_now() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(7 * 86_400), then: LateThen::Skip };
    for job in ["a", "b"] {
        queue.add(&JobPosts { late, ..note(job, t(0)) }).await;
    }
    let (min_gap, catch_up_gap) = (Duration::from_secs(300), Duration::from_secs(600));
    queue.store.set_paces(&[("cafe", Pace { min_gap, catch_up_gap, max_per_day: None })], t(0)).await.unwrap();
    let intent = queue.intend("cafe", t(24 * 60)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(24 * 60)).await.unwrap();
    queue.store.sweep_set_back(LEASE, UPLOADS, t(2)).await.unwrap();
    assert!(queue.claim("cafe", t(11)).await.is_none(), "it is late, and keeps the longer gap");
    assert!(queue.claim("cafe", t(12)).await.is_some());
}

#[tokio::test]
async fn a_notice_that_a_wrong_clock_put_a_day_ahead_is_tried_at_once() {
    let queue = Queue::new().await;
    let put = format!(
        "INSERT INTO notice (sink, body, created_at, next_at) VALUES ('team', '{{}}', {}, {})",
        t(24 * 60).as_microsecond(),
        t(25 * 60).as_microsecond()
    );
    queue.sql(&put).await.unwrap();
    assert!(queue.store.sinks_due(t(1)).await.unwrap().is_empty());
    queue.store.sweep_set_back(LEASE, UPLOADS, t(1)).await.unwrap();
    assert_eq!(queue.store.sinks_due(t(1)).await.unwrap(), ["team"]);
}

#[tokio::test]
async fn a_worker_whose_lease_ended_is_not_in_the_way_of_the_next() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    drop(queue.store.claim_to_prepare("cafe", t(-10), LEASE).await.unwrap());
    queue.store.sweep_leases(&[], t(-7)).await.unwrap();
    assert_eq!(queue.prepare("cafe", t(-7)).await, post);
}

#[tokio::test]
async fn what_is_too_late_goes_the_way_that_its_policy_names() {
    let queue = Queue::new().await;
    let within = Duration::from_secs(600);
    let mut posts = Vec::new();
    for (job, then) in [("p", LateThen::Post), ("s", LateThen::Skip), ("h", LateThen::Hold)] {
        posts.push(queue.add(&JobPosts { late: Late { within, then }, ..note(job, t(0)) }).await);
    }
    assert_eq!(queue.store.sweep_late(t(10)).await.unwrap(), Swept::default(), "the window includes its end");
    let swept = queue.store.sweep_late(micro(t(10))).await.unwrap();
    assert_eq!(swept, Swept { missed: 1, held: 1, ..Swept::default() });
    let mut states = Vec::new();
    for post in posts {
        states.push(queue.state(post).await);
    }
    assert_eq!(states, [PostState::Scheduled, PostState::Missed, PostState::Held]);
    assert_eq!(queue.store.sweep_late(t(9_999)).await.unwrap(), Swept::default());
}

#[tokio::test]
async fn a_post_that_came_too_late_after_a_setback_tells_both() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(600), then: LateThen::Skip };
    queue.add(&JobPosts { late, ..note("a", t(0)) }).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let _ = queue.store.snooze(claim, &crate::support::queue::transient(), t(0)).await.unwrap();
    queue.store.sweep_late(t(11)).await.unwrap();
    let reason = queue.only("a").await.reason;
    assert!(reason.starts_with("too late") && reason.contains("the service is unavailable"), "{reason}");
}

#[tokio::test]
async fn nothing_that_is_on_its_way_or_settled_is_swept_as_late() {
    let queue = Queue::new().await;
    for state in PostState::ALL {
        queue.post_in(state).await;
    }
    let before = queue.store.counts().await.unwrap();
    let swept = queue.store.sweep_late(t(99_999)).await.unwrap();
    assert_eq!(swept, Swept { missed: 1, ..Swept::default() }, "the one that was scheduled");
    let after = queue.store.counts().await.unwrap();
    assert_eq!(before.iter().map(|(_, n)| n).sum::<u32>(), after.iter().map(|(_, n)| n).sum::<u32>());
}
