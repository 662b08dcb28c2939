//! Posts in doubt: what is asked about them, what settles them, and who comes too late.

use std::time::Duration;

use storyd::domain::clock::ServerTimeSample;
use storyd::domain::policy::InDoubt;
use storyd::domain::post::PostState;
use storyd::store::Written;
use storyd::store::queue::{Absence, Doubt, JobPosts, Proof, SUSPECTS_MAX, Suspect};

use crate::support::queue::{Queue, ambiguous, note, photo, t};

/// A post in doubt since `t(0)`, whose list is to be looked at from `t(1)` on.
async fn doubtful(queue: &Queue, job: &JobPosts) -> Doubt {
    queue.add(job).await;
    if job.content.needs_preparing() {
        queue.prepare(&job.account, t(-10)).await;
    }
    let intent = queue.intend(&job.account, t(0)).await;
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(1), t(0)).await.unwrap();
    queue.store.doubt_due(&job.account, t(1)).await.unwrap().unwrap()
}

/// The doubt as somebody else read it, too.
async fn read_again(queue: &Queue) -> Doubt {
    queue.store.doubt_due("cafe", t(1)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_doubt_is_looked_at_when_its_time_has_come_and_the_account_is_served() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &JobPosts { in_doubt: InDoubt::Hold, ..note("a", t(0)) }).await;
    assert_eq!(
        (doubt.intent_at, doubt.since, doubt.policy, doubt.proof),
        (t(0), t(0), InDoubt::Hold, Proof::default())
    );
    assert!(queue.store.doubt_due("cafe", t(0)).await.unwrap().is_none());
    assert!(queue.store.doubt_due("shop", t(1)).await.unwrap().is_none());
    queue.block("cafe", t(10), t(1)).await;
    assert!(queue.store.doubt_due("cafe", t(9)).await.unwrap().is_none(), "a blocked account's list cannot be read");
    assert!(queue.store.due(t(9)).await.unwrap().is_empty());
    assert!(queue.store.doubt_due("cafe", t(10)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_look_that_settles_nothing_is_on_record_and_sets_the_next_one() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    let post = doubt.post;
    let why = "not in the list yet";
    let heard = ServerTimeSample { at: t(2), server_at: t(3) };
    assert_eq!(
        queue
            .store
            .look_again(doubt, Proof { quarantine: Some(heard), absences: 1, odd: Some(heard) }, t(5), t(2), why)
            .await
            .unwrap(),
        Written::Done
    );
    assert!(queue.store.doubt_due("cafe", t(4)).await.unwrap().is_none());
    let doubt = queue.store.doubt_due("cafe", t(5)).await.unwrap().unwrap();
    assert_eq!((doubt.proof, doubt.since), (Proof { quarantine: Some(heard), absences: 1, odd: Some(heard) }, t(0)));
    let last = queue.events(post).await.pop().unwrap();
    assert_eq!((last.event.as_str(), last.state.as_str(), last.reason.as_str()), ("check", "in_doubt", why));
}

#[tokio::test]
async fn what_the_list_shows_was_published() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    assert_eq!(queue.store.record_found(doubt, "_s.1", t(2)).await.unwrap(), Written::Done);
    let [story] = queue.store.stories(None, None, 9).await.unwrap().try_into().unwrap();
    assert_eq!((story.story_id.as_str(), story.learnt_by.as_str(), story.published_at), ("_s.1", "reconcile", t(2)));
    let owners = queue.store.owners(&["_s.0", "_s.1"]).await.unwrap();
    let owners: Vec<_> = owners.iter().map(|owner| (owner.account.as_str(), owner.story_id.as_str())).collect();
    assert_eq!(owners, [("cafe", "_s.1")]);
}

#[tokio::test]
async fn a_story_that_another_post_took_in_the_meantime_settles_nothing() {
    let queue = Queue::new().await;
    queue.add(&note("first", t(-1))).await;
    let intent = queue.intend("cafe", t(-1)).await;
    let _ = queue.store.record_published(intent, "_s.1", None, t(-1)).await.unwrap();
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    let post = doubt.post;
    assert_eq!(queue.store.record_found(doubt, "_s.1", t(2)).await.unwrap(), Written::Lost);
    assert_eq!(queue.state(post).await, PostState::InDoubt);
}

#[tokio::test]
async fn what_is_proved_absent_goes_back_into_the_queue_with_the_upload_that_is_still_good() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &photo("a", t(0))).await;
    let post = doubt.post;
    assert_eq!(queue.store.record_absent(doubt, Absence::Repost(t(5)), t(5)).await.unwrap(), Written::Done);
    assert_eq!(queue.state(post).await, PostState::Scheduled);
    assert_eq!(queue.instant(post, "prepare_at").await, queue.instant(post, "artifact_until_at").await);
    assert_eq!(queue.claim("cafe", t(5)).await.unwrap().taken().post, post, "at once");
}

