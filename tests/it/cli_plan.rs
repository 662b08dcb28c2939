//! `storyd plan` with the real program: with and without a queue, beside a daemon, and between two versions of the files.

use std::process::Command;

use serde_json::Value;

use crate::support::process::{Folder, until};

const NOTE: &str = "notice:\n  at: 2098-12-01 09:00\n  type: note\n  content: 겨울 신메뉴가 나왔어요!";

/// Runs git in the folder, knowing nothing of this machine's own settings.
fn git(folder: &Folder, line: &str) {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder.path("")).args(["-c", "user.name=Team", "-c", "user.email=team@example.com"]);
    command.args(["-c", "init.defaultBranch=main"]).args(line.split_whitespace());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let done = command.output().unwrap();
    assert!(done.status.success(), "git {line}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn without_a_queue_everything_is_new_and_nothing_is_made() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    let done = folder.run("plan --sandbox jobs.yaml");
    assert_eq!(done.code, Some(10), "{done:?}");
    assert!(
        done.stdout.starts_with("1 job in 1 file: 1 added\n\n+ notice  Mon 2098-12-01 09:00 KST  cafe  note\n"),
        "{}",
        done.stdout
    );
    assert!(done.stderr.contains("there is no queue in .storyd-sandbox yet"), "{}", done.stderr);
    assert!(!folder.path(".storyd-sandbox").exists());
}

#[test]
fn beside_a_daemon_the_plan_tells_an_edit_before_it_is_made() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for notice");
    let same = folder.run("plan --sandbox jobs.yaml");
    assert_eq!((same.code, same.stderr.as_str()), (Some(0), ""), "{}", same.stdout);
    assert!(same.stdout.starts_with("1 job in 1 file: no changes\n"), "{}", same.stdout);
    // The edit lies elsewhere, as the branch of a pull request does.
    let jobs = std::fs::read_to_string(folder.path("jobs.yaml")).unwrap();
    folder.write("branch.yaml", jobs.replace("나왔어요!", "나왔습니다."));
    let edited = folder.run("plan --sandbox branch.yaml");
    assert_eq!(edited.code, Some(10));
    let expected = "~ notice  Mon 2098-12-01 09:00 KST  cafe  note\n    text\n      - 겨울 신메뉴가 나왔어요!\n      + 겨울 신메뉴가 나왔습니다.\n";
    assert!(edited.stdout.contains(expected), "{}", edited.stdout);
    let json: Value = serde_json::from_str(&folder.run("plan --sandbox branch.yaml --json").stdout).unwrap();
    assert_eq!((&json["changes"][0]["kind"], &json["changes"][0]["parts"][0]), (&"changed".into(), &"content".into()));
    assert_eq!(folder.json("admin queue --sandbox")[0]["content"]["body"]["text"], "겨울 신메뉴가 나왔어요!");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}

#[test]
fn two_versions_are_compared_without_a_queue() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    git(&folder, "init -q");
    git(&folder, "add jobs.yaml");
    git(&folder, "commit -q -m first");
    let same = folder.run("plan jobs.yaml --against HEAD");
    assert_eq!(same.code, Some(0), "{same:?}");
    folder.jobs(&NOTE.replace("09:00", "10:30"));
    let moved = folder.run("plan jobs.yaml --against HEAD");
    assert_eq!(moved.code, Some(10));
    assert!(moved.stdout.contains("1 moved\nagainst HEAD ("), "{}", moved.stdout);
    let comment = folder.run("plan jobs.yaml --against HEAD --markdown");
    assert!(
        comment.stdout.starts_with("### storyd plan\n\n1 job in 1 file: 1 moved\nagainst HEAD"),
        "{}",
        comment.stdout
    );
    assert!(comment.stdout.contains("```diff\n~ notice  Mon 2098-12-01 10:30 KST"), "{}", comment.stdout);
    // The checkout is as it was: nothing staged, the edit still there.
    let staged =
        Command::new("git").arg("-C").arg(folder.path("")).args(["diff", "--cached", "--quiet"]).status().unwrap();
    assert!(staged.success());
    assert!(std::fs::read_to_string(folder.path("jobs.yaml")).unwrap().contains("10:30"));

    folder.write("old.yaml", "version: 1\nzone: Asia/Seoul\njobs: {}\n");
    let added = folder.run("plan jobs.yaml --against old.yaml --json");
    let json: Value = serde_json::from_str(&added.stdout).unwrap();
    assert_eq!(
        (added.code, &json["against"], &json["changes"][0]["kind"]),
        (Some(10), &"old.yaml".into(), &"added".into())
    );
    assert_eq!(json["commit"].as_str().map(str::len), Some(40));

    let unknown = folder.run("plan jobs.yaml --against nowhere");
    assert_eq!(unknown.code, Some(4));
    assert!(unknown.stderr.contains("nowhere is neither a file nor a revision of "), "{}", unknown.stderr);
    folder.write("broken.yaml", "version: 1\njobs:\n");
    let broken = folder.run("plan jobs.yaml --against broken.yaml");
    assert_eq!(broken.code, Some(3));
    assert!(broken.stderr.contains("so nothing can be compared with them"), "{}", broken.stderr);
}

