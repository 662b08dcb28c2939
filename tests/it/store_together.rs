//! Many lanes in one commit: each row changes by its own guard, nobody is told before the commit, and a row that is refused takes no
//! neighbour along.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use storyd::domain::post::PostState;
use storyd::store::Written;
use storyd::store::crash::dying_at;
use storyd::store::queue::{Intent, JobPosts};
use storyd::store::{Access, Store};

use crate::support::queue::{LEASE, Queue, note, t};

const LANES: usize = 40;

fn account(lane: usize) -> String {
    format!("account-{lane:02}")
}

/// A queue with `each` due notes for every lane.
async fn queue(each: usize) -> Queue {
    let queue = Queue::new().await;
    for lane in 0..LANES {
        for number in 0..each {
            let job = format!("job-{lane:02}-{number}");
            let minutes = i64::try_from(number).unwrap();
            queue.add(&JobPosts { account: account(lane), ..note(&job, t(minutes)) }).await;
        }
    }
    queue
}

/// Takes the next post of every lane at the same time.
async fn take_all(store: &Store) -> Vec<Intent> {
    let takes =
        (0..LANES).map(|lane| async move { store.take_to_publish(&account(lane), t(60), LEASE).await.unwrap() });
    join_all(takes).await.into_iter().flatten().collect()
}

fn story(intent: &Intent) -> String {
    format!("_s.{}", intent.taken().post)
}

#[tokio::test]
async fn lanes_that_come_together_share_few_commits_and_each_gets_its_own_post() {
    let queue = queue(2).await;
    let (intents, commits) = dying_at(None, take_all(&queue.store)).await;
    let intents = intents.unwrap();
    let posts: BTreeSet<i64> = intents.iter().map(|intent| intent.taken().post).collect();
    assert_eq!((intents.len(), posts.len()), (LANES, LANES));
    // Whoever comes first leads, and takes along whoever has come by the time that the writer is free.
    assert!(commits <= 4, "{commits} commits for {LANES} lanes");
    for intent in &intents {
        assert_eq!(queue.state(intent.taken().post).await, PostState::Publishing);
        let events: Vec<String> =
            queue.events(intent.taken().post).await.into_iter().map(|event| event.event).collect();
        assert_eq!(events, ["enqueue", "intend"], "one move, from the queue onto its way");
    }
    assert_eq!(queue.open_attempts().await, 40);
}

#[tokio::test]
async fn what_is_taken_together_is_what_is_taken_alone() {
    let (together, alone) = (queue(3).await, queue(3).await);
    let mut expected = Vec::new();
    for lane in 0..LANES {
        expected.push(alone.store.take_to_publish(&account(lane), t(60), LEASE).await.unwrap().unwrap());
    }
    let found = take_all(&together.store).await;
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.taken().account, expected.taken().account);
        assert_eq!(found.taken().job, expected.taken().job);
        assert_eq!(found.outgoing().content, expected.outgoing().content);
        assert_eq!((found.occurs_at, found.intent_at), (expected.occurs_at, expected.intent_at));
    }
    for table in ["post", "event"] {
        let columns = if table == "post" {
            "job, state, event, actor, reason, claim, changed_at, intent_at, lease_until_at, story_id"
        } else {
            "at, event, state, actor, reason"
        };
        let sql = format!(
            "SELECT group_concat(line, char(10)) FROM (SELECT concat_ws('|', {columns}) AS line FROM {table} ORDER BY line)"
        );
        assert_eq!(text(&together, &sql).await, text(&alone, &sql).await, "{table}");
    }
}

async fn text(queue: &Queue, sql: &str) -> String {
    use sqlx::Row;
    let mut connection = queue.connection().await;
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap().get(0)
}

#[tokio::test]
async fn the_record_of_one_post_and_the_intent_of_the_next_are_one_commit() {
    let queue = queue(2).await;
    let intent = queue.store.take_to_publish(&account(0), t(60), LEASE).await.unwrap().unwrap();
    let (first, told) = (intent.taken().post, story(&intent));
    let (recorded, steps) = dying_at(None, queue.store.record_and_take(intent, &told, None, t(61), Some(LEASE))).await;
    let recorded = recorded.unwrap().unwrap();
    assert_eq!(steps, 1, "one place where a process may die");
    assert_eq!(recorded.written, Written::Done);
    let next = recorded.next.unwrap();
    assert_ne!(next.taken().post, first);
    assert_eq!(queue.state(first).await, PostState::Published);
    assert_eq!(queue.state(next.taken().post).await, PostState::Publishing);
    let told = story(&next);
    let recorded = queue.store.record_and_take(next, &told, None, t(62), Some(LEASE)).await.unwrap();
    assert!(recorded.next.is_none(), "nothing is left");
    assert_eq!(queue.open_attempts().await, 0);
}

