//! The judge of the proof under SIGKILL is itself judged: doctored evidence of each kind is condemned, sound evidence is not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use storyd::domain::post::PostState;

use crate::support::chaos::Job;
use crate::support::evidence::{Complaint, Evidence, judge};

const DUE: &str = "2026-12-01T00:00:00Z";

/// Two notes that went out as they should, with one request each.
fn sound() -> Evidence {
    let job = |name: &str, text: &str| Job {
        name: name.into(),
        account: "cafe".into(),
        kind: "note",
        texts: vec![text.into()],
        at: None,
        in_file: true,
        holds: false,
    };
    let post = |number: i64, job: &str, text: &str| {
        json!({"post": number, "job": job, "account": "cafe", "kind": "note", "state": "published", "occurs_at": DUE,
               "content": {"body": {"type": "note", "text": text}}, "reason": "", "story_id": format!("p.{number}"),
               "parked_at": null})
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
    let recorded = |number: i64| json!({"story_id": format!("p.{number}"), "post": number, "learnt_by": "publish"});
    let read = |values: [serde_json::Value; 2]| serde_json::Value::from(values.to_vec());
    Evidence {
        jobs: vec![job("one", "하나"), job("two", "둘")],
        posts: serde_json::from_value(read([post(1, "one", "하나"), post(2, "two", "둘")])).unwrap(),
        stories: serde_json::from_value(read([recorded(1), recorded(2)])).unwrap(),
        told: BTreeSet::new(),
        ledger: serde_json::from_value(read([story(1, "하나"), story(2, "둘")])).unwrap(),
        requests: serde_json::from_value(read([request(1, "하나"), request(2, "둘")])).unwrap(),
        intents: BTreeMap::from([("cafe".to_owned(), 2)]),
    }
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
}

#[test]
fn a_run_in_order_is_not_condemned() {
    assert_eq!(said_of(|_| {}), []);
    let parked = said_of(|evidence| {
        ended(evidence, PostState::InDoubt, "look at the account's page");
        evidence.posts[1].parked_at = Some(DUE.parse().unwrap());
        evidence.told.insert(2);
    });
    assert_eq!(parked, [], "a doubt that a person was told about is an end");
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
fn one_story_that_two_posts_claim_is_condemned() {
    let complaints = said_of(|evidence| {
        evidence.posts[1].story_id = Some("p.1".into());
        evidence.stories[1].story_id = "p.1".into();
        evidence.ledger.pop();
    });
    assert!(!complaints.is_empty());
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