#[tokio::test]
async fn what_is_proved_absent_waits_for_a_person_when_the_job_says_so() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &JobPosts { in_doubt: InDoubt::Hold, ..note("a", t(0)) }).await;
    let post = doubt.post;
    assert_eq!(queue.store.record_absent(doubt, Absence::Hold, t(5)).await.unwrap(), Written::Done);
    assert_eq!(queue.state(post).await, PostState::Held);
    assert!(queue.claim("cafe", t(9)).await.is_none());
}

#[tokio::test]
async fn what_was_parked_is_not_looked_at_and_only_its_own_story_settles_it() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    let (absent, again, found) = (read_again(&queue).await, read_again(&queue).await, read_again(&queue).await);
    let post = doubt.post;
    assert_eq!(queue.store.park(doubt, &[], "nobody can tell", t(2)).await.unwrap(), Written::Done);
    assert!(queue.store.doubt_due("cafe", t(99)).await.unwrap().is_none());
    assert_eq!(
        queue.store.record_absent(absent, Absence::Hold, t(3)).await.unwrap(),
        Written::Lost,
        "a person decides that"
    );
    assert_eq!(queue.store.look_again(again, Proof::default(), t(4), t(3), "").await.unwrap(), Written::Lost);
    assert_eq!(queue.store.record_found(found, "_s.1", t(3)).await.unwrap(), Written::Done, "found is found");
    assert_eq!(queue.state(post).await, PostState::Published);
}

#[tokio::test]
async fn the_stories_that_may_be_a_parked_posts_are_bounded_and_gone_when_it_is_settled() {
    for is_absent in [true, false] {
        let queue = Queue::new().await;
        let doubt = doubtful(&queue, &note("a", t(0))).await;
        let post = doubt.post;
        let suspect = |number: usize| Suspect {
            story_id: format!("_s.{number}"),
            url: None,
            kind: "NOTE".into(),
            audience: "public".into(),
            images: 0,
            text: Some("가".repeat(2_048)),
            created_at: t(1),
            ours_at: t(1),
            why: "it says nearly the same".into(),
        };
        let suspects: Vec<Suspect> = (0..100).map(suspect).collect();
        assert_eq!(queue.store.park(doubt, &suspects, "", t(2)).await.unwrap(), Written::Done);
        let case = queue.store.cases(&[post]).await.unwrap().remove(0);
        assert_eq!(case.candidates.len(), SUSPECTS_MAX);
        assert_eq!(case.candidates[0].story_id, "_s.0");
        if is_absent {
            queue.store.resolve_absent(post, "anna", Duration::ZERO, t(3)).await.unwrap();
        } else {
            queue.store.resolve_found(post, "_s.1", "anna", t(3)).await.unwrap();
        }
        assert_eq!(queue.number("SELECT count(*) FROM suspect").await, Some(0));
    }
}

