//! The judge of the proof under SIGKILL is itself judged: doctored evidence of each kind is condemned, sound evidence is not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use storyd::domain::post::PostState;

use crate::support::chaos::Job;
use crate::support::evidence::{Complaint, Evidence, Move, Order, Ordered, judge};

const DUE: &str = "2026-12-01T00:00:00Z";
const BEFORE: &str = "2026-11-30T00:00:00Z";
const AFTER: &str = "2026-12-01T00:00:05Z";

/// Two notes that went out as they should, with one request each.
fn sound() -> Evidence {
    let job = |name: &str, text: &str| Job {
        name: name.into(),
        account: "cafe".into(),
        kind: "note",
        texts: vec![text.into()],
        times: vec![Some(DUE.parse().unwrap())],
        in_file: true,
        rest: String::new(),
    };
    let post = |number: i64, job: &str, text: &str| {
        json!({"post": number, "job": job, "account": "cafe", "kind": "note", "state": "published", "occurs_at": DUE, "due_at": DUE,
               "content": {"body": {"type": "note", "text": text}}, "reason": "", "story_id": format!("p.{number}"),
               "parked_at": null, "blocked": null})
    };
    let story = |number: i64, text: &str| {
        json!({"id": format!("p.{number}"), "account": "cafe", "kind": "note", "content": text, "permission": "PUBLIC",
               "enable_share": false, "created_at": "2026-12-01T00:00:01Z", "request": number})
    };
    let request = |number: i64, text: &str| {
        json!({"number": number, "at": "2026-12-01T00:00:01Z", "call": "note", "account": "cafe", "method": "POST",
               "path": "/v1/api/story/post/note", "content_type": null, "params": [{"name": "content", "value": text}],
               "outcome": "answered", "status": 200, "code": null, "faults": [], "story": null})
    };
    let recorded = |number: i64| json!({"story_id": format!("p.{number}"), "post": number, "delete_at": null, "deleted_at": null, "delete_fault": null});
    let history = || vec![step("enqueue", BEFORE), step("claim", DUE), step("intend", DUE), step("publish", DUE)];
    let read = |values: [serde_json::Value; 2]| serde_json::Value::from(values.to_vec());
    Evidence {
        jobs: vec![job("one", "하나"), job("two", "둘")],
        posts: serde_json::from_value(read([post(1, "one", "하나"), post(2, "two", "둘")])).unwrap(),
        stories: serde_json::from_value(read([recorded(1), recorded(2)])).unwrap(),
        told: BTreeSet::new(),
        ledger: serde_json::from_value(read([story(1, "하나"), story(2, "둘")])).unwrap(),
        requests: serde_json::from_value(read([request(1, "하나"), request(2, "둘")])).unwrap(),
        history: BTreeMap::from([(1, history()), (2, history())]),
        orders: Vec::new(),
        open_attempts: 0,
        integrity: "ok".into(),
    }
}

fn step(event: &str, at: &str) -> Move {
    Move { at: at.parse().unwrap(), event: event.into(), actor: "daemon".into() }
}

/// What the judge says of the evidence after `doctor` has been at it.
fn said_of(doctor: impl FnOnce(&mut Evidence)) -> Vec<Complaint> {
    let mut evidence = sound();
    doctor(&mut evidence);
    judge(&evidence)
}

/// As when the second post ended in this way.
fn ended(evidence: &mut Evidence, state: PostState, reason: &str) {
    evidence.posts[1].state = state;
    evidence.posts[1].reason = reason.into();
    evidence.posts[1].story_id = None;
    evidence.stories.pop();
    evidence.ledger.pop();
    evidence.history.get_mut(&2).unwrap().pop();
}

/// As when the answer to the second post's request was lost, and a person must settle it.
fn parked(evidence: &mut Evidence) {
    let why = "story p.2 may be this one's; look at the account's page, then `storyd admin resolve 2 --story ID`";
    ended(evidence, PostState::InDoubt, why);
    evidence.posts[1].parked_at = Some(DUE.parse().unwrap());
    evidence.told.insert(2);
    evidence.history.get_mut(&2).unwrap().push(step("doubt", DUE));
}

fn ordered(what: Ordered) -> Order {
    Order { what, from: BEFORE.parse().unwrap(), until: None }
}

