//! `storyd admin delete` with the real program: it asks, it can only look, and what it takes down is gone.

use kakao_sandbox::{Call, FaultName, FaultRule, Options};
use serde_json::Value;

use crate::support::process::{Emulator, Folder, Process, until};

/// A folder with two published notes, the sandbox, and the daemon that published them.
fn published() -> (Folder, Emulator, Process) {
    let folder = Folder::new();
    let emulator = folder.emulator("");
    folder.hand_in_tokens();
    folder.jobs(
        "one:\n  at: now\n  type: note\n  content: the first\ntwo:\n  at: now\n  type: note\n  content: the second",
    );
    let daemon = folder.start("run");
    daemon.says("published  one");
    daemon.says("published  two");
    (folder, emulator, daemon)
}

fn up(emulator: &Emulator) -> usize {
    emulator.ledger().iter().filter(|story| story["deleted_at"] == Value::Null).count()
}

#[test]
fn it_asks_first_and_a_dry_run_changes_nothing() {
    let (folder, emulator, _daemon) = published();
    let before = folder.json("admin show 1");
    let story = before["post"]["story_id"].as_str().unwrap();
    let look = folder.run("admin delete 1 --dry-run");
    assert_eq!(look.code, Some(0));
    assert!(look.stdout.contains(story), "{}", look.stdout);
    assert_eq!(look.stderr, "nothing was taken down; without --dry-run, 1 story would be\n");
    assert_eq!(folder.json("admin delete 1 2 --dry-run").as_array().unwrap().len(), 2);
    let refused = folder.run("admin delete 1");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
    assert!(refused.stderr.ends_with("add --yes when you are sure, or --dry-run to look\n"), "{}", refused.stderr);
    assert_eq!(folder.json("admin show 1"), before);
    assert_eq!((up(&emulator), emulator.requests("delete")), (2, 0));
}

#[test]
fn it_takes_stories_down_with_a_daemon_and_without() {
    let (folder, emulator, daemon) = published();
    let story = folder.json("admin show 1")["post"]["story_id"].as_str().unwrap().to_owned();
    let deleted = folder.ok("admin delete 1 --yes --reason typo");
    assert_eq!(deleted, format!("deleted   story {story} of post 1 on cafe\n"));
    assert_eq!(up(&emulator), 1);
    daemon.says("deleted");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));

    let other = folder.json("admin show 2")["post"]["story_id"].as_str().unwrap().to_owned();
    let deleted = folder.ok(&format!("admin delete {other} --yes"));
    assert_eq!(deleted, format!("deleted   story {other} of post 2 on cafe\n"));
    assert_eq!(up(&emulator), 0);
    let recorded = folder.json("admin stories");
    assert!(recorded.as_array().unwrap().iter().all(|story| story["deleted_at"].is_string()), "{recorded}");

    let again = folder.run("admin delete 1 --yes");
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""));
    assert_eq!(again.stderr, format!("story {story} of post 1 is deleted already\n"));
    assert_eq!(emulator.requests("delete"), 2);
    let history = folder.json("admin show 1")["events"].clone();
    assert!(history.as_array().unwrap().iter().any(|event| event["actor"] == "operator" && event["reason"] == "typo"));
}

#[test]
fn the_embedded_sandbox_takes_them_down_too_with_nothing_but_data_on_stdout() {
    let folder = Folder::new();
    folder.jobs("one:\n  at: now\n  type: note\n  content: the first");
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("published  one");
    daemon.signal("INT");
    assert_eq!(daemon.end().code, Some(0));
    let deleted = folder.json("admin delete 1 --yes --sandbox");
    assert!(deleted[0]["deleted_at"].is_string(), "{deleted}");
    assert_eq!(folder.json("admin show 1 --sandbox")["post"]["state"], "deleted");
}

#[test]
fn a_bulk_order_whose_command_and_daemon_are_killed_midway_is_carried_on_by_the_next_daemon() {
    let folder = Folder::new();
    let emulator = folder.emulator("");
    folder.hand_in_tokens();
    let wrong: String = (0..5)
        .map(|n| format!("wrong-{n}:\n  at: now\n  type: note\n  content: 틀린 값 {n}\n  tags: [wrong]\n"))
        .collect();
    folder.jobs(&format!("{wrong}right:\n  at: now\n  type: note\n  content: 맞는 값"));
    let daemon = folder.start("run");
    (0..5).for_each(|n| daemon.says(&format!("published  wrong-{n} ")));
    daemon.says("published  right ");
    let command = folder.start("admin delete --tag wrong --yes --every 2s --reason typo");
    until(|| "the first story to go".into(), || (up(&emulator) < 6).then_some(()));
    command.kill_9();
    daemon.kill_9();
    let left = up(&emulator);
    assert!(left > 1, "it was midway");
    // Whatever the record says is down is down.
    let deleted = |story: &&Value| story["deleted_at"].is_string();
    assert!(folder.json("admin stories").as_array().unwrap().iter().filter(deleted).count() <= 6 - left);
    let daemon = folder.start("run");
    until(
        || format!("the others to go: {}", daemon.out()),
        || (folder.json("admin stories").as_array().unwrap().iter().filter(deleted).count() == 5).then_some(()),
    );
    assert_eq!(up(&emulator), 1, "what nobody ordered stays");
    let stays = folder.json("admin stories --up");
    assert_eq!((stays.as_array().unwrap().len(), stays[0]["job"].as_str()), (1, Some("right")));
    assert_eq!(folder.ok("admin delete --tag wrong --yes"), "");
    folder.ok("admin check-db");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_due_while_another_account_is_served_is_not_left_behind() {
    let accounts = ["cafe", "shop"];
    let options = Options { accounts: accounts.map(str::to_owned).to_vec(), ..Options::default() };
    let sandbox = kakao_sandbox::start(options).await.unwrap();
    let (folder, url) = (Folder::new(), sandbox.url());
    folder.write(
        "storyd.yaml",
        format!(
            "data_dir: data\njobs: [jobs.yaml]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: off}}\n\
             accounts: {{cafe: {{rest_api_key: k}}, shop: {{rest_api_key: k}}}}\n"
        ),
    );
    for account in accounts {
        folder.write(&format!("secrets/{account}.txt"), sandbox.mint_tokens(account).unwrap().access_token);
        folder.ok(&format!("account add-token {account} --access-token-file secrets/{account}.txt"));
    }
    let jobs: String = (0..6)
        .map(|n| format!("n{n}:\n  at: now\n  account: {}\n  type: note\n  content: 글 {n}\n", accounts[n % 2]))
        .collect();
    folder.jobs(jobs.trim_end());
    let daemon = folder.start("run");
    (0..6).for_each(|n| daemon.says(&format!("published  n{n} ")));
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    // Each deletion there takes longer than the time until the next one is due.
    sandbox.set_faults(vec![FaultRule::new(FaultName::Delay).on(&[Call::Delete]).account("shop")]).unwrap();
    let done = folder.run("admin delete --all --yes --every 1s");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(folder.json("admin stories --up"), serde_json::json!([]));
}
