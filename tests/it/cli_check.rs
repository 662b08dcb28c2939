//! `storyd check` as scripts, editors, git and reviewers use it: formats, standard input, the network, and the hook and the CI job
//! of `docs/`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use storyd::engine::Rules;
use storyd::settings::Settings;

use crate::plan_load::PNG;
use crate::support::process::Folder;

const GOOD: &str = "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  notice: {at: 2030-12-01 09:00, type: note, content: 안녕하세요}\n";
const BAD: &str =
    "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  notice: {at: 24/11/26, type: note, content: 안녕하세요}\n";

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What a command says when this is typed into it: exit code and stdout.
fn fed(folder: &Folder, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_storyd"))
        .args(arguments)
        .current_dir(folder.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
    let done = child.wait_with_output().expect("ends");
    (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr))
}

#[test]
fn a_file_from_standard_input_is_checked_under_its_name() {
    let folder = Folder::new();
    folder.write("posts/latte.png", PNG);
    assert_eq!(fed(&folder, &["check", "-"], GOOD), (Some(0), "1 job in 1 file: no problems\n".to_owned()));
    let (code, said) = fed(&folder, &["check", "-"], BAD);
    assert!(code == Some(3) && said.contains("--> <stdin>:5:16") && said.contains("write year-month-day"), "{said}");
    let photo = GOOD.replace("type: note", "type: photo, images: [latte.png]");
    let (code, said) = fed(&folder, &["check", "-", "--stdin-name", "posts/december.yaml"], &photo);
    assert_eq!(code, Some(0), "the image lies beside the named file: {said}");
    let (code, said) = fed(&folder, &["check", "-"], &photo);
    assert!(code == Some(3) && said.contains("there is no such file"), "{said}");
    let (code, said) = fed(&folder, &["check", "-"], &"#".repeat(1_000_001));
    assert!(code == Some(3) && said.contains("is larger than"), "{said}");
}

#[test]
fn a_folder_that_is_named_holds_job_files_and_an_emptied_repository_is_told() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("jobs.d")).expect("made");
    let (code, said) = fed(&folder, &["check", "jobs.d"], "");
    assert!(code == Some(3) && said.contains("error[E001]: the folder jobs.d holds no job file"), "{said}");
    let (code, said) = fed(&folder, &["check", "jobs.d", "missing.yaml"], "");
    assert!(code == Some(3) && said.contains("2 problems"), "{said}");
    let (code, said) = fed(&folder, &["check", "."], "");
    assert!(code == Some(0) && said.contains("warning[W001]"), "{said}");
    assert!(said.ends_with("no job file, so nothing would be posted: no problems, 1 warning\n"), "{said}");
    folder.write("jobs.d/notice.yaml", GOOD);
    assert_eq!(fed(&folder, &["check", "jobs.d"], ""), (Some(0), "1 job in 1 file: no problems\n".to_owned()));
}

#[test]
fn a_reviewer_sees_each_problem_at_its_line() {
    let folder = Folder::new();
    folder.write("bad.yaml", BAD);
    folder.write(
        "warned.yaml",
        GOOD.replace("notice", "other").replace("안녕하세요}", "\"안녕  \", enable_share: true}"),
    );
    let done = folder.run("check --format github bad.yaml warned.yaml");
    assert_eq!(done.code, Some(3));
    insta::assert_snapshot!(done.stdout);
    let json = folder.run("check --format json warned.yaml");
    let found: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let severities: Vec<&str> =
        found["problems"].as_array().unwrap().iter().map(|one| one["severity"].as_str().unwrap()).collect();
    assert_eq!((json.code, severities), (Some(0), vec!["note", "warning"]));
    assert!(folder.run("check warned.yaml").stdout.ends_with("1 job in 1 file: no problems, 1 warning, 1 note\n"));
}

