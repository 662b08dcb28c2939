//! Stories of a Kakao that shows each text otherwise, in one regular way: what published stories show of it settles the next doubt, and
//! never makes another post's story this one's.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::domain::told_as::ToldAs;

use crate::support::world::World;

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);
const BEFORE: &str = "Tom &  “Jerry” <오늘>\n\n \"첫\" 잔\n무료 - 10~12시 \u{2615}\u{fe0f}\u{200b} #Cafe ";
const TEXT: &str = "Mary &  “Anne” <내일>\n\n \"둘째\" 잔\n무료 - 13~15시 \u{2615}\u{fe0f}\u{200b} #Latte ";

fn rule(text: &str) -> FaultRule {
    text.parse().unwrap()
}

fn once(fault: FaultName) -> FaultRule {
    FaultRule::new(fault).on(&[Call::Note]).times(1)
}

fn note(name: &str, text: &str) -> String {
    format!("{name}:\n  at: now\n  type: note\n  content: {}\n", serde_json::to_string(text).unwrap())
}

/// A world in which these posts were published plainly, one after the other.
async fn published(lies: &[&str], texts: &[&str]) -> (World, String) {
    let mut world = World::new().await;
    world.fault(lies.iter().map(|lie| rule(lie)).collect());
    let mut jobs = String::new();
    for (number, text) in texts.iter().enumerate() {
        jobs.push_str(&note(&format!("before-{number}"), text));
        world.jobs(&jobs);
        world.settle().await;
        world.pass(MINUTE).await;
    }
    (world, jobs)
}

