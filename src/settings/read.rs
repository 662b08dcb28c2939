//! The shape of `storyd.yaml`, read key by key so that all its problems come at once.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::account::accounts;
use super::types::{Contradiction, Defaults, Keep, Settings, Timeouts, contradictions};
use super::values::{duration, filled, inner, whole_number};
use super::{notify, preflight, size, watching};
use crate::plan::link::check_url;
use crate::plan::policy;
use crate::plan::schedule::blackout;
use crate::plan::schedule::rule::CronRule;
use crate::plan::schedule::zone;
use crate::yaml::characters;
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report, Shape};
use crate::yaml::problem::{Code, Problems, Severity, Source};

pub(super) const SETTINGS: Shape = Shape {
    what: "the settings file",
    keys: &[
        "data_dir",
        "jobs",
        "image_dirs",
        "api_url",
        "login_url",
        "zone",
        "dashboard",
        "horizon",
        "max_planned",
        "watch",
        "blackouts",
        "ballast",
        "defaults",
        "timeouts",
        "notify",
        "preflight",
        "keep",
        "audit",
        "accounts",
    ],
    free_x: true,
    synonyms: &[
        ("data", "data_dir"),
        ("job_files", "jobs"),
        ("images", "image_dirs"),
        ("image_dir", "image_dirs"),
        ("timeout", "timeouts"),
        ("account", "accounts"),
        ("notifications", "notify"),
        ("timezone", "zone"),
        ("tz", "zone"),
    ],
};
pub(super) const DASHBOARD: Shape = Shape {
    what: "`dashboard`",
    keys: &["listen", "url"],
    free_x: false,
    synonyms: &[("address", "listen"), ("port", "listen"), ("public_url", "url")],
};
pub(super) const DEFAULTS: Shape = Shape {
    what: "`defaults`",
    keys: &["late", "retry", "in_doubt", "quarantine", "prepare_ahead", "catch_up_gap"],
    free_x: false,
    synonyms: &[],
};
pub(super) const TIMEOUTS: Shape = Shape {
    what: "`timeouts`",
    keys: &["connect", "request", "upload", "publish", "lease"],
    free_x: false,
    synonyms: &[],
};
pub(super) const KEEP: Shape = Shape {
    what: "`keep`",
    keys: &["deleted", "cancelled", "missed", "failed", "audits"],
    free_x: false,
    synonyms: &[("published", "deleted"), ("audit", "audits")],
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Room for the results of what is under way at least; more than this is room that nobody needs.
const BALLAST_BYTES: RangeInclusive<u64> = 64 * 1024..=1 << 30;

/// Most entries of `retry`.
const RETRIES_MAX: usize = 20;

/// Reads the whole file.
pub(super) fn settings(source: &Arc<Source>) -> Result<Settings, Problems> {
    match as_far_as_possible(source) {
        (Some(settings), None) => Ok(settings),
        (_, problems) => Err(problems.unwrap_or_else(|| Problems::new(Vec::new(), vec![source.path().to_owned()]))),
    }
}

/// What the file says as far as it can be read, with the defaults for the rest, and what is wrong with it.
pub(super) fn as_far_as_possible(source: &Arc<Source>) -> (Option<Settings>, Option<Problems>) {
    let mut report = Report::new(source);
    let settings = characters::read(source, &mut report).and_then(|root| root_of(&root, &mut report));
    let broken = settings.is_none() || report.problems.iter().any(|problem| problem.severity() == Severity::Error);
    let problems = broken.then(|| Problems::new(report.problems, vec![source.path().to_owned()]));
    (settings, problems)
}

fn root_of(root: &Node, report: &mut Report) -> Option<Settings> {
    let fields = Fields::read(root, &(0..0), &SETTINGS, report)?;
    let base = Settings::default();
    let dir = report.source.dir().to_owned();
    let mut settings = Settings {
        data_dir: path(&fields, "data_dir", report).map_or(base.data_dir, |path| dir.join(path)),
        jobs: paths(&fields, "jobs", report).into_iter().map(|path| dir.join(path)).collect(),
        image_dirs: paths(&fields, "image_dirs", report).into_iter().map(|path| dir.join(path)).collect(),
        api_url: url(&fields, "api_url", "https://kapi.kakao.com", report).unwrap_or(base.api_url),
        login_url: url(&fields, "login_url", "https://kauth.kakao.com", report).unwrap_or(base.login_url),
        zone: zone::zone(&fields, report).map(|zone| zone.name),
        dashboard: base.dashboard,
        dashboard_url: None,
        horizon: duration(&fields, "horizon", (HOUR, DAY * 400), report).unwrap_or(base.horizon),
        max_planned: whole_number(&fields, "max_planned", 1..=100_000_000, report).unwrap_or(base.max_planned),
        watch: watching::read(&fields, report),
        blackouts: blackout::read(&fields, report),
        ballast_bytes: size::read(&fields, "ballast", BALLAST_BYTES, report).unwrap_or(base.ballast_bytes),
        defaults: base.defaults,
        timeouts: base.timeouts,
        notify: notify::notify(&fields, report),
        preflight: preflight::read(&fields, report),
        keep: keep(&fields, report),
        audit: audit(&fields, report),
        accounts: accounts(&fields, report),
    };
    read_dashboard(&fields, &mut settings, report);
    let defaults = inner(&fields, "defaults", &DEFAULTS, report);
    let timeouts = inner(&fields, "timeouts", &TIMEOUTS, report);
    if let Some(fields) = &defaults {
        read_defaults(fields, &mut settings.defaults, report);
    }
    if let Some(fields) = &timeouts {
        read_timeouts(fields, &mut settings.timeouts, report);
    }
    for Contradiction { key, message } in contradictions(&settings.defaults, &settings.timeouts) {
        let holder = if key == "quarantine" { &defaults } else { &timeouts };
        // The other half of the relation may be the one that was written: without a key of its own the block is shown.
        let span = holder.as_ref().or(timeouts.as_ref()).map_or(0..0, |fields| fields.key_span(key));
        report.add(Code::BadLimits, &span, message).help("change one of the two, or leave both out");
    }
    Some(settings)
}

/// Nothing that is over leaves the record within a day: what went wrong yesterday must be there to look at.
fn keep(fields: &Fields<'_>, report: &mut Report) -> Keep {
    let Some(fields) = inner(fields, "keep", &KEEP, report) else { return Keep::default() };
    let mut length = |key| duration(&fields, key, (DAY, DAY * 36_500), report);
    Keep {
        deleted: length("deleted"),
        cancelled: length("cancelled"),
        missed: length("missed"),
        failed: length("failed"),
        audits: length("audits"),
    }
}

fn audit(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text("audit", report)?;
    if value == "off" {
        return None;
    }
    if CronRule::parse(&value).is_err() {
        report
            .add(Code::BadCron, &span, "`audit` is no cron pattern that can be read")
            .help("write five fields in quotes, in UTC, as in `audit: \"30 19 * * *\"`, or `off`");
        return None;
    }
    Some(value)
}

fn read_defaults(fields: &Fields<'_>, defaults: &mut Defaults, report: &mut Report) {
    if let Some(late) = fields.get("late").and_then(|node| policy::late(node, &fields.key_span("late"), report)) {
        defaults.late = late;
    }
    if let Some(retry) = retry(fields, report) {
        defaults.retry = retry;
    }
    if let Some(in_doubt) = policy::in_doubt(fields, report) {
        defaults.in_doubt = in_doubt;
    }
    set(&mut defaults.quarantine, duration(fields, "quarantine", (SECOND, DAY), report));
    set(&mut defaults.prepare_ahead, duration(fields, "prepare_ahead", (SECOND, DAY), report));
    set(&mut defaults.catch_up_gap, duration(fields, "catch_up_gap", (SECOND, DAY), report));
}

fn read_timeouts(fields: &Fields<'_>, timeouts: &mut Timeouts, report: &mut Report) {
    set(&mut timeouts.connect, duration(fields, "connect", (SECOND, HOUR), report));
    set(&mut timeouts.request, duration(fields, "request", (SECOND, HOUR), report));
    set(&mut timeouts.upload, duration(fields, "upload", (SECOND, HOUR), report));
    set(&mut timeouts.publish, duration(fields, "publish", (SECOND, HOUR), report));
    set(&mut timeouts.lease, duration(fields, "lease", (SECOND, DAY), report));
}

fn set(place: &mut Duration, value: Option<Duration>) {
    *place = value.unwrap_or(*place);
}

fn retry(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<Duration>> {
    let node = fields.get("retry")?;
    let key_span = fields.key_span("retry");
    let single = std::slice::from_ref(node);
    let items = if let ValueKind::List(items) = &node.kind { items.as_slice() } else { single };
    if items.len() > RETRIES_MAX {
        report.add(
            Code::TooLarge,
            &key_span,
            format!("`retry` has {} delays; at most {RETRIES_MAX} are read", items.len()),
        );
        return None;
    }
    let delays: Vec<_> = items
        .iter()
        .filter_map(|item| mapping::duration_of(item, "retry", &key_span, (SECOND, DAY * 7), report))
        .collect();
    (delays.len() == items.len()).then(|| delays.into_iter().map(|delay| delay.value).collect())
}

fn path(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<PathBuf> {
    let text = fields.text(key, report)?;
    filled(key, text, report).map(PathBuf::from)
}

fn paths(fields: &Fields<'_>, key: &str, report: &mut Report) -> Vec<PathBuf> {
    let texts = fields.texts(key, report).unwrap_or_default();
    texts.into_iter().filter_map(|text| filled(key, text, report).map(PathBuf::from)).collect()
}

fn url(fields: &Fields<'_>, key: &str, example: &str, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text(key, report)?;
    match check_url(&value) {
        Ok(()) if !value.contains(['?', '#']) => Some(value.trim_end_matches('/').to_owned()),
        result => {
            let why = result.err().unwrap_or_else(|| "it goes on after its path".to_owned());
            report
                .add(Code::BadUrl, &span, format!("this cannot be `{key}`: {why}"))
                .help(format!("write the beginning that all addresses there share, as in `{example}`"));
            None
        }
    }
}

fn read_dashboard(fields: &Fields<'_>, settings: &mut Settings, report: &mut Report) {
    if fields.get("dashboard").is_some_and(|node| node.text() == Some("off")) {
        let message = "`dashboard` is made of keys and values";
        report
            .add(Code::WrongType, &fields.key_span("dashboard"), message)
            .help("for no dashboard write `dashboard: {listen: off}`");
        return;
    }
    let Some(fields) = inner(fields, "dashboard", &DASHBOARD, report) else { return };
    settings.dashboard_url = url(&fields, "url", "https://storyd.example.com", report);
    let Some(Placed { value, span }) = fields.text("listen", report) else { return };
    match value.parse() {
        Ok(address) => settings.dashboard = Some(address),
        Err(_) if value == "off" => settings.dashboard = None,
        Err(_) => {
            report
                .add(Code::BadAddress, &span, "this is not an address to listen on")
                .help("write a numeric address and a port, `127.0.0.1:8420`, or `off` for no dashboard");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_file_is_told_by_any_key_that_no_job_file_has() {
        use crate::plan::foreign::SETTINGS_KEYS;
        let shared = ["jobs", "blackouts", "defaults", "zone"];
        let own: Vec<&str> = SETTINGS.keys.iter().copied().filter(|key| !shared.contains(key)).collect();
        assert_eq!(own, SETTINGS_KEYS);
    }

    #[test]
    fn the_example_settings_show_every_key() {
        let example = include_str!("../../storyd.example.yaml");
        use crate::settings::account::ACCOUNT;
        let sinks = [
            notify::NOTIFY,
            notify::HEARTBEAT,
            notify::SLACK,
            notify::JANDI,
            notify::DISCORD,
            notify::WEBHOOK,
            notify::EMAIL,
            notify::COMMAND,
        ];
        let shapes = [SETTINGS, DASHBOARD, watching::WATCH, preflight::PREFLIGHT, DEFAULTS, TIMEOUTS, KEEP, ACCOUNT]
            .into_iter()
            .chain(sinks);
        for key in shapes.flat_map(|shape| shape.keys) {
            let shown =
                |line: &str| line.trim_start().starts_with(&format!("{key}:")) || line.contains(&format!("{{{key}:"));
            assert!(example.lines().any(shown), "{key}");
        }
    }
}
