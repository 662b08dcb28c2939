//! Folders of job files: what is read of them, what is named because it is not, and what is never shown.

use std::path::{Path, PathBuf};

use storyd::plan::{self, LoadInputs};
use storyd::yaml::problem::{Paint, Problem, render};

use crate::plan_load::{PNG, folder, now};
use crate::plan_problems::problems;
use crate::support::process::Folder;

/// A job file with a job of this name.
fn job(name: &str) -> String {
    format!("version: 1\nzone: UTC\naccount: a\njobs:\n  {name}: {{at: now, type: note, content: x}}\n")
}

/// A folder with files at these paths.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = folder(&[]);
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(path, text).expect("written");
    }
    dir
}

fn codes(found: &[Problem]) -> Vec<&str> {
    found.iter().map(|problem| problem.code.as_str()).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let plan = plan::load(&[dir.to_owned()], now()).unwrap_or_else(|problems| panic!("{problems}"));
    plan.jobs.into_keys().collect()
}

#[test]
fn folders_are_read_to_the_bottom_and_hidden_ones_are_left_out() {
    let dir = tree(&[
        ("top.yaml", &job("top")),
        ("2030-12/christmas.yml", &job("christmas")),
        ("모닝빈/12월/공지.YAML", &job("공지")),
        ("a/b/c/d/e/f/deep.Yml", &job("deep")),
        (".git/config.yaml", "?"),
        (".drafts/draft.yaml", &job("draft")),
        ("2030-12/.hidden.yaml", "?"),
        ("2030-12/notes.md", &job("quoted")),
        ("images/latte.jpg", "no picture"),
        ("folder.yaml/inner.yaml", &job("inner")),
    ]);
    assert_eq!(names(dir.path()), ["christmas", "deep", "inner", "top", "공지"]);
    assert_eq!(problems(&[dir.path().to_owned()]), []);
}

#[test]
fn a_mistake_far_down_is_found_and_an_empty_tree_is_told() {
    let dir = tree(&[("1월/week/sale.yaml", "version: 1\nzone: UTC\naccount: a\njobs: {x: {at: now, type: nota}}\n")]);
    assert_eq!(codes(&problems(&[dir.path().to_owned()]))[0], "E023");
    let dir = tree(&[("empty/below/readme.md", "nothing")]);
    assert_eq!(codes(&problems(&[dir.path().to_owned()])), ["W001"]);
}

#[test]
fn links_lead_to_folders_once_and_circles_end() {
    let dir = tree(&[("jobs/a.yaml", &job("a")), ("shared/b.yaml", &job("b"))]);
    let jobs = dir.path().join("jobs");
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, jobs.join(name)).expect("linked");
    link("../shared", "shared");
    link("../shared", "again");
    link(".", "round");
    link("../jobs", "back");
    assert_eq!(names(&jobs), ["a", "b"]);
}

#[test]
fn what_lies_too_deep_is_told() {
    let path = format!("{}deep.yaml", "d/".repeat(20));
    let dir = tree(&[(&path, &job("a"))]);
    let found = problems(&[dir.path().to_owned()]);
    assert_eq!(codes(&found), ["E002"]);
    assert!(found[0].message.contains("more than 16 folders deep"), "{}", found[0].message);
}

#[test]
fn what_looks_like_a_job_file_and_is_not_read_is_named() {
    let json = "{\"version\": 1, \"zone\": \"UTC\", \"jobs\": {}}";
    let named = ["jobs.yaml.txt", "jobs.txt", "jobs", "jobs.json", "jobs.yalm", "jobs.yamll", "jobs.yaml ", "JOBS.TXT"];
    for name in named {
        let text = if name.ends_with("json") { json } else { &job("a") };
        let dir = tree(&[("there.yaml", &job("there")), (name, text)]);
        let found = problems(&[dir.path().to_owned()]);
        assert_eq!(codes(&found), ["W002"], "{name}");
        assert!(found[0].message.contains(name), "{}", found[0].message);
    }
    let quiet = [
        ("jobs.yaml.bak", job("a")),
        ("jobs.yaml~", job("a")),
        ("jobs.yaml.orig", job("a")),
        ("jobs.old", job("a")),
        ("jobs.yaml.disabled", job("a")),
        ("README.md", job("a")),
        ("notes.txt", "the jobs: of this week".into()),
        ("package.json", "{\"version\": \"1.0.0\", \"jobs\": []}".into()),
        ("Makefile", "version:\n\techo\njobs:\n\techo\n".into()),
        ("a.png", job("a")),
        (".jobs.txt", job("a")),
    ];
    for (name, text) in quiet {
        let dir = tree(&[("there.yaml", &job("there")), (name, &text)]);
        assert_eq!(problems(&[dir.path().to_owned()]), [], "{name}");
    }
}

