//! The unit: what it must say, and, where systemd is at hand, what systemd itself makes of it.

use std::path::{Path, PathBuf};
use std::process::Command;

const UNIT: &str = include_str!("../../systemd/storyd.service");
const GUIDE: &str = include_str!("../../systemd/README.md");
const SYSUSERS: &str = include_str!("../../systemd/storyd.sysusers.conf");

/// Highest exposure that `systemd-analyze security` may find, in tenths of its 0 to 10. The network alone, its work, costs 8.
const EXPOSURE_MAX: u32 = 15;

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
    path
}

/// Whether `systemd-analyze` is content with the unit, and what it prints; nothing where it is not installed, or too old to
/// judge a file.
fn analyze(arguments: &[&str], change: impl Fn(String) -> String) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let unit = unit(folder.path(), change);
    let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().ok()?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
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
    let limits = storyd::kakao::Limits::default();
    assert!(limits.publish_timeout < std::time::Duration::from_secs(120), "{:?}", limits.publish_timeout);
    assert_eq!(value("KillMode"), "mixed", "SIGTERM is the daemon's to act on");
}

#[test]
fn it_is_started_again_only_where_that_can_help() {
    assert_eq!(value("Restart"), "on-failure");
    // Usage, job files or settings, another daemon, the database.
    assert_eq!(value("RestartPreventExitStatus"), "2 3 7 8");
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
    let words = UNIT.lines().filter(|line| !line.starts_with("# ")).flat_map(|line| line.split(['=', ':', ' ']));
    let mut named: Vec<&str> = words.filter(|word| word.starts_with('/') && !word.starts_with("//")).collect();
    named.retain(|path| *path != "/bin/kill");
    assert!(named.len() >= 6, "{named:?}");
    for path in named {
        assert!(GUIDE.contains(&format!("`{path}`")), "systemd/README.md does not say what {path} is");
    }
}
