//! What a job says: `content`, or `contents` by turns, held against Kakao's limits before and after its variables are filled in.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::flaw::{flaws, is_refused, normalised};
use super::lookalike;
use super::notes::notes;
use super::rotation::{MissingReason, Rotation, TextError, TextRenderer};
use super::scan::{OPENING, odd_character, with_composed_names};
use super::template;
use super::trouble::TemplateError;
use crate::domain::content::{TEXT_UNITS_MAX, text_units};
use crate::plan::schedule::rule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
use crate::yaml::character::{ascii, named};
use crate::yaml::characters;
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report};
use crate::yaml::problem::{Code, Source};

/// Most entries of `contents`.
const CONTENTS_MAX: usize = 1_000;
/// How far ahead of now the texts of a recurring job are made for checking, and how far back: what downtime skips is posted too.
const AHEAD_HOURS: i64 = 400 * 24;
const BACK_HOURS: i64 = 35 * 24;
/// Texts that are made for checking one file, shared by its jobs, and the least and most for each.
const REHEARSALS: usize = 200_000;
const REHEARSALS_EACH: (usize, usize) = (20, 1_000);

/// The texts of a job, normalised, none of them broken, with what their variables stand for.
#[derive(Clone, Debug)]
pub(crate) struct RawText {
    texts: Vec<Placed<String>>,
    vars: BTreeMap<String, String>,
    whole: bool,
}

impl RawText {
    /// Whether nothing is wrong with them, as far as can be told without knowing when they are posted.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Reads `content` or `contents`: those that can be read, however much is wrong with others. `None` when there is none.
    pub(crate) fn read(fields: &Fields<'_>, vars: BTreeMap<String, String>, report: &mut Report) -> Option<Self> {
        let had = report.problems.len();
        let (key, nodes): (_, &[Node]) = match (fields.get("content"), fields.get("contents")) {
            (None, None) => return None,
            (Some(_), Some(_)) => {
                report
                    .add(
                        Code::Exclusive,
                        &fields.key_span("contents"),
                        "a job has `content` or `contents`, and here are both",
                    )
                    .help("keep `content` for one text, `contents` for a list of texts that take turns");
                ("contents", fields.get("contents").and_then(|node| entries(node, fields, report)).unwrap_or_default())
            }
            (Some(node), None) => ("content", std::slice::from_ref(node)),
            (None, Some(node)) => ("contents", entries(node, fields, report)?),
        };
        let mut texts = Vec::new();
        for node in nodes {
            let Some(read) = mapping::text(node, key, &fields.key_span(key), report) else { continue };
            let text = with_composed_names(normalised(&read.value));
            let sound = judge(&text, &read, &vars, (key, fields), report);
            notes(&read, node, &fields.key_span(key), sound, report);
            if sound {
                texts.push(Placed { value: text, span: read.span });
            }
        }
        let whole = !report.has_errors_since(had);
        (!texts.is_empty()).then_some(Self { texts, vars, whole })
    }

    /// Looks at the texts of a job that cannot be posted for another reason: what can be told whenever they would be.
    pub(crate) fn look(&self, zone: &TimeZone, (job, account): (&str, &str), now: Timestamp, report: &mut Report) {
        let all: Vec<String> = self.texts.iter().map(|text| text.value.clone()).collect();
        let engine = template::TemplateEngine::new(&all, template::Names { vars: &self.vars, job, account });
        let local = zone.to_datetime(now);
        for (index, Placed { value, span }) in self.texts.iter().enumerate() {
            if !template::is_template(value) {
                near_the_limit(value, span, || None, report);
                continue;
            }
            match engine.expand(index, value, local) {
                Err(error) if error.always => unreadable(&error, span, value, None, report),
                // What depends on the date is told when there is one.
                Err(_) => {}
                Ok(text) => {
                    for flaw in flaws(&normalised(&text)).into_iter().filter(|flaw| flaw.code != Code::EmptyText) {
                        report.add(flaw.code, span, format!("filled in, {}", flaw.message)).help(flaw.help);
                    }
                }
            }
        }
    }

