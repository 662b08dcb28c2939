//! Names and instants that part: zones that change, times that move, names that trade places.

use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::policy::{Late, LateThen};
use storyd::domain::post::PostState;
use storyd::store::queue::{Enqueued, JobPosts, NewPost};

use crate::support::queue::{Queue, named, note, photo, t, transient};

fn counted(added: u64, changed: u64, cancelled: u64, restored: u64, busy: u64) -> Enqueued {
    Enqueued { added, changed, cancelled, restored, busy, ..Enqueued::default() }
}

/// A job with these occurrences.
fn job(occurrences: Vec<NewPost>) -> JobPosts {
    JobPosts { occurrences, ..note("a", t(0)) }
}

fn skip(seconds: u64) -> Late {
    Late { within: Duration::from_secs(seconds), then: LateThen::Skip }
}

/// (name, instant, state) of every post of the job `a`, by instant.
async fn rows(queue: &Queue) -> Vec<(Timestamp, PostState)> {
    let mut rows: Vec<_> = queue.posts("a").await.into_iter().map(|row| (row.occurs_at, row.state)).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn two_names_of_one_instant_are_one_post() {
    let queue = Queue::new().await;
    let plan = job(vec![named("02:15", t(0)), named("02:45", t(0))]);
    assert_eq!(queue.enqueue(&plan, t(-60)).await, counted(1, 0, 0, 0, 0));
    assert_eq!(queue.enqueue(&plan, t(-60)).await, Enqueued::default());
    let only = job(vec![named("02:45", t(0))]);
    assert_eq!(queue.enqueue(&only, t(-50)).await, Enqueued::default(), "its post stands for the other name");
    assert_eq!(rows(&queue).await, [(t(0), PostState::Scheduled)]);
}

#[tokio::test]
async fn a_name_that_moves_takes_its_post_along() {
    let queue = Queue::new().await;
    queue.enqueue(&JobPosts { late: skip(600), ..job(vec![named("09:00", t(0))]) }, t(-60)).await;
    let moved = JobPosts { late: skip(600), zone: "Asia/Tashkent".into(), ..job(vec![named("09:00", t(240))]) };
    assert_eq!(queue.enqueue(&moved, t(-50)).await, counted(0, 1, 0, 0, 0));
    let row = queue.only("a").await;
    assert_eq!((row.occurs_at, row.due_at, row.zone.as_str()), (t(240), t(240), "Asia/Tashkent"));
    assert_eq!(queue.instant(row.post, "late_until_at").await, Some(t(250)));
    assert_eq!(queue.events(row.post).await.pop().unwrap().reason, "the job file changed its zone, time");
}

#[tokio::test]
async fn an_instant_that_is_renamed_keeps_its_post() {
    let queue = Queue::new().await;
    queue.enqueue(&job(vec![named("09:00", t(0))]), t(-60)).await;
    let renamed = JobPosts { zone: "UTC".into(), ..job(vec![named("00:00", t(0))]) };
    assert_eq!(queue.enqueue(&renamed, t(-50)).await, counted(0, 1, 0, 0, 0), "the zone");
    assert_eq!(queue.enqueue(&renamed, t(-50)).await, Enqueued::default());
    assert_eq!(rows(&queue).await, [(t(0), PostState::Scheduled)]);
}

#[tokio::test]
async fn names_can_trade_instants() {
    let queue = Queue::new().await;
    queue.enqueue(&job(vec![named("1", t(1)), named("2", t(2)), named("3", t(3))]), t(-60)).await;
    let rotated = job(vec![named("1", t(2)), named("2", t(3)), named("3", t(1))]);
    assert_eq!(queue.enqueue(&rotated, t(-50)).await, counted(0, 3, 0, 0, 0));
    assert_eq!(queue.enqueue(&rotated, t(-50)).await, Enqueued::default());
    let shifted = job(vec![named("1", t(1)), named("2", t(2)), named("4", t(3))]);
    queue.enqueue(&shifted, t(-40)).await;
    let instants: Vec<_> = rows(&queue).await.into_iter().filter(|(_, s)| *s == PostState::Scheduled).collect();
    assert_eq!(instants, [t(1), t(2), t(3)].map(|at| (at, PostState::Scheduled)));
}

#[tokio::test]
async fn nothing_moves_into_the_place_of_a_claimed_post_before_it_is_free() {
    let queue = Queue::new().await;
    queue.enqueue(&job(vec![named("1", t(1)), named("2", t(2))]), t(-60)).await;
    let claim = queue.claim("cafe", t(1)).await.unwrap();
    let shifted = job(vec![named("0", t(1)), named("1", t(2)), named("2", t(3))]);
    assert_eq!(queue.enqueue(&shifted, t(1)).await, counted(0, 0, 0, 0, 1));
    let _ = queue.store.snooze(claim, &transient(), t(1)).await.unwrap();
    assert_eq!(queue.enqueue(&shifted, t(1)).await, counted(1, 2, 0, 0, 0));
    assert_eq!(rows(&queue).await, [t(1), t(2), t(3)].map(|at| (at, PostState::Scheduled)));
}

#[tokio::test]
async fn a_moved_name_yields_to_what_is_out_at_its_new_instant() {
    let queue = Queue::new().await;
    queue.enqueue(&job(vec![named("1", t(1)), named("2", t(2))]), t(-60)).await;
    let intent = queue.intend("cafe", t(1)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(1)).await.unwrap();
    let shifted = job(vec![named("0", t(0)), named("2", t(1)), named("3", t(2))]);
    let report = queue.enqueue(&JobPosts { add_after: t(1), ..shifted }, t(1)).await;
    assert_eq!(report, Enqueued::default(), "the post at 2 stands for the name 3");
    assert_eq!(rows(&queue).await, [(t(1), PostState::Published), (t(2), PostState::Scheduled)]);
}

#[tokio::test]
async fn a_missed_post_that_is_moved_ahead_has_its_chance_after_all() {
    let queue = Queue::new().await;
    queue.enqueue(&JobPosts { late: skip(60), ..job(vec![named("09:00", t(0))]) }, t(-60)).await;
    queue.store.sweep_late(t(2)).await.unwrap();
    let moved = JobPosts { late: skip(60), ..job(vec![named("09:00", t(60))]) };
    assert_eq!(queue.enqueue(&moved, t(3)).await, counted(0, 0, 0, 1, 0));
    let row = queue.only("a").await;
    assert_eq!((row.state, row.due_at, row.reason.as_str()), (PostState::Scheduled, t(60), "its time was moved ahead"));
    queue.store.sweep_late(t(62)).await.unwrap();
    let back = JobPosts { late: skip(60), ..job(vec![named("09:00", t(50))]) };
    assert_eq!(queue.enqueue(&back, t(63)).await.restored, 0, "50 is past as well");
    assert_eq!(queue.only("a").await.state, PostState::Missed);
}

#[tokio::test]
async fn what_a_person_let_go_after_it_was_held_and_withdrawn_waits_for_nobody_when_it_is_missed_and_moved() {
    let queue = Queue::new().await;
    let hold = Late { then: LateThen::Hold, ..skip(60) };
    queue.enqueue(&JobPosts { late: hold, ..job(vec![named("09:00", t(0))]) }, t(-60)).await;
    queue.store.sweep_late(t(2)).await.unwrap();
    assert_eq!(queue.only("a").await.state, PostState::Held);
    queue.enqueue(&JobPosts { late: skip(60), ..job(vec![named("09:00", t(0))]) }, t(3)).await;
    queue.enqueue(&job(vec![]), t(4)).await;
    let (post, from) = (queue.only("a").await.post, [PostState::Cancelled]);
    queue.store.release(post, &from, "anna", "", Duration::ZERO, t(5)).await.unwrap();
    queue.store.sweep_late(t(10)).await.unwrap();
    assert_eq!(queue.state(post).await, PostState::Missed);
    let moved = JobPosts { late: skip(60), ..job(vec![named("09:00", t(60))]) };
    assert_eq!(queue.enqueue(&moved, t(11)).await, counted(0, 0, 0, 1, 0));
    assert_eq!(queue.state(post).await, PostState::Scheduled);
}

#[tokio::test]
async fn a_moved_photo_keeps_its_upload_while_that_is_good() {
    let queue = Queue::new().await;
    let with = |at| JobPosts { occurrences: vec![named("09:00", at)], ..photo("a", t(0)) };
    queue.enqueue(&with(t(0)), t(-60)).await;
    let post = queue.prepare("cafe", t(-10)).await; // trusted until 50
    queue.enqueue(&with(t(40)), t(-5)).await;
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(50)));
    queue.enqueue(&with(t(100)), t(-5)).await;
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(90)), "stale by then");
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test]
async fn however_a_job_is_edited_nothing_wanted_is_lost_and_nothing_else_waits() {
    let queue = Queue::new().await;
    let mut draw = Draw(7);
    for round in 0..300 {
        let now = t(round);
        let occurrences: Vec<NewPost> = (0..draw.below(16))
            .map(|_| named(&draw.below(24).to_string(), t(1000 + i64::try_from(draw.below(24)).unwrap())))
            .collect();
        // A schedule names each time once.
        let mut names = std::collections::HashSet::new();
        let occurrences: Vec<NewPost> = occurrences.into_iter().filter(|o| names.insert(o.nominal.clone())).collect();
        let plan = job(occurrences);
        queue.enqueue(&plan, now).await;
        assert_eq!(queue.enqueue(&plan, now).await, Enqueued::default(), "round {round}");
        judge(&queue, &plan).await;
        // Now and then something happens to one of the posts.
        if draw.below(3) == 0 {
            let waiting: Vec<_> =
                queue.posts("a").await.into_iter().filter(|p| p.state == PostState::Scheduled).collect();
            if let Some(row) = waiting.get(usize::try_from(draw.below(8)).unwrap()) {
                match draw.below(12) {
                    0 => {
                        let intent = queue.intend("cafe", t(2000)).await;
                        let story = format!("_s.{round}");
                        let _ = queue.store.record_published(intent, &story, None, t(2000)).await.unwrap();
                    }
                    1 => queue.store.cancel(row.post, "anna", "", now).await.unwrap(),
                    2 => {
                        let claim = queue.claim("cafe", t(2000)).await.unwrap();
                        let _ = queue.store.fail(claim, &transient(), now).await.unwrap();
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Everything that is wanted has a post at its instant, or was out already under its name; nothing else waits.
async fn judge(queue: &Queue, plan: &JobPosts) {
    for occurrence in &plan.occurrences {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM post WHERE occurs_at = {} AND NOT (state = 'cancelled' AND actor = 'plan'))
                 OR EXISTS (SELECT 1 FROM post WHERE nominal = '{}' AND state IN ('published', 'in_doubt'))",
            occurrence.occurs_at.as_microsecond(),
            occurrence.nominal
        );
        assert_eq!(queue.number(&sql).await, Some(1), "{occurrence:?} was lost");
    }
    let wanted: Vec<Timestamp> = plan.occurrences.iter().map(|occurrence| occurrence.occurs_at).collect();
    for post in queue.posts("a").await.iter().filter(|post| post.state == PostState::Scheduled) {
        assert!(wanted.contains(&post.occurs_at), "{post:?} waits and nobody wants it");
    }
}
