//! The unit: what it must say, and, where systemd is at hand, what systemd itself makes of it.

use std::path::{Path, PathBuf};
use std::process::Command;

const UNIT: &str = include_str!("../../systemd/storyd.service");
/// The units beside it.
const OTHERS: [(&str, &str); 5] = [
    ("storyd-failed@.service", include_str!("../../systemd/storyd-failed@.service")),
    ("storyd-backup.service", include_str!("../../systemd/storyd-backup.service")),
    ("storyd-backup.timer", include_str!("../../systemd/storyd-backup.timer")),
    ("storyd-pull.service", include_str!("../../systemd/storyd-pull.service")),
    ("storyd-pull.timer", include_str!("../../systemd/storyd-pull.timer")),
];
const GUIDE: &str = include_str!("../../systemd/README.md");
const SYSUSERS: &str = include_str!("../../systemd/storyd.sysusers.conf");

/// Highest exposure that `systemd-analyze security` may find, in tenths of its 0 to 10. The network alone, its work, costs 8.
const EXPOSURE_MAX: u32 = 15;

/// Keys that an earlier systemd does not know, and passes over.
const SINCE_254: [&str; 2] = ["RestartSteps", "RestartMaxDelaySec"];

/// All values of a key, in the order in which they stand.
fn values(key: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

fn value(key: &str) -> &'static str {
    values(key).pop().unwrap_or_else(|| panic!("the unit has no {key}="))
}

/// Writes the unit with the program of this build in it, since systemd checks that it exists, and with `change` applied.
fn unit(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let path = folder.join("storyd.service");
    let ours = format!("ExecStart=\"{}\"", env!("CARGO_BIN_EXE_storyd").replace('%', "%%"));
    std::fs::write(&path, change(UNIT.replace("ExecStart=/usr/bin/storyd", &ours))).unwrap();
    for (name, text) in OTHERS {
        let text = text.replace("ExecStart=/usr/bin/storyd", &ours).replace("/usr/lib/storyd/storyd-pull", "/bin/true");
        std::fs::write(folder.join(name), text).unwrap();
    }
    path
}

/// Whether `systemd-analyze` is content with the unit, and what it prints; nothing where it is not installed, or too old to
/// judge a file.
fn analyze(arguments: &[&str], change: impl Fn(String) -> String) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let unit = unit(folder.path(), change);
    let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().ok()?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let known =
        |line: &&str| !SINCE_254.iter().any(|key| line.contains("Unknown key") && line.contains(&format!("'{key}'")));
    let printed: String = printed.lines().filter(known).map(|line| format!("{line}\n")).collect();
    let too_old = printed.contains("unrecognized option") || printed.contains("Unknown command verb");
    (!too_old).then(|| (output.status.success() && !printed.contains("storyd.service:"), printed))
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let verify = |change: fn(String) -> String| analyze(&["verify", "--man=no"], change);
    let Some((content, printed)) = verify(|unit| unit) else { return };
    assert!(content, "{printed}");
    let (content, printed) = verify(|unit| unit.replace("WatchdogSec", "WatchdogSecs")).unwrap();
    assert!(!content, "a misspelt key went unnoticed: {printed}");
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    unit(folder.path(), |unit| unit);
    for (name, _) in OTHERS {
        let name = name.replace("@.", "@storyd.service.");
        let told = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(folder.path().join(&name)).output();
        let Ok(output) = told else { return };
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        let known = |line: &&str| !SINCE_254.iter().any(|key| line.contains(key));
        let ours: Vec<&str> = printed.lines().filter(known).filter(|line| line.contains("storyd")).collect();
        assert!(printed.contains("unrecognized option") || ours.is_empty(), "{name}: {printed}");
    }
}

