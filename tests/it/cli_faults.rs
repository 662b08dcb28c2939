//! The real program on a machine in the test's hand, on every Linux and without any rights: its disk fills while it works and before it
//! starts, its clock is set both ways, its job file takes long to be read, and its power goes at each sync of a start that has rows to
//! settle.

#![cfg(target_os = "linux")]

use std::time::Duration;

use jiff::Unit;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use storyd::domain::clock::{Clock, later};

use crate::cli_machine::{NOTE, folder_with, many, settings, stops_cleanly, stories};
use crate::support::machine::Machine;
use crate::support::process::{Emulator, Folder, Process, until};

const FULL: &str = "the disk is full: nothing is posted until there is room for";
const ROOM_AGAIN: &str = "there is room on the disk again; the work goes on";
const SECOND: &str = "second:\n  at: now\n  type: note\n  content: 둘째";

fn ballast(folder: &Folder) -> u64 {
    folder.path("data/ballast").metadata().map_or(0, |meta| meta.len())
}

/// Runs a line of shell in the folder.
fn shell(folder: &Folder, line: &str) {
    assert_eq!(folder.start_after(None, line, "--version").end().code, Some(0), "{line}");
}

/// A daemon whose request for the first note is out, and whose ballast is whole.
fn at_work(folder: &Folder, emulator: &Emulator, machine: &Machine<'_>) -> Process {
    let daemon = machine.start("run");
    emulator.is_asked("note");
    until(|| "the ballast".into(), || (ballast(folder) == 1 << 20).then_some(()));
    daemon
}

#[test]
fn on_a_full_disk_what_was_sent_is_recorded_nothing_is_claimed_and_room_lets_it_go_on() {
    let (folder, emulator) = folder_with("delay,count=1,calls=note,after=8s");
    settings(&folder, "ballast: 1 MiB");
    let machine = Machine::of(&folder);
    let daemon = at_work(&folder, &emulator, &machine);
    machine.fills_its_disk();
    folder.jobs(&format!("{}\n{SECOND}", many(300)));
    daemon.says(FULL);
    daemon.says("published  notice");
    assert_eq!(emulator.requests("note"), 1, "nothing is claimed");
    // It is tried for now and then whether there is room again.
    until(|| "the ballast to be given up".into(), || (ballast(&folder) == 0).then_some(()));
    let queue = folder.run("admin queue");
    assert!(format!("{}{}", queue.stdout, queue.stderr).contains("disk is full"), "{queue:?}");
    assert_eq!(folder.run("admin failures --fail").code, Some(6));
    machine.has_room();
    daemon.says(ROOM_AGAIN);
    daemon.says("published  second");
    assert_eq!((stories(&emulator).len(), emulator.requests("note"), ballast(&folder)), (2, 2, 1 << 20));
    stops_cleanly(&folder, daemon);
}

#[test]
fn started_on_a_full_disk_it_sends_nothing_and_settles_what_was_under_way_once_there_is_room() {
    let (folder, emulator) = folder_with("hang-after-effect,count=1,calls=note");
    settings(&folder, "ballast: 1 MiB");
    let machine = Machine::of(&folder);
    let daemon = at_work(&folder, &emulator, &machine);
    daemon.kill_9();
    folder.jobs(&format!("{NOTE}\n{SECOND}"));
    // Not even the room of the ballast: somebody else has taken it.
    std::fs::write(folder.path("data/ballast"), "").unwrap();
    machine.fills_its_disk();
    let daemon = machine.start("run");
    daemon.says(FULL);
    assert_eq!(folder.json("admin queue --all")[0]["state"], "publishing", "the sweep waits for room as well");
    assert_eq!((emulator.requests("note"), emulator.requests("mystories")), (1, 0));
    machine.has_room();
    daemon.says(ROOM_AGAIN);
    daemon.says("published  second");
    daemon.says("published  notice");
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (2, 2));
    stops_cleanly(&folder, daemon);
}

