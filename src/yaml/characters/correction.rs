//! A key or a value as it was meant: each odd character in it, and the value without them. Pure.

use super::role::Role;
use super::stray::stray;
use crate::yaml::character::{CharacterClass, ascii, like_letter, sort};

/// What is odd about a value, and what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) text: String,
    /// Where each odd character stands, and which it is; none if only blanks are too many.
    pub(crate) odd: Vec<(usize, char)>,
    /// Whether the value is taken as it stands all the same.
    pub(crate) kept: bool,
}

/// Nothing when every character may stand where it stands.
pub(crate) fn mend(text: &str, role: Role) -> Option<Mended> {
    if is_ordinary(text, role) {
        return None;
    }
    match role {
        Role::Word(_) => word(text, false),
        Role::Time(_) => word(text, true),
        Role::Name => name(text),
        Role::Url => url(text),
        Role::Seen => seen(text),
        Role::Keys(_) | Role::Path | Role::Text | Role::Free => None,
    }
}

/// The quick answer for nearly every value there is.
fn is_ordinary(text: &str, role: Role) -> bool {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    printable && !(matches!(role, Role::Time(_)) && text.trim().contains("  "))
}

fn word(text: &str, is_time: bool) -> Option<Mended> {
    let (mut out, mut odd) = (String::new(), Vec::new());
    // A word of another script is no slip of the keyboard; its signs are its own.
    let foreign = text.chars().any(|c| sort(c) == CharacterClass::Plain && !c.is_ascii() && ascii(c).is_none());
    for (at, c) in text.char_indices() {
        match sort(c) {
            CharacterClass::Plain if matches!(c, '\t' | '\n' | '\r') => {
                odd.push((at, c));
                out.push(' ');
            }
            CharacterClass::Plain => {
                match ascii(c).filter(|like| is_time || !foreign || matches!(like.as_str(), "\"" | "'")) {
                    Some(like) => {
                        odd.push((at, c));
                        out.push_str(&like);
                    }
                    None => out.push(c),
                }
            }
            CharacterClass::Blank => {
                odd.push((at, c));
                out.push(' ');
            }
            CharacterClass::Invisible
            | CharacterClass::Break
            | CharacterClass::Control
            | CharacterClass::Lost
            | CharacterClass::Private => odd.push((at, c)),
        }
    }
    let out = unquoted(out.trim(), text);
    let out = if is_time { single_blanks(&out) } else { out };
    (!odd.is_empty() || out != text.trim()).then_some(Mended { text: out, odd, kept: false })
}

/// Without the typographic quotes around it, which YAML does not take for quotes.
fn unquoted(out: &str, text: &str) -> String {
    let ends = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && matches!(ascii(c).as_deref(), Some("\"" | "'")));
    let quoted = ends(text.trim().chars().next()) && ends(text.trim().chars().next_back());
    let inner = out.strip_prefix(['"', '\'']).and_then(|out| out.strip_suffix(['"', '\'']));
    match inner.filter(|_| quoted) {
        Some(inner) => inner.trim().to_owned(),
        None => out.to_owned(),
    }
}

/// One blank between parts, and none inside a date or a time of day.
fn single_blanks(text: &str) -> String {
    let mut out = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    for sign in [":", "-", "/", "."] {
        let (before, behind) = (format!(" {sign}"), format!("{sign} "));
        if text.chars().any(|c| c.is_ascii_digit()) && !text.contains('*') {
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            for wide in [before, behind] {
                let near =
                    |at: usize| digit(out[..at].chars().next_back()) && digit(out[at + wide.len()..].chars().next());
                if let Some(at) = out.find(&wide).filter(|at| near(*at)) {
                    out.replace_range(at..at + wide.len(), sign);
                }
            }
        }
    }
    out
}

