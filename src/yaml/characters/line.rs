//! Characters that keep YAML itself from being read: in the indentation, behind a key, as a dash, a bracket or a quote.
//!
//! A repaired copy of the text has the same length, so that every place in it is a place in the file.

use std::ops::Range;
use std::sync::Arc;

use super::structure::{is_unseen, says_structure};
use super::text::{LineStart, Open};
use crate::yaml::character::{CharacterClass, all_named, ascii, named, sort};
use crate::yaml::document::{self, Node};
use crate::yaml::problem::{Code, Problem, Source};

/// Most characters of one file that are told of one by one.
const TOLD_MAX: usize = 20;

/// What came of the repairs.
pub(crate) enum RepairOutcome {
    /// They made the file readable: what it says, and what was repaired.
    Whole(Node, Vec<Problem>),
    /// They let it be read further, where something else is wrong: both.
    Blamed(Vec<Problem>),
    /// There was nothing to repair there.
    Nothing,
}

/// Reports what no reader of YAML takes, or the readers take differently: control characters and odd line breaks. The text with blanks
/// in their place, if there are any.
pub(crate) fn readable(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Option<String> {
    let text = source.text();
    let refused = |c: &char| match sort(*c) {
        CharacterClass::Break | CharacterClass::Control => true,
        CharacterClass::Lost => *c != '\u{fffd}' && u32::from(*c) < 0x1_0000,
        _ => false,
    };
    if !text.chars().any(|c| refused(&c)) {
        return None;
    }
    let mut out = text.to_owned();
    let all: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| refused(c)).collect();
    for (count, (at, c)) in all.iter().enumerate() {
        let span = *at..at + c.len_utf8();
        // Before a closing quote a blank would be one at the end of the text, and told as such.
        let filler = if text[span.end..].starts_with(['"', '\'']) { "." } else { " " };
        out.replace_range(span.clone(), &filler.repeat(c.len_utf8()));
        if count >= TOLD_MAX {
            continue;
        }
        let (what, help) = match sort(*c) {
            CharacterClass::Break => (
                "a line break that cannot be seen",
                "it comes along when text is pasted from other programs; end the line as usual in its place",
            ),
            CharacterClass::Lost => ("which is no character at all", "delete it: a program has written it by mistake"),
            _ => (
                "a control character, which no text holds",
                "delete it; it comes along when text is copied from a terminal, a printout or a word processor",
            ),
        };
        let message = format!("the character {} stands here: {what}", named(*c));
        problems.push(Problem::new(Code::Syntax, source, span, message).label("delete it").help(help));
    }
    Some(out)
}

/// One repair: what stands in the file, and what is meant. Shorter meanings are filled up with blanks.
struct Repair {
    span: Range<usize>,
    with: String,
    /// Where the blanks that make up the length go.
    fill: Fill,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    Before,
    Behind,
    /// At the end of the line above: the indentation must not grow.
    Above,
}

/// The repairs of one line, with what is said of them.
struct Mend {
    line: usize,
    repairs: Vec<Repair>,
    odd: Vec<(usize, char)>,
    what: &'static str,
    /// What to write, where that is not the repaired line.
    help: Option<String>,
}

/// Repairs the structure of a text that could not be read, if odd characters are to blame.
pub(crate) fn mended(source: &Arc<Source>, text: &str, problems: &[Problem]) -> RepairOutcome {
    if text.is_ascii() || problems.iter().any(|problem| problem.code != Code::Syntax) {
        return RepairOutcome::Nothing;
    }
    let given_up = |problems: &[Problem]| problems.iter().filter_map(Problem::place).min();
    let first = given_up(problems);
    let mut further = None;
    // How wide a full-width blank was meant is not known: as it looks, or as it was typed.
    for width in [2, 1] {
        let mends = mends(source, text, width);
        if mends.is_empty() {
            return RepairOutcome::Nothing;
        }
        match document::parse_text(source, &apply(text, &mends)) {
            Ok(root) => return RepairOutcome::Whole(root, mends.iter().map(|mend| told(source, mend)).collect()),
            // It was read further than without the repairs: one of them is to blame for where it ended.
            Err(rest) if given_up(&rest) > first => further = further.or(Some((mends, rest))),
            Err(_) => {}
        }
    }
    let (Some((mends, mut rest)), Some(first)) = (further, first) else { return RepairOutcome::Nothing };
    let Some(blamed) = mends.iter().rfind(|mend| mend.line < first.line) else { return RepairOutcome::Nothing };
    rest.insert(0, told(source, blamed));
    RepairOutcome::Blamed(rest)
}

