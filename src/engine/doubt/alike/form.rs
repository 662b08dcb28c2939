//! The forms in which two texts are laid side by side: decoded from what servers encode, and down to their letters and digits. Pure.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Longest part of a text that is looked at, in characters: more than Kakao's longest with every byte percent-encoded twice.
const CHARS_MAX: usize = 32_768;
/// So often a text is decoded: a server may escape what was escaped already.
const ROUNDS: usize = 4;
/// Longest tag, and longest name of an entity or an emoji, in characters.
const TAG_MAX: usize = 600;
const NAME_MAX: usize = 40;
/// Longest group in brackets that a server may have put in the place of something.
const GROUP_MAX: usize = 24;
/// What stands in the place of a character that was hidden or could not be shown.
const DAMAGED: [char; 12] = ['?', '*', '\u{FFFD}', '□', '■', '○', '●', '♡', '♥', '▒', '█', '\u{FFFF}'];

/// The text as it was before a server escaped it: entities, percent signs, backslashes, tags, names of emoji.
pub(crate) fn decoded(text: &str) -> String {
    let mut text: String = text.chars().take(CHARS_MAX).collect();
    for _ in 0..ROUNDS {
        let next = untagged(&unescaped(&entities(&percent(&text))));
        if next == text {
            break;
        }
        text = next;
    }
    unnamed(&text)
}

/// Its letters and digits alone, without case, width, accents and composition.
pub(crate) fn letters(text: &str) -> Vec<char> {
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut folded = String::with_capacity(apart.len());
    for c in apart.chars().filter(|c| c.is_alphanumeric()) {
        match c {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            'ı' => folded.push('i'),
            c => folded.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())),
        }
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(&folded).chars().collect()
}

