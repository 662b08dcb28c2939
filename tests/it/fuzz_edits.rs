//! Random edits of files that are in order, as people and merges make them. Whatever comes of one: the loader ends without a
//! panic, `check` and the daemon agree on it, and what the schema refuses does not load.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use storyd::domain::clock::later;
use storyd::domain::content::text_units;
use storyd::domain::post::PostState;
use storyd::engine::reload::{self, JobFiles};
use storyd::engine::tasks::enqueue;
use storyd::plan::{AtTime, Plan};
use storyd::store::queue::Enqueued;
use storyd::yaml::problem::{Paint, render};

use crate::plan_load::folder;
use crate::plan_problems::problems;
use crate::plan_schema::{json_of, validator};
use crate::support::process::Folder;
use crate::support::world::World;

/// Files that load, with most of what a file can hold.
const WHOLE: [&str; 3] = [
    "version: 1\nzone: Asia/Seoul\naccount: cafe\nvars:\n  shop: 성수점\ndefaults:\n  permission: friends\n  tags: [menu]\njobs:\n  hello:\n    cron: \"0 8 * * MON-FRI\"\n    from: 2026-11-30\n    until: 2027-02-28 18:00\n    except: [2026-12-25]\n    type: note\n    contents:\n      - \"{{ date | format('%-m월 %-d일') }} {{ shop }}\"\n      - 안녕하세요\n    late: {within: 2h, then: skip}\n  menu:\n    at: [2026-12-05 10:30, 2026-12-06T10:30+09:00]\n    type: link\n    url: https://example.com/menu\n    content: |\n      새 메뉴\n      둘째 줄\n    delete_after: 7d\n",
    "version: 1\nzone: Europe/Berlin\nx-base: &base {account: bar, type: note, permission: private}\njobs:\n  one: {<<: *base, at: 2026-12-01 09:00, content: eins}\n  two: {<<: *base, at: 2026-12-02 09:00, content: \"zwei: {{ weekday }}\", in_doubt: hold}\n  three:\n    <<: *base\n    cron: 30 2 * * *\n    content: 'drei #3'\n    delete_after: 30d\n",
    "version: 1\nzone: UTC\naccount: cafe\njobs:\n  now-note:\n    at: now\n    type: note\n    content: \"{{ time }} {{ job }}\"\n  later:\n    at: 2026-12-01 09:00\n    type: note\n    content: >\n      folded\n      text\n    delete_at: 2026-12-31 09:00\n    enable_share: true\n    permission: friends\n",
];

/// What people put in place of something.
const PIECES: [&str; 28] = [
    "",
    " ",
    "\t",
    ":",
    ": ",
    "\"",
    "'",
    "#",
    " #라떼",
    "@",
    "{{ ",
    " }}",
    "{{ shpo }}",
    "[",
    "]",
    "- ",
    "*base",
    "&base ",
    "null",
    "true",
    "5",
    "24/11/26",
    "2026-12-31 23:59",
    "7d",
    "note",
    "가",
    "\r\n",
    "<<<<<<< HEAD\n",
];

#[derive(Clone, Debug)]
enum Edit {
    Drop(usize),
    Twice(usize),
    Swap(usize, usize),
    Indent(usize),
    Outdent(usize),
    Cut(usize),
    Insert(usize, &'static str),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<usize>;
    prop_oneof![
        at().prop_map(Edit::Drop),
        at().prop_map(Edit::Twice),
        (at(), at()).prop_map(|(a, b)| Edit::Swap(a, b)),
        at().prop_map(Edit::Indent),
        at().prop_map(Edit::Outdent),
        at().prop_map(Edit::Cut),
        (at(), prop::sample::select(PIECES.to_vec())).prop_map(|(at, piece)| Edit::Insert(at, piece)),
    ]
}

fn edited() -> impl Strategy<Value = String> {
    (prop::sample::select(WHOLE.to_vec()), prop::collection::vec(edit(), 0..3))
        .prop_map(|(text, edits)| edits.into_iter().fold(text.to_owned(), |text, edit| apply(&text, &edit)))
}

fn apply(text: &str, edit: &Edit) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let count = lines.len().max(1);
    let byte = |at: usize| text.floor_char_boundary(at % (text.len() + 1));
    match *edit {
        _ if text.is_empty() => {}
        Edit::Drop(at) => drop(lines.remove(at % count)),
        Edit::Twice(at) => lines.insert(at % count, lines[at % count].clone()),
        Edit::Swap(a, b) => lines.swap(a % count, b % count),
        Edit::Indent(at) => lines[at % count].insert_str(0, "  "),
        Edit::Outdent(at) => {
            lines[at % count] = lines[at % count].strip_prefix("  ").unwrap_or(&lines[at % count]).to_owned()
        }
        Edit::Cut(at) => {
            return format!("{}{}", &text[..byte(at)], text[byte(at)..].chars().skip(1).collect::<String>());
        }
        Edit::Insert(at, piece) => return format!("{}{piece}{}", &text[..byte(at)], &text[byte(at)..]),
    }
    lines.concat()
}

/// So many cases, or as many as a long run asks for.
pub(crate) fn cases(usual: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    Config { cases: asked.unwrap_or(usual), ..Config::default() }
}

#[test]
fn the_files_before_any_edit_load() {
    for text in WHOLE {
        let dir = folder(&[("jobs.yaml", text)]);
        let found = problems(&[dir.path().to_owned()]);
        assert_eq!(found, [], "{}", render(&found, Paint::Plain));
    }
}

