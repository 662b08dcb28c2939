//! What is wrong with a text that a person wrote: a stable code, the place, one sentence, and what to write instead.
//!
//! Owns the form of a problem, for people (an excerpt with a caret) and for programs (JSON). The codes are in `code`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::ser::{Serialize, SerializeStruct, Serializer};

pub use super::code::{Code, Severity};
pub use super::source::{Place, Source};
use crate::domain::printable;

/// Lines longer than this many bytes are not drawn: an excerpt of a whole file on one line helps nobody.
const EXCERPT_LINE_BYTES_MAX: usize = 400;

/// One problem, or one warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem, stable over releases.
    pub code: Code,
    /// One sentence without a final period: what is wrong.
    pub message: String,
    /// A few words under the caret.
    pub label: Option<String>,
    /// What to write instead, most likely first; each a sentence or two.
    pub help: Vec<String>,
    at: At,
    also: Option<Place>,
    /// The value whose characters it is about: whoever reads that value may know better what to write.
    about: Option<Range<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum At {
    File(PathBuf),
    Span(Arc<Source>, Range<usize>),
    Place(Place),
}

/// Excerpts with colours, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// For files, pipes and tests.
    Plain,
    /// For terminals.
    Colour,
}

impl Problem {
    /// A problem at a span of a text. A span over several lines is shown on its first.
    pub fn new(code: Code, source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        Self::with(code, At::Span(Arc::clone(source), source.clamp(&span)), message)
    }

    /// A problem of a whole file or folder, without a place inside.
    pub fn of_file(code: Code, path: &Path, message: impl Into<String>) -> Self {
        Self::with(code, At::File(path.to_owned()), message)
    }

    /// A problem that a place is to blame for whose text is not at hand: shown without an excerpt.
    pub fn at_place(code: Code, place: &Place, message: impl Into<String>) -> Self {
        Self::with(code, At::Place(place.clone()), message)
    }

    fn with(code: Code, at: At, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), label: None, help: Vec::new(), at, also: None, about: None }
    }

    /// Sets the few words under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a sentence on what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds the other place that the problem is about: the first of two that clash.
    #[must_use]
    pub fn also_at(mut self, place: Place) -> Self {
        self.also = Some(place);
        self
    }

    /// Says that it is about the characters of the value that stands there.
    #[must_use]
    pub(crate) fn about(mut self, value: Range<usize>) -> Self {
        self.about = Some(value);
        self
    }

    /// The bytes of its text that it is about; `None` for a problem of a whole file.
    pub fn range(&self) -> Option<Range<usize>> {
        match &self.at {
            At::Span(_, span) => Some(span.clone()),
            At::File(_) | At::Place(_) => None,
        }
    }

    /// Error, warning or note.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The file that it is about, named as the user named it.
    pub fn file(&self) -> &Path {
        match &self.at {
            At::File(path) => path,
            At::Span(source, _) => source.path(),
            At::Place(place) => &place.file,
        }
    }

    /// File, line and column; `None` for a problem of a whole file.
    pub fn place(&self) -> Option<Place> {
        match &self.at {
            At::File(_) => None,
            At::Span(source, span) => Some(source.place(span.start)),
            At::Place(place) => Some(place.clone()),
        }
    }

    /// The place where the other half of a clash stands.
    pub fn also(&self) -> Option<&Place> {
        self.also.as_ref()
    }

    /// The problem as a person reads it: sentence, place, excerpt with a caret, and help. Ends with a line break.
    pub fn render(&self, paint: Paint) -> String {
        let level = match self.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let message = printable::lines(&self.message);
        let title = level.primary_title(&*message).id(self.code.as_str());
        let file = shown(self.file());
        let mut group = match &self.at {
            At::File(_) => title.element(Origin::path(file)),
            At::Span(source, span) => self.excerpt(Group::with_title(title), source, span),
            At::Place(place) => title.element(Origin::path(file).line(place.line).char_column(place.column)),
        };
        if let Some(also) = &self.also {
            let note = format!("the first is at {}:{}:{}", shown(&also.file), also.line, also.column);
            group = group.element(Level::NOTE.message(note));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(printable::lines(help)));
        }
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Colour => Renderer::styled(),
        };
        let mut text = renderer.term_width(120).render(&[group]);
        text.push('\n');
        text
    }

    fn excerpt<'a>(&'a self, group: Group<'a>, source: &'a Source, span: &Range<usize>) -> Group<'a> {
        let file = shown(source.path());
        let index = source.line_index(span.start);
        let line = source.line_range(index);
        // One line of context above, where it is short.
        let above = index
            .saturating_sub(usize::from(source.line_range(index.saturating_sub(1)).len() <= EXCERPT_LINE_BYTES_MAX));
        let first = source.line_range(above);
        if source.is_confidential() || line.len() > EXCERPT_LINE_BYTES_MAX {
            let place = source.place(span.start);
            return group.element(Origin::path(file).line(place.line).char_column(place.column));
        }
        // Only the first line of the span: a caret under twenty lines shows nothing.
        let start = span.start.min(line.end);
        let end = span.end.min(line.end).max(start);
        let mut annotation = AnnotationKind::Primary.span(start - first.start..end - first.start);
        if let Some(label) = &self.label {
            annotation = annotation.label(printable::lines(label));
        }
        let snippet = Snippet::source(printable::quoted(&source.text()[first.start..line.end]))
            .path(file)
            .line_start(above + 1)
            .fold(false)
            .annotation(annotation);
        group.element(snippet)
    }
}

