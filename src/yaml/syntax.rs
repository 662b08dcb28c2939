//! What the YAML readers complain about, said in a sentence that a person who never saw YAML can act on.
//!
//! The readers name the place where they gave up, which is often the line after the slip: the line before is looked at too.
//! Whatever is quoted goes through [`Source::shown`].

mod first;
mod lines;

use std::ops::Range;
use std::sync::Arc;

use granit_parser::ErrorKind;

pub(crate) use self::lines::in_quotes;
use self::lines::{lines, value_start};
use super::problem::{Code, Problem, Source};

/// The complaint of the reader that knows the places.
pub(crate) fn scan(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> Problem {
    use ErrorKind as K;
    if let Some(problem) = tab(source, at) {
        return problem;
    }
    let names_anchor = source.text().get(at + 1..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    if *kind == K::UnknownAnchor && names_anchor {
        return unknown_alias(source, at);
    }
    if let Some(problem) = first::sign(source, at) {
        return problem;
    }
    match kind {
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar | K::InvalidQuotedScalarIndent => {
            quote(source, at)
        }
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => behind_a_quote(source, at),
        K::MisplacedFlowCollectionEnd
        | K::MismatchedFlowCollectionEnd { .. }
        | K::UnclosedFlowCollection { .. }
        | K::UnexpectedEofFlowSequence
        | K::UnexpectedEofFlowMapping
        | K::UnexpectedEofImplicitFlowMapping
        | K::ExpectedFlowMappingSeparator
        | K::ExpectedFlowSequenceSeparator => bracket(source, at),
        K::UnknownQuotedScalarEscape | K::InvalidQuotedScalarHexEscape | K::InvalidUnicodeEscape => {
            problem(source, at, "inside double quotes a backslash begins an escape, and this is none")
                .help("write `\\\\` for a backslash, or put the text in single quotes")
        }
        K::MappingValueNotAllowed | K::InvalidColonPlacement | K::InvalidMappingValueWhitespace => colon(source, at),
        _ => other(source, at, &kind.to_string()),
    }
}

/// Any other complaint; `said` is the reader's own words.
pub(crate) fn other(source: &Arc<Source>, at: usize, said: &str) -> Problem {
    if let Some(problem) = tab(source, at)
        .or_else(|| first::sign(source, at))
        .or_else(|| missing_space(source, at))
        .or_else(|| no_colon(source, at))
    {
        return problem;
    }
    let said = said.split(" at line ").next().unwrap_or(said).trim_end_matches('.');
    let told = problem(source, at, "this line does not fit the lines around it");
    let told = match indents(source, at) {
        Some((here, above)) => told.help(format!(
            "it begins with {here} spaces and the line above with {above}: keys that belong together begin below each other"
        )),
        None => told,
    };
    let told = told.help(
        "check that it begins below its neighbours (same number of spaces), and that each key ends with a colon and a space",
    );
    if source.is_confidential() { told } else { told.help(format!("the YAML reader says: {said}")) }
}

/// With how many spaces a line begins, and the one above it that says something, where they differ.
fn indents(source: &Source, at: usize) -> Option<(usize, usize)> {
    let spaces = |index: usize| {
        let line = source.slice(&source.line_range(index));
        let said = line.trim_start_matches(' ');
        (!said.trim().is_empty() && !said.starts_with('#')).then(|| line.len() - said.len())
    };
    let line = source.line_index(at);
    let (here, above) = (spaces(line)?, (0..line).rev().find_map(spaces)?);
    (here != above).then_some((here, above))
}

/// A tag of the writer's own.
pub(crate) fn tag(source: &Arc<Source>, span: Range<usize>, tag: &str) -> Problem {
    let line = source.slice(&source.line_range(source.line_index(span.start)));
    let value = line[value_start(line)..].trim_end();
    let told =
        Problem::new(Code::Tag, source, span, format!("`{}` is a YAML tag, and none is used here", source.shown(tag)));
    match value.starts_with('!') {
        true => told.help(format!("put the text in quotes if it begins with `!`: {}", quoted(source.shown(value)))),
        false => told.help("put the text in quotes if it begins with an exclamation mark"),
    }
}

/// What git leaves behind when it cannot merge two edits. At the beginning of a line no value of YAML can look like it.
pub(crate) fn unsettled_merge(source: &Arc<Source>) -> Option<Problem> {
    const MARKS: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];
    let at = |mark: &str| {
        let text = source.text();
        if text.starts_with(mark) { Some(0) } else { text.find(&format!("\n{mark}")).map(|at| at + 1) }
    };
    let start = MARKS.into_iter().filter_map(at).min()?;
    Some(
        Problem::new(Code::Syntax, source, start..start + 7, "git could not merge two edits of this file, and left both here")
            .help("keep one of the two versions between the marks, and delete the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`"),
    )
}

/// `content: &중요 공지`: a name for the value, to YAML. Where nothing asks for the name, the sign belongs to the text.
pub(crate) fn name_nobody_asks_for(source: &Arc<Source>, at: usize) -> Option<Problem> {
    let line = source.line_range(source.line_index(at));
    let text = source.slice(&line);
    let start = value_start(text);
    let value = text[start..].trim_end();
    let key = text[..start].trim();
    let is_text = matches!(key, "content:" | "- content:" | "reason:" | "- reason:" | "-");
    let span = line.start + start..line.start + start + 1;
    (is_text && value.starts_with('&')).then(|| {
        let message = "an unquoted text cannot begin with `&`: to YAML its first word is a name, and is not posted";
        Problem::new(Code::Syntax, source, span, message)
            .help(format!("put the text in quotes: {}", quoted(source.shown(value))))
    })
}

/// A second `---`.
pub(crate) fn second_document(source: &Arc<Source>, span: Range<usize>) -> Problem {
    Problem::new(Code::Syntax, source, span, "a second document begins here; a file holds one")
        .help("remove the `---` line, or put what follows into a file of its own")
}

fn problem(source: &Arc<Source>, at: usize, message: impl Into<String>) -> Problem {
    Problem::new(Code::Syntax, source, at..at, message)
}

fn tab(source: &Arc<Source>, at: usize) -> Option<Problem> {
    // The reader may give up at the end of the line above.
    let below = source.line_range(source.line_index(at) + 1);
    let below = (below.clone(), source.slice(&below));
    lines(source, at).chain([below]).find_map(|(range, line)| {
        let indent = line.len() - line.trim_start().len();
        let tab = range.start + line[..indent].find('\t')?;
        Some(
            Problem::new(Code::Syntax, source, tab..tab + 1, "a tab stands where only spaces are allowed")
                .label("a tab")
                .help("begin the line with spaces: two for each level"),
        )
    })
}

fn quoted(value: &str) -> String {
    format!("`{}`", in_quotes(value))
}

/// The value as it can be copied into a file: in quotes where YAML would take it for something else.
pub(crate) fn copyable(value: &str) -> String {
    let plain = value.starts_with(first::may_begin)
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.ends_with([':', ' '])
        && !value.contains('\n');
    if plain { value.to_owned() } else { in_quotes(value) }
}

fn missing_space(source: &Arc<Source>, at: usize) -> Option<Problem> {
    lines(source, at).find_map(|(range, line)| {
        let bare = line.trim_start();
        let key = bare.len() - bare.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '-').len();
        let rest = bare[key..].strip_prefix(':')?;
        if key == 0 || rest.is_empty() || rest.starts_with(char::is_whitespace) {
            return None;
        }
        let colon = range.start + line.len() - bare.len() + key;
        let (word, rest) = (source.shown(&bare[..key]), source.shown(rest.trim_end()));
        let message = format!("a space is missing after `{word}:`");
        Some(Problem::new(Code::Syntax, source, colon..colon + 1, message).help(format!("write `{word}: {rest}`")))
    })
}

