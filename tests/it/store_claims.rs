//! One attempt, from claim to verdict: who gets a post, who may still write, and what is on record afterwards.

use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::content::Artifact;
use storyd::domain::fault::Fault;
use storyd::domain::policy::{Late, LateThen};
use storyd::domain::post::PostState;
use storyd::store::Written;
use storyd::store::queue::JobPosts;

use crate::support::queue::{AHEAD, LEASE, Queue, ambiguous, micro, note, photo, t, text, transient};

/// The verdicts of a post's attempts, oldest first; an open one is `None`.
async fn verdicts(queue: &Queue, post: i64) -> Vec<Option<String>> {
    queue.store.attempts(post).await.unwrap().into_iter().map(|attempt| attempt.verdict).collect()
}

fn just_before(at: Timestamp) -> Timestamp {
    at - Duration::from_micros(1)
}

#[tokio::test]
async fn a_note_can_be_claimed_from_its_time_on_and_not_a_microsecond_before() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    assert!(queue.claim("cafe", just_before(t(0))).await.is_none());
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    assert_eq!((claim.taken().post, claim.occurs_at, claim.content().text()), (post, t(0), Some("글 a")));
    assert!(queue.claim("cafe", t(0)).await.is_none(), "it is taken");
    assert!(queue.claim("shop", t(0)).await.is_none(), "it is not the account's");
}

#[tokio::test]
async fn the_earliest_due_post_goes_first() {
    let queue = Queue::new().await;
    let late = queue.add(&note("a", t(5))).await;
    let early = queue.add(&note("b", t(2))).await;
    assert_eq!(queue.claim("cafe", t(9)).await.unwrap().taken().post, early);
    assert_eq!(queue.claim("cafe", t(9)).await.unwrap().taken().post, late);
}

#[tokio::test]
async fn a_photo_is_prepared_ahead_and_published_while_its_upload_is_trusted() {
    let queue = Queue::new().await;
    queue.add(&photo("a", t(0))).await;
    assert!(queue.store.claim_to_prepare("cafe", just_before(t(-10)), LEASE).await.unwrap().is_none());
    assert!(queue.claim("cafe", t(0)).await.is_none(), "nothing was uploaded");
    let post = queue.prepare("cafe", t(-10)).await;
    assert!(queue.store.claim_to_prepare("cafe", t(0), LEASE).await.unwrap().is_none(), "the upload is trusted");
    let stale = t(50);
    assert!(queue.claim("cafe", stale).await.is_none(), "the upload is no longer trusted");
    let again = queue.store.claim_to_prepare("cafe", stale, LEASE).await.unwrap().unwrap();
    let until = stale + Duration::from_secs(60);
    let written = queue.store.record_prepared(again, &Artifact("[1]".into()), until, stale).await.unwrap();
    assert_eq!(written, Written::Done);
    let intent = queue.intend("cafe", just_before(until)).await;
    assert_eq!(intent.outgoing().artifact, Some(Artifact("[1]".into())), "handed on as it came");
    assert_eq!(intent.taken().post, post);
}

#[tokio::test]
async fn nothing_of_a_blocked_account_is_claimed_before_its_probe() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    queue.add(&photo("b", t(0))).await;
    queue.add(&JobPosts { account: "shop".into(), ..note("c", t(0)) }).await;
    queue.block("cafe", t(10), t(0)).await;
    assert!(queue.claim("cafe", just_before(t(10))).await.is_none());
    assert!(queue.store.claim_to_prepare("cafe", just_before(t(10)), LEASE).await.unwrap().is_none());
    assert!(queue.claim("shop", t(0)).await.is_some(), "the other account goes on");
    assert!(queue.claim("cafe", t(10)).await.is_some());
    assert!(queue.store.claim_to_prepare("cafe", t(10), LEASE).await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_of_an_account_is_claimed_while_one_of_its_posts_is_on_its_way_or_in_doubt() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    queue.add(&note("b", t(0))).await;
    let intent = queue.intend("cafe", t(0)).await;
    assert!(queue.claim("cafe", t(0)).await.is_none());
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(1), t(0)).await.unwrap();
    assert!(queue.claim("cafe", t(0)).await.is_none());
    let doubt = queue.store.doubt_due("cafe", t(1)).await.unwrap().unwrap();
    let _ = queue.store.park(doubt, &[], "nobody can tell", t(1)).await.unwrap();
    assert!(queue.claim("cafe", t(1)).await.is_some(), "parked: the account goes on");
}

