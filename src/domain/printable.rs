//! What of a text that somebody else wrote may reach a terminal, a log or a page.
//!
//! One list of the characters that do something there instead of being seen. Whoever prints asks here; what is stored and what is
//! sent stays as it is.

use std::borrow::Cow;

/// What stands in the place of a character that must not be printed.
const REPLACEMENT: char = '\u{fffd}';

/// Whether a character acts on whoever shows it: it moves the cursor, clears or renames the window, begins a line, or turns the
/// order of what follows. The joiners that emoji are made of, and the line break, are not decided here.
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Marks, embeddings, overrides and isolates of the direction of writing.
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Separators of lines and paragraphs.
            | '\u{2028}' | '\u{2029}'
            // Annotations, and a byte order mark in the midst of a text.
            | '\u{fff9}'..='\u{fffb}' | '\u{feff}')
}

/// A text of any number of lines as it may be printed: line breaks and tabs stay, whatever else acts is replaced by `�`.
pub fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, |c| acts(c) && !matches!(c, '\n' | '\t'), |_| REPLACEMENT)
}

/// A text that stands on one line: line breaks and tabs are blanks, whatever else acts is replaced by `�`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    replaced(text, acts, |c| if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { REPLACEMENT })
}

/// The same as [`lines`], where our own colours stand in the text already: a sequence that sets a colour or a weight, and nothing
/// else, is let through.
pub fn styled(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| acts(c) && !matches!(c, '\n' | '\t');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let style = if c == '\u{1b}' { style_at(rest) } else { None };
        let taken = style.map_or(c.len_utf8(), str::len);
        match style {
            Some(style) => safe.push_str(style),
            None => safe.push(if harmful(c) { REPLACEMENT } else { c }),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    Cow::Owned(safe)
}

/// The sequence at the beginning of the text, if it sets a style. Blinking, hidden and reversed text is none that we write.
fn style_at(text: &str) -> Option<&str> {
    const CODES_MAX: usize = 16;
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';').filter(|end| *end <= CODES_MAX)?;
    let (codes, rest) = codes.split_at(end);
    // A colour by its number is `38;5;N` or `48;5;N`: those numbers are no styles.
    let mut styles = codes.split(';');
    let mut ours = rest.starts_with('m');
    while let Some(style) = styles.next() {
        match style {
            "38" | "48" => ours &= styles.next() == Some("5") && styles.next().is_some(),
            "5" | "6" | "7" | "8" => ours = false,
            _ => {}
        }
    }
    ours.then(|| text.get(..2 + end + 1)).flatten()
}