#[test]
fn no_edit_makes_the_loader_panic_and_what_loads_passes_the_schema() {
    let validator = validator();
    let dir = folder(&[]);
    let file = dir.path().join("jobs.yaml");
    TestRunner::new(cases(400))
        .run(&edited(), |text| {
            std::fs::write(&file, &text).expect("written");
            let found = problems(std::slice::from_ref(&file));
            drop(render(&found, Paint::Plain));
            let loads = !found.iter().any(|problem| problem.severity().is_error());
            if let (true, Some(json)) = (loads, json_of(&text)) {
                let errors = validator.errors(&json);
                prop_assert!(errors.is_empty(), "{errors:?}");
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn bytes_that_are_no_text_are_refused_and_never_panic() {
    let dir = folder(&[]);
    let file = dir.path().join("jobs.yaml");
    let altered = (prop::sample::select(WHOLE.to_vec()), prop::collection::vec((any::<usize>(), any::<u8>()), 1..6));
    TestRunner::new(cases(200))
        .run(&altered, |(text, changes)| {
            let mut bytes = text.as_bytes().to_vec();
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            std::fs::write(&file, &bytes).expect("written");
            let found = problems(std::slice::from_ref(&file));
            drop(render(&found, Paint::Plain));
            let refused = found.iter().any(|problem| problem.severity().is_error());
            prop_assert!(refused || std::str::from_utf8(&bytes).is_ok());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Every post that the plan wants to wait, by job and instant, with its text.
fn wanted(plan: &Plan, world: &World) -> BTreeMap<(String, jiff::Timestamp), String> {
    let ctx = world.ctx();
    let (now, until) = (ctx.clock.now(), later(ctx.clock.now(), ctx.rules.horizon));
    let mut wanted = BTreeMap::new();
    for job in plan.jobs.values() {
        let fixed = |time: &AtTime| if let AtTime::Fixed(occurrence) = time { Some(occurrence.clone()) } else { None };
        let once = job.one_offs().iter().filter_map(fixed);
        let recurring = if job.one_offs().is_empty() { job.occurrences(now, until, 10_000) } else { Vec::new() };
        for occurrence in once.chain(recurring) {
            let content = job.content_of(&occurrence).expect("what loads can be said");
            wanted.insert((job.name.clone(), occurrence.at), content.text().unwrap_or_default().to_owned());
        }
    }
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_the_daemon_agree_on_every_edit() {
    let world = World::new().await;
    let path = world.path("jobs.yaml");
    let files = JobFiles { paths: vec![path.clone()], ..JobFiles::default() };
    let mut runner = TestRunner::deterministic();
    let strategy = edited();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..cases(60).cases {
        let text = strategy.new_tree(&mut runner).expect("a text").current();
        world.write("jobs.yaml", text.as_bytes());
        let found = problems(std::slice::from_ref(&path));
        let checks = !found.iter().any(|problem| problem.severity().is_error());
        let before = world.posts().await;
        let read = reload::load(&files, world.ctx().clock.now()).await.read;
        match read.broken {
            None => {
                let plan = read.plan;
                assert!(checks, "the daemon takes what check refuses:\n{text}\n{}", render(&found, Paint::Plain));
                accepted += 1;
                let wanted = wanted(&plan, &world);
                world.ctx().plan.set(plan);
                enqueue::run_once(world.ctx()).await.expect("what loads is enqueued");
                assert_eq!(enqueue::run_once(world.ctx()).await.expect("again"), Enqueued::default(), "{text}");
                let rows = world.posts().await;
                let waiting = rows.iter().filter(|row| row.state == PostState::Scheduled);
                let said: BTreeMap<_, _> = waiting
                    .filter(|row| row.occurs_at != world.ctx().clock.now())
                    .map(|row| ((row.job.clone(), row.occurs_at), row.content.text().unwrap_or_default().to_owned()))
                    .collect();
                assert_eq!(said, wanted, "{text}");
                let fits = |text: &str| text_units(text) <= 2_048 && !text.contains("{{") && !text.ends_with(' ');
                assert!(said.values().all(|text| fits(text)), "{said:?}");
            }
            Some(problems) => {
                assert!(!checks, "the daemon refuses what check takes:\n{text}\n{problems}");
                refused += 1;
                let rows = world.posts().await;
                let seen = |rows: &[storyd::store::view::PostRow]| -> Vec<_> {
                    rows.iter().map(|row| (row.post, row.state, row.occurs_at, row.content.clone())).collect()
                };
                assert_eq!(seen(&rows), seen(&before), "a broken file changes nothing");
            }
        }
    }
    assert!(accepted > 10 && refused > 10, "{accepted} accepted, {refused} refused");
}

#[test]
fn the_command_says_what_the_loader_says() {
    let folder = Folder::new();
    let mut runner = TestRunner::deterministic();
    let strategy = edited();
    let mut codes = [0, 0];
    for _ in 0..12 {
        let text = strategy.new_tree(&mut runner).expect("a text").current();
        folder.write("jobs.yaml", &text);
        let broken = problems(&[folder.path("jobs.yaml")]).iter().any(|problem| problem.severity().is_error());
        let done = folder.run("check jobs.yaml");
        assert_eq!(done.code, Some(if broken { 3 } else { 0 }), "{text}\n{}", done.stdout);
        codes[usize::from(broken)] += 1;
    }
    assert!(codes[0] > 0 && codes[1] > 0, "{codes:?}");
}
