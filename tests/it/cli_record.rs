//! The record through the real program: what `--json` prints is what `docs/schemas/` says, what a person reads fits 80 columns, and
//! reading and steering go on beside a daemon under load.

use std::path::Path;

use storyd::domain::notice::Trouble;
use storyd::domain::post::PostState;
use storyd::store::{Access, Store};

use crate::support::process::{Emulator, Folder, Process, until};
use crate::support::published::{fits, misfits};

/// A folder with five published posts of three kinds, one that waits, one that failed; and the daemon.
fn lived() -> (Folder, Emulator, Process) {
    let folder = Folder::new();
    let emulator = folder.emulator("");
    folder.hand_in_tokens();
    let winter = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/images/winter-cup.png");
    folder.write("winter.png", std::fs::read(winter).unwrap());
    let notes: String = (1..=3)
        .map(|n| format!("note-{n}:\n  at: now\n  type: note\n  content: 글 {n} ☕\n  tags: [menu, 주말]\n"))
        .collect();
    folder.jobs(&format!(
        "{notes}photo:\n  at: now\n  type: photo\n  images: [winter.png]\n  content: 라떼\n\
         link:\n  at: now\n  type: link\n  url: https://a.kr/m\n\
         later:\n  at: [2098-12-01 09:00, 2098-12-01 18:00, 2098-12-02 09:00]\n  type: note\n  \
         content: 새 메뉴판\n\
         late:\n  at: 2020-01-01 09:00\n  type: note\n  content: 옛 글"
    ));
    let daemon = folder.start("run");
    for job in ["note-1", "note-2", "note-3", "photo", "link"] {
        daemon.says(&format!("published  {job} "));
    }
    (folder, emulator, daemon)
}

#[test]
fn a_schema_that_does_not_fit_is_told() {
    let mut found = Vec::new();
    let schema = serde_json::json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]});
    misfits(&schema, &serde_json::json!({"b": 1}), "", &mut found);
    misfits(&schema, &serde_json::json!({"a": "1"}), "", &mut found);
    assert_eq!(found, [".b is not in the schema", ".\"a\" is missing", ".a: string instead of \"integer\""]);
}

#[test]
fn the_schema_of_failures_names_every_trouble_that_they_tell() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/schemas/failures.json")).expect("it is JSON");
    let named = &schema["properties"]["troubles"]["items"]["properties"]["trouble"]["enum"];
    let told: Vec<&str> = Trouble::ALL.iter().filter(|one| one.stands_alone()).map(|one| one.as_str()).collect();
    assert_eq!(*named, serde_json::json!(told));
}

#[test]
fn what_programs_read_is_as_published() {
    let (folder, _emulator, _daemon) = lived();
    fits("queue", &folder.json("admin queue --all"));
    assert_eq!(folder.json("admin queue --all").as_array().unwrap().len(), 9);
    fits("show", &folder.json("admin show 1"));
    fits("show", &folder.json("admin show 6"));
    fits("failures", &folder.json("admin failures --missed-since 2000-01-01"));
    assert_eq!(folder.json("admin failures")["causes"][0]["cause"], "person");
    fits("stats", &folder.json("admin stats"));
    fits("stories", &folder.json("admin stories"));
    let audit = folder.json("admin audit");
    fits("audit", &audit);
    assert_eq!(audit["findings"], serde_json::json!([]));
    fits("engagement", &folder.json("admin stories --stats"));
    for line in folder.ok("admin export").lines() {
        fits("export", &serde_json::from_str(line).unwrap());
    }
    fits("backup", &folder.json("admin backup copy"));
    fits("queue", &folder.json("admin cancel 8 --reason test"));
    fits("queue", &folder.json("admin retry 8"));
    fits("queue", &folder.json("admin reschedule 8 --to 2098-12-05T09:00"));
    fits("stories", &folder.json("admin delete --tag 주말 --yes --every 1s"));
    let csv = folder.ok("admin queue --all --csv");
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.starts_with("\u{feff}post,job,account,kind,state,") && columns == 19, "{csv}");
    assert!(!csv.contains("Z,"), "times are those of the zone: {csv}");
}