/// A text as it may be quoted beneath marks that point at its bytes: each byte of a character that acts is a question mark.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| acts(c) && !matches!(c, '\n' | '\r' | '\t');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if harmful(c) { (0..c.len_utf8()).for_each(|_| safe.push('?')) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// JSON as it may be printed: the same value, with each character that acts escaped. JSON itself escapes the first 32 only.
pub fn json(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| acts(c) && !matches!(c, '\n' | '\r' | '\t');
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Each of them lies in the first plane, so that one escape is enough.
        if harmful(c) { safe.push_str(&format!("\\u{:04x}", u32::from(c))) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

fn replaced(text: &str, harmful: impl Fn(char) -> bool, with: impl Fn(char) -> char) -> Cow<'_, str> {
    if !text.contains(&harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if harmful(c) { with(c) } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server, a file or a person may write to make a terminal do something, and one line of it as it is printed.
    const ATTACKS: [(&str, &str); 14] = [
        ("\u{1b}[2J\u{1b}[Hgone", "\u{fffd}[2J\u{fffd}[Hgone"),
        ("\u{9b}2Jgone", "\u{fffd}2Jgone"),
        ("\u{1b}]0;title\u{7}", "\u{fffd}]0;title\u{fffd}"),
        ("\u{1b}]52;c;aGk=\u{9c}", "\u{fffd}]52;c;aGk=\u{fffd}"),
        ("good\r\nstoryd: all is well", "good  storyd: all is well"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("back\u{8}\u{8}\u{8}\u{8}", "back\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        ("\u{202e}gnp.exe", "\u{fffd}gnp.exe"),
        ("\u{2066}isolated\u{2069}", "\u{fffd}isolated\u{fffd}"),
        ("\u{200f}mark\u{61c}", "\u{fffd}mark\u{fffd}"),
        ("para\u{2029}graph\u{2028}line", "para graph line"),
        ("nul\0del\u{7f}", "nul\u{fffd}del\u{fffd}"),
        ("shift\u{e}out\u{f}", "shift\u{fffd}out\u{fffd}"),
        ("\u{90}dcs\u{9d}osc\u{85}next", "\u{fffd}dcs\u{fffd}osc\u{fffd}next"),
    ];

    #[test]
    fn what_acts_on_a_terminal_is_shown_and_does_not_act() {
        for (attack, shown) in ATTACKS {
            assert_eq!(one_line(attack), shown, "{attack:?}");
            assert!(!one_line(attack).contains(acts), "{attack:?}");
            assert!(!lines(attack).contains(|c| acts(c) && !matches!(c, '\n' | '\t')), "{attack:?}");
        }
        assert_eq!(lines("two\nlines\tand \u{1b}"), "two\nlines\tand \u{fffd}");
    }

    #[test]
    fn json_keeps_its_value_and_acts_on_nothing() {
        for (attack, _) in ATTACKS {
            let plain = serde_json::to_string_pretty(&serde_json::json!({ "says": [attack] })).expect("JSON");
            let safe = json(&plain);
            assert!(!safe.contains(|c| acts(c) && c != '\n'), "{attack:?}: {safe}");
            let read: serde_json::Value = serde_json::from_str(&safe).expect("JSON still");
            assert_eq!(read["says"][0], attack);
        }
    }

    #[test]
    fn colours_of_ours_pass_and_nothing_that_only_looks_like_one() {
        let ours = "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m: 겨울\n\u{1b}[m";
        assert_eq!(styled(ours), ours);
        for (attack, shown) in [
            ("\u{1b}[8mhidden", "\u{fffd}[8mhidden"),
            ("\u{1b}[0;8mhidden", "\u{fffd}[0;8mhidden"),
            ("\u{1b}[2J", "\u{fffd}[2J"),
            ("\u{1b}[?25l", "\u{fffd}[?25l"),
            ("\u{1b}", "\u{fffd}"),
            ("\u{1b}[", "\u{fffd}["),
            ("\u{1b}[1", "\u{fffd}[1"),
            ("\u{9b}1m", "\u{fffd}1m"),
            ("\u{1b}[1;1;1;1;1;1;1;1;1;1;1m", "\u{fffd}[1;1;1;1;1;1;1;1;1;1;1m"),
            ("a\rb\u{8}", "a\u{fffd}b\u{fffd}"),
        ] {
            assert_eq!(styled(attack), shown, "{attack:?}");
        }
    }

    #[test]
    fn what_is_quoted_keeps_its_length() {
        for (attack, _) in ATTACKS {
            assert_eq!(quoted(attack).len(), attack.len(), "{attack:?}");
            assert!(!quoted(attack).contains(|c| acts(c) && !matches!(c, '\n' | '\r' | '\t')), "{attack:?}");
        }
        assert_eq!(quoted("a\u{1b}\u{9b}가"), "a???가");
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in ["겨울 신메뉴가 나왔어요! ☕️", "👨‍👩‍👧 가족", "می‌خواهم", "naïve — “quoted”", "", "_abc.DEF"]
        {
            assert!(matches!(one_line(text), Cow::Borrowed(same) if same == text), "{text}");
            assert!(matches!(lines(text), Cow::Borrowed(_)) && matches!(json(text), Cow::Borrowed(_)));
        }
    }
}
