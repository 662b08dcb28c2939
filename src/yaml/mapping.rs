//! Reading a mapping key by key, so that one file shows all its mistakes at once.
//!
//! Owns the sentences about keys and types that hold for job files and settings alike. It knows no key by name.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::document::{Entry, Node, ValueKind};
use super::hints::{dash_without_blank, elsewhere, remark_in_place_of_a_value, truth_meant, word_meant};
use super::nearest::folded;
pub use super::nearest::nearest;
use super::problem::{Code, PROBLEMS_MAX, Place, Problem, Severity, Source};
use super::syntax::in_quotes;
use crate::domain::duration::{self, DurationError};

/// Where the problems of one text gather.
#[derive(Debug)]
pub struct Report {
    /// The text that is being read.
    pub source: Arc<Source>,
    /// What was found so far.
    pub problems: Vec<Problem>,
    /// The accounts that are named, and where.
    pub(crate) accounts: Vec<Placed<String>>,
}

impl Report {
    /// No problems yet.
    pub fn new(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), problems: Vec::new(), accounts: Vec::new() }
    }

    /// Whether so much is wrong that reading on only costs time.
    pub fn is_full(&self) -> bool {
        self.problems.len() > PROBLEMS_MAX
            && self.problems.iter().filter(|problem| problem.severity() == Severity::Error).count() > PROBLEMS_MAX
    }

    /// Whether an error was found since there were so many problems.
    pub(crate) fn has_errors_since(&self, had: usize) -> bool {
        self.problems.iter().skip(had).any(|problem| problem.severity() == Severity::Error)
    }

    /// Notes a problem at a span; the caller adds labels and help to what is returned.
    pub fn add(&mut self, code: Code, span: &Range<usize>, message: impl Into<String>) -> Note<'_> {
        let problem = Problem::new(code, &self.source, span.clone(), message);
        self.problems.push(problem);
        Note(self.problems.last_mut())
    }
}

/// The problem just noted, to add to.
#[derive(Debug)]
pub struct Note<'a>(Option<&'a mut Problem>);

impl Note<'_> {
    /// A few words under the caret.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.change(|problem| problem.label = Some(label.into()))
    }

    /// A sentence on what to write instead.
    pub fn help(self, help: impl Into<String>) -> Self {
        self.change(|problem| problem.help.push(help.into()))
    }

    /// The other place that the problem is about.
    pub fn also_at(self, place: Place) -> Self {
        self.change(|problem| *problem = problem.clone().also_at(place))
    }

    fn change(mut self, change: impl FnOnce(&mut Problem)) -> Self {
        if let Some(problem) = self.0.as_deref_mut() {
            change(problem);
        }
        self
    }
}

/// A value with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Bytes of its source.
    pub span: Range<usize>,
}

/// What a mapping may hold.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is, with its article: "a job".
    pub what: &'static str,
    /// Its keys.
    pub keys: &'static [&'static str],
    /// Whether keys that begin with `x-` are free.
    pub free_x: bool,
    /// What people write for a key that is named otherwise: (theirs, ours).
    pub synonyms: &'static [(&'static str, &'static str)],
}

