//! Which characters of a text stand where they mean nothing: what joins, where nothing is joined; what turns the writing, where all of it
//! runs one way; letters of another alphabet inside a Latin word. Emoji, the scripts that need joiners, and every visible blank and
//! dash are ordinary.

use std::sync::Arc;

use super::place::{beside, label, spot};
use crate::yaml::character::{CharacterClass, all_named, is_seen, like_letter, sort};
use crate::yaml::document::Node;
use crate::yaml::problem::{Code, Problem, Source};

/// Longest text that a message quotes whole, in characters.
const QUOTED_MAX: usize = 60;

/// The characters that mean nothing where they stand, in their order. Lost ones, controls and line breaks are for others to tell.
pub(crate) fn stray(text: &str) -> Vec<(usize, char)> {
    if text.chars().all(|c| sort(c) == CharacterClass::Plain && !needs_a_look(c)) {
        return Vec::new();
    }
    let all: Vec<(usize, char)> = text.char_indices().collect();
    let context = Context {
        all: &all,
        right_to_left: text.chars().any(is_right_to_left),
        unspaced: text.chars().any(is_unspaced),
    };
    let mut found: Vec<(usize, char)> =
        (0..all.len()).filter(|index| context.is_stray(*index)).map(|index| all[index]).collect();
    found.extend(mixed_letters(text));
    found.sort_unstable();
    found
}

/// The warning about a text that holds some.
pub(crate) fn warning(source: &Arc<Source>, node: &Node, text: &str) -> Option<Problem> {
    if !text.chars().any(is_seen) {
        // Nothing but them: that is an empty text, and told as one.
        return None;
    }
    let odd = stray(text);
    let (at, first) = *odd.first()?;
    let letters = like_letter(first).is_some();
    let names = all_named(odd.iter().map(|(_, c)| *c));
    let place = beside(text, at, first, source.is_confidential());
    let what = if odd.len() > 1 { format!(", {} in all", odd.len()) } else { String::new() };
    let message = format!("the text holds {names}{place}{what}");
    let problem = Problem::new(Code::StrayCharacter, source, spot(source, &node.span, text, at, first), message);
    let problem = problem.label(label(first));
    let clean: String = match letters {
        true => text
            .char_indices()
            .map(|(at, c)| if odd.contains(&(at, c)) { like_letter(c).unwrap_or(c) } else { c })
            .collect(),
        false => text.char_indices().filter(|one| !odd.contains(one)).map(|(_, c)| c).collect(),
    };
    let clean = clean.trim();
    let short = !clean.contains('\n') && clean.chars().count() <= QUOTED_MAX && !source.is_confidential();
    let problem = match short {
        true => problem.help(format!("write `{clean}`")),
        false => problem.help("delete it, and type what stands beside it anew"),
    };
    Some(problem.help(match letters {
        true => "it is posted as it stands, and no search for the word finds it",
        false => "it is posted as it stands; it comes along when text is copied from other programs",
    }))
}

struct Context<'a> {
    all: &'a [(usize, char)],
    /// Whether anything is written from right to left.
    right_to_left: bool,
    /// Whether it is written in a script that parts its words by nothing.
    unspaced: bool,
}

