//! The names of characters that are mixed up, as messages say them.

use super::like::{ascii, digit, like_letter};

/// The name of one; nothing for those that nobody mixes up.
pub(crate) fn name(c: char) -> Option<String> {
    if let Some((_, name)) = NAMES.iter().find(|(other, _)| *other == c) {
        return Some((*name).to_owned());
    }
    let fixed = match c {
        '\u{fdd0}'..='\u{fdef}' => "noncharacter",
        c if u32::from(c) & 0xfffe == 0xfffe => "noncharacter",
        '\u{e0000}'..='\u{e007f}' => "tag character",
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => "private-use character",
        '\u{2066}'..='\u{206f}' | '\u{202a}'..='\u{202e}' => "mark of the writing direction",
        '\u{2000}'..='\u{200a}' => "space of another width",
        '\u{fff9}'..='\u{fffb}' => "annotation mark",
        c if c.is_control() => "control character",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    let selector = match u32::from(c) {
        code @ 0xfe00..=0xfe0f => Some(code - 0xfe00 + 1),
        code @ 0xe0100..=0xe01ef => Some(code - 0xe0100 + 17),
        _ => None,
    };
    if let Some(number) = selector {
        return Some(format!("variation selector {number}"));
    }
    if let Some(like) = like_letter(c) {
        let script = match u32::from(c) {
            0x370..=0x3ff => "Greek",
            0x400..=0x52f => "Cyrillic",
            0x530..=0x58f => "Armenian",
            _ => "Latin",
        };
        return Some(format!("{script} letter that looks like `{like}`"));
    }
    if let Some(digit) = digit(c) {
        return Some(format!("{} digit {digit}", script_of_digit(c)));
    }
    form(c, &ascii(c)?)
}

/// Full-width, mathematical and other forms of what is in ASCII.
fn form(c: char, like: &str) -> Option<String> {
    let first = like.chars().next()?;
    let wide = match u32::from(c) {
        0xff01..=0xff5e => "full-width",
        0xfe50..=0xfe6f => "small",
        0x1d400..=0x1d7ff => "mathematical",
        0x2460..=0x24ff => "circled",
        0x2070..=0x209f | 0xb2 | 0xb3 | 0xb9 => "raised or lowered",
        _ => return Some(format!("form of `{like}`")),
    };
    if like.len() > 1 {
        return Some(format!("{wide} `{like}`"));
    }
    Some(match first {
        '0'..='9' => format!("{wide} digit {first}"),
        'a'..='z' | 'A'..='Z' => format!("{wide} letter {first}"),
        _ => match SIGNS.iter().find(|(sign, _)| *sign == first) {
            Some((_, sign)) => format!("{wide} {sign}"),
            None => format!("{wide} `{first}`"),
        },
    })
}

fn script_of_digit(c: char) -> &'static str {
    match u32::from(c) {
        0x660..=0x669 => "Arabic",
        0x6f0..=0x6f9 => "Persian",
        0x966..=0x96f => "Devanagari",
        0x9e6..=0x9ef => "Bengali",
        0xe50..=0xe59 => "Thai",
        0x17e0..=0x17e9 => "Khmer",
        0x1040..=0x1049 => "Burmese",
        _ => "another script's",
    }
}

const SIGNS: [(char, &str); 23] = [
    (':', "colon"),
    (';', "semicolon"),
    (',', "comma"),
    ('.', "full stop"),
    ('-', "hyphen"),
    ('/', "slash"),
    ('\\', "backslash"),
    ('"', "quotation mark"),
    ('\'', "apostrophe"),
    ('#', "number sign"),
    ('*', "asterisk"),
    ('@', "at sign"),
    ('&', "ampersand"),
    ('=', "equals sign"),
    ('?', "question mark"),
    ('!', "exclamation mark"),
    ('[', "bracket `[`"),
    (']', "bracket `]`"),
    ('{', "brace `{`"),
    ('}', "brace `}`"),
    ('~', "tilde"),
    ('|', "vertical line"),
    ('>', "`>`"),
];

