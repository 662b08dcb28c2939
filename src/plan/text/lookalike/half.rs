//! Braces of ours that are there in part: `date }}`, which nothing opens, and `{{ date }}}`, with one too many. Told only where a name
//! that is set stands at them.

use super::found::{Lookalike, REST_CHARS_MAX};
use crate::plan::text::scan::outside;

/// Braces that nothing opens, in the order of the text.
pub(crate) fn halves<'a>(text: &str, known: impl Fn(&str) -> Option<&'a str>) -> Vec<Lookalike> {
    let mut found = Vec::new();
    if !text.contains('}') {
        return found;
    }
    // Braces of the writer's own that are open so far: `{오늘은 {{ date }}}` closes one of them.
    let (mut open, mut before) = (0_usize, None);
    for part in outside(text) {
        let inside = text.get(part.clone()).unwrap_or_default();
        let expression = before.and_then(|end: usize| text.get(end + 2..part.start.checked_sub(2)?));
        if let Some(expression) = expression.filter(|_| inside.starts_with('}') && open == 0) {
            found.push(Lookalike { range: part.start..part.start + 1, name: expression.trim().to_owned() });
        }
        for (at, _) in inside.match_indices("}}") {
            let line = inside.get(..at).unwrap_or_default();
            let start = line.rfind('\n').map_or(0, |found| found + 1);
            if let Some((word, name)) = opened_nowhere(&line[start..], &known) {
                found.push(Lookalike { range: part.start + start + word..part.start + at + 2, name: name.to_owned() });
            }
        }
        for c in inside.chars() {
            match c {
                '{' => open += 1,
                '}' => open = open.saturating_sub(1),
                _ => {}
            }
        }
        before = Some(part.end);
    }
    found
}

/// The last known name of a line to whose end it reaches, by itself or with a filter or a part behind it, and where it stands. One
/// that a brace opens is told as braces of another kind.
fn opened_nowhere<'a>(line: &str, known: &impl Fn(&str) -> Option<&'a str>) -> Option<(usize, &'a str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut ends = line.len();
    loop {
        let head = line.get(..ends)?;
        let end = head.rfind(is_word).and_then(|at| Some(at + head.get(at..)?.chars().next()?.len_utf8()))?;
        let start = head[..end]
            .rfind(|c| !is_word(c))
            .map_or(0, |at| at + head.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let rest = line.get(end..)?.trim_start();
        if line.get(start..)?.chars().count() > REST_CHARS_MAX {
            return None;
        }
        if let Some(name) = known(&head[start..end])
            && (rest.is_empty() || rest.starts_with(['|', '.']))
        {
            return (!head[..start].trim_end().ends_with(['{', '｛'])).then_some((start, name));
        }
        ends = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(&str, String)> {
        let known = |word: &str| ["date", "매장"].into_iter().find(|name| *name == word);
        halves(text, known).into_iter().map(|one| (&text[one.range], one.name)).collect()
    }

    #[test]
    fn braces_that_nothing_opens_are_found_at_a_known_name() {
        for (text, part, name) in [
            ("date }}", "date }}", "date"),
            ("오늘은 date}} 입니다", "date}}", "date"),
            ("(date}}", "date}}", "date"),
            ("우리 매장}}에서", "매장}}", "매장"),
            ("date.month }}월", "date.month }}", "date"),
            ("date | format(\"%m\") }}", "date | format(\"%m\") }}", "date"),
            ("첫 줄\ndate }}", "date }}", "date"),
            ("{{ 매장 }} date }}", "date }}", "date"),
            ("{{date}}}", "}", "date"),
            ("오늘 {{ date | format(\"%m\") }}} 입니다", "}", "date | format(\"%m\")"),
        ] {
            assert_eq!(told(text), [(part, name.to_owned())], "{text}");
        }
    }

    #[test]
    fn braces_of_the_writers_own_are_left_alone() {
        for text in [
            "}}",
            "안녕 }} 하세요",
            "shop }}",
            "update}}",
            "{오늘은 {{date}}}",
            "{\"a\": {\"b\": {{date}}}}",
            "{{ date }} }",
            "{date}}",
            "{{ '}}' }}",
            "date\n}}",
            "매장 안내 }}",
        ] {
            assert_eq!(told(text), [], "{text}");
        }
    }
}
