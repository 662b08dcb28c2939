//! What an operator meets around the program: who may read its files, what its version tells, limits of the process, a supervisor, a
//! copy that can only be read, an address without encryption, a proxy that refuses, and people who are told by a script.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use sqlx::{ConnectOptions, Connection};

use crate::cli_machine::{folder_with, many, settings, stops_cleanly, stories};
use crate::support::ports::Nobody;
use crate::support::process::{Folder, own_mounts, until};

const WAITS: &str = "later:\n  at: 2098-12-01 09:00\n  type: note\n  content: 나중에";

/// Files and folders below one, with their modes.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    let mut found = vec![(folder.display().to_string(), folder.metadata().unwrap().permissions().mode() & 0o777)];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(modes(&path));
        } else {
            found.push((path.display().to_string(), path.metadata().unwrap().permissions().mode() & 0o777));
        }
    }
    found
}

#[track_caller]
fn are_private(folder: &Path) {
    let open: Vec<_> = modes(folder).into_iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "others can use {open:#?}");
}

#[test]
fn whatever_umask_it_is_started_with_its_files_are_its_users_alone() {
    for umask in ["000", "022", "077"] {
        let folder = Folder::new();
        let _emulator = folder.emulator("");
        let hand_in = "account add-token cafe --access-token-file secrets/access_token.txt";
        let handed_in = folder.start_after(None, &format!("umask {umask}"), hand_in).end();
        assert_eq!(handed_in.code, Some(0), "{handed_in:?}");
        let image = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/images/winter-cup.png");
        folder.write("cup.png", std::fs::read(image).unwrap());
        folder.jobs("photo:\n  at: 2098-12-01 09:00\n  type: photo\n  images: [cup.png]");
        let daemon = folder.start_after(None, &format!("umask {umask}"), "run");
        daemon.says("waiting for photo");
        are_private(&folder.path("data"));
        assert!(modes(&folder.path("data/media")).len() > 1, "an image was taken over");
        let made = folder.start_after(None, &format!("umask {umask}"), "admin backup copy").end();
        assert_eq!(made.code, Some(0), "{made:?}");
        are_private(&folder.path("copy"));
        stops_cleanly(&folder, daemon);

        // A backup that was made readable, or by a version that made it so, does not open the queue again.
        for (path, _) in modes(&folder.path("copy")) {
            let mode = if Path::new(&path).is_dir() { 0o777 } else { 0o666 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::fs::remove_dir_all(folder.path("data")).unwrap();
        let restored = folder.start_after(None, &format!("umask {umask}"), "admin restore copy --yes").end();
        assert_eq!(restored.code, Some(0), "{restored:?}");
        are_private(&folder.path("data"));
    }
}

#[test]
fn a_data_folder_that_others_can_enter_is_mentioned() {
    let (folder, _emulator) = folder_with("");
    folder.jobs(WAITS);
    let open =
        format!("others can read what lies in {0} (mode 755); `chmod -R go= {0}`", folder.path("data").display());
    for (mode, word) in [(0o755, open.as_str()), (0o700, "")] {
        std::fs::set_permissions(folder.path("data"), std::fs::Permissions::from_mode(mode)).unwrap();
        let daemon = folder.start("run");
        daemon.says("waiting for later");
        let told = stops_cleanly(&folder, daemon);
        assert_eq!(told.contains("others can"), !word.is_empty(), "{told}");
        assert!(told.contains(word), "{told}");
    }
}

#[tokio::test]
async fn its_version_names_the_commit_the_sqlite_and_the_rules_of_the_zones() {
    let folder = Folder::new();
    let told = folder.ok("--version");
    let options = sqlx::sqlite::SqliteConnectOptions::new().in_memory(true);
    let mut connection = options.connect().await.unwrap();
    let sqlite: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (number, commit, zones) = (env!("CARGO_PKG_VERSION"), env!("STORYD_COMMIT"), storyd::plan::TZDB);
    assert_eq!(told, format!("storyd {number} (commit {commit}, SQLite {sqlite}, zone rules {zones})\n"));
    assert!(zones.len() >= 5 && zones.starts_with("20"), "{zones}");
    let root = env!("CARGO_MANIFEST_DIR");
    let git = std::process::Command::new("git").args(["-C", root, "rev-parse", "--show-toplevel"]).output();
    if git.is_ok_and(|git| String::from_utf8_lossy(&git.stdout).trim() == root) {
        assert!(commit.len() == 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{commit}");
    }
}

#[test]
fn a_supervisor_is_asked_for_patience_before_it_is_told_that_all_is_ready() {
    let (folder, _emulator) = folder_with("");
    folder.jobs(WAITS);
    let socket = UnixDatagram::bind(folder.path("supervisor")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    let daemon = folder.start_with("run", |command| {
        command.env("NOTIFY_SOCKET", folder.path("supervisor"));
    });
    let mut told = Vec::new();
    while !told.iter().any(|line: &String| line.contains("READY=1")) {
        let mut bytes = [0; 1024];
        let count = socket.recv(&mut bytes).unwrap();
        told.push(String::from_utf8_lossy(&bytes[..count]).into_owned());
    }
    assert!(told[0].contains("EXTEND_TIMEOUT_USEC=120000000"), "{told:?}");
    stops_cleanly(&folder, daemon);
    std::fs::remove_file(folder.path("supervisor")).unwrap();
}

#[test]
fn without_file_handles_it_says_so_and_ends_with_a_code_after_which_it_is_started_again() {
    let (folder, _emulator) = folder_with("");
    folder.jobs(WAITS);
    let mut ended = 0;
    for handles in [10, 12, 14, 16, 18, 20, 22, 24, 27, 30, 34, 38, 44, 50] {
        let mut daemon = folder.start_after(None, &format!("ulimit -n {handles}"), "run");
        until(
            || format!("an end, or a beginning, with {handles} handles"),
            || (daemon.is_over() || daemon.out().contains("waiting for later")).then_some(()),
        );
        if daemon.out().contains("waiting for later") {
            daemon.kill_9();
            continue;
        }
        let done = daemon.end();
        ended += 1;
        assert_eq!(done.code, Some(1), "{handles} handles: {done:?}");
        assert!(!done.stderr.contains("certificates"), "{handles} handles: {done:?}");
        assert!(done.stderr.contains("handles") || done.stderr.contains("open files"), "{handles} handles: {done:?}");
    }
    assert!(ended > 3, "only {ended} starts were short of handles");
    let daemon = folder.start("run");
    daemon.says("waiting for later");
    stops_cleanly(&folder, daemon);
}

#[test]
fn a_data_folder_that_is_not_there_yet_is_asked_for_again_by_a_later_start() {
    let folder = Folder::new();
    folder.jobs(WAITS);
    folder.write("in-the-way", "");
    let done = folder.run("--data-dir in-the-way/data run jobs.yaml");
    assert_eq!(done.code, Some(9), "{done:?}");
    assert!(done.stderr.contains("cannot create the folder in-the-way/data"), "{done:?}");
}

#[test]
fn a_limit_on_the_size_of_files_is_mentioned_and_kills_nothing() {
    let (folder, emulator) = folder_with("hang-after-effect,count=1,calls=note");
    settings(&folder, "ballast: 64 KiB");
    let daemon = folder.start_after(None, "ulimit -f 1200", "run");
    emulator.is_asked("note");
    folder.jobs(&many(600));
    let done = daemon.end();
    assert_eq!(done.code, Some(9), "{done:?}");
    assert!(done.stderr.contains("files may grow to "), "{done:?}");
    assert!(done.stderr.lines().last().unwrap_or_default().contains("queue.db could not be written"), "{done:?}");
    let daemon = folder.start("run");
    daemon.says("published  notice");
    assert_eq!((stories(&emulator).len(), emulator.requests("note")), (1, 1));
}

#[test]
fn a_backup_goes_into_no_folder_that_is_there() {
    let (folder, _emulator) = folder_with("");
    let daemon = folder.start("run");
    daemon.says("published  notice");
    folder.write("copy/mine.txt", "mine");
    let done = folder.run("admin backup copy");
    assert_eq!(done.code, Some(2), "{done:?}");
    assert_eq!(
        done.stderr,
        "storyd: copy is there already, and was left as it is; name a folder that does not exist yet\n"
    );
    assert_eq!(std::fs::read_dir(folder.path("copy")).unwrap().count(), 1);
    stops_cleanly(&folder, daemon);
}

#[test]
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
fn a_copy_that_can_only_be_read_can_be_looked_at() {
    let Some(mounts) = own_mounts() else {
        return println!("not tried: this machine does not let a program mount anything");
    };
    let (folder, _emulator) = folder_with("");
    let daemon = folder.start("run");
    daemon.says("published  notice");
    let read_only = "mount --bind data data && mount -o remount,bind,ro data";
    let look = |line: &str| folder.start_after(Some(mounts), read_only, line).end();
    let lines =
        ["admin queue --all", "admin show 1", "admin stories", "admin failures", "admin check-db", "admin export"];
    // As a copy of a folder is: with the log of a daemon that was killed, and after a clean stop.
    daemon.kill_9();
    for line in lines {
        let done = look(line);
        assert_eq!(done.code, Some(0), "{line} beside a log: {done:?}");
        assert!(
            line == "admin failures" || line == "admin check-db" || done.stdout.contains("notice"),
            "{line}: {done:?}"
        );
    }
    std::fs::remove_file(folder.path("data/queue.db-shm")).unwrap();
    let done = look("admin queue --all");
    assert!(done.code == Some(0) || done.stderr.contains("copy the folder to such a place"), "{done:?}");
    let daemon = folder.start("run");
    daemon.says("waiting");
    stops_cleanly(&folder, daemon);
    for line in lines {
        let done = look(line);
        assert_eq!(done.code, Some(0), "{line}: {done:?}");
    }
    let done = look("admin pause --all");
    assert!(done.code != Some(0) && done.stderr.contains("readonly"), "{done:?}");
}

#[test]
fn an_address_without_encryption_over_a_network_is_mentioned() {
    let folder = Folder::new();
    folder.jobs(WAITS);
    for (url, mentioned) in
        [("http://192.0.2.7:9", true), ("http://127.0.0.1:9", false), ("https://192.0.2.7:9", false)]
    {
        let keys = "accounts: {cafe: {rest_api_key: k}}";
        folder.write(
            "storyd.yaml",
            format!("data_dir: data\njobs: [jobs.yaml]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: off}}\n{keys}\n"),
        );
        let daemon = folder.start("run");
        daemon.says("waiting for later");
        let told = stops_cleanly(&folder, daemon);
        let word = format!("`api_url` is {url}: tokens and posts can be read on the way there");
        assert_eq!(told.contains(&word), mentioned, "{told}");
    }
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let folder = Folder::new();
    folder.write(
        "storyd.yaml",
        "data_dir: data\napi_url: https://kakao.invalid\nlogin_url: https://kakao.invalid\naccounts: {cafe: {rest_api_key: k}}\n",
    );
    folder.write("secrets/access.txt", "a-token-of-cafe");
    assert_eq!(folder.run("account add-token cafe --access-token-file secrets/access.txt").code, Some(0));
    let nobody = Nobody::new();
    let address = nobody.address();
    folder.keep_secret("the-password-of-the-proxy");
    let proxy = format!("http://anna:the-password-of-the-proxy@{address}");
    let doctor = folder.start_with("account doctor cafe", |command| {
        command.env("HTTPS_PROXY", proxy);
    });
    let done = doctor.end();
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains(&format!("the way there is the proxy {address} ")), "{told}");
}

#[test]
fn a_script_can_tell_people_something() {
    let folder = Folder::new();
    folder.write(
        "storyd.yaml",
        "notify: {sinks: {one: {type: command, run: [/bin/sh, -c, cat > one.json]}, two: {type: command, run: [/bin/false]}}}\n",
    );
    let words = "storyd.service has stopped on cafe-1 and is not started again by itself";
    let say = |more: &[&str]| {
        let mut command = folder.storyd("notify say");
        let output = command.arg(words).args(more).output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), told)
    };
    let (code, told) = say(&["--to", "one"]);
    assert_eq!((code, told.as_str()), (Some(0), "one: arrived\n"));
    let heard: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path("one.json")).unwrap()).unwrap();
    let notice = if heard["notice"].is_object() { &heard["notice"] } else { &heard };
    assert_eq!((&notice["phase"], &notice["title"]), (&"said".into(), &words.into()), "{heard}");
    let (code, told) = say(&[]);
    assert_eq!(code, Some(6), "{told}");
    assert!(told.contains("one: arrived") && told.contains("two: did NOT arrive"), "{told}");
    assert_eq!(say(&["--to", "three"]).0, Some(4));
    assert_eq!(folder.run("notify say").code, Some(2));
}
