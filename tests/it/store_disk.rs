//! The store under a disk that is full, that fails, or whose file is taken away: what was sent is recorded if there is any way to, and
//! after a failed commit no intent is ever made again.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use storyd::domain::policy::{Late, LateThen};
use storyd::domain::post::PostState;
use storyd::store::crash::{CommitFault, failing_commit};
use storyd::store::queue::{JobPosts, Swept};
use storyd::store::{Access, Ailment, StatementFailure, Store, StoreError, Written};

use crate::support::queue::{AHEAD, LEASE, Queue, ambiguous, note, occurrence, t, text, transient};

const FULL: i32 = 13;
const IOERR_WRITE: i32 = 778;
const IOERR_FSYNC: i32 = 1034;
const CORRUPT: i32 = 11;
/// Bytes of the ballast of these tests.
const BALLAST: u64 = 100_000;

fn ballast(queue: &Queue) -> u64 {
    queue.dir.path().join("ballast").metadata().unwrap().len()
}

#[tokio::test]
async fn every_result_is_recorded_in_the_room_of_the_ballast() {
    for wanted in [PostState::Published, PostState::InDoubt, PostState::Scheduled, PostState::Failed] {
        let queue = Queue::new().await;
        queue.store.keep_ballast(BALLAST);
        assert!(queue.store.refill_ballast().await.unwrap());
        let post = queue.add(&note("a", t(0))).await;
        let intent = queue.intend("cafe", t(0)).await;
        let store = &queue.store;
        let (fault, doubt) = (transient(), ambiguous());
        let record = async {
            match wanted {
                PostState::Published => store.record_published(intent, "_s.1", None, t(1)).await,
                PostState::InDoubt => store.record_doubt(intent, &doubt, t(2), t(1)).await,
                PostState::Scheduled => store.retry(intent, &fault, t(2), AHEAD, t(1)).await,
                _ => store.fail(intent, &fault, t(1)).await,
            }
        };
        let written = failing_commit(1, CommitFault::Undone, FULL, record).await.unwrap();
        assert_eq!((written, queue.state(post).await), (Written::Done, wanted));
        assert_eq!(queue.open_attempts().await, 0);
        assert!(store.is_short_of_room());
        assert_eq!(ballast(&queue), 0, "its room is given up");
        let beside = Store::open(queue.dir.path(), Access::Beside).await.unwrap();
        assert!(beside.is_short_of_room(), "a command knows it too");
        beside.close().await;
        assert!(store.refill_ballast().await.unwrap());
        assert_eq!((store.is_short_of_room(), ballast(&queue)), (false, BALLAST));
    }
}