const SETTINGS: &str = "data_dir: ./data\njobs: [.]\naccounts:\n  cafe:\n    rest_api_key: {env: STORYD_NO_KEY}\nnotify:\n  sinks:\n    team: {type: slack, url: https://hooks.example.com/s3cret}\n";

#[test]
fn settings_beside_job_files_are_left_out_and_never_shown() {
    let names = ["storyd.yaml", "production.yaml", "conf/my settings.yml", "z.YAML"];
    let broken = SETTINGS.replace("  sinks:", "  sinks: [");
    for name in names {
        for text in [SETTINGS, broken.as_str()] {
            let dir = tree(&[("jobs.yaml", &job("a")), (name, text)]);
            assert_eq!(problems(&[dir.path().to_owned()]), [], "{name}");
            let found = problems(&[dir.path().join(name)]);
            let told = render(&found, Paint::Plain);
            assert_eq!(codes(&found), ["E004"], "{told}");
            assert!(!told.contains("s3cret") && !told.contains("hooks"), "{told}");
        }
    }
    // What is half a job file is read, and nothing of it is shown.
    let both = format!("{SETTINGS}version: 1\nzone: UTC\nthis: s3cret\njobz: {{}}\n").replace("jobs: [.]\n", "");
    let dir = tree(&[("both.yaml", &both)]);
    let told = render(&problems(&[dir.path().to_owned()]), Paint::Plain);
    assert!(told.contains("a job file has no key") && !told.contains("s3cret"), "{told}");
}

