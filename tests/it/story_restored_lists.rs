//! Lists that are wrong, read after a backup was put back and by audits: nothing is posted twice, and nothing that stands is told to be gone.

use std::collections::BTreeMap;
use std::time::Duration;

use kakao_sandbox::{Call, Deceit, FaultName, FaultRule, ListLie, TextLie};
use storyd::domain::post::PostState;

use crate::support::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

/// What a list hides that shows everything else, and that the backup does not know: nobody can miss it.
const BEYOND: [Deceit; 4] = [
    Deceit::List(ListLie::LacksNewest),
    Deceit::List(ListLie::LacksNth),
    Deceit::List(ListLie::LacksMiddle),
    Deceit::List(ListLie::LacksRecent),
];

/// Notes of two accounts, three minutes apart from 08:10 on, that may be posted however late they are.
fn notes(count: usize) -> String {
    let texts = [
        "첫 손님께 쿠키를 드려요",
        "라떼 한 잔 더",
        "내일은 문을 늦게 엽니다",
        "새 원두가 들어왔어요",
        "창가 자리가 비었습니다",
        "오늘도 고맙습니다",
    ];
    let jobs = (0..count).map(|n| {
        let account = if n % 2 == 0 { "cafe" } else { "shop" };
        let text = texts[n / 2];
        format!(
            "n{n}:\n  at: 2026-12-01 08:{:02}\n  account: {account}\n  type: note\n  content: {text}\n  late: {{within: 7d, then: post}}\n",
            10 + 3 * n
        )
    });
    jobs.collect()
}

fn lie(deceit: Deceit) -> FaultRule {
    let rule = FaultRule::new(FaultName::Deceit(deceit)).on(&[Call::MyStories]);
    match deceit {
        Deceit::List(ListLie::Large | ListLie::LargeTexts) => rule.size(20_000),
        _ => rule,
    }
}

/// The deceits about which stories there are, what they are called and when they were made; and a few texts. The suite plays every
/// third of them after a restore; `STORYD_DECEITS=all` plays each.
fn of_lists() -> impl Iterator<Item = Deceit> {
    let texts = [TextLie::Entities, TextLie::Cut, TextLie::WordsShuffled, TextLie::Rewritten, TextLie::Missing];
    let is_played = move |deceit: &Deceit| match deceit {
        Deceit::List(_) | Deceit::Id(_) | Deceit::Created(_) => true,
        Deceit::Text(lie) => texts.contains(lie),
        _ => false,
    };
    Deceit::all().into_iter().filter(is_played)
}

/// A world whose backup knows of three stories of each account, while one knows of three more.
async fn restored(rule: Option<FaultRule>) -> World {
    let mut world = World::with_two_clocks().await;
    world.jobs(&notes(12));
    world.pass(Duration::from_secs(25 * 60)).await;
    let folder = world.path("backup");
    world.ctx().store.back_up(&folder, world.clock.now()).await.unwrap();
    world.pass(HOUR).await;
    assert_eq!(world.ledger().len(), 12);
    world.condone("whoever must decide decides outside of this story");
    world.fault(rule.into_iter().collect());
    world.restored_from(&folder).await;
    world.pass(3 * HOUR).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_list_shows_after_a_restore_nothing_is_posted_twice() {
    let (mut complaints, mut table) = (Vec::new(), String::new());
    let all = std::env::var("STORYD_DECEITS").is_ok_and(|which| which == "all");
    for (at, deceit) in of_lists().filter(|deceit| !BEYOND.contains(deceit)).enumerate() {
        let is_kept = at % 3 == 0;
        if !is_kept && !all {
            continue;
        }
        let world = restored(Some(lie(deceit))).await;
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        let posts = world.posts().await;
        posts.iter().for_each(|post| *states.entry(post.state.as_str()).or_default() += 1);
        let told: Vec<String> = states.iter().map(|(state, posts)| format!("{posts} {state}")).collect();
        if is_kept {
            table.push_str(&format!("{:<26} {}\n", deceit.to_string(), told.join(", ")));
        }
        if world.ledger().len() != 12 {
            complaints.push(format!("twice: {deceit}: {} stories", world.ledger().len()));
        }
        let waits = posts.iter().find(|post| !matches!(post.state, PostState::Published | PostState::Held));
        complaints.extend(waits.map(|post| format!("{deceit}: {} is {}: {}", post.job, post.state, post.reason)));
        let stories = world.ledger();
        for post in &posts {
            let story = stories.iter().find(|story| Some(&story.id) == post.story_id.as_ref());
            if story.is_some_and(|story| story.account != post.account) {
                complaints.push(format!("{deceit}: {} is recorded under a story of another account", post.job));
            }
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}\n{table}", complaints.len(), complaints.join("\n"));
    insta::assert_snapshot!(table);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_whole_list_every_story_of_after_the_backup_is_found() {
    let world = restored(None).await;
    let posts = world.posts().await;
    assert!(posts.iter().all(|post| post.state == PostState::Published), "{posts:?}");
    assert_eq!((world.ledger().len(), world.requests("note")), (12, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_list_shows_no_audit_tells_that_a_story_is_gone_which_stands() {
    let (mut complaints, mut table) = (Vec::new(), String::new());
    let mut world = World::with_two_clocks().await;
    world.jobs(&notes(12));
    world.pass(2 * HOUR).await;
    assert_eq!(world.ledger().len(), 12);
    for deceit in of_lists() {
        world.fault(vec![lie(deceit)]);
        let before = world.requests("mystories");
        let run = world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
        world.pass(12 * HOUR).await;
        let row = world.ctx().store.audit(run).await.unwrap().unwrap();
        let found = world.ctx().store.findings(run).await.unwrap();
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        found.iter().for_each(|finding| *kinds.entry(finding.kind.as_str()).or_default() += 1);
        let told: Vec<String> = kinds.iter().map(|(kind, findings)| format!("{findings} {kind}")).collect();
        let end = if row.fault.is_some() { "given up" } else { "ended" };
        table.push_str(format!("{:<26} {end:<8} {}", deceit.to_string(), told.join(", ")).trim_end());
        table.push('\n');
        if row.ended_at.is_none() {
            complaints.push(format!("{deceit}: it goes on"));
        }
        if kinds.contains_key("missing") {
            complaints.push(format!("{deceit}: {found:?}"));
        }
        let asked = world.requests("mystories") - before;
        if asked > 40 {
            complaints.push(format!("{deceit}: {asked} pages were read"));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}\n{table}", complaints.len(), complaints.join("\n"));
    insta::assert_snapshot!(table);
}
