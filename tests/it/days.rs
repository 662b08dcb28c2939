//! Other days than today: the tests that read the real clock, and the files that are shipped to be copied, are tried again on each of
//! them. The tests run a second time in a process of their own, over which the layer of `support/machine.c` is laid: for it and for
//! the programs that it starts it is that day. So a suite that is right today is right on the day on which somebody clones it.
//!
//! `STORYD_DAYS=all` tries every test that is no proof on each day, which takes some minutes for each.

use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use storyd::domain::clock::Clock;

use crate::support::machine;
use crate::support::process::Folder;

/// The tests that are tried again, by how their names begin: those that read the clock and tell what it says, as far as they are quick.
const TRIED_AGAIN: [&str; 7] =
    ["cli_account::", "cli_check::", "cli_examples::", "cli_main_job::", "cli_plan::", "days::today::", "web_gate::"];

/// Days on which something is otherwise, as instants.
pub(crate) const DATES: [(&str, &str); 6] = [
    ("28 February 2027", "2027-02-28T12:00:00Z"),
    ("29 February 2028", "2028-02-29T12:00:00Z"),
    ("the turn of the year to 2031, in Seoul", "2030-12-31T14:59:55Z"),
    ("the middle of 2031", "2031-07-01T00:00:00Z"),
    ("the night on which the clocks of Sydney go back", "2027-04-03T15:59:55Z"),
    ("the night on which the clocks of Sydney go ahead", "2027-10-02T15:59:55Z"),
];

fn date(name: &str) -> Timestamp {
    let (_, instant) = DATES.iter().find(|(date, _)| *date == name).unwrap();
    instant.parse().unwrap()
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// For which it is the same second on every day; once, lest that be lost.
const STANDS_STILL: [&str; 1] = ["cli_commands::"];

/// Tries the tests again as if it were `then`.
fn again(then: Timestamp, more: &[&str]) {
    let already = std::env::var("STORYD_TEST_AHEAD").map_or(0, |text| text.parse().unwrap());
    let ahead = then.duration_since(now()).as_secs() + already;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--test-threads=2", "--skip", "days::other"]);
    if std::env::var("STORYD_DAYS").is_ok_and(|which| which == "all") {
        command.args(["--skip", "proof_", "--skip", "fuzz"]);
    } else {
        command.args(TRIED_AGAIN).args(more);
    }
    command.env("LD_PRELOAD", machine::preload()).env("STORYD_TEST_AHEAD", ahead.to_string());
    // What a test of that day sees is not to be kept.
    command.env("STORYD_TEST_DAY", then.to_string()).env("INSTA_UPDATE", "no").stdin(Stdio::null());
    let output = command.output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "as if it were {then}:\n{told}\n{errors}");
    assert!(told.contains("days::today::"), "the tests of the clock were not among them:\n{told}");
}

mod other {
    use super::*;

    #[test]
    fn tomorrow() {
        again(now() + SignedDuration::from_hours(24), &[]);
    }

    #[test]
    fn in_nine_days() {
        again(now() + SignedDuration::from_hours(9 * 24), &STANDS_STILL);
    }

    #[test]
    fn in_forty_five_days() {
        again(now() + SignedDuration::from_hours(45 * 24), &[]);
    }

    #[test]
    fn on_28_february_2027() {
        again(date("28 February 2027"), &[]);
    }

    #[test]
    fn on_29_february_2028() {
        again(date("29 February 2028"), &[]);
    }

    #[test]
    fn in_2031() {
        again(date("the turn of the year to 2031, in Seoul"), &[]);
    }

    #[test]
    fn when_clocks_go_back() {
        again(date("the night on which the clocks of Sydney go back"), &[]);
    }

    #[test]
    fn when_clocks_go_ahead() {
        again(date("the night on which the clocks of Sydney go ahead"), &[]);
    }
}

mod today {
    use super::*;

    /// Else a test of another day would be one of today, and pass.
    #[test]
    fn it_is_the_same_day_for_a_test_and_for_the_programs_that_it_starts() {
        let folder = Folder::new();
        folder.jobs("one:\n  at: now\n  type: note\n  content: 안녕하세요");
        let before = now();
        let daemon = folder.start("run --sandbox --json jobs.yaml");
        daemon.says("waiting");
        let line: serde_json::Value = serde_json::from_str(daemon.out().lines().next().unwrap()).unwrap();
        let at: Timestamp = line["at"].as_str().unwrap().parse().unwrap();
        assert!((before..=now()).contains(&at), "it is {before} here, and {at} for the program");
        if let Ok(day) = std::env::var("STORYD_TEST_DAY") {
            let day: Timestamp = day.parse().unwrap();
            assert!((day..day + SignedDuration::from_hours(12)).contains(&before), "it is {before}, and not {day}");
        }
    }
}