#[test]
fn a_disk_that_becomes_full_at_any_write_of_a_start_makes_the_daemon_wait_not_end() {
    let (folder, emulator) = folder_with("hang-after-effect,count=1,calls=note");
    settings(&folder, "ballast: 1 MiB");
    let machine = Machine::of(&folder);
    let daemon = at_work(&folder, &emulator, &machine);
    daemon.kill_9();
    fold_the_log(&folder);
    shell(&folder, "cp -a data kept");
    // The log grows by one page with its header at each write, once there was room for its index, of eight pages. The ballast is
    // whole: nobody knows yet that the disk is full.
    for (waited, pages) in (7..).enumerate() {
        shell(&folder, "rm -rf data && cp -a kept data");
        machine.leaves_room_for(pages * 4120);
        let mut daemon = machine.start("run");
        let is_full = until(
            || format!("the daemon to wait, or its story; room for {pages} pages"),
            || {
                let (out, over) = (daemon.out(), daemon.is_over());
                assert!(!over, "with room for {pages} pages it ended: {out}");
                let is_full = out.contains(FULL);
                (is_full || out.contains("published  notice")).then_some(is_full)
            },
        );
        machine.has_room();
        if !is_full {
            assert!(waited > 3, "a start writes more than {waited} pages");
            stops_cleanly(&folder, daemon);
            assert_eq!((stories(&emulator).len(), emulator.requests("note")), (1, 1));
            return;
        }
        daemon.kill_9();
        assert_eq!(emulator.requests("note"), 1, "room for {pages} pages");
    }
}

#[test]
fn started_on_a_full_disk_with_a_log_that_is_not_folded_it_waits_as_well() {
    let (folder, emulator) = folder_with("");
    settings(&folder, "ballast: 1 MiB");
    let machine = Machine::of(&folder);
    let daemon = machine.start("run");
    daemon.says("published  notice");
    stops_cleanly(&folder, daemon);
    leave_a_log(&folder);
    std::fs::write(folder.path("data/ballast"), "").unwrap();
    machine.fills_its_disk();
    folder.jobs(&format!("{NOTE}\n{SECOND}"));
    let daemon = machine.start("run");
    daemon.says(FULL);
    machine.has_room();
    daemon.says("published  second");
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (2, 2));
    stops_cleanly(&folder, daemon);
}