/// The text with its repairs. Each keeps its length, so that every place stays.
fn apply(text: &str, mends: &[Mend]) -> String {
    let mut out = text.to_owned();
    for Repair { span, with, fill } in mends.iter().flat_map(|mend| &mend.repairs) {
        let missing = " ".repeat(span.len().saturating_sub(with.len()));
        let line = out[..span.start].rfind('\n');
        match (fill, line) {
            (Fill::Above, Some(end)) => {
                let between = out[end..span.start].to_owned();
                out.replace_range(end..span.end, &format!("{missing}{between}{with}"));
            }
            // Above the first line there is none: a line of its own takes the blanks.
            (Fill::Above, None) => {
                let filled = match missing.len() {
                    0 => with.clone(),
                    count => format!("{}\n{with}", " ".repeat(count - 1)),
                };
                out.replace_range(span.clone(), &filled);
            }
            (Fill::Before, _) => out.replace_range(span.clone(), &format!("{missing}{with}")),
            (Fill::Behind, _) => out.replace_range(span.clone(), &format!("{with}{missing}")),
        }
    }
    out
}

fn told(source: &Arc<Source>, mend: &Mend) -> Problem {
    let names = all_named(mend.odd.iter().map(|(_, c)| *c));
    let (at, c) = mend.odd.first().copied().unwrap_or_default();
    let count = match mend.odd.len() {
        1 => String::new(),
        count => format!(" ({count} times)"),
    };
    let count = if mend.odd.iter().all(|(_, other)| *other == c) { count } else { String::new() };
    let several = mend.odd.iter().any(|(_, other)| *other != c);
    let message = format!("{names} {} {}{count}", if several { "stand" } else { "stands" }, mend.what);
    let problem = Problem::new(Code::Syntax, source, at..at + c.len_utf8(), message);
    let problem = problem.label(format!("U+{:04X}", u32::from(c)));
    if source.is_confidential() {
        return problem.help("delete it, and type the line anew");
    }
    if let Some(help) = &mend.help {
        return problem.help(help);
    }
    let range = source.line_range(mend.line);
    let mut line = String::new();
    let mut done = range.start;
    for repair in &mend.repairs {
        line.push_str(&source.text()[done..repair.span.start]);
        line.push_str(&repair.with);
        done = repair.span.end;
    }
    line.push_str(&source.text()[done..range.end.max(done)]);
    let problem = match line.trim().is_empty() {
        true => problem.help("delete it"),
        false => problem.help(format!("write `{}`", line.trim())),
    };
    if c == '\u{feff}' {
        return problem.help("files that were joined hold one where the next file began: each of them has its own `version:`, so keep them apart");
    }
    problem
}

/// The lines whose structure holds odd characters, and those of texts that YAML does not take for any. Other lines of blocks are left out.
fn mends(source: &Source, text: &str, width: usize) -> Vec<Mend> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut open: Option<Open> = None;
    let mut start = 0;
    for (line, whole) in lines.iter().enumerate() {
        let words = whole.trim_end_matches(['\n', '\r']);
        match open.as_ref().filter(|open| open.goes_on(words, width)) {
            Some(open) => found.extend(open.begin(words).map(|begun| begin(begun, words, start, line))),
            None => {
                found.extend(look(words, start, line, width));
                open = Some(Open::behind(words, lines.get(line + 1..).unwrap_or_default(), width));
            }
        }
        start += whole.len();
    }
    debug_assert!(source.text().len() == text.len());
    found
}

/// The repair of a line of a text.
fn begin(LineStart { end, with, help }: LineStart, words: &str, start: usize, line: usize) -> Mend {
    let odd = words.char_indices().take_while(|(_, c)| *c == ' ' || is_unseen(*c)).filter(|(_, c)| *c != ' ');
    Mend {
        line,
        repairs: vec![Repair { span: start..start + end, with, fill: Fill::Behind }],
        odd: odd.map(|(at, c)| (start + at, c)).collect(),
        what: "in front of a line of the text, where only spaces belong",
        help: Some(help),
    }
}

/// One line: first its indentation, then its dash or key, then its value.
fn look(words: &str, start: usize, line: usize, width: usize) -> Option<Mend> {
    if words.is_ascii() {
        return None;
    }
    let bare = words.trim_start_matches(|c: char| c != '\t' && (c == ' ' || is_unseen(c)));
    let indent = words.len() - bare.len();
    let mut mend = Mend { line, repairs: Vec::new(), odd: Vec::new(), what: "", help: None };
    if bare.is_empty() || says_structure(bare) {
        for (at, c) in words[..indent].char_indices().filter(|(_, c)| *c != ' ') {
            let with = match sort(c) {
                CharacterClass::Blank if c == '\u{3000}' => " ".repeat(width),
                CharacterClass::Blank => " ".to_owned(),
                _ => String::new(),
            };
            mend.add(start + at, c, with, Fill::Above, "in front of the line, where only spaces belong");
        }
    }
    let at = start + indent;
    let item = dash(bare, at, &mut mend);
    key(&bare[item..], at + item, &mut mend);
    (!mend.odd.is_empty()).then_some(mend)
}