/// Loses the answer to the next post, while the server says this.
async fn lose(world: &mut World, jobs: &mut String, lies: &[&str], (name, text): (&str, &str)) {
    let mut rules: Vec<FaultRule> = lies.iter().map(|lie| rule(lie)).collect();
    rules.push(once(FaultName::AnswerLost));
    world.fault(rules);
    jobs.push_str(&note(name, text));
    world.jobs(jobs);
    // Not so long that the next request would be refused for its token before its answer is lost.
    world.pass(90 * MINUTE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_published_story_settles_the_next_doubt_however_texts_are_told() {
    for (lie, told_as) in [
        ("text-entities", ToldAs::Entities),
        ("text-entities-twice", ToldAs::Entities),
        ("text-entities-decimal", ToldAs::Entities),
        ("text-entities-hex", ToldAs::Entities),
        ("text-invisible-added", ToldAs::Invisible),
        ("text-invisible-removed", ToldAs::Invisible),
        ("text-lines-trimmed", ToldAs::LineEnds),
        ("text-blanks-collapsed", ToldAs::Blanks),
        ("text-blanks-unbreakable", ToldAs::Blanks),
        ("text-empty-lines-removed", ToldAs::EmptyLines),
        ("text-breaks-doubled", ToldAs::EmptyLines),
        ("text-breaks-blank", ToldAs::LineBreaks),
        ("text-breaks-html", ToldAs::LineBreaks),
        ("text-blanks-removed", ToldAs::NoBlanks),
        ("text-breaks-removed", ToldAs::NoBlanks),
        ("text-quotes-typographic", ToldAs::Quotes),
        ("text-quotes-plain", ToldAs::Quotes),
        ("text-dashes", ToldAs::Quotes),
        ("text-full-width", ToldAs::Width),
        ("text-lower-case", ToldAs::Case),
        ("text-upper-case", ToldAs::Case),
    ] {
        let (mut world, mut jobs) = published(&[lie], &[BEFORE]).await;
        lose(&mut world, &mut jobs, &[lie], ("p", TEXT)).await;
        let post = world.post("p").await;
        assert_eq!((post.state, world.requests("note")), (PostState::Published, 2), "{lie}: {}", post.reason);
        assert_eq!(post.story_id.as_deref(), world.ledger().last().map(|story| story.id.as_str()), "{lie}");
        assert_eq!(world.ctx().store.told_as("cafe").await.unwrap(), Some(told_as), "{lie}");
        assert_eq!(world.ctx().store.told_as("shop").await.unwrap(), None, "{lie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_published_story_that_shows_it_a_person_compares() {
    for lie in ["text-entities", "text-blanks-collapsed", "text-upper-case"] {
        // The one before has nothing in it that could be told otherwise.
        let (mut world, mut jobs) = published(&[lie], &["먼저"]).await;
        lose(&mut world, &mut jobs, &[lie], ("p", TEXT)).await;
        let post = world.post("p").await;
        assert!(post.parked_at.is_some() && world.requests("note") == 2, "{lie}: {} {}", post.state, post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learnt_makes_no_absence_easier_to_prove() {
    // Learnt from entities; the server goes on in another way, which nobody has seen yet.
    for other in ["text-upper-case", "text-cut-ellipsis", "text-punctuation-removed"] {
        let (mut world, mut jobs) = published(&["text-entities"], &[BEFORE]).await;
        lose(&mut world, &mut jobs, &["text-entities"], ("p", TEXT)).await;
        let third = "글 하나 더: <내일> 모레 Abc";
        lose(&mut world, &mut jobs, &[other], ("q", third)).await;
        let post = world.post("q").await;
        assert_eq!(world.requests("note"), 3, "{other}: posted twice: {}", post.reason);
        assert!(post.parked_at.is_some() || post.state == PostState::Published, "{other}: {}", post.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stories_that_are_told_otherwise_end_what_was_learnt() {
    let (mut world, mut jobs) = published(&["text-entities"], &[BEFORE]).await;
    lose(&mut world, &mut jobs, &["text-entities"], ("p", TEXT)).await;
    assert_eq!(world.ctx().store.told_as("cafe").await.unwrap(), Some(ToldAs::Entities));
    for number in 0..2 {
        jobs.push_str(&note(&format!("plain-{number}"), &format!("{number} < 3 & 4")));
        world.fault(Vec::new());
        world.jobs(&jobs);
        world.pass(MINUTE).await;
    }
    lose(&mut world, &mut jobs, &[], ("q", "글 <하나> 더")).await;
    assert_eq!(world.post("q").await.state, PostState::Published);
    assert_eq!(world.ctx().store.told_as("cafe").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_a_parked_post_is_not_taken_for_that_of_one_that_differs_in_blanks_alone() {
    let (mut world, mut jobs) = published(&["text-blanks-collapsed"], &["먼저  쓴  글"]).await;
    // Nobody can read the list: a person is to decide about the first one, whose story stands.
    let unread = FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories]);
    world.fault(vec![unread, once(FaultName::AnswerLost)]);
    jobs.push_str(&note("a", "오늘은  쉽니다"));
    world.jobs(&jobs);
    world.pass(DAY).await;
    assert!(world.post("a").await.parked_at.is_some());
    // No story comes of the second one, and the list tells all stories as if they had just been posted.
    world.fault(vec![rule("text-blanks-collapsed"), rule("created-now"), once(FaultName::RequestDropped)]);
    jobs.push_str(&note("b", "오늘은 쉽니다"));
    world.jobs(&jobs);
    world.pass(DAY).await;
    let post = world.post("b").await;
    assert!(post.parked_at.is_some(), "{} as {:?}: {}", post.state, post.story_id, post.reason);
    let cases = world.ctx().store.cases(&[post.post]).await.unwrap();
    assert!(cases[0].candidates[0].why.contains("another one of which you decide"), "{cases:?}");
    world.condone("two doubts stay open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_story_with_the_same_text_in_the_same_minutes_leaves_the_choice_to_a_person() {
    let (mut world, mut jobs) = published(&["text-entities"], &[BEFORE]).await;
    jobs.push_str(&note("p", TEXT));
    let tokens = world.sandbox.mint_tokens("cafe").unwrap();
    world.fault(vec![
        rule("text-entities"),
        once(FaultName::AnswerLost),
        FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories]).times(3),
    ]);
    world.jobs(&jobs);
    world.pass(Duration::from_secs(1)).await;
    let request = reqwest::Client::new().post(format!("{}/v1/api/story/post/note", world.sandbox.url()));
    let answer = request.bearer_auth(&tokens.access_token).form(&[("content", TEXT)]).send().await.unwrap();
    assert!(answer.status().is_success());
    world.pass(DAY).await;
    let post = world.post("p").await;
    assert!(post.parked_at.is_some(), "{} as {:?}: {}", post.state, post.story_id, post.reason);
    assert_eq!(world.ctx().store.cases(&[post.post]).await.unwrap()[0].candidates.len(), 2);
    world.condone("one was posted by hand");
}

/// Whether an audit finds a story altered while the server says this.
async fn audit_finds_altered(world: &mut World, lies: &[&str]) -> bool {
    world.fault(lies.iter().map(|lie| rule(lie)).collect());
    let run = world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
    world.pass(DAY).await;
    assert!(world.ctx().store.audit(run).await.unwrap().unwrap().ended_at.is_some());
    let found = world.ctx().store.findings(run).await.unwrap();
    assert!(found.iter().all(|finding| finding.kind.as_str() == "altered"), "{found:?}");
    !found.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_takes_no_text_for_altered_that_is_told_as_all_of_its_account_are() {
    let lies = &["text-entities"];
    let (mut world, mut jobs) = published(lies, &[BEFORE]).await;
    world.pass(DAY).await;
    assert!(audit_finds_altered(&mut world, lies).await, "nothing is learnt yet");
    lose(&mut world, &mut jobs, lies, ("p", TEXT)).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    world.pass(DAY).await;
    assert!(!audit_finds_altered(&mut world, lies).await, "each text is told in the learnt way");
    assert!(!audit_finds_altered(&mut world, &[]).await, "each text is told as it was sent");
    for other in ["text-blanks-collapsed", "text-cut", "text-words-shuffled"] {
        assert!(audit_finds_altered(&mut world, &[other]).await, "{other} is another alteration");
    }
}
