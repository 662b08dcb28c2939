//! The case of a parked doubt: what a person is shown of it, by commands, pages and notices.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;
use storyd::web::{self, Surroundings};

use crate::support::world::World;

const DAY: Duration = Duration::from_secs(86_400);
const TEXT: &str = "겨울 신메뉴 <딸기 라떼> & 밤 라떼\n나왔어요";

/// A post whose answer was lost while the server says this, parked.
async fn parked(lies: &[&str]) -> World {
    let mut world = World::new().await;
    let mut rules: Vec<FaultRule> = lies.iter().map(|lie| lie.parse().unwrap()).collect();
    rules.push(FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1));
    world.fault(rules);
    world.jobs(&format!("p:\n  at: now\n  type: note\n  content: {}\n", serde_json::to_string(TEXT).unwrap()));
    world.pass(DAY).await;
    assert!(world.post("p").await.parked_at.is_some());
    world.condone("a person has yet to decide");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_post_keeps_the_stories_that_may_be_its_own_until_it_is_settled() {
    let world = parked(&["text-entities"]).await;
    let (store, post) = (&world.ctx().store, world.post("p").await);
    let case = store.cases(&[post.post]).await.unwrap().pop().unwrap();
    let story = &world.ledger()[0];
    let [candidate] = case.candidates.as_slice() else { panic!("{case:?}") };
    assert_eq!(
        (candidate.story_id.as_str(), candidate.kind.as_str(), candidate.images),
        (story.id.as_str(), "NOTE", 0)
    );
    assert_eq!(candidate.text.as_deref(), Some("겨울 신메뉴 &lt;딸기 라떼&gt; &amp; 밤 라떼\n나왔어요"));
    assert_eq!(candidate.created_at.as_second(), story.created_at.as_second());
    let difference = candidate.difference.as_ref().unwrap();
    assert_eq!((difference.line, difference.column), (1, 8), "{difference:?}");
    let (profile, _) = story.id.split_once('.').unwrap();
    assert_eq!(case.page.as_deref(), Some(format!("https://story.kakao.com/{profile}").as_str()));
    assert_eq!((case.text.as_str(), case.why.as_str()), (TEXT, post.reason.as_str()));

    store.resolve_found(post.post, &story.id, "tester", world.clock.now()).await.unwrap();
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert!(store.cases(&[post.post]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_without_a_story_says_why_and_how_to_look() {
    let no_list = FaultRule::new(FaultName::ServerErrorBeforeEffect);
    for (name, rule) in [
        ("the list fails", no_list),
        ("the list is in no order", "list-unsorted".parse().unwrap()),
        ("no answer has a date", "date-missing".parse().unwrap()),
    ] {
        let mut world = World::new().await;
        world.jobs(
            "before:\n  at: now\n  type: note\n  content: 먼저\nafter:\n  at: now\n  type: note\n  content: 다음\n",
        );
        world.pass(Duration::from_secs(60)).await;
        let dropped = FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).times(1);
        world.fault(vec![dropped, rule.on(&[Call::MyStories])]);
        world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
        world.pass(DAY).await;
        let post = world.post("p").await;
        assert!(post.parked_at.is_some(), "{name}: {} {}", post.state, post.reason);
        world.condone("a person has yet to decide");
        let case = world.ctx().store.cases(&[post.post]).await.unwrap().pop().unwrap();
        let case = case.phrased(false, |words| format!("storyd {words}"));
        assert!(case.candidates.is_empty() && !case.why.is_empty(), "{name}: {case:?}");
        assert!(
            case.look.contains("https://story.kakao.com/") && case.look.contains("its ID is"),
            "{name}: {}",
            case.look
        );
        assert!(case.published.ends_with("--story ID") && case.absent.ends_with("--absent"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_show_both_texts_and_let_no_text_of_the_server_become_markup() {
    let world = parked(&["text-upper-case", "text-suffix"]).await;
    let surroundings = Surroundings { command_flags: " --data-dir d".into(), ..Surroundings::default() };
    let dashboard = web::start(world.shared(), "127.0.0.1:0".parse().unwrap(), surroundings).await.unwrap();
    let (post, story) = (world.post("p").await.post, world.ledger()[0].id.clone());
    let (profile, activity) = story.split_once('.').unwrap();
    for path in ["/".to_owned(), format!("/posts/{post}")] {
        let page = reqwest::Client::new().get(format!("{}{path}", dashboard.url())).send().await.unwrap();
        let html = page.text().await.unwrap();
        for part in [
            "<mark>".to_owned(),
            "&#60;딸기 라떼&#62; &#38; 밤 라떼".to_owned(),
            format!("href=\"https://story.kakao.com/{profile}/{activity}\""),
            format!("storyd admin resolve {post} --story {story} --data-dir d"),
            format!("storyd admin resolve {post} --story ID --data-dir d"),
            format!("storyd admin resolve {post} --absent --data-dir d"),
            format!("https://story.kakao.com/{profile}, the page of cafe"),
            format!("{profile}.AbCdEf"),
        ] {
            assert!(html.contains(&part), "{path}: {part} is missing in {html}");
        }
        assert!(!html.contains("<딸기"), "{path}");
    }
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notice_shows_both_texts_the_page_and_the_commands() {
    let (mut world, receiver) = crate::story_notify::world().await;
    let lost = FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1);
    world.fault(vec!["text-entities".parse().unwrap(), lost]);
    world.jobs(&format!("p:\n  at: now\n  type: note\n  content: {}\n", serde_json::to_string(TEXT).unwrap()));
    world.pass(Duration::from_secs(3_600)).await;
    world.condone("a person has yet to decide");
    let (post, story) = (world.post("p").await.post, world.ledger()[0].id.clone());
    let (profile, activity) = story.split_once('.').unwrap();
    let heard = receiver.heard().remove(0).json();
    let text = heard["text"].as_str().unwrap();
    for part in [
        "  sent:   겨울 신메뉴 <딸기 라떼> & 밤 라떼 ⏎ 나왔어요".to_owned(),
        "  listed: 겨울 신메뉴 &lt;딸기 라떼&gt; &amp; 밤 라떼 ⏎ 나왔어요".to_owned(),
        "line 1, character 8".to_owned(),
        format!("  https://story.kakao.com/{profile}/{activity}"),
        format!("  storyd admin resolve {post} --story {story}"),
        format!("Look at https://story.kakao.com/{profile}, the page of cafe."),
        format!("  storyd admin resolve {post} --story ID (it was published under this ID)"),
        format!("  storyd admin resolve {post} --absent (it was not published)"),
    ] {
        assert!(text.contains(&part), "{part} is missing in {text}");
    }
    assert!(heard["items"][0]["case"].as_array().unwrap().len() > 7, "{heard}");
}
