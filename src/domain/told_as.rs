//! The regular ways in which a server shows texts otherwise than they were sent. Pure words; how texts are compared by them is the
//! engine's affair.
//!
//! Each keeps every letter of a text and their order, so that two texts that differ in nothing else are one text.

use serde::{Deserialize, Serialize};

/// One regular alteration, seen on published stories of an account. From the narrowest to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldAs {
    /// `<` as `&lt;` and the like.
    Entities,
    /// Zero-width characters and variation signs are put in or left out.
    Invisible,
    /// Blanks at the ends of lines are left out.
    LineEnds,
    /// Several blanks are one, or another kind of blank.
    Blanks,
    /// Empty lines are left out or put in.
    EmptyLines,
    /// Line breaks are blanks, or `<br>`.
    LineBreaks,
    /// Blanks and line breaks are left out.
    NoBlanks,
    /// Quotes and dashes are typographic, or plain.
    Quotes,
    /// Characters are of full width, or of half width.
    Width,
    /// All letters are small, or all are capitals.
    Case,
}

impl ToldAs {
    /// Every one of them, the narrowest first.
    pub const ALL: [Self; 10] = [
        Self::Entities,
        Self::Invisible,
        Self::LineEnds,
        Self::Blanks,
        Self::EmptyLines,
        Self::LineBreaks,
        Self::NoBlanks,
        Self::Quotes,
        Self::Width,
        Self::Case,
    ];

    /// The word of the database and of JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entities => "entities",
            Self::Invisible => "invisible",
            Self::LineEnds => "line_ends",
            Self::Blanks => "blanks",
            Self::EmptyLines => "empty_lines",
            Self::LineBreaks => "line_breaks",
            Self::NoBlanks => "no_blanks",
            Self::Quotes => "quotes",
            Self::Width => "width",
            Self::Case => "case",
        }
    }

    /// The alteration of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// What the server does, for a person: goes on after "Kakao shows its texts".
    pub fn words(self) -> &'static str {
        match self {
            Self::Entities => "with < > & and quotes written as in HTML (&lt;)",
            Self::Invisible => "with or without characters that nobody sees",
            Self::LineEnds => "without the blanks at the ends of lines",
            Self::Blanks => "with runs of blanks as one blank",
            Self::EmptyLines => "with other empty lines",
            Self::LineBreaks => "with blanks in the place of line breaks",
            Self::NoBlanks => "without blanks or line breaks",
            Self::Quotes => "with other quotes and dashes",
            Self::Width => "with characters of another width",
            Self::Case => "in small letters or capitals alone",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alteration_has_a_word_of_its_own() {
        for one in ToldAs::ALL {
            assert_eq!(ToldAs::parse(one.as_str()), Some(one));
            assert_eq!(serde_json::to_string(&one).expect("a word"), format!("{:?}", one.as_str()));
        }
        assert!(ToldAs::ALL.is_sorted());
    }
}