#[tokio::test]
async fn the_text_of_a_parked_doubt_is_not_posted_again_until_a_person_settles_it() {
    let queue = Queue::new().await;
    let first = JobPosts { content: text("같은 글"), ..note("a", t(0)) };
    let same = JobPosts { content: text("  같은 글\r\n"), ..note("b", t(1)) };
    queue.add(&first).await;
    queue.add(&same).await;
    let other = queue.add(&note("c", t(2))).await;
    let parked = queue.park("cafe", t(0)).await;
    assert_eq!(queue.claim("cafe", t(5)).await.unwrap().taken().post, other, "another text goes on");
    assert!(queue.claim("cafe", t(5)).await.is_none(), "white space is no difference");
    queue.store.resolve_found(parked, "_s.1", "anna", t(6)).await.unwrap();
    assert!(queue.claim("cafe", t(6)).await.is_some());
}

#[tokio::test]
async fn a_post_past_its_window_is_not_claimed_even_before_the_sweep_comes() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::from_secs(600), then: LateThen::Skip };
    let post = queue.add(&JobPosts { late, ..note("a", t(0)) }).await;
    assert!(queue.claim("cafe", micro(t(10))).await.is_none());
    assert!(queue.store.due(micro(t(10))).await.unwrap().is_empty());
    assert_eq!(queue.claim("cafe", t(10)).await.unwrap().taken().post, post, "the window includes its end");
}

#[tokio::test]
async fn an_intent_after_the_lease_ended_is_refused_and_the_post_goes_back() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    assert!(queue.store.intend(claim, t(0) + LEASE, LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Scheduled);
    assert_eq!(verdicts(&queue, post).await, [Some("snooze".to_owned())]);
    assert!(queue.claim("cafe", t(5)).await.is_some());
}

#[tokio::test]
async fn an_intent_is_refused_when_the_post_was_cancelled() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    queue.store.cancel(post, "anna", "", t(1)).await.unwrap();
    assert!(queue.store.intend(claim, t(1), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Cancelled);
    assert_eq!(verdicts(&queue, post).await, [Some("lost".to_owned())]);
}

#[tokio::test]
async fn an_intent_is_refused_when_another_post_of_the_account_is_on_its_way() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let second = queue.add(&note("b", t(1))).await;
    let first = queue.claim("cafe", t(2)).await.unwrap();
    let other = queue.claim("cafe", t(2)).await.unwrap();
    assert!(queue.store.intend(first, t(2), LEASE).await.unwrap().is_some());
    assert!(queue.store.intend(other, t(2), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(second).await, PostState::Scheduled, "it waits for its turn");
    assert_eq!(verdicts(&queue, second).await, [Some("snooze".to_owned())]);
}

#[tokio::test]
async fn an_intent_is_refused_before_the_due_time_when_the_clock_was_set_back() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    assert!(queue.store.intend(claim, t(-30), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Scheduled);
}

