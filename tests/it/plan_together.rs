//! All problems at once: one mistake hides no other, in the same job, in the same file, or in another one.

use storyd::yaml::problem::{Paint, render};

use crate::plan_load::folder;
use crate::plan_problems::problems;

/// The codes of a file that is called `jobs.yaml`, with the places left out.
fn codes(text: &str) -> Vec<&'static str> {
    let dir = folder(&[("jobs.yaml", text)]);
    let found = problems(&[dir.path().to_owned()]);
    found.iter().map(|problem| problem.code.as_str()).collect()
}

/// Lines of a job, right ones where nothing is said.
fn job(lines: &[(&str, &str)]) -> String {
    let mut all = vec![("at", "2030-12-01 09:00"), ("type", "note"), ("content", "안녕하세요")];
    for (key, value) in lines {
        all.retain(|(other, _)| other != key);
        if !value.is_empty() {
            all.push((key, value));
        }
    }
    all.iter().map(|(key, value)| format!("    {key}: {value}\n")).collect()
}

/// Lines of a job, and the codes of what is wrong with them.
type Pair<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn two_mistakes_of_one_job_are_both_told() {
    let gone = ("images", "[gone.png]");
    let table: [Pair<'_>; 26] = [
        (&[("type", "photo"), gone, ("at", "gestern")], &["E031", "E050"]),
        (&[("type", "photo"), gone, ("content", "\"\"")], &["E040", "E050"]),
        (&[("type", "photo"), gone, ("content", "\"{{ nobody }}\"")], &["E044", "E050"]),
        (&[("type", "photo"), gone, ("permission", "nope")], &["E023", "E050"]),
        (&[("type", "photo"), gone, ("tags", "[a b]")], &["E025", "E050"]),
        (&[("type", "photo"), gone, ("account", "Café!")], &["E025", "E050"]),
        (&[("type", "photo"), gone, ("delete_after", "soon")], &["E036", "E050"]),
        (&[("type", "photo"), gone, ("late", "skip")], &["E022", "E050"]),
        (&[("type", "photo"), gone, ("content", ""), ("contents", "[]")], &["E040", "E050"]),
        (&[("type", "fotto"), gone], &["E023", "E050"]),
        (&[("type", "photo"), ("images", "[gone.png, \"https://example.com/a.png\"]")], &["E050", "E050"]),
        (&[("type", "photo"), gone, ("at", ""), ("cron", "0 25 * * *")], &["E033", "E050"]),
        (&[("type", "photo"), gone, ("at", "")], &["E020", "E050"]),
        (&[("type", "photo"), gone, ("url", "https://example.com")], &["E024", "E050"]),
        (&[("type", "link"), ("url", "http://localhost/"), ("at", "gestern")], &["E031", "E061"]),
        (&[("type", "link"), ("url", "example.com"), ("content", "\"{{ nobody }}\"")], &["E044", "E060"]),
        (&[("type", "lnik"), ("url", "http://localhost/")], &["E023", "E061"]),
        (&[("at", "gestern"), ("content", "\"{{ nobody }}\"")], &["E031", "E044"]),
        (&[("at", "gestern"), ("content", "'a\\nb'")], &["E031", "W013"]),
        (&[("at", "gestern"), ("content", "\"{{ date | formt('%Y') }}\"")], &["E031", "E043"]),
        (&[("at", "[gestern, 2030-13-01 09:00]")], &["E031", "E032"]),
        (&[("type", "nope"), ("content", "\"\"")], &["E023", "E040"]),
        (&[("content", ""), ("contents", "[\"\", \"{{ nobody }}\"]")], &["E040", "E044"]),
        (&[("contents", "[\"{{ nobody }}\"]")], &["E027", "E044"]),
        (&[("type", "no\u{200b}te"), ("content", "\"{{ nobody }}\"")], &["E023", "E044"]),
        (&[("type", "link"), ("url", "http://localhost/\u{200b}")], &["E060", "E061"]),
    ];
    for (lines, expected) in table {
        let text = format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  one:\n{}", job(lines));
        let mut found = codes(&text);
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_mistake_of_the_file_hides_none_of_its_jobs() {
    let jobs = format!(
        "jobs:\n  one:\n{}  two:\n{}",
        job(&[("type", "photo"), ("images", "[gone.png]")]),
        job(&[("content", "\"{{ date | formt('%Y') }}\"")])
    );
    for (head, code) in [
        ("version: 1\nzone: Asia/Soul\naccount: cafe\n", "E030"),
        ("version: 1\naccount: cafe\n", "E020"),
        ("version: 2\nzone: Asia/Seoul\naccount: cafe\n", "E023"),
        ("zone: Asia/Seoul\naccount: cafe\n", "E020"),
        ("version: 1\nzone: Asia/Seoul\naccount: Cafe\n", "E025"),
        ("version: 1\nzone: Asia/Seoul\naccount: cafe\ndefaults: [public]\n", "E022"),
        ("version: 1\nzone: Asia/Seoul\naccount: cafe\ndefaults: {permission: nope}\n", "E023"),
        ("version: 1\nzone: Asia/Seoul\naccount: cafe\nblackouts: no\n", "E022"),
        ("version: 1\nzone: Asia/Seoul\naccount: cafe\nvars: [shop]\n", "E022"),
        ("version: 1\nzone: Asia/Seoul\naccount: cafe\nownr: me\n", "E021"),
        ("version: 1\nzone: Asia/Seoul\naccount: cafe\nversion: 1\n", "E011"),
        ("version: 1\nzone: Asia/Seoul\naccount: ca\u{200b}fe\n", "E025"),
        ("version: 1\nzo\u{200b}ne: Asia/Seoul\naccount: cafe\n", "E021"),
    ] {
        let mut found = codes(&format!("{head}{jobs}"));
        found.sort_unstable();
        let mut expected = vec![code, "E043", "E050"];
        expected.sort_unstable();
        assert_eq!(found, expected, "{head}");
    }
}

#[test]
fn defaults_that_cannot_be_read_are_not_told_again_by_each_job() {
    let text = "version: 1\nzone: Asia/Seoul\ndefaults: [cafe, note]\njobs:\n  one: {at: now, content: a}\n  two: {at: now, content: b}\n";
    assert_eq!(codes(text), ["E022"]);
    let text =
        "version: 1\nzone: Asia/Seoul\naccount: cafe\ndefaults: {type: nots}\njobs:\n  one: {at: now, content: a}\n";
    assert_eq!(codes(text), ["E023"]);
    let text = "version: 1\nzone: Asia/Seoul\naccount: cafe\nvars: shop\njobs:\n  one: {at: now, type: note, content: \"{{ shop }}\"}\n";
    assert_eq!(codes(text), ["E022"]);
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other() {
    let good =
        "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  one: {at: now, type: photo, images: [gone.png]}\n";
    for bad in [
        "\t",
        "jobs: [\n",
        "a: b: c\n",
        "",
        "\u{3000}x: y\n",
        "<<<<<<< HEAD\n",
        "content: [공지] x\n",
        "x: \"open\n",
        "- - -\n",
        "\u{1b}\n",
    ] {
        let dir = folder(&[("a.yaml", bad), ("b.yaml", good), ("c.yaml", bad)]);
        let found = problems(&[dir.path().to_owned()]);
        let of = |name: &str| found.iter().filter(|problem| problem.file().ends_with(name)).count();
        assert!(of("a.yaml") > 0 && of("b.yaml") == 1 && of("c.yaml") > 0, "{bad:?}: {}", render(&found, Paint::Plain));
    }
}
