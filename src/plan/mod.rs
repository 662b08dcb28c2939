//! Text → plan: the job files of a team, read, checked and turned into one typed value.
//!
//! Pure but for [`files`]: the same texts, images and `now` give the same plan, and `now` only tells which texts are to come,
//! so that they are made and judged ahead. All problems of all files come at once, each with its place and with what to write
//! instead. Nothing here knows the queue, Kakao or the settings.

pub mod content;
pub mod files;
pub mod foreign;
pub mod image;
mod job;
mod job_file;
mod jobs;
mod keys;
pub mod link;
mod load;
pub mod policy;
pub mod schedule;
pub mod schema;
pub mod text;

pub use self::job::{DeleteRule, Job};
pub use self::jobs::Plan;
pub use self::load::{Frozen, LoadInputs, Loaded, load, load_each, load_with};
pub use self::schedule::rule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
use self::schedule::spelling;
pub use self::schedule::zone::TZDB;
pub use self::text::render::{Rendered, Renderer};
use crate::domain::duration;

/// What to write instead of a text that a command line takes for a time and that is none; nothing where it cannot be made out.
pub fn time_advice(text: &str) -> Option<String> {
    let (sign, length) = match text.strip_prefix(['+', '-']) {
        Some(length) => (&text[..1], length),
        None => ("", text),
    };
    if let Some(length) = duration::meant(length) {
        return Some(format!("write `{sign}{}`", duration::write(length)));
    }
    match spelling::date_of(text) {
        Some(date) => Some(format!("write `{date}`")),
        None => spelling::time_help(text, None).or_else(|| spelling::date_help(text)),
    }
}

/// The same where a time to come is asked for: a length is one from now on, and a day lacks its time.
pub fn coming_time_advice(text: &str) -> Option<String> {
    match duration::meant(text.strip_prefix(['+', '-']).unwrap_or(text)) {
        Some(length) => Some(format!("write `+{}`", duration::write(length))),
        None => spelling::time_help(text, None).or_else(|| spelling::date_help(text)),
    }
}