/// `content: "라떼" 한 잔`.
fn behind_a_quote(source: &Arc<Source>, at: usize) -> Problem {
    let told = problem(source, at, "text goes on after its closing quote");
    match first::whole_value(source, at) {
        Some((_, value)) => told.help(format!("quote the whole text: {}", quoted(source.shown(value)))),
        None => told.help("quote the whole text, and inside double quotes write `\\\"` for a quote"),
    }
}

fn quote(source: &Arc<Source>, at: usize) -> Problem {
    // The readers point either at the opening quote or at the end of the file.
    let opening = source.text()[..source.clamp(&(0..at + 1)).end].rfind(['"', '\'']).unwrap_or(at);
    let opening = unbalanced_quote(source).unwrap_or(opening);
    let told = Problem::new(Code::Syntax, source, opening..opening + 1, "a quote is opened here and never closed")
        .help(
            "close it at the end of the text; inside double quotes write `\\\"` for a quote, inside single quotes `''`",
        );
    // `'24 신메뉴`: the quote belongs to the text.
    match first::whole_value(source, opening).filter(|(range, _)| range.start == opening) {
        Some((_, value)) if !source.is_confidential() => {
            told.help(format!("if it belongs to the text, write {}", quoted(value)))
        }
        _ => told,
    }
}