#[test]
fn a_run_in_order_is_not_condemned() {
    assert_eq!(said_of(|_| {}), []);
    assert_eq!(said_of(parked), [], "a doubt that a person was told about is an end");
    let taken_down = said_of(|evidence| {
        evidence.posts[0].state = PostState::Deleted;
        evidence.stories[0].deleted_at = Some(AFTER.parse().unwrap());
        evidence.ledger[0].deleted_at = Some(AFTER.parse().unwrap());
        evidence.orders.push(ordered(Ordered::Delete(1)));
    });
    assert_eq!(taken_down, []);
    let withdrawn = said_of(|evidence| {
        ended(evidence, PostState::Cancelled, "");
        evidence.orders.push(Order { from: AFTER.parse().unwrap(), ..ordered(Ordered::Cancel(2)) });
    });
    assert_eq!(withdrawn, []);
    let paused_and_resumed = said_of(|evidence| {
        evidence.orders.push(Order { until: Some(BEFORE.parse().unwrap()), ..ordered(Ordered::Pause("cafe".into())) });
    });
    assert_eq!(paused_and_resumed, []);
}

#[test]
fn a_doubt_that_nobody_is_told_about_is_condemned() {
    let untold = said_of(|evidence| {
        parked(evidence);
        evidence.told.clear();
    });
    assert!(untold.iter().all(|c| matches!(c, Complaint::Lost(_))) && untold.len() == 2, "{untold:?}");
    let without_a_word = said_of(|evidence| {
        parked(evidence);
        evidence.posts[1].reason = "it is in doubt".into();
    });
    assert!(matches!(without_a_word[..], [Complaint::Lost(_)]), "{without_a_word:?}");
    let forgotten = said_of(|evidence| evidence.history.get_mut(&2).unwrap().push(step("doubt", AFTER)));
    assert!(matches!(forgotten[..], [Complaint::Lost(_)]), "{forgotten:?}");
}

#[test]
fn a_story_that_appears_after_its_absence_was_proved_is_condemned() {
    let complaints = said_of(|evidence| {
        let late = evidence.ledger[1].clone();
        ended(evidence, PostState::Held, "proved absent");
        evidence.told.insert(2);
        evidence.ledger.push(late);
    });
    assert!(matches!(complaints[..], [Complaint::Twice(_)]), "{complaints:?}");
}

#[test]
fn an_order_that_was_not_obeyed_is_condemned() {
    for order in [Ordered::Cancel(1), Ordered::Pause("cafe".into()), Ordered::Delete(1)] {
        let complaints = said_of(|evidence| evidence.orders.push(ordered(order.clone())));
        assert!(matches!(complaints[..], [Complaint::Disobeyed(_)]), "{order:?}: {complaints:?}");
    }
}

#[test]
fn a_deletion_that_stands_on_one_side_only_is_condemned() {
    let recorded = said_of(|evidence| {
        evidence.posts[0].state = PostState::Deleted;
        evidence.stories[0].deleted_at = Some(AFTER.parse().unwrap());
    });
    assert!(matches!(recorded[..], [Complaint::Altered(_)]), "{recorded:?}");
    let there = said_of(|evidence| evidence.ledger[0].deleted_at = Some(AFTER.parse().unwrap()));
    assert!(matches!(there[..], [Complaint::Altered(_)]), "{there:?}");
}

#[test]
fn evidence_with_gaps_is_condemned() {
    let doctors: [fn(&mut Evidence); 4] = [
        |evidence| drop(evidence.requests.remove(0)),
        |evidence| evidence.open_attempts = 1,
        |evidence| evidence.integrity = "row 3 missing from index".into(),
        |evidence| drop(evidence.history.insert(2, Vec::new())),
    ];
    for (number, doctor) in doctors.into_iter().enumerate() {
        let complaints = said_of(doctor);
        assert!(!complaints.is_empty(), "doctor {number}");
    }
}

#[test]
fn a_story_that_exists_twice_is_condemned() {
    let complaints = said_of(|evidence| {
        let mut again = evidence.ledger[0].clone();
        again.id = "p.3".into();
        evidence.ledger.push(again);
    });
    assert!(matches!(complaints[..], [Complaint::Twice(_)]), "{complaints:?}");
}