fn name(text: &str) -> Option<Mended> {
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    let letters = || text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic() && sort(*c) == CharacterClass::Plain);
    let mixed = latin && letters().next().is_some() && letters().all(|c| like_letter(c).is_some());
    let stray: Vec<usize> = stray(text).into_iter().map(|(at, _)| at).collect();
    let (mut out, mut odd, mut refused) = (String::new(), Vec::new(), false);
    for (at, c) in text.char_indices() {
        match sort(c) {
            CharacterClass::Plain if matches!(c, '\t' | '\n' | '\r') || is_dash(c) => {
                odd.push((at, c));
                out.push('-');
                refused = true;
            }
            CharacterClass::Plain => {
                let sign = !c.is_ascii() && !c.is_alphanumeric();
                let wide = sign || ('！'..='～').contains(&c) || (mixed && like_letter(c).is_some());
                match ascii(c).filter(|_| wide) {
                    Some(like) => {
                        odd.push((at, c));
                        out.push_str(&like);
                        refused |= !c.is_alphanumeric();
                    }
                    None => out.push(c),
                }
            }
            CharacterClass::Blank => {
                odd.push((at, c));
                out.push('-');
                refused = true;
            }
            // The fillers of a syllable that is being decomposed belong to it.
            CharacterClass::Invisible if !stray.contains(&at) && c.is_alphanumeric() && c != '\u{3164}' => out.push(c),
            CharacterClass::Invisible
            | CharacterClass::Break
            | CharacterClass::Control
            | CharacterClass::Lost
            | CharacterClass::Private => {
                odd.push((at, c));
                refused = true;
            }
        }
    }
    let out = unquoted(out.trim_matches('-'), text);
    (!odd.is_empty()).then_some(Mended { text: out, odd, kept: !refused })
}

/// Dashes of other widths. The length mark of Katakana and the vowel of Hangul are letters of names.
fn is_dash(c: char) -> bool {
    matches!(c, '‐'..='―' | '−' | '﹣' | '－' | '⁃')
}

fn url(text: &str) -> Option<Mended> {
    let unseen: Vec<usize> = stray(text).into_iter().map(|(at, _)| at).collect();
    let has_query = text.contains(['=', '＝']);
    let (mut out, mut odd) = (String::new(), Vec::new());
    let mut in_path = false;
    let mut braces = 0_usize;
    for (at, c) in text.char_indices() {
        braces = match c {
            '{' => braces + 1,
            '}' => braces.saturating_sub(1),
            _ => braces,
        };
        let like = match sort(c) {
            CharacterClass::Plain if c.is_ascii() || braces > 0 => None,
            CharacterClass::Plain if !in_path => ascii(c).filter(|_| !c.is_alphanumeric() || is_mixed(text, at, c)),
            CharacterClass::Plain => ascii(c).filter(|_| has_query && "？＝＆＃".contains(c)),
            CharacterClass::Blank if text[..at].trim().is_empty() || text[at..].trim().is_empty() => {
                Some(String::new())
            }
            CharacterClass::Blank => Some("%20".to_owned()),
            CharacterClass::Invisible => unseen.contains(&at).then(String::new),
            CharacterClass::Break | CharacterClass::Control | CharacterClass::Lost => Some(String::new()),
            CharacterClass::Private => None,
        };
        match like {
            Some(like) => {
                odd.push((at, c));
                out.push_str(&like);
            }
            None => out.push(c),
        }
        let rest = out.split_once("://").map(|(_, rest)| rest);
        in_path = rest.is_some_and(|rest| rest.contains(['/', '?', '#']));
    }
    // Quotes that YAML does not know around the whole.
    let ends_in_quote = |c: char| !c.is_ascii() && matches!(ascii(c).as_deref(), Some("\"" | "'"));
    if let Some(last) = text.trim_end().chars().next_back().filter(|c| ends_in_quote(*c)) {
        let at = text.trim_end().len() - last.len_utf8();
        if !odd.iter().any(|(other, _)| *other == at) {
            odd.push((at, last));
        }
        out = out.trim_end().trim_end_matches([last, '"', '\'']).to_owned();
        // Those around a part of it go together.
        for open in ['“', '‘', '«'].into_iter().filter(|open| ascii(*open) == ascii(last)) {
            odd.extend(text.match_indices(open).map(|(at, _)| (at, open)));
            out = out.replace([open, last], "");
        }
        odd.sort_unstable();
        odd.dedup();
    }
    let out = out.trim_matches(['"', '\'', ' ']).to_owned();
    (!odd.is_empty()).then_some(Mended { text: out, odd, kept: false })
}