#[test]
fn what_a_person_reads_fits_the_columns() {
    let (folder, _emulator, daemon) = lived();
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    for columns in [80, 120] {
        for line in ["admin queue --all", "admin stories", "admin stats", "admin failures --missed-since 2000-01-01"] {
            let mut command = folder.storyd(line);
            let output = command.env("COLUMNS", columns.to_string()).output().unwrap();
            let told = String::from_utf8(output.stdout).unwrap();
            assert!(!told.is_empty() && !told.contains('\u{1b}'), "{line}: no colour where no terminal is");
            // A command stands whole on its line, whatever flags the place of the settings needs.
            for row in told.lines().filter(|row| !row.starts_with("  → storyd ")) {
                let is_wide = |c: u32| (0x1100..0x2000).contains(&c) || c >= 0x2600;
                let width: usize = row.chars().map(|c| if is_wide(u32::from(c)) { 2 } else { 1 }).sum();
                assert!(width <= columns, "{line} at {columns}: {width} columns in {row:?}");
            }
            // The order of what went out together, and whose excerpt is cut, differ from run to run.
            if line == "admin stories" || (line == "admin stats" && columns > 80) {
                continue;
            }
            insta::with_settings!({filters => vec![
                (r"its window ended \d+ h", "its window ended [length]"),
                (r"[A-Z][a-z]{2} 20[2-8]\d-\d\d-\d\d \d\d:\d\d(:\d\d)? KST( \([^)]*\))? *", "[time]  "),
                (r"[A-Z][a-z]{2} 20[2-8]\d-\d\d-\d\d KST", "[day]"),
                (r"\d\d:\d\d(:\d\d)? \((in )?\d+ \w+( \d+ \w+)?( ago)?\)|\d\d:\d\d(:\d\d)? \(now\)", "[when]"),
                (r"\d\d:\d\d:\d\d", "[when]"),
                (r"(in )?\d+ (ms|s|d|min|years)( ago)?\b|\bnow\b", "[length]"),
                (r"\b[0-9A-Za-z]{7}\.[0-9A-Za-z]{11}\b", "[story]"),
                (r"20[2-8]\d-\d\d", "[month]"),
                (r" {2,}", "  "),
            ]}, {
                let name = line.split(' ').nth(1).unwrap();
                insta::assert_snapshot!(format!("cli_record_{name}_{columns}"), told);
            });
        }
    }
}

#[test]
fn what_is_put_into_the_queue_by_hand_goes_through_the_checks_and_out_once() {
    let (folder, emulator, daemon) = lived();
    let before = emulator.ledger().len();
    let said = folder.ok("admin post 안녕 --name hello");
    assert!(said.contains("is in the queue: note on cafe"), "{said}");
    daemon.says("published  @hello ");
    let again = folder.ok("admin post 안녕 --name hello");
    assert!(again.contains("is in the queue already"), "{again}");
    let odd = folder.run("admin post 안녕\\n하세요 --dry-run");
    assert_eq!(odd.code, Some(0));
    assert!(odd.stderr.contains("warning: `\\n` is posted as two characters"), "{}", odd.stderr);
    let wrong = folder.run("admin post --image nosuch.png");
    assert_eq!(wrong.code, Some(3), "{wrong:?}");
    assert!(wrong.stderr.contains("E050"), "{}", wrong.stderr);
    let looked = folder.run("admin post 나중 --at +2h --dry-run");
    assert!(looked.code == Some(0) && looked.stdout.starts_with("would post a note on cafe"), "{looked:?}");
    assert_eq!(emulator.ledger().len(), before + 1);
}

#[test]
fn what_is_put_into_the_queue_by_hand_and_does_not_go_out_is_no_success() {
    let (folder, _emulator, _daemon) = lived();
    let settings = std::fs::read_to_string(folder.path("storyd.yaml")).unwrap();
    for (then, state, code) in [("skip", "cancelled", 5), ("hold", "held", 6)] {
        let more =
            format!("blackouts:\n  - {{dates: [2098-12-01..2098-12-31], reason: the shop is shut, then: {then}}}\n");
        folder.write("storyd.yaml", format!("{settings}{more}"));
        let looked = folder.run(&format!("admin post 안녕 --at 2098-12-05T09:00:00+09:00 --name {then} --dry-run"));
        assert_eq!(looked.code, Some(code), "{looked:?}");
        assert!(!looked.stdout.contains("would post a"), "{looked:?}");
        assert!(looked.stderr.contains("the shop is shut"), "{looked:?}");
        for _ in 0..2 {
            let done = folder.run(&format!("admin post 안녕 --at 2098-12-05T09:00:00+09:00 --name {then}"));
            assert_eq!(done.code, Some(code), "{done:?}");
            let said = format!("{}{}", done.stdout, done.stderr);
            assert!(said.contains(state) && said.contains("the shop is shut"), "{done:?}");
            assert!(!done.stdout.contains("is in the queue"), "{done:?}");
        }
    }
}

#[tokio::test]
async fn a_name_under_which_something_was_posted_and_pruned_is_posted_under_no_more() {
    let (folder, emulator, daemon) = lived();
    folder.ok("admin post 안녕 --name promo --at 2098-12-05T09:00");
    let post = folder.json("admin queue --job @promo")[0]["post"].to_string();
    folder.ok(&format!("admin cancel {post}"));
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    let store = Store::open(&folder.path("data"), Access::Beside).await.unwrap();
    let before = "2099-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(store.prune_posts(PostState::Cancelled, before).await.unwrap(), 1);
    store.close().await;
    assert_eq!(folder.json("admin queue --all --job @promo"), serde_json::json!([]));
    let before = (folder.json("admin queue --all"), emulator.ledger().len());
    for when in ["", "--at 2098-12-05T09:00", "--at +5m", "--at +5m --dry-run"] {
        let done = folder.run(&format!("admin post 안녕 --name promo {when}"));
        assert_eq!(done.code, Some(5), "{when}: {done:?}");
        assert!(done.stdout.is_empty() && done.stderr.contains("promo"), "{when}: {done:?}");
    }
    assert_eq!((folder.json("admin queue --all"), emulator.ledger().len()), before);
}

