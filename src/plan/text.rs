//! What a job says: `content`, or `contents` by turns, held against Kakao's limits before and after its variables are filled in.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::braces::with_composed_names;
use super::fields::{self, Fields, Placed, Report};
use super::file::{Kind, Node};
use super::problem::{Code, Source};
use super::schedule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
use super::script::{Script, TextError, Voice, Why};
use super::template::{self, TemplateError};
use crate::domain::content::{TEXT_UNITS_MAX, is_composed, text_units};

/// Most entries of `contents`.
const CONTENTS_MAX: usize = 1_000;
/// How far ahead of now the texts of a recurring job are made for checking, and how far back: what downtime skips is posted too.
const AHEAD_HOURS: i64 = 400 * 24;
const BACK_HOURS: i64 = 35 * 24;
/// Texts that are made for checking one file, shared by its jobs, and the least and most for each.
const REHEARSALS: usize = 200_000;
const REHEARSALS_EACH: (usize, usize) = (20, 1_000);

/// What makes a text impossible to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) code: Code,
    /// Begins with "the text".
    pub(super) message: String,
    pub(super) help: String,
}

/// LF line breaks, and no white space at the end: a block of YAML ends with a line break that nobody means to post. White space
/// in front stays.
pub fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}

/// What Kakao would not take of a normalised text.
pub(super) fn flaw(text: &str) -> Option<Flaw> {
    let flaw = |code, message, help: String| Some(Flaw { code, message, help });
    let units = text_units(text);
    if text.is_empty() {
        let help = "write what the story says; a photo and a link may also leave `content` out".to_owned();
        return flaw(Code::EmptyText, "the text is empty".to_owned(), help);
    }
    if units > TEXT_UNITS_MAX {
        let message = format!("the text has {units} characters as Kakao counts; at most {TEXT_UNITS_MAX} fit");
        let help = format!("shorten it by {}; most emoji count as two", units - TEXT_UNITS_MAX);
        return flaw(Code::TextTooLong, message, help);
    }
    let odd = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'))?;
    let message = format!("the text holds the control character U+{:04X}", u32::from(odd));
    flaw(Code::ControlCharacter, message, "remove it: nobody can see it, and Kakao may refuse it".to_owned())
}

/// The texts of a job, normalised, none of them broken, with what their variables stand for.
#[derive(Clone, Debug)]
pub(super) struct Words {
    texts: Vec<Placed<String>>,
    vars: BTreeMap<String, String>,
}

