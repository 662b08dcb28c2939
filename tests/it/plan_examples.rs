//! The example files load as they are shipped, without a warning.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use storyd::plan::{self, AtTime};
use storyd::settings::{Defaults, Secret, Settings, Timeouts};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn the_example_job_file_posts_three_stories_at_once_and_the_rest_later() {
    let plan = plan::load(&[root().join("jobs.example.yaml")], crate::plan_load::now())
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(plan.warnings, []);
    let at_once: Vec<&str> =
        plan.jobs.values().filter(|job| job.one_offs() == [AtTime::Now]).map(|job| job.content.kind()).collect();
    assert_eq!(at_once, ["photo", "link", "note"]);
    let photo = &plan.jobs["first-photos"];
    assert_eq!(photo.content.images().len(), 2);
    assert!(photo.image_files.iter().all(|file| file.is_absolute() && file.exists()));
    let in_a_year: Timestamp = "2027-12-01T00:00:00Z".parse().expect("valid");
    for job in plan.jobs.values().filter(|job| job.one_offs() != [AtTime::Now]) {
        assert!(!job.occurrences(in_a_year, Timestamp::MAX, 1).is_empty(), "{} is over", job.name);
    }
}

#[test]
fn the_example_settings_say_what_holds_without_any() {
    let settings = Settings::load(&root().join("storyd.example.yaml")).unwrap_or_else(|problems| panic!("{problems}"));
    let base = Settings::default();
    assert_eq!((&settings.api_url, &settings.login_url), (&base.api_url, &base.login_url));
    assert_eq!((settings.dashboard, settings.horizon), (base.dashboard, base.horizon));
    assert_eq!((&settings.data_dir, &settings.defaults), (&base.data_dir, &Defaults::default()));
    assert_eq!(settings.timeouts, Timeouts::default());
    assert_eq!(settings.jobs, [PathBuf::from("/etc/storyd/jobs.d")]);
    let cafe = &settings.accounts["cafe"];
    assert!(matches!(&cafe.rest_api_key, Secret::File(path) if path == Path::new("/etc/storyd/cafe.key")));
    assert!(matches!(&cafe.client_secret, Some(Secret::Credential(name)) if name == "cafe-secret"));
}

fn report(text: &str) -> String {
    Settings::parse(text, Path::new("storyd.yaml")).expect_err("must not load").to_string()
}

#[test]
fn an_empty_mapping_is_the_defaults_and_relative_paths_start_from_the_file() {
    let settings =
        Settings::parse("data_dir: data\njobs: jobs.yaml\ndashboard: {listen: off}\n", Path::new("conf/storyd.yaml"))
            .unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(settings.data_dir, Path::new("conf/data"));
    assert_eq!(settings.jobs, [PathBuf::from("conf/jobs.yaml")]);
    assert_eq!(settings.dashboard, None);
    assert_eq!(settings.defaults.quarantine, Duration::from_secs(180));
}

#[test]
fn all_problems_of_the_settings_come_at_once() {
    insta::assert_snapshot!(report(
        "data-dir: /srv\napi_url: kapi.kakao.com\nlogin_url: https://kauth.kakao.com/?a=1\ndashboard: {listen: localhost}\n\
         horizon: 35\ndefaults:\n  retry: [10s, 1 m]\n  in_doubt: ask\n  quarantine: 1m\n  late: skip\ntimeouts:\n  publish: 3m\n\
         accounts: []\n"
    ));
}

#[test]
fn a_report_never_shows_a_line_of_the_accounts() {
    let texts = [
        "accounts:\n  cafe:\n    rest_api_key: s3cret\n    client_secrte: s3cret\n",
        "accounts:\n  cafe:\n    rest_api_key: [s3cret]\n  bar:\n    client_secret: {files: s3cret}\n",
        "accounts:\n  Cafe: {rest_api_key: s3cret}\n  cafe: s3cret\nhorizon: 1s\n",
        "accounts:\n  cafe:\n    rest_api_key: *s3cret\n",
        "accounts:\n  cafe:\n    rest_api_key: @s3cret\n",
        "accounts:\n  cafe:\n    rest_api_key:s3cret\n    client_secret: x\n",
        "accounts:\n  cafe:\n    rest_api_key: !s3cret x\n",
        "accounts:\n  cafe: {rest_api_key: \"s3cret}\n",
        "x-app: &app\n  rest_api_key: s3cret\n  min_gab: 10m\naccounts: {cafe: *app, shop: *app}\n",
        "  horizon: 1h\n  accounts:\n    cafe:\n      client_secret: s3cret\n      min_gab: 10m\n",
        "{accounts: {cafe: {rest_api_key: s3cret, min_gab: 10m}}}\n",
        "? accounts\n: cafe: {rest_api_key: s3cret, min_gab: 10m}\n",
        "account: {cafe: {rest_api_key: s3cret}}\n",
        "accounts: {}\nhorizon: 1h\naccounts:\n  cafe: {rest_api_key: s3cret, min_gab: 10m}\n",
        "accounts: {cafe: {rest_api_key:s3cret}}\n",
        "data_dir: x\n s3cret: y\n",
    ];
    for text in texts {
        let report = report(text);
        assert!(report.contains("storyd.yaml") && !report.contains("s3cret"), "{text}\n{report}");
    }
    insta::assert_snapshot!(report(texts[0]));
}