/// A mapping whose keys have been checked against its [`Shape`].
#[derive(Clone, Debug)]
pub struct Fields<'n> {
    entries: &'n [Entry],
    /// Where the mapping is named, for what is missing from it.
    pub span: Range<usize>,
    /// Keys that unknown ones were probably meant to be: reported as misspelt, so not missing as well.
    meant: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Reports a value that is no mapping (and gives nothing), and every key that is unknown or stands twice. `named_at` is where
    /// problems of the whole mapping point to.
    pub fn read(node: &'n Node, named_at: &Range<usize>, shape: &Shape, report: &mut Report) -> Option<Self> {
        let ValueKind::Map(entries) = &node.kind else {
            let described = node.described(&report.source);
            let span = if matches!(node.kind, ValueKind::Null) { named_at } else { &node.span };
            report
                .add(
                    Code::WrongType,
                    span,
                    format!("{} is made of keys and values, but here is {described}", shape.what),
                )
                .help(format!("write its keys on lines of their own, two spaces further in: {}", list(shape.keys)));
            return None;
        };
        let mut seen: HashMap<String, Range<usize>> = HashMap::new();
        let mut meant = Vec::new();
        for entry in entries {
            if report.is_full() {
                break;
            }
            let key = &entry.key;
            match key.raw(&report.source).map(str::to_owned) {
                None => drop(report.add(Code::WrongType, &key.span, "a key must be a word").help(one_of(shape.keys))),
                Some(name) if name == "<<" => merge_of_no_mapping(&entry.value.span, report),
                Some(name) if shape.free_x && name.starts_with("x-") => {}
                Some(name) if !shape.keys.contains(&name.as_str()) => {
                    meant.extend(unknown_key(&name, &key.span, shape, report))
                }
                Some(name) => match seen.get(&name) {
                    Some(first) => duplicate_key(&name, first, &key.span, report),
                    None => drop(seen.insert(name, key.span.clone())),
                },
            }
        }
        Some(Self { entries, span: named_at.clone(), meant })
    }

    /// The value of a key, whatever it is.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Whether the key stands there, with whatever value.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether the key is missing: neither there nor there under a misspelt name.
    pub fn lacks(&self, key: &str) -> bool {
        !self.has(key) && !self.meant.contains(&key)
    }

    /// Where the key itself stands; the mapping's own place if it does not.
    pub fn key_span(&self, key: &str) -> Range<usize> {
        self.entry(key).map_or_else(|| self.span.clone(), |entry| entry.key.span.clone())
    }

    fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.key.text() == Some(key))
    }

    /// A text. Numbers and truth values are refused with the advice to quote them: what is posted is never guessed.
    pub fn text(&self, key: &str, report: &mut Report) -> Option<Placed<String>> {
        let node = self.get(key)?;
        text(node, key, &self.key_span(key), report)
    }

    /// A list of texts; one text alone counts as a list of one.
    pub fn texts(&self, key: &str, report: &mut Report) -> Option<Vec<Placed<String>>> {
        let node = self.get(key)?;
        let span = self.key_span(key);
        match &node.kind {
            ValueKind::List(items) => Some(
                items
                    .iter()
                    .filter_map(|item| text_as(item, &format!("each of `{key}`"), key, &span, report))
                    .collect(),
            ),
            ValueKind::Text(item) if node.plain && dash_without_blank(item) => {
                let item = report.source.shown(item.trim_start_matches('-')).to_owned();
                report
                    .add(
                        Code::WrongType,
                        &node.span,
                        format!("the dash of a list needs a blank behind it, or `{key}` is one text"),
                    )
                    .help(format!("write `- {item}`; put it in quotes if it is one text that begins with a dash"));
                None
            }
            _ => text(node, key, &span, report).map(|text| vec![text]),
        }
    }

    /// `true` or `false`.
    pub fn truth(&self, key: &str, report: &mut Report) -> Option<bool> {
        let node = self.get(key)?;
        if let ValueKind::Bool(value) = node.kind {
            return Some(value);
        }
        let described = node.described(&report.source);
        let span = if matches!(node.kind, ValueKind::Null) { self.key_span(key) } else { node.span.clone() };
        let meant = node.raw(&report.source).and_then(truth_meant);
        report.add(Code::WrongType, &span, format!("`{key}` is true or false, but here is {described}")).help(
            match meant {
                Some(value) => format!("write `{key}: {value}`, without quotes"),
                None => format!("write `{key}: true` or `{key}: false`, without quotes"),
            },
        );
        None
    }

    /// One of some words, each with its value.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&'static str, T)], report: &mut Report) -> Option<Placed<T>> {
        let text = self.text(key, report)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(Placed { value: *value, span: text.span });
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("`{key}` cannot be `{}`", report.source.shown(&text.value));
        let note = report.add(Code::WrongWord, &text.span, message);
        let meant = word_meant(&text.value).filter(|word| names.contains(word));
        let note = match meant.or_else(|| nearest(&text.value, &names)) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => note,
        };
        // Kakao's letters are read, and say nothing to whoever looks for a word.
        let words: Vec<&str> = names.into_iter().filter(|name| name.len() > 1).collect();
        note.help(one_of(&words));
        None
    }

    /// A duration between `min` and `max`, both inclusive.
    pub fn duration(&self, key: &str, min: Duration, max: Duration, report: &mut Report) -> Option<Placed<Duration>> {
        let node = self.get(key)?;
        duration_of(node, key, &self.key_span(key), (min, max), report)
    }
}

/// A duration between two bounds, both inclusive, from a value that belongs to `key`.
pub fn duration_of(
    node: &Node,
    key: &str,
    key_span: &Range<usize>,
    (min, max): (Duration, Duration),
    report: &mut Report,
) -> Option<Placed<Duration>> {
    // The raw form, so that `90` gets the advice on its unit instead of one on quotes.
    let source = Arc::clone(&report.source);
    let Some(raw) = node.raw(&source) else { return text(node, key, key_span, report).and(None) };
    match duration::parse_within(raw, min, max) {
        Ok(value) => Some(Placed { value, span: node.span.clone() }),
        Err(err) => {
            let raw = source.shown(raw);
            let err = err.quoting(|number| source.shown(number));
            let help = match &err {
                DurationError::NoUnit(number) => {
                    format!("write `{number}m` for minutes, `{number}h` for hours, `{number}d` for days")
                }
                DurationError::Form => duration::advice(raw),
                DurationError::TooShort(_) | DurationError::TooLong(_) => {
                    format!("`{key}` runs from {} to {}", duration::write(min), duration::write(max))
                }
            };
            report.add(Code::BadDuration, &node.span, format!("`{key}` cannot be `{raw}`: {err}")).help(help);
            None
        }
    }
}