impl Words {
    /// Reads `content` or `contents`. `None` when there is neither, or something is wrong with them.
    pub(super) fn read(fields: &Fields<'_>, vars: BTreeMap<String, String>, report: &mut Report) -> Option<Self> {
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
                return None;
            }
            (Some(node), None) => ("content", std::slice::from_ref(node)),
            (None, Some(node)) => ("contents", entries(node, fields, report)?),
        };
        let mut texts = Vec::new();
        for node in nodes {
            let Some(read) = fields::text(node, key, &fields.key_span(key), report) else { continue };
            let text = with_composed_names(normalised(&read.value));
            if judge(&text, &read, &vars, (key, fields), report) {
                notes(&read, node, &fields.key_span(key), report);
                texts.push(Placed { value: text, span: read.span });
            }
        }
        let broken = report.problems.iter().skip(had).any(|problem| problem.code.severity().is_error());
        (!broken && !texts.is_empty()).then_some(Self { texts, vars })
    }

    /// Takes the words of a job apart: what its next story says, and, if its stories differ, how to tell each. Every text that is
    /// to come is made and judged; what is wrong is reported where it stands.
    pub(super) fn rehearse(self, stage: &Stage<'_>, report: &mut Report) -> (String, Option<Script>) {
        let Self { texts, vars } = self;
        let spans: Vec<Range<usize>> = texts.iter().map(|text| text.span.clone()).collect();
        let first = texts.first().map(|text| text.value.clone()).unwrap_or_default();
        let fixed = texts.len() == 1 && !template::is_template(&first);
        if fixed {
            near_the_limit(&first, &spans[0], None, report);
            return (first, None);
        }
        let script = Script { texts: texts.into_iter().map(|text| text.value).collect(), vars };
        if script.texts.len() > 1 && stage.schedule.is_single() {
            report
                .add(Code::NoEffect, &spans[1], "this job posts once, so only the first of its texts is posted")
                .help("write one `content`, or give the job more times");
        }
        let mut voice = Voice::new(&script, stage.schedule, stage.zone, stage.names);
        let mut told = vec![false; spans.len()];
        let mut preview = None;
        for occurrence in stage.occurrences() {
            match voice.text(&occurrence) {
                Ok(text) => {
                    let index = voice.index(&occurrence);
                    if !told[index] {
                        told[index] = near_the_limit(&text, &spans[index], Some(stage.shown(&occurrence)), report);
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
pub(super) struct Stage<'a> {
    pub(super) schedule: &'a Schedule,
    pub(super) zone: &'a TimeZone,
    /// The job's and the account's.
    pub(super) names: (&'a str, &'a str),
    pub(super) now: Timestamp,
    /// How many jobs share the effort.
    pub(super) jobs: usize,
}

impl Stage<'_> {
    fn occurrences(&self) -> Vec<Occurrence> {
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
    let Kind::List(items) = &node.kind else {
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
    if template::is_template(text) {
        let errors = template::check(text, vars);
        for error in &errors {
            unreadable(error, span, text, None, report);
        }
        return errors.is_empty();
    }
    let Some(flaw) = flaw(text) else { return true };
    let message = match flaw.code {
        Code::EmptyText if key == "content" => "`content` is empty".to_owned(),
        Code::EmptyText => "a text of `contents` is empty".to_owned(),
        _ => flaw.message,
    };
    report.add(flaw.code, span, message).help(flaw.help);
    false
}

fn impossible(error: &TextError, span: &Range<usize>, text: &str, report: &mut Report) {
    let when = error.when();
    match &error.why {
        Why::Template(trouble) => unreadable(trouble, span, text, Some(&when), report),
        Why::Flaw(flaw) => {
            let message = format!("filled in for {when}, {}", flaw.message);
            report.add(flaw.code, span, message).help(flaw.help.clone());
        }
    }
}

fn unreadable(error: &TemplateError, span: &Range<usize>, text: &str, when: Option<&str>, report: &mut Report) {
    let at = locate(&report.source, span, text, &error.range);
    let code = if error.unknown.is_some() { Code::UnknownVariable } else { Code::BadTemplate };
    let message = match when {
        Some(when) if !error.always => format!("filled in for {when}: {}", error.message),
        _ => error.message.clone(),
    };
    report.add(code, &at, message).help(error.help.clone());
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
    let found = found.or_else(|| raw.find(template::OPENING).map(|at| at..at + template::OPENING.len()));
    found.map_or(span.clone(), |found| span.start + found.start..span.start + found.end)
}

/// Warns from nine tenths on: a correction or a longer month would not fit any more.
fn near_the_limit(text: &str, span: &Range<usize>, when: Option<String>, report: &mut Report) -> bool {
    let units = text_units(text);
    let near = units * 10 >= TEXT_UNITS_MAX * 9;
    if near {
        let when = when.map(|when| format!("filled in for {when}, ")).unwrap_or_default();
        let message = format!("{when}the text has {units} of {TEXT_UNITS_MAX} characters as Kakao counts");
        report.add(Code::NearLimit, span, message).help("it fits; shorten it if it may still grow");
    }
    near
}

/// What is posted otherwise than it was typed, or looks otherwise than it counts.
fn notes(read: &Placed<String>, node: &Node, key: &Range<usize>, report: &mut Report) {
    let Placed { value, span } = read;
    if node.plain || node.block {
        warn_about_comment(span, key, report);
    }
    if value.contains('\r') {
        report
            .add(Code::LineEnds, span, "the text holds Windows line ends (`\\r`), which are posted as plain ones")
            .help("write `\\n` alone, or use a block: `content: |`");
    }
    let kept = value.trim_end();
    if value[kept.len()..].contains(|c| !matches!(c, '\n' | '\r')) {
        report
            .add(Code::TrailingBlanks, span, "the text ends in blanks, which are not posted")
            .help("remove them, or end the text with something that can be seen");
    }
    if !is_composed(value) {
        let units = text_units(value);
        report
            .add(
                Code::Decomposed,
                span,
                format!("the text is written in decomposed letters, as file names on a Mac are; Kakao counts {units} characters"),
            )
            .help("it is posted as it stands; type it anew, or convert it to NFC, so that each syllable is one letter");
    }
}

/// ` #라떼` behind a text, or on a line of its own below it, is a comment to YAML and a hashtag to everybody else. What begins no
/// further in than the key is a comment to everybody: a key that was taken out, or a remark on the next one.
fn warn_about_comment(span: &Range<usize>, key: &Range<usize>, report: &mut Report) {
    let source = &report.source;
    let key_line = source.slice(&source.line_range(source.line_index(key.start)));
    let outer = key_line.len() - key_line.trim_start_matches(' ').len();
    let mut index = source.line_index(span.end);
    let cut = loop {
        let line = source.line_range(index);
        let hash = source.slice(&(span.end.max(line.start)..line.end)).trim_start();
        let before = source.slice(&(line.start..line.end - hash.len()));
        let is_comment = hash.starts_with('#') && (before.is_empty() || before.ends_with([' ', '\t']));
        let is_inside = !before.trim().is_empty() || before.len() > outer;
        let goes_on = hash.is_empty() || (is_comment && is_inside);
        if !goes_on {
            return;
        }
        if hash.strip_prefix('#').is_some_and(|tag| tag.starts_with(char::is_alphanumeric)) {
            break line.end - hash.len()..line.end;
        }
        if line.end >= source.text().len() {
            return;
        }
        index += 1;
    };
    let message = format!("`{}` is not posted: to YAML it is a comment", source.slice(&cut).trim_end());
    report
        .add(Code::TextCut, &cut, message)
        .help("put the whole text in double quotes if it belongs to it; write a space after `#` if it is a comment");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_lf_and_the_end_is_trimmed() {
        assert_eq!(normalised("  a\r\n\r\nb \t\r\n\n"), "  a\n\nb");
        assert_eq!(normalised("\n"), "");
    }
}
