//! What goes wrong, with the real program: mistakes in job files, and every exit code with its sentence.

use std::path::Path;

use serde_json::Value;

use crate::support::process::{Folder, until};

const NOTE: &str = "notice:\n  at: 2098-12-01 09:00\n  type: note\n  content: 겨울 신메뉴가 나왔어요!";

fn ten_mistakes() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken/ten-mistakes.yaml")).unwrap()
}

#[test]
fn ten_mistakes_are_ten_problems_each_with_its_place_and_nothing_is_queued() {
    let folder = Folder::new();
    folder.write("jobs.yaml", ten_mistakes());
    let done = folder.run("check jobs.yaml");
    assert_eq!((done.code, done.stderr.as_str()), (Some(3), ""));
    assert!(done.stdout.ends_with("\n10 problems\n"), "{}", done.stdout);
    assert_eq!(done.stdout.matches("--> jobs.yaml:").count(), 10);
    let json = folder.run("check jobs.yaml --json");
    assert_eq!(json.code, Some(3));
    let found: Value = serde_json::from_str(&json.stdout).unwrap();
    let places: Vec<u64> =
        found["problems"].as_array().unwrap().iter().filter_map(|problem| problem["line"].as_u64()).collect();
    assert_eq!(places, [1, 2, 6, 8, 10, 12, 13, 17, 18, 19]);
    assert!(found["problems"].as_array().unwrap().iter().all(|problem| problem["column"].as_u64() > Some(0)));

    let run = folder.run("run --sandbox jobs.yaml");
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(run.stderr.ends_with("\nstoryd: 10 problems; nothing was loaded\n"), "{}", run.stderr);
    assert_eq!(folder.json("admin queue --all --sandbox"), serde_json::json!([]));
}

#[test]
fn a_running_daemon_keeps_the_last_good_plan_until_the_file_is_right_again() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for notice");
    let before = folder.json("admin queue --all --sandbox");
    folder.write("jobs.yaml", ten_mistakes());
    daemon.warns("`Europe/Berln` is not a known time zone");
    daemon.warns("the last good plan stays in force");
    assert_eq!(folder.json("admin queue --all --sandbox"), before);
    folder.jobs(&NOTE.replace("나왔어요!", "나왔습니다."));
    daemon.says("posts in the queue: 1 changed");
    let after = folder.json("admin queue --all --sandbox");
    assert_eq!(after[0]["content"]["body"]["text"], "겨울 신메뉴가 나왔습니다.");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}

#[test]
fn a_queue_with_posts_goes_on_when_the_job_files_do_not_load_at_start() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for notice");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    folder.write("jobs.yaml", ten_mistakes());
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for notice");
    daemon.warns("the job files do not load; the posts that are in the queue go out as planned");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}

#[test]
fn the_settings_are_read_with_the_same_care() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    folder.write("storyd.yaml", "data_dir: data\ntimeout: {publish: 10m}\n");
    let done = folder.run("run jobs.yaml");
    assert_eq!((done.code, done.stdout.as_str()), (Some(3), ""));
    assert!(
        done.stderr.contains("storyd.yaml:2:1") && done.stderr.contains("did you mean `timeouts`?"),
        "{}",
        done.stderr
    );
    let named = folder.run("--settings elsewhere.yaml check jobs.yaml");
    assert_eq!(named.code, Some(3));
    assert!(named.stderr.contains("elsewhere.yaml cannot be read: there is no such file"), "{}", named.stderr);
}

/// What a command printed on stderr, with its exit code.
fn told(folder: &Folder, line: &str) -> String {
    let done = folder.run(line);
    let code = done.code.map_or("none".into(), |code| code.to_string());
    format!("$ storyd {line}\n{}[{code}]\n\n", done.stderr)
}

/// A path as a pattern that matches only it.
fn regex_of(path: &Path) -> String {
    path.display().to_string().replace('.', r"\.")
}

