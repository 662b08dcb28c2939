//! Stories of job files that vanish by accident: what most of an account's posts depend on is not withdrawn unasked.

use std::collections::BTreeMap;
use std::time::Duration;

use storyd::domain::post::PostState::{self, Cancelled, Held, Missed, Published, Scheduled};
use storyd::engine::planned;
use storyd::engine::tasks::enqueue;
use storyd::store::queue::{ChangeKind, OperatorRefusal};

use crate::support::world::{World, at};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// Jobs of one post each: `job3` appears on 5 December, 13:00.
fn jobs(numbers: impl IntoIterator<Item = u32>) -> String {
    let job = |n: u32| format!("job{n}:\n  at: 2026-12-05 {:02}:00\n  type: note\n  content: 글 {n}\n", 10 + n % 12);
    let jobs: String = numbers.into_iter().map(job).collect();
    if jobs.is_empty() { "{}".to_owned() } else { jobs }
}

/// The jobs as they are now in the file.
async fn read(world: &mut World, jobs: &str) {
    if jobs == "{}" {
        world.write("jobs.yaml", b"version: 1\nzone: Asia/Seoul\naccount: cafe\njobs: {}\n");
        world.load().unwrap();
    } else {
        world.jobs(jobs);
    }
    world.settle().await;
}

async fn states(world: &World) -> BTreeMap<PostState, usize> {
    let mut states = BTreeMap::new();
    for post in world.posts().await {
        *states.entry(post.state).or_insert(0) += 1;
    }
    states
}

