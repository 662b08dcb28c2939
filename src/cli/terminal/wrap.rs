//! Sentences for a terminal: broken at blanks to its columns, while what stands between backticks stays whole. The steps that a person
//! may take are told apart from them: each command on a line of its own, without backticks, which a shell would take for its own.

use super::width::width;

/// What precedes a command.
const ARROW: &str = "  → ";

/// The text in lines of so many columns, the first after `first`, the others after as many blanks as `rest`. A word, or what stands between
/// backticks, that is wider than that has a line of its own, unbroken.
pub(crate) fn wrapped(text: &str, first: &str, rest: usize, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut is_begun = false;
    for word in words(text) {
        if is_begun && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::replace(&mut line, " ".repeat(rest)));
            is_begun = false;
        }
        if is_begun {
            line.push(' ');
        }
        line.push_str(word);
        is_begun = true;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// What to do, as sentences with commands of ours between backticks: each command behind an arrow, what is said of it beneath.
pub(crate) fn steps(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, part) in text.split('`').enumerate() {
        // The odd ones stand between backticks.
        if index % 2 == 1 {
            lines.push(command(part));
        } else if !part.trim().is_empty() {
            let said = part.trim_matches([',', ';', '.', ' ']);
            lines.extend(wrapped(said, "    ", 4, columns));
        }
    }
    lines
}

/// A command to type, as it is.
pub(crate) fn command(command: &str) -> String {
    format!("{ARROW}{command}")
}

/// Advice that is no command.
pub(crate) fn advice(text: &str, columns: usize) -> Vec<String> {
    wrapped(text, ARROW, 4, columns)
}

/// The words of a text, what stands between backticks being part of one.
fn words(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let paired = text.matches('`').count().is_multiple_of(2);
    let is_gap = |character: char| {
        is_inside ^= paired && character == '`';
        character.is_whitespace() && !is_inside
    };
    text.split(is_gap).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_at_blanks_and_what_is_quoted_is_not() {
        let text = "겨울 신메뉴가 나왔어요: see `storyd admin show 12` about it";
        assert_eq!(
            wrapped(text, "- ", 2, 24),
            ["- 겨울 신메뉴가", "  나왔어요: see", "  `storyd admin show 12`", "  about it"]
        );
        assert_eq!(wrapped(text, "", 0, 200), [text]);
        assert_eq!(wrapped("a backtick ` alone", "", 0, 10), ["a backtick", "` alone"]);
        assert_eq!(wrapped("averylongword and", "  ", 2, 8), ["  averylongword", "  and"]);
        assert_eq!(wrapped("", "  ", 2, 8), [""]);
    }

    #[test]
    fn each_command_has_a_line_of_its_own_however_long_it_is() {
        let text = "look at its page, then `storyd admin resolve 4 --story ID --config /etc/storyd.yaml` or `storyd admin resolve 4 --absent`";
        assert_eq!(
            steps(text, 30),
            [
                "    look at its page, then",
                "  → storyd admin resolve 4 --story ID --config /etc/storyd.yaml",
                "    or",
                "  → storyd admin resolve 4 --absent"
            ]
        );
        assert_eq!(steps("nothing yet", 30), ["    nothing yet"]);
        assert_eq!(
            steps("`a b` does this, `c d`; that is all", 30),
            ["  → a b", "    does this", "  → c d", "    that is all"]
        );
    }
}
