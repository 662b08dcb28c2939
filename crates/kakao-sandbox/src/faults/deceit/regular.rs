//! Alterations of texts in one way: what a server does that stores, filters or renders texts with a rule of its own.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::text_names::TextLie;
use crate::http::answer::HALF;

/// What comes of `text`. `size` counts characters, where the alteration is about a length.
pub(crate) fn altered(lie: TextLie, text: &str, size: usize) -> String {
    let cut: String = text.chars().take(size).collect();
    match lie {
        TextLie::Cut => cut,
        TextLie::CutEllipsis if cut.len() < text.len() => format!("{cut}…"),
        TextLie::Prefix => format!("[스토리] {text}"),
        TextLie::Suffix => format!("{text}\n#카카오스토리"),
        TextLie::Twice => format!("{text}\n{text}"),
        TextLie::FirstLine => text.lines().next().unwrap_or_default().to_owned(),
        TextLie::Nfc => ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned(),
        TextLie::Nfd => DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned(),
        TextLie::Nfkc => ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned(),
        TextLie::Nfkd => DecomposingNormalizerBorrowed::new_nfkd().normalize(text).into_owned(),
        TextLie::LowerCase => text.to_lowercase(),
        TextLie::UpperCase => text.to_uppercase(),
        TextLie::LinesTrimmed => by_line(text, |line| Some(line.trim().to_owned())),
        TextLie::EmptyLinesRemoved => by_line(text, |line| (!line.trim().is_empty()).then(|| line.to_owned())),
        TextLie::HashtagsRemoved => by_word(text, |word| (!word.starts_with('#')).then(|| word.to_owned())),
        TextLie::LinksHtml => links(text, |link| Some(format!("<a href=\"{link}\" target=\"_blank\">{link}</a>"))),
        TextLie::LinksShortened => links(text, |_| Some("http://me2.do/x7Kq0a".to_owned())),
        TextLie::LinksTracked => links(text, |link| Some(format!("{link}?utm_source=kakaostory"))),
        TextLie::LinksRemoved => links(text, |_| None),
        TextLie::TagsStripped => without_tags(text),
        TextLie::Masked => masked(text),
        TextLie::EntitiesTwice => entities(&entities(text)),
        TextLie::Entities => entities(text),
        TextLie::Paragraphs => {
            text.lines().map(|line| format!("<p>{}</p>", entities(line))).collect::<Vec<_>>().join("\n")
        }
        // What a reader of the bytes as Latin-1 sees.
        TextLie::Mojibake => text.bytes().map(char::from).collect(),
        TextLie::HalfEmoji if !text.contains(is_emoji) => format!("{text}{HALF}"),
        TextLie::Percent => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        other => by_character(other, text),
    }
}

/// Alterations that look at one character, and at the one before it.
fn by_character(lie: TextLie, text: &str) -> String {
    let mut altered = String::with_capacity(text.len());
    let mut before = None;
    for character in text.replace("\r\n", "\n").chars() {
        match (lie, character) {
            (TextLie::EntitiesDecimal, c) if is_special(c) || !c.is_ascii() => {
                altered.push_str(&format!("&#{};", u32::from(c)));
            }
            (TextLie::EntitiesHex, c) if is_special(c) || !c.is_ascii() => {
                altered.push_str(&format!("&#x{:x};", u32::from(c)));
            }
            (TextLie::BlanksCollapsed, c) if is_blank(c) => {
                if !before.is_some_and(is_blank) {
                    altered.push(' ');
                }
            }
            (TextLie::BlanksRemoved, c) if is_blank(c) => {}
            (TextLie::BlanksUnbreakable, ' ') => altered.push('\u{a0}'),
            (TextLie::BlanksPlus, ' ') => altered.push('+'),
            (TextLie::BreaksRemoved, '\n') => {}
            (TextLie::BreaksBlank, '\n') => altered.push(' '),
            (TextLie::BreaksDoubled, '\n') => altered.push_str("\n\n"),
            (TextLie::BreaksCrlf, '\n') => altered.push_str("\r\n"),
            (TextLie::BreaksHtml, '\n') => altered.push_str("<br>"),
            (TextLie::FullWidth, ' ') => altered.push('\u{3000}'),
            (TextLie::FullWidth, '!'..='~') => {
                altered.push(char::from_u32(u32::from(character) + 0xfee0).unwrap_or(character));
            }
            (TextLie::QuotesTypographic, '"') => altered.push(if opens(before) { '“' } else { '”' }),
            (TextLie::QuotesTypographic, '\'') => altered.push(if opens(before) { '‘' } else { '’' }),
            (TextLie::QuotesPlain, '“' | '”') => altered.push('"'),
            (TextLie::QuotesPlain, '‘' | '’') => altered.push('\''),
            (TextLie::Dashes, '-' | '~') => altered.push('–'),
            (TextLie::PunctuationRemoved, c) if c.is_ascii_punctuation() || "·…“”‘’「」–—～".contains(c) =>
                {}
            (TextLie::EmojiRemoved, c) if is_emoji(c) => {}
            (TextLie::EmojiQuestion, c) if is_emoji(c) => altered.push('?'),
            (TextLie::HalfEmoji, c) if is_emoji(c) => altered.push(HALF),
            (TextLie::EmojiNames, c) if is_emoji(c) => altered.push_str("(이모티콘)"),
            (TextLie::InvisibleAdded, ' ') => altered.push_str(" \u{200b}"),
            (TextLie::InvisibleRemoved, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe0f}' | '\u{feff}') => {}
            (TextLie::HashSignsRemoved, '#') => {}
            (TextLie::AsciiOnly, c) if !c.is_ascii() => altered.push('?'),
            (TextLie::Backslashes, '\n') => altered.push_str("\\n"),
            (TextLie::Backslashes, '"' | '\'' | '\\') => altered.extend(['\\', character]),
            (_, other) => altered.push(other),
        }
        before = Some(character);
    }
    altered
}

