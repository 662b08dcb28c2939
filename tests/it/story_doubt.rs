//! Stories of posts whose answer was lost.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::store::queue::OperatorRefusal;

use crate::support::world::World;

const NOTE: &str = "p:\n  at: now\n  type: note\n  content: \"  한 줄\\n두 줄  e\\u0301 \"\n";
const DAY: Duration = Duration::from_secs(86_400);

fn lost() -> FaultRule {
    FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1)
}

fn dropped() -> FaultRule {
    FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1)
}

/// Somebody posts a note by hand, on the phone.
async fn by_hand(world: &World, text: &str) {
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    let note = reqwest::Client::new()
        .post(format!("{}/v1/api/story/post/note", world.sandbox.url()))
        .bearer_auth(&tokens.access_token)
        .form(&[("content", text)]);
    assert!(note.send().await.unwrap().status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_exists_is_found_within_seconds_and_nothing_is_sent_again() {
    let mut world = World::new().await;
    world.fault(vec![lost()]);
    world.jobs(NOTE);
    world.pass(Duration::from_secs(5)).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert_eq!(world.stories().await[0].learnt_by, "reconcile");
    assert_eq!(world.requests("note"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn absence_counts_only_after_the_quarantine_and_in_two_complete_lists() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    world.jobs(NOTE);
    world.pass(world.settings.defaults.quarantine - Duration::from_secs(1)).await;
    assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::InDoubt, 1));
    world.pass(Duration::from_secs(2)).await;
    assert_eq!(world.post("p").await.state, PostState::InDoubt, "one list is not enough");
    world.pass(Duration::from_secs(60)).await;
    assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_can_ask_that_a_person_decides_after_a_proved_absence() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    world.jobs(&format!("{NOTE}  in_doubt: hold\n"));
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert_eq!((post.state, world.ledger().len()), (PostState::Held, 0), "{}", post.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_lags_or_fails_is_no_proof_of_absence() {
    let mut world = World::with(|options| options.list_lag = Duration::from_secs(120)).await;
    let broken_list = FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories]).times(5);
    world.fault(vec![lost(), broken_list]);
    world.jobs(NOTE);
    world.pass(DAY).await;
    assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_never_answers_parks_the_doubt_and_the_account_goes_on() {
    let mut world = World::new().await;
    world.fault(vec![lost(), FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories])]);
    world.jobs(&format!("{NOTE}next:\n  at: 2026-12-01 11:00\n  type: note\n  content: 다음\n"));
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}", post.reason);
    assert!(post.reason.contains("storyd admin resolve"), "{}", post.reason);
    assert_eq!(world.post("next").await.state, PostState::Published);

    let story = world.ledger()[0].id.clone();
    world.ctx().store.resolve_found(post.post, &story, "tester", world.clock.now()).await.unwrap();
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_consent_to_read_a_person_is_asked_at_once_and_nothing_is_sent_again() {
    let mut world = World::new().await;
    world.sandbox.set_scopes("cafe", &["story_publish"]).unwrap();
    world.fault(vec![dropped()]);
    world.jobs(NOTE);
    world.pass(Duration::from_secs(10)).await;
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}", post.reason);
    world.pass(DAY).await;
    assert_eq!(world.requests("note"), 1);

    world.ctx().store.resolve_absent(post.post, "tester", Duration::ZERO, world.clock.now()).await.unwrap();
    world.settle().await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Published, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_misses_the_consent_to_read_it_now_and_then_is_asked_again() {
    for code in [-402, -7] {
        let mut world = World::new().await;
        let rule = FaultRule::new(FaultName::Code(code)).on(&[Call::MyStories]);
        world.fault(vec![dropped(), rule.times(3)]);
        world.jobs(NOTE);
        world.pass(DAY).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.requests("note")), (PostState::Published, 2), "{code}: {}", post.reason);
        assert!(world.events(post.post).await.iter().all(|event| event.event != "park"), "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_leaves_an_account_while_one_of_its_posts_is_in_doubt() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    world.jobs(&format!("{NOTE}next:\n  at: 2026-12-01 08:00:10\n  type: note\n  content: 다음\n"));
    world.pass(Duration::from_secs(100)).await;
    assert_eq!(world.post("next").await.state, PostState::Scheduled);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(world.post("next").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_kakao_shows_otherwise_are_recognised_all_the_same() {
    for quirk in [FaultName::TrimContent, FaultName::CrlfContent, FaultName::NfcContent, FaultName::NfdContent] {
        let mut world = World::new().await;
        world.fault(vec![lost(), FaultRule::new(quirk)]);
        world.jobs(NOTE);
        world.pass(DAY).await;
        assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 1), "{quirk}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_from_kakaos_by_minutes_deceives_nobody() {
    for minutes in [-10, -1, 1, 10] {
        let mut world = World::with(|options| options.clock_skew = jiff::SignedDuration::from_mins(minutes)).await;
        // It would be in doubt otherwise.
        world.confirm_clock().await;
        world.fault(vec![lost()]);
        world.jobs(NOTE);
        world.pass(DAY).await;
        assert_eq!((world.post("p").await.state, world.requests("note")), (PostState::Published, 1), "{minutes} min");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_story_with_the_same_text_is_not_taken_for_the_lost_one() {
    let mut world = World::new().await;
    let job = "daily:\n  at: [2026-12-01 08:00, 2026-12-02 08:00]\n  type: note\n  content: 매일 같은 글\n";
    world.jobs(job);
    world.pass(Duration::from_secs(3600)).await;
    world.fault(vec![dropped()]);
    world.pass(DAY).await;
    assert_eq!((world.ledger().len(), world.requests("note")), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stories_that_could_be_it_are_left_to_a_person() {
    let mut world = World::new().await;
    world.fault(vec![lost()]);
    world.jobs("p:\n  at: now\n  type: note\n  content: 같은 글\n");
    world.settle().await;
    by_hand(&world, "같은 글").await;
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{}", post.reason);
    assert_eq!(world.requests("note"), 2);
    world.condone("the second story was posted by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_found_however_many_were_posted_by_hand_since() {
    let mut world = World::new().await;
    world.fault(vec![lost()]);
    world.jobs(NOTE);
    world.settle().await;
    // More than a page of the list.
    for number in 0..40 {
        by_hand(&world, &format!("손으로 {number}")).await;
    }
    world.pass(DAY).await;
    assert_eq!((world.post("p").await.state, world.ledger().len()), (PostState::Published, 41));
    assert_eq!(world.stories().await[0].learnt_by, "reconcile");
    world.condone("forty stories were posted by hand");
}

/// A link whose request is lost, and a note with its text that somebody posts by hand meanwhile.
async fn link_lost_beside_a_note(world: &mut World) {
    world.fault(vec![FaultRule::new(FaultName::RequestDropped).on(&[Call::Link]).times(1)]);
    world.jobs("p:\n  at: now\n  type: link\n  url: https://example.com/\n  content: 같은 글\n");
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::InDoubt);
    by_hand(world, "같은 글").await;
    world.pass(DAY).await;
    world.condone("the note was posted by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_with_its_text_is_not_taken_for_a_lost_link_where_links_were_seen_to_be_told_as_documented() {
    let mut world = World::new().await;
    world.jobs("before:\n  at: now\n  type: link\n  url: https://example.com/\n  content: 먼저\n");
    world.settle().await;
    link_lost_beside_a_note(&mut world).await;
    assert_eq!((world.post("p").await.state, world.requests("link")), (PostState::Published, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_with_its_text_is_left_to_a_person_where_nobody_knows_how_links_are_told() {
    let mut world = World::new().await;
    link_lost_beside_a_note(&mut world).await;
    let post = world.post("p").await;
    assert!(post.parked_at.is_some() && post.reason.contains("of another kind"), "{}", post.reason);
    assert_eq!(world.requests("link"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_between_intent_and_answer_leaves_a_doubt_that_is_settled() {
    for (fault, sent) in [(FaultName::HangAfterEffect, 1), (FaultName::HangBeforeEffect, 2)] {
        let mut world = World::new().await;
        world.fault(vec![FaultRule::new(fault).on(&[Call::Note]).times(1)]);
        world.jobs(NOTE);
        world.die_while("note").await;
        world.start().await;
        assert_eq!(world.post("p").await.state, PostState::InDoubt);
        world.pass(DAY).await;
        assert_eq!((world.ledger().len(), world.requests("note")), (1, sent), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_during_an_upload_simply_uploads_again() {
    let mut world = World::new().await;
    world.write("a.png", &crate::support::world::png(1));
    world.fault(vec![FaultRule::new(FaultName::HangAfterEffect).on(&[Call::Upload]).times(1)]);
    world.jobs("p:\n  at: now\n  type: photo\n  images: [a.png]\n");
    world.die_while("upload").await;
    world.start().await;
    assert_eq!(world.post("p").await.state, PostState::Scheduled);
    world.settle().await;
    assert_eq!((world.ledger().len(), world.requests("upload")), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_the_server_always_dies_of_gives_up_in_the_end_and_does_not_starve_its_account() {
    let mut world = World::new().await;
    world.jobs(
        "p:\n  at: 2026-12-01 08:00\n  type: note\n  content: 독\n  late: {within: 1h, then: post}\n\
         next:\n  at: 2026-12-01 08:01\n  type: note\n  content: 다음\n",
    );
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Note])]);
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert_eq!(post.state, PostState::Failed, "{}", post.reason);
    assert!(post.reason.contains("gave up") && post.reason.contains("storyd admin retry"), "{}", post.reason);
    let tried = |text: &str| {
        let requests = world.sandbox.requests();
        requests.iter().filter(|request| request.params.iter().any(|param| param.value == text)).count()
    };
    assert_eq!(tried("독"), 1 + world.settings.defaults.retry.len());
    assert!(tried("다음") > 0, "the next post had its turn in between");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_the_job_file_while_it_is_in_doubt_is_not_sent_again() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    world.jobs(NOTE);
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::InDoubt);
    world.jobs("q:\n  at: 2026-12-05 09:00\n  type: note\n  content: 다른 글\n");
    world.pass(Duration::from_secs(3000)).await;
    let post = world.post("p").await;
    assert_eq!((post.state, world.requests("note")), (PostState::Cancelled, 1));
    assert_eq!(post.reason, "its job left the job files");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_leaves_the_job_file_while_its_post_is_in_doubt_is_not_sent_again() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    world.jobs("p:\n  at: 2026-12-01 08:00\n  type: note\n  content: 글\n");
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::InDoubt);
    world.jobs("p:\n  at: 2026-12-05 09:00\n  type: note\n  content: 글\n");
    world.pass(Duration::from_secs(3000)).await;
    assert_eq!(world.requests("note"), 1);
    world.pass(5 * DAY).await;
    assert_eq!(world.ledger().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_corrected_while_it_is_in_doubt_goes_out_corrected() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    world.jobs(NOTE);
    world.settle().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 고친 글\n");
    world.pass(Duration::from_secs(3000)).await;
    assert_eq!(world.ledger().len(), 1);
    assert_eq!(world.ledger()[0].content.as_deref(), Some("고친 글"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_corrected_while_its_request_was_refused_goes_out_corrected() {
    let mut world = World::new().await;
    world.fault(vec![FaultRule::new(FaultName::TooManyRequests).on(&[Call::Note]).times(1)]);
    world.jobs(NOTE);
    storyd::engine::tasks::enqueue::run_once(world.ctx()).await.unwrap();
    let (ctx, now) = (world.shared(), world.clock.now());
    let claim = ctx.store.claim_to_publish("cafe", now, ctx.rules.lease).await.unwrap().unwrap();
    let intent = ctx.store.intend(claim, now, ctx.rules.lease).await.unwrap().unwrap();
    world.jobs("p:\n  at: now\n  type: note\n  content: 고친 글\n");
    storyd::engine::tasks::enqueue::run_once(&ctx).await.unwrap();
    let fault = storyd::domain::fault::Fault::transient("429", "too many requests");
    let _ = ctx.store.snooze(intent, &fault, now).await.unwrap();
    assert!(ctx.store.claim_to_publish("cafe", now, ctx.rules.lease).await.unwrap().is_none(), "not with the old text");
    world.fault(Vec::new());
    world.settle().await;
    assert_eq!(world.ledger()[0].content.as_deref(), Some("고친 글"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_post_stays_with_the_person_when_its_job_leaves_the_file_and_comes_back() {
    let mut world = World::new().await;
    world.fault(vec![dropped()]);
    let job = format!("{NOTE}  in_doubt: hold\n");
    world.jobs(&job);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(world.post("p").await.state, PostState::Held);
    world.jobs("q:\n  at: 2026-12-05 09:00\n  type: note\n  content: 다른 글\n");
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Cancelled);
    world.jobs(&job);
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert_eq!((post.state, world.requests("note")), (PostState::Held, 1));
    assert!(post.reason.contains("proved absent"), "{}", post.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_job_left_the_file_is_not_let_go_until_the_job_is_back() {
    let mut world = World::new().await;
    world.fault(vec![FaultRule::new(FaultName::Code(-2)).on(&[Call::Note]).times(1)]);
    world.jobs(NOTE);
    world.settle().await;
    let post = world.post("p").await.post;
    assert_eq!(world.post("p").await.state, PostState::Failed);
    world.jobs("q:\n  at: 2026-12-05 09:00\n  type: note\n  content: 다른 글\n");
    world.settle().await;
    let (from, ahead) = ([PostState::Failed], Duration::from_secs(600));
    let retried = world.ctx().store.release(post, &from, "tester", "", ahead, world.clock.now()).await;
    assert!(matches!(retried, Err(OperatorRefusal::JobGone { .. })), "{retried:?}");
    world.jobs(NOTE);
    world.settle().await;
    world.ctx().store.release(post, &from, "tester", "", ahead, world.clock.now()).await.unwrap();
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kakao_took_without_naming_its_story_is_never_sent_again() {
    for dies in [false, true] {
        let mut world = World::new().await;
        let taken = FaultRule::new(FaultName::EmptyAfterEffect).on(&[Call::Note]).times(1);
        let unlisted = FaultRule::new(FaultName::ListLag).on(&[Call::Note]).after(Duration::from_secs(3600));
        world.fault(vec![taken, unlisted]);
        world.jobs(NOTE);
        world.settle().await;
        if dies {
            world.crash().await;
        }
        world.pass(DAY).await;
        let post = world.post("p").await;
        assert_eq!(world.requests("note"), 1);
        assert!(post.state == PostState::InDoubt && post.parked_at.is_some(), "{} {}", post.state, post.reason);
        assert!(post.reason.contains("its story exists") && post.reason.contains("--story ID"), "{}", post.reason);
        assert!(!post.reason.contains("--absent"), "{}", post.reason);
    }
}
