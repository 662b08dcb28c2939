//! Texts that depend on the occurrence: variables, dates, turns; and that a text without braces is left alone.

use storyd::plan::{self, Job};
use storyd::yaml::problem::{Paint, Problem, render};

use crate::plan_load::{at, folder, now};
use crate::plan_problems::problems;

const HEAD: &str = "version: 1\nzone: Asia/Seoul\naccount: cafe\nvars: {shop: 성수점, price: 4500}\njobs:\n";

fn job(lines: &str) -> Job {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let dir = folder(&[("jobs.yaml", &format!("{HEAD}  one:\n    type: note\n{indented}"))]);
    let mut plan = plan::load(&[dir.path().to_owned()], now()).unwrap_or_else(|problems| panic!("{problems}"));
    plan.jobs.remove("one").expect("the job")
}

/// What the first few posts say.
fn said(job: &Job, count: usize) -> Vec<String> {
    let occurrences = job.occurrences(now(), jiff::Timestamp::MAX, count);
    let content = |one| job.content_of(one).unwrap_or_else(|error| panic!("{error}"));
    occurrences.iter().map(|one| content(one).text().expect("a text").to_owned()).collect()
}

fn told(lines: &str) -> Vec<Problem> {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let dir = folder(&[("jobs.yaml", &format!("{HEAD}  one:\n    type: note\n{indented}"))]);
    problems(&[dir.path().to_owned()])
}

fn one_problem(lines: &str, code: &str, place: (usize, usize)) {
    let found = told(lines);
    let [problem] = found.as_slice() else { panic!("{lines}\n{}", render(&found, Paint::Plain)) };
    let at = problem.place().map(|place| (place.line, place.column));
    assert_eq!((problem.code.as_str(), at), (code, Some(place)), "{}", problem.render(Paint::Plain));
}

#[test]
fn each_occurrence_says_its_own_date_in_the_zone_of_the_file() {
    let monday = job(
        "cron: 30 8 * * MON\ncontent: |\n  {{ date | format('%-m월 %-d일 (%a)') }} {{ time }}\n  {{ shop }} {{ price }}원, {{ own }}\nvars: {own: 라떼}",
    );
    assert_eq!(
        said(&monday, 2),
        ["11월 23일 (월) 08:30\n성수점 4500원, 라떼", "11월 30일 (월) 08:30\n성수점 4500원, 라떼"]
    );
    assert_eq!(monday.content.text(), Some("11월 23일 (월) 08:30\n성수점 4500원, 라떼"), "the next one");
    let both = job(
        "at: [2026-12-31T20:00Z, 2026-12-31 20:00]\ncontent: \"{{ date }} {{ weekday }} {{ job }}\"\nvars: {shop: 다른 곳}",
    );
    assert_eq!(said(&both, 2), ["2026-12-31 목요일 one", "2027-01-01 금요일 one"]);
}

#[test]
fn contents_take_turns_and_an_exception_changes_no_other_text() {
    let turns = |rest: &str| {
        said(&job(&format!("cron: 0 9 * * *\nfrom: 2026-11-30\ncontents: [a, \"{{{{ weekday }}}}\", c]{rest}")), 4)
    };
    assert_eq!(turns(""), ["a", "화요일", "c", "a"]);
    assert_eq!(turns("\nexcept: [2026-12-01]"), ["a", "c", "a", "금요일"]);
    let listed = job("at: [2026-12-02 09:00, 2026-12-01 09:00, 2026-12-03 09:00]\ncontents: [a, b]");
    assert_eq!(said(&listed, 3), ["a", "b", "a"], "in the order of time");
}

#[test]
fn a_text_without_braces_is_left_as_it_is_and_braces_can_be_written() {
    for text in ["{# 태그 }} { { shop } }", "a{b}c %Y", "100% {x}", "{%카페 [공지] <안내>"] {
        let plain = job(&format!("at: now\ncontent: '{text}'"));
        assert_eq!((plain.content.text(), plain.script.is_none()), (Some(text), true));
    }
    let braces = job("at: 2026-12-01 09:00\ncontent: '{{ \"{{\" }} shop }} {{ \"{% x %}\" }}'");
    assert_eq!(said(&braces, 1), ["{{ shop }} {% x %}"]);
}

