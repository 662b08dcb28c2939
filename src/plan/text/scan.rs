//! Finding things between the braces of a text, before the template engine sees it. Knows quotes, and nothing of what is said.

use std::ops::Range;

use crate::domain::content::{composed, is_composed};
use crate::yaml::character::{CharacterClass, ascii, sort};

/// What opens an expression: it makes a text a template.
pub(crate) const OPENING: &str = "{{";

/// The parts of a text between braces, without them: byte ranges.
pub(crate) fn expressions(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(OPENING)? + OPENING.len();
        let mut quote = None;
        for (at, c) in text[start..].char_indices() {
            match (c, quote) {
                (c, Some(q)) if c == q => quote = None,
                (_, Some(_)) => {}
                ('"' | '\'', None) => quote = Some(c),
                ('}', None) if text[start + at..].starts_with("}}") => {
                    from = start + at + 2;
                    return Some(start..start + at);
                }
                _ => {}
            }
        }
        from = text.len();
        Some(start..text.len())
    })
}

/// The parts of a text that stand outside of every pair of braces.
pub(crate) fn outside(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    let mut inside = expressions(text);
    std::iter::from_fn(move || {
        if from > text.len() {
            return None;
        }
        let part = match inside.next() {
            Some(expression) => {
                let part = from..expression.start - OPENING.len();
                from = expression.end + OPENING.len();
                part
            }
            None => {
                let part = from..text.len();
                from = text.len() + 1;
                part
            }
        };
        Some(part)
    })
}

/// Braces that are opened and never closed, or not before others are opened.
pub(crate) fn unclosed(text: &str) -> Option<usize> {
    let opens_again = |expression: &Range<usize>| {
        let mut before = None;
        outside_quotes(text, expression.clone()).any(|(at, c)| c == '{' && before.replace(at) == at.checked_sub(1))
    };
    let mut all = expressions(text);
    let open = all.find(|expression| expression.end == text.len() || opens_again(expression))?;
    Some(open.start - OPENING.len())
}

/// The bytes of an expression that stand outside of its quotes.
fn outside_quotes(text: &str, expression: Range<usize>) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let start = expression.start;
    text[expression].char_indices().map(move |(at, c)| (start + at, c)).filter(move |(_, c)| match quote {
        Some(q) => {
            if *c == q {
                quote = None;
            }
            false
        }
        None if matches!(c, '"' | '\'') => {
            quote = Some(*c);
            false
        }
        None => true,
    })
}

/// A star would repeat a text as often as it says, and a variable is a text.
pub(crate) fn multiplication(text: &str) -> Option<usize> {
    let mut all = expressions(text).flat_map(|expression| outside_quotes(text, expression));
    all.find(|(_, c)| *c == '*').map(|(at, _)| at)
}

/// The text with the names between its braces composed, so that they are found however they were typed. What is posted as it stands
/// stays as it is.
pub(crate) fn with_composed_names(text: String) -> String {
    if is_composed(&text) {
        return text;
    }
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for expression in expressions(&text) {
        let mut name = String::new();
        out.push_str(&text[done..expression.start]);
        done = expression.start;
        for (at, c) in outside_quotes(&text, expression.clone()) {
            if at > done {
                out.push_str(&composed(&std::mem::take(&mut name)));
                out.push_str(&text[done..at]);
            }
            name.push(c);
            done = at + c.len_utf8();
        }
        out.push_str(&composed(&name));
    }
    out.push_str(&text[done..]);
    out
}

/// The text with blanks in place of what stands between braces, so that each offset stays.
pub(crate) fn without_expressions(text: &str) -> String {
    let mut out = text.to_owned();
    for expression in expressions(text) {
        out.replace_range(expression.clone(), &" ".repeat(expression.len()));
    }
    out
}

/// The first character between braces that only looks like a blank, a quote or another sign.
pub(crate) fn odd_character(text: &str) -> Option<char> {
    let odd = |c: &char| match sort(*c) {
        CharacterClass::Plain => !c.is_ascii() && !c.is_alphanumeric() && ascii(*c).is_some(),
        _ => true,
    };
    expressions(text).find_map(|expression| outside_quotes(text, expression).map(|(_, c)| c).find(odd))
}

/// Where a name stands as a word of its own between braces.
pub(crate) fn named(text: &str, name: &str) -> Option<Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    expressions(text).find_map(|expression| {
        let inside = &text[expression.clone()];
        inside.match_indices(name).find_map(|(at, _)| {
            let alone =
                !inside[..at].ends_with(|c| is_word(c) || c == '.') && !inside[at + name.len()..].starts_with(is_word);
            let start = expression.start + at;
            alone.then_some(start..start + name.len())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_stands() {
        let text = "shpo {{ date.shpo }} {{ \"a\" ~ shpo }}";
        assert_eq!(named(text, "shpo"), Some(30..34));
        assert_eq!(named("{{ 'it }} is' ~ x }}", "x"), Some(16..17));
    }

    #[test]
    fn braces_that_are_not_closed_are_found_where_they_open() {
        for (text, at) in [
            ("{{ date", Some(0)),
            ("a {{ date }", Some(2)),
            ("{{ date } {{ weekday }}", Some(0)),
            ("{{ shop }} {{ date ) {{ weekday }}", Some(11)),
            ("{{ date }}", None),
            ("{{ '{{' }}", None),
            ("{{ {'a': {'b': 1}} }}", None),
            ("{ {{ date }} }", None),
        ] {
            assert_eq!(unclosed(text), at, "{text}");
        }
    }
}