/// As a power cut does: the last commit stands in the log alone.
fn leave_a_log(folder: &Folder) {
    let queue = SqliteConnectOptions::new().filename(folder.path("data/queue.db"));
    let commit = async {
        let mut connection = queue.connect().await.unwrap();
        sqlx::raw_sql("UPDATE account SET next_late_at = 1").execute(&mut connection).await.unwrap();
        shell(folder, "cp -a data kept");
        connection.close().await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(commit);
    std::fs::remove_dir_all(folder.path("data")).unwrap();
    std::fs::rename(folder.path("kept"), folder.path("data")).unwrap();
    assert!(folder.path("data/queue.db-wal").metadata().unwrap().len() > 4_096);
}

/// As a clean stop does: what is written next takes room of its own.
fn fold_the_log(folder: &Folder) {
    let queue = SqliteConnectOptions::new().filename(folder.path("data/queue.db"));
    let fold = async {
        let mut connection = queue.connect().await.unwrap();
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    tokio::runtime::Runtime::new().unwrap().block_on(fold);
}

/// A note that is due an hour from now.
fn in_an_hour() -> String {
    let at = later(Clock::system().now(), Duration::from_secs(3600)).round(Unit::Second).unwrap();
    format!("later:\n  at: {at}\n  type: note\n  content: 나중에")
}

#[test]
fn a_clock_that_jumps_ahead_is_in_doubt_until_it_is_right_or_a_person_says_that_it_is() {
    let (folder, emulator) = folder_with("");
    let later = in_an_hour();
    folder.jobs(&later);
    let machine = Machine::of(&folder);
    let daemon = machine.start("run");
    daemon.says("waiting for later");
    machine.is_ahead(3700);
    // Any sign of life makes it look; by itself it does so twice a minute.
    folder.jobs(&format!("{later}\n{NOTE}"));
    daemon.says("clock jumped ahead by 1 h");
    daemon.says("the clock is in doubt: this machine's clock is 1 h 2 min ahead of Kakao's");
    assert_eq!((emulator.requests("note"), folder.json("admin queue").as_array().unwrap().len()), (0, 1));
    let shown = folder.json("admin clock");
    assert!(shown["doubt"].as_str().unwrap().contains("admin clock --confirm"), "{shown}");
    machine.is_ahead(0);
    daemon.says("the clock is believed again");
    daemon.says("published  notice");
    assert_eq!(emulator.requests("note"), 1, "the other one waits for its time");
    machine.is_ahead(3700);
    folder.jobs(&format!("{later}\n{NOTE}\n{SECOND}"));
    until(
        || format!("a second doubt: {}", daemon.out()),
        || (daemon.out().matches("the clock is in doubt").count() == 2).then_some(()),
    );
    let word = machine.start("admin clock --confirm");
    word.says("it is taken to be right as it stands");
    daemon.says("published  later");
    daemon.says("published  second");
    assert_eq!(emulator.requests("note"), 3);
    stops_cleanly(&folder, daemon);
}

#[test]
fn a_start_by_a_clock_that_is_wrong_by_minutes_or_years_changes_nothing() {
    for ahead in [-315_619_200, -86_400, 600, 5_184_000, 315_619_200] {
        let (folder, emulator) = folder_with("");
        folder.jobs(NOTE);
        let machine = Machine::of(&folder);
        machine.is_ahead(ahead);
        let daemon = machine.start("run");
        daemon.says("the clock is in doubt");
        assert!(folder.json("admin queue --all").as_array().unwrap().is_empty(), "{ahead} s");
        daemon.kill_9();
        // Nor does the next one.
        let daemon = machine.start("run");
        daemon.says("the clock is in doubt");
        assert_eq!(emulator.requests("note"), 0, "{ahead} s");
        machine.is_ahead(0);
        daemon.says("published  notice");
        stops_cleanly(&folder, daemon);
    }
}

#[test]
fn a_post_that_falls_due_while_the_job_files_are_read_is_not_late_for_it() {
    let (folder, emulator) = folder_with("");
    let at = later(Clock::system().now(), Duration::from_secs(8)).round(Unit::Second).unwrap();
    let soon = format!("later:\n  at: {at}\n  type: note\n  content: 나중에");
    folder.jobs(&soon);
    let machine = Machine::of(&folder);
    let daemon = machine.start("run");
    daemon.says("waiting for later");
    machine.holds_up_its_job_file();
    folder.jobs(&format!("{soon}\n{NOTE}"));
    until(|| "the job file to be read".into(), || machine.has_held_up().then_some(()));
    daemon.says("published  later");
    assert_eq!(emulator.requests("note"), 1, "the other one is not known yet");
    machine.lets_go();
    daemon.says("published  notice");
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (2, 2));
    stops_cleanly(&folder, daemon);
}

#[test]
fn a_clock_that_jumps_back_is_noticed_and_nothing_goes_out_before_its_time() {
    let (folder, emulator) = folder_with("");
    let later = in_an_hour();
    folder.jobs(&later);
    let machine = Machine::of(&folder);
    let daemon = machine.start("run");
    daemon.says("waiting for later");
    machine.is_ahead(-86_400);
    folder.jobs(&format!("{later}\n{NOTE}"));
    daemon.says("clock jumped back by");
    daemon.says("the clock is in doubt");
    assert_eq!(emulator.requests("note"), 0);
    machine.is_ahead(0);
    daemon.says("published  notice");
    assert_eq!(folder.json("admin queue")[0]["state"], "scheduled");
    assert_eq!(emulator.requests("note"), 1, "the other one waits for its time");
    stops_cleanly(&folder, daemon);
}

#[test]
fn a_start_that_has_rows_to_settle_loses_its_power_at_each_sync_and_the_next_one_settles_them() {
    let (folder, emulator) =
        folder_with("hang-after-effect,count=1,calls=note --fault hang-before-effect,calls=upload");
    folder.write("cup.png", crate::support::world::png(1));
    folder.jobs(&format!("{NOTE}\nphoto:\n  at: now\n  type: photo\n  images: [cup.png]\n  content: 라떼"));
    let machine = Machine::of(&folder);
    let daemon = machine.start("run");
    emulator.is_asked("note");
    emulator.is_asked("upload");
    daemon.kill_9();
    shell(&folder, "cp -a data kept");
    for sync in 1.. {
        shell(&folder, "rm -rf data && cp -a kept data");
        let mut daemon = machine.start_until_sync("run", sync);
        until(
            || format!("the end or the story, at sync {sync}"),
            || (daemon.is_over() || daemon.out().contains("published  notice")).then_some(()),
        );
        let died = daemon.is_over();
        daemon.kill_9();
        let daemon = machine.start("run");
        until(
            || format!("the story to be found, after a power cut at sync {sync}: {}", daemon.out()),
            || {
                let posts = folder.json("admin queue --all");
                let posts = posts.as_array().unwrap();
                let state = |job: &str| posts.iter().find(|post| post["job"] == job).map(|post| post["state"].clone());
                (state("notice")? == "published" && state("photo")? == "claimed").then_some(())
            },
        );
        daemon.kill_9();
        assert_eq!((stories(&emulator).len(), emulator.requests("note")), (1, 1), "power cut at sync {sync}");
        if !died {
            assert!(sync > 4, "a start makes {sync} syncs: some are no longer counted");
            return;
        }
    }
}
