//! Variables beside the text: in the address, the names of images, the tags and the parameters for the app.

use std::time::Duration;

use storyd::domain::content::{Body, Content};
use storyd::plan::{self, Job};
use storyd::yaml::problem::{Paint, Problem, render};

use crate::plan_load::{folder, now};
use crate::plan_problems::problems;
use crate::support::world::{World, png};

const HEAD: &str = "version: 1\nzone: Asia/Seoul\naccount: cafe\nvars: {shop: 성수점, utm: \"utm_source=story&utm_medium=post\"}\njobs:\n";

fn written(lines: &str) -> tempfile::TempDir {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let dir = folder(&[("jobs.yaml", &format!("{HEAD}  one:\n{indented}"))]);
    for (name, shade) in [("월요일.png", 1), ("화요일.png", 2), ("12.png", 3)] {
        std::fs::write(dir.path().join(name), png(shade)).expect("written");
    }
    dir
}

fn job(lines: &str) -> Job {
    let dir = written(lines);
    let mut plan = plan::load(&[dir.path().to_owned()], now()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(plan.warnings, [], "{lines}");
    plan.jobs.remove("one").expect("the job")
}

fn told(lines: &str) -> Vec<Problem> {
    let dir = written(lines);
    problems(&[dir.path().to_owned()])
}

/// What the first few posts say.
fn said(job: &Job, count: usize) -> Vec<Content> {
    let occurrences = job.occurrences(now(), jiff::Timestamp::MAX, count);
    occurrences.iter().map(|one| job.content_of(one).unwrap_or_else(|error| panic!("{error}"))).collect()
}

fn urls(lines: &str) -> Vec<String> {
    let all = said(&job(lines), 2);
    all.iter()
        .map(|content| if let Body::Link { url, .. } = &content.body { url.clone() } else { String::new() })
        .collect()
}

#[test]
fn an_address_is_filled_in_for_each_occurrence_and_encoded_where_it_must_be() {
    for (url, first, second) in [
        (
            "https://example.com/menu?d={{date}}",
            "https://example.com/menu?d=2026-11-23",
            "https://example.com/menu?d=2026-11-30",
        ),
        (
            "https://example.com/{{ date | format('%Y/%m/%d') }}",
            "https://example.com/2026/11/23",
            "https://example.com/2026/11/30",
        ),
        (
            "https://example.com/?{{ utm }}",
            "https://example.com/?utm_source=story&utm_medium=post",
            "https://example.com/?utm_source=story&utm_medium=post",
        ),
        (
            "https://example.com/{{ weekday }}",
            "https://example.com/%EC%9B%94%EC%9A%94%EC%9D%BC",
            "https://example.com/%EC%9B%94%EC%9A%94%EC%9D%BC",
        ),
        (
            "https://example.com/?q={{ 'a b<c>' }}",
            "https://example.com/?q=a%20b%3Cc%3E",
            "https://example.com/?q=a%20b%3Cc%3E",
        ),
        (
            "https://example.com/?q={{ '100% a%20b' }}",
            "https://example.com/?q=100%25%20a%20b",
            "https://example.com/?q=100%25%20a%20b",
        ),
        ("{{ 'https://example.com' }}/x", "https://example.com/x", "https://example.com/x"),
        ("https://example.com/메뉴?d={{ date.day }}", "https://example.com/메뉴?d=23", "https://example.com/메뉴?d=30"),
    ] {
        let lines = format!("cron: 0 9 * * MON\ntype: link\nurl: \"{}\"\ncontent: 메뉴", url.replace('"', "\\\""));
        assert_eq!(urls(&lines), [first, second], "{url}");
    }
    let same = job("cron: 0 9 * * MON\ntype: link\nurl: https://example.com/{menu}\ncontent: 메뉴");
    assert!(same.beside.is_none(), "braces of its own");
}

#[test]
fn images_tags_and_parameters_are_filled_in_too() {
    let photo = job(
        "cron: 0 9 * * MON,TUE\ntype: photo\nimages: [\"{{ weekday }}.png\"]\ntags: [menu, \"{{ weekday }}\"]\nios_exec_param: \"d={{ date }}\"",
    );
    let names: Vec<String> = said(&photo, 3).iter().map(|content| content.images()[0].name.clone()).collect();
    assert_eq!(names, ["월요일.png", "화요일.png", "월요일.png"]);
    let params: Vec<String> = said(&photo, 2).iter().filter_map(|content| content.app.ios_exec_param.clone()).collect();
    assert_eq!(params, ["d=2026-11-23", "d=2026-11-24"]);
    assert_eq!(photo.tags, ["menu", "월요일"], "those of the next");
    let tags: Vec<_> = photo
        .occurrences(now(), jiff::Timestamp::MAX, 2)
        .iter()
        .filter_map(|one| photo.sayer()?.say(one).ok()?.tags)
        .collect();
    assert_eq!(tags, [["menu", "월요일"], ["menu", "화요일"]]);
    assert_eq!(photo.all_images().count(), 3, "the next one, and those of both days");
}

#[test]
fn what_cannot_be_filled_in_is_told_once_with_its_place() {
    for (lines, code, said) in [
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://example.com/{{ datum }}\"", "E044", "`datum`"),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://example.com/{{ date\"", "E043", "never closed"),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"{{ shop }}/menu\"", "E060", "filled in for 2026-11-23 09:00"),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://example.com/{{ shop * 9 }}\"", "E043", "`*`"),
        (
            "cron: 0 9 * * MON\ntype: link\nurl: \"{{ 'https://example.com' }}/{%if x%}a{%endif%}\"",
            "E043",
            "no statements",
        ),
        (
            "cron: 0 9 * * MON\ntype: link\nurl: \"https://example.com/{{ date | format('YYYY') }}\"",
            "E043",
            "holds no `%` field",
        ),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://example.com/{date}\"", "W019", "`{date}` in `url`"),
        (
            "cron: 0 9 * * MON\ntype: link\nurl: \"{{ 'https://a.com' }}{{ 'https://a.com/x' }}\"",
            "E060",
            "its beginning stands twice",
        ),
        (
            "cron: 0 9 * * MON\ntype: link\nurl: \"{{ 'https://a.com/' }}{{ 'https://a.com/x' }}\"",
            "E060",
            "its beginning stands twice",
        ),
        (
            "cron: 0 9 * * MON\ntype: link\nurl: \"{{ 'http://localhost:80' }}/menu\"",
            "E061",
            "the reader's own machine",
        ),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"{% if x %}https://a.com{% endif %}\"", "E043", "no statements"),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://a.com/{% if x %}a{% endif %}\"", "E043", "no statements"),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://a.com/{# x #}\"", "E043", "is no comment"),
        ("cron: 0 9 * * MON\ntype: link\nurl: \"https://a.com/{{ if x }}\"", "E043", "no statements"),
        ("cron: 0 9 * * *\ntype: photo\nimages: [\"{{ weekday }}.png\"]", "E050", "요일.png cannot be read"),
        (
            "cron: 0 9 * * MON\ntype: photo\nimages: [\"{{ '' if date.day < 32 else shop }}\"]",
            "E050",
            "cannot be the name of an image",
        ),
        ("cron: 0 9 * * MON\ntype: note\ncontent: a\ntags: [\"{{ shop }}!\"]", "E025", "cannot be a tag"),
        (
            "cron: 0 9 * * MON\ntype: note\ncontent: a\nios_exec_param: \"{{ '' if date.day < 32 else shop }}\"",
            "E040",
            "the value is empty",
        ),
        ("cron: 0 9 * * MON\ntype: note\ncontent: a\nios_exec_param: \"{{ nobody }}\"", "E044", "`nobody`"),
    ] {
        let found = told(lines);
        let seen: Vec<_> = found.iter().map(|problem| problem.code.as_str()).collect();
        assert!(!seen.is_empty() && seen.iter().all(|seen| *seen == code), "{lines}\n{}", render(&found, Paint::Plain));
        assert!(found[0].message.contains(said), "{lines}\n{}", render(&found, Paint::Plain));
    }
}