const NAMES: [(char, &str); 94] = [
    ('\u{0}', "null"),
    ('\u{7}', "bell"),
    ('\u{8}', "backspace"),
    ('\t', "tab"),
    ('\u{b}', "vertical tab"),
    ('\u{c}', "form feed"),
    ('\u{1a}', "substitute"),
    ('\u{1b}', "escape"),
    (' ', "space"),
    ('\u{7f}', "delete"),
    ('\u{85}', "next line"),
    ('\u{a0}', "no-break space"),
    ('\u{ad}', "soft hyphen"),
    ('\u{34f}', "combining grapheme joiner"),
    ('\u{61c}', "Arabic letter mark"),
    ('\u{115f}', "Hangul choseong filler"),
    ('\u{1160}', "Hangul jungseong filler"),
    ('\u{1680}', "Ogham space mark"),
    ('\u{180e}', "Mongolian vowel separator"),
    ('\u{2002}', "en space"),
    ('\u{2003}', "em space"),
    ('\u{2007}', "figure space"),
    ('\u{2009}', "thin space"),
    ('\u{200a}', "hair space"),
    ('\u{200b}', "zero-width space"),
    ('\u{200c}', "zero-width non-joiner"),
    ('\u{200d}', "zero-width joiner"),
    ('\u{200e}', "left-to-right mark"),
    ('\u{200f}', "right-to-left mark"),
    ('\u{2028}', "line separator"),
    ('\u{2029}', "paragraph separator"),
    ('\u{202a}', "left-to-right embedding"),
    ('\u{202b}', "right-to-left embedding"),
    ('\u{202c}', "end of a writing direction"),
    ('\u{202d}', "left-to-right override"),
    ('\u{202e}', "right-to-left override"),
    ('\u{202f}', "narrow no-break space"),
    ('\u{205f}', "mathematical space"),
    ('\u{2060}', "word joiner"),
    ('\u{2066}', "left-to-right isolate"),
    ('\u{2067}', "right-to-left isolate"),
    ('\u{2068}', "first-strong isolate"),
    ('\u{2069}', "end of an isolate"),
    ('\u{2800}', "blank Braille pattern"),
    ('\u{3000}', "ideographic space"),
    ('\u{3164}', "Hangul filler"),
    ('\u{feff}', "byte-order mark"),
    ('\u{ffa0}', "half-width Hangul filler"),
    ('\u{fffc}', "object replacement character"),
    ('\u{fffd}', "replacement character"),
    ('“', "left double quotation mark"),
    ('”', "right double quotation mark"),
    ('„', "low double quotation mark"),
    ('‟', "high reversed double quotation mark"),
    ('‘', "left single quotation mark"),
    ('’', "right single quotation mark"),
    ('‚', "low single quotation mark"),
    ('‛', "high reversed single quotation mark"),
    ('«', "left double angle quotation mark"),
    ('»', "right double angle quotation mark"),
    ('‹', "left angle quotation mark"),
    ('›', "right angle quotation mark"),
    ('′', "prime"),
    ('″', "double prime"),
    ('´', "acute accent"),
    ('ʼ', "modifier apostrophe"),
    ('‐', "hyphen"),
    ('‑', "no-break hyphen"),
    ('‒', "figure dash"),
    ('–', "en dash"),
    ('—', "em dash"),
    ('―', "horizontal bar"),
    ('−', "minus sign"),
    ('⁃', "hyphen bullet"),
    ('ー', "Katakana length mark"),
    ('ㅡ', "Hangul letter EU"),
    ('─', "box line"),
    ('━', "heavy box line"),
    ('•', "bullet"),
    ('·', "middle dot"),
    ('∶', "ratio sign"),
    ('։', "Armenian full stop"),
    ('׃', "Hebrew full stop"),
    ('⁄', "fraction slash"),
    ('∕', "division slash"),
    ('。', "ideographic full stop"),
    ('｡', "half-width ideographic full stop"),
    ('、', "ideographic comma"),
    ('،', "Arabic comma"),
    ('∗', "asterisk operator"),
    ('〜', "wave dash"),
    ('【', "black lenticular bracket"),
    ('】', "black lenticular bracket"),
    ('〔', "tortoise shell bracket"),
];
