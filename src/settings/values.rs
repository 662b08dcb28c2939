//! Values that stand under many keys of the settings: a mapping, a length, a text that is not empty, a whole number.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::yaml::document::ValueKind;
use crate::yaml::mapping::{Fields, Placed, Report, Shape};
use crate::yaml::problem::Code;

/// A mapping under a key; nothing if the key is missing or has no value, which means the defaults.
pub(super) fn inner<'n>(fields: &Fields<'n>, key: &str, shape: &Shape, report: &mut Report) -> Option<Fields<'n>> {
    let node = fields.get(key).filter(|node| !matches!(node.kind, ValueKind::Null))?;
    Fields::read(node, &fields.key_span(key), shape, report)
}

pub(super) fn duration(
    fields: &Fields<'_>,
    key: &str,
    (min, max): (Duration, Duration),
    report: &mut Report,
) -> Option<Duration> {
    fields.duration(key, min, max, report).map(|duration| duration.value)
}

pub(super) fn filled(key: &str, text: Placed<String>, report: &mut Report) -> Option<String> {
    if text.value.trim().is_empty() || text.value.contains('\0') {
        report
            .add(Code::EmptyText, &text.span, format!("`{key}` is empty"))
            .help("write a value, or leave the key out");
        return None;
    }
    Some(text.value)
}

pub(super) fn whole_number(
    fields: &Fields<'_>,
    key: &str,
    range: RangeInclusive<u32>,
    report: &mut Report,
) -> Option<u32> {
    let node = fields.get(key)?;
    let source = Arc::clone(&report.source);
    let number = node.raw(&source).and_then(|raw| raw.parse().ok()).filter(|number| range.contains(number));
    if number.is_none() {
        let (least, most) = range.into_inner();
        report
            .add(Code::WrongType, &fields.key_span(key), format!("`{key}` is a whole number from {least} to {most}"))
            .help(format!("write it without quotes, as in `{key}: 20`"));
    }
    number
}
