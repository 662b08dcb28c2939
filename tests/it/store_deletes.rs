//! Taking stories down: orders, tries, and workers that died.

use std::time::Duration;

use storyd::domain::fault::Fault;
use storyd::domain::post::PostState;
use storyd::store::Written;
use storyd::store::queue::{DeleteOrder, JobPosts};
use storyd::store::view::{StoryKey, TaskKind};

use crate::support::queue::{Queue, note, t, transient};

const ORDER: DeleteOrder<'static> = DeleteOrder { actor: "anna", reason: "wrong price" };

async fn published(queue: &Queue, job: &JobPosts, story_id: &str) -> i64 {
    let post = queue.add(job).await;
    let intent = queue.intend(&job.account, t(0)).await;
    let _ = queue.store.record_published(intent, story_id, None, t(0)).await.unwrap();
    post
}

async fn is_due(queue: &Queue, minute: i64) -> bool {
    queue.store.due(t(minute)).await.unwrap().contains(&(TaskKind::Delete, "cafe".to_owned()))
}

#[tokio::test]
async fn an_order_is_carried_out_from_its_time_on() {
    let queue = Queue::new().await;
    let post = published(&queue, &note("a", t(0)), "_s.1").await;
    assert_eq!(queue.store.order_delete(post, ORDER, t(5), t(1)).await.unwrap(), Written::Done);
    assert!(!is_due(&queue, 4).await && queue.store.begin_delete("cafe", t(4)).await.unwrap().is_none());
    assert!(is_due(&queue, 5).await);
    let doomed = queue.store.begin_delete("cafe", t(5)).await.unwrap().unwrap();
    assert_eq!((doomed.story_id.as_str(), doomed.ordered_by.as_str(), doomed.failures), ("_s.1", "anna", 0));
    assert_eq!(queue.store.record_deleted(doomed, "confirmed by a read", t(6)).await.unwrap(), Written::Done);
    let [story] = queue.store.stories(None, Some(&StoryKey::Post(post)), 1).await.unwrap().try_into().unwrap();
    assert_eq!(story.deleted_at, Some(t(6)));
    let row = queue.only("a").await;
    assert_eq!((row.state, row.reason.as_str()), (PostState::Deleted, "wrong price; confirmed by a read"));
    assert_eq!(row.story_id.as_deref(), Some("_s.1"), "the record keeps what it was");
    assert!(!is_due(&queue, 9).await);
    assert_eq!(queue.store.order_delete(post, ORDER, t(9), t(9)).await.unwrap(), Written::Lost, "it is down");
}

#[tokio::test]
async fn only_a_story_that_is_up_can_be_taken_down() {
    let queue = Queue::new().await;
    for state in PostState::ALL.into_iter().filter(|state| *state != PostState::Published) {
        let post = queue.post_in(state).await;
        assert_eq!(queue.store.order_delete(post, ORDER, t(5), t(5)).await.unwrap(), Written::Lost, "{state}");
    }
}

#[tokio::test]
async fn a_job_can_order_it_in_advance() {
    let queue = Queue::new().await;
    let after = JobPosts { delete_after: Some(Duration::from_secs(1800)), ..note("a", t(0)) };
    let at = JobPosts { delete_at: Some(t(20)), ..note("b", t(0)) };
    published(&queue, &after, "_s.1").await;
    published(&queue, &at, "_s.2").await;
    assert!(!is_due(&queue, 19).await && is_due(&queue, 20).await);
    let doomed = queue.store.begin_delete("cafe", t(60)).await.unwrap().unwrap();
    assert_eq!((doomed.story_id.as_str(), doomed.reason.as_str()), ("_s.2", "delete_at of its job"));
    let _ = queue.store.record_deleted(doomed, "down", t(60)).await.unwrap();
    let doomed = queue.store.begin_delete("cafe", t(60)).await.unwrap().unwrap();
    assert_eq!((doomed.story_id.as_str(), doomed.reason.as_str()), ("_s.1", "delete_after of its job"));
    assert_eq!(queue.store.stories(None, None, 9).await.unwrap()[1].delete_at, Some(t(30)));
}

