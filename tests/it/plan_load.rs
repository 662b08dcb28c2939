//! Job files that are in order: what each form means, and that nothing is guessed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::content::{Body, ImageFormat, Permission};
use storyd::domain::policy::{InDoubt, LateThen};
use storyd::plan::{self, AtTime, DeleteRule, Plan};

/// A folder with files: (name, text).
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("the file can be written");
    }
    dir
}

/// The time at which the tests of this floor read job files.
pub(crate) fn now() -> Timestamp {
    at("2026-11-21T00:00:00Z")
}

/// A whole PNG of 3 by 2 pixels.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0\x12\x16\xf1M\0\0\0\x0eIDATx\x9cch\x80\x01\x068\x0b\0Z\x14\x09\x01\xb2\x12=\x87\0\0\0\0IEND\xaeB`\x82";

fn load(dir: &Path) -> Plan {
    match plan::load(&[dir.to_owned()], now()) {
        Ok(plan) => plan,
        Err(problems) => panic!("{problems}"),
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid instant")
}

/// The file of the design page, one job of each kind.
const WEEK: &str = r#"
version: 1
zone: Asia/Seoul
account: cafe
defaults:
  permission: public
jobs:
  opening-notice:
    at: 2026-12-01 09:00
    type: note
    content: |
      겨울 신메뉴가 나왔어요!
  weekend-photos:
    at: [2026-12-06 10:30, 2026-12-05 10:30]
    type: photo
    images: [latte.png]
    content: 주말엔 라떼 한 잔
    permission: friends
    enable_share: true
    delete_after: 7d
  weekly-link:
    cron: "0 9 * * MON"
    from: 2026-12-01
    until: 2027-02-28
    except: [2026-12-28]
    type: link
    url: https://example.com/menu
    late: {within: 2h, then: skip}
    android_exec_param: menu_id=12
    in_doubt: hold
    tags: [menu]
"#;

#[test]
fn the_jobs_of_a_week_mean_what_they_say() {
    let dir = folder(&[("jobs.yaml", WEEK)]);
    std::fs::write(dir.path().join("latte.png"), PNG).expect("written");
    let plan = load(dir.path());
    assert_eq!(plan.warnings, []);
    assert_eq!(plan.jobs.keys().collect::<Vec<_>>(), ["opening-notice", "weekend-photos", "weekly-link"]);
    assert_eq!(plan.watch, [dir.path().to_owned(), dir.path().join("jobs.yaml"), dir.path().join("latte.png")]);

    let note = &plan.jobs["opening-notice"];
    assert_eq!(note.content.body, Body::Note { text: "겨울 신메뉴가 나왔어요!".into() });
    assert_eq!(
        (note.account.as_str(), note.zone.as_str(), note.place.line, note.place.column),
        ("cafe", "Asia/Seoul", 8, 3)
    );
    let AtTime::Fixed(once) = &note.one_offs()[0] else { panic!("a fixed time") };
    assert_eq!(
        (once.nominal.as_str(), once.at, once.shifted),
        ("2026-12-01T09:00:00", at("2026-12-01T00:00:00Z"), false)
    );

    let photo = &plan.jobs["weekend-photos"];
    assert_eq!(photo.content.permission, Permission::Friends);
    assert_eq!(photo.content.enable_share, Some(true));
    assert_eq!(photo.delete, Some(DeleteRule::After(Duration::from_secs(7 * 86_400))));
    assert_eq!(photo.image_files, [dir.path().join("latte.png")]);
    assert_eq!((photo.content.images()[0].format, photo.content.images()[0].bytes), (ImageFormat::Png, 71));
    let days = photo.occurrences(at("2026-12-05T01:30:00Z"), at("2026-12-06T01:30:00Z"), 10);
    assert_eq!(days.iter().map(|one| one.nominal.as_str()).collect::<Vec<_>>(), ["2026-12-06T10:30:00"]);

    let link = &plan.jobs["weekly-link"];
    assert_eq!(link.content.body, Body::Link { url: "https://example.com/menu".into(), text: None });
    assert_eq!(link.late.map(|late| (late.within, late.then)), Some((Duration::from_secs(7_200), LateThen::Skip)));
    assert_eq!((link.in_doubt, link.tags.as_slice()), (Some(InDoubt::Hold), &["menu".to_owned()][..]));
    let mondays = link.occurrences(Timestamp::UNIX_EPOCH, Timestamp::MAX, 100);
    assert_eq!(mondays.len(), 11, "twelve Mondays but one");
    assert_eq!(mondays[0].at, at("2026-12-07T00:00:00Z"));
}

/// The texts that a `content` line yields.
fn text_of(line: &str) -> String {
    let file = format!("version: 1\nzone: UTC\naccount: a\njobs:\n  one:\n    at: now\n    type: note\n    {line}\n");
    let dir = folder(&[("jobs.yaml", &file)]);
    load(dir.path()).jobs["one"].content.text().expect("a text").to_owned()
}

#[test]
fn words_that_other_readers_take_for_truth_values_stay_text() {
    for word in ["NO", "off", "yes", "on", "Y", "2026-12-01", "0900", "12:30", "1_000", "v1.0"] {
        assert_eq!(text_of(&format!("content: {word}")), word);
    }
    assert_eq!(text_of("content: \"null\""), "null");
}

#[test]
fn the_end_of_a_text_is_trimmed_and_its_beginning_is_not() {
    assert_eq!(text_of("content: |\n      a\n\n        b  \n\n"), "a\n\n  b");
    assert_eq!(text_of("content: \"  a\\r\\nb \\n\""), "  a\nb");
    assert_eq!(text_of("content: >\n      one\n      line\n"), "one line");
}

#[test]
fn quoted_and_unquoted_times_are_the_same_and_now_has_no_time() {
    let file = r#"
version: 1
zone: Europe/Berlin
account: a
defaults: {type: note, content-unused: 0}
jobs: {}
"#
    .replace(", content-unused: 0", "");
    let one = |at: &str| {
        let job = format!("jobs:\n  one:\n    at: {at}\n    content: x\n");
        let dir = folder(&[("jobs.yaml", &file.replace("jobs: {}\n", &job))]);
        load(dir.path()).jobs["one"].one_offs().to_vec()
    };
    let plain = one("2026-12-01 09:00");
    assert_eq!(plain, one("\"2026-12-01 09:00\""));
    assert_eq!(plain, one("'2026-12-01T09:00:00'"));
    assert_eq!(plain, one("2026-12-01T17:00:00+09:00"));
    assert_eq!(one("now"), [AtTime::Now]);
    assert_eq!(one("[2026-12-01 09:00, now]"), [AtTime::Now, plain[0].clone()]);
}

#[test]
fn anchors_and_merge_keys_work_and_what_stands_in_the_job_wins() {
    let file = "
version: 1
zone: UTC
x-base: &base {account: cafe, type: note, permission: private, tags: [a]}
jobs:
  one: {<<: *base, at: now, content: eins, permission: F}
  two: {<<: [*base, {tags: [b]}], at: &t 2026-12-01 09:00, content: zwei}
  three: {<<: *base, at: *t, content: drei, x-note: free}
";
    let dir = folder(&[("jobs.yml", file)]);
    let plan = load(dir.path());
    assert_eq!(plan.jobs["one"].content.permission, Permission::Friends);
    assert_eq!(plan.jobs["two"].content.permission, Permission::Private);
    assert_eq!(plan.jobs["two"].tags, ["a"]);
    assert_eq!(plan.jobs["three"].one_offs(), plan.jobs["two"].one_offs());
    let job = |text: &str| format!("{{at: now, account: a, type: note, content: {text}}}");
    let named = format!(
        "version: 1\nzone: UTC\nx-c: &c\n  2026: {}\n  둘: {}\n  true: {}\njobs:\n  <<: *c\n  \"2026\": {}\n",
        job("a"),
        job("b"),
        job("c"),
        job("own")
    );
    let dir = folder(&[("jobs.yml", &named)]);
    let plan = load(dir.path());
    let said: Vec<_> = plan.jobs.iter().map(|(name, job)| (name.as_str(), job.content.text().unwrap_or(""))).collect();
    assert_eq!(said, [("2026", "own"), ("true", "c"), ("둘", "b")], "a name that looks like a number is a name");
}

#[test]
fn folders_are_read_in_the_order_of_names_and_a_file_only_once() {
    let job = |name: &str| {
        format!("version: 1\nzone: UTC\naccount: a\njobs:\n  {name}: {{at: now, type: note, content: x}}\n")
    };
    let dir = folder(&[("b.yaml", &job("b")), ("a.yml", &job("a")), (".hidden.yaml", "?"), ("notes.txt", "?")]);
    let plan = plan::load(&[dir.path().to_owned(), dir.path().join("b.yaml")], now()).expect("in order");
    let names: Vec<PathBuf> = plan.files.iter().map(|file| file.file_name().unwrap_or_default().into()).collect();
    assert_eq!(names, [PathBuf::from("a.yml"), PathBuf::from("b.yaml")]);
    assert_eq!(plan.jobs.len(), 2);
}

#[test]
fn an_empty_folder_is_worth_a_warning() {
    let dir = folder(&[]);
    let plan = load(dir.path());
    assert_eq!(plan.warnings[0].code.as_str(), "W001");
}

#[test]
fn a_name_typed_in_decomposed_hangul_is_the_same_name() {
    let decomposed = "\u{1100}\u{1169}\u{11bc}\u{110c}\u{1175}";
    let file =
        format!("version: 1\nzone: UTC\naccount: a\njobs:\n  {decomposed}: {{at: now, type: note, content: x}}\n");
    let dir = folder(&[("jobs.yaml", &file)]);
    assert!(load(dir.path()).jobs.contains_key("공지"));
}

#[test]
fn a_tag_typed_in_decomposed_hangul_is_the_same_tag() {
    let decomposed = "\u{1106}\u{1166}\u{1102}\u{1172}";
    let file = format!(
        "version: 1\nzone: UTC\naccount: a\njobs:\n  x: {{at: now, type: note, content: x, tags: [{decomposed}, 메뉴, b]}}\n"
    );
    let dir = folder(&[("jobs.yaml", &file)]);
    assert_eq!(load(dir.path()).jobs["x"].tags, ["메뉴", "b"]);
}
