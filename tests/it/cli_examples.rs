//! What is shipped to be copied holds today, with the real program: the example files, and the YAML in the README. `days.rs` has it
//! hold on other days too.

use std::path::Path;

use storyd::settings::Settings;

use crate::days;
use crate::plan_load::at;
use crate::support::kept::root;
use crate::support::process::Folder;

/// The zone of the examples, and one whose clocks change.
const ZONES: [&str; 2] = ["Asia/Seoul", "Australia/Sydney"];

/// A clone of the repository, as far as its job files need one.
fn clone() -> Folder {
    let folder = Folder::new();
    for name in
        ["jobs.example.yaml", "storyd.example.yaml", "examples/images/latte.jpg", "examples/images/winter-cup.png"]
    {
        folder.write(name, std::fs::read(root(name)).unwrap());
    }
    folder
}

/// The pieces of YAML in the README, without what indents them.
fn pieces() -> Vec<String> {
    let readme = std::fs::read_to_string(root("README.md")).unwrap();
    let mut lines = readme.lines();
    let mut pieces = Vec::new();
    while let Some(fence) = lines.find(|line| line.trim_start() == "```yaml") {
        let indent = fence.len() - fence.trim_start().len();
        let piece = lines.by_ref().take_while(|line| line.trim_start() != "```");
        pieces.push(piece.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect());
    }
    pieces
}

/// Runs a job file against the embedded sandbox until it waits, and gives the jobs that were published.
fn published(folder: &Folder, file: &str, zone: &str) -> Vec<String> {
    let daemon = folder.start_with(&format!("run --sandbox {file}"), |command| {
        command.env("TZ", zone);
    });
    daemon.says("waiting for ");
    daemon.signal("INT");
    let done = daemon.end();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{file} in {zone}: {done:#?}");
    let lines = done.stdout.lines().filter_map(|line| line.strip_prefix("published  "));
    let mut jobs: Vec<String> = lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    jobs.sort();
    jobs
}

#[test]
fn the_example_job_file_warns_of_nothing_and_posts_its_three_jobs_at_once() {
    for zone in ZONES {
        let folder = clone();
        let text = std::fs::read_to_string(folder.path("jobs.example.yaml")).unwrap();
        assert!(text.contains("zone: Asia/Seoul "));
        folder.write("jobs.yaml", text.replace("zone: Asia/Seoul ", &format!("zone: {zone} ")));
        assert_eq!(folder.ok("check jobs.yaml"), "8 jobs in 1 file: no problems\n", "{zone}");
        let with_settings = folder.ok("check --settings storyd.example.yaml jobs.yaml");
        assert_eq!(with_settings, "8 jobs in 1 file: no problems\n", "{zone}");
        assert_eq!(published(&folder, "jobs.yaml", zone), ["first-photos", "menu-link", "opening-notice"], "{zone}");
    }
}

#[test]
fn what_the_readme_shows_can_be_copied_beside_it() {
    let pieces = pieces();
    let [jobs, blackouts, settings] = pieces.as_slice() else { panic!("{pieces:#?}") };
    let folder = clone();
    folder.write("jobs.yaml", jobs);
    assert_eq!(folder.ok("check jobs.yaml"), "4 jobs in 1 file: no problems\n");
    folder.write("with-blackouts.yaml", format!("{blackouts}{jobs}"));
    assert_eq!(folder.ok("check with-blackouts.yaml"), "4 jobs in 1 file: no problems\n");
    for zone in ZONES {
        assert_eq!(published(&folder, "jobs.yaml", zone), [""; 0]);
    }
    let read = Settings::parse(settings, Path::new("storyd.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(read.accounts.keys().map(ToString::to_string).collect::<Vec<_>>(), ["cafe"]);
}

#[test]
fn the_example_job_files_have_something_to_come_on_every_day() {
    let folder = clone();
    folder.write("readme.yaml", &pieces()[0]);
    for (name, date) in days::DATES {
        for file in ["jobs.example.yaml", "readme.yaml"] {
            let plan =
                storyd::plan::load(&[folder.path(file)], at(date)).unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(plan.warnings, [], "{file} on {name}");
            for job in plan.jobs.values().filter(|job| job.one_offs() != [storyd::plan::AtTime::Now]) {
                let to_come = job.occurrences(at(date), jiff::Timestamp::MAX, 1);
                assert!(!to_come.is_empty(), "{} of {file} is over on {name}", job.name);
            }
        }
    }
}
