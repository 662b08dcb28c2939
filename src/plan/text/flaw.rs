//! What makes a text impossible to post: nothing that can be seen, more than fits, characters that no text may hold. Pure.

use crate::domain::content::{TEXT_UNITS_MAX, composed, is_composed, text_units};
use crate::yaml::character::{CharacterClass, all_named, is_seen, named, sort};
use crate::yaml::problem::Code;

/// What makes a text impossible to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextIssue {
    pub(crate) code: Code,
    /// Begins with "the text".
    pub(crate) message: String,
    pub(crate) help: String,
}

/// LF line breaks, and no white space at the end: a block of YAML ends with a line break that nobody means to post. White space
/// in front stays.
pub(crate) fn normalised(text: &str) -> String {
    if !text.contains('\r') {
        return text.trim_end().to_owned();
    }
    text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}

/// What Kakao would not take of a normalised text, first of all.
pub(crate) fn flaw(text: &str) -> Option<TextIssue> {
    flaws(text).into_iter().next()
}

/// Everything that Kakao would not take of a normalised text.
pub(crate) fn flaws(text: &str) -> Vec<TextIssue> {
    if !text.chars().any(is_seen) {
        let help = "write what the story says; a photo and a link may also leave `content` out".to_owned();
        let unseen: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        let message = match unseen.is_empty() {
            true => "the text is empty".to_owned(),
            false => format!("the text holds nothing that can be seen, but {}", all_named(unseen)),
        };
        return vec![TextIssue { code: Code::EmptyText, message, help }];
    }
    let mut found = Vec::new();
    // A text never has more characters than bytes.
    let units = if text.len() <= TEXT_UNITS_MAX { 0 } else { text_units(text) };
    if units > TEXT_UNITS_MAX {
        found.push(too_long(text, units));
    }
    if let Some(odd) = text.chars().find(|c| is_refused(*c)) {
        let lost = sort(odd) == CharacterClass::Lost;
        let (message, help) = match lost {
            true => (
                format!("the text holds {}: letters were lost when it was saved in another encoding", named(odd)),
                "type it anew from the source, where the letters still are",
            ),
            false => (
                format!("the text holds the control character {}", named(odd)),
                "remove it: nobody can see it, and Kakao may refuse it",
            ),
        };
        found.push(TextIssue { code: Code::ControlCharacter, message, help: help.to_owned() });
    }
    found
}

/// What no text may hold.
pub(crate) fn is_refused(c: char) -> bool {
    // The quick answers for nearly every character of nearly every text.
    !matches!(c, ' '..='~' | '가'..='힣')
        && (sort(c) == CharacterClass::Lost || (c.is_control() && !matches!(c, '\n' | '\t')))
}

fn too_long(text: &str, units: usize) -> TextIssue {
    let message = format!("the text has {units} characters as Kakao counts; at most {TEXT_UNITS_MAX} fit");
    let whole = if is_composed(text) { units } else { text_units(&composed(text)) };
    let (message, help) = match whole {
        whole if whole == units => {
            (message, format!("shorten it by {}; most emoji count as two", units - TEXT_UNITS_MAX))
        }
        whole if whole <= TEXT_UNITS_MAX => (
            format!("{message}: its letters are decomposed, as on a Mac, and composed they are {whole}"),
            "convert the text to NFC, so that each syllable is one letter; then it fits".to_owned(),
        ),
        whole => (
            format!("{message}; some of its letters are decomposed, as on a Mac"),
            format!("convert it to NFC, which leaves {whole}, and shorten it by {}", whole - TEXT_UNITS_MAX),
        ),
    };
    TextIssue { code: Code::TextTooLong, message, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_lf_and_the_end_is_trimmed() {
        assert_eq!(normalised("  a\r\n\r\nb \t\r\n\n"), "  a\n\nb");
        assert_eq!(normalised("\n"), "");
    }
}