#[tokio::test]
async fn a_claim_to_prepare_never_becomes_an_intent() {
    let queue = Queue::new().await;
    queue.add(&photo("a", t(0))).await;
    queue.prepare("cafe", t(-10)).await;
    let again = queue.store.claim_to_prepare("cafe", t(50), LEASE).await.unwrap().unwrap();
    let post = again.taken().post;
    assert!(queue.store.intend(again, t(50), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Scheduled);
    assert_eq!(queue.open_attempts().await, 0);
}

#[tokio::test]
async fn whoever_holds_an_older_token_changes_nothing() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let old = queue.claim("cafe", t(0)).await.unwrap();
    assert_eq!(queue.store.sweep_leases(&[], t(3)).await.unwrap().unclaimed, 1);
    let new = queue.claim("cafe", t(3)).await.unwrap();
    assert!(queue.store.intend(old, t(3), LEASE).await.unwrap().is_none());
    assert_eq!(queue.state(post).await, PostState::Claimed, "the new holder's claim stands");
    assert_eq!(verdicts(&queue, post).await, [Some("snooze".to_owned()), None]);
    let intent = queue.store.intend(new, t(3), LEASE).await.unwrap().unwrap();
    assert_eq!(queue.store.record_published(intent, "_s.1", None, t(3)).await.unwrap(), Written::Done);
}

#[tokio::test]
async fn no_verdict_of_an_older_token_moves_a_post_that_is_on_its_way_again() {
    for verdict in ["published", "together", "doubt", "retry", "snooze", "fail"] {
        let queue = Queue::new().await;
        let post = queue.add(&note("a", t(0))).await;
        let old = queue.intend("cafe", t(0)).await;
        assert_eq!(queue.store.sweep_leases(&[], t(5)).await.unwrap().doubted, 1);
        queue.store.resolve_absent(post, "anna", Duration::ZERO, t(6)).await.unwrap();
        let new = queue.intend("cafe", t(6)).await;
        let store = &queue.store;
        let written = match verdict {
            "published" => store.record_published(old, "_s.1", None, t(7)).await.unwrap(),
            "together" => store.record_and_take(old, "_s.1", None, t(7), Some(LEASE)).await.unwrap().written,
            "doubt" => store.record_doubt(old, &ambiguous(), t(8), t(7)).await.unwrap(),
            "retry" => store.retry(old, &transient(), t(8), AHEAD, t(7)).await.unwrap(),
            "snooze" => store.snooze(old, &transient(), t(7)).await.unwrap(),
            _ => store.fail(old, &transient(), t(7)).await.unwrap(),
        };
        assert_eq!((written, queue.state(post).await), (Written::Lost, PostState::Publishing), "{verdict}");
        assert_eq!(queue.open_attempts().await, 1, "{verdict}");
        assert_eq!(queue.store.record_published(new, "_s.2", None, t(7)).await.unwrap(), Written::Done, "{verdict}");
    }
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    let old = queue.store.claim_to_prepare("cafe", t(0), LEASE).await.unwrap().unwrap();
    assert_eq!(queue.store.sweep_leases(&[], t(5)).await.unwrap().unclaimed, 1);
    let _new = queue.store.claim_to_prepare("cafe", t(5), LEASE).await.unwrap().unwrap();
    let artifact = Artifact("[]".into());
    assert_eq!(queue.store.record_prepared(old, &artifact, t(60), t(6)).await.unwrap(), Written::Lost);
    assert_eq!(queue.state(post).await, PostState::Claimed);
}