#[test]
fn a_dry_run_changes_nothing_and_a_refusal_says_what_is_possible() {
    let (folder, _emulator, _daemon) = lived();
    let before = folder.json("admin queue --all");
    for (line, code) in [
        ("admin cancel 8 --dry-run", 0),
        ("admin reschedule 8 --to 2099-01-01T09:00 --dry-run", 0),
        ("admin reschedule 8 --to 2050-01-01T09:00 --dry-run", 5),
        ("admin retry 6 --dry-run", 5),
        ("admin retry --cause=-602 --dry-run", 4),
        ("admin release 6 --dry-run", 5),
        ("admin adopt nobody.knows --dry-run", 4),
        ("admin delete --tag menu --dry-run", 0),
        ("admin delete", 2),
        ("admin queue --since tomorrow --until today", 2),
        ("admin queue --after 99999", 4),
        ("admin restore nowhere --yes", 8),
        ("admin prune --dry-run", 0),
    ] {
        let done = folder.run(line);
        assert_eq!(done.code, Some(code), "{line}: {done:#?}");
    }
    assert_eq!(folder.json("admin queue --all"), before);
    // What no job file names is not posted, and a dry run says so.
    let late = folder.json("admin queue --all --job late")[0]["post"].to_string();
    assert_eq!(folder.run(&format!("admin release {late} --dry-run")).code, Some(0));
    folder.jobs("later:\n  at: 2098-12-01 09:00\n  type: note\n  content: 새 메뉴판");
    let dry = || folder.run(&format!("admin release {late} --dry-run"));
    until(|| format!("the job to leave: {:?}", dry()), || (dry().code == Some(5)).then_some(()));
    assert_eq!(folder.run(&format!("admin release {late}")).code, Some(5));
}

#[test]
fn reading_and_steering_go_on_beside_a_daemon_under_load() {
    let (folder, emulator, daemon) = lived();
    let busy: String =
        (0..60).map(|n| format!("busy-{n}:\n  at: now\n  type: note\n  content: 바쁜 글 {n}\n")).collect();
    let later = "later:\n  at: [2098-12-01 09:00, 2098-12-01 18:00, 2098-12-02 09:00]\n  type: note\n  content: 나중";
    folder.jobs(&format!("{busy}{later}"));
    let rounds = |lines: &[&str]| {
        for round in 0..3 {
            for line in lines {
                let done = folder.run(line);
                assert_eq!(done.code, Some(0), "round {round}, {line}: {done:#?}");
            }
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rounds(&[
                "admin stats --json",
                "admin show 1 --json",
                "admin export events",
                "admin check-db",
                "admin stories --stats",
                "admin audit --last",
                "admin prune --dry-run",
                "admin queue --all --csv",
            ]);
        });
        threads.spawn(|| {
            rounds(&[
                "admin pause --job later --for 1h",
                "admin resume --job later",
                "admin post 곁에서 --name beside",
                "admin reschedule 8 --to 2098-12-05T09:00",
                "admin cancel 9 --reason rain",
                "admin retry 9 --reason sun",
                "admin delete --job note-1 --yes",
            ]);
            (0..2).for_each(|round| drop(folder.ok(&format!("admin backup copy-{round}"))));
        });
        threads.spawn(|| {
            // What was published stays published, each post has one story, and nothing is called a failure that is none.
            let mut before = 0;
            for _ in 0..6 {
                let stories = folder.json("admin stories --limit 500");
                let ids: std::collections::BTreeSet<_> =
                    stories.as_array().unwrap().iter().map(|story| story["story_id"].as_str().unwrap()).collect();
                assert!(ids.len() >= before && ids.len() == stories.as_array().unwrap().len(), "{stories}");
                before = ids.len();
                let causes = folder.json("admin failures")["causes"].clone();
                assert!(causes.as_array().unwrap().iter().all(|cause| cause["cause"] == "person"), "{causes}");
                let posts = folder.json("admin queue --all --limit 500");
                let without = |post: &&serde_json::Value| post["state"] == "published" && post["story_id"].is_null();
                assert_eq!(posts.as_array().unwrap().iter().filter(without).count(), 0, "{posts}");
            }
        });
    });
    daemon.says("published  busy-59 ");
    daemon.says("published  @beside ");
    assert_eq!(folder.json("admin stories --limit 500").as_array().unwrap().len(), emulator.ledger().len());
    assert!(!daemon.err().contains("database"), "{}", daemon.err());
    folder.ok("admin check-db");
}