#[test]
fn an_undefined_name_is_told_where_it_stands() {
    one_problem("at: now\ncontent: 오늘은 {{ shpo }}에서", "E044", (9, 21));
    one_problem("at: now\ncontent: |\n  하나\n  둘 {{ date }} {{ own | format('%Y') }}", "E044", (11, 23));
    one_problem("at: now\ncontent: >\n  {{ shop }}\n\n  {{ shop ~ nobody }}", "E044", (12, 17));
    one_problem("at: now\ncontent: \"a\\n{{ shop | upper }}\"", "E043", (9, 28));
    one_problem("at: now\ncontent: \"{{ shop\"", "E043", (9, 15));
    one_problem("at: now\ncontents: [a, \"{{ nobody }}\"]", "E044", (9, 23));
}

#[test]
fn every_occurrence_to_come_is_made_when_the_file_is_read() {
    let long = "가".repeat(1_100);
    let twice = format!(
        "cron: 0 9 * * *\nvars: {{long: {long}}}\ncontent: \"{{{{ long }}}}{{{{ long if date.day == 24 else '' }}}}\""
    );
    let found = told(&twice);
    let [problem] = found.as_slice() else { panic!("{}", render(&found, Paint::Plain)) };
    assert_eq!(problem.to_string(), "jobs.yaml:10:14: error[E041]: filled in for 2026-11-24 09:00, the text has 2200 characters as Kakao counts; at most 2048 fit".replace("jobs.yaml", &problem.file().display().to_string()));
    let never = "cron: 0 9 * * *\ncontent: \"{{ shop if date.month < 13 else '' }}\"";
    assert_eq!(told(never), []);
    one_problem("cron: 0 9 * * *\ncontent: \"{{ '' if date.month == 3 else shop }}\"", "E040", (9, 14));
    one_problem("cron: 0 9 1 * *\ncontent: \"{{ date | add_days(date.year * 2) }}\"", "E043", (9, 44));
}

#[test]
fn a_text_near_the_limit_and_what_is_posted_otherwise_are_noted() {
    one_problem(&format!("at: now\ncontent: {}", "가".repeat(1_844)), "W011", (9, 14));
    assert_eq!(told(&format!("at: now\ncontent: {}", "가".repeat(1_843))), []);
    one_problem("at: now\ncontent: \"a\\r\\nb\"", "N010", (9, 14));
    one_problem("at: now\ncontent: \"a  \"", "N011", (9, 14));
    one_problem("at: now\ncontent: \u{1105}\u{1161}\u{1104}\u{1166}", "N012", (9, 14));
    let dir =
        folder(&[("jobs.yaml", &format!("{HEAD}  one: {{type: note, at: now, content: a}}\n").replace('\n', "\r\n"))]);
    let found = problems(&[dir.path().to_owned()]);
    assert_eq!(found.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), ["N010"]);
}

#[test]
fn a_hashtag_below_an_unquoted_text_is_told_like_one_on_its_line() {
    one_problem("at: now\ncontent: 하나 #라떼", "W010", (9, 17));
    one_problem("at: now\ncontent: 하나\n  #카페 #라떼", "W010", (10, 7));
    one_problem("at: now\ncontent: 하나\n\n  둘\n\n      # 메모\n     #카페\ntags: [a]", "W010", (14, 10));
    one_problem("at: now\ncontent: 하나 # 메모\n  #카페", "W010", (10, 7));
    one_problem("at: now\ncontent:\n  하나\n  #카페", "W010", (11, 7));
    one_problem("at: 2026-12-01 09:00\ncontent: |\n    하나\n  #카페", "W010", (11, 7));
    one_problem("cron: 0 9 * * *\ncontents:\n  - 하나\n    #카페\n  - 둘", "W010", (11, 9));
    for none in ["\n#tags: [a]", "\n  # 메모", "\ntags: [a]\n  #카페", "\n #", "\n\n#카페\n  #카페"] {
        assert_eq!(told(&format!("at: now\ncontent: 하나{none}")), [], "{none}");
    }
    assert_eq!(told("at: now\ncontent: |\n  하나\n  #카페"), []);
    assert_eq!(told("at: now\ncontent: \"하나\n\n  #카페\""), []);
}