    /// Takes the words of a job apart: what its next story says, and, if its stories differ, how to tell each. Every text that is
    /// to come is made and judged; what is wrong is reported where it stands.
    pub(crate) fn rehearse(self, stage: &RehearsalInput<'_>, report: &mut Report) -> (String, Option<Rotation>) {
        let Self { texts, vars, .. } = self;
        let spans: Vec<Range<usize>> = texts.iter().map(|text| text.span.clone()).collect();
        let first = texts.first().map(|text| text.value.clone()).unwrap_or_default();
        let fixed = texts.len() == 1 && !template::is_template(&first);
        if fixed {
            near_the_limit(&first, &spans[0], || None, report);
            return (first, None);
        }
        let script = Rotation { texts: texts.into_iter().map(|text| text.value).collect(), vars };
        if script.texts.len() > 1 && stage.schedule.is_single() {
            report
                .add(Code::NoEffect, &spans[1], "this job posts once, so only the first of its texts is posted")
                .help("write one `content`, or give the job more times");
        }
        let mut voice = TextRenderer::new(&script, stage.schedule, stage.zone, stage.names);
        let mut told = vec![false; spans.len()];
        let mut preview = None;
        for occurrence in stage.occurrences() {
            match voice.text(&occurrence) {
                Ok(text) => {
                    let index = voice.index(&occurrence);
                    if !told[index] {
                        told[index] = near_the_limit(&text, &spans[index], || Some(stage.shown(&occurrence)), report);
                    }
                    if preview.is_none() && (occurrence.at > stage.now || occurrence.nominal == NOMINAL_NOW) {
                        preview = Some(text);
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut told[error.index], true) {
                        impossible(&error, &spans[error.index], &script.texts[error.index], report);
                    }
                }
            }
        }
        drop(voice);
        (preview.unwrap_or(first), Some(script))
    }
}

/// Where and when a job's texts appear.
#[derive(Debug)]
pub(crate) struct RehearsalInput<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) zone: &'a TimeZone,
    /// The job's and the account's.
    pub(crate) names: (&'a str, &'a str),
    pub(crate) now: Timestamp,
    /// How many jobs share the effort.
    pub(crate) jobs: usize,
}

