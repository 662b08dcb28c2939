//! What programs write where a value is missing: as a whole text, or where a value belongs. The same words in a sentence are a person's.

use super::found::{Leftover, around, leftover};

/// What no person writes, wherever it stands.
const ANYWHERE: [&str; 3] = ["[object Object]", "Invalid Date", "NaN:NaN"];
/// What stands for nothing when it is the whole text.
const WHOLE: [&str; 9] = ["undefined", "null", "NaN", "nan", "None", "nil", "NULL", "(null)", "Infinity"];
/// What stands for nothing where a value belongs.
const VALUES: [&str; 6] = ["undefined", "null", "NULL", "NaN", "nan", "None"];
/// Those of them that are words of people too, and tell nothing behind a colon: `Allergens: None`.
const WORDS: [&str; 2] = ["None", "nan"];
/// Signs of money, which stand close to their number.
const MONEY: [char; 7] = ['₩', '￦', '$', '€', '£', '¥', '\\'];
/// What stands behind a number or a name in Korean; the first three behind a blank too.
const UNITS: [&str; 9] = ["님", "원", "고객", "개", "명", "잔", "씨", "월", "%"];
const UNITS_APART: usize = 3;
/// How a word goes on behind a unit: particles.
const PARTICLES: &str = "은는이가을를의과와도만에께까부입이님";
/// What a name follows.
const GREETINGS: [&str; 6] = ["안녕하세요", "안녕", "Dear", "Hello", "Hi", "Welcome"];
/// Longest name of a value before a colon, in characters.
const LABEL_CHARS_MAX: usize = 16;

/// The first of them.
pub(crate) fn nothing(text: &str) -> Option<Leftover> {
    let whole = WHOLE.iter().find(|word| text.trim() == **word).and_then(|word| Some((text.find(word)?, *word)));
    let anywhere = || ANYWHERE.iter().find_map(|word| Some((text.find(word)?, *word)));
    let inside = || VALUES.iter().filter_map(|word| value(text, word)).min();
    let (at, word) = whole.or_else(anywhere).or_else(inside)?;
    Some(leftover(
        at..at + word.len(),
        format!("`{word}` is what a program writes where a value is missing"),
        "write the text that is meant",
    ))
}

/// Where a word stands in place of a value.
fn value<'w>(text: &str, word: &'w str) -> Option<(usize, &'w str)> {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '`'));
    text.match_indices(word).map(|(at, _)| at).find_map(|at| {
        let (before, behind) = around(text, at, word.len());
        if is_letter(before) || (is_letter(behind) && behind != Some('.')) {
            return None;
        }
        let line = text.get(..at)?.rsplit('\n').next()?;
        let rest = text.get(at + word.len()..)?.split('\n').next()?;
        let is_value = before.is_some_and(|c| MONEY.contains(&c))
            || has_unit(rest, word)
            || !WORDS.contains(&word) && is_labelled(line, rest)
            || word != "nan" && is_greeted(line, rest);
        is_value.then_some((at, word))
    })
}

/// `NaN원`, `undefined님`, `null 고객님`; but not `null 원인`.
fn has_unit(rest: &str, word: &str) -> bool {
    let units = if rest.starts_with(' ') { &UNITS[..UNITS_APART] } else { &UNITS[..] };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    units.iter().any(|unit| {
        let is_of_names = matches!(*unit, "님" | "고객" | "씨");
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric() || PARTICLES.contains(c));
        rest.strip_prefix(unit).is_some_and(ends) && !(word == "nan" && is_of_names)
    })
}

/// `가격: undefined`, and nothing behind it.
fn is_labelled(line: &str, rest: &str) -> bool {
    let label = line.trim_end().strip_suffix([':', '：']);
    let is_last = rest.trim_start().chars().next().is_none_or(|c| matches!(c, '/' | '|' | ')'));
    is_last && label.is_some_and(|label| !label.is_empty() && label.chars().count() <= LABEL_CHARS_MAX)
}

/// `안녕하세요, undefined!`
fn is_greeted(line: &str, rest: &str) -> bool {
    let greeting = line.trim_end().trim_end_matches([',', '!']);
    let is_last = rest.chars().next().is_none_or(|c| matches!(c, ',' | '!' | '.' | '~'));
    is_last && greeting.len() < line.len() && GREETINGS.iter().any(|word| greeting.ends_with(word))
}