/// The first value that begins with a quote on a line that never closes it.
fn unbalanced_quote(source: &Source) -> Option<usize> {
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let at = value_start(line.trim_end());
        let value = line.get(at..).unwrap_or_default();
        if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\''))
            && value.matches(quote).count() % 2 == 1
            && !value.contains("\\\"")
        {
            return Some(start + at);
        }
        start += line.len();
    }
    None
}

fn unknown_alias(source: &Arc<Source>, at: usize) -> Problem {
    let rest = source.text().get(at..).unwrap_or_default();
    let name = rest.split(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).next().unwrap_or_default();
    let span = at..at + name.len();
    let line = source.slice(&source.line_range(source.line_index(at)));
    let value = source.shown(line[value_start(line)..].trim_end());
    let name = source.shown(name);
    Problem::new(
        Code::Syntax,
        source,
        span,
        format!("`{name}` stands for something named `&{}`, and there is none", name.trim_start_matches('*')),
    )
    .help(format!("if the value itself begins with a star, as cron patterns do, quote it: `\"{value}\"`"))
}

fn bracket(source: &Arc<Source>, at: usize) -> Problem {
    let at = open_bracket(source, at).unwrap_or(at);
    let told = Problem::new(Code::Syntax, source, at..at + 1, "the brackets here do not match")
        .help("a list is `[one, two]`, a mapping is `{key: value}`; quote a text that holds brackets or commas");
    let (range, line) = lines(source, at).next().unwrap_or((at..at, ""));
    let start = value_start(line);
    let value = line[start..].trim_end();
    match range.start + start == at && !value.contains([',', ':']) {
        true => told.help(format!("as a text it is {}", quoted(source.shown(value)))),
        false => told,
    }
}

/// The innermost bracket that is left open at the end of the line at the offset, or of the line before.
fn open_bracket(source: &Source, at: usize) -> Option<usize> {
    lines(source, at.min(source.text().trim_end().len().saturating_sub(1))).find_map(|(range, line)| {
        let mut open = Vec::new();
        let mut quote = None;
        for (offset, c) in line.char_indices() {
            match (c, quote) {
                ('"' | '\'', None) => quote = Some(c),
                (c, Some(q)) if c == q => quote = None,
                ('[' | '{', None) => open.push(range.start + offset),
                (']' | '}', None) => drop(open.pop()),
                _ => {}
            }
        }
        open.pop()
    })
}

/// `content = 안녕`, `content 안녕`, and the wide colon of East Asian keyboards.
fn no_colon(source: &Arc<Source>, at: usize) -> Option<Problem> {
    lines(source, at).find_map(|(range, line)| {
        let bare = line.trim_start();
        let key = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_').len();
        let (word, rest) = bare.split_at(key);
        let value = rest.trim_start().trim_start_matches(['=', '：']).trim();
        let instead = rest.trim_start().chars().next().filter(|c| matches!(c, '=' | '：'));
        let plain = rest.starts_with(' ') && !rest.contains(':');
        if word.is_empty() || value.is_empty() || !(instead.is_some() || plain) {
            return None;
        }
        let start = range.start + line.len() - bare.len() + key + (rest.len() - rest.trim_start().len());
        let (word, value) = (source.shown(word), source.shown(value));
        let (span, message) = match instead {
            Some('=') => (start..start + 1, format!("after `{word}` stands `=` where a colon belongs")),
            Some(wide) => (start..start + wide.len_utf8(), format!("the colon after `{word}` is a wide one (`：`)")),
            None => (start - 1..start, format!("a colon is missing after `{word}`")),
        };
        Some(Problem::new(Code::Syntax, source, span, message).help(format!("write `{word}: {value}`")))
    })
}

fn colon(source: &Arc<Source>, at: usize) -> Problem {
    if let Some(problem) = missing_space(source, at).or_else(|| no_colon(source, at)) {
        return problem;
    }
    if open_bracket(source, at).is_some() {
        return bracket(source, at);
    }
    let (range, line) = lines(source, at).next().unwrap_or((at..at, ""));
    let start = value_start(line);
    let value = line[start..].trim_end();
    if line.find(": ").is_some() && value.contains(':') {
        let colon = range.start + start + value.find(": ").or_else(|| value.find(':')).unwrap_or(0);
        return Problem::new(
            Code::Syntax,
            source,
            colon..colon + 1,
            "a colon inside an unquoted text reads as another key",
        )
        .help(format!(
            "put the text in quotes: `\"{}\"`",
            source.shown(value).replace('\\', "\\\\").replace('"', "\\\"")
        ));
    }
    problem(source, range.start + line.len() - line.trim_start().len(), "a key stands where none can")
        .help("check that it begins below its neighbours: the same number of spaces, two more than the key above that it belongs to")
}