#[tokio::test]
async fn without_room_for_a_result_no_request_leaves() {
    let queue = Queue::new().await;
    queue.store.keep_ballast(BALLAST);
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let elsewhere =
        failing_commit(1, CommitFault::Undone, FULL, queue.store.enqueue_by_hand(&note("b", t(9)), "kim", t(0))).await;
    let error = elsewhere.unwrap_err();
    assert_eq!(queue.store.notice(&error), StatementFailure::Full);
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(queue.store.intend(claim, t(0), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Scheduled);
}

#[tokio::test]
async fn without_room_for_a_result_no_shared_commit_takes_a_post_either() {
    let queue = Queue::new().await;
    queue.store.keep_ballast(BALLAST);
    let (first, second) = (queue.add(&note("a", t(0))).await, queue.add(&note("b", t(0))).await);
    let intent = queue.store.take_to_publish("cafe", t(0), LEASE).await.unwrap().unwrap();
    let elsewhere =
        failing_commit(1, CommitFault::Undone, FULL, queue.store.enqueue_by_hand(&note("c", t(9)), "kim", t(0))).await;
    assert_eq!(queue.store.notice(&elsewhere.unwrap_err()), StatementFailure::Full);
    let recorded = queue.store.record_and_take(intent, "_s.1", None, t(1), Some(LEASE)).await.unwrap();
    assert_eq!((recorded.written, recorded.next.is_none()), (Written::Done, true));
    assert!(queue.store.take_to_publish("cafe", t(1), LEASE).await.unwrap().is_none());
    assert_eq!((queue.state(first).await, queue.state(second).await), (PostState::Published, PostState::Scheduled));
    assert!(queue.store.refill_ballast().await.unwrap());
    assert!(queue.store.take_to_publish("cafe", t(1), LEASE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_shared_commit_that_failed_is_no_intent_and_no_record() {
    for fault in [CommitFault::Undone, CommitFault::Done] {
        let queue = Queue::new().await;
        queue.add(&note("a", t(0))).await;
        let taken = queue.store.take_to_publish("cafe", t(0), LEASE);
        let refused = failing_commit(1, fault, IOERR_FSYNC, taken).await.unwrap_err();
        assert!(matches!(refused, StoreError::Stopped { .. }), "{refused}");

        let queue = Queue::new().await;
        let post = queue.add(&note("a", t(0))).await;
        let intent = queue.store.take_to_publish("cafe", t(0), LEASE).await.unwrap().unwrap();
        let recorded = queue.store.record_and_take(intent, "_s.1", None, t(1), Some(LEASE));
        assert!(failing_commit(1, fault, IOERR_FSYNC, recorded).await.is_err());
        let there = if fault == CommitFault::Done { PostState::Published } else { PostState::Publishing };
        assert_eq!(queue.state(post).await, there);
    }
}

#[tokio::test]
async fn a_shared_commit_without_room_is_made_good_for_the_result_and_not_for_the_next_post() {
    let queue = Queue::new().await;
    queue.store.keep_ballast(BALLAST);
    assert!(queue.store.refill_ballast().await.unwrap());
    let (first, second) = (queue.add(&note("a", t(0))).await, queue.add(&note("b", t(0))).await);
    let taken = queue.store.take_to_publish("cafe", t(0), LEASE);
    assert!(failing_commit(1, CommitFault::Undone, FULL, taken).await.unwrap().is_none());
    assert_eq!((queue.state(first).await, ballast(&queue)), (PostState::Scheduled, 0));
    assert!(queue.store.refill_ballast().await.unwrap());
    let intent = queue.store.take_to_publish("cafe", t(0), LEASE).await.unwrap().unwrap();
    let recorded = queue.store.record_and_take(intent, "_s.1", None, t(1), Some(LEASE));
    let recorded = failing_commit(1, CommitFault::Undone, FULL, recorded).await.unwrap();
    assert_eq!((recorded.written, recorded.next.is_none()), (Written::Done, true));
    assert_eq!((queue.state(first).await, queue.state(second).await), (PostState::Published, PostState::Scheduled));
}

#[tokio::test]
async fn an_intent_without_room_is_none_and_the_next_sweep_gives_its_post_back() {
    let queue = Queue::new().await;
    queue.store.keep_ballast(BALLAST);
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let intent = failing_commit(1, CommitFault::Undone, FULL, queue.store.intend(claim, t(0), LEASE)).await;
    assert!(matches!(intent, Err(StoreError::Database(_))), "{intent:?}");
    assert_eq!(queue.state(post).await, PostState::Claimed);
    assert_eq!(queue.store.sweep_boot(t(1)).await.unwrap(), Swept { unclaimed: 1, ..Swept::default() });
    assert_eq!(queue.state(post).await, PostState::Scheduled);
}

#[tokio::test]
async fn after_a_commit_that_failed_nothing_is_written_any_more_whatever_is_on_the_disk() {
    for (code, words) in [(IOERR_FSYNC, "dmesg"), (IOERR_WRITE, "dmesg"), (CORRUPT, ".recover")] {
        for fault in [CommitFault::Undone, CommitFault::Done] {
            let queue = Queue::new().await;
            let post = queue.add(&note("a", t(0))).await;
            queue.add(&note("b", t(0))).await;
            let mut other = note("c", t(0));
            other.account = "shop".into();
            queue.add(&other).await;
            let ready = queue.claim("shop", t(0)).await.unwrap();
            let claim = queue.claim("cafe", t(0)).await.unwrap();
            let failed = failing_commit(1, fault, code, queue.store.intend(claim, t(0), LEASE)).await;
            assert!(failed.is_err());
            let refused = queue.store.intend(ready, t(0), LEASE).await.unwrap_err();
            assert!(matches!(refused, StoreError::Stopped { .. }), "{refused}");
            assert!(refused.to_string().contains(words), "{refused}");
            assert!(queue.store.claim_to_publish("cafe", t(1), LEASE).await.is_err());
            assert!(queue.store.enqueue_by_hand(&note("d", t(9)), "kim", t(1)).await.is_err());
            assert_eq!(queue.store.until_ended().await.to_string(), refused.to_string(), "the daemon is told");
            let Queue { dir, store } = queue;
            store.close().await;
            let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
            let doubted = u64::from(fault == CommitFault::Done);
            let swept = Swept { doubted, unclaimed: 2 - doubted, ..Swept::default() };
            assert_eq!(store.sweep_boot(t(2)).await.unwrap(), swept);
            let state = if doubted == 1 { PostState::InDoubt } else { PostState::Scheduled };
            assert_eq!(store.post(post).await.unwrap().unwrap().state, state);
        }
    }
}

#[tokio::test]
async fn a_queue_that_is_moved_removed_or_replaced_under_the_daemon_takes_no_intent() {
    for how in ["moved", "removed", "replaced"] {
        let queue = Queue::new().await;
        queue.add(&note("a", t(0))).await;
        let claim = queue.claim("cafe", t(0)).await.unwrap();
        let file = queue.dir.path().join("queue.db");
        let away = queue.dir.path().join("away.db");
        match how {
            "moved" => std::fs::rename(&file, &away).unwrap(),
            "removed" => std::fs::remove_file(&file).unwrap(),
            _ => {
                std::fs::copy(&file, &away).unwrap();
                std::fs::rename(&away, &file).unwrap();
            }
        }
        let error = queue.store.intend(claim, t(0), LEASE).await.unwrap_err();
        assert!(matches!(error, StoreError::Stopped { why: Ailment::Gone(_), .. }), "{how}: {error}");
        assert!(error.to_string().contains("bring the folder back as it was"), "{error}");
    }
}

#[tokio::test]
async fn enqueueing_the_same_again_writes_nothing() {
    let queue = Queue::new().await;
    let endless = JobPosts { complete_until: t(60 * 24 * 35), ..note("a", t(0)) };
    queue.enqueue(&endless, t(-60)).await;
    let log = || std::fs::read(queue.dir.path().join("queue.db-wal")).unwrap();
    let before = log();
    let half_an_hour_later = JobPosts { complete_until: t(60 * 24 * 35 + 30), ..endless.clone() };
    queue.enqueue(&half_an_hour_later, t(-30)).await;
    assert!(log() == before, "an fsync for nothing");
    let next_day = JobPosts { complete_until: t(60 * 24 * 36), ..endless };
    queue.enqueue(&next_day, t(-30)).await;
    assert!(log() != before, "the watermark follows");
}

/// A queue of some megabytes, closed.
async fn large() -> tempfile::TempDir {
    let queue = Queue::new().await;
    let late = Late { within: std::time::Duration::from_secs(3600), then: LateThen::Post };
    let job = JobPosts {
        content: text(&"가".repeat(2000)),
        late,
        occurrences: (0..900).map(|n| occurrence(t(n))).collect(),
        ..note("large", t(0))
    };
    queue.enqueue(&job, t(-60)).await;
    let Queue { dir, store } = queue;
    store.close().await;
    assert!(dir.path().join("queue.db").metadata().unwrap().len() > 5_000_000);
    dir
}

#[tokio::test]
async fn a_large_queue_is_looked_at_beside_the_work_and_damage_ends_it_for_this_start_and_the_next() {
    let dir = large().await;
    let never = || Arc::new(AtomicBool::new(false));
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    store.check_pages(never()).await.unwrap();
    store.close().await;

    let file = dir.path().join("queue.db");
    let whole = std::fs::read(&file).unwrap();
    let mut bytes = whole.clone();
    for byte in &mut bytes[4096 * 600..4096 * 640] {
        *byte = !*byte;
    }
    std::fs::write(&file, &bytes).unwrap();
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    let error = store.check_pages(never()).await.unwrap_err();
    assert!(matches!(error, StoreError::Stopped { why: Ailment::Damaged(_), .. }), "{error}");
    assert!(store.claim_to_publish("cafe", t(0), LEASE).await.is_err());
    store.close().await;

    let before = std::fs::read(&file).unwrap();
    let error = Store::open(dir.path(), Access::Daemon).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(std::fs::read(&file).unwrap() == before, "the file was touched");
    std::fs::write(&file, &whole).unwrap();
    Store::open(dir.path(), Access::Daemon).await.unwrap().close().await;
    assert!(!dir.path().join("queue.db-damaged").exists(), "a restored file is whole");
}

#[tokio::test]
async fn a_look_that_nobody_waits_for_any_more_ends() {
    let dir = large().await;
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    store.check_pages(Arc::new(AtomicBool::new(true))).await.unwrap();
    store.close().await;
    assert!(!dir.path().join("queue.db-wal").exists());
}

#[tokio::test]
async fn a_truncated_queue_is_refused_and_left_as_it_is() {
    let dir = large().await;
    let file = dir.path().join("queue.db");
    let bytes = std::fs::read(&file).unwrap();
    for length in [bytes.len() / 2, 4096 * 3, 5000] {
        std::fs::write(&file, &bytes[..length]).unwrap();
        let error = Store::open(dir.path(), Access::Daemon).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{length}: {error}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
        assert!(std::fs::read(&file).unwrap() == bytes[..length], "{length}: the file was touched");
    }
}