#[test]
fn every_exit_code_comes_with_a_sentence_and_the_next_step() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    folder.write("broken.yaml", "version: 1\nzone: Asia/Seoul\njobs:\n");
    folder.write("foreign/queue.db", "hello, I am not a database of storyd");
    folder.write("unborn/queue.db", "");
    folder.write("a-file", "in the way");
    folder.write("storyd.yaml", "data_dir: data\n");
    let mut all = String::new();
    for line in [
        "admin queue",
        "admin queue --sandbox",
        "check jobs.yaml",
        "run",
        "run jobs.yaml --lgo info",
        "check broken.yaml",
        "run --sandbox missing.yaml",
        "--data-dir unborn admin queue",
        "--data-dir foreign admin queue",
        "--data-dir foreign run jobs.yaml",
        "--data-dir a-file run jobs.yaml",
        "account list",
        "account add-token cafe --access-token-file missing.txt",
        "account add-token Cafe! --access-token-file a-file",
        "account add-token cafe --access-token-file a-file --sandbox",
        "sandbox --listen 127.0.0.1:0 --ledger missing/ledger.jsonl",
        "sandbox --listen 127.0.0.1:0 --fault answer-lots",
    ] {
        all.push_str(&told(&folder, line));
    }
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for notice");
    for line in [
        "admin queue",
        "run --sandbox jobs.yaml",
        "admin show 99 --sandbox",
        "admin delete 99 --sandbox --yes",
        "admin delete AbCdEf.GhIjKlMnOp --sandbox --yes",
        "admin retry 1 99 --sandbox",
        "admin release 1 --sandbox",
        "admin resolve 1 --absent --sandbox",
        "admin resume --all --sandbox",
        "admin cancel 1 --sandbox",
        "admin cancel 1 --sandbox",
        "admin failures --fail --sandbox",
    ] {
        all.push_str(&told(&folder, line));
    }
    let here = regex_of(&folder.path(""));
    let filters = vec![
        (here.as_str(), "[folder]/"),
        (r"\(process \d+\)", "(process [pid])"),
        (r"valid names are [^\n]*", "valid names are […]"),
    ];
    insta::with_settings!({filters => filters}, {
        insta::assert_snapshot!("cli_exit_codes", all);
    });
}

#[test]
fn what_needs_a_person_ends_failures_with_6_and_names_the_next_step() {
    let folder = Folder::new();
    let emulator = folder.emulator("--fault code-401,calls=note --fault code-2,calls=link --account shop");
    folder.jobs(
        "a-late:\n  at: 2020-01-01 09:00\n  type: note\n  content: too late\n\
         b-held:\n  at: 2020-01-01 09:00\n  type: note\n  content: too late\n  late: {within: 1h, then: hold}\n\
         c-refused:\n  at: now\n  type: note\n  content: the account is turned away",
    );
    folder.hand_in_tokens();
    let daemon = folder.start("run");
    daemon.says("posts in the queue: 3 added");
    until(
        || format!("three troubles: {}", daemon.err()),
        || {
            let found = folder.json("admin failures");
            let count = |kind: &str| found[kind].as_array().unwrap().len();
            (count("posts") == 2 && count("accounts") == 1).then_some(())
        },
    );
    let done = folder.run("admin failures --fail");
    assert_eq!(done.code, Some(6));
    let filters = vec![(r"\d+ (d|years) ago", "[n] d ago")];
    insta::with_settings!({filters => filters}, {
        insta::assert_snapshot!("cli_failures_with_troubles", done.stdout);
    });
    assert_eq!(emulator.ledger(), Vec::<Value>::new());
}

#[test]
fn a_server_that_refuses_connections_is_named_and_the_post_waits() {
    let folder = Folder::new();
    let emulator = folder.emulator("");
    folder.hand_in_tokens();
    drop(emulator);
    folder.jobs("notice:\n  at: now\n  type: note\n  content: 라떼");
    let stored = folder.run("account add-token cafe --access-token-file secrets/access_token.txt");
    assert_eq!(stored.code, Some(0));
    assert!(stored.stderr.contains("stored without having been checked at http://127.0.0.1:"), "{}", stored.stderr);
    let daemon = folder.start("run");
    daemon.warns("attempt failed; tries again");
    assert_eq!(folder.json("admin queue")[0]["state"], "scheduled");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}

#[test]
fn a_token_that_is_refused_is_not_taken() {
    let folder = Folder::new();
    let _emulator = folder.emulator("");
    folder.write("secrets/wrong.txt", "not-a-token-of-anybody");
    let done = folder.run("account add-token cafe --access-token-file secrets/wrong.txt");
    assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""));
    assert!(done.stderr.contains("refuses the access token in secrets/wrong.txt"), "{}", done.stderr);
    assert_eq!(folder.json("account list")[0]["has_token"], false);
}

#[test]
fn an_account_without_tokens_is_named_at_the_start() {
    let folder = Folder::new();
    let _emulator = folder.emulator("");
    folder.jobs(NOTE);
    let daemon = folder.start("run");
    daemon.warns("storyd: account cafe has no tokens, so its posts wait; log it in with `storyd account login cafe`");
    daemon.says("waiting for notice");
}
