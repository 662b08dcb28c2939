//! `watch`: how changes of the job files are noticed.

use std::time::Duration;

use super::types::Watching;
use crate::yaml::document::ValueKind;
use crate::yaml::mapping::{Fields, Report, Shape};

pub(super) const WATCH: Shape = Shape {
    what: "`watch`",
    keys: &["poll", "settle"],
    free_x: false,
    synonyms: &[("every", "poll"), ("interval", "poll"), ("debounce", "settle"), ("quiet", "settle")],
};

/// Range of both lengths.
const RANGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3_600));

/// `watch: {poll: 10s, settle: 1s}`.
pub(super) fn read(fields: &Fields<'_>, report: &mut Report) -> Watching {
    let base = Watching::default();
    let Some(node) = fields.get("watch").filter(|node| !matches!(node.kind, ValueKind::Null)) else { return base };
    let Some(inner) = Fields::read(node, &fields.key_span("watch"), &WATCH, report) else { return base };
    let mut length = |key| inner.duration(key, RANGE.0, RANGE.1, report).map(|length| length.value);
    Watching { poll: length("poll").unwrap_or(base.poll), settle: length("settle").unwrap_or(base.settle) }
}
