//! When the engine wakes, and what it is told to do then: nothing is slept through, and nothing is named that is then refused.

use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::content::Artifact;
use storyd::domain::policy::{Late, LateThen};
use storyd::domain::post::PostState;
use storyd::store::queue::{Absence, DeleteOrder, JobPosts, Proof, Swept};
use storyd::store::view::TaskKind;

use crate::support::queue::{AHEAD, LEASE, Queue, ambiguous, micro, note, photo, t, transient};

async fn next(queue: &Queue, now: Timestamp) -> Option<Timestamp> {
    queue.store.next_wake(now).await.unwrap()
}

#[tokio::test]
async fn an_empty_queue_never_wakes() {
    let queue = Queue::new().await;
    assert_eq!(next(&queue, t(0)).await, None);
}

#[tokio::test]
async fn it_wakes_to_prepare_to_publish_and_when_an_upload_is_stale() {
    let queue = Queue::new().await;
    queue.add(&photo("a", t(0))).await;
    assert_eq!(next(&queue, t(-60)).await, Some(t(-10)));
    assert_eq!(next(&queue, t(-10)).await, Some(t(0)), "what is due already is not waited for");
    queue.prepare("cafe", t(-10)).await; // trusted until 50
    assert_eq!(next(&queue, t(-9)).await, Some(t(0)));
    assert_eq!(next(&queue, t(0)).await, Some(t(50)));
    assert_eq!(next(&queue, t(50)).await, None);
}

#[tokio::test]
async fn it_wakes_just_after_a_window_ends() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(600), then: LateThen::Skip };
    queue.add(&JobPosts { late, ..note("a", t(0)) }).await;
    assert_eq!(next(&queue, t(0)).await, Some(micro(t(10))));
    assert_eq!(next(&queue, t(10)).await, Some(micro(t(10))));
    assert_eq!(queue.store.sweep_late(t(10)).await.unwrap(), Swept::default());
    assert_eq!(queue.store.sweep_late(micro(t(10))).await.unwrap().missed, 1);
    assert_eq!(next(&queue, t(9)).await, None);
}

#[tokio::test]
async fn it_wakes_when_a_lease_ends_a_doubt_is_to_be_looked_at_an_account_is_probed_or_a_story_goes() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let intent = queue.intend("cafe", t(0)).await;
    assert_eq!(next(&queue, t(0)).await, Some(t(0) + LEASE));
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(2), t(1)).await.unwrap();
    assert_eq!(next(&queue, t(1)).await, Some(t(2)));
    queue.block("cafe", t(5), t(2)).await;
    assert_eq!(next(&queue, t(2)).await, Some(t(5)));
    let post = queue.only("a").await.post;
    queue.store.resolve_found(post, "_s.1", "anna", t(3)).await.unwrap();
    let order = DeleteOrder { actor: "anna", reason: "" };
    let _ = queue.store.order_delete(post, order, t(4), t(3)).await.unwrap();
    assert_eq!(next(&queue, t(3)).await, Some(t(4)));
    queue.store.unblock("cafe").await.unwrap();
    let doomed = queue.store.begin_delete("cafe", t(4)).await.unwrap().unwrap();
    let _ = queue.store.record_deleted(doomed, "down", t(4)).await.unwrap();
    assert_eq!(next(&queue, t(3)).await, None);
}