impl RehearsalInput<'_> {
    pub(crate) fn occurrences(&self) -> Vec<Occurrence> {
        let at_once = || Occurrence { nominal: NOMINAL_NOW.to_owned(), at: self.now, shifted: false };
        match self.schedule {
            Schedule::Once(times) => times
                .iter()
                .map(|time| match time {
                    AtTime::Now => at_once(),
                    AtTime::Fixed(occurrence) => occurrence.clone(),
                })
                .collect(),
            Schedule::Cron(rule) => {
                let from = self.now.checked_sub(BACK_HOURS.hours()).unwrap_or(self.now);
                let until = self.now.checked_add(AHEAD_HOURS.hours()).unwrap_or(Timestamp::MAX);
                let limit = (REHEARSALS / self.jobs.max(1)).clamp(REHEARSALS_EACH.0, REHEARSALS_EACH.1);
                // What is to come goes first: a trouble is told by its next date.
                let mut found = rule.occurrences(self.zone, self.now, until, limit);
                found.extend(rule.occurrences(self.zone, from, self.now, limit));
                if found.is_empty() {
                    found = rule.occurrences(self.zone, Timestamp::MIN, Timestamp::MAX, 1);
                }
                found
            }
        }
    }

    fn shown(&self, occurrence: &Occurrence) -> String {
        self.zone.to_datetime(occurrence.at).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

fn entries<'n>(node: &'n Node, fields: &Fields<'_>, report: &mut Report) -> Option<&'n [Node]> {
    let span = fields.key_span("contents");
    let ValueKind::List(items) = &node.kind else {
        let described = node.described(&report.source);
        report
            .add(Code::WrongType, &span, format!("`contents` is a list of texts, but here is {described}"))
            .help("write each text on a line of its own with `- ` in front, or write `content` for a single one");
        return None;
    };
    if items.is_empty() {
        report.add(Code::EmptyText, &span, "`contents` is an empty list").help("write at least one text");
        return None;
    }
    if items.len() > CONTENTS_MAX {
        let message = format!("`contents` has {} texts; at most {CONTENTS_MAX} are read", items.len());
        report.add(Code::TooLarge, &span, message).help("make several jobs of it");
        return None;
    }
    Some(items)
}

/// What can be said of a text without knowing when it is posted.
fn judge(
    text: &str,
    read: &Placed<String>,
    vars: &BTreeMap<String, String>,
    (key, fields): (&str, &Fields<'_>),
    report: &mut Report,
) -> bool {
    let span = if read.span.is_empty() { &fields.span } else { &read.span };
    if let Some(error) = lookalike::statement(text) {
        unreadable(&error, span, text, None, report);
        return false;
    }
    let known = |word: &str| template::known(vars, word);
    for one in lookalike::lookalikes(text, known) {
        let shown = text.get(one.range.clone()).unwrap_or_default();
        let at = locate(&report.source, span, text, &one.range);
        report
            .add(Code::OtherBraces, &at, format!("`{shown}` is posted as it stands"))
            .help(format!("for the variable write `{{{{ {} }}}}`", one.name));
    }
    if template::is_template(text) {
        let errors = template::check(text, vars);
        for error in &errors {
            unreadable(error, span, text, None, report);
        }
        return errors.is_empty();
    }
    let flaws = flaws(text);
    let sound = flaws.is_empty();
    for flaw in flaws {
        let message = match flaw.code {
            Code::EmptyText if key == "content" => flaw.message.replacen("the text", "`content`", 1),
            Code::EmptyText => flaw.message.replacen("the text", "a text of `contents`", 1),
            _ => flaw.message,
        };
        let refused = text.char_indices().find(|(_, c)| is_refused(*c)).filter(|_| flaw.code == Code::ControlCharacter);
        let at = refused.map_or(span.clone(), |(at, c)| characters::spot(&report.source, span, text, at, c));
        report.add(flaw.code, &at, message).help(flaw.help);
    }
    sound
}

fn impossible(error: &TextError, span: &Range<usize>, text: &str, report: &mut Report) {
    let when = error.when();
    match &error.why {
        MissingReason::Template(trouble) => unreadable(trouble, span, text, Some(&when), report),
        MissingReason::Flaw(flaw) => {
            let message = format!("filled in for {when}, {}", flaw.message);
            report.add(flaw.code, span, message).help(flaw.help.clone());
        }
    }
}

pub(crate) fn unreadable(
    error: &TemplateError,
    span: &Range<usize>,
    text: &str,
    when: Option<&str>,
    report: &mut Report,
) {
    let at = locate(&report.source, span, text, &error.range);
    let code = if error.unknown.is_some() { Code::UnknownVariable } else { Code::BadTemplate };
    let message = match when {
        Some(when) if !error.always => format!("filled in for {when}: {}", error.message),
        _ => error.message.clone(),
    };
    let odd = odd_character(text).map(|c| {
        let like = ascii(c).map_or("delete it".to_owned(), |like| format!("write `{like}` in its place"));
        format!(
            "between the braces stands {}: {}",
            named(c),
            if like == "write ` ` in its place" { "write a space" } else { &like }
        )
    });
    let note = report.add(code, &at, message);
    match odd {
        Some(odd) => note.help(odd),
        None => note.help(error.help.clone()),
    };
}

/// Where a part of a template stands in the file: the same words, as often before them. YAML folds and indents, so offsets
/// alone would miss; what is not found is shown at the first braces.
fn locate(source: &Source, span: &Range<usize>, text: &str, range: &Range<usize>) -> Range<usize> {
    let raw = source.slice(span);
    let part = text.get(range.clone()).filter(|part| !part.is_empty() && !part.contains('\n'));
    let found = part.and_then(|part| {
        let before = text[..range.start].matches(part).count();
        raw.match_indices(part).nth(before).map(|(at, part)| at..at + part.len())
    });
    let found = found.or_else(|| raw.find(OPENING).map(|at| at..at + OPENING.len()));
    found.map_or(span.clone(), |found| span.start + found.start..span.start + found.end)
}

/// Warns from nine tenths on: a correction or a longer month would not fit any more.
fn near_the_limit(text: &str, span: &Range<usize>, when: impl FnOnce() -> Option<String>, report: &mut Report) -> bool {
    if text.len() * 10 < TEXT_UNITS_MAX * 9 {
        return false;
    }
    let units = text_units(text);
    let near = units * 10 >= TEXT_UNITS_MAX * 9;
    if near {
        let when = when().map(|when| format!("filled in for {when}, ")).unwrap_or_default();
        let message = format!("{when}the text has {units} of {TEXT_UNITS_MAX} characters as Kakao counts");
        report.add(Code::NearLimit, span, message).help("it fits; shorten it if it may still grow");
    }
    near
}
