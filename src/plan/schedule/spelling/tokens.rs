//! A spelt-out date in its parts: numbers, words and signs.

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpelledToken {
    /// The digits as they were written, and their value.
    Number(String, i32),
    /// Letters of one script, in lower case.
    Word(String),
    /// Anything else that can be seen.
    Sign(char),
}

/// Longest number that is looked at: a date and a time without signs between them.
const DIGITS_MAX: usize = 9;

/// The text with full-width signs, typographic dashes and odd blanks as those of a keyboard, and without quotes.
pub(crate) fn fold(text: &str) -> String {
    let folded = text.trim().chars().filter_map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => None,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '“' | '”' | '‘' | '’' | '"' | '\'' | '`' => None,
        '。' => Some('.'),
        c if c.is_whitespace() => Some(' '),
        c => Some(c),
    });
    let folded: String = folded.collect();
    folded.replace("a.m.", "am").replace("p.m.", "pm").replace("A.M.", "am").replace("P.M.", "pm")
}

/// The parts of a folded text; nothing when a number is too long to be one of a date.
pub(crate) fn tokens(text: &str) -> Option<Vec<SpelledToken>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let same = |kind: fn(char) -> bool| rest.find(|c: char| !kind(c)).unwrap_or(rest.len());
        let length = match c {
            ' ' => 1,
            c if c.is_ascii_digit() => same(|c| c.is_ascii_digit()),
            c if c.is_ascii_alphabetic() => same(|c| c.is_ascii_alphabetic()),
            c if c.is_alphabetic() => same(|c| c.is_alphabetic() && !c.is_ascii()),
            c => c.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        match c {
            ' ' => {}
            c if c.is_ascii_digit() => {
                if part.len() > DIGITS_MAX {
                    return None;
                }
                tokens.push(SpelledToken::Number(part.to_owned(), part.parse().ok()?));
            }
            c if c.is_alphabetic() => tokens.push(SpelledToken::Word(part.to_lowercase())),
            c => tokens.push(SpelledToken::Sign(c)),
        }
        rest = after;
    }
    Some(tokens)
}

/// The month that an English word names.
pub(crate) fn month(word: &str) -> Option<i32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS
        .iter()
        .position(|month| *month == word || word.len() >= 3 && word.len() <= 4 && month.starts_with(word))?;
    i32::try_from(at + 1).ok()
}

/// A day of the week says nothing that the date does not say.
pub(crate) fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    const KOREAN: [&str; 7] = ["월", "화", "수", "목", "금", "토", "일"];
    let english = word.len() >= 3 && DAYS.iter().any(|day| day.starts_with(word));
    english || KOREAN.contains(&word.trim_end_matches("요일"))
}