#[test]
fn systemd_finds_the_unit_well_protected() {
    let judge = |change: fn(String) -> String| {
        let (_, printed) = analyze(&["security", "--offline=true", "--no-pager"], change)?;
        // Its last line: "→ Overall exposure level for storyd.service: 1.0 OK".
        let level = printed.rsplit_once("storyd.service: ")?.1.split_whitespace().next()?.replace('.', "");
        Some((level.parse::<u32>().ok()?, printed))
    };
    let Some((exposure, printed)) = judge(|unit| unit) else { return };
    assert!(exposure <= EXPOSURE_MAX, "{printed}");
    let (exposure, _) = judge(|unit| unit.replace("CapabilityBoundingSet=", "").replace("User=", "#")).unwrap();
    assert!(exposure > EXPOSURE_MAX, "a unit without walls passes");
}

#[test]
fn readiness_watchdog_and_reload_are_those_of_the_daemon() {
    assert_eq!(value("Type"), "notify");
    assert_eq!(value("WatchdogSec"), "2min");
    assert_eq!(value("ExecStart"), "/usr/bin/storyd run");
    assert_eq!(value("ExecReload"), "/bin/kill -HUP $MAINPID");
    // sd_notify speaks over a socket of the machine.
    assert_eq!(value("RestrictAddressFamilies"), "AF_INET AF_INET6 AF_UNIX");
}

#[test]
fn a_stop_waits_longer_than_a_publish_request_may_take() {
    assert_eq!(value("TimeoutStopSec"), "2min");
    let limits = storyd::network::kakao::Limits::default();
    assert!(limits.publish_timeout < std::time::Duration::from_secs(120), "{:?}", limits.publish_timeout);
    assert_eq!(value("KillMode"), "mixed", "SIGTERM is the daemon's to act on");
}

#[test]
fn it_is_started_again_only_where_that_can_help() {
    assert_eq!(value("Restart"), "on-failure");
    // Usage, job files or settings, another daemon, a queue that is damaged or gone. Want of memory, a full disk and a folder that is
    // not there yet end otherwise (`cli_machine`), and are tried again, ever more slowly.
    assert_eq!(value("RestartPreventExitStatus"), "2 3 7 8");
    assert_eq!((value("RestartSec"), value("RestartSteps"), value("RestartMaxDelaySec")), ("5s", "8", "5min"));
    // Else five failures in a row would be the end of it.
    assert_eq!(values("StartLimitBurst"), [""; 0]);
}

#[test]
fn it_is_bounded_told_when_it_has_stopped_and_waits_for_the_clock() {
    for key in ["MemoryMax", "TasksMax"] {
        assert_eq!(values(key).len(), 1, "{key}");
    }
    assert_eq!(value("OOMPolicy"), "continue", "a command of `notify` that dies must not end the daemon");
    assert_eq!(value("OnFailure"), "storyd-failed@%n.service");
    // `After=` alone orders nothing where nobody wants the target.
    for key in ["Wants", "After"] {
        assert!(value(key).split(' ').any(|unit| unit == "time-sync.target"), "{key}={}", value(key));
    }
    for (name, text) in OTHERS.iter().filter(|(name, _)| name.ends_with(".service") && !name.contains('@')) {
        assert!(text.contains("\nOnFailure=storyd-failed@%n.service\n"), "nobody is told when {name} fails");
        let timer = OTHERS.iter().any(|(other, _)| *other == name.replace(".service", ".timer"));
        assert!(timer, "nothing starts {name}");
    }
}

#[test]
fn secrets_stay_with_its_user() {
    assert_eq!(value("LimitCORE"), "0", "a core dump would hold tokens");
    assert_eq!(value("UMask"), "0077");
    assert_eq!((value("User"), value("StateDirectory"), value("StateDirectoryMode")), ("storyd", "storyd", "0700"));
    assert!(SYSUSERS.lines().any(|line| line.starts_with("u storyd ")), "nobody makes the user");
    assert!(UNIT.lines().any(|line| line.starts_with("#LoadCredential=cafe-secret:")), "no example of a credential");
}