#[test]
fn the_sandbox_answers_what_only_the_network_can_tell() {
    let folder = Folder::new();
    let link = "  menu: {at: 2030-12-01 09:00, type: link, url: https://example.com/menu}\n";
    folder.write("jobs.yaml", format!("{GOOD}{link}"));
    let done = folder.run("check --online --sandbox jobs.yaml");
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("note[N080]: the card of https://example.com/menu says “"), "{}", done.stdout);
    assert!(done.stdout.ends_with("2 jobs in 1 file: no problems, 1 note\n"), "{}", done.stdout);
    let none = folder.run("check --online --data-dir data jobs.yaml");
    assert_eq!(none.code, Some(3), "{}{}", none.stdout, none.stderr);
    assert!(none.stdout.contains("error[E080]: the account `cafe` cannot post"), "{}", none.stdout);
}

fn git(folder: &Folder, arguments: &[&str]) -> (bool, String) {
    let done = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder.path(""))
        .env("STORYD", env!("CARGO_BIN_EXE_storyd"))
        .env_remove("JOBS")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.success(), said)
}

#[test]
fn the_hook_lets_no_broken_file_into_a_commit() {
    let folder = Folder::new();
    assert!(git(&folder, &["init", "-q"]).0);
    let hook = folder.path(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::copy(shipped("docs/pre-commit"), &hook).unwrap();
    folder.write("jobs.yaml", GOOD);
    git(&folder, &["add", "."]);
    assert_eq!(git(&folder, &["commit", "-q", "-m", "first"]).1.lines().last(), Some("1 job in 1 file: no problems"));
    folder.write("jobs.yaml", BAD);
    assert!(git(&folder, &["commit", "-q", "--allow-empty", "-m", "what is not added does not count"]).0);
    git(&folder, &["add", "."]);
    let (done, said) = git(&folder, &["commit", "-q", "-m", "broken"]);
    assert!(!done && said.contains("--> ./jobs.yaml:5:16") && said.contains("Nothing was committed."), "{said}");
    folder.write("jobs.yaml", GOOD);
    let (done, said) = git(&folder, &["commit", "-q", "-m", "the stage is still broken"]);
    assert!(!done, "{said}");
    assert_eq!(git(&folder, &["log", "--oneline"]).1.lines().count(), 2);
}

/// Settings, job files in folders, images: what a repository that is deployed as it is holds.
fn repository() -> Folder {
    let folder = Folder::new();
    let settings = "data_dir: /var/lib/storyd\njobs: [.]\naccounts: {cafe: {rest_api_key: {env: STORYD_NO_KEY}}}\n";
    folder.write(
        "storyd.yaml",
        format!("{settings}notify: {{sinks: {{a: {{type: slack, url: https://h.kr/s3cret}}}}}}\n"),
    );
    folder.write("2030/12/notice.yaml", GOOD);
    folder.write(".github/workflows/job-files.yml", std::fs::read(shipped("docs/ci.yml")).unwrap());
    assert!(git(&folder, &["init", "-q"]).0 && git(&folder, &["add", "."]).0);
    folder
}

#[test]
fn hook_and_ci_job_work_where_settings_lie_beside_job_files_in_folders() {
    let folder = repository();
    let hook = folder.path(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::copy(shipped("docs/pre-commit"), &hook).unwrap();
    let (done, said) = git(&folder, &["commit", "-q", "-m", "first"]);
    assert!(done && said.ends_with("1 job in 1 file: no problems\n"), "{said}");
    assert!(git(&folder, &["switch", "-q", "-c", "edit"]).0);
    let (codes, said, page) = ci(&folder);
    assert_eq!(codes, [Some(0), Some(0)], "{said}");
    assert!(page.contains("no changes") && !said.contains("s3cret"), "{page}\n{said}");
    folder.write("2030/12/more.YAML", BAD.replace("notice", "others"));
    git(&folder, &["add", "."]);
    let (done, said) = git(&folder, &["commit", "-q", "-m", "broken"]);
    assert!(!done && said.contains("--> ./2030/12/more.YAML:5:16") && !said.contains("s3cret"), "{said}");
    let (codes, said, _) = ci(&folder);
    assert_eq!(codes, [Some(3), Some(1)], "{said}");
    assert!(said.starts_with("::error file=2030/12/more.YAML,line=5,col=16,title=E031::"), "{said}");
}

/// The lines of the shipped CI job, run as a runner does, in a pull request on top of `main`. How each ended, what it printed, and what
/// the run's page shows.
fn ci(folder: &Folder) -> (Vec<Option<i32>>, String, String) {
    let job = std::fs::read_to_string(shipped("docs/ci.yml")).unwrap();
    let runs = job.lines().filter_map(|line| line.trim().strip_prefix("run: "));
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_storyd")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let (mut codes, mut said) = (Vec::new(), String::new());
    for line in runs {
        let mut shell = Command::new("bash");
        shell
            .args(["-e", "-c", line])
            .current_dir(folder.path(""))
            .env("PATH", &path)
            .env("JOBS", ".")
            .env("BASE", "main");
        let done = shell.env("GITHUB_STEP_SUMMARY", folder.path("summary.md")).output().expect("bash runs");
        codes.push(done.status.code());
        said.push_str(&String::from_utf8_lossy(&done.stdout));
        said.push_str(&String::from_utf8_lossy(&done.stderr));
    }
    (codes, said, std::fs::read_to_string(folder.path("summary.md")).unwrap_or_default())
}

#[test]
fn the_ci_job_tells_what_a_merge_changes_and_fails_on_a_broken_file() {
    let folder = Folder::new();
    folder.write("jobs.yaml", GOOD);
    assert!(git(&folder, &["init", "-q"]).0 && git(&folder, &["add", "."]).0);
    assert!(git(&folder, &["commit", "-q", "-m", "first"]).0 && git(&folder, &["switch", "-q", "-c", "edit"]).0);
    let (codes, said, page) = ci(&folder);
    assert_eq!(codes, [Some(0), Some(0)], "{said}");
    assert!(page.contains("no changes"), "{page}");
    folder.write("more.yaml", GOOD.replace("notice", "others"));
    let (codes, said, page) = ci(&folder);
    assert_eq!(codes, [Some(0), Some(0)], "{said}");
    assert!(page.contains("\n+ others  ") && page.contains("1 added"), "{page}");
    folder.write("more.yaml", BAD.replace("notice", "others"));
    let (codes, said, _) = ci(&folder);
    assert_eq!(codes, [Some(3), Some(1)], "{said}");
    assert!(said.starts_with("::error file=more.yaml,line=5,col=16,title=E031::"), "{said}");
}

#[test]
fn limits_that_would_break_a_promise_keep_the_daemon_from_starting() {
    let wrong = [
        ("timeouts: {publish: 151s}", "twice `publish` must be shorter than `lease`"),
        ("timeouts: {upload: 150s}", "twice `upload` must be shorter than `lease`"),
        ("timeouts: {lease: 150s}", "twice `publish` must be shorter than `lease`"),
        ("defaults: {quarantine: 105s}", "`quarantine` must be more than 30 s longer than the `publish` time-out"),
    ];
    for (limits, told) in wrong {
        let folder = Folder::new();
        folder.jobs("p: {at: now, type: note, content: 글}");
        let accounts = "accounts: {cafe: {rest_api_key: key}}";
        folder.write("storyd.yaml", format!("data_dir: data\njobs: [jobs.yaml]\n{accounts}\n{limits}\n"));
        let done = folder.run("run");
        assert_eq!(done.code, Some(3), "{limits}: {done:?}");
        assert!(done.stderr.contains(told), "{limits}: {}", done.stderr);
        assert!(!folder.path("data/queue.db").exists(), "{limits}: nothing was begun");
    }
}

#[test]
fn what_the_engine_is_given_is_asked_for_contradictions_once_more() {
    let mut settings = Settings::default();
    assert!(Rules::new(&settings).is_ok());
    settings.timeouts.publish = settings.timeouts.lease / 2;
    assert_eq!(Rules::new(&settings).unwrap_err().key, "publish");
    let mut settings = Settings::default();
    settings.defaults.quarantine = settings.timeouts.publish;
    assert_eq!(Rules::new(&settings).unwrap_err().key, "quarantine");
}