#[test]
fn outside_of_a_checkout_a_revision_means_nothing() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    let done = folder.run("plan jobs.yaml --against main");
    assert_eq!((done.code, done.stdout.as_str()), (Some(4), ""));
    assert!(done.stderr.contains("lies in no git checkout"), "{}", done.stderr);
}

#[test]
fn job_files_that_do_not_load_are_told_beside_the_queue_until_they_do() {
    let folder = Folder::new();
    folder.jobs(NOTE);
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for notice");
    let good = std::fs::read_to_string(folder.path("jobs.yaml")).unwrap();
    folder.write("jobs.yaml", good.replace("type: note", "type: memo"));
    daemon.warns("the job files do not load");
    let failures = until(
        || "the trouble among the failures".into(),
        || Some(folder.run("admin failures --sandbox --fail")).filter(|done| done.code == Some(6)),
    );
    assert!(failures.stdout.starts_with("the job files do not load, since "), "{}", failures.stdout);
    assert!(failures.stdout.contains("jobs.yaml:7:11: `type` cannot be `memo`"), "{}", failures.stdout);
    assert!(failures.stdout.contains("\n  → storyd check --sandbox\n"), "{}", failures.stdout);
    let queue = folder.run("admin queue --sandbox");
    assert!(queue.stdout.contains("notice"), "what was planned goes on: {}", queue.stdout);
    assert!(queue.stderr.contains("the job files do not load: "), "{}", queue.stderr);
    folder.write("jobs.yaml", good);
    daemon.says("job files read again");
    until(
        || "the end of the trouble".into(),
        || (folder.run("admin failures --sandbox --fail").code == Some(0)).then_some(()),
    );
    assert!(!folder.run("admin queue --sandbox").stderr.contains("do not load"));
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}

#[test]
fn the_plan_shows_what_the_queue_will_do() {
    let folder = Folder::new();
    let daily = |name: &str, tags: &str| {
        format!("{name}:\n  cron: '0 9 * * *'\n  type: note\n  content: '{{{{ date }}}} {name}'\n  tags: [{tags}]\n")
    };
    let jobs = format!("{}{}{}", daily("moved", ""), daily("stopped", "세일"), daily("plain", ""));
    folder.jobs(&jobs);
    let daemon = folder.start("run --sandbox jobs.yaml");
    daemon.says("waiting for ");
    let plan = || -> Value {
        let done = folder.run("plan --sandbox jobs.yaml --days 20 --json");
        serde_json::from_str(&done.stdout).unwrap()
    };
    folder.ok("admin post --sandbox 손으로 --name by-hand --at +2h");
    let first = folder.json("admin queue --sandbox --job moved")[0]["post"].to_string();
    folder.ok(&format!("admin reschedule --sandbox {first} --to +10d"));
    folder.ok("admin pause --sandbox --tag 세일");
    let json = plan();
    let of = |job: &str| -> Vec<&Value> {
        json["coming"].as_array().unwrap().iter().filter(|one| one["job"] == job).collect()
    };
    assert_eq!(json["changes"], serde_json::json!([]));
    assert_eq!(of("@by-hand").len(), 1, "{json:#}");
    assert_eq!(of("@by-hand")[0]["notes"], serde_json::json!(["posted by hand"]));
    assert!(of("stopped").iter().all(|one| one["notes"] == serde_json::json!(["paused"])), "{json:#}");
    assert!(of("plain").iter().all(|one| one["notes"] == serde_json::json!([])), "{json:#}");
    let number: Value = first.parse::<i64>().unwrap().into();
    let moved: Vec<&Value> = of("moved").into_iter().filter(|one| one["post"] == number).collect();
    assert!(moved[0]["notes"][0].as_str().unwrap().starts_with("not at "), "{moved:#?}");
    assert!(moved[0]["at"].as_str() > moved[0]["occurs_at"].as_str(), "{moved:#?}");
    let times: Vec<&str> = json["coming"].as_array().unwrap().iter().map(|one| one["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    // What is new is held back by the pause as well.
    folder.jobs(&format!("{jobs}{}", daily("new", "세일")));
    let text = folder.run("plan --sandbox jobs.yaml").stdout;
    assert!(text.contains("new (paused)") && text.contains("stopped (paused)"), "{text}");
    assert!(text.contains("\n  TIME ") && text.contains("LENGTH"), "{text}");
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}

#[test]
fn paths_are_told_from_the_folder_of_the_command_and_images_by_their_names() {
    let folder = Folder::new();
    folder.jobs("photo:\n  at: 2098-12-01 09:00\n  type: photo\n  images: [latte.png]\n  content: '메뉴&nbsp;'");
    std::fs::copy("examples/images/winter-cup.png", folder.path("latte.png")).unwrap();
    let here = folder.path("").display().to_string();
    for line in [format!("plan --sandbox {here}"), format!("plan --sandbox {here} --markdown")] {
        let done = folder.run(&line);
        assert!(done.stdout.contains("[latte.png] 메뉴"), "{done:#?}");
        assert!(done.stdout.contains("jobs.yaml:") && !done.stdout.contains(&here), "{done:#?}");
    }
}