fn counts<const N: usize>(counts: [(PostState, usize); N]) -> BTreeMap<PostState, usize> {
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// What `storyd plan` would say of the file.
async fn foretold(world: &World, jobs: &str) -> (usize, usize) {
    let text = match jobs {
        "{}" => "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs: {}\n".to_owned(),
        jobs => {
            let indented: String = jobs.lines().map(|line| format!("  {line}\n")).collect();
            format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{indented}")
        }
    };
    world.write("other/jobs.yaml", text.as_bytes());
    let (ctx, now) = (world.ctx(), world.clock.now());
    let plan = storyd::plan::load(&[world.path("other/jobs.yaml")], now).unwrap();
    let (changes, _) = planned::preview(Some(&ctx.store), &plan, &ctx.rules, now).await.unwrap();
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
    (count(ChangeKind::Held), count(ChangeKind::Cancelled))
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_five_and_more_than_half_are_held_and_everything_less_is_withdrawn() {
    // How many jobs there are, how many stay, how many posts are held.
    let cases = [
        (1, 0, 0),
        (5, 0, 0),
        (6, 0, 6),
        (6, 1, 0),
        (10, 4, 6),
        (10, 5, 0),
        (11, 5, 6),
        (12, 6, 0),
        (13, 6, 7),
        (36, 0, 36),
        (40, 20, 0),
        (40, 19, 21),
    ];
    for (all, stay, held) in cases {
        let mut world = World::new().await;
        read(&mut world, &jobs(0..all)).await;
        let (all, gone) = (all as usize, (all - stay) as usize);
        let rest = jobs(0..stay);
        let withdrawn = if held == 0 { gone } else { 0 };
        assert_eq!(foretold(&world, &rest).await, (held, withdrawn), "{all} → {stay}, foretold");
        read(&mut world, &rest).await;
        let expected = counts([(Scheduled, all - gone), (Held, held), (Cancelled, withdrawn)]);
        assert_eq!(states(&world).await, expected, "{all} → {stay}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_back_goes_on_as_if_nothing_had_happened() {
    let mut world = World::new().await;
    read(&mut world, &jobs(0..8)).await;
    let before: Vec<_> = world.posts().await.into_iter().map(|post| (post.post, post.job, post.due_at)).collect();
    read(&mut world, "{}").await;
    let waits: Vec<_> = world.posts().await.into_iter().map(|post| (post.is_lost(), post.waits.len())).collect();
    assert_eq!(waits, [(true, 1); 8]);
    let text = &world.ctx().store.open_incidents().await.unwrap()[0];
    assert_eq!(text.command, "storyd admin accept --account cafe");
    assert!(
        text.reason.starts_with("the job files ask no more for 8 posts of cafe, of job0 and 7 other jobs"),
        "{text:?}"
    );
    assert_eq!(world.ctx().store.open_incidents().await.unwrap().len(), 1, "one for all of them");
    world.pass(DAY).await;
    // A person cannot let them go: no file says what they say.
    let (ctx, post) = (world.ctx(), before[0].0);
    let refused = ctx.store.release(post, &[Held], "kim", "", ctx.rules.prepare_ahead, world.clock.now()).await;
    assert!(matches!(refused, Err(OperatorRefusal::Lost(_))), "{refused:?}");
    read(&mut world, &jobs(0..8)).await;
    let after: Vec<_> = world.posts().await.into_iter().map(|post| (post.post, post.job, post.due_at)).collect();
    assert_eq!((before, states(&world).await), (after, counts([(Scheduled, 8)])));
    world.pass(MINUTE * 20).await;
    assert!(world.ctx().store.open_incidents().await.unwrap().is_empty());
    world.pass(DAY * 5).await;
    assert_eq!(states(&world).await, counts([(Published, 8)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accident_that_comes_in_parts_is_one_as_a_checkout_that_is_read_half_done() {
    // How many of twelve jobs are left after each part, how long it takes until the next, and how many are held in the end.
    let cases: [(&[u32], Duration, usize); 6] = [
        (&[7, 2], MINUTE, 10),
        (&[8, 4, 0], MINUTE, 12),
        (&[11, 10, 9, 8, 7, 6, 5], MINUTE, 7),
        (&[6, 0], MINUTE, 12),
        (&[7, 6], MINUTE, 0),
        // Each on another day is another change.
        (&[7, 6], DAY / 2, 0),
    ];
    for (parts, wait, held) in cases {
        let mut world = World::new().await;
        read(&mut world, &jobs(0..12)).await;
        for left in parts {
            read(&mut world, &jobs(0..*left)).await;
            world.pass(wait).await;
        }
        let left = *parts.last().unwrap() as usize;
        let expected = counts([(Scheduled, left), (Held, held), (Cancelled, 12 - left - held)]);
        assert_eq!(states(&world).await, expected, "{parts:?}");
        read(&mut world, &jobs(0..12)).await;
        assert_eq!(states(&world).await, counts([(Scheduled, 12)]), "{parts:?}, put back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_leave_a_file_count_as_jobs_do_and_those_that_others_replace_do_not() {
    let cron = |cron: &str| format!("p:\n  cron: {cron}\n  type: note\n  content: 매일\n");
    let times = |days: &[u32]| {
        let days: Vec<String> = days.iter().map(|day| format!("2026-12-{day:02} 09:00")).collect();
        format!("p:\n  at: [{}]\n  type: note\n  content: 글\n", days.join(", "))
    };
    let renamed = |from: &str, to: &str| jobs(0..9).replace(from, to);
    // Before, after, whether posts are held.
    let cases = [
        (times(&[3, 4, 5, 6, 7, 8, 9, 10]), times(&[3, 4]), true),
        (times(&[3, 4, 5, 6, 7, 8, 9, 10]), times(&[3, 4, 5, 6]), false),
        // Others take their place.
        (times(&[3, 4, 5, 6, 7, 8, 9, 10]), times(&[13, 14, 15, 16, 17, 18, 19, 20]), false),
        (times(&[3, 4, 5, 6, 7, 8, 9, 10]), times(&[13]), true),
        // Times that have long passed are no replacement: the file is an old one.
        (times(&[13, 14, 15, 16, 17, 18, 19, 20]), times(&[1, 2]).replace("-12-", "-10-"), true),
        (cron("0 9 * * *"), cron("0 10 * * *"), false),
        (cron("0 9 * * *"), cron("0 9 * * MON"), true),
        (cron("0 9 * * *"), cron("0 9 * * *").replace("p:", "daily:"), false),
        // Every job under another name, and under another name with another text.
        (jobs(0..9), renamed("job", "day"), false),
        (jobs(0..9), renamed("job", "day").replace("글", "다른 글"), true),
        (jobs(0..9), renamed("job", "day").replace("day8:", "night8:").replace("글 7", "일곱"), false),
    ];
    for (before, after, is_held) in cases {
        let mut world = World::new().await;
        read(&mut world, &before).await;
        let (foretold, _) = foretold(&world, &after).await;
        read(&mut world, &after).await;
        let held = world.posts().await.iter().filter(|post| post.is_lost()).count();
        assert_eq!(held > 0, is_held, "{before}→ {after}: {:?}", states(&world).await);
        assert_eq!(foretold, held, "{before}→ {after}");
        assert_eq!(
            enqueue::run_once(world.ctx()).await.unwrap(),
            Default::default(),
            "the second time changes nothing"
        );
        read(&mut world, &before).await;
        assert!(!world.posts().await.iter().any(|post| post.is_lost()), "{before}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_was_checked_out_by_mistake_costs_nothing_and_leaves_nothing_behind() {
    let other = |numbers: std::ops::Range<u32>| jobs(numbers).replace("job", "other").replace("글", "다른 글");
    for wait in [MINUTE, DAY] {
        let mut world = World::new().await;
        read(&mut world, &jobs(0..12)).await;
        read(&mut world, &other(0..8)).await;
        assert_eq!(states(&world).await, counts([(Held, 12), (Scheduled, 8)]));
        world.pass(wait).await;
        assert_eq!(foretold(&world, &jobs(0..12)).await, (0, 8));
        read(&mut world, &jobs(0..12)).await;
        assert_eq!(states(&world).await, counts([(Scheduled, 12), (Cancelled, 8)]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_due_while_it_was_held_does_not_go_out_and_follows_its_late_policy_when_it_is_back() {
    for (late, state) in [
        ("{within: 1h, then: skip}", Missed),
        ("{within: 1h, then: hold}", Held),
        ("{within: 1h, then: post}", Published),
    ] {
        let mut world = World::new().await;
        let jobs = jobs(0..8).replace("type: note", &format!("type: note\n  late: {late}"));
        read(&mut world, &jobs).await;
        read(&mut world, "{}").await;
        world.pass(DAY * 6).await;
        assert_eq!((states(&world).await, world.ledger().len()), (counts([(Held, 8)]), 0));
        world.crash().await;
        read(&mut world, "{}").await;
        assert_eq!(states(&world).await, counts([(Held, 8)]));
        read(&mut world, &jobs).await;
        world.pass(DAY).await;
        assert_eq!(states(&world).await, counts([(state, 8)]), "{late}");
        assert!(!world.posts().await.iter().any(|post| post.is_lost()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_accepts_is_withdrawn_as_ever() {
    let mut world = World::new().await;
    read(&mut world, &jobs(0..9)).await;
    read(&mut world, "{}").await;
    let (store, now) = (&world.ctx().store, world.clock.now());
    assert_eq!(store.withheld(None, Some("job1")).await.unwrap().len(), 1);
    assert_eq!(store.accept(None, Some("job1"), ("kim", ""), now).await.unwrap().len(), 1);
    assert_eq!(store.accept(Some("shop"), None, ("kim", ""), now).await.unwrap().len(), 0);
    assert_eq!(store.accept(Some("cafe"), None, ("kim", "over"), now).await.unwrap().len(), 8);
    world.settle().await;
    assert_eq!(states(&world).await, counts([(Cancelled, 9)]));
    assert_eq!(world.post("job2").await.reason, "it left the job files, which kim accepted: over");
    world.pass(MINUTE * 20).await;
    assert!(world.ctx().store.open_incidents().await.unwrap().is_empty());
    // A job that is back comes back, and another deletion is another one.
    read(&mut world, &jobs(0..9)).await;
    assert_eq!(states(&world).await, counts([(Scheduled, 9)]));
    read(&mut world, &jobs(0..5)).await;
    assert_eq!(states(&world).await, counts([(Scheduled, 5), (Cancelled, 4)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_start_and_for_each_account_by_itself() {
    let mut world = World::new().await;
    let shop = |n: u32| jobs(20..20 + n).replace("type: note", "account: shop\n  type: note");
    read(&mut world, &format!("{}{}", jobs(0..8), shop(8))).await;
    world.stop().await;
    world.start().await;
    read(&mut world, &shop(4)).await;
    let of = |account: &str, posts: Vec<storyd::store::view::PostRow>| {
        let posts = posts.into_iter().filter(|post| post.account == account);
        posts.fold(BTreeMap::new(), |mut states, post| {
            *states.entry(post.state).or_insert(0) += 1;
            states
        })
    };
    assert_eq!(of("cafe", world.posts().await), counts([(Held, 8)]));
    assert_eq!(of("shop", world.posts().await), counts([(Scheduled, 4), (Cancelled, 4)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waited_for_a_person_before_does_so_again_and_one_that_was_being_prepared_goes_on() {
    let mut world = World::new().await;
    let held = "old:\n  at: 2026-11-30 09:00\n  type: note\n  content: 글\n  late: {within: 1h, then: hold}\n";
    let now = "now:\n  at: 2026-12-01 08:00\n  type: note\n  content: 지금\n";
    let all = format!("{}{held}{now}", jobs(0..7));
    world.jobs(&all);
    enqueue::run_once(world.ctx()).await.unwrap();
    let store = &world.ctx().store;
    store.sweep_late(world.clock.now()).await.unwrap();
    let lease = Duration::from_secs(300);
    let claim = store.claim_to_publish("cafe", at("2026-12-01T08:00:00+09:00"), lease).await.unwrap().unwrap();
    assert_eq!((world.post("now").await.state, world.post("old").await.state), (PostState::Claimed, Held));
    read(&mut world, "{}").await;
    drop(claim);
    assert_eq!(states(&world).await, counts([(Held, 9)]));
    assert!(world.posts().await.iter().all(|post| post.is_lost()));
    read(&mut world, &all).await;
    assert!(!world.posts().await.iter().any(|post| post.is_lost()));
    let old = world.post("old").await;
    assert_eq!(old.state, Held);
    assert!(old.reason.starts_with("it is back in the job file; before that: too late"), "{}", old.reason);
    world.pass(DAY * 6).await;
    assert_eq!(states(&world).await, counts([(Published, 8), (Held, 1)]));
}
