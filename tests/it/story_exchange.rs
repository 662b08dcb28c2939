//! What went over the wire stands with each attempt that did not plainly succeed: what was asked, without the token, and how the answer
//! began. A plain success keeps nothing: what it asked follows from its post.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::store::view::{RecordRow, RecordTable};

use crate::support::world::{World, png};

const HOUR: Duration = Duration::from_secs(3_600);

async fn met(job: &str, call: Call, fault: &str) -> (World, i64) {
    let mut world = World::new().await;
    world.write("a.png", &png(1));
    let name: FaultName = fault.parse().unwrap();
    world.fault(vec![FaultRule::new(name).on(&[call]).times(1)]);
    world.jobs(job);
    world.settle().await;
    world.pass(HOUR).await;
    let post = world.post("p").await;
    assert!(matches!(post.state, PostState::Published | PostState::Deleted), "{fault}: {}", post.reason);
    (world, post.post)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_met_a_fault_keeps_what_was_asked_and_answered_and_a_success_keeps_nothing() {
    let note = "p:\n  at: now\n  type: note\n  content: 겨울 신메뉴\n  permission: friends\n  late: {within: 2d, then: skip}\n";
    let photo = "p:\n  at: now\n  type: photo\n  images: [a.png]\n  late: {within: 2d, then: skip}\n";
    let asked_note = "POST /v1/api/story/post/note permission=F enable_share=false content=겨울 신메뉴";
    let asked_photo = "POST /v1/api/story/upload/multi (1 images, ";
    for (job, call, fault, asked, answered) in [
        (note, Call::Note, "code-1-after-effect", asked_note, "HTTP 400 {"),
        (note, Call::Note, "garbage-after-effect", asked_note, "HTTP 200 "),
        (note, Call::Note, "answer-lost", asked_note, ""),
        (photo, Call::Upload, "bad-gateway-before-effect", asked_photo, "HTTP 502 <html>"),
        (photo, Call::Upload, "truncated-after-effect", asked_photo, "HTTP 200 ["),
    ] {
        let (world, post) = met(job, call, fault).await;
        let attempts = world.attempts(post).await;
        let (request, answer) = (attempts[0].request.as_deref().unwrap(), attempts[0].answer.as_deref().unwrap());
        assert!(request.starts_with(asked), "{fault}: {request}");
        assert!(
            if answered.is_empty() { answer.is_empty() } else { answer.starts_with(answered) },
            "{fault}: {answer}"
        );
        for attempt in attempts.iter().filter(|attempt| attempt.fault_code.is_none()) {
            assert_eq!((&attempt.request, &attempt.answer), (&None, &None), "{fault}");
        }
        let exported = world.ctx().store.record(RecordTable::Attempts, 0, 1).await.unwrap();
        let [RecordRow::Attempt { request: told, answer: said, .. }] = exported.as_slice() else {
            panic!("{exported:?}")
        };
        assert_eq!((told.as_deref(), said.as_deref()), (Some(request), Some(answer)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_an_exchange_is_one_line_of_bounded_length_without_a_token() {
    let long = format!(
        "p:\n  at: now\n  type: note\n  content: {}\n  late: {{within: 2d, then: skip}}\n",
        "가나다 ".repeat(400)
    );
    let (world, post) = met(&long, Call::Note, "code-1-after-effect").await;
    let token = world.sandbox.accounts()[0].access_token.clone();
    let attempts = world.attempts(post).await;
    let kept = format!("{:?}{:?}", attempts[0].request, attempts[0].answer);
    assert!(kept.chars().count() < 820 && kept.contains('…') && !kept.contains("\\n"), "{kept}");
    assert!(!kept.contains(&token) && !kept.contains("Bearer"), "{kept}");
    // A delete's is kept, too.
    let taken_down =
        "p:\n  at: now\n  type: note\n  content: 글\n  delete_after: 10m\n  late: {within: 2d, then: skip}\n";
    let (world, post) = met(taken_down, Call::Delete, "server-error-before-effect").await;
    let attempts = world.attempts(post).await;
    let delete = attempts.iter().find(|attempt| attempt.kind == "delete").unwrap();
    assert!(delete.request.as_deref().unwrap().starts_with("DELETE /v1/api/story/delete/mystory id="), "{delete:?}");
    assert_eq!(delete.answer.as_deref(), Some("HTTP 500"));
}
