//! What would keep a post from going out is asked ahead, on the evening before and again shortly before it is due, and told while there is
//! time to mend it.

use std::time::Duration;

use jiff::civil::Time;
use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::policy::Preflight;
use storyd::domain::post::PostState;

use crate::support::receiver::Receiver;
use crate::support::world::{World, at};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// A world that asks ahead as it does when nobody says otherwise.
async fn world() -> (World, Receiver) {
    let receiver = Receiver::start().await;
    let mut world = World::new().await;
    world.settings.preflight = Preflight::default();
    world.tell(receiver.settings()).await;
    (world, receiver)
}

/// A link at nine on the day after the story begins.
fn link(url: &str) -> String {
    format!("p:\n  at: 2026-12-02 09:00\n  type: link\n  url: {url}\n  content: 메뉴\n")
}

/// Lets time pass until then, stopping where something is due.
async fn until(world: &mut World, then: &str) {
    let length = storyd::domain::clock::between(world.clock.now(), at(then));
    world.pass(length).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_cannot_be_scraped_is_told_on_the_evening_before_and_once_it_can() {
    let (mut world, receiver) = world().await;
    world.fault(vec![FaultRule::new(FaultName::Code(-604)).on(&[Call::LinkInfo])]);
    world.jobs(&link("https://example.com/menu"));
    until(&mut world, "2026-12-01T17:59:00+09:00").await;
    assert_eq!((receiver.notices().len(), world.requests("linkinfo")), (0, 0));
    until(&mut world, "2026-12-01T18:05:00+09:00").await;
    assert_eq!(receiver.notices().len(), 1, "{:#?}", receiver.notices());
    let text = receiver.heard()[0].json()["text"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(text, @r#"
    posts to come would not go out as things stand (p on cafe)
    - p (post 1) on cafe: https://example.com/menu cannot be posted as things stand: Kakao could not scrape the page: "failed to scrape the given url"; the post is due on Wed 2026-12-02 09:00 KST
      Wed 2026-12-02 09:00 KST · “메뉴” · https://example.com/menu
      storyd admin show 1
    "#);
    // The page is mended in the night.
    world.fault(vec![]);
    until(&mut world, "2026-12-01T19:00:00+09:00").await;
    assert!(receiver.notices()[1].starts_with("preflight ended: "), "{:#?}", receiver.notices());
    until(&mut world, "2026-12-02T09:05:00+09:00").await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert_eq!(receiver.notices().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_shows_something_else_than_on_the_evening_before_is_told_before_it_goes_out() {
    let (mut world, receiver) = world().await;
    // The sandbox's page changes at midnight UTC: at nine in Seoul. So the last look is after it, and the post after that.
    world.jobs(&link("https://changing.example.com/menu").replace("09:00", "09:45"));
    until(&mut world, "2026-12-02T09:14:00+09:00").await;
    assert_eq!((receiver.notices().len(), world.requests("linkinfo")), (0, 1));
    until(&mut world, "2026-12-02T09:20:00+09:00").await;
    assert_eq!(receiver.notices().len(), 1, "{:#?}", receiver.notices());
    let text = receiver.heard()[0].json()["text"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(text, @"
    posts to come would not go out as things stand (p on cafe)
    - p (post 1) on cafe: the card of https://changing.example.com/menu says “changing.example.com on day 20789”: A page of changing.example.com, as the sandbox imagines it (changing.example.com), with a picture; at the first look: it says “changing.example.com on day 20788”: A page of changing.example.com, as the sandbox imagines it (changing.example.com), with a picture; the post is due on Wed 2026-12-02 09:45 KST
      Wed 2026-12-02 09:45 KST · “메뉴” · https://changing.example.com/menu
      storyd admin show 1
    ");
    // Nobody minds: it goes out, and the trouble is over.
    until(&mut world, "2026-12-02T10:30:00+09:00").await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert!(world.ctx().store.open_incidents().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_link_is_looked_at_anew() {
    let (mut world, receiver) = world().await;
    world.jobs(&link("https://example.com/menu"));
    until(&mut world, "2026-12-01T18:05:00+09:00").await;
    assert_eq!(world.requests("linkinfo"), 1);
    // Edited after the evening's look: it is looked at at once, and not held against the other page's card.
    world.jobs(&link("https://unscrapable.example.com/menu"));
    until(&mut world, "2026-12-01T18:20:00+09:00").await;
    assert_eq!(receiver.notices().len(), 1, "{:#?}", receiver.notices());
    world.jobs(&link("https://example.com/other"));
    until(&mut world, "2026-12-01T18:40:00+09:00").await;
    assert_eq!(receiver.notices().len(), 2, "{:#?}", receiver.notices());
    assert!(receiver.notices()[1].starts_with("preflight ended: "), "{:#?}", receiver.notices());
    until(&mut world, "2026-12-02T09:05:00+09:00").await;
    assert_eq!((world.post("p").await.state, receiver.notices().len()), (PostState::Published, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_was_withdrawn_is_told_on_the_evening_before_and_the_post_is_on_time_once_it_is_given() {
    let (mut world, receiver) = world().await;
    world.sandbox.set_scopes("cafe", &["story_read"]).unwrap();
    world.jobs("p:\n  at: 2026-12-02 09:00\n  type: note\n  content: 글\n");
    until(&mut world, "2026-12-01T18:05:00+09:00").await;
    assert_eq!(receiver.notices(), ["blocked began: 1 account is blocked (cafe)"]);
    let text = receiver.heard()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(text.contains("story_publish") && text.contains("1 post of it waits"), "{text}");
    world.sandbox.set_scopes("cafe", &["story_read", "story_publish"]).unwrap();
    until(&mut world, "2026-12-02T09:05:00+09:00").await;
    let post = world.post("p").await;
    assert_eq!((post.state, post.publish_failures), (PostState::Published, 0));
    assert_eq!(world.stories().await[0].published_at, at("2026-12-02T09:00:00+09:00"));
    assert_eq!(receiver.notices().len(), 2, "{:#?}", receiver.notices());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_down_in_the_evening_is_no_trouble_of_a_post() {
    let (mut world, receiver) = world().await;
    let calls = [Call::TokenInfo, Call::Scopes, Call::IsStoryUser, Call::LinkInfo];
    world.fault(vec![FaultRule::new(FaultName::BadGatewayBeforeEffect).on(&calls)]);
    world.jobs(&link("https://example.com/menu"));
    until(&mut world, "2026-12-01T18:30:00+09:00").await;
    world.fault(vec![]);
    until(&mut world, "2026-12-02T09:05:00+09:00").await;
    assert_eq!((world.post("p").await.state, receiver.notices().len()), (PostState::Published, 0));
    assert!(world.requests("linkinfo") >= 3, "asked again in the evening, shortly before, and to prepare it");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_it_is_asked_is_the_operators_choice() {
    let looks = [
        (Preflight::OFF, [0, 0, 0]),
        (Preflight { evening: Some(Time::constant(12, 0, 0, 0)), before: None }, [1, 1, 1]),
        (Preflight { evening: None, before: Some(HOUR) }, [0, 0, 1]),
        (Preflight::default(), [0, 1, 2]),
    ];
    for (preflight, expected) in looks {
        let mut world = World::new().await;
        world.stop().await;
        world.settings.preflight = preflight;
        world.start().await;
        world.jobs(&link("https://example.com/menu"));
        let mut asked = Vec::new();
        for then in ["2026-12-01T13:00:00+09:00", "2026-12-01T19:00:00+09:00", "2026-12-02T08:40:00+09:00"] {
            until(&mut world, then).await;
            asked.push(world.requests("linkinfo"));
        }
        assert_eq!(asked, expected, "{preflight:?}");
        until(&mut world, "2026-12-02T09:05:00+09:00").await;
        assert_eq!(world.post("p").await.state, PostState::Published);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_posts_of_one_link_ask_once() {
    let (mut world, _receiver) = world().await;
    let jobs: String = (0..20)
        .map(|n| {
            let at = format!("2026-12-02 09:{n:02}");
            format!("p{n}:\n  at: {at}\n  type: link\n  url: https://example.com/menu\n  content: 메뉴 {n}\n")
        })
        .collect();
    world.jobs(&jobs);
    until(&mut world, "2026-12-01T18:05:00+09:00").await;
    assert_eq!((world.requests("linkinfo"), world.requests("scopes")), (1, 1));
    world.pass(MINUTE).await;
    assert_eq!(world.requests("linkinfo"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_would_die_before_its_post_is_due_is_renewed_ahead_of_it() {
    let (mut world, _receiver) = world().await;
    world.jobs("p:\n  at: 2026-12-02 09:00\n  type: note\n  content: 글\n");
    until(&mut world, "2026-12-02T04:00:00+09:00").await;
    world.log_in("cafe", Duration::from_secs(4 * 3_600 + 50 * 60), Duration::from_secs(5_183_999));
    // The login service has trouble twice: when the post is looked at, and when it is due.
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Token])]);
    until(&mut world, "2026-12-02T08:34:00+09:00").await;
    world.fault(vec![]);
    until(&mut world, "2026-12-02T08:45:00+09:00").await;
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Token])]);
    until(&mut world, "2026-12-02T09:00:00+09:00").await;
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Published, "on time: it waits for nobody");
}