/// A text that belongs to `key`.
pub fn text(node: &Node, key: &str, key_span: &Range<usize>, report: &mut Report) -> Option<Placed<String>> {
    text_as(node, &format!("`{key}`"), key, key_span, report)
}

/// The same of a text that is called `what`.
fn text_as(node: &Node, what: &str, key: &str, key_span: &Range<usize>, report: &mut Report) -> Option<Placed<String>> {
    if let Some(text) = node.text() {
        return Some(Placed { value: text.to_owned(), span: node.span.clone() });
    }
    let raw = node.raw(&report.source).map(|raw| report.source.shown(raw).to_owned());
    match &node.kind {
        ValueKind::Null => {
            let written = !node.span.is_empty();
            let hidden = remark_in_place_of_a_value(&report.source, key_span);
            let note = report
                .add(Code::WrongType, if written { &node.span } else { key_span }, format!("`{key}` has no value"))
                .help(format!("write the value after `{key}:`, or leave the key out"));
            if written {
                note.help("for the word itself write it in quotes: `\"null\"`");
            } else if let Some(hidden) = hidden {
                note.help(format!(
                    "`#` begins a remark to YAML; if it belongs to the value, put that in quotes: `\"{hidden}\"`"
                ));
            }
        }
        _ => {
            let described = node.described(&report.source);
            let written = report.source.slice(&node.span).trim_end().to_owned();
            let braces = written.starts_with("{{");
            let one_line =
                written.starts_with(['[', '{']) && !written.contains('\n') && !report.source.is_confidential();
            let bracketed = one_line.then_some(written);
            let note = report.add(Code::WrongType, &node.span, format!("{what} is text, but here is {described}"));
            match raw {
                Some(raw) => note.help(format!("put it in quotes if it is meant as text: `\"{raw}\"`")),
                None if braces => {
                    note.help("put the whole text in quotes if it begins with a variable: `\"{{ shop }}에서 만나요\"`")
                }
                None => note.help(match &bracketed {
                    Some(text) => format!(
                        "an unquoted text cannot begin with `{}`; as a text it is `{}`",
                        &text[..1],
                        in_quotes(text)
                    ),
                    None => "write one text; if it begins with a bracket, put it in double quotes".to_owned(),
                }),
            };
        }
    }
    None
}

fn unknown_key(name: &str, span: &Range<usize>, shape: &Shape, report: &mut Report) -> Option<&'static str> {
    let synonym = shape.synonyms.iter().find(|(theirs, _)| *theirs == folded(name)).map(|(_, ours)| *ours);
    let elsewhere = elsewhere(shape.what, name);
    let near = synonym.filter(|near| shape.keys.contains(near)).or_else(|| nearest(name, shape.keys));
    let near = near.filter(|_| elsewhere.is_none());
    // What is nearly a key is one, misspelt; anything else may be a value that lost its key.
    let shown = if near.is_some() { name } else { report.source.shown(name) };
    let note = report.add(Code::UnknownKey, span, format!("{} has no key `{shown}`", shape.what)).label("unknown key");
    let note = match elsewhere.or_else(|| near.map(|near| format!("did you mean `{near}`?"))) {
        Some(hint) => note.help(hint),
        None => note,
    };
    note.help(format!("the keys of {} are {}", shape.what, list(shape.keys)));
    near
}

fn merge_of_no_mapping(span: &Range<usize>, report: &mut Report) {
    report
        .add(Code::WrongType, span, "`<<` takes over the keys of another mapping, and this is none")
        .help("name the mapping `&base` where it stands, and write `<<: *base` here");
}

/// Reports a key that already stands at `first`.
pub fn duplicate_key(name: &str, first: &Range<usize>, span: &Range<usize>, report: &mut Report) {
    let first = report.source.place(first.start);
    report
        .add(Code::DuplicateKey, span, format!("`{name}` stands twice"))
        .label("the second one")
        .also_at(first)
        .help("keep one of them; which one is meant is never guessed");
}

/// What is missing from a mapping.
pub fn missing(fields: &Fields<'_>, what: &str, key: &str, example: &str, report: &mut Report) {
    report
        .add(Code::MissingKey, &fields.span, format!("{what} has no `{key}`, which is required"))
        .help(format!("add a line: `{example}`"));
}

/// "`a`, `b` and `c`".
pub(crate) fn list(words: &[&str]) -> String {
    join(words, "and")
}

/// "`a`, `b` or `c`".
pub(crate) fn any_of(words: &[&str]) -> String {
    join(words, "or")
}

/// "it is one of `a`, `b` or `c`".
fn one_of(words: &[&str]) -> String {
    format!("write {}", join(words, "or"))
}

fn join(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        None => String::new(),
    }
}
