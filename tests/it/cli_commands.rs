//! Every command of `storyd admin`, none forgotten: what it prints as JSON is as its published schema says, and what it tells a person is
//! kept as a snapshot at 80 and at 120 columns, without colour. They work on the kept database of this version, a few days after its
//! last entry by a clock that stands still, so that what they tell is the same every day.

use std::collections::BTreeSet;

use sqlx::Connection;

use crate::support::kept::{migrations, of_version};
use crate::support::process::Folder;
use crate::support::published::fits;

/// What is typed, in this order, each on what the one before left; and the schema of what it prints as JSON. `{held}` stands for the
/// number of the only post in that state, `{stranger}` for the story that an audit found.
pub(crate) const TYPED: [(&str, &str); 29] = [
    ("queue --all", "queue"),
    ("queue --all --account cafe --tag menu", "queue"),
    ("show {published}", "show"),
    ("show {failed}", "show"),
    ("show {in_doubt}", "show"),
    ("failures --missed-since 2000-01-01", "failures"),
    ("stories", "stories"),
    ("stories --stats", "engagement"),
    ("stats --since 2026-01-01", "stats"),
    ("audit --last", "audit"),
    ("clock", "clock"),
    ("clock --confirm", "clock"),
    ("check-db", "check-db"),
    ("backup copy", "backup"),
    ("delete --tag menu --dry-run", "stories"),
    ("post 새해 --at 2098-01-01T00:00 --name new-year --account cafe --dry-run", "post"),
    ("post 새해 --at 2098-01-01T00:00 --name new-year --account cafe", "post"),
    ("adopt {stranger} --dry-run", "adopt"),
    ("adopt {stranger} --reason ours", "adopt"),
    ("retry {failed} --dry-run --reason fixed", "queue"),
    ("release {held} --dry-run", "queue"),
    ("cancel {held} --reason late", "queue"),
    ("reschedule {scheduled} --to 2098-01-04T18:00:00+09:00", "queue"),
    ("resolve {in_doubt} --story _c.1 --dry-run", "queue"),
    ("accept --dry-run", "accept"),
    ("pause --account shop --reason holiday", "pause"),
    ("resume --account shop", "pause"),
    ("prune --dry-run", "prune"),
    ("restore copy --dry-run", "restore"),
];

/// When it is, for every command: in the week after the kept database was last written to.
const NOW: &str = "2026-12-07T12:34:56+09:00";

/// A story that may be that of the parked post, told otherwise than it was sent, and by a server that would rather steer the terminal.
const SUSPECT: &str = "INSERT INTO suspect (post_id, number, story_id, url, kind, audience, images, text, created_at, ours_at, why, seen_at)
    SELECT id, 1, 'cplNHsA.x9', NULL, 'NOTE', 'public', 0, '의 심' || char(27) || '[2J', intent_at + 2000000, intent_at + 1000000,
      'it says nearly the same', intent_at + 3600000000 FROM post WHERE parked_at IS NOT NULL";

/// A folder with the kept database.
pub(crate) async fn kept() -> Folder {
    let folder = Folder::standing_at(NOW);
    let version = migrations().await.iter().map(|migration| migration.version).max().unwrap();
    let mut connection = of_version(version, &folder.path("data")).await;
    sqlx::query(SUSPECT).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    folder.write(
        "storyd.yaml",
        "data_dir: data\njobs: [jobs.yaml]\nkeep: {missed: 30d}\naccounts: {cafe: {rest_api_key: k}, shop: {rest_api_key: k}}\n",
    );
    folder
}

/// The line with the numbers that stand for its names in this folder.
pub(crate) fn line(folder: &Folder, typed: &str) -> String {
    let posts = folder.json("admin queue --all --limit 1000");
    let findings = folder.run("admin audit --last --json");
    let found: serde_json::Value = serde_json::from_str(&findings.stdout).unwrap();
    let stranger = found["findings"].as_array().unwrap().iter().find(|finding| finding["kind"] == "unknown");
    let mut line = typed.to_owned();
    for state in ["published", "failed", "held", "scheduled", "in_doubt"] {
        let post = posts.as_array().unwrap().iter().find(|post| post["state"] == state);
        line = line.replace(&format!("{{{state}}}"), &post.map_or_else(String::new, |post| post["post"].to_string()));
    }
    line.replace("{stranger}", stranger.map_or("", |finding| finding["story_id"].as_str().unwrap()))
}

