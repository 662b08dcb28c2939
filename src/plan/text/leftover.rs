//! What other programs leave in a text, and readers see: escapes, HTML, the cells of a spreadsheet, Markdown, keys of the job itself,
//! letters read in the wrong encoding. Pure, and only ever a warning: a story may say anything.

mod found;
pub(crate) mod html;
mod mark;
mod missing;

use std::ops::Range;

use self::found::{Leftover, around, leftover, lines};

/// Most of one text that are told of.
const EACH_MAX: usize = 5;

/// Everything that looks left behind, in the order of the text; one of each kind.
pub(crate) fn leftovers(text: &str) -> Vec<Leftover> {
    if is_plain(text) {
        return Vec::new();
    }
    let mut found: Vec<Leftover> = Vec::new();
    found.extend(escape(text));
    found.extend(html::entity(text));
    found.extend(html::tag(text));
    found.extend(cell(text));
    found.extend(mark::link(text));
    found.extend(mark::markdown(text));
    found.extend(mark::yaml(text));
    found.extend(encoding(text));
    found.extend(missing::nothing(text));
    found.sort_by_key(|one| one.range.start);
    found.truncate(EACH_MAX);
    found
}

/// The quick answer for most lines: letters, digits and the marks of sentences.
fn is_plain(text: &str) -> bool {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || ('가'..='힣').contains(&c) || matches!(c, ' ' | '.' | ',' | '!' | '?' | '~' | '-')
    };
    text.chars().all(is_plain) && !text.contains("~~") && missing::nothing(text).is_none()
}

const KEEP_LINES: &str = "for a line break write `content: |` and the lines below it, or put the text in double quotes";

/// `\n` as two characters, in the spellings of keyboards and programs.
fn escape(text: &str) -> Option<Leftover> {
    if !text.contains(['\\', '₩', '￦', '/', '%', '_']) {
        return None;
    }
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let Some(letter) = rest.chars().next() else { break };
        let (before, behind) = around(text, at, c.len_utf8() + letter.len_utf8());
        let range = at..at + c.len_utf8() + letter.len_utf8();
        let shown = &text[range.clone()];
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        match (c, letter) {
            ('\\', 'n' | 'r' | 't') if !in_a_path(text, at) => {
                let what = if letter == 't' { "a tab" } else { "a line break" };
                return Some(leftover(
                    range,
                    format!("`{shown}` is posted as two characters: it is {what} within double quotes only"),
                    KEEP_LINES,
                ));
            }
            ('₩' | '￦', 'n') if !is_word(behind) && before.is_some_and(|c| !c.is_whitespace()) => {
                return Some(leftover(
                    range,
                    format!("`{shown}` is posted as it stands; a Korean keyboard writes `\\n` so"),
                    KEEP_LINES,
                ));
            }
            ('/', 'n')
                if before.is_some_and(|c| !c.is_ascii() || "!.?~".contains(c))
                    && behind.is_none_or(|c| !c.is_ascii()) =>
            {
                return Some(leftover(range, "`/n` is posted as two characters, and is no line break", KEEP_LINES));
            }
            ('\\', '"') => {
                let help = "write the quote alone; a backslash in front of it belongs within double quotes only";
                return Some(leftover(range, "`\\\"` is posted with its backslash", help));
            }
            ('\\', 'u' | 'x' | 'U')
                if rest[1..].chars().take_while(char::is_ascii_hexdigit).count() >= 2 && !in_a_path(text, at) =>
            {
                let end = rest[1..].chars().take_while(char::is_ascii_hexdigit).take(8).count();
                let help = "write the character itself, or put the text in double quotes";
                let range = at..at + 2 + end;
                let message = format!(
                    "`{}` is posted as it stands: it is a character within double quotes only",
                    &text[range.clone()]
                );
                return Some(leftover(range, message, help));
            }
            ('_', 'x') if rest.starts_with("x000D_") || rest.starts_with("x000A_") => {
                let message = format!("`_{}` is a line break of a spreadsheet, and is posted as it stands", &rest[..6]);
                return Some(leftover(at..at + 7, message, KEEP_LINES));
            }
            ('%', '0') if (rest.starts_with("0A") || rest.starts_with("0D%0A")) && !in_an_address(text, at) => {
                return Some(leftover(
                    at..at + 3,
                    "`%0A` is posted as it stands: it is a line break in addresses only",
                    KEEP_LINES,
                ));
            }
            _ => {}
        }
    }
    None
}

/// The word around an offset.
fn word(text: &str, at: usize) -> &str {
    let start = text[..at].rfind(char::is_whitespace).map_or(0, |found| found + 1);
    let end = text[at..].find(char::is_whitespace).map_or(text.len(), |found| at + found);
    text.get(start..end).unwrap_or_default()
}