#[test]
fn a_post_for_a_time_that_nobody_asked_for_is_condemned() {
    let complaints = said_of(|evidence| evidence.jobs[0].times = vec![Some(BEFORE.parse().unwrap())]);
    assert!(matches!(complaints[..], [Complaint::Lost(_), Complaint::Twice(_)]), "{complaints:?}");
    let again = said_of(|evidence| {
        let mut again = evidence.posts[0].clone();
        again.post = 3;
        again.story_id = None;
        again.state = PostState::Cancelled;
        again.reason = "its time left the job file".into();
        evidence.posts.push(again);
        evidence.history.insert(3, vec![step("enqueue", BEFORE)]);
    });
    assert!(again.iter().any(|complaint| matches!(complaint, Complaint::Twice(_))), "{again:?}");
}

#[test]
fn one_story_that_two_posts_claim_is_condemned() {
    let complaints = said_of(|evidence| {
        evidence.posts[1].story_id = Some("p.1".into());
        evidence.stories[1].story_id = "p.1".into();
        evidence.ledger.pop();
    });
    let claimed_twice =
        |complaint: &Complaint| matches!(complaint, Complaint::Altered(what) if what.contains("posts claim"));
    assert!(complaints.iter().any(claimed_twice), "{complaints:?}");
}

#[test]
fn a_post_without_an_end_is_condemned_and_so_is_an_end_that_nobody_is_told() {
    for state in [PostState::Scheduled, PostState::Claimed, PostState::Publishing, PostState::InDoubt] {
        let complaints = said_of(|evidence| {
            ended(evidence, state, "waits");
            evidence.told.insert(2);
        });
        assert!(matches!(complaints[..], [Complaint::Lost(_)]), "{state}: {complaints:?}");
    }
    for state in [PostState::Failed, PostState::Missed, PostState::Held, PostState::Cancelled] {
        let complaints = said_of(|evidence| ended(evidence, state, "a reason"));
        assert!(matches!(complaints[..], [Complaint::Lost(_)]), "{state}: {complaints:?}");
        let complaints = said_of(|evidence| {
            ended(evidence, state, "");
            evidence.told.insert(2);
        });
        assert!(matches!(complaints[..], [Complaint::Lost(_)]), "{state} without a reason: {complaints:?}");
    }
}

#[test]
fn a_job_that_never_became_a_post_is_condemned() {
    let complaints = said_of(|evidence| {
        ended(evidence, PostState::Scheduled, "");
        evidence.posts.pop();
        evidence.requests.pop();
    });
    assert!(matches!(complaints[..], [Complaint::Lost(_)]), "{complaints:?}");
}

#[test]
fn a_record_of_a_story_that_never_existed_is_condemned() {
    let complaints = said_of(|evidence| drop(evidence.ledger.pop()));
    assert!(matches!(complaints[..], [Complaint::Lost(_)]), "{complaints:?}");
}

#[test]
fn an_altered_text_is_condemned_on_either_side() {
    let there = said_of(|evidence| evidence.ledger[0].content = Some("하나 ".into()));
    assert!(matches!(there[..], [Complaint::Altered(_)]), "{there:?}");
    let sent = said_of(|evidence| evidence.requests[0].params[0].value = "셋".into());
    assert!(matches!(sent[..], [Complaint::Altered(_)]), "{sent:?}");
    let never_in_the_file = said_of(|evidence| evidence.jobs[0].texts = vec!["하나 반".into()]);
    assert!(never_in_the_file.iter().any(|c| matches!(c, Complaint::Altered(_))), "{never_in_the_file:?}");
}

#[test]
fn whatever_leaves_before_its_time_is_condemned() {
    let early = "2026-11-30T23:59:59.999999Z".parse().unwrap();
    let request = said_of(|evidence| evidence.requests[0].at = early);
    assert!(matches!(request[..], [Complaint::Early(_)]), "{request:?}");
    let story = said_of(|evidence| evidence.ledger[0].created_at = early);
    assert!(matches!(story[..], [Complaint::Early(_)]), "{story:?}");
}

#[test]
fn a_request_without_an_intent_is_condemned_though_it_created_nothing() {
    let complaints = said_of(|evidence| {
        let mut again = evidence.requests[0].clone();
        again.number = 3;
        evidence.requests.push(again);
    });
    assert!(matches!(complaints[..], [Complaint::Unintended(_)]), "{complaints:?}");
}
