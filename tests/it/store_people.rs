//! What a person does to a post, and what is refused with the next step.

use std::time::Duration;

use storyd::domain::policy::{Late, LateThen};
use storyd::domain::post::{PostEvent, PostState};
use storyd::store::queue::{JobPosts, Move, OperatorRefusal};

use crate::support::queue::{AHEAD, LEASE, Queue, ambiguous, micro, note, photo, t, transient};

#[tokio::test]
async fn release_lets_go_exactly_what_may_be_let_go() {
    let queue = Queue::new().await;
    for state in PostState::ALL {
        let post = queue.post_in(state).await;
        let released = queue.store.release(post, &PostState::ALL, "anna", "try again", AHEAD, t(20)).await;
        if state.next(PostEvent::Release).is_ok() {
            released.unwrap();
            assert_eq!(queue.last(post).await, ("release".to_owned(), "anna".to_owned()), "{state}");
            assert_eq!(queue.state(post).await, PostState::Scheduled, "{state}");
            assert_eq!(queue.instant(post, "due_at").await, Some(t(20)), "{state}: its time has passed");
        } else {
            let refusal = released.unwrap_err();
            assert!(
                matches!(refusal, OperatorRefusal::NotPossible { state: found, .. } if found == state),
                "{state}: {refusal}"
            );
            assert_eq!(queue.state(post).await, state);
        }
    }
}

#[tokio::test]
async fn release_touches_no_state_that_the_command_is_not_for() {
    let queue = Queue::new().await;
    let post = queue.post_in(PostState::Held).await;
    let refusal = queue.store.release(post, &[PostState::Failed], "anna", "", AHEAD, t(20)).await.unwrap_err();
    assert!(refusal.to_string().contains("`release` lets it go ahead"), "{refusal}");
}

#[tokio::test]
async fn a_released_post_starts_afresh() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(600), then: LateThen::Skip };
    let post = queue.add(&JobPosts { late, ..photo("a", t(0)) }).await;
    let claim = queue.store.claim_to_prepare("cafe", t(-10), LEASE).await.unwrap().unwrap();
    let _ = queue.store.fail(claim, &transient(), t(-9)).await.unwrap();
    queue.store.release(post, &[PostState::Failed], "anna", "", AHEAD, t(-8)).await.unwrap();
    let row = queue.only("a").await;
    assert_eq!((row.due_at, row.prepare_failures), (t(0), 0), "its time is yet to come");
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(-8)));
    assert_eq!(queue.instant(post, "late_until_at").await, Some(t(10)));
    assert_eq!(queue.store.sweep_late(micro(t(10))).await.unwrap().missed, 1);
    queue.store.release(post, &[PostState::Missed], "anna", "", AHEAD, t(30)).await.unwrap();
    assert_eq!(queue.instant(post, "late_until_at").await, Some(t(40)), "its window starts anew");
    assert_eq!(queue.store.sweep_late(t(40)).await.unwrap().missed, 0);
}

#[tokio::test]
async fn a_post_that_was_taken_from_a_worker_can_be_let_go_while_that_worker_still_runs() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    let slow = queue.store.claim_to_prepare("cafe", t(-10), LEASE).await.unwrap().unwrap();
    queue.store.cancel(post, "anna", "", t(-9)).await.unwrap();
    assert_eq!(queue.open_attempts().await, 0, "nobody must close it later");
    queue.store.release(post, &[PostState::Cancelled], "anna", "", AHEAD, t(-8)).await.unwrap();
    queue.enqueue(&photo("a", t(0)), t(-8)).await;
    assert_eq!(queue.prepare("cafe", t(-8)).await, post);
    let _ = queue.store.retry(slow, &transient(), t(5), AHEAD, t(-7)).await.unwrap();
    assert_eq!(queue.only("a").await.prepare_failures, 0, "the slow worker has lost it");
}

#[tokio::test]
async fn cancel_withdraws_what_has_not_left_and_refuses_the_rest() {
    let queue = Queue::new().await;
    for state in PostState::ALL.into_iter().filter(|state| *state != PostState::Cancelled) {
        let post = queue.post_in(state).await;
        let cancelled = queue.store.cancel(post, "anna", "not now", t(20)).await;
        if state.next(PostEvent::Cancel).is_ok() {
            cancelled.unwrap();
            assert_eq!(queue.state(post).await, PostState::Cancelled, "{state}");
            assert_eq!(queue.last(post).await, ("cancel".to_owned(), "anna".to_owned()), "{state}");
        } else {
            let refusal = cancelled.unwrap_err();
            assert!(
                matches!(refusal, OperatorRefusal::NotPossible { state: found, .. } if found == state),
                "{state}: {refusal}"
            );
        }
    }
    assert_eq!(
        queue.number("SELECT count(*) FROM post WHERE state = 'cancelled' AND lease_until_at IS NOT NULL").await,
        Some(0)
    );
}

#[tokio::test]
async fn a_person_settles_a_doubt_parked_or_not() {
    let queue = Queue::new().await;
    let parked = queue.add(&note("a", t(0))).await;
    queue.park("cafe", t(0)).await;
    queue.store.resolve_absent(parked, "anna", Duration::ZERO, t(2)).await.unwrap();
    let row = queue.only("a").await;
    assert_eq!((row.state, row.parked_at, row.due_at), (PostState::Scheduled, None, t(2)));
    let intent = queue.intend("cafe", t(2)).await;
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(3), t(2)).await.unwrap();
    queue.store.resolve_found(parked, "_s.1", "anna", t(3)).await.unwrap();
    let row = queue.only("a").await;
    assert_eq!((row.state, row.story_id.as_deref()), (PostState::Published, Some("_s.1")));
    assert_eq!(queue.store.stories(None, None, 9).await.unwrap()[0].learnt_by, "anna");
}

