//! The real program on a machine that does not do its part: a disk that is full, that fails, that is taken away or lets itself not be
//! written; and what a stop leaves behind. A sandbox in a process of its own says what really exists.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::process::{Emulator, Folder, Process, own_mounts, until};

pub(crate) const NOTE: &str = "notice:\n  at: now\n  type: note\n  content: 겨울 신메뉴가 나왔어요!";

pub(crate) fn folder_with(fault: &str) -> (Folder, Emulator) {
    let folder = Folder::new();
    let fault = if fault.is_empty() { String::new() } else { format!("--fault {fault}") };
    let emulator = folder.emulator(&fault);
    folder.hand_in_tokens();
    folder.jobs(NOTE);
    (folder, emulator)
}

/// The usual job and so many more that wait, each with a text of its own.
pub(crate) fn many(count: usize) -> String {
    let text = "가".repeat(300);
    (0..count).fold(format!("{NOTE}\n"), |mut jobs, n| {
        writeln!(jobs, "job-{n}:\n  at: 2090-01-01 09:00\n  type: note\n  content: {text} {n}").unwrap();
        jobs
    })
}

/// The text of every story that exists, once each.
pub(crate) fn stories(emulator: &Emulator) -> Vec<String> {
    let mut texts: Vec<String> = emulator.ledger().iter().map(|story| story["content"].to_string()).collect();
    let all = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), all, "posted twice: {texts:?}");
    texts
}

pub(crate) fn settings(folder: &Folder, more: &str) {
    let text = std::fs::read_to_string(folder.path("storyd.yaml")).unwrap();
    folder.write("storyd.yaml", format!("{text}{more}\n"));
}

pub(crate) fn stops_cleanly(folder: &Folder, daemon: Process) -> String {
    daemon.signal("TERM");
    let done = daemon.end();
    assert_eq!(done.code, Some(0), "{done:?}");
    for name in ["queue.db-wal", "queue.db-shm"] {
        assert!(!folder.path("data").join(name).exists(), "{name} is left");
    }
    done.stderr
}

#[test]
fn a_clean_stop_leaves_one_file() {
    let (folder, emulator) = folder_with("");
    let daemon = folder.start("run");
    daemon.says("published  notice");
    stops_cleanly(&folder, daemon);
    let daemon = folder.start("run");
    daemon.says("waiting");
    assert_eq!(stops_cleanly(&folder, daemon), "");
    assert_eq!(stories(&emulator).len(), 1);
}

#[test]
fn a_token_server_that_hangs_holds_nothing_up() {
    let (folder, emulator) = folder_with("hang-before-effect,calls=token");
    let file = folder.path("data/tokens/cafe.json");
    let mut tokens: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(tokens["obtained_at"].is_string(), "{tokens}");
    tokens["obtained_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&file, tokens.to_string()).unwrap();
    let daemon = folder.start("run");
    emulator.is_asked("token");
    daemon.says("published  notice");
    stops_cleanly(&folder, daemon);
}

#[test]
fn told_to_stop_during_a_publish_that_hangs_it_waits_for_its_limit_and_leaves_a_doubt() {
    let (folder, emulator) = folder_with("hang-after-effect,count=1,calls=note");
    settings(&folder, "timeouts: {connect: 1s, publish: 2s}");
    let daemon = folder.start("run");
    emulator.is_asked("note");
    stops_cleanly(&folder, daemon);
    assert_eq!(folder.json("admin queue --all")[0]["state"], "in_doubt");
    let daemon = folder.start("run");
    daemon.says("published  notice");
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (1, 1));
}

#[test]
fn killed_while_it_starts_it_starts_again_and_posts_once() {
    // Through the lock, the migration, the ballast and the first enqueueing.
    let log_has = |bytes: u64| {
        move |folder: &Folder, _: &Process| {
            folder.path("data/queue.db-wal").metadata().is_ok_and(|meta| meta.len() >= bytes)
        }
    };
    let there = |name: &'static str| move |folder: &Folder, _: &Process| folder.path(name).exists();
    type Instant = Box<dyn Fn(&Folder, &Process) -> bool>;
    let instants: [Instant; 8] = [
        Box::new(|_, _| true),
        Box::new(there("data/storyd.lock")),
        Box::new(there("data/queue.db")),
        Box::new(log_has(1)),
        Box::new(log_has(60_000)),
        Box::new(log_has(120_000)),
        Box::new(there("data/ballast")),
        Box::new(|_, daemon| daemon.out().contains("1 job in 1 file")),
    ];
    for (n, instant) in instants.iter().enumerate() {
        let (folder, emulator) = folder_with("");
        // Once with an empty folder, and once with what that left.
        for round in 0..2 {
            let mut daemon = folder.start("run");
            until(
                || format!("instant {n} of start {round}"),
                || (instant(&folder, &daemon) || daemon.is_over()).then_some(()),
            );
            daemon.kill_9();
        }
        let daemon = folder.start("run");
        daemon.says("1 job in 1 file");
        // The last instant may be that of the request itself. A request that never arrived is only known to be lost once the
        // quarantine has ended, and no quarantine is shorter than a minute.
        let state = until(
            || format!("the story: {}{}", daemon.out(), daemon.err()),
            || {
                let state = folder.json("admin queue --all")[0]["state"].clone();
                (state == "published" || state == "in_doubt" && emulator.requests("note") == 0).then_some(state)
            },
        );
        if state == "published" {
            assert_eq!((stories(&emulator).len(), emulator.requests("note")), (1, 1), "instant {n}");
        }
        stops_cleanly(&folder, daemon);
        assert_eq!(folder.json("admin queue --all")[0]["state"], state, "instant {n}");
    }
}

