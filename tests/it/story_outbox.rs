//! Notices that arrive late arrive in their order, and one that its receiver refuses holds up no other.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;

use crate::story_notify::world;
use crate::support::receiver::Receiver;
use crate::support::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Posts at once, and fails for good as long as Kakao takes no notes.
fn note(job: &str) -> String {
    format!("{job}:\n  at: now\n  type: note\n  content: 글 {job}\n")
}

fn refuse_notes(world: &World) {
    world.fault(vec![FaultRule::new(FaultName::Code(-2)).on(&[Call::Note])]);
}

/// A person lets the failed post go ahead, and it goes out.
async fn retry(world: &mut World, job: &str) {
    world.fault(vec![]);
    let (ctx, now, post) = (world.ctx(), world.clock.now(), world.post(job).await.post);
    ctx.store.release(post, &[PostState::Failed], "tester", "", ctx.rules.prepare_ahead, now).await.unwrap();
}

/// The beginnings of the notices.
fn told(receiver: &Receiver) -> Vec<String> {
    receiver.notices().iter().map(|notice| notice.split(':').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_late_is_told_in_its_order() {
    let (mut world, receiver) = world().await;
    receiver.answer(503);
    refuse_notes(&world);
    world.jobs(&note("p"));
    world.pass(5 * MINUTE).await;
    receiver.answer(200);
    // Over before its beginning is tried again.
    retry(&mut world, "p").await;
    world.pass(HOUR).await;
    assert_eq!(told(&receiver), ["failed began", "failed ended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_refused_for_its_own_sake_holds_up_no_other() {
    let (mut world, receiver) = world().await;
    receiver.answer(503);
    receiver.refuse("p on cafe");
    refuse_notes(&world);
    world.jobs(&note("p"));
    world.pass(20 * MINUTE).await;
    world.jobs(&[note("p"), note("q")].concat());
    world.pass(20 * MINUTE).await;
    receiver.answer(200);
    world.pass(3 * HOUR).await;
    assert_eq!(receiver.notices(), ["failed began: 1 post failed (q on cafe)"]);
    world.jobs(&[note("p"), note("q"), note("r")].concat());
    world.pass(20 * MINUTE).await;
    assert_eq!(receiver.notices().len(), 2, "nor one that comes later: {:#?}", receiver.notices());
    let waiting = world.ctx().store.waiting_notices().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].problem.as_deref(), Some("the receiver answered HTTP 400"));
    receiver.refuse("nobody's words");
    world.pass(4 * HOUR).await;
    assert_eq!(receiver.notices()[2..], ["failed began: 1 post failed (p on cafe)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_that_are_all_refused_keep_their_order() {
    let (mut world, receiver) = world().await;
    receiver.refuse("post");
    refuse_notes(&world);
    world.jobs(&note("p"));
    world.pass(20 * MINUTE).await;
    retry(&mut world, "p").await;
    world.pass(2 * MINUTE).await;
    assert_eq!(world.ctx().store.waiting_notices().await.unwrap().len(), 2);
    receiver.refuse("nobody's words");
    world.pass(4 * HOUR).await;
    assert_eq!(told(&receiver), ["failed began", "failed ended"]);
}