/// The name of a file as it may be printed.
fn shown(file: &Path) -> String {
    printable::one_line(&file.display().to_string()).into_owned()
}

/// `file:line:column: error[E021]: message`, on one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(self.file()))?;
        if let Some(place) = self.place() {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        write!(f, ": {}[{}]: {}", self.severity().as_str(), self.code.as_str(), printable::one_line(&self.message))
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = self.place();
        let mut json = serializer.serialize_struct("Problem", 9)?;
        json.serialize_field("code", self.code.as_str())?;
        json.serialize_field("severity", self.severity().as_str())?;
        json.serialize_field("message", &self.message)?;
        json.serialize_field("file", &self.file().display().to_string())?;
        json.serialize_field("line", &place.as_ref().map(|place| place.line))?;
        json.serialize_field("column", &place.as_ref().map(|place| place.column))?;
        json.serialize_field("label", &self.label)?;
        json.serialize_field("help", &self.help)?;
        json.serialize_field("also_at", &self.also)?;
        json.end()
    }
}

/// Everything that is wrong, of all files at once: at least one error, and the warnings beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    watch: Vec<PathBuf>,
    left_out: usize,
}

/// Most problems that are kept: nobody reads on, and a garbled file must not fill the memory.
pub(crate) const PROBLEMS_MAX: usize = 1_000;

impl Problems {
    /// Sorts by file and place, and drops repetitions (one bad value that ten jobs merge in is one problem). `watch` is what to
    /// look at for the mending.
    pub fn new(list: Vec<Problem>, watch: Vec<PathBuf>) -> Self {
        let mut list = in_order(list);
        // Errors first in doubt: with a thousand warnings in front the reason of the refusal must not be cut off.
        if list.len() > PROBLEMS_MAX {
            list.sort_by_key(|problem| problem.severity());
        }
        let left_out = list.len().saturating_sub(PROBLEMS_MAX);
        list.truncate(PROBLEMS_MAX);
        Self { list, watch, left_out }
    }

    /// By file and place.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// The files and folders whose change may mend it.
    pub fn watch(&self) -> &[PathBuf] {
        &self.watch
    }

    /// How many are errors; never 0.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity() == Severity::Error).count()
    }

    /// All of them as a person reads them, with an empty line between.
    pub fn render(&self, paint: Paint) -> String {
        let mut text = render(&self.list, paint);
        if self.left_out > 0 {
            text.push_str(&format!("\nand {} more, which are shown when these are mended\n", self.left_out));
        }
        text
    }
}

/// Many problems as a person reads them, with an empty line between.
pub fn render(problems: &[Problem], paint: Paint) -> String {
    problems.iter().map(|problem| problem.render(paint)).collect::<Vec<_>>().join("\n")
}

/// Sorted by file and place, without repetitions. What is wrong with one value is told once.
pub fn in_order(list: Vec<Problem>) -> Vec<Problem> {
    let mut list = joined(list);
    list.sort_by_cached_key(|problem| (problem.file().to_owned(), problem.place(), problem.code.as_str()));
    list.dedup();
    list
}

/// A value whose characters are odd, and which cannot be read either, is one mistake: its reader says what to write, and what the
/// characters are stands below. Two problems would offer two values, one of which is refused again.
fn joined(list: Vec<Problem>) -> Vec<Problem> {
    let (characters, mut rest): (Vec<Problem>, Vec<Problem>) =
        list.into_iter().partition(|problem| problem.about.is_some());
    if characters.is_empty() {
        return rest;
    }
    let key = |problem: &Problem, at: usize| (problem.file().to_owned(), problem.code.as_str(), at);
    let starts = rest.iter().enumerate();
    let starts = starts.filter_map(|(index, problem)| Some((key(problem, problem.range()?.start), index)));
    let starts: BTreeMap<(PathBuf, &str, usize), usize> = starts.collect();
    for problem in characters {
        let value = problem.about.clone().unwrap_or_default();
        let mut of_value = starts.range(key(&problem, value.start)..=key(&problem, value.end));
        let of_value = of_value.find_map(|(_, index)| {
            let ends_within = rest.get(*index)?.range().is_some_and(|range| range.end <= value.end);
            ends_within.then_some(*index)
        });
        match of_value.and_then(|index| rest.get_mut(index)) {
            Some(of_value) => of_value.help.push(problem.message),
            None => rest.push(problem),
        }
    }
    rest
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Paint::Plain))
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Arc<Source> {
        Arc::new(Source::new("jobs.yaml", "/", "jobs:\n  공지:\n    contnet: 안녕\n"))
    }

    #[test]
    fn a_problem_shows_its_place_an_excerpt_and_what_to_write() {
        let source = source();
        let at = source.text().find("contnet").expect("there");
        let problem = Problem::new(Code::UnknownKey, &source, at..at + 7, "a job has no key `contnet`")
            .label("not a key of a job")
            .help("did you mean `content`?");
        insta::assert_snapshot!(problem.render(Paint::Plain));
        insta::assert_snapshot!(problem, @"jobs.yaml:3:5: error[E021]: a job has no key `contnet`");
        insta::assert_snapshot!(serde_json::to_string_pretty(&problem).expect("serialises"));
    }

    #[test]
    fn any_span_can_be_drawn() {
        let source = source();
        for start in 0..source.text().len() + 3 {
            for end in 0..source.text().len() + 3 {
                let problem = Problem::new(Code::Syntax, &source, start..end, "odd");
                assert!(problem.render(Paint::Plain).contains("jobs.yaml"));
            }
        }
    }
}
