//! What `at`, `from`, `until` and `except` have in common: how many entries are read, and how one that is no time is told.

use std::ops::Range;

use super::civil::TimeError;
use crate::yaml::mapping::{self, Report};
use crate::yaml::problem::Code;

/// Most entries of `at`, and of `except`.
pub(crate) const ENTRIES_MAX: usize = 1_000;

/// Tells of a text that is no time: its form, or a day or an hour that there is not.
pub(crate) fn time_error<'r>(
    raw: &str,
    span: &Range<usize>,
    err: TimeError,
    report: &'r mut Report,
) -> mapping::Note<'r> {
    match err {
        TimeError::Form(help) => {
            report.add(Code::BadTime, span, format!("`{raw}` cannot be read as a time")).help(help)
        }
        TimeError::NoSuch(sentence) => report
            .add(Code::NoSuchTime, span, sentence)
            .help("write a date that the calendar has, and a time from 00:00 to 23:59"),
    }
}
