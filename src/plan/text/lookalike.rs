//! What looks like a template and is none: the statements and comments of other template languages, and their braces around a name that
//! is set here. Found in the text as it was written; what stands between `{{` and `}}` is looked at only when it cannot be read.

mod found;
mod half;
mod statement;

use self::found::{Lookalike, REST_CHARS_MAX};
pub(crate) use self::statement::{statement, statement_in_braces};
use super::scan::outside;
use super::trouble::{TemplateError, always, trouble};

/// Braces of other programs, the longest first: what opens and what closes.
const BRACES: [(&str, &str); 27] = [
    ("｛｛", "｝｝"),
    ("{ {", "} }"),
    ("{ {", "}}"),
    ("{{", "}}"),
    ("<%=", "%>"),
    ("<?=", "?>"),
    ("${", "}"),
    ("#{", "}"),
    ("%{", "}"),
    ("@{", "}"),
    ("$(", ")"),
    ("%(", ")s"),
    ("<%", "%>"),
    ("[[", "]]"),
    ("[%", "%]"),
    ("[*", "*]"),
    ("((", "))"),
    ("<<", ">>"),
    ("*|", "|*"),
    ("@@", "@@"),
    ("__", "__"),
    ("｛", "｝"),
    ("«", "»"),
    ("{", "}}"),
    ("{", "}"),
    ("<", ">"),
    ("%", "%"),
];

/// Most places of one text that are told.
const TOLD_MAX: usize = 5;

/// `{{{ name }}}`: one pair of braces too many.
pub(crate) fn three_braces(text: &str) -> Option<TemplateError> {
    let start = text.find("{{{")?;
    let inside = text.get(start + 3..)?;
    let end = inside.find("}}")?;
    let name = inside.get(..end)?.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| {
        let message = "three braces are one too many".to_owned();
        always(trouble(start..start + 3, message, format!("write `{{{{ {name} }}}}`")))
    })
}

/// Names that are set and stand between braces of another kind. Where the name is not known the braces are the writer's own.
pub(crate) fn lookalikes<'a>(text: &str, known: impl Fn(&str) -> Option<&'a str>) -> Vec<Lookalike> {
    let mut found: Vec<Lookalike> = Vec::new();
    let signs = ['{', '<', '[', '(', '%', '$', '#', '@', '*', '_', '«', '｛'];
    if !text.contains(signs) && !text.contains('}') {
        return found;
    }
    for part in outside(text) {
        let mut from = part.start;
        while let Some(at) = text.get(from..part.end).and_then(|rest| rest.find(signs)).map(|at| from + at) {
            let rest = text.get(at..part.end).unwrap_or_default();
            match between(rest, &known) {
                Some((length, name)) => {
                    found.push(Lookalike { range: at..at + length, name: name.to_owned() });
                    from = at + length;
                }
                None => from = at + rest.chars().next().map_or(1, char::len_utf8),
            }
        }
    }
    found.extend(half::halves(text, known));
    found.sort_by_key(|one| one.range.start);
    found.truncate(TOLD_MAX);
    found
}

/// The length of a known name with braces around it at the beginning of a text, and the name as it is set.
fn between<'a>(text: &str, known: &impl Fn(&str) -> Option<&'a str>) -> Option<(usize, &'a str)> {
    BRACES
        .iter()
        .find_map(|(open, close)| {
            let inside = text.strip_prefix(open)?;
            // The same sign on either side stands close to the name: `100% 매장 50%` is none.
            let close_by = open == close || *open == "<";
            let trimmed = if close_by { inside } else { inside.trim_start_matches(' ') };
            let length = match *close {
                // The signs that close are letters of a name too.
                "__" => trimmed.find(close)?,
                _ => trimmed.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(trimmed.len()),
            };
            let word = trimmed.get(..length)?;
            let name = known(word)?;
            let after = trimmed.get(word.len()..)?;
            let behind = text.len() - after.len();
            let bare = if close_by { after } else { after.trim_start_matches(' ') };
            if bare.starts_with(close) {
                return Some((behind + after.len() - bare.len() + close.len(), name));
            }
            // `{date | format(…)}` and `{date:%Y}` are meant to be filled in as well.
            let has_filter = open.ends_with('{') && bare.starts_with(['|', '.', ':']);
            let line = bare.split('\n').next().unwrap_or_default();
            let end = line.find(close).filter(|end| has_filter && line[..*end].chars().count() <= REST_CHARS_MAX)?;
            Some((behind + after.len() - bare.len() + end + close.len(), name))
        })
        .or_else(|| shell(text, known))
}

/// `$name`, as shells and PHP have it.
fn shell<'a>(text: &str, known: &impl Fn(&str) -> Option<&'a str>) -> Option<(usize, &'a str)> {
    let inside = text.strip_prefix('$')?;
    let length = inside.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let name = known(inside.get(..length)?)?;
    let closed = inside.get(length..).is_some_and(|rest| rest.starts_with('$'));
    Some((1 + length + usize::from(closed), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["매장", "price", "date", "weekday"];

    fn known(word: &str) -> Option<&'static str> {
        KNOWN.iter().find(|name| **name == word.to_lowercase()).copied()
    }

    #[test]
    fn other_braces_around_a_known_name_are_found() {
        for text in [
            "{매장}",
            "{ 매장 }",
            "${매장}",
            "#{매장}",
            "%{매장}",
            "%매장%",
            "[[매장]]",
            "<매장>",
            "<<매장>>",
            "｛매장｝",
            "｛｛매장｝｝",
            "((매장))",
            "<%= 매장 %>",
            "<% 매장 %>",
            "[% 매장 %]",
            "[*매장*]",
            "*|매장|*",
            "__매장__",
            "@@매장@@",
            "«매장»",
            "%(매장)s",
            "$(매장)",
            "$매장$",
            "{Price}",
            "{date|format}",
            "{date:%Y}",
            "{date.day}",
            "<?= 매장 ?>",
            "@{매장}",
            "{ {매장} }",
            "{ { 매장 } }",
            "{ {매장}}",
            "{매장}}",
            "{date | format(\"%m\")}}",
        ] {
            let whole = format!("우리 {text}에서 {{{{ weekday }}}}");
            let found = lookalikes(&whole, known);
            let [one] = found.as_slice() else { panic!("{text}: {found:?}") };
            assert_eq!(whole.get(one.range.clone()), Some(text));
        }
    }

    #[test]
    fn ordinary_braces_are_the_writers_own() {
        for text in [
            "{이름}",
            "[매장]",
            "[공지] 매장 안내",
            "(매장)",
            "매장 50% 할인",
            "100% 매장%",
            "<공지>",
            "《매장》",
            "「매장」",
            "{a}",
            "$5",
            "$5,000",
            "#매장",
            "#매장 #price",
            "@매장",
            "{{ 매장 }}",
            "{{ '{매장}' }}",
            "가격{원}",
            "{매장 안내}",
            "<매장 안내>",
            "1 < price > 2",
            "__init__",
            "매장_price",
            "$pricey",
        ] {
            assert_eq!(lookalikes(text, known), [], "{text}");
        }
    }

    #[test]
    fn one_pair_of_braces_too_many_is_told() {
        assert!(three_braces("{{{매장}}}").is_some() && three_braces("{{ {'a': 1} }}").is_none());
    }
}
