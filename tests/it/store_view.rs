//! What people look at: filters, order and limits.

use std::time::Duration;

use storyd::domain::post::PostState;
use storyd::store::queue::JobPosts;
use storyd::store::view::{PostFilter, StoryKey};

use crate::support::queue::{Queue, note, occurrence, t};

/// Jobs `a` (three posts) and `b` of account `cafe`, `c` of account `shop`; the first of each account is published.
async fn some() -> Queue {
    let queue = Queue::new().await;
    let occurrences = vec![occurrence(t(3)), occurrence(t(1)), occurrence(t(5))];
    queue.enqueue(&JobPosts { occurrences, ..note("a", t(0)) }, t(-60)).await;
    queue.add(&note("b", t(4))).await;
    queue.add(&JobPosts { account: "shop".into(), ..note("c", t(2)) }).await;
    for (account, story) in [("cafe", "_c.1"), ("shop", "_s.1")] {
        let intent = queue.intend(account, t(2)).await;
        let at = t(2) + Duration::from_secs(u64::from(account == "shop"));
        let _ = queue.store.record_published(intent, story, None, at).await.unwrap();
    }
    queue
}

async fn listed(queue: &Queue, filter: PostFilter) -> Vec<String> {
    let rows = queue.store.posts(&filter).await.unwrap();
    rows.iter().map(|row| format!("{}@{}", row.job, (row.occurs_at.duration_since(t(0))).as_mins())).collect()
}

#[tokio::test]
async fn posts_are_listed_by_state_account_and_job_the_earliest_first() {
    let queue = some().await;
    let all = PostFilter::default();
    assert_eq!(listed(&queue, all.clone()).await, ["a@1", "c@2", "a@3", "b@4", "a@5"]);
    let scheduled = PostFilter { states: vec![PostState::Scheduled, PostState::Held], ..all.clone() };
    assert_eq!(listed(&queue, scheduled.clone()).await, ["a@3", "b@4", "a@5"]);
    let cafe = PostFilter { account: Some("cafe".into()), ..all.clone() };
    assert_eq!(listed(&queue, cafe).await, ["a@1", "a@3", "b@4", "a@5"]);
    let job = PostFilter { job: Some("a".into()), limit: Some(2), ..scheduled };
    assert_eq!(listed(&queue, job.clone()).await, ["a@3", "a@5"]);
    assert!(listed(&queue, PostFilter { account: Some("shop".into()), ..job }).await.is_empty());
    assert_eq!(listed(&queue, PostFilter { limit: Some(1), ..all.clone() }).await, ["a@1"]);
    assert!(listed(&queue, PostFilter { account: Some("nobody".into()), ..all }).await.is_empty());
}

#[tokio::test]
async fn stories_are_listed_the_newest_first_and_found_by_post_and_id() {
    let queue = some().await;
    let ids = async |account: Option<&str>, which: Option<StoryKey>, limit| -> Vec<String> {
        let rows = queue.store.stories(account, which.as_ref(), limit).await.unwrap();
        rows.into_iter().map(|row| row.story_id).collect()
    };
    assert_eq!(ids(None, None, 9).await, ["_s.1", "_c.1"]);
    assert_eq!(ids(None, None, 1).await, ["_s.1"]);
    assert_eq!(ids(Some("cafe"), None, 9).await, ["_c.1"]);
    let post = queue.posts("c").await[0].post;
    assert_eq!(ids(None, Some(StoryKey::Post(post)), 9).await, ["_s.1"]);
    assert_eq!(ids(None, Some(StoryKey::Story("_c.1".into())), 9).await, ["_c.1"]);
    assert!(ids(Some("shop"), Some(StoryKey::Story("_c.1".into())), 9).await.is_empty());
    assert!(ids(None, Some(StoryKey::Post(999)), 9).await.is_empty());
}

#[tokio::test]
async fn accounts_tell_what_waits_and_what_blocks_them() {
    let queue = some().await;
    queue.block("shop", t(20), t(10)).await;
    queue.block("shop", t(30), t(15)).await;
    let [cafe, shop] = queue.store.accounts().await.unwrap().try_into().unwrap();
    assert_eq!((cafe.account.as_str(), cafe.waiting, cafe.blocked_code), ("cafe", 3, None));
    assert_eq!((shop.account.as_str(), shop.waiting, shop.blocked_code.as_deref()), ("shop", 0, Some("-401")));
    assert_eq!((shop.blocked_at, shop.probe_at), (Some(t(10)), Some(t(30))), "blocked since the first time");
    assert!(queue.store.unblock("shop").await.unwrap());
    assert!(!queue.store.unblock("shop").await.unwrap(), "it was not blocked any more");
    assert_eq!(queue.store.accounts().await.unwrap()[1].probe_at, None);
}

#[tokio::test]
async fn a_second_refusal_of_the_token_is_told_from_the_first() {
    let queue = some().await;
    assert!(queue.store.first_unauthorized("cafe", t(1)).await.unwrap());
    assert!(!queue.store.first_unauthorized("cafe", t(2)).await.unwrap());
    assert!(queue.store.unblock("cafe").await.unwrap(), "a success clears it");
    assert!(queue.store.first_unauthorized("cafe", t(3)).await.unwrap());
}

#[tokio::test]
async fn counts_are_in_the_order_of_a_posts_life() {
    let queue = some().await;
    assert_eq!(queue.store.counts().await.unwrap(), [(PostState::Scheduled, 3), (PostState::Published, 2)]);
    drop(queue.claim("cafe", t(5)).await.unwrap());
    assert_eq!(queue.store.in_flight().await.unwrap(), 1);
}