/// The commands that `--help` names.
fn commands(folder: &Folder) -> BTreeSet<String> {
    let help = folder.ok("admin --help");
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let list = list.split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_tried_and_prints_json_as_published() {
    let folder = kept().await;
    let mut untried = commands(&folder);
    for (typed, schema) in TYPED {
        let line = line(&folder, typed);
        let done = folder.run(&format!("admin {line} --json"));
        // An audit that found something says so with its code.
        let attention = typed.starts_with("audit").then_some(6);
        assert!(done.code == Some(0) || done.code == attention, "{line}: {done:#?}");
        let printed =
            serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{line}: {error}\n{}", done.stdout));
        fits(schema, &printed);
        untried.remove(typed.split(' ').next().unwrap());
    }
    // It prints lines of JSON whether it is asked to or not.
    for row in folder.ok("admin export").lines() {
        fits("export", &serde_json::from_str(row).unwrap());
    }
    untried.remove("export");
    assert!(untried.is_empty(), "no line of TYPED tries {untried:?}: add one, with its schema in docs/schemas/");
    let known: BTreeSet<&str> = TYPED.iter().map(|(_, schema)| *schema).chain(["export"]).collect();
    for file in std::fs::read_dir(crate::support::kept::root("docs/schemas")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(name.strip_suffix(".json").unwrap()), "nothing is held against docs/schemas/{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_command_tells_a_person_is_kept_at_80_and_at_120_columns() {
    for columns in [80, 120] {
        let folder = kept().await;
        let mut told = String::new();
        for (typed, _) in TYPED {
            let line = line(&folder, typed);
            let output = folder.storyd(&format!("admin {line}")).env("COLUMNS", columns.to_string()).output().unwrap();
            let (stdout, stderr) =
                (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
            assert!(!(stdout.clone() + &stderr).contains('\u{1b}'), "{line}: no colour where no terminal is");
            if ["queue", "stories", "stats"].contains(&typed.split(' ').next().unwrap()) {
                for row in stdout.lines() {
                    let width: usize = row.chars().map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 }).sum();
                    assert!(width <= columns, "{line} at {columns}: {width} columns in {row:?}");
                }
            }
            told += &format!("$ storyd admin {typed}\n{stdout}");
            told += &stderr.lines().map(|line| format!("! {line}\n")).collect::<String>();
            told.push('\n');
        }
        let root = folder.path("").display().to_string();
        insta::with_settings!({filters => vec![
            (r"\b\d+ bytes", "[n] bytes"),
            (root.as_str(), "[folder]/"),
            (r" {2,}", "  "),
            (r"(?m) +$", ""),
        ]}, {
            insta::assert_snapshot!(format!("cli_commands_{columns}"), told);
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_were_told_of_shows_what_to_type_in_any_width() {
    let folder = kept().await;
    let incidents = folder.json("notify list")["incidents"].clone();
    let incidents = incidents.as_array().unwrap();
    assert!(!incidents.is_empty());
    for columns in ["60", "80", "120", "160"] {
        let output = folder.storyd("notify list").env("COLUMNS", columns).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        for incident in incidents {
            let command = incident["command"].as_str().unwrap();
            assert!(told.contains(command), "{command} at {columns} columns:\n{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_paused_or_pruned_is_told_in_the_form_that_was_asked_for() {
    let folder = kept().await;
    let accepted = folder.json(&line(&folder, "admin audit --accept {stranger} --reason ours"));
    fits("audit", &accepted);
    assert_eq!(accepted["findings"][0]["settled_reason"], "ours", "{accepted}");

    // What waits under a pause says so.
    let show = line(&folder, "admin show {scheduled}");
    assert!(!folder.ok(&show).contains("everything is paused"));
    folder.ok("admin pause --all --reason storm");
    assert!(folder.ok(&show).contains("waits     everything is paused by operator: storm"), "{}", folder.ok(&show));

    let settings = std::fs::read_to_string(folder.path("storyd.yaml")).unwrap();
    folder.write("storyd.yaml", settings.replace("{missed: 30d}", "{audits: 1d}"));
    assert_eq!(folder.ok("admin prune --yes"), "audits: 0 older than they are kept\n");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path("data/queue.db"));
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let old =
        "INSERT INTO audit (account, actor, started_at, ended_at, fault) VALUES ('cafe', 'anna', 1, 2, 'of long ago');
               INSERT INTO audit (account, actor, started_at, ended_at) VALUES ('cafe', 'anna', 3, 4)";
    sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    // The kept one of five days ago is the last of its account no longer.
    assert_eq!(folder.ok("admin prune --dry-run"), "audits: 2 older than they are kept\n");
    assert_eq!(folder.ok("admin prune --yes"), "taken out: 0 posts, 2 audits\n");
}
