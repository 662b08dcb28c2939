//! What looks like a template and is none: the statements and comments of other template languages, and their braces around a name that
//! is set here. Found in the text as it was written; what stands between `{{` and `}}` is not looked at.

use std::ops::Range;

use super::braces::outside;
use super::template::{TemplateError, trouble};

/// The words that begin a statement elsewhere.
const STATEMENTS: [&str; 26] = [
    "if",
    "elif",
    "elsif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "block",
    "endblock",
    "include",
    "extends",
    "import",
    "from",
    "macro",
    "endmacro",
    "raw",
    "endraw",
    "with",
    "endwith",
    "unless",
    "endunless",
    "case",
    "when",
    "assign",
];

/// Braces of other programs, the longest first: what opens and what closes.
const BRACES: [(&str, &str); 24] = [
    ("｛｛", "｝｝"),
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
    ("{", "}"),
    ("<", ">"),
    ("%", "%"),
];

/// Longest part behind a name, such as a filter, before its brace is closed.
const REST_CHARS_MAX: usize = 60;
/// Most places of one text that are told.
const TOLD_MAX: usize = 5;

/// A name between braces that are not filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lookalike {
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    /// The name as it is set.
    pub(super) name: String,
}

/// The first statement or comment of a text.
pub(super) fn statement(text: &str) -> Option<TemplateError> {
    if !text.contains("{%") && !text.contains("{#") {
        return None;
    }
    outside(text).find_map(|part| {
        let inside = text.get(part.clone())?;
        let at = |at: usize| part.start + at;
        let block = inside.match_indices("{%").find_map(|(start, _)| {
            let rest = inside.get(start + 2..)?;
            let word = rest.trim_start_matches(['-', '+', ' ']);
            let length = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
            let word = word.get(..length)?;
            let end = rest.find("%}").map(|end| start + 2 + end + 2);
            (end.is_some() || STATEMENTS.contains(&word)).then(|| (start, end.unwrap_or(start + 2), word.to_owned()))
        });
        let comment = inside.find("{#").and_then(|start| {
            let end = inside.get(start..)?.find("#}")? + start + 2;
            Some((start, end))
        });
        match (block, comment) {
            (Some((start, end, word)), _) => Some(no_statement(text, at(start)..at(end), &word)),
            (None, Some((start, end))) => Some(always(trouble(
                at(start)..at(end),
                "`{# … #}` is no comment here: it would be posted as it stands".to_owned(),
                "a remark for yourselves begins with `#`, on a line of its own outside of the text; for the signs themselves write `{{ \"{#\" }}`".to_owned(),
            ))),
            (None, None) => None,
        }
    })
}

fn no_statement(text: &str, range: Range<usize>, word: &str) -> TemplateError {
    let shown = text.get(range.clone()).filter(|shown| !shown.contains('\n')).unwrap_or("{%");
    let shown: String = shown.chars().take(REST_CHARS_MAX).collect();
    let message = format!("`{shown}` is posted as it stands: there are no statements, only `{{{{ … }}}}`");
    let help = match word {
        "if" | "elif" | "elsif" | "else" | "endif" | "unless" | "endunless" | "case" | "when" => {
            let choice = choice(text.get(range.start..).unwrap_or_default());
            let choice = choice.unwrap_or_else(|| "{{ \"휴무\" if weekday == \"월요일\" else \"\" }}".to_owned());
            format!("write a choice as `{choice}`")
        }
        "for" | "endfor" => "nothing is repeated: write each line, or `contents` for texts that take turns".to_owned(),
        "set" | "endset" | "assign" | "with" | "endwith" => {
            "set the variable under `vars`, and write `{{ name }}` in the text".to_owned()
        }
        _ => "write the text itself; for the signs themselves write `{{ \"{%\" }}`".to_owned(),
    };
    always(trouble(range, message, help))
}

/// `{% if a %}b{% else %}c{% endif %}` as an expression, where it is as simple as that.
fn choice(text: &str) -> Option<String> {
    let (head, rest) = text.strip_prefix("{%")?.split_once("%}")?;
    let condition = head.trim_matches(['-', '+', ' ']).strip_prefix("if ")?.trim();
    let (yes, tag) = rest.split_once("{%")?;
    let (word, rest) = tag.split_once("%}")?;
    let no = match word.trim_matches(['-', '+', ' ']) {
        "endif" => "",
        "else" => rest.split_once("{%")?.0,
        _ => return None,
    };
    let plain = |text: &str| text.len() < 80 && !text.contains(['"', '{', '\n', '\\']);
    (plain(yes) && plain(no) && !condition.contains(['{', '\n']))
        .then(|| format!("{{{{ \"{yes}\" if {condition} else \"{no}\" }}}}"))
}

/// `{{{ name }}}`: one pair of braces too many.
pub(super) fn three_braces(text: &str) -> Option<TemplateError> {
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

fn always(error: TemplateError) -> TemplateError {
    TemplateError { always: true, ..error }
}

/// Names that are set and stand between braces of another kind. Where the name is not known the braces are the writer's own.
pub(super) fn lookalikes<'a>(text: &str, known: impl Fn(&str) -> Option<&'a str>) -> Vec<Lookalike> {
    let mut found: Vec<Lookalike> = Vec::new();
    let signs = ['{', '<', '[', '(', '%', '$', '#', '@', '*', '_', '«', '｛'];
    if !text.contains(signs) {
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
    fn statements_and_comments_are_told_with_what_to_write() {
        for (text, said) in [
            ("{% if weekday == \"월요일\" %}휴무{% endif %}", "`{{ \"휴무\" if weekday == \"월요일\" else \"\" }}`"),
            ("{%- if x -%}a{%- else -%}b{%- endif -%}", "`{{ \"a\" if x else \"b\" }}`"),
            ("a {% if x", "write a choice"),
            ("{% for x in y %}{{ x }}{% endfor %}", "nothing is repeated"),
            ("{% set x = 1 %}", "under `vars`"),
            ("{% include 'a' %}", "the text itself"),
            ("{% x %}", "the text itself"),
            ("{{ date }}{% endif %}", "write a choice"),
            ("{# 메모 #}", "begins with `#`"),
            ("글 {#메모#} 글", "begins with `#`"),
        ] {
            let error = statement(text).unwrap_or_else(|| panic!("{text}"));
            assert!(error.always && error.help.contains(said), "{text}: {error}");
        }
        for text in
            ["100%", "{100%}", "{#카페}", "{ % if % }", "{{ \"{% if x %}\" }}", "50{%", "#카페 {라떼}", "{%카페"]
        {
            assert_eq!(statement(text), None, "{text}");
        }
        assert!(three_braces("{{{매장}}}").is_some() && three_braces("{{ {'a': 1} }}").is_none());
    }
}