#[tokio::test]
async fn a_story_is_not_given_to_two_posts_by_hand() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let second = queue.add(&note("b", t(1))).await;
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(0)).await.unwrap();
    queue.park("cafe", t(1)).await;
    let refusal = queue.store.resolve_found(second, "_s.1", "anna", t(2)).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::StoryTaken(_)), "{refusal}");
}

#[tokio::test]
async fn only_a_doubt_can_be_settled() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let found = queue.store.resolve_found(post, "_s.1", "anna", t(2)).await.unwrap_err();
    assert!(matches!(found, OperatorRefusal::NotPossible { state: PostState::Scheduled, .. }), "{found}");
    let absent = queue.store.resolve_absent(post, "anna", Duration::ZERO, t(2)).await.unwrap_err();
    assert!(matches!(absent, OperatorRefusal::NotPossible { state: PostState::Scheduled, .. }), "{absent}");
}

#[tokio::test]
async fn a_post_that_does_not_exist_is_named() {
    let queue = Queue::new().await;
    let refusals = [
        queue.store.cancel(7, "anna", "", t(0)).await,
        queue.store.release(7, &PostState::ALL, "anna", "", AHEAD, t(0)).await,
        queue.store.resolve_found(7, "_s.1", "anna", t(0)).await,
        queue.store.resolve_absent(7, "anna", Duration::ZERO, t(0)).await,
    ];
    for refusal in refusals {
        assert!(matches!(refusal, Err(OperatorRefusal::NoSuchPost(7))), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_later_time_that_a_person_chose_outlives_a_withdrawal() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(600), then: LateThen::Skip };
    let post = queue.add(&JobPosts { late, ..photo("a", t(60)) }).await;
    let order = Move { to: t(90), actor: "anna", reason: "", prepare_ahead: AHEAD, zone: "UTC" };
    queue.store.reschedule(post, order, t(0)).await.unwrap();
    queue.store.cancel(post, "anna", "", t(1)).await.unwrap();
    queue.store.release(post, &PostState::ALL, "anna", "", AHEAD, t(70)).await.unwrap();
    assert_eq!(queue.instant(post, "due_at").await, Some(t(90)));
    assert_eq!(queue.instant(post, "late_until_at").await, Some(t(100)));
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(80)));
}

#[tokio::test]
async fn what_a_dry_run_lets_pass_is_what_the_command_would_do() {
    let queue = Queue::new().await;
    let quarantine = Duration::from_secs(180);
    let held = queue.post_in(PostState::Held).await;
    let doubtful = queue.post_in(PostState::InDoubt).await;
    let cancelled = queue.post_in(PostState::Cancelled).await;
    let store = &queue.store;
    store.may(held, PostEvent::Release, &[PostState::Held]).await.unwrap();
    // Its request left moments ago.
    let since = queue.instant(doubtful, "changed_at").await.unwrap();
    let (soon, later) = (since + Duration::from_secs(1), since + Duration::from_secs(600));
    let refusal = store.may_resolve_absent(doubtful, quarantine, soon).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::TooSoon { .. }), "{refusal}");
    store.may_resolve_absent(doubtful, quarantine, later).await.unwrap();
    let refusal = store.may_resolve_absent(held, quarantine, later).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::NotPossible { .. }), "{refusal}");
    // A story has one owner, in each account.
    store.may_resolve_found(doubtful, "_c.free").await.unwrap();
    let account = store.post(doubtful).await.unwrap().unwrap().account;
    queue.add(&JobPosts { account: account.clone(), ..note("owner", t(0)) }).await;
    let owner = queue.only("owner").await.post;
    store.may_adopt(&account, owner).await.unwrap();
    let refusal = store.may_adopt("another", owner).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::NotPossible { .. }), "{refusal}");
    // What no job file names is not published.
    queue.only_jobs(&[], t(1)).await;
    let refusal = store.may(held, PostEvent::Release, &[PostState::Held, PostState::Cancelled]).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::JobGone { .. }), "{refusal}");
    let refusal = store.may(cancelled, PostEvent::Release, &[PostState::Cancelled]).await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::JobGone { .. }), "{refusal}");
}

#[tokio::test]
async fn a_story_that_another_post_owns_is_refused_before_it_is_tried() {
    let queue = Queue::new().await;
    let owner = queue.add(&note("owner", t(0))).await;
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.record_published(intent, "_c.1", None, t(0)).await.unwrap();
    assert_eq!(queue.state(owner).await, PostState::Published);
    let doubtful = queue.add(&note("doubtful", t(1))).await;
    let intent = queue.intend("cafe", t(1)).await;
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(2), t(1)).await.unwrap();
    let refusal = queue.store.may_resolve_found(doubtful, "_c.1").await.unwrap_err();
    assert!(matches!(refusal, OperatorRefusal::StoryTaken(_)), "{refusal}");
    queue.store.may_resolve_found(doubtful, "_c.2").await.unwrap();
}