/// Whatever is typed wherever: what was meant for one line often stands on another.
#[test]
fn a_report_on_the_settings_quotes_nothing_that_may_be_a_secret() {
    let keys = [
        "data_dir",
        "jobs",
        "api_url",
        "dashboard",
        "dashboard: listen",
        "horizon",
        "watch: poll",
        "blackouts",
        "ballast",
        "defaults: late",
        "defaults: retry",
        "defaults: in_doubt",
        "timeouts: publish",
        "notify: published",
        "notify: digest",
        "notify: zone",
        "notify: heartbeat",
        "notify: sinks",
        "notify: sinks: a",
        "notify: sinks: a: type",
        "preflight: evening",
        "preflight: before",
        "keep: failed",
        "audit",
        "accounts",
        "accounts: cafe",
        "accounts: cafe: redirect_uri",
        "accounts: cafe: min_gap",
        "accounts: cafe: max_per_day",
        "accounts: cafe: rest_api_key",
        "accounts: cafe: rest_api_key: file",
        "accounts: cafe: rest_api_key: env",
        "nothing",
    ];
    let blackouts =
        ["dates", "weekdays", "hours", "reason", "then"].map(|key| format!("blackouts: [{{{key}: VALUE}}]\n"));
    let values = [
        "s3cret",
        "[s3cret]",
        "[-s3cret, [s3cret]]",
        "{s3cret: s3cret}",
        "{s3cret}",
        "{s3cret key: s3cret}",
        "@s3cret",
        "\"s3cret",
        "*s3cret",
        "!s3cret x",
        "{{ s3cret }}",
        "s3cret: x",
        "https://u:s3cret@example.com/",
        "s3cret.com://x",
        "-s3cret",
        "%s3cret",
        "[s3cret",
        "4953217",
        "[4953217]",
        "{file: 4953217}",
        "4953217: 4953217",
        "`s3cret`",
        "#s3cret",
        "&s3cret",
        "s3cret/..",
        "\"\\s3cret\"",
        "4953217m 1",
        "{<<: s3cret}",
        "4953217..4953217",
        "'s3cret' s3cret",
        "{type: s3cret}",
        "{type: email, tls: s3cret, port: s3cret, user: s3cret}",
    ];
    let lines = keys.iter().map(|path| {
        let keys: Vec<&str> = path.split(": ").collect();
        let lines = keys.iter().enumerate().map(|(depth, key)| format!("{}{key}:", "  ".repeat(depth)));
        lines.collect::<Vec<_>>().join("\n") + " VALUE\n"
    });
    for line in lines.chain(blackouts) {
        for text in values.iter().flat_map(|value| {
            let text = line.replace("VALUE", value);
            [format!("accounts: {{}}\n{text}"), text.replacen(": ", " = ", 1), text.replacen(": ", ":", 1), text]
        }) {
            let Err(problems) = Settings::parse(&text, Path::new("storyd.yaml")) else { continue };
            let shown = format!("{problems} {}", serde_json::to_string(problems.list()).expect("serialises"));
            let lines: String = problems.list().iter().map(ToString::to_string).collect();
            for secret in ["s3cret", "4953217"] {
                assert!(!shown.contains(secret) && !lines.contains(secret), "{text}\n{shown}");
            }
        }
    }
}

#[test]
fn the_limits_that_the_promises_rest_on_are_checked_against_each_other() {
    insta::assert_snapshot!(report("timeouts: {publish: 150s}\n"));
}

#[test]
fn a_dashboard_that_is_off_is_told_how_to_say_so() {
    assert!(report("dashboard: off\n").contains("write `dashboard: {listen: off}`"));
}