/// `C:\new` and `\\server\new` are names of files.
fn in_a_path(text: &str, at: usize) -> bool {
    let word = word(text, at).trim_start_matches(['"', '\'', '(']);
    let mut chars = word.chars();
    word.starts_with(r"\\")
        || (chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.as_str().starts_with(r":\"))
}

fn in_an_address(text: &str, at: usize) -> bool {
    word(text, at).contains("://")
}

/// What spreadsheets write into cells and files.
fn cell(text: &str) -> Option<Leftover> {
    const ERRORS: [&str; 15] = [
        "#REF!",
        "#N/A",
        "#NAME?",
        "#VALUE!",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#####",
        "#ERROR!",
        "#GETTING_DATA",
        "#UNKNOWN!",
        "#BLOCKED!",
        "#EXTERNAL!",
    ];
    let again = "correct the cell, and copy what it shows";
    if let Some((at, error)) = ERRORS.iter().filter_map(|error| Some((text.find(error)?, error))).min() {
        return Some(leftover(at..at + error.len(), format!("`{error}` is the error of a spreadsheet's cell"), again));
    }
    for (at, line) in lines(text) {
        let shown = line.trim_start();
        let at = at + line.len() - shown.len();
        if let Some(len) = formula(shown) {
            let message = format!("`{}` is the formula of a cell, not what it shows", &shown[..len]);
            return Some(leftover(at..at + len, message, again));
        }
        if let Some(rest) = shown.strip_prefix('\'')
            && !rest.contains('\'')
            && (rest.starts_with(['=', '+', '@', '-']) || leads_with_digits(rest))
        {
            return Some(leftover(
                at..at + 1,
                "a cell's apostrophe stands in front, and is posted",
                "delete the apostrophe",
            ));
        }
        let inner = line.trim();
        if let Some(tab) = inner.find('\t') {
            let at = at + tab;
            let help = "write the parts on lines of their own, or with a blank between";
            return Some(leftover(
                at..at + 1,
                "a tab stands between the words, as between the cells of a spreadsheet",
                help,
            ));
        }
    }
    if let Some((at, len)) = doubled_quotes(text) {
        let message = "quotes stand twice, as in a file of comma-separated values";
        return Some(leftover(at..at + len, message, "write each quote once"));
    }
    scientific(text).map(|range| {
        let message = format!("`{}` is how a spreadsheet shows a long number", &text[range.clone()]);
        leftover(range, message, "format the cell as text, and copy the number itself")
    })
}

/// `=SUM(`, `=A1&B1`, `+VLOOKUP(`: how much of the line it is.
fn formula(line: &str) -> Option<usize> {
    let rest = line.strip_prefix('=').map(str::trim_start)?;
    let start = line.len() - rest.len();
    let word = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'$' | b'!')).count();
    let name = &rest[..word];
    let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_call = letters > 0 && rest[word..].starts_with('(') && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_cell = (1..=3).contains(&letters)
        && name.trim_start_matches('$').starts_with(|c: char| c.is_ascii_uppercase())
        && name.ends_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'$');
    (is_call || is_cell || (letters > 0 && name.contains('!'))).then(|| start + word + usize::from(is_call))
}

/// `'010-1234-5678` is a number that was kept from losing its zero; `'24 신메뉴` is a year.
fn leads_with_digits(rest: &str) -> bool {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 4 || (rest.starts_with('0') && digits >= 2 && rest[digits..].starts_with('-'))
}

fn doubled_quotes(text: &str) -> Option<(usize, usize)> {
    text.match_indices("\"\"").find_map(|(at, quotes)| {
        let (before, behind) = around(text, at, quotes.len());
        let letter = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace() && c != '"');
        let closes = text[at + 2..].contains("\"\"") && letter(behind) && !letter(before);
        closes.then_some((at, quotes.len()))
    })
}

fn scientific(text: &str) -> Option<Range<usize>> {
    text.match_indices("E+").find_map(|(at, _)| {
        let number = text[..at].bytes().rev().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let power = text[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let start = at - number;
        let (before, behind) = around(text, start, number + 2 + power);
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        (number > 0 && power == 2 && apart(before) && apart(behind)).then_some(start..at + 2 + power)
    })
}

/// UTF-8 that was read as Latin letters, and what became of letters that were lost twice.
fn encoding(text: &str) -> Option<Leftover> {
    for lost in ["占쏙옙", "锟斤拷", "占싼", "쨌쨌"] {
        if let Some(at) = text.find(lost) {
            let help = "the letters themselves are lost; type them anew from the source";
            return Some(leftover(
                at..at + lost.len(),
                format!("`{lost}` stands where letters were lost in another encoding"),
                help,
            ));
        }
    }
    let mut run: Vec<u8> = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().chain([(text.len(), '가')]) {
        match single_byte(c) {
            Some(byte) => {
                if run.is_empty() {
                    start = at;
                }
                run.push(byte);
            }
            None => {
                if let Some(meant) = as_utf8(&run) {
                    let message = format!("`{}` is UTF-8 that was read in another encoding", &text[start..at]);
                    return Some(leftover(start..at, message, format!("write `{meant}`")));
                }
                run.clear();
            }
        }
    }
    None
}

/// The byte above ASCII that Western programs show as this character.
fn single_byte(c: char) -> Option<u8> {
    const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match u32::from(c) {
        code @ 0x80..=0xff => u8::try_from(code).ok(),
        _ => WINDOWS.chars().position(|other| other == c).and_then(|at| u8::try_from(0x80 + at).ok()),
    }
}

/// What the bytes say, if they say anything that is not Latin.
fn as_utf8(bytes: &[u8]) -> Option<String> {
    if bytes.len() < 2 {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests;