#[test]
fn a_disk_that_fails_ends_the_work_at_once_and_the_next_start_settles_it() {
    let (folder, emulator) = folder_with("hang-after-effect,count=1,calls=note");
    // A ballast that such a file can hold: what the system refuses is a write of the queue.
    settings(&folder, "ballast: 64 KiB");
    // A file may not grow beyond some hundred kilobytes: SQLite meets a write that the system refuses.
    let daemon = folder.start_after(None, "trap '' XFSZ; ulimit -f 1000", "run");
    emulator.is_asked("note");
    folder.jobs(&many(600));
    let done = daemon.end();
    assert_eq!(done.code, Some(9), "{done:?}");
    let told = done.stderr.lines().last().unwrap_or_default();
    assert!(told.contains("queue.db could not be written") && told.contains("dmesg"), "{told}");
    assert_eq!(emulator.requests("note"), 1);
    let daemon = folder.start("run");
    daemon.says("published  notice");
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (1, 1));
}

#[test]
fn a_data_folder_that_is_taken_away_ends_the_work_before_anything_more_is_sent() {
    let (folder, emulator) = folder_with("");
    let daemon = folder.start("run");
    daemon.says("published  notice");
    std::fs::rename(folder.path("data"), folder.path("away")).unwrap();
    folder.jobs(&format!("{NOTE}\nsecond:\n  at: now\n  type: note\n  content: 둘째"));
    let done = daemon.end();
    assert_eq!(done.code, Some(8), "{done:?}");
    let told = done.stderr.lines().last().unwrap_or_default();
    assert!(told.contains("was moved or removed while storyd worked"), "{told}");
    assert_eq!(emulator.requests("note"), 1);
    std::fs::rename(folder.path("away"), folder.path("data")).unwrap();
    let daemon = folder.start("run");
    daemon.says("published  second");
    assert_eq!(stories(&emulator).len(), 2);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let (folder, _emulator) = folder_with("");
    // Root may write everywhere but on a read-only mount; where nothing can be mounted, nobody is root.
    let before = if own_mounts().is_some() { "mount -t tmpfs -o ro storyd data" } else { "chmod 500 data" };
    let done = folder.start_after(own_mounts(), before, "run").end();
    // It may be another folder tomorrow: the one that is mounted there.
    assert_eq!(done.code, Some(9), "{done:?}");
    let lock = folder.path("data/storyd.lock");
    assert!(done.stderr.contains(&lock.display().to_string()), "{}", done.stderr);
    assert!(done.stderr.contains("belongs to the user that runs storyd"), "{}", done.stderr);
}

/// On a real file system of a few megabytes, where the machine lets a program have one of its own. `cli_faults` tells the same story
/// everywhere.
#[test]
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
fn on_a_file_system_that_is_full_what_was_sent_is_recorded_nothing_is_claimed_and_room_lets_it_go_on() {
    let Some(mounts) = own_mounts() else {
        println!(
            "not tried: this machine lets no program mount a file system; `cli_faults` makes the calls fail instead"
        );
        return;
    };
    let (folder, emulator) = folder_with("delay,count=1,calls=note,after=8s");
    settings(&folder, "ballast: 1 MiB");
    let before = "cp -a data kept && mount -t tmpfs -o size=6m storyd data && cp -a kept/. data/";
    let daemon = folder.start_after(Some(mounts), before, "run");
    emulator.is_asked("note");
    until(|| "the ballast".into(), || daemon.beside(&folder, "test -s data/ballast").then_some(()));
    assert!(!daemon.beside(&folder, "cat /dev/zero > data/others"), "the disk is full");
    let second = "second:\n  at: now\n  type: note\n  content: 둘째";
    folder.jobs(&format!("{}\n{second}", many(300)));
    daemon.says("the disk is full: nothing is posted until there is room for");
    daemon.says("published  notice");
    assert_eq!(emulator.requests("note"), 1, "nothing is claimed");
    let program = assert_cmd::cargo::cargo_bin!("storyd").display().to_string();
    assert!(daemon.beside(&folder, &format!("{program} admin queue 2>&1 | grep -q \"disk is full\"")));
    assert!(daemon.beside(&folder, &format!("{program} admin failures --fail > /dev/null; test $? = 6")));
    assert!(daemon.beside(&folder, "rm data/others"));
    daemon.says("there is room on the disk again; the work goes on");
    daemon.says("published  second");
    assert!(daemon.beside(&folder, "test -s data/ballast"));
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (2, 2));
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
}