/// Whether a letter that is not Latin stands in a part of a host's name that is, for the rest.
fn is_mixed(text: &str, at: usize, c: char) -> bool {
    let parts = |c: char| matches!(c, '.' | '/' | ':' | '@' | '?' | '#' | '。' | '．' | '／' | '：');
    let start =
        text[..at].rfind(parts).map_or(0, |found| found + text[found..].chars().next().map_or(1, char::len_utf8));
    let end = text[at..].find(parts).map_or(text.len(), |found| at + found);
    let label = &text[start..end];
    let others = || label.chars().filter(|c| !c.is_ascii() && c.is_alphabetic());
    let wide = |c: char| ('！'..='～').contains(&c);
    wide(c)
        || !c.is_alphabetic()
        || (label.chars().any(|c| c.is_ascii_alphabetic()) && others().all(|c| like_letter(c).is_some()))
}

fn seen(text: &str) -> Option<Mended> {
    let mut odd = stray(text);
    odd.extend(
        text.char_indices().filter(|(_, c)| {
            matches!(sort(*c), CharacterClass::Lost | CharacterClass::Control | CharacterClass::Break)
        }),
    );
    odd.sort_unstable();
    odd.dedup();
    let kept = |(at, _): &(usize, char)| odd.iter().all(|(other, _)| other != at);
    let out: String = text.char_indices().filter(kept).map(|(_, c)| c).collect();
    (!odd.is_empty()).then(|| Mended { text: out.trim().to_owned(), odd, kept: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::problem::Code;

    fn meant(text: &str, role: Role) -> Option<String> {
        mend(text, role).map(|mended| mended.text)
    }

    #[test]
    fn a_time_is_what_was_meant() {
        let role = Role::Time(Code::BadTime);
        for text in [
            "2030-12-25\u{a0}09:00",
            "2030-12-25 09：00",
            "２０３０-12-25 ０９:００",
            "2030–12–25 09:00",
            "2030−12−25 09:00",
            "2030‑12‑25 09:00",
            "2030ㅡ12ㅡ25 09:00",
            "2030－12－25　09：00",
            "2030-12-25  09:00",
            "2030-12-25\t09:00",
            "“2030-12-25 09:00”",
            "‘2030-12-25 09:00’",
            "\u{200b}2030-12-25 09:00",
            "2030-12-25 09:00\u{feff}",
            "2030-12-25\u{200e} 09:00",
            "2030-12-25\u{202f}09:00",
            "٢٠٣٠-١٢-٢٥ ٠٩:٠٠",
            "२०३०-१२-२५ ०९:००",
            "2030-12-25 09∶00",
            "2030-12-25 09： 00",
            "2030-12-25 О9:OO".replace('O', "0").as_str(),
            "𝟐𝟎𝟑𝟎-12-25 09:00",
            "2030-12-25\u{3164}09:00".replace('\u{3164}', "\u{3000}").as_str(),
        ] {
            let expected = if text.contains('О') { "2030-12-25 O9:00" } else { "2030-12-25 09:00" };
            assert_eq!(meant(text, role).as_deref(), Some(expected), "{text:?}");
        }
        for text in ["2030-12-25 09:00", "now", "0 9 * * MON", "0 9 -1 * *", " 2030-12-25 09:00 ", "2030-12-02 9시"] {
            assert_eq!(meant(text, role), None, "{text:?}");
        }
    }

    #[test]
    fn a_word_is_what_was_meant() {
        let role = Role::Word(Code::WrongWord);
        for (text, word) in [
            ("note\u{200b}", "note"),
            ("\u{feff}note", "note"),
            ("nоte", "note"),
            ("ｎｏｔｅ", "note"),
            ("no\u{ad}te", "note"),
            ("note\u{a0}", "note"),
            ("“note”", "note"),
            ("𝐧𝐨𝐭𝐞", "note"),
            ("note\u{e007f}", "note"),
            ("note\u{fe0f}", "note"),
            ("no\u{3164}te", "note"),
            ("‘사진’", "사진"),
        ] {
            assert_eq!(meant(text, role).as_deref(), Some(word), "{text:?}");
        }
        for text in ["사진", "전체공개", "note", "ノート"] {
            assert_eq!(meant(text, role), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_of_any_script_but_can_be_seen() {
        for (text, name, kept) in [
            ("sale\u{200b}", "sale", false),
            ("신년\u{a0}인사", "신년-인사", false),
            ("신년\u{3000}인사", "신년-인사", false),
            ("\u{3164}공지", "공지", false),
            ("공\u{3164}지", "공지", false),
            ("sаle", "sale", true),
            ("ＶＩＰ", "VIP", true),
            ("winter–sale", "winter-sale", false),
            ("‘sale’", "sale", false),
            ("sale\u{202e}", "sale", false),
            ("me\u{2060}nu", "menu", false),
            ("menu，sale", "menu,sale", false),
        ] {
            let mended = mend(text, Role::Name).map(|mended| (mended.text, mended.kept));
            assert_eq!(mended, Some((name.to_owned(), kept)), "{text:?}");
        }
        let decomposed = "\u{1105}\u{1161}\u{1104}\u{1166}";
        for text in ["라떼", decomposed, "меню", "ラーメン", "menu-2", "café", "ευχές", "메뉴_2"] {
            assert_eq!(mend(text, Role::Name), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_is_ascii_up_to_its_path_and_can_be_seen_in_it() {
        for (text, url) in [
            ("https://example.com/menu\u{200b}", "https://example.com/menu"),
            ("https://example.com/me\u{ad}nu", "https://example.com/menu"),
            ("\u{feff}https://example.com/", "https://example.com/"),
            ("https://example.com/\u{2060}menu", "https://example.com/menu"),
            ("https://example.com\u{200e}/menu", "https://example.com/menu"),
            ("https：//example.com/menu", "https://example.com/menu"),
            ("https:／／example.com／menu", "https://example.com/menu"),
            ("https://example。com/menu", "https://example.com/menu"),
            ("https://ехample.com/menu", "https://example.com/menu"),
            ("“https://example.com/menu”", "https://example.com/menu"),
            ("https://example.com/menu’", "https://example.com/menu"),
            ("https://example.com/“menu”", "https://example.com/menu"),
            ("https://example.com/‘menu’", "https://example.com/menu"),
            ("https://my–shop.com/menu", "https://my-shop.com/menu"),
            ("https://example.com/our\u{a0}menu", "https://example.com/our%20menu"),
            ("https://example.com/menu\u{3000}", "https://example.com/menu"),
            ("https://example.com/menu？id＝1", "https://example.com/menu?id=1"),
            ("https://ｅｘａｍｐｌｅ.com/", "https://example.com/"),
        ] {
            assert_eq!(meant(text, Role::Url).as_deref(), Some(url), "{text:?}");
        }
        for text in [
            "https://example.com/메뉴?a=1#b",
            "https://카페.kr/",
            "https://кафе.рф/меню",
            "https://en.wikipedia.org/wiki/Foo–Bar",
            "https://ja.wikipedia.org/wiki/けいおん！",
            "https://example.com/👨\u{200d}👩\u{200d}👧",
            "https://example.com/{{ shop }}",
            "https://xn--9d0bs3s.kr",
        ] {
            assert_eq!(mend(text, Role::Url), None, "{text:?}");
        }
    }
}
