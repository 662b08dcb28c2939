//! The main job with the real program: the example's jobs go out to the embedded sandbox, once, and the commands tell the same while the
//! daemon runs, after it stopped and after it was killed.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::ports::free_port;
use crate::support::process::{Folder, Process};

fn shipped(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn example() -> Folder {
    let folder = Folder::new();
    folder.write("jobs.example.yaml", std::fs::read(shipped("jobs.example.yaml")).unwrap());
    for image in ["examples/images/latte.jpg", "examples/images/winter-cup.png"] {
        folder.write(image, std::fs::read(shipped(image)).unwrap());
    }
    folder
}

/// What the embedded sandbox has on disk: the text of each story that was ever made.
fn stories(folder: &Folder) -> Vec<String> {
    let ledger = std::fs::read_to_string(folder.path(".storyd-sandbox/sandbox.jsonl")).unwrap();
    let events = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let texts = events.filter(|event| event["event"] == "story");
    texts.map(|event| event["story"]["entry"]["content"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_dashboard_of_the_sandbox_is_where_it_was_the_last_time() {
    let folder = example();
    let address = || {
        let daemon = folder.start("run --sandbox jobs.example.yaml");
        daemon.says("dashboard at ");
        daemon.signal("TERM");
        let said = daemon.end().stdout;
        said.lines().find_map(|line| line.strip_prefix("dashboard at ")).unwrap().to_owned()
    };
    // A port of its own: that of the settings is taken by whichever daemon of this machine comes first.
    let free = free_port();
    folder.write(".storyd-sandbox/dashboard-port", free.to_string());
    assert_eq!(address(), format!("http://127.0.0.1:{free}"));
    assert_eq!(address(), format!("http://127.0.0.1:{free}"));
    folder.write(".storyd-sandbox/dashboard-port", "no port");
    assert!(address().starts_with("http://127.0.0.1:"));
}

#[test]
fn the_example_publishes_its_three_jobs_and_waits_and_a_second_run_publishes_nothing() {
    let folder = example();
    let daemon = folder.start("run --sandbox jobs.example.yaml");
    daemon.says("waiting for ");
    daemon.signal("INT");
    let done = daemon.end();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let recorded = folder.json("--sandbox admin stories");
    for job in ["opening-notice", "first-photos", "menu-link"] {
        let story = recorded.as_array().unwrap().iter().find(|story| story["job"] == job).unwrap();
        let line = format!("published  {job}  →  story {} on cafe, ", story["story_id"].as_str().unwrap());
        assert!(done.stdout.lines().any(|said| said.starts_with(&line)), "{line}\n{}", done.stdout);
    }
    let expected = [
        "겨울 신메뉴가 나왔어요! ☕\n이번 주말까지 모든 라떼가 500원 할인됩니다.\n\n매장에서 만나요.",
        "새 메뉴판을 확인해 보세요.",
        "주말엔 라떼 한 잔",
    ];
    let sorted = || {
        let mut texts: Vec<String> = stories(&folder).iter().map(|text| text.trim_end().to_owned()).collect();
        texts.sort();
        texts
    };
    assert_eq!(sorted(), expected);

    let again = folder.start("run jobs.example.yaml --sandbox");
    again.says("waiting for ");
    again.signal("TERM");
    let again = again.end();
    assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
    assert!(!again.stdout.contains("published"), "{}", again.stdout);
    assert_eq!(sorted(), expected, "posted a second time");
}

#[test]
fn what_it_prints_reads_like_this() {
    let folder = looked_at();
    let daemon = started(&folder);
    daemon.signal("INT");
    insta::with_settings!({filters => filters()}, {
        insta::assert_snapshot!("cli_run", daemon.end().stdout);
    });
    insta::with_settings!({filters => filters()}, {
        let again = folder.start("run --sandbox --json jobs.yaml");
        again.says("waiting");
        again.signal("INT");
        insta::assert_snapshot!("cli_run_json", again.end().stdout);
    });
}

/// A job file whose posts are the same on every day: two that go out at once, and two that are far away.
fn looked_at() -> Folder {
    let folder = Folder::new();
    folder.write("images/라떼.png", std::fs::read(shipped("examples/images/winter-cup.png")).unwrap());
    folder.jobs(
        "a-notice:\n  at: now\n  type: note\n  content: 겨울 신메뉴가 나왔어요! ☕\n\
         b-photo:\n  at: now\n  type: photo\n  images: [images/라떼.png]\n  content: 주말엔 라떼 한 잔\n  permission: friends\n  \
         enable_share: true\n  delete_at: 2099-12-31 23:59\n  tags: [menu, 주말]\n\
         c-link:\n  at: [2098-12-01 09:00, 2098-12-02 09:00]\n  type: link\n  url: https://example.com/menu\n  \
         content: 새 메뉴판을 확인해 보세요. 이번 주말까지 모든 라떼가 500원 할인됩니다.\n  android_exec_param: menu_id=12",
    );
    folder
}

fn started(folder: &Folder) -> Process {
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for c-link");
    daemon
}

/// Times, ports, IDs and lengths of time differ from run to run.
fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r#""\d{4}-\d\d-\d\dT[0-9:.]+Z""#, "\"[instant]\""),
        (r"[A-Z][a-z]{2} 209\d-(\d\d-\d\d \d\d:\d\d) KST \(in \d+ (d|years)\) *", "[day] 209[y]-$1 KST (in [n] d)  "),
        (r"[A-Z][a-z]{2} 20[2-8]\d-\d\d-\d\d \d\d:\d\d(:\d\d)? KST( \([^)]*\))? *", "[time]  "),
        (r"[A-Z][a-z]{2} 20[2-8]\d-\d\d-\d\d KST", "[day]"),
        (r"[A-Z][a-z]{2} 209\d-(\d\d-\d\d) KST", "[day] 209[y]-$1 KST"),
        (r"\d\d:\d\d(:\d\d)? \((\d+ \w+ ago|now)\) *", "[when]  "),
        (r"(\d\d:\d\d) \(in \d+ (d|years)\) *", "$1 (in [n] d)  "),
        (r"\b[0-9A-Za-z]{7}\.[0-9A-Za-z]{11}\b", "[story]"),
        (r"\b\d+ m?s\b", "[n] ms"),
        (r"(STORY|WHEN|PUBLISHED) +", "$1  "),
        (r"(STATUS|up) +(ACCOUNT|cafe)", "$1  $2"),
        (r"deleted in \d+ (d|years)", "deleted in [n] d"),
    ]
}

#[test]
fn the_commands_tell_the_same_while_the_daemon_runs_after_it_stopped_and_after_it_was_killed() {
    let folder = looked_at();
    let looks = [
        ("queue", "admin queue --all"),
        ("show", "admin show 2"),
        ("stories", "admin stories"),
        ("failures", "admin failures"),
    ];
    let tell = |json: &str| looks.map(|(_, line)| folder.ok(&format!("{line} --sandbox{json}")));
    let look = || {
        insta::with_settings!({filters => filters()}, {
            for ((name, _), told) in looks.iter().zip(tell("")) {
                insta::assert_snapshot!(format!("cli_{name}"), told);
            }
            for ((name, _), told) in looks.iter().zip(tell(" --json")) {
                insta::assert_snapshot!(format!("cli_{name}_json"), told);
            }
        });
    };
    let daemon = started(&folder);
    look();
    let while_it_runs = tell(" --json");
    daemon.signal("INT");
    assert_eq!(daemon.end().code, Some(0));
    look();
    assert_eq!(tell(" --json"), while_it_runs);
    started(&folder).kill_9();
    look();
    assert_eq!(tell(" --json"), while_it_runs);
}

#[test]
fn an_account_that_a_job_file_names_later_posts_to_the_embedded_sandbox_too() {
    let folder = Folder::new();
    folder.jobs("one:\n  at: now\n  type: note\n  content: from the cafe");
    let daemon = folder.start("run --sandbox .");
    daemon.says("published  one");
    folder.jobs(
        "one:\n  at: now\n  type: note\n  content: from the cafe\n\
         two:\n  at: now\n  account: shop\n  type: note\n  content: from the shop",
    );
    daemon.says("published  two");
    assert_eq!(folder.json("admin stories --sandbox")[0]["account"], "shop");
    assert_eq!(daemon.err(), "");
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let folder = looked_at();
    drop(started(&folder));
    for line in ["admin queue --all --sandbox", "admin show 1 --sandbox --json", "--help", "check jobs.yaml"] {
        let mut child = folder.storyd(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(0), "{line}: {told}");
        assert!(!told.contains("storyd: "), "{line}: {told}");
    }
}

#[test]
fn data_that_could_not_be_written_are_no_success() {
    let folder = looked_at();
    drop(started(&folder));
    // Linux has a device that is always full.
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let done = folder.storyd("admin queue --sandbox --json").stdout(full).output().unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.starts_with("storyd: not everything could be printed: "), "{told}");
}

#[test]
fn posts_of_the_same_instant_go_out_in_the_order_of_the_files() {
    let folder = Folder::new();
    let jobs: String = ["z", "b", "ten", "a", "한장"]
        .iter()
        .map(|name| format!("{name}:\n  at: now\n  type: note\n  content: 글 {name}\n"))
        .collect();
    folder.jobs(&jobs);
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("published  한장 ");
    let stories = folder.json("admin stories --sandbox");
    let mut posts: Vec<(i64, String)> = stories
        .as_array()
        .unwrap()
        .iter()
        .map(|story| (story["post"].as_i64().unwrap(), story["job"].as_str().unwrap().to_owned()))
        .collect();
    posts.sort();
    let jobs: Vec<&str> = posts.iter().map(|(_, job)| job.as_str()).collect();
    assert_eq!(jobs, ["z", "b", "ten", "a", "한장"]);
    let mut published: Vec<(String, &str)> = stories
        .as_array()
        .unwrap()
        .iter()
        .map(|story| (story["published_at"].as_str().unwrap().to_owned(), story["job"].as_str().unwrap()))
        .collect();
    published.sort();
    assert_eq!(published.iter().map(|(_, job)| *job).collect::<Vec<_>>(), ["z", "b", "ten", "a", "한장"]);
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}