#[test]
fn a_file_of_another_program_is_named_once_left_out_and_never_shown() {
    let files = [
        ("docker-compose.yml", "services:\n  db:\n    environment: {PASSWORD: s3cret}\n"),
        (".github/../ci.yml", "name: ci\non: [push]\njobs:\n  build: {runs-on: x, env: {TOKEN: s3cret}}\n"),
        ("mkdocs.yml", "site_name: s3cret\nnav: []\nx: !!python/name:a.b\n"),
        ("deploy/values.yaml", "replicaCount: 1\nimage: {tag: s3cret}\n"),
        ("deploy/secret.yaml", "apiVersion: v1\nkind: Secret\ndata: {p: s3cret}\n---\nkind: s3cret\n"),
        ("playbook.yml", "- hosts: all\n  tasks: [{x: s3cret}]\n"),
    ];
    for (name, text) in files {
        let dir = tree(&[("jobs.yaml", &job("a")), (name, text)]);
        let found = problems(&[dir.path().to_owned()]);
        let told = render(&found, Paint::Plain);
        assert_eq!(codes(&found), ["W003"], "{told}");
        assert!(told.contains("not a job file: it is left out") && !told.contains("s3cret"), "{told}");
        assert_eq!(names(dir.path()), ["a"]);
        let found = problems(&[dir.path().join(name)]);
        let told = render(&found, Paint::Plain);
        assert_eq!(codes(&found), ["E005"], "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
    for text in ["user: me\npassword: s3cret\n", "s3cret-host:\n  port: 80\n"] {
        for path in ["", "other.yaml"] {
            let dir = tree(&[("jobs.yaml", &job("a")), ("other.yaml", text)]);
            let found = problems(&[dir.path().join(path)]);
            let told = render(&found, Paint::Plain);
            assert_eq!(codes(&found), ["E005"], "{told}");
            assert!(told.contains("has no key of a job file") && !told.contains("s3cret"), "{told}");
        }
    }
}

#[test]
fn a_file_in_another_encoding_is_told_in_which_and_how_to_save_it() {
    let text = job("공지");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let table: [(&str, Vec<u8>); 3] = [
        ("UTF-16", [&b"\xff\xfe"[..], &utf16].concat()),
        ("UTF-16", utf16),
        ("CP949 (EUC-KR)", encoding_rs::EUC_KR.encode(&text).0.into_owned()),
    ];
    for (name, bytes) in table {
        let dir = folder(&[]);
        std::fs::write(dir.path().join("jobs.yaml"), bytes).expect("written");
        let found = problems(&[dir.path().to_owned()]);
        assert_eq!(codes(&found), ["E003"], "{name}");
        assert!(found[0].message.ends_with(&format!("is written in {name}, not in UTF-8")), "{}", found[0].message);
        assert!(found[0].help.iter().any(|help| help.contains("save it with the encoding UTF-8")), "{name}");
    }
}

#[test]
fn names_of_jobs_that_differ_in_case_alone_are_told() {
    let dir = tree(&[("a.yaml", &job("Sale")), ("b.yaml", &job("sale")), ("c.yaml", &job("sales"))]);
    let found = problems(&[dir.path().to_owned()]);
    assert_eq!(codes(&found), ["W021"], "{}", render(&found, Paint::Plain));
    assert!(found[0].message.contains("`sale` and `Sale` differ only in"), "{}", found[0].message);
    assert_eq!(names(dir.path()), ["Sale", "sale", "sales"]);
}

#[test]
fn no_command_shows_a_line_of_the_settings() {
    let folder = Folder::new();
    folder.write("storyd.yaml", SETTINGS);
    folder.write("jobs.yaml", job("a").replace("account: a", "account: cafe"));
    for command in [
        "check",
        "check .",
        "check storyd.yaml",
        "check --format github storyd.yaml",
        "check --json storyd.yaml",
        "plan",
        "plan storyd.yaml",
        "run storyd.yaml",
        "check -",
    ] {
        let mut done = folder.storyd(command);
        let stdin = std::fs::File::open(folder.path("storyd.yaml")).expect("there");
        let done = done.stdin(stdin).output().expect("it runs");
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("s3cret") && !said.contains("hooks"), "{command}: {said}");
    }
    assert_eq!(folder.run("check").code, Some(0));
    assert_eq!(folder.run("check storyd.yaml").code, Some(3));
}

#[test]
fn images_lie_below_the_job_folders_or_where_the_settings_allow() {
    let photo = |image: &str| {
        format!("version: 1\nzone: UTC\naccount: a\njobs:\n  p: {{at: now, type: photo, images: [\"{image}\"]}}\n")
    };
    let dir = tree(&[("jobs/.keep", ""), ("images/.keep", ""), ("jobs/deep/.keep", "")]);
    let at = |path: &str| dir.path().join(path);
    for file in ["images/latte.png", "jobs/latte.png", "jobs/deep/latte.png"] {
        std::fs::write(at(file), PNG).expect("written");
    }
    std::os::unix::fs::symlink(at("images/latte.png"), at("jobs/link.png")).expect("linked");
    std::os::unix::fs::symlink(at("images"), at("jobs/linked")).expect("linked");
    let outside = at("images/latte.png").display().to_string();
    let found = |image: &str, image_dirs: &[PathBuf]| {
        std::fs::write(at("jobs/deep/jobs.yaml"), photo(image)).expect("written");
        let beside = LoadInputs { image_dirs: image_dirs.to_vec(), ..LoadInputs::default() };
        let problems = plan::load_with(&[at("jobs")], &beside, now()).err();
        problems.map(|problems| problems.list()[0].code.as_str())
    };
    let inside = at("jobs/latte.png").display().to_string();
    for image in ["latte.png", "../latte.png", "./../deep/latte.png", &inside, "../../jobs/latte.png"] {
        assert_eq!(found(image, &[]), None, "{image}");
    }
    for image in [
        "../../images/latte.png",
        &outside,
        "../link.png",
        "../linked/latte.png",
        "../../../etc/hostname",
        "/dev/null",
        "../../missing.png",
    ] {
        assert_eq!(found(image, &[]), Some("E055"), "{image}");
    }
    for image in ["../../images/latte.png", &outside, "../link.png", "../linked/latte.png"] {
        assert_eq!(found(image, &[at("images")]), None, "{image}");
    }
    assert_eq!(found("../../missing.png", &[dir.path().to_owned()]), Some("E050"));
    // A file that is named stands for its folder, and a link to a folder for what it leads to.
    std::os::unix::fs::symlink(at("jobs"), at("current")).expect("linked");
    std::fs::write(at("jobs/deep/jobs.yaml"), photo(&inside)).expect("written");
    assert_eq!(problems(&[at("current")]), []);
    assert_eq!(codes(&problems(&[at("jobs/deep/jobs.yaml")])), ["E055"]);
}