impl Mend {
    fn add(&mut self, at: usize, c: char, with: String, fill: Fill, what: &'static str) {
        self.repairs.push(Repair { span: at..at + c.len_utf8(), with, fill });
        self.odd.push((at, c));
        if self.what.is_empty() {
            self.what = what;
        }
    }
}

/// Whether a text begins as an entry of a list would, but for the width of its dash or of the blank behind it.
pub(crate) fn is_entry(text: &str) -> bool {
    let mut mend = Mend { line: 0, repairs: Vec::new(), odd: Vec::new(), what: "", help: None };
    dash(text, 0, &mut mend);
    !mend.odd.is_empty()
}

/// A dash of another width in front of an entry of a list, or a blank behind it that is none. How much of the line is the dash.
fn dash(bare: &str, at: usize, mend: &mut Mend) -> usize {
    let mut chars = bare.chars();
    let (Some(first), rest) = (chars.next(), chars.as_str()) else { return 0 };
    let blank = rest.chars().next().filter(|c| *c == ' ' || is_unseen(*c));
    let Some(blank) = blank else { return 0 };
    let wide = !first.is_ascii() && (ascii(first).as_deref() == Some("-") || matches!(first, '•' | '·' | '・'));
    if !wide && first != '-' {
        return 0;
    }
    if wide {
        mend.add(at, first, "-".to_owned(), Fill::Behind, "where the `-` of a list belongs");
    }
    if blank != ' ' {
        mend.add(
            at + first.len_utf8(),
            blank,
            " ".to_owned(),
            Fill::Behind,
            "behind the `-` of a list, where a space belongs",
        );
    }
    first.len_utf8() + blank.len_utf8()
}

/// The colon behind a key, the blank behind that, and the value.
fn key(rest: &str, at: usize, mend: &mut Mend) {
    let Some(first) = rest.chars().next() else { return };
    if matches!(first, '＃') {
        mend.add(at, first, "#".to_owned(), Fill::Behind, "where the `#` of a remark belongs");
        return;
    }
    let is_key = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '"' | '\'') || is_unseen(*c);
    let name: usize = rest.chars().take_while(is_key).map(char::len_utf8).sum();
    let Some(colon) =
        rest[name..].chars().next().filter(|c| *c == ':' || (!c.is_ascii() && ascii(*c).as_deref() == Some(":")))
    else {
        return value(rest, at, mend);
    };
    if name == 0 {
        return;
    }
    let mut from = name + colon.len_utf8();
    if colon != ':' {
        let with = if rest[from..].starts_with(' ') { ":" } else { ": " };
        mend.add(at + name, colon, with.to_owned(), Fill::Behind, "behind the key, where a colon and a space belong");
    }
    while let Some(c) = rest[from..].chars().next().filter(|c| is_unseen(*c)) {
        let with = if sort(c) == CharacterClass::Blank { " " } else { "" };
        mend.add(at + from, c, with.to_owned(), Fill::Behind, "behind the colon of the key, where a space belongs");
        from += c.len_utf8();
    }
    let blanks = rest[from..].len() - rest[from..].trim_start_matches(' ').len();
    value(&rest[from + blanks..], at + from + blanks, mend);
}

/// Brackets and quotes that only look like those of YAML.
fn value(words: &str, at: usize, mend: &mut Mend) {
    let words = words.trim_end();
    let Some(first) = words.chars().next() else { return };
    let last = words.chars().next_back().unwrap_or(first);
    let like = |c: char| if c.is_ascii() { None } else { ascii(c) };
    let end = words.len() - last.len_utf8();
    if end > 0 && like(first).is_some_and(|quote| matches!(quote.as_str(), "\"" | "'")) && like(last) == like(first) {
        let quote = like(first).unwrap_or_default();
        let inner = &words[first.len_utf8()..end];
        if !inner.contains(quote.as_str()) && !inner.contains('\\') {
            let what = "around the value, and YAML does not take them for quotes";
            mend.add(at, first, quote.clone(), Fill::Before, what);
            mend.add(at + end, last, quote, Fill::Behind, what);
        }
        return;
    }
    let opening = like(first).or_else(|| Some(first.to_string()));
    if !matches!(opening.as_deref(), Some("[" | "{")) {
        return;
    }
    // A list or a mapping on one line: its signs, outside of quotes.
    let mut quote = None;
    for (offset, c) in words.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            (c, None) => {
                let Some(sign) = like(c).filter(|sign| matches!(sign.as_str(), "[" | "]" | "{" | "}" | "," | ":"))
                else {
                    continue;
                };
                let with = if matches!(sign.as_str(), "," | ":") { format!("{sign} ") } else { sign };
                mend.add(at + offset, c, with, Fill::Behind, "where a sign of YAML belongs");
            }
        }
    }
}
