//! What is shipped to be copied holds today, with the real program: the example files, and the YAML in the README and in `docs/`.
//! `days.rs` has it hold on other days too.

use std::path::Path;

use storyd::settings::Settings;

use crate::days;
use crate::documents::documents;
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

/// The blocks of YAML in a document, without what indents them.
fn pieces(document: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(document).unwrap();
    let mut lines = text.lines();
    let mut pieces = Vec::new();
    while let Some(fence) = lines.find(|line| line.trim_start() == "```yaml") {
        let indent = fence.len() - fence.trim_start().len();
        let piece = lines.by_ref().take_while(|line| line.trim_start() != "```");
        pieces.push(piece.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect());
    }
    pieces
}

/// The blocks of all documents, each with the document that shows it.
fn blocks() -> Vec<(String, String)> {
    let of = |file: std::path::PathBuf| {
        let name = file.strip_prefix(root("")).unwrap().display().to_string();
        pieces(&file).into_iter().map(move |piece| (name.clone(), piece))
    };
    documents().into_iter().flat_map(of).collect()
}

fn is_job_file(block: &str) -> bool {
    block.lines().any(|line| line.starts_with("version:"))
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
fn the_job_file_of_the_readme_can_be_copied_beside_it() {
    let pieces = pieces(&root("README.md"));
    let [jobs] = pieces.as_slice() else { panic!("{pieces:#?}") };
    let folder = clone();
    folder.write("jobs.yaml", jobs);
    assert_eq!(folder.ok("check jobs.yaml"), "4 jobs in 1 file: no problems\n");
    for zone in ZONES {
        assert_eq!(published(&folder, "jobs.yaml", zone), [""; 0]);
    }
}

/// A block is a job file, or a part of the settings; blackouts stand in either.
#[test]
fn every_block_of_yaml_in_a_document_can_be_copied() {
    let blocks = blocks();
    let (jobs, settings): (Vec<_>, Vec<_>) = blocks.iter().partition(|(_, block)| is_job_file(block));
    assert!(jobs.len() >= 4 && settings.len() >= 2, "{blocks:#?}");
    let folder = clone();
    let check = |name: &str, text: &str| {
        folder.write("jobs.yaml", text);
        let said = folder.ok("check jobs.yaml");
        assert!(said.ends_with(" in 1 file: no problems\n"), "{name}: {said}\n{text}");
    };
    jobs.iter().for_each(|(name, block)| check(name, block));
    for (name, block) in settings {
        if let Err(problems) = Settings::parse(block, Path::new("storyd.yaml")) {
            panic!("{name}: {problems}\n{block}");
        }
        if block.starts_with("blackouts:") {
            check(name, &format!("{block}{}", jobs[0].1));
        }
    }
    let minimum = pieces(&root("docs/guide/operation.md"));
    let read = Settings::parse(&minimum[0], Path::new("storyd.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(read.accounts.keys().map(ToString::to_string).collect::<Vec<_>>(), ["cafe"]);
}

#[test]
fn the_example_job_files_have_something_to_come_on_every_day() {
    let folder = clone();
    let shown: Vec<String> = blocks().into_iter().map(|(_, block)| block).filter(|block| is_job_file(block)).collect();
    let mut files = vec!["jobs.example.yaml".to_owned()];
    for (number, block) in shown.iter().enumerate() {
        files.push(format!("shown-{number}.yaml"));
        folder.write(&files[number + 1], block);
    }
    for (name, date) in days::DATES {
        for file in &files {
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
