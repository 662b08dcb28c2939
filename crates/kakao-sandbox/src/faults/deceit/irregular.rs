//! Alterations of texts that follow no rule which one story could teach about another. Each is the same at every look.

use super::regular;
use super::text_names::TextLie;
use crate::state::numbers::mix;

/// What comes of `text` in the story of `key`; `None` when the alteration is a regular one.
pub(crate) fn altered(lie: TextLie, text: &str, key: u64) -> Option<String> {
    let at = |length: usize| usize::try_from(mix(key) % (length.max(1) as u64)).unwrap_or_default();
    let characters: Vec<char> = text.chars().collect();
    match lie {
        TextLie::EachOtherwise => {
            let ways = [
                TextLie::Entities,
                TextLie::BlanksRemoved,
                TextLie::BreaksBlank,
                TextLie::UpperCase,
                TextLie::FullWidth,
                TextLie::Nfkd,
                TextLie::Prefix,
                TextLie::Suffix,
                TextLie::Masked,
                TextLie::PunctuationRemoved,
                TextLie::Mojibake,
            ];
            Some(regular::altered(ways[at(ways.len())], text, 20))
        }
        TextLie::OneCharacter => {
            let mut changed = characters;
            let place = at(changed.len());
            if let Some(character) = changed.get_mut(place) {
                *character = if *character == '점' { '선' } else { '점' };
            }
            Some(changed.into_iter().collect())
        }
        TextLie::OneCharacterLess => {
            let gone = at(characters.len());
            Some(characters.into_iter().enumerate().filter(|(place, _)| *place != gone).map(|(_, c)| c).collect())
        }
        TextLie::WordsShuffled => {
            let mut words: Vec<(u64, &str)> =
                (0..).zip(text.split_whitespace()).map(|(place, word)| (mix(key ^ mix(place)), word)).collect();
            words.sort_unstable();
            Some(words.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" "))
        }
        TextLie::Rewritten => {
            // Other words of the same shape: blanks and line breaks stay where they are.
            let letters: Vec<char> = "가나다라마바사아자차카타파하거너더러머버서어저처".chars().collect();
            let letter = |(place, character): (u64, char)| {
                let drawn = usize::try_from(mix(key ^ mix(place)) % letters.len() as u64).unwrap_or_default();
                if character.is_whitespace() { character } else { letters[drawn] }
            };
            Some((0..).zip(characters).map(letter).collect())
        }
        TextLie::Dots => Some("…".to_owned()),
        _ => None,
    }
}