#[tokio::test]
async fn a_crash_of_a_shared_commit_leaves_every_lane_as_it_was() {
    let queue = queue(1).await;
    let told = AtomicUsize::new(0);
    let takes = (0..LANES).map(|lane| {
        let (store, told) = (&queue.store, &told);
        async move {
            if store.take_to_publish(&account(lane), t(60), LEASE).await.unwrap().is_some() {
                told.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let (lived, _) = dying_at(Some(1), join_all(takes)).await;
    assert!(lived.is_none());
    let publishing = queue.number("SELECT count(*) FROM post WHERE state <> 'scheduled'").await.unwrap();
    assert_eq!((publishing, told.load(Ordering::Relaxed)), (0, 0), "nobody was told of what is not on disk");
    let Queue { dir, store } = queue;
    drop(store);
    let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
    assert_eq!(store.sweep_boot(t(61)).await.unwrap().doubted, 0);
    assert_eq!(take_all(&store).await.len(), LANES, "they all go on");
}

#[tokio::test]
async fn a_row_that_is_refused_takes_no_neighbour_along() {
    let queue = queue(1).await;
    let intents = take_all(&queue.store).await;
    // Kakao tells two lanes of one account's worth of trouble: a story that is longer than the queue takes.
    let monster = "x".repeat(300);
    let records = intents.into_iter().enumerate().map(|(lane, intent)| {
        let (store, monster) = (&queue.store, &monster);
        async move {
            let told = if lane == 7 { monster.clone() } else { story(&intent) };
            (lane, store.record_and_take(intent, &told, None, t(61), None).await)
        }
    });
    for (lane, recorded) in join_all(records).await {
        match recorded {
            Ok(recorded) => assert_eq!(recorded.written, Written::Done, "lane {lane}"),
            Err(_) => assert_eq!(lane, 7),
        }
    }
    let published = queue.number("SELECT count(*) FROM post WHERE state = 'published'").await;
    assert_eq!(published, Some(39));
    let out = queue.number("SELECT count(*) FROM post WHERE state = 'publishing'").await;
    assert_eq!(out, Some(1), "its lease decides");
}

#[tokio::test]
async fn a_story_that_another_post_owns_and_an_answer_that_comes_too_late_go_the_long_way() {
    let queue = queue(2).await;
    let first = queue.store.take_to_publish(&account(0), t(60), LEASE).await.unwrap().unwrap();
    let next = queue.store.record_and_take(first, "_s.1", None, t(61), Some(LEASE)).await.unwrap().next.unwrap();
    let post = next.taken().post;
    let recorded = queue.store.record_and_take(next, "_s.1", None, t(62), None).await.unwrap();
    assert_eq!(recorded.written, Written::Lost);
    assert_eq!(queue.state(post).await, PostState::InDoubt);

    let late = queue.store.take_to_publish(&account(1), t(60), LEASE).await.unwrap().unwrap();
    let post = late.taken().post;
    assert_eq!(queue.store.sweep_boot(t(61)).await.unwrap().doubted, 1);
    let recorded = queue.store.record_and_take(late, "_s.2", None, t(62), None).await.unwrap();
    assert_eq!(recorded.written, Written::Done, "an answer settles a doubt");
    assert_eq!(queue.state(post).await, PostState::Published);
}

#[tokio::test]
async fn nothing_is_taken_that_may_not_go_out_alone() {
    let queue = queue(1).await;
    queue.block(&account(3), t(90), t(60)).await;
    let on_its_way = queue.store.take_to_publish(&account(4), t(60), LEASE).await.unwrap().unwrap();
    assert!(queue.store.take_to_publish(&account(4), t(60), LEASE).await.unwrap().is_none(), "one is on its way");
    let taken = take_all(&queue.store).await;
    let accounts: BTreeSet<&str> = taken.iter().map(|intent| intent.taken().account.as_str()).collect();
    assert_eq!(taken.len(), LANES - 2);
    assert!(!accounts.contains("account-03") && !accounts.contains("account-04"));
    assert!(queue.store.take_to_publish(&account(5), t(-1), LEASE).await.unwrap().is_none(), "never early");
    let told = story(&on_its_way);
    let recorded = queue.store.record_and_take(on_its_way, &told, None, t(61), None).await.unwrap();
    assert!(!recorded.marked, "it was never refused");
}

#[tokio::test]
async fn the_record_says_when_the_account_was_blocked_until_now() {
    let queue = queue(1).await;
    let intent = queue.store.take_to_publish(&account(0), t(60), LEASE).await.unwrap().unwrap();
    assert!(queue.store.first_unauthorized(&account(0), t(60)).await.unwrap());
    let told = story(&intent);
    assert!(queue.store.record_and_take(intent, &told, None, t(61), None).await.unwrap().marked);
}

/// Polls a future once.
async fn polled<F: Future + Unpin>(future: &mut F) {
    std::future::poll_fn(|cx| {
        let _ = std::pin::Pin::new(&mut *future).poll(cx);
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn a_lane_that_goes_away_while_it_waits_or_leads_leaves_the_lead_to_the_next() {
    let queue = queue(1).await;
    for lane in 0..LANES {
        let name = account(lane);
        let mut take = Box::pin(queue.store.take_to_publish(&name, t(60), LEASE));
        // Polled once: it leads, or waits for whoever does. Then its caller gives it up.
        polled(&mut take).await;
        let other = account((lane + 1) % LANES);
        let waits = queue.store.take_to_publish(&other, t(-1), LEASE);
        let mut waits = Box::pin(waits);
        polled(&mut waits).await;
        drop(take);
        assert!(waits.await.unwrap().is_none(), "the lead came to it, and nothing is due so early");
    }
    let taken = take_all(&queue.store).await.len();
    let gone = queue.number("SELECT count(*) FROM post WHERE state = 'publishing'").await.unwrap();
    assert!(taken <= usize::try_from(gone).unwrap());
}