#[tokio::test]
async fn every_verdict_of_a_lost_claim_is_lost() {
    let queue = Queue::new().await;
    for (name, verdict) in [("retry", 0), ("snooze", 1), ("fail", 2)] {
        let account = format!("account-{name}");
        let post = queue.add(&JobPosts { account: account.clone(), ..note(name, t(0)) }).await;
        let claim = queue.claim(&account, t(0)).await.unwrap();
        queue.store.cancel(post, "anna", "", t(0)).await.unwrap();
        let written = match verdict {
            0 => queue.store.retry(claim, &transient(), t(9), AHEAD, t(1)).await.unwrap(),
            1 => queue.store.snooze(claim, &transient(), t(1)).await.unwrap(),
            _ => queue.store.fail(claim, &transient(), t(1)).await.unwrap(),
        };
        assert_eq!(written, Written::Lost, "{name}");
        assert_eq!(queue.state(post).await, PostState::Cancelled, "{name}");
        assert_eq!(verdicts(&queue, post).await, [Some("lost".to_owned())], "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_still_counts() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let intent = queue.intend("cafe", t(0)).await;
    assert_eq!(queue.store.sweep_leases(&[], t(3)).await.unwrap().doubted, 1);
    assert_eq!(queue.store.record_published(intent, "_s.1", None, t(4)).await.unwrap(), Written::Done);
    let row = queue.only("a").await;
    assert_eq!((row.state, row.story_id.as_deref()), (PostState::Published, Some("_s.1")));
    assert_eq!(queue.store.doubt_due("cafe", t(9)).await.unwrap().map(|doubt| doubt.post), None);
    assert_eq!(verdicts(&queue, post).await, [Some("in_doubt".to_owned())], "the sweep's verdict stands");
}

#[tokio::test]
async fn a_refusal_that_comes_after_the_lease_leaves_the_doubt_to_reconcile() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let intent = queue.intend("cafe", t(0)).await;
    queue.store.sweep_leases(&[], t(3)).await.unwrap();
    assert_eq!(queue.store.retry(intent, &transient(), t(9), AHEAD, t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.state(post).await, PostState::InDoubt);
}

#[tokio::test]
async fn a_story_id_that_comes_too_late_to_be_recorded_is_told_in_the_history() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let intent = queue.intend("cafe", t(0)).await;
    queue.store.sweep_leases(&[], t(3)).await.unwrap();
    queue.store.resolve_absent(post, "anna", Duration::ZERO, t(4)).await.unwrap();
    assert_eq!(queue.store.record_published(intent, "_s.1", None, t(5)).await.unwrap(), Written::Lost);
    let last = queue.events(post).await.pop().unwrap();
    assert_eq!(last.event, "late_answer");
    assert!(last.reason.contains("_s.1"), "{}", last.reason);
}

#[tokio::test]
async fn a_story_id_that_another_post_owns_is_for_a_person_to_settle() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    let second = queue.add(&note("b", t(1))).await;
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(0)).await.unwrap();
    let intent = queue.intend("cafe", t(1)).await;
    assert_eq!(queue.store.record_published(intent, "_s.1", None, t(1)).await.unwrap(), Written::Lost);
    let row = queue.only("b").await;
    assert_eq!((row.state, row.parked_at), (PostState::InDoubt, Some(t(1))));
    assert!(row.reason.contains("_s.1"), "{}", row.reason);
    assert_eq!(verdicts(&queue, second).await, [Some("in_doubt".to_owned())]);
}

