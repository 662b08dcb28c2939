//! Statements and comments of other template languages, which mean nothing here: told with what to write instead.

use std::ops::Range;

use super::found::REST_CHARS_MAX;
use crate::plan::text::scan::{OPENING, expressions, outside};
use crate::plan::text::trouble::{TemplateError, always, trouble};

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

/// The first statement or comment of a text.
pub(crate) fn statement(text: &str) -> Option<TemplateError> {
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
    let message = format!(
        "`{}` is posted as it stands: there are no statements, only `{{{{ … }}}}`",
        shown(text, &range, BLOCK.0)
    );
    let help = instead_of(word, choice(text.get(range.start..).unwrap_or_default(), BLOCK));
    always(trouble(range, message, help))
}

/// What opens and closes a statement elsewhere, and what it is mixed up with.
const BLOCK: (&str, &str) = ("{%", "%}");
const PAIR: (&str, &str) = (OPENING, "}}");
/// What stands before the word of a statement, in one language or another.
const SIGNS: [char; 10] = ['#', '/', '^', '>', '!', '%', '&', '=', '@', '*'];
/// Words of statements that other languages write between `{{` and `}}`, and what they are called elsewhere.
const OF_PAIRS: [(&str, &str); 5] =
    [("end", "endif"), ("each", "for"), ("range", "for"), ("define", "block"), ("template", "include")];

/// The first statement between `{{` and `}}` of a text that the engine cannot read.
pub(crate) fn statement_in_braces(text: &str) -> Option<TemplateError> {
    expressions(text).find_map(|inside| {
        let said = text.get(inside.clone())?.trim_start_matches(['-', '+', ' ']);
        let bare = said.trim_start_matches(SIGNS).trim_start();
        let length = bare.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(bare.len());
        let (word, rest) = bare.split_at(length);
        let word = OF_PAIRS.iter().find(|(theirs, _)| *theirs == word).map_or(word, |(_, ours)| ours);
        if !said.starts_with(SIGNS) && (!STATEMENTS.contains(&word) || rest.starts_with(['.', '|', '_'])) {
            return None;
        }
        let start = inside.start - OPENING.len();
        let range = start..(inside.end + PAIR.1.len()).min(text.len());
        let message = format!(
            "`{}` is no variable: names and choices stand between `{{{{` and `}}}}`, and no statements",
            shown(text, &range, OPENING)
        );
        let help = instead_of(word, choice(text.get(start..)?, PAIR));
        Some(always(trouble(range, message, help)))
    })
}

/// The part of a text on one line; else the sign that it begins with.
fn shown<'t>(text: &'t str, range: &Range<usize>, sign: &'t str) -> String {
    let shown = text.get(range.clone()).filter(|shown| !shown.contains('\n')).unwrap_or(sign);
    shown.chars().take(REST_CHARS_MAX).collect()
}

/// What to write instead of the statement of a word.
fn instead_of(word: &str, choice: Option<String>) -> String {
    match word {
        "if" | "elif" | "elsif" | "else" | "endif" | "unless" | "endunless" | "case" | "when" => {
            let choice = choice.unwrap_or_else(|| "{{ \"휴무\" if weekday == \"월요일\" else \"\" }}".to_owned());
            format!("write a choice as `{choice}`")
        }
        "for" | "endfor" => "nothing is repeated: write each line, or `contents` for texts that take turns".to_owned(),
        "set" | "endset" | "assign" | "with" | "endwith" => {
            "set the variable under `vars`, and write `{{ name }}` in the text".to_owned()
        }
        _ => "write the text itself; for the signs themselves write `{{ \"{%\" }}`".to_owned(),
    }
}

/// `{% if a %}b{% else %}c{% endif %}` as an expression, where it is as simple as that.
fn choice(text: &str, (open, close): (&str, &str)) -> Option<String> {
    const AROUND: [char; 5] = ['-', '+', ' ', '#', '%'];
    let (head, rest) = text.strip_prefix(open)?.split_once(close)?;
    let condition = head.trim_matches(AROUND).strip_prefix("if ")?.trim();
    let (yes, tag) = rest.split_once(open)?;
    let (word, rest) = tag.split_once(close)?;
    let no = match word.trim_matches(AROUND) {
        "endif" | "end" | "/if" => "",
        "else" => rest.split_once(open)?.0,
        _ => return None,
    };
    let plain = |text: &str| text.len() < 80 && !text.contains(['"', '{', '\n', '\\']);
    (plain(yes) && plain(no) && !condition.contains(['{', '\n']))
        .then(|| format!("{{{{ \"{yes}\" if {condition} else \"{no}\" }}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for (text, said) in [
            ("{{ if weekday == \"월요일\" }}휴무{{ endif }}", "`{{ \"휴무\" if weekday == \"월요일\" else \"\" }}`"),
            ("{{#if x}}a{{else}}b{{/if}}", "`{{ \"a\" if x else \"b\" }}`"),
            ("{{- if x -}}a{{- end -}}", "`{{ \"a\" if x else \"\" }}`"),
            ("{{% if x %}}a{{% endif %}}", "`{{ \"a\" if x else \"\" }}`"),
            ("{{ date }} {{ if x }}", "write a choice"),
            ("{{ for x in y }}{{ x }}{{ end }}", "nothing is repeated"),
            ("{{#each y}}", "nothing is repeated"),
            ("{{ range y }}", "nothing is repeated"),
            ("{{ set x = 1 }}", "under `vars`"),
            ("{{> part}}", "the text itself"),
            ("{{!-- 메모 --}}", "the text itself"),
        ] {
            let error = statement_in_braces(text).unwrap_or_else(|| panic!("{text}"));
            assert!(error.always && error.help.contains(said), "{text}: {error}");
        }
        for text in ["{{ date", "{{ date 입니다 }}", "{{ }}", "{{ format.x y }}", "{{ -1 }}"] {
            assert_eq!(statement_in_braces(text), None, "{text}");
        }
        for text in
            ["100%", "{100%}", "{#카페}", "{ % if % }", "{{ \"{% if x %}\" }}", "50{%", "#카페 {라떼}", "{%카페"]
        {
            assert_eq!(statement(text), None, "{text}");
        }
    }
}
