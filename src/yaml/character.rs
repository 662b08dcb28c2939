//! What a character is to somebody who reads it: whether it can be seen, which character of ASCII it looks like, and its name.
//!
//! The one table of them. Where each may stand is for `odd` to say.

mod like;
mod names;

pub(crate) use self::like::{ascii, like_letter};

/// What can be told of a character without knowing where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CharacterClass {
    /// Seen, and taken for itself.
    Plain,
    /// A blank that is not the one of the space bar.
    Blank,
    /// Without a shape of its own: it joins, parts, turns or fills.
    Invisible,
    /// A line break that no keyboard makes.
    Break,
    /// Steers a terminal or a printer.
    Control,
    /// Stands where a program lost a letter, or is no character at all.
    Lost,
    /// Means something to one program or font only.
    Private,
}

/// The sort of a character. Tabs, LF and CR are plain: they belong to every text.
pub(crate) fn sort(c: char) -> CharacterClass {
    match c {
        ' '..='~' | '\t' | '\n' | '\r' | '가'..='힣' => CharacterClass::Plain,
        '\u{85}' | '\u{2028}' | '\u{2029}' => CharacterClass::Break,
        '\u{fffd}' | '\u{fdd0}'..='\u{fdef}' => CharacterClass::Lost,
        c if u32::from(c) & 0xfffe == 0xfffe => CharacterClass::Lost,
        c if c.is_control() => CharacterClass::Control,
        // The Braille pattern without dots is a blank by its looks.
        '\u{2800}' => CharacterClass::Blank,
        c if c.is_whitespace() => CharacterClass::Blank,
        c if is_invisible(c) => CharacterClass::Invisible,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => CharacterClass::Private,
        _ => CharacterClass::Plain,
    }
}

/// Characters that Unicode shows by nothing, the fillers of Hangul among them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a reader sees anything of it.
pub(crate) fn is_seen(c: char) -> bool {
    !c.is_whitespace() && matches!(sort(c), CharacterClass::Plain | CharacterClass::Lost | CharacterClass::Private)
}

/// The character as messages name it: `U+00A0 no-break space`.
pub(crate) fn named(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    match names::name(c) {
        Some(name) => format!("{code} {name}"),
        None => code,
    }
}

/// The names of several, each once: "U+200B zero-width space and U+FEFF byte-order mark".
pub(crate) fn all_named(all: impl IntoIterator<Item = char>) -> String {
    const NAMED_MAX: usize = 3;
    let mut each: Vec<char> = Vec::new();
    for c in all {
        if !each.contains(&c) {
            each.push(c);
        }
    }
    let more = each.len().saturating_sub(NAMED_MAX);
    let mut names: Vec<String> = each.into_iter().take(NAMED_MAX).map(named).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_keyboard_types_is_plain() {
        for c in "aZ09 \t\n\r~가힣ㅋㅠ漢字かなé–—“”‘’…·•☕🎉「」【】￦€½ΩЖ".chars()
        {
            assert_eq!(sort(c), CharacterClass::Plain, "{c:?}");
        }
    }

    #[test]
    fn each_character_that_cannot_be_seen_has_its_sort_and_name() {
        use CharacterClass::{Blank, Break, Control, Invisible, Lost, Private};
        for (c, kind, name) in [
            ('\u{a0}', Blank, "U+00A0 no-break space"),
            ('\u{202f}', Blank, "U+202F narrow no-break space"),
            ('\u{2009}', Blank, "U+2009 thin space"),
            ('\u{3000}', Blank, "U+3000 ideographic space"),
            ('\u{2800}', Blank, "U+2800 blank Braille pattern"),
            ('\u{200b}', Invisible, "U+200B zero-width space"),
            ('\u{200c}', Invisible, "U+200C zero-width non-joiner"),
            ('\u{200d}', Invisible, "U+200D zero-width joiner"),
            ('\u{2060}', Invisible, "U+2060 word joiner"),
            ('\u{feff}', Invisible, "U+FEFF byte-order mark"),
            ('\u{ad}', Invisible, "U+00AD soft hyphen"),
            ('\u{200e}', Invisible, "U+200E left-to-right mark"),
            ('\u{202e}', Invisible, "U+202E right-to-left override"),
            ('\u{2066}', Invisible, "U+2066 left-to-right isolate"),
            ('\u{3164}', Invisible, "U+3164 Hangul filler"),
            ('\u{115f}', Invisible, "U+115F Hangul choseong filler"),
            ('\u{1160}', Invisible, "U+1160 Hangul jungseong filler"),
            ('\u{ffa0}', Invisible, "U+FFA0 half-width Hangul filler"),
            ('\u{180e}', Invisible, "U+180E Mongolian vowel separator"),
            ('\u{fe0f}', Invisible, "U+FE0F variation selector 16"),
            ('\u{e0101}', Invisible, "U+E0101 variation selector 18"),
            ('\u{e0067}', Invisible, "U+E0067 tag character"),
            ('\u{2028}', Break, "U+2028 line separator"),
            ('\u{85}', Break, "U+0085 next line"),
            ('\u{1b}', Control, "U+001B escape"),
            ('\u{b}', Control, "U+000B vertical tab"),
            ('\u{c}', Control, "U+000C form feed"),
            ('\u{9b}', Control, "U+009B control character"),
            ('\u{fffd}', Lost, "U+FFFD replacement character"),
            ('\u{ffff}', Lost, "U+FFFF noncharacter"),
            ('\u{fdd0}', Lost, "U+FDD0 noncharacter"),
            ('\u{e001}', Private, "U+E001 private-use character"),
        ] {
            assert_eq!((sort(c), named(c).as_str()), (kind, name), "{c:?}");
        }
    }

    #[test]
    fn each_look_alike_leads_to_ascii_and_is_named_after_it() {
        for (c, like, name) in [
            ('：', ":", "U+FF1A full-width colon"),
            ('９', "9", "U+FF19 full-width digit 9"),
            ('Ａ', "A", "U+FF21 full-width letter A"),
            ('，', ",", "U+FF0C full-width comma"),
            ('“', "\"", "U+201C left double quotation mark"),
            ('’', "'", "U+2019 right single quotation mark"),
            ('′', "'", "U+2032 prime"),
            ('–', "-", "U+2013 en dash"),
            ('−', "-", "U+2212 minus sign"),
            ('‑', "-", "U+2011 no-break hyphen"),
            ('а', "a", "U+0430 Cyrillic letter that looks like `a`"),
            ('Ο', "O", "U+039F Greek letter that looks like `O`"),
            ('٣', "3", "U+0663 Arabic digit 3"),
            ('९', "9", "U+096F Devanagari digit 9"),
            ('⁄', "/", "U+2044 fraction slash"),
            ('。', ".", "U+3002 ideographic full stop"),
            ('、', ",", "U+3001 ideographic comma"),
            ('𝟗', "9", "U+1D7D7 mathematical digit 9"),
            ('ﬁ', "fi", "U+FB01 form of `fi`"),
            ('㎖', "ml", "U+3396 form of `ml`"),
            ('\u{a0}', " ", "U+00A0 no-break space"),
            ('\u{3000}', " ", "U+3000 ideographic space"),
        ] {
            assert_eq!((ascii(c).as_deref(), named(c).as_str()), (Some(like), name), "{c:?}");
        }
        for c in "a가漢é☕「Жя".chars() {
            assert_eq!(ascii(c), None, "{c:?}");
        }
    }
}