#[tokio::test]
async fn a_retry_waits_and_counts_for_its_own_half() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    let claim = queue.store.claim_to_prepare("cafe", t(-10), LEASE).await.unwrap().unwrap();
    assert_eq!(claim.taken().failures, 0);
    let _ = queue.store.retry(claim, &transient(), t(-8), AHEAD, t(-9)).await.unwrap();
    assert_eq!(queue.instant(post, "due_at").await, Some(t(0)), "a failed upload does not move the due time");
    assert!(queue.store.claim_to_prepare("cafe", just_before(t(-8)), LEASE).await.unwrap().is_none());
    let claim = queue.store.claim_to_prepare("cafe", t(-8), LEASE).await.unwrap().unwrap();
    assert_eq!(claim.taken().failures, 1);
    let _ = queue.store.record_prepared(claim, &Artifact("[]".into()), t(60), t(-8)).await.unwrap();
    assert_eq!(queue.only("a").await.prepare_failures, 0, "success clears the count");
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.retry(intent, &transient(), t(2), AHEAD, t(1)).await.unwrap();
    let row = queue.only("a").await;
    assert_eq!((row.prepare_failures, row.publish_failures, row.due_at), (0, 1, t(2)));
    let claim = queue.claim("cafe", t(2)).await.unwrap();
    assert_eq!(claim.taken().failures, 1);
    let _ = queue.store.fail(claim, &transient(), t(2)).await.unwrap();
    assert_eq!(queue.only("a").await.publish_failures, 2);
    let told: Vec<_> = queue.store.attempts(post).await.unwrap();
    let told: Vec<_> = told.iter().map(|a| (a.kind.as_str(), a.verdict.as_deref().unwrap())).collect();
    let expected = [("prepare", "retry"), ("prepare", "prepared"), ("publish", "retry"), ("publish", "failed")];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_retry_uploads_anew_only_what_will_be_stale_by_then() {
    let queue = Queue::new().await;
    let post = queue.add(&photo("a", t(0))).await;
    queue.prepare("cafe", t(-10)).await; // trusted until 50
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.retry(intent, &transient(), t(30), AHEAD, t(0)).await.unwrap();
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(50)), "still good at the next try");
    let intent = queue.intend("cafe", t(30)).await;
    let _ = queue.store.retry(intent, &transient(), t(150), AHEAD, t(30)).await.unwrap();
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(140)), "stale by then: made anew shortly before");
    queue.prepare("cafe", t(140)).await; // trusted until 200
    let intent = queue.intend("cafe", t(199)).await;
    let _ = queue.store.retry(intent, &transient(), t(201), AHEAD, t(199)).await.unwrap();
    assert_eq!(queue.instant(post, "prepare_at").await, Some(t(199)), "never in the past");
}

#[tokio::test]
async fn a_snooze_leaves_the_post_as_it_was() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let fault = Fault::permanent("-401", "the token is refused", "log in again");
    assert_eq!(queue.store.snooze(claim, &fault, t(1)).await.unwrap(), Written::Done);
    let row = queue.only("a").await;
    assert_eq!((row.state, row.due_at, row.publish_failures), (PostState::Scheduled, t(0), 0));
    assert_eq!(queue.last(post).await, ("snooze".to_owned(), "publish".to_owned()));
}

#[tokio::test]
async fn an_attempt_tells_its_fault_whole() {
    let queue = Queue::new().await;
    let post = queue.add(&note("a", t(0))).await;
    let claim = queue.claim("cafe", t(0)).await.unwrap();
    let fault = Fault::permanent("-2", "wrong parameter", "correct the job");
    let _ = queue.store.fail(claim, &fault, t(1)).await.unwrap();
    let [attempt] = queue.store.attempts(post).await.unwrap().try_into().unwrap();
    assert_eq!((attempt.started_at, attempt.ended_at), (t(0), Some(t(1))));
    assert_eq!(attempt.fault_class.as_deref(), Some("permanent"));
    assert_eq!(attempt.fault_code.as_deref(), Some("-2"));
    assert_eq!(attempt.fault_reason.as_deref(), Some("wrong parameter"));
    assert_eq!(attempt.fault_remedy.as_deref(), Some("correct the job"));
}

#[tokio::test]
async fn spans_of_any_length_stay_within_what_the_queue_can_hold() {
    let queue = Queue::new().await;
    let late = Late { within: Duration::MAX, then: LateThen::Skip };
    let job = JobPosts { late, delete_after: Some(Duration::MAX), prepare_ahead: Duration::MAX, ..photo("a", t(0)) };
    let post = queue.add(&job).await;
    queue.store.cancel(post, "anna", "", t(-50)).await.unwrap();
    let from = [PostState::Cancelled];
    queue.store.release(post, &from, "anna", "", Duration::MAX, t(-40)).await.unwrap();
    queue.enqueue(&job, t(-40)).await;
    queue.prepare("cafe", t(-40)).await;
    let intent = queue.intend("cafe", t(0)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(0)).await.unwrap();
    assert_eq!(queue.state(post).await, PostState::Published);
    assert!(queue.store.stories(None, None, 9).await.unwrap()[0].delete_at.is_some());
}