#[tokio::test]
async fn a_failed_try_is_repeated_and_at_last_given_up_until_a_new_order() {
    let queue = Queue::new().await;
    let post = published(&queue, &note("a", t(0)), "_s.1").await;
    let _ = queue.store.order_delete(post, ORDER, t(1), t(1)).await.unwrap();
    let doomed = queue.store.begin_delete("cafe", t(1)).await.unwrap().unwrap();
    queue.store.retry_delete(doomed, &transient(), t(4), t(2)).await.unwrap();
    assert!(!is_due(&queue, 3).await);
    let doomed = queue.store.begin_delete("cafe", t(4)).await.unwrap().unwrap();
    assert_eq!(doomed.failures, 1);
    queue.store.fail_delete(doomed, &Fault::permanent("-2", "not ours", "look"), t(5)).await.unwrap();
    assert!(!is_due(&queue, 99).await && queue.store.begin_delete("cafe", t(99)).await.unwrap().is_none());
    assert_eq!(queue.last(post).await, ("delete_failed".to_owned(), "delete".to_owned()));
    assert_eq!(queue.store.next_wake(t(5)).await.unwrap(), None);
    let _ = queue.store.order_delete(post, ORDER, t(10), t(10)).await.unwrap();
    let doomed = queue.store.begin_delete("cafe", t(10)).await.unwrap().unwrap();
    assert_eq!(doomed.failures, 0, "a new order starts afresh");
}

#[tokio::test]
async fn a_blocked_account_takes_nothing_down_and_loses_no_try() {
    let queue = Queue::new().await;
    let post = published(&queue, &note("a", t(0)), "_s.1").await;
    let _ = queue.store.order_delete(post, ORDER, t(1), t(1)).await.unwrap();
    let doomed = queue.store.begin_delete("cafe", t(1)).await.unwrap().unwrap();
    queue.block("cafe", t(10), t(1)).await;
    queue.store.snooze_delete(doomed, &transient(), t(1)).await.unwrap();
    assert!(!is_due(&queue, 9).await && queue.store.begin_delete("cafe", t(9)).await.unwrap().is_none());
    assert!(is_due(&queue, 10).await);
    assert_eq!(queue.store.begin_delete("cafe", t(10)).await.unwrap().unwrap().failures, 0);
}

#[tokio::test]
async fn a_worker_that_died_is_not_in_the_way_of_the_next_try() {
    let queue = Queue::new().await;
    let post = published(&queue, &note("a", t(0)), "_s.1").await;
    let _ = queue.store.order_delete(post, ORDER, t(1), t(1)).await.unwrap();
    let dead = queue.store.begin_delete("cafe", t(1)).await.unwrap().unwrap();
    assert!(is_due(&queue, 2).await);
    let doomed = queue.store.begin_delete("cafe", t(2)).await.unwrap().expect("what is due can be begun");
    let _ = queue.store.record_deleted(doomed, "down", t(3)).await.unwrap();
    assert_eq!(
        queue.store.record_deleted(dead, "down", t(4)).await.unwrap(),
        Written::Lost,
        "should it live after all"
    );
    let verdicts: Vec<_> = queue.store.attempts(post).await.unwrap().into_iter().map(|a| a.verdict.unwrap()).collect();
    assert_eq!(verdicts, ["published", "lost", "deleted"]);
}

#[tokio::test]
async fn at_start_take_downs_that_were_under_way_are_begun_anew() {
    let queue = Queue::new().await;
    let post = published(&queue, &note("a", t(0)), "_s.1").await;
    let _ = queue.store.order_delete(post, ORDER, t(1), t(1)).await.unwrap();
    drop(queue.store.begin_delete("cafe", t(1)).await.unwrap());
    assert_eq!(queue.store.sweep_deletes(t(2)).await.unwrap(), 1);
    assert_eq!(queue.open_attempts().await, 0);
    assert_eq!(queue.state(post).await, PostState::Published);
    assert!(queue.store.begin_delete("cafe", t(2)).await.unwrap().is_some());
}
