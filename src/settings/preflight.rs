//! `preflight`: when Kakao is asked ahead whether a post could go out.

use std::time::Duration;

use jiff::civil::Time;

use super::values::inner;
use crate::domain::policy::Preflight;
use crate::yaml::document::ValueKind;
use crate::yaml::mapping::{Fields, Placed, Report, Shape};
use crate::yaml::problem::Code;

pub(super) const PREFLIGHT: Shape = Shape {
    what: "`preflight`",
    keys: &["evening", "before"],
    free_x: false,
    synonyms: &[
        ("day_before", "evening"),
        ("at", "evening"),
        ("again", "before"),
        ("shortly", "before"),
        ("ahead", "before"),
    ],
};

/// Range of `before`: long enough that something can be mended, and no earlier than the evening can be.
const BEFORE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(86_400));

/// `preflight: {evening: 18:00, before: 30m}`, each of which can be `off`; or `preflight: off`.
pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Preflight {
    let base = Preflight::default();
    let off = |fields: &Fields<'_>, key: &str, report: &Report| {
        fields.get(key).and_then(|node| node.raw(&report.source)).is_some_and(|raw| raw == "off")
    };
    if off(fields, "preflight", report) {
        return Preflight::OFF;
    }
    if fields.get("preflight").is_none_or(|node| matches!(node.kind, ValueKind::Null)) {
        return base;
    }
    let Some(inner) = inner(fields, "preflight", &PREFLIGHT, report) else { return base };
    let evening = if off(&inner, "evening", report) { None } else { evening(&inner, report).or(base.evening) };
    let before = if off(&inner, "before", report) {
        None
    } else {
        inner.duration("before", BEFORE.0, BEFORE.1, report).map(|length| length.value).or(base.before)
    };
    Preflight { evening, before }
}

fn evening(fields: &Fields<'_>, report: &mut Report) -> Option<Time> {
    let Placed { value, span } = fields.text("evening", report)?;
    let time = Time::strptime("%H:%M", &value).ok();
    if time.is_none() {
        report
            .add(Code::WrongType, &span, "`evening` is no time of the day")
            .help("write hours and minutes, as in `evening: 18:00`, or `off`");
    }
    time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn read(text: &str) -> Result<Preflight, String> {
        let read = Settings::parse(text, std::path::Path::new("storyd.yaml"));
        read.map(|settings| settings.preflight).map_err(|problems| problems.to_string())
    }

    #[test]
    fn each_of_the_two_times_can_be_set_and_left_out() {
        let usual = Preflight::default();
        assert_eq!(read("jobs: []"), Ok(usual));
        assert_eq!(read("preflight:"), Ok(usual));
        assert_eq!(read("preflight: off"), Ok(Preflight::OFF));
        assert_eq!(read("preflight: {evening: off}"), Ok(Preflight { evening: None, ..usual }));
        assert_eq!(read("preflight: {before: off}"), Ok(Preflight { before: None, ..usual }));
        let both = Preflight { evening: Some(Time::constant(20, 30, 0, 0)), before: Some(Duration::from_secs(3_600)) };
        assert_eq!(read("preflight: {evening: 20:30, before: 1h}"), Ok(both));
    }

    #[test]
    fn what_is_no_time_is_told_with_what_to_write() {
        let told = read("preflight: {evening: tonight, before: 10s}").unwrap_err();
        for words in [
            "`evening` is no time of the day",
            "`evening: 18:00`, or `off`",
            "`before` cannot be `10s`: shorter than 1m",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}