#[test]
fn what_can_never_be_alike_is_not_compared() {
    for (expression, column) in [
        ("date == '2026-12-25'", 1),
        ("date != '2026-12-25'", 1),
        ("date < '2030-01-01'", 1),
        ("'2030-01-01' > date", 1),
        ("time == '09:00'", 1),
        ("not (time == '09:00')", 6),
        ("date in ['2026-12-25', '2026-12-26']", 1),
        ("date not in ['2026-12-25']", 1),
        ("'12' in date", 1),
        ("date.day == '25'", 1),
        ("date['day'] == '25'", 1),
        ("date.day == price", 1),
        ("price > 4000", 1),
        ("date == time", 1),
        ("date == 25", 1),
        ("date | add_days(1) == '2026-12-25'", 1),
        ("1 < date.day < '9'", 5),
        ("weekday == '월'", 1),
        ("weekday in ['토', '일요일']", 1),
        ("shop == '성수점' and date == '2026-12-25'", 19),
    ] {
        let lines = format!("at: 2026-12-01 09:00\ncontent: \"{{{{ 'a' if {expression} else 'b' }}}}\"");
        let found = told(&lines);
        let [problem] = found.as_slice() else { panic!("{expression}\n{}", render(&found, Paint::Plain)) };
        let at = problem.place().map(|place| (place.line, place.column));
        assert_eq!((problem.code.as_str(), at), ("E043", Some((9, 24 + column))), "{}", problem.render(Paint::Plain));
    }
    for (expression, says) in [
        ("date | format('%Y-%m-%d') == '2026-12-01'", "a"),
        ("date.day == 1 and date.month in [11, 12]", "a"),
        ("date | format('%-d') == day", "a"),
        ("time | format('%H:%M') < '10:00'", "a"),
        ("date < date | add_days(1)", "a"),
        ("date == date | add_days(0)", "a"),
        ("date | add_days(1) <= date", "b"),
        ("time == time", "a"),
        ("weekday in ['토요일', '화요일']", "a"),
        ("weekday in '토요일 화요일'", "a"),
        ("date in '2026-12-01 2026-12-02'", "a"),
        ("(shop if date.day == 2 else day) == '1'", "a"),
        ("1 <= date.day < 3", "a"),
    ] {
        let lines =
            format!("at: 2026-12-01 09:00\nvars: {{day: 1}}\ncontent: \"{{{{ 'a' if {expression} else 'b' }}}}\"");
        assert_eq!(said(&job(&lines), 1), [says], "{expression}");
    }
}

#[test]
fn a_variable_is_found_by_a_name_in_decomposed_letters_and_the_text_stays() {
    let (menu, word) = ("\u{1106}\u{1166}\u{1102}\u{1172}", "\u{1105}\u{1161}");
    let decomposed = job(&format!(
        "at: 2026-12-01 09:00\nvars: {{메뉴: 라떼}}\ncontent: \"{word} {{{{ {menu} }}}} {{{{ '{word}' }}}}\""
    ));
    assert_eq!(said(&decomposed, 1), [format!("{word} 라떼 {word}")]);
}

#[test]
fn the_line_break_at_the_end_of_a_block_is_not_part_of_a_variable() {
    let block = |header: &str| {
        let lines = format!(
            "at: 2026-12-01 09:00\nvars:\n  place: {header}\n    성수점\n    2층\ncontent: \"<{{{{ place }}}}>\""
        );
        said(&job(&lines), 1).concat()
    };
    assert_eq!((block("|"), block(">")), ("<성수점\n2층>".into(), "<성수점 2층>".into()));
    assert_eq!(block("|+"), "<성수점\n2층\n>", "kept because it says so");
    let quoted = job("at: 2026-12-01 09:00\nvars: {a: \"x\\n\"}\ncontent: \"<{{ a }}>\"");
    assert_eq!(said(&quoted, 1), ["<x\n>"]);
}

#[test]
fn the_names_of_variables_are_checked() {
    for (vars, code) in [
        ("{date: x}", "E025"),
        ("{1a: x}", "E025"),
        ("{a-b: x}", "E025"),
        ("{a: x, a: y}", "E011"),
        ("{a: [x]}", "E022"),
        ("{a: }", "E022"),
        ("[a]", "E022"),
        ("{a: \"{{ shop }}\"}", "E043"),
    ] {
        let found = told(&format!("at: now\ncontent: x\nvars: {vars}"));
        assert_eq!(found.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>(), [code], "{vars}");
    }
    let hangul = job("at: 2026-12-01 09:00\ncontent: \"{{ 가격 }}, {{ b }}\"\nvars: {가격: \"4,500원\", b: true}");
    assert_eq!(said(&hangul, 1), ["4,500원, true"]);
    assert!(at("2026-12-01T00:00:00Z") > now());
}