#[tokio::test]
async fn whoever_read_a_doubt_that_was_settled_since_changes_nothing() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    let (absent, again, found) = (read_again(&queue).await, read_again(&queue).await, read_again(&queue).await);
    let post = doubt.post;
    queue.store.resolve_absent(post, "anna", Duration::ZERO, t(2)).await.unwrap();
    let intent = queue.intend("cafe", t(2)).await;
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(3), t(2)).await.unwrap();
    assert_eq!(queue.store.park(doubt, &[], "", t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.store.record_absent(absent, Absence::Hold, t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.store.look_again(again, Proof::default(), t(9), t(4), "").await.unwrap(), Written::Lost);
    assert_eq!(queue.store.record_found(found, "_s.1", t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.state(post).await, PostState::InDoubt, "the newer doubt stands");
}

#[tokio::test]
async fn a_doubt_that_a_person_settled_is_no_doubt_any_more_whatever_the_list_shows() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    let (absent, again, found) = (read_again(&queue).await, read_again(&queue).await, read_again(&queue).await);
    let post = doubt.post;
    queue.store.resolve_absent(post, "anna", Duration::ZERO, t(2)).await.unwrap();
    // The token is the same still: nobody has claimed it since.
    assert_eq!(queue.store.record_found(found, "_s.1", t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.store.record_absent(absent, Absence::Hold, t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.store.look_again(again, Proof::default(), t(9), t(4), "").await.unwrap(), Written::Lost);
    assert_eq!(queue.store.park(doubt, &[], "", t(4)).await.unwrap(), Written::Lost);
    assert_eq!(queue.state(post).await, PostState::Scheduled);
}

#[tokio::test]
async fn an_absence_counts_as_a_failed_attempt_and_the_last_one_ends_them() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    assert_eq!(doubt.failures, 0);
    assert_eq!(queue.store.record_absent(doubt, Absence::Repost(t(9)), t(5)).await.unwrap(), Written::Done);
    assert!(queue.claim("cafe", t(8)).await.is_none(), "not before its delay is over");
    let intent = queue.intend("cafe", t(9)).await;
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(9), t(9)).await.unwrap();
    let doubt = queue.store.doubt_due("cafe", t(9)).await.unwrap().unwrap();
    assert_eq!(doubt.failures, 1);
    assert_eq!(queue.store.record_absent(doubt, Absence::GiveUp("enough"), t(10)).await.unwrap(), Written::Done);
    let row = queue.only("a").await;
    assert_eq!((row.state, row.reason.as_str()), (PostState::Failed, "enough"));
}

#[tokio::test]
async fn an_intent_keeps_what_was_known_of_kakaos_clock_when_it_was_made() {
    let queue = Queue::new().await;
    queue.add(&note("a", t(0))).await;
    queue.store.hear("cafe", ServerTimeSample { at: t(-10), server_at: t(-8) }).await.unwrap();
    queue.store.hear("cafe", ServerTimeSample { at: t(-9), server_at: t(-7) }).await.unwrap();
    let intent = queue.intend("cafe", t(0)).await;
    queue.store.hear("cafe", ServerTimeSample { at: t(1), server_at: t(1) }).await.unwrap();
    let _ = queue.store.record_doubt(intent, &ambiguous(), t(1), t(1)).await.unwrap();
    let doubt = queue.store.doubt_due("cafe", t(1)).await.unwrap().unwrap();
    let ahead = t(-7).duration_since(t(-9));
    assert_eq!((doubt.intent_at, doubt.intent_skew, doubt.intent_floor), (t(0), Some(ahead), Some(t(-7))));
}

#[tokio::test]
async fn one_answer_with_a_wrong_date_leaves_what_is_known_of_kakaos_clock_as_it_is() {
    for wrong in [2, 60, 5_256_000, -2, -5_256_000] {
        let queue = Queue::new().await;
        queue.add(&note("a", t(0))).await;
        queue.store.hear("cafe", ServerTimeSample { at: t(-90), server_at: t(-90) }).await.unwrap();
        queue.store.hear("cafe", ServerTimeSample { at: t(-60), server_at: t(-60 + wrong) }).await.unwrap();
        let intent = queue.intend("cafe", t(0)).await;
        let _ = queue.store.record_doubt(intent, &ambiguous(), t(1), t(1)).await.unwrap();
        let doubt = queue.store.doubt_due("cafe", t(1)).await.unwrap().unwrap();
        let skew = jiff::SignedDuration::from_mins(wrong.min(0));
        assert_eq!((doubt.intent_floor, doubt.intent_skew), (Some(t(-90)), Some(skew)), "{wrong}: the lower reading");
        // The next one agrees with those before.
        queue.store.hear("cafe", ServerTimeSample { at: t(2), server_at: t(2) }).await.unwrap();
        let _ = queue.store.record_absent(doubt, Absence::Repost(t(9)), t(5)).await.unwrap();
        let intent = queue.intend("cafe", t(9)).await;
        let _ = queue.store.record_doubt(intent, &ambiguous(), t(9), t(9)).await.unwrap();
        let doubt = queue.store.doubt_due("cafe", t(9)).await.unwrap().unwrap();
        assert_eq!((doubt.intent_floor, doubt.intent_skew), (Some(t(2)), Some(jiff::SignedDuration::ZERO)), "{wrong}");
    }
}

#[tokio::test]
async fn a_date_that_no_other_bears_out_counts_by_the_lower_of_the_two_clocks() {
    for (heard, floor) in [(90, -60), (-90, -150)] {
        let queue = Queue::new().await;
        queue.add(&note("a", t(0))).await;
        queue.store.hear("cafe", ServerTimeSample { at: t(-60), server_at: t(-60 + heard) }).await.unwrap();
        let intent = queue.intend("cafe", t(0)).await;
        let _ = queue.store.record_doubt(intent, &ambiguous(), t(1), t(1)).await.unwrap();
        let doubt = queue.store.doubt_due("cafe", t(1)).await.unwrap().unwrap();
        assert_eq!(doubt.intent_floor, Some(t(floor)), "{heard}");
    }
}

#[tokio::test]
async fn before_any_date_was_heard_an_intent_knows_of_none() {
    let queue = Queue::new().await;
    let doubt = doubtful(&queue, &note("a", t(0))).await;
    assert_eq!((doubt.intent_skew, doubt.intent_floor), (None, None));
}
