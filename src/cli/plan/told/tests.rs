//! What `storyd plan` prints, at a fixed time.

use std::path::Path;

use jiff::Timestamp;

use super::super::queued::Queued;
use super::*;
use crate::engine::{Rules, planned};
use crate::plan;
use crate::settings::Settings;

/// Tuesday 1 December 2026, 08:55 in Seoul.
fn now() -> Timestamp {
    "2026-11-30T23:55:00Z".parse().unwrap()
}

fn settings() -> Settings {
    let text = "accounts:\n  cafe: {rest_api_key: x, min_gap: 10m}\n";
    Settings::parse(text, Path::new("storyd.yaml")).unwrap()
}

/// What becomes of a queue that holds what the `old` files want.
fn report(old: &str, new: &str) -> PlanReport {
    let dir = tempfile::tempdir().unwrap();
    let load = |jobs: &str| {
        let file = dir.path().join("jobs.yaml");
        std::fs::write(&file, format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{jobs}")).unwrap();
        plan::load(&[file], now()).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let image = |name: &str, shade: u8| {
        // A picture that is whole, and a comment behind its end in which the two differ.
        let mut png = include_bytes!("../../../../examples/images/winter-cup.png").to_vec();
        png.push(shade);
        std::fs::write(dir.path().join(name), png).unwrap();
    };
    image("latte-1.png", 1);
    image("latte-2.png", 2);
    let (old, new) = (load(old), load(new));
    let settings = settings();
    let rules = Rules::new(&settings).unwrap();
    let (changes, _) = planned::between_plans(&old, &new, &rules, now()).unwrap();
    let until = now() + jiff::SignedDuration::from_hours(14 * 24);
    let mut report = super::super::report(&new, "main".into(), changes, &Queued::default(), &settings, until, now());
    report.problems.clear();
    report
}

const OLD: &str = r#"
  opened: {at: 2026-11-30 09:00, type: note, content: 어제 문을 열었어요}
  opening-notice: {at: 2026-12-01 09:00, type: note, content: "겨울 신메뉴가 나왔어요!"}
  주말-사진: {at: 2026-12-05 10:00, type: photo, images: [latte-1.png], content: "주말엔 라떼 한 잔 ☕\n매장에서 만나요"}
  weekly: {cron: "0 9 * * MON", type: note, content: 이번 주도 힘내세요}
  farewell: {at: 2026-12-09 18:00, type: note, content: 안녕히}
"#;

const NEW: &str = r#"
  opened: {at: 2026-11-30 09:00, type: note, content: 어제 새로 문을 열었어요}
  opening-notice: {at: 2026-12-01 09:00, type: note, content: "겨울 신메뉴가 나왔어요!"}
  once-more: {at: 2026-12-01 09:05, type: note, content: "겨울 신메뉴가 나왔어요!"}
  주말-사진: {at: 2026-12-05 10:30, type: photo, images: [latte-1.png, latte-2.png], content: "주말엔 라떼 두 잔 ☕\n매장에서 만나요", tags: [menu]}
  weekly: {cron: "0 9 * * MON", type: note, content: 이번 주도 함께해요 👨‍👩‍👧, delete_after: 7d}
  "daily": {cron: "30 18 * * *", type: link, url: "https://example.com/menu", late: {within: 2h, then: hold}}
"#;

#[test]
fn the_changes_and_the_coming_posts_read_well_at_eighty_columns() {
    let told = text(&report(OLD, NEW), 80);
    assert!(told.lines().all(|line| line.starts_with("warning: ") || width(line) <= 80), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn where_the_lines_of_a_text_break_can_be_seen() {
    let broken = "\n  hours: {at: 2026-12-05 09:00, type: note, content: \"12월 영업\\n월-금 9시\\n\\n일 휴무\"}\n";
    let joined = broken.replace("\\n", " ");
    for told in [text(&report("  {}", broken), 80), markdown(&report("  {}", broken))] {
        assert_eq!(told.matches("12월 영업 ⏎ 월-금 9시 ⏎ ⏎ 일 휴무").count(), 2, "{told}");
    }
    assert!(!text(&report("  {}", &joined), 80).contains('⏎'));
}

#[test]
fn nothing_changes_when_nothing_changed() {
    let report = report(OLD, OLD);
    assert!(report.changes.is_empty(), "{:?}", report.changes);
    insta::assert_snapshot!(text(&report, 60));
}

#[test]
fn markdown_shows_texts_as_they_are_and_nothing_in_them_counts() {
    let new = OLD.replace("안녕히", "\"@everyone ```` <b>잘 가요</b> | `x`\"");
    let told = markdown(&report(OLD, &new));
    assert!(told.contains("`````diff"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_comment_is_never_longer_than_it_may_be() {
    let jobs: String =
        (0..3_000).map(|n| format!("  job-{n}: {{at: 2026-12-02 09:00, type: note, content: 글 {n}}}\n")).collect();
    assert!(markdown(&report("  x: {at: now, type: note, content: x}\n", &jobs)).chars().count() < 65_536);
}

#[test]
fn posts_of_a_day_that_say_the_same_are_one_line_where_they_are_many() {
    let jobs = "  minute: {cron: \"* 9 * * *\", type: note, content: 좋은 아침}\n  \
                four: {cron: \"0 10,11,12,13 * * *\", type: note, content: 네 번}\n";
    let told = text(&report("  {}", jobs), 100);
    assert!(told.lines().count() < 150, "{told}");
    assert!(told.contains("+ 09:00 KST  cafe     note       5  minute (60 posts, to 09:59)"), "{told}");
    assert_eq!(told.matches("네 번").count(), 14 * 4 + 4, "{told}");
}
