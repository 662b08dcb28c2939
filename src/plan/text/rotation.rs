//! A text that depends on the occurrence: which of `contents` it is, and what its variables stand for then. Pure.
//!
//! The rotation counts by the calendar, not by what was posted: the n-th time that the schedule names says the n-th text, from
//! the top again after the last. So the same occurrence says the same on every machine, after every restart, and whether or not
//! those before it were posted. Excepted days count as if they were not, so that adding one changes no other text.

use std::collections::BTreeMap;
use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::flaw::{self, TextIssue};
use super::template::{Names, TemplateEngine};
use super::trouble::TemplateError;
use crate::plan::schedule::rule::{AtTime, CronRule, NOMINAL_NOW, Occurrence, Schedule};

/// Where counting begins for a `cron` without `from`: a Monday.
const COUNT_FROM: Date = jiff::civil::date(2024, 1, 1);

/// The texts of a job as they were written, and what their variables stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// At least one; what the occurrences say by turns.
    pub(crate) texts: Vec<String>,
    /// The file's variables and the job's own, which win.
    pub(crate) vars: BTreeMap<String, String>,
}

/// Why an occurrence has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Which of the texts.
    pub(crate) index: usize,
    pub(crate) why: MissingReason,
    local: DateTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MissingReason {
    /// It cannot be made.
    Template(TemplateError),
    /// It was made, and Kakao would not take it.
    Flaw(TextIssue),
}

impl TextError {
    /// Of a part beside the text.
    pub(crate) fn of_part(why: MissingReason, local: DateTime) -> Self {
        Self { index: 0, why, local }
    }

    /// When the text would have appeared, for messages.
    pub(crate) fn when(&self) -> String {
        self.local.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the post for {} cannot be made: ", self.when())?;
        match &self.why {
            MissingReason::Template(error) => write!(f, "{error}"),
            MissingReason::Flaw(flaw) => write!(f, "{}", flaw.message),
        }
    }
}

impl std::error::Error for TextError {}

/// Says the texts of one job. Asking in the order of time is cheapest: the counting goes on from where it was.
#[derive(Debug)]
pub struct TextRenderer<'a> {
    script: &'a Rotation,
    schedule: &'a Schedule,
    zone: &'a TimeZone,
    engine: TemplateEngine,
    counted: Option<Counted>,
}

/// How many times a rule names before a day.
#[derive(Debug)]
struct Counted {
    day: Date,
    before: u64,
}

impl<'a> TextRenderer<'a> {
    pub(crate) fn new(
        script: &'a Rotation,
        schedule: &'a Schedule,
        zone: &'a TimeZone,
        (job, account): (&'a str, &'a str),
    ) -> Self {
        Self {
            script,
            schedule,
            zone,
            engine: TemplateEngine::new(&script.texts, Names { vars: &script.vars, job, account }),
            counted: None,
        }
    }

    /// What is posted at an occurrence: filled in, normalised, and within Kakao's limits.
    ///
    /// # Errors
    /// A variable without a value there, or a text that Kakao would not take.
    pub fn text(&mut self, occurrence: &Occurrence) -> Result<String, TextError> {
        let index = self.index(occurrence);
        let local = self.zone.to_datetime(occurrence.at);
        let failed = |why| TextError { index, why, local };
        let template = self.script.texts.get(index).map_or("", String::as_str);
        let filled =
            self.engine.expand(index, template, local).map_err(|error| failed(MissingReason::Template(error)))?;
        let text = flaw::normalised(&filled);
        match flaw::flaw(&text) {
            Some(flaw) => Err(failed(MissingReason::Flaw(flaw))),
            None => Ok(text),
        }
    }

    /// Which of the texts an occurrence says.
    pub(crate) fn index(&mut self, occurrence: &Occurrence) -> usize {
        let count = u64::try_from(self.script.texts.len()).unwrap_or(u64::MAX);
        if count < 2 {
            return 0;
        }
        let ordinal = match self.schedule {
            Schedule::Once(times) => position(times, &occurrence.nominal),
            Schedule::Cron(rule) => match local_of(&occurrence.nominal) {
                Some(local) => ordinal(&mut self.counted, rule, local),
                None => 0,
            },
        };
        usize::try_from(ordinal % count).unwrap_or_default()
    }
}