fn is_special(character: char) -> bool {
    matches!(character, '&' | '<' | '>' | '"' | '\'')
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() && character != '\n'
}

fn opens(before: Option<char>) -> bool {
    before.is_none_or(|before| before.is_whitespace() || "([{".contains(before))
}

fn is_emoji(character: char) -> bool {
    matches!(u32::from(character), 0x200d | 0x2190..=0x21ff | 0x2300..=0x27bf | 0x2b00..=0x2bff | 0xfe0f | 0x1f000..=0x1faff)
}

fn entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Without what stands between `<` and `>`.
fn without_tags(text: &str) -> String {
    let mut inside = false;
    let outside = text.chars().filter(|character| {
        let was = inside;
        inside = (inside || *character == '<') && *character != '>';
        !(was || inside)
    });
    outside.collect()
}

fn by_line(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    text.split('\n').filter_map(change).collect::<Vec<_>>().join("\n")
}

/// Changes each word, or takes it away with the blank before it.
fn by_word(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let line = |line: &str| Some(line.split(' ').filter_map(&change).collect::<Vec<_>>().join(" "));
    by_line(text, line)
}

fn links(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let is_link = |word: &str| word.starts_with("http://") || word.starts_with("https://");
    by_word(text, |word| if is_link(word) { change(word) } else { Some(word.to_owned()) })
}

/// Every third word as stars, the first one among them.
fn masked(text: &str) -> String {
    let stars = |word: &str| word.chars().map(|c| if c.is_whitespace() { c } else { '*' }).collect();
    let words = text.split(' ').enumerate();
    let words = words.map(|(place, word)| if place.is_multiple_of(3) { stars(word) } else { word.to_owned() });
    words.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alteration_is_the_one_that_its_name_says() {
        let text = "Tom &  \"Jerry\" <b>\n\n #커피 ☕ https://a.kr/x 'ok' - 끝";
        let cells = [
            (TextLie::Entities, "Tom &amp;  &quot;Jerry&quot; &lt;b&gt;\n\n #커피 ☕ https://a.kr/x &#39;ok&#39; - 끝"),
            (TextLie::TagsStripped, "Tom &  \"Jerry\" \n\n #커피 ☕ https://a.kr/x 'ok' - 끝"),
            (TextLie::BlanksCollapsed, "Tom & \"Jerry\" <b>\n\n #커피 ☕ https://a.kr/x 'ok' - 끝"),
            (TextLie::BlanksRemoved, "Tom&\"Jerry\"<b>\n\n#커피☕https://a.kr/x'ok'-끝"),
            (TextLie::LinesTrimmed, "Tom &  \"Jerry\" <b>\n\n#커피 ☕ https://a.kr/x 'ok' - 끝"),
            (TextLie::EmptyLinesRemoved, "Tom &  \"Jerry\" <b>\n #커피 ☕ https://a.kr/x 'ok' - 끝"),
            (TextLie::BreaksRemoved, "Tom &  \"Jerry\" <b> #커피 ☕ https://a.kr/x 'ok' - 끝"),
            (TextLie::FirstLine, "Tom &  \"Jerry\" <b>"),
            (TextLie::QuotesTypographic, "Tom &  “Jerry” <b>\n\n #커피 ☕ https://a.kr/x ‘ok’ - 끝"),
            (TextLie::EmojiQuestion, "Tom &  \"Jerry\" <b>\n\n #커피 ? https://a.kr/x 'ok' - 끝"),
            (TextLie::HashtagsRemoved, "Tom &  \"Jerry\" <b>\n\n ☕ https://a.kr/x 'ok' - 끝"),
            (TextLie::LinksShortened, "Tom &  \"Jerry\" <b>\n\n #커피 ☕ http://me2.do/x7Kq0a 'ok' - 끝"),
            (TextLie::Cut, "Tom"),
            (TextLie::CutEllipsis, "Tom…"),
        ];
        for (lie, expected) in cells {
            assert_eq!(altered(lie, text, 3), expected, "{lie:?}");
        }
        assert_eq!(altered(TextLie::Masked, "하나 둘 셋 넷", 0), "** 둘 셋 *");
        assert_eq!(altered(TextLie::FullWidth, "a b!", 0), "ａ\u{3000}ｂ！");
        assert_eq!(altered(TextLie::EntitiesDecimal, "<가", 0), "&#60;&#44032;");
        assert_eq!(altered(TextLie::EntitiesTwice, "&", 0), "&amp;amp;");
    }

    /// A text that every alteration has something to change in.
    #[test]
    fn every_alteration_changes_a_text_that_has_what_it_is_about() {
        let text = "  Tom & \"Jerry\" <b>  ﬁn\u{200b} 'x'-“y”\n\n  #커피 ☕️ https://a.kr/x?y=1  é e\u{301} \\ 끝";
        for (lie, name) in TextLie::ALL.iter().filter(|(lie, _)| lie.can_stay()) {
            let told = crate::faults::deceit::Told { lie: *lie, by: std::time::Duration::ZERO, size: 20 };
            assert_ne!(told.altered(text, 7), text, "{name}");
            assert_eq!(told.altered(text, 7), told.altered(text, 7), "{name}");
        }
    }
}