impl Context<'_> {
    fn char(&self, index: Option<usize>) -> Option<char> {
        self.all.get(index?).map(|(_, c)| *c)
    }

    fn is_stray(&self, index: usize) -> bool {
        let Some(&(_, c)) = self.all.get(index) else { return false };
        let before = self.char(index.checked_sub(1));
        let behind = self.char(Some(index + 1));
        match c {
            '\u{200d}' => !(joins(before) && joins(behind)),
            '\u{200c}' => !(is_joining_letter(before) || is_joining_letter(behind)),
            '\u{fe0e}' | '\u{fe0f}' => !takes_a_selector(before),
            '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => !takes_a_variant(before),
            '\u{200b}' | '\u{2060}' => !self.unspaced,
            '\u{202d}' | '\u{202e}' => true,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => {
                !self.right_to_left
            }
            // The filler that Korean posts use for a line that looks empty, or to move one in.
            '\u{3164}' => self.is_between_letters(index),
            '\u{115f}' => !behind.is_some_and(|c| ('\u{1160}'..='\u{11ff}').contains(&c)),
            '\u{1160}' => !before.is_some_and(|c| ('\u{1100}'..='\u{115f}').contains(&c)),
            '\u{180b}'..='\u{180f}' => !is_in(before, 0x1800..=0x18af),
            '\u{17b4}' | '\u{17b5}' => !is_in(before, 0x1780..=0x17ff),
            '\u{e0020}'..='\u{e007f}' => !self.is_in_a_flag(index),
            '\u{fffc}' => true,
            c => matches!(sort(c), CharacterClass::Invisible | CharacterClass::Private),
        }
    }

    fn is_between_letters(&self, index: usize) -> bool {
        let seen_on = |c: Option<char>| c.is_some_and(|c| is_seen(c) && c != '\u{3164}');
        let mut before = (0..index).rev().map(|at| self.char(Some(at))).skip_while(|c| *c == Some('\u{3164}'));
        let mut behind =
            (index + 1..self.all.len()).map(|at| self.char(Some(at))).skip_while(|c| *c == Some('\u{3164}'));
        seen_on(before.next().flatten()) && seen_on(behind.next().flatten())
    }

    /// The flags of England, Scotland and Wales: a black flag, its letters as tags, and an end.
    fn is_in_a_flag(&self, index: usize) -> bool {
        let is_tag = |c: Option<char>| c.is_some_and(|c| ('\u{e0020}'..='\u{e007f}').contains(&c));
        let start = (0..index).rev().find(|at| !is_tag(self.char(Some(*at))));
        let end = (index..self.all.len()).take_while(|at| is_tag(self.char(Some(*at)))).last();
        self.char(start) == Some('\u{1f3f4}') && self.char(end) == Some('\u{e007f}')
    }
}

/// Whether a character can be stray though it is plain, so that the text must be looked at.
fn needs_a_look(c: char) -> bool {
    c == '\u{fffc}' || matches!(u32::from(c), 0x370..=0x58f | 0x131 | 0x250..=0x2af)
}

fn is_in(c: Option<char>, range: std::ops::RangeInclusive<u32>) -> bool {
    c.is_some_and(|c| range.contains(&u32::from(c)))
}

/// Pictures that are joined to one.
fn is_pictorial(c: Option<char>) -> bool {
    is_in(c, 0x1f000..=0x1faff)
        || is_in(c, 0x2190..=0x2bff)
        || is_in(c, 0x1fb00..=0x1fbff)
        || c.is_some_and(|c| "©®‼⁉™ℹ〰〽㊗㊙".contains(c))
}

/// Letters whose shapes depend on their neighbours: Arabic, the scripts of India, Mongolian and their like.
fn is_joining_letter(c: Option<char>) -> bool {
    is_in(c, 0x600..=0x10ff) || is_in(c, 0x1200..=0x1cff) || is_in(c, 0xa800..=0xabff) || is_in(c, 0x11000..=0x11fff)
}

fn joins(c: Option<char>) -> bool {
    is_pictorial(c) || is_joining_letter(c) || matches!(c, Some('\u{fe0f}' | '\u{e007f}' | '\u{20e3}'))
}

/// What may be shown as a picture or as a sign.
fn takes_a_selector(c: Option<char>) -> bool {
    is_pictorial(c)
        || takes_a_variant(c)
        || c.is_some_and(|c| matches!(c, '0'..='9' | '#' | '*' | '\u{20e3}' | '\u{e007f}'))
        || c.is_some_and(|c| !c.is_ascii() && !c.is_alphanumeric() && is_seen(c))
}

fn takes_a_variant(c: Option<char>) -> bool {
    is_in(c, 0x2e80..=0x312f)
        || is_in(c, 0x3400..=0x9fff)
        || is_in(c, 0xf900..=0xfaff)
        || is_in(c, 0x20000..=0x3ffff)
        || is_in(c, 0x2200..=0x22ff)
        || is_in(c, 0xff01..=0xff60)
        || is_joining_letter(c)
}

fn is_right_to_left(c: char) -> bool {
    matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdcf | 0xfdf0..=0xfdff | 0xfe70..=0xfefc | 0x10800..=0x10fff | 0x1e800..=0x1efff)
        && c != '\u{61c}'
}

fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0xe00..=0xfff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x1980..=0x19ff | 0xa9e0..=0xa9ff | 0xaa60..=0xaa7f)
}

/// Letters of another alphabet that stand for the Latin ones they look like: in a word that is Latin for the rest.
fn mixed_letters(text: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in text.split(|c: char| !c.is_alphabetic()) {
        let begin = start + text[start..].find(word).unwrap_or(0);
        start = begin + word.len();
        let latin = word.chars().filter(char::is_ascii_alphabetic).count();
        let others: Vec<(usize, char)> = word.char_indices().filter(|(_, c)| !c.is_ascii()).collect();
        if latin > 1 && !others.is_empty() && others.iter().all(|(_, c)| like_letter(*c).is_some() && is_foreign(*c)) {
            found.extend(others.into_iter().map(|(at, c)| (begin + at, c)));
        }
    }
    found
}

/// Cyrillic, Greek and Armenian: the look-alikes within Latin itself are letters of other languages.
fn is_foreign(c: char) -> bool {
    matches!(u32::from(c), 0x370..=0x58f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_where_it_stands_is_stray() {
        for (text, count) in [
            ("앞\u{feff}뒤", 1),
            ("라\u{200b}떼", 1),
            ("#카페\u{200b}", 1),
            ("라떼\u{200d}", 1),
            ("a\u{200d}b", 1),
            ("☕\u{200d} 라떼", 1),
            ("커피\u{200c}숍", 1),
            ("라떼\u{fe0f}", 1),
            ("\u{fe0f}라떼", 1),
            ("가\u{fe00}", 1),
            ("do\u{ad}nut", 1),
            ("라떼\u{2060}", 1),
            ("\u{200e}안녕", 1),
            ("\u{202e}abc\u{202c}", 2),
            ("\u{2066}안녕\u{2069}", 2),
            ("שלום \u{202e}abc\u{202c}", 1),
            ("안녕\u{3164}하세요", 1),
            ("안녕\u{ffa0}", 1),
            ("\u{115f}안녕", 1),
            ("안녕\u{1160}", 1),
            ("안녕\u{180e}", 1),
            ("안녕\u{e0041}", 1),
            ("🏴\u{e0067}\u{e0062}", 2),
            ("사과 \u{f8ff}", 1),
            ("그림 \u{fffc}", 1),
            ("\u{34f}안녕", 1),
            ("cаfe latte", 1),
            ("Αmericano", 1),
        ] {
            assert_eq!(stray(text).len(), count, "{text:?}");
        }
    }

    #[test]
    fn what_belongs_where_it_stands_is_not() {
        for text in [
            "👨\u{200d}👩\u{200d}👧\u{200d}👦 가족",
            "❤\u{fe0f} ☕\u{fe0f} ✈\u{fe0f}",
            "❤\u{fe0f}\u{200d}🔥",
            "👩🏽\u{200d}🍳",
            "🏳\u{fe0f}\u{200d}🌈",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "1\u{fe0f}\u{20e3} 2\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3}",
            "🇰🇷 ☎\u{fe0e}",
            "↔\u{fe0f} ▶\u{fe0f} ©\u{fe0f} ㊗\u{fe0f}",
            "한\u{3000}글 no\u{a0}break \u{2009}thin\u{202f}",
            "“따옴표” ‘하나’ – — … · •",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "שלום\u{200f} 123",
            "สวัสดี\u{200b}ครับ",
            "葛\u{e0100}城",
            "첫 줄\n\u{3164}\n둘째 줄",
            "\u{3164}\u{3164}들여 쓴 줄",
            "\u{1112}\u{1161}\u{11ab}",
            "10kΩ 5μm β-카로틴 Δt αβγ",
            "привет Яндекс Ελλάδα",
            "(о´∀`о) Σ(゜Д゜) (´･ω･`)",
            "\u{2800}",
            "𝓗𝓪𝓹𝓹𝔂 ⓑⓔⓢⓣ ＳＡＬＥ",
        ] {
            assert_eq!(stray(text), [], "{text:?}");
        }
    }
}