#[test]
fn an_address_with_half_a_pair_of_braces_is_told_with_the_whole_pair() {
    for url in ["https://a.com/date}}", "https://a.com/{ {date} }", "https://a.com/{date }"] {
        let found = told(&format!("cron: 0 9 * * MON\ntype: link\nurl: \"{url}\""));
        let help = found.iter().flat_map(|problem| &problem.help).cloned().collect::<Vec<_>>();
        assert_eq!(help, ["for the variable write `{{ date }}`"], "{url}: {}", render(&found, Paint::Plain));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_day_posts_its_own_picture_and_an_edit_of_the_rule_changes_those_that_wait() {
    let mut world = World::new().await;
    world.write("1.png", &png(1));
    world.write("2.png", &png(2));
    let jobs = |tag: &str| {
        format!(
            "p:\n  cron: 0 9 1,2 12 *\n  type: photo\n  images: [\"{{{{ date.day }}}}.png\"]\n  tags: [\"{tag}{{{{ date.day }}}}\"]\n  until: 2026-12-31\n"
        )
    };
    world.jobs(&jobs("a"));
    world.settle().await;
    world.jobs(&jobs("b"));
    world.settle().await;
    world.pass(Duration::from_secs(2 * 86_400)).await;
    let sums: Vec<String> = world.ledger().iter().map(|story| format!("{:?}", story.images)).collect();
    assert_eq!(sums.len(), 2, "{sums:?}");
    assert_ne!(sums[0], sums[1]);
    let tags: Vec<Vec<String>> = world.posts().await.into_iter().map(|post| post.tags).collect();
    assert!(tags.contains(&vec!["b1".to_owned()]) && tags.contains(&vec!["b2".to_owned()]), "{tags:?}");
}
