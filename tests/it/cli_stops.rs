//! The real program where something around it does not do its part: whoever reads its output, a plan without measure, a signal at a bad
//! moment. Nothing of that stops the posts or the end.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::process::{Emulator, Folder, until};

/// A folder with so many notes that are due, and a sandbox.
fn folder(notes: usize) -> (Folder, Emulator) {
    let folder = Folder::new();
    let emulator = folder.emulator("");
    folder.hand_in_tokens();
    let note = |n| format!("n{n}:\n  at: now\n  type: note\n  content: 글 {n}\n");
    folder.jobs(&(0..notes).map(note).collect::<String>());
    (folder, emulator)
}

/// Starts the program with streams that the test does as it likes with.
fn start(folder: &Folder, line: &str, change: impl FnOnce(&mut Command)) -> Child {
    let mut command = folder.storyd(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    change(&mut command);
    command.spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap().success());
}

fn end(mut child: Child) -> Option<i32> {
    until(|| "the end of the daemon".into(), || child.try_wait().unwrap()).code()
}

/// Posts in a state, asked for beside the daemon.
fn posts(folder: &Folder, state: &str) -> usize {
    folder.json(&format!("admin queue --state {state}")).as_array().unwrap().len()
}

#[test]
fn whoever_does_not_read_its_output_stops_no_post_and_no_end() {
    // Each note makes more than 300 bytes on either stream, and a pipe holds 64 KiB.
    const NOTES: usize = 700;
    for closed in [false, true] {
        let (folder, emulator) = folder(NOTES);
        let mut daemon = start(&folder, "run --json --log debug", |_| {});
        if closed {
            drop((daemon.stdout.take(), daemon.stderr.take()));
        }
        until(
            || format!("{} of {NOTES} stories", emulator.ledger().len()),
            || (emulator.ledger().len() == NOTES).then_some(()),
        );
        assert_eq!(posts(&folder, "published"), NOTES, "a program is given all of a list");
        signal(&daemon, "TERM");
        assert_eq!(end(daemon), Some(0), "closed: {closed}");
    }
}

#[test]
fn what_nobody_read_is_counted_once_somebody_reads_again() {
    use std::io::Read;
    let (folder, emulator) = folder(700);
    let mut daemon = start(&folder, "run --json", |_| {});
    until(|| "all stories".into(), || (emulator.ledger().len() == 700).then_some(()));
    let (mut stdout, mut stderr) = (daemon.stdout.take().unwrap(), daemon.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    signal(&daemon, "TERM");
    assert_eq!(end(daemon), Some(0));
    let (text, log) = (reader.join().unwrap(), log.join().unwrap());
    for line in text.lines().chain(log.lines()) {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    let events = |name: &str| -> Vec<Value> {
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|event| event["event"] == name).collect()
    };
    let dropped: u64 = events("lines_dropped").iter().map(|event| event["lines"].as_u64().unwrap()).sum();
    // What was dropped may have been of other events too.
    let told = events("published").len() as u64;
    assert!(told + dropped >= 700, "{told} told, {dropped} dropped");
}

/// Settings and jobs of which the patterns make very many posts.
fn large(folder: &Folder, jobs: usize) {
    let settings = std::fs::read_to_string(folder.path("storyd.yaml")).unwrap();
    folder.write("storyd.yaml", format!("{settings}max_planned: 100000000\n"));
    let job = |n| format!("n{n}:\n  cron: \"* * * * *\"\n  type: note\n  content: 글 {n}\n");
    folder.jobs(&(0..jobs).map(job).collect::<String>());
}

#[test]
fn told_to_stop_while_the_first_plan_is_enqueued_it_stops_and_goes_on_at_the_next_start() {
    let folder = Folder::new();
    let _emulator = folder.emulator("");
    folder.hand_in_tokens();
    large(&folder, 20);
    // Nothing of it may go out meanwhile.
    let count = || {
        let done = folder.run("admin queue --state scheduled --limit 1 --json");
        done.code == Some(0) && done.stdout.contains("\"post\"")
    };
    let daemon = start(&folder, "run", |command| {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    });
    until(|| "the first posts".into(), || count().then_some(()));
    signal(&daemon, "TERM");
    assert_eq!(end(daemon), Some(0));
    let first = scheduled(&folder);
    assert!((1..20 * 50_000).contains(&first), "{first} posts");

    // It goes on where it stopped; twice told, it ends at once.
    let daemon = start(&folder, "run", |command| {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    });
    until(|| format!("more than {first} posts"), || (scheduled(&folder) > first + 1_000).then_some(()));
    signal(&daemon, "TERM");
    signal(&daemon, "TERM");
    assert!(matches!(end(daemon), Some(0 | 1)));
    // Each job is whole up to where it has got: no minute is missing in between.
    let gaps = sql(
        &folder,
        "SELECT count(*) FROM (SELECT nominal_at - lag(nominal_at) OVER (PARTITION BY job ORDER BY nominal_at) AS gap FROM post) WHERE gap <> 60000000",
    );
    assert_eq!(gaps, 0);
}

fn scheduled(folder: &Folder) -> i64 {
    sql(folder, "SELECT count(*) FROM post")
}

fn sql(folder: &Folder, sql: &'static str) -> i64 {
    use sqlx::Connection;
    let database = format!("sqlite:{}?mode=ro", folder.path("data/queue.db").display());
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut queue = sqlx::SqliteConnection::connect(&database).await.unwrap();
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut queue).await.unwrap();
        queue.close().await.unwrap();
        count
    })
}

#[test]
fn a_slip_in_the_five_stars_is_not_put_in_force() {
    let folder = Folder::new();
    let _emulator = folder.emulator("");
    folder.hand_in_tokens();
    folder.jobs("slip:\n  cron: \"* * * * *\"\n  type: note\n  content: 글\n");
    let refused = folder.run("check");
    assert_eq!(refused.code, Some(3), "{}", refused.stdout);
    for words in
        ["error[E038]: job `slip` makes more than 20000 posts within 35 days", "max_planned: NUMBER", "0 9 * * *"]
    {
        assert!(refused.stdout.contains(words), "{words}: {}", refused.stdout);
    }
    for line in ["run", "plan"] {
        let refused = folder.run(line);
        assert_eq!(refused.code, Some(3), "{line}: {}", refused.stderr);
        assert!(refused.stderr.contains("E038"), "{line}: {}", refused.stderr);
    }

    // Of a daemon that runs, the plan before it stays, and the same words tell why.
    folder.jobs("good:\n  at: 2099-12-01 09:00\n  type: note\n  content: 글\n");
    let daemon = folder.start("run");
    daemon.says("1 added");
    folder.jobs("slip:\n  cron: \"* * * * *\"\n  type: note\n  content: 글\n");
    daemon.warns("error[E038]");
    assert_eq!(folder.json("admin queue").as_array().unwrap().len(), 1);
    folder.write(
        "storyd.yaml",
        format!("{}max_planned: 60000\n", std::fs::read_to_string(folder.path("storyd.yaml")).unwrap()),
    );
    let warned = folder.run("check");
    assert_eq!(warned.code, Some(0), "{}", warned.stdout);
    assert!(warned.stdout.contains("warning[W037]: job `slip` makes 1440 posts for `cafe` on "), "{}", warned.stdout);
}