#[tokio::test]
async fn it_wakes_for_the_earliest_of_all_accounts() {
    let queue = Queue::new().await;
    for (account, minute) in [("cafe", 30), ("shop", 20), ("zoo", 40)] {
        queue.add(&JobPosts { account: account.into(), ..photo(account, t(minute)) }).await;
    }
    assert_eq!(next(&queue, t(0)).await, Some(t(10)));
    assert_eq!(next(&queue, t(10)).await, Some(t(20)));
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const ACCOUNTS: [&str; 3] = ["cafe", "shop", "zoo"];

/// Posts of every kind and policy, some with the same text, some that are taken down again.
async fn fill(queue: &Queue, draw: &mut Draw) {
    for n in 0..50 {
        let name = format!("job-{n}");
        let at = t(i64::try_from(draw.below(240)).unwrap());
        let base = if draw.below(2) == 0 { note(&name, at) } else { photo(&name, at) };
        let then = [LateThen::Post, LateThen::Skip, LateThen::Hold][usize::try_from(draw.below(3)).unwrap()];
        let content = if draw.below(3) == 0 { note("same", at).content } else { base.content.clone() };
        let job = JobPosts {
            account: ACCOUNTS[usize::try_from(draw.below(3)).unwrap()].into(),
            late: Late { within: Duration::from_secs(60 * (1 + draw.below(90))), then },
            delete_after: (draw.below(4) == 0).then(|| Duration::from_secs(1 + draw.below(3000))),
            content,
            ..base
        };
        queue.add(&job).await;
    }
}

/// Does one thing that is due and lets it end in any way. Fails when what was named is refused.
async fn act(queue: &Queue, due: TaskKind, account: &str, now: Timestamp, draw: &mut Draw) {
    let store = &queue.store;
    let later = |minutes: u64| now + Duration::from_secs(60 * (1 + minutes));
    match due {
        TaskKind::Prepare => {
            let claim = store.claim_to_prepare(account, now, LEASE).await.unwrap().expect("due to prepare");
            let _ = match draw.below(6) {
                0 => store.retry(claim, &transient(), later(draw.below(9)), AHEAD, now).await.unwrap(),
                1 => store.fail(claim, &transient(), now).await.unwrap(),
                2 => return drop(claim), // the worker dies
                _ => store.record_prepared(claim, &Artifact("[]".into()), later(draw.below(60)), now).await.unwrap(),
            };
        }
        TaskKind::Publish => {
            let claim = store.claim_to_publish(account, now, LEASE).await.unwrap().expect("due to publish");
            let story = format!("_s.{}", claim.taken().post);
            if draw.below(8) == 0 {
                return drop(claim);
            }
            let intent = store.intend(claim, now, LEASE).await.unwrap().expect("nothing is in its way");
            let _ = match draw.below(9) {
                0 => store.retry(intent, &transient(), later(draw.below(9)), AHEAD, now).await.unwrap(),
                1 => {
                    queue.block(account, later(draw.below(20)), now).await;
                    store.snooze(intent, &transient(), now).await.unwrap()
                }
                2 => return drop(intent),
                3 => store.record_doubt(intent, &ambiguous(), later(0), now).await.unwrap(),
                _ => store.record_published(intent, &story, None, now).await.unwrap(),
            };
        }
        TaskKind::Reconcile => {
            let doubt = store.doubt_due(account, now).await.unwrap().expect("a look is due");
            let story = format!("_r.{}", doubt.post);
            let _ = match draw.below(5) {
                0 => store.park(doubt, &[], "nobody can tell", now).await.unwrap(),
                1 => store.record_found(doubt, &story, now).await.unwrap(),
                2 => store.record_absent(doubt, Absence::Hold, now).await.unwrap(),
                _ => store
                    .look_again(doubt, Proof { absences: 1, ..Proof::default() }, later(draw.below(3)), now, "not yet")
                    .await
                    .unwrap(),
            };
        }
        TaskKind::Audit | TaskKind::Restore | TaskKind::Probe | TaskKind::Foresee | TaskKind::Notify => {
            panic!("nobody ordered one")
        }
        TaskKind::Delete => {
            let doomed = store.begin_delete(account, now).await.unwrap().expect("a story is due to go");
            match draw.below(6) {
                0 => store.retry_delete(doomed, &transient(), later(draw.below(9)), now).await.unwrap(),
                1 => store.fail_delete(doomed, &transient(), now).await.unwrap(),
                2 => drop(doomed),
                _ => assert_eq!(store.record_deleted(doomed, "", now).await.unwrap(), storyd::store::Written::Done),
            }
        }
    }
}

/// What is not named as due must be refused, or it would be done only by luck.
async fn nothing_else_is_taken(queue: &Queue, now: Timestamp) {
    for account in ACCOUNTS {
        assert!(queue.store.claim_to_prepare(account, now, LEASE).await.unwrap().is_none(), "{account} at {now}");
        assert!(queue.store.claim_to_publish(account, now, LEASE).await.unwrap().is_none(), "{account} at {now}");
        assert!(queue.store.doubt_due(account, now).await.unwrap().is_none(), "{account} at {now}");
        assert!(queue.store.begin_delete(account, now).await.unwrap().is_none(), "{account} at {now}");
    }
}

async fn sweep(queue: &Queue, now: Timestamp) -> (Swept, Swept) {
    (queue.store.sweep_leases(&[], now).await.unwrap(), queue.store.sweep_late(now).await.unwrap())
}

#[tokio::test]
async fn whatever_happens_what_is_due_can_be_done_and_nothing_falls_due_between_two_wakes() {
    for seed in 1..3 {
        let queue = Queue::new().await;
        let mut draw = Draw(seed);
        fill(&queue, &mut draw).await;
        let mut now = t(-60);
        let mut turns = 0;
        loop {
            sweep(&queue, now).await;
            while let Some((due, account)) = queue.store.due(now).await.unwrap().pop() {
                act(&queue, due, &account, now, &mut draw).await;
                turns += 1;
                assert!(turns < 5_000, "it spins on {due:?} of {account} at {now}");
            }
            nothing_else_is_taken(&queue, now).await;
            let Some(wake) = next(&queue, now).await else { break };
            assert!(wake > now, "{wake} is not after {now}");
            let before = wake - Duration::from_micros(1);
            assert_eq!(queue.store.due(before).await.unwrap(), [], "slept through {before}");
            assert_eq!(sweep(&queue, before).await, (Swept::default(), Swept::default()), "slept through {before}");
            now = wake;
        }
        for (state, posts) in queue.store.counts().await.unwrap() {
            let waits = matches!(state, PostState::Claimed | PostState::Publishing);
            assert!(!waits, "{posts} posts are {state} for ever");
        }
        stuck_only_behind_a_parked_doubt(&queue).await;
        assert_eq!(queue.open_attempts().await, 0);
    }
}

/// A post may wait for ever behind a person's decision, and behind nothing else.
async fn stuck_only_behind_a_parked_doubt(queue: &Queue) {
    let stuck = "SELECT count(*) FROM post p WHERE state = 'scheduled'
                   AND NOT EXISTS (SELECT 1 FROM post q WHERE q.account = p.account AND q.text_key = p.text_key
                                     AND q.parked_at IS NOT NULL)";
    assert_eq!(queue.number(stuck).await, Some(0));
    let doubtful = "SELECT count(*) FROM post WHERE state = 'in_doubt' AND parked_at IS NULL";
    assert_eq!(queue.number(doubtful).await, Some(0));
}