#[test]
fn it_is_hardened() {
    for key in [
        "NoNewPrivileges",
        "MemoryDenyWriteExecute",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectHome",
        "ProtectKernelModules",
        "RestrictNamespaces",
        "RestrictSUIDSGID",
        "LockPersonality",
    ] {
        assert_eq!(value(key), "yes", "{key}");
    }
    assert_eq!(value("ProtectSystem"), "strict");
    assert_eq!(value("CapabilityBoundingSet"), "");
    assert_eq!(values("SystemCallFilter"), ["@system-service", "~@privileged @resources"]);
}

#[test]
fn every_file_that_the_unit_names_is_explained_beside_it() {
    let units = std::iter::once(UNIT).chain(OTHERS.iter().map(|(_, text)| *text));
    let lines = units.flat_map(str::lines).filter(|line| !line.starts_with("# "));
    let words = lines.flat_map(|line| line.split(['=', ':', ' ', '"', '\'']));
    let mut named: Vec<&str> = words.filter(|word| word.starts_with('/') && !word.starts_with("//")).collect();
    named.retain(|path| !["/bin/kill", "/bin/sh", "/usr/bin/find"].contains(path));
    assert!(named.len() >= 6, "{named:?}");
    for path in named {
        let path = path.strip_suffix("/$(date").unwrap_or(path);
        assert!(GUIDE.contains(&format!("`{path}`")), "systemd/README.md does not say what {path} is");
    }
}

/// A command that must succeed, and what it prints.
fn run(folder: &Path, program: &str, words: &[&str]) -> String {
    let output = Command::new(program).current_dir(folder).args(words).output().unwrap();
    assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_pulled_comes_into_force_only_when_the_check_is_content() {
    let folder = tempfile::tempdir().unwrap();
    let (team, jobs) = (folder.path().join("team"), folder.path().join("jobs"));
    let job = |hour: &str| {
        format!(
            "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  a: {{at: 2098-12-01 {hour}, type: note, content: 글}}\n"
        )
    };
    let commit = |text: &str| {
        std::fs::write(team.join("jobs.yaml"), text).unwrap();
        let names = ["-c", "user.name=team", "-c", "user.email=team@example.com"];
        run(&team, "git", &["add", "."]);
        run(&team, "git", &[&names[..], &["commit", "--quiet", "--message=jobs"]].concat());
    };
    std::fs::create_dir(&team).unwrap();
    run(&team, "git", &["init", "--quiet"]);
    commit(&job("09:00"));
    run(folder.path(), "git", &["clone", "--quiet", "team", "jobs"]);
    let bin = Path::new(env!("CARGO_BIN_EXE_storyd")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let pull = || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/storyd-pull");
        let done = Command::new("sh").arg(script).arg(&jobs).env("PATH", &path).output().unwrap();
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code(), told, std::fs::read_to_string(jobs.join("jobs.yaml")).unwrap())
    };
    let (code, told, text) = pull();
    assert_eq!((code, told.as_str(), text), (Some(0), "", job("09:00")), "nothing new");
    commit(&job("10:00"));
    let (code, told, text) = pull();
    assert_eq!((code, text), (Some(0), job("10:00")), "{told}");
    commit(&job("25:00"));
    let (code, told, text) = pull();
    assert_eq!((code, text), (Some(3), job("10:00")), "{told}");
    assert!(told.contains("E03"), "{told}");
    commit(&job("11:00"));
    let (code, told, text) = pull();
    assert_eq!((code, text), (Some(0), job("11:00")), "{told}");
    // Somebody edited here, beside the repository: nothing is written over.
    std::fs::write(jobs.join("jobs.yaml"), job("12:00")).unwrap();
    commit(&job("13:00"));
    let (code, told, text) = pull();
    assert_ne!(code, Some(0), "{told}");
    assert_eq!(text, job("12:00"));
}