/// Its signs: neither letters nor blanks, without what only varies the look of the sign before.
pub(crate) fn signs(text: &str) -> Vec<char> {
    let varies = |c: char| matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{200B}'..='\u{200F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{FEFF}');
    text.chars().filter(|&c| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control() && !varies(c)).collect()
}

/// How many of its characters stand for hidden or lost ones.
pub(crate) fn damage(text: &str) -> usize {
    text.chars().filter(|c| DAMAGED.contains(c)).count()
}

/// How many of its characters lie in the upper half of Latin-1.
pub(crate) fn latin_1(text: &str) -> usize {
    text.chars().filter(|c| ('\u{80}'..='\u{FF}').contains(c)).count()
}

/// How many characters it has that are no blanks.
pub(crate) fn weight(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Without addresses, and the hosts of those.
pub(crate) fn without_addresses(text: &str) -> (String, Vec<String>) {
    let mut hosts = Vec::new();
    let mut rest = String::with_capacity(text.len());
    for token in text.split_whitespace() {
        match host_in(token) {
            Some((before, host)) => {
                rest.push_str(before);
                hosts.push(host);
            }
            None => rest.push_str(token),
        }
        rest.push(' ');
    }
    (rest, hosts)
}

/// The host of the address with which a word ends, and what stands before it.
fn host_in(token: &str) -> Option<(&str, String)> {
    let start = match token.find("://") {
        Some(at) => {
            let scheme = token[..at].chars().rev().take_while(char::is_ascii_alphabetic).count();
            at - scheme
        }
        None => token.find(|c: char| c.is_ascii_alphanumeric())?,
    };
    let address = token[start..].split("://").last().unwrap_or_default();
    let host: String =
        address.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.' || *c == '-').collect::<String>();
    let (_, top) = host.rsplit_once('.')?;
    let is_host = top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic());
    is_host.then(|| (&token[..start], host.trim_start_matches("www.").to_ascii_lowercase()))
}

/// Without the groups in brackets that `other` does not have.
pub(crate) fn without_groups(text: &str, other: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut left = text;
    while let Some(open) = left.find(['[', '(', '{', '<', '【', '「', '〔']) {
        let inner = &left[open..];
        let close = inner
            .char_indices()
            .skip(1)
            .take(GROUP_MAX)
            .find(|(_, c)| matches!(c, ']' | ')' | '}' | '>' | '】' | '」' | '〕'));
        let end = close.map_or_else(|| inner.chars().next().map_or(1, char::len_utf8), |(at, c)| at + c.len_utf8());
        rest.push_str(&left[..open]);
        let group = &inner[..end];
        if close.is_none() || other.contains(group) {
            rest.push_str(group);
        } else {
            rest.push(' ');
        }
        left = &inner[end..];
    }
    rest.push_str(left);
    rest
}

/// The words outside tags (`#…`), mentions (`@…`) and addresses.
pub(crate) fn words(text: &str) -> Vec<char> {
    let (rest, _) = without_addresses(text);
    let words: Vec<&str> = rest.split_whitespace().filter(|word| !word.starts_with(['#', '@', '＃'])).collect();
    letters(&words.join(" "))
}

fn entities(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let body = &rest[at + 1..];
        match entity(body) {
            Some((character, length)) => {
                out.push_str(&character);
                rest = &body[length..];
            }
            None => {
                out.push('&');
                rest = body;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What stands behind an ampersand, and how long it is.
fn entity(body: &str) -> Option<(String, usize)> {
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, skip) = match number.strip_prefix(['x', 'X']) {
            Some(hex) => (hex, 16, 2),
            None => (number, 10, 1),
        };
        let length = digits.chars().take(8).take_while(|c| c.is_digit(radix)).count();
        let code = u32::from_str_radix(&digits[..length], radix).ok()?;
        let end = skip + length + usize::from(digits[length..].starts_with(';'));
        return Some((char::from_u32(code).unwrap_or('\u{FFFD}').to_string(), end));
    }
    let length = body.chars().take(NAME_MAX).take_while(char::is_ascii_alphanumeric).count();
    let name = &body[..length];
    if body[length..].starts_with(';') && length >= 2 && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some((named(name), length + 1));
    }
    // Browsers take these without a semicolon, and a text that was cut off may end in one.
    ["amp", "lt", "gt", "quot", "nbsp"]
        .iter()
        .find(|short| body.starts_with(**short))
        .map(|short| (named(short), short.len()))
}

fn named(name: &str) -> String {
    match name {
        "amp" | "AMP" => "&".into(),
        "lt" | "LT" => "<".into(),
        "gt" | "GT" => ">".into(),
        "szlig" => "ss".into(),
        // An accented letter, without its accent.
        _ if ["acute", "grave", "circ", "uml", "tilde", "cedil", "ring", "caron"].contains(&&name[1..]) => {
            name[..1].to_owned()
        }
        // Some sign or other: signs are not compared.
        _ => " ".into(),
    }
}

fn percent(text: &str) -> String {
    if text.matches('%').count() < 2 {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `\uXXXX`, `\n`, `\"` and the like, as in JSON.
fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let body = &rest[at + 1..];
        let hex = body.strip_prefix('u').and_then(|hex| hex.get(..4)).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let (unit, length) = match (hex, body.chars().next()) {
            (Some(unit), _) => (Some(unit), 5),
            (None, Some('n' | 'r' | 't')) => (Some(0x20), 1),
            _ => (None, 0),
        };
        units.extend(unit);
        rest = &body[length..];
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

fn untagged(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let body = &rest[at + 1..];
        let is_tag = body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let end = body.char_indices().take(TAG_MAX).find(|(_, c)| *c == '>').map(|(end, _)| end);
        match end.filter(|_| is_tag) {
            Some(end) => {
                out.push(' ');
                rest = &body[end + 1..];
            }
            None => {
                out.push('<');
                rest = body;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Without `:names:` of emoji.
fn unnamed(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        let body = &rest[at + 1..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
        let length = body.chars().take(NAME_MAX).take_while(|c| is_name(*c)).count();
        let is_named = length >= 2
            && body[length..].starts_with(':')
            && body[..length].contains(|c: char| c.is_ascii_alphabetic());
        out.push(' ');
        rest = if is_named { &body[length + 1..] } else { body };
    }
    out.push_str(rest);
    out
}