fn position(times: &[AtTime], nominal: &str) -> u64 {
    let bears = |time: &AtTime| match time {
        AtTime::Now => nominal == NOMINAL_NOW,
        AtTime::Fixed(occurrence) => occurrence.nominal == nominal,
    };
    times.iter().position(bears).and_then(|at| u64::try_from(at).ok()).unwrap_or_default()
}

/// The local time of an identity; both passes of a repeated hour have the same.
fn local_of(nominal: &str) -> Option<DateTime> {
    nominal.trim_end_matches("~2").parse().ok()
}

/// How many times the rule names before this one.
fn ordinal(counted: &mut Option<Counted>, rule: &CronRule, local: DateTime) -> u64 {
    let first = rule.from.map_or(COUNT_FROM, |from| from.date());
    let counted = match counted {
        Some(counted) if counted.day <= local.date() => counted,
        other => other.insert(Counted { day: first, before: 0 }),
    };
    while counted.day < local.date() {
        if rule.matches_day(counted.day) {
            counted.before += rule.times_on(counted.day);
        }
        match counted.day.checked_add(1.day()) {
            Ok(next) => counted.day = next,
            Err(_) => break,
        }
    }
    let earlier = rule.times_of(local.date()).take_while(|time| *time < local).count();
    counted.before + u64::try_from(earlier).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nominal: &str) -> Occurrence {
        let local: DateTime = nominal.parse().expect("a local time");
        let at = TimeZone::UTC.to_timestamp(local).expect("in range");
        Occurrence { nominal: nominal.to_owned(), at, shifted: false }
    }

    fn said(script: &Rotation, schedule: &Schedule, nominal: &str) -> String {
        TextRenderer::new(script, schedule, &TimeZone::UTC, ("a", "a")).text(&at(nominal)).expect("a text")
    }

    #[test]
    fn the_rotation_counts_by_the_calendar() {
        let script = Rotation { texts: ["a", "b", "c"].map(str::to_owned).to_vec(), vars: BTreeMap::new() };
        let mut rule = CronRule::parse("0 9,18 * * MON").expect("a pattern");
        rule.from = Some(jiff::civil::date(2026, 12, 7).at(12, 0, 0, 0));
        let schedule = |rule: &CronRule| Schedule::Cron(Box::new(rule.clone()));
        let times = ["2026-12-07T18:00:00", "2026-12-14T09:00:00", "2026-12-14T18:00:00", "2026-12-21T09:00:00"];
        let all = |rule: &CronRule| times.map(|time| said(&script, &schedule(rule), time)).concat();
        assert_eq!(all(&rule), "abca");
        rule.except.insert(jiff::civil::date(2026, 12, 14));
        assert_eq!(all(&rule), "abca", "an exception changes no other text");
        rule.until = Some(jiff::civil::date(2027, 12, 7).at(12, 0, 0, 0));
        assert_eq!(all(&rule), "abca");
        let whole = schedule(&rule);
        let utc = TimeZone::UTC;
        let mut voice = TextRenderer::new(&script, &whole, &utc, ("a", "a"));
        for time in times.iter().rev().chain(&times) {
            assert_eq!(voice.text(&at(time)).expect("a text"), said(&script, &whole, time), "in any order: {time}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_once_filled_in_is_refused() {
        let vars = [("x".to_owned(), "가".repeat(1_500))].into();
        let script = Rotation { texts: vec!["{{ x }}{{ x if date.day == 2 else '' }}".to_owned()], vars };
        let schedule = Schedule::Once(Vec::new());
        let utc = TimeZone::UTC;
        let mut voice = TextRenderer::new(&script, &schedule, &utc, ("a", "a"));
        assert_eq!(voice.text(&at("2026-12-01T09:00:00")).expect("fits").chars().count(), 1_500);
        let error = voice.text(&at("2026-12-02T09:00:00")).expect_err("too long").to_string();
        assert!(error.contains("2026-12-02 09:00") && error.contains("3000 characters"), "{error}");
    }
}
