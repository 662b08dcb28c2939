//! Texts beyond ASCII that come back in ASCII, and texts in ASCII that are others.

use super::*;

/// A text as programs write it that take nothing but ASCII.
fn in_ascii() -> Vec<(&'static str, Alteration)> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    vec![
        ("quoted-printable", |t| {
            t.bytes()
                .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("={b:02X}") })
                .collect()
        }),
        ("base64", |t| STANDARD.encode(t)),
        ("base64 for addresses", |t| URL_SAFE_NO_PAD.encode(t)),
        ("base64 of UTF-16", |t| STANDARD.encode(t.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>())),
        ("UTF-7", |t| {
            let word = |w: &str| {
                format!(
                    "+{}-",
                    URL_SAFE_NO_PAD.encode(w.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>())
                )
            };
            t.split(' ').map(|w| if w.is_ascii() { w.to_owned() } else { word(w) }).collect::<Vec<_>>().join(" ")
        }),
        ("hexadecimal", |t| t.bytes().map(|b| format!("{b:02x}")).collect()),
        ("names of code points", |t| t.chars().map(|c| format!("U+{:04X} ", u32::from(c))).collect()),
        ("escapes in CSS", |t| {
            t.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\{:x} ", u32::from(c)) }).collect()
        }),
        ("escapes in decimals", |t| {
            t.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\{} ", u32::from(c)) }).collect()
        }),
        ("escapes in octal", |t| {
            t.bytes().map(|b| if b.is_ascii() { char::from(b).to_string() } else { format!("\\{b:o}") }).collect()
        }),
        ("escapes with braces", |t| {
            t.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{{{:x}}}", u32::from(c)) }).collect()
        }),
    ]
}

#[test]
fn a_text_that_was_written_in_ascii_is_not_taken_for_another() {
    for sent in SENT.iter().filter(|sent| sent.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count() >= 6) {
        for (name, alter) in in_ascii() {
            let listed = alter(sent);
            let likeness = Sent::new(sent).likeness(Some(&listed));
            assert!(likeness > Likeness::Other, "{name}: {listed:?} for {sent:?}");
        }
    }
}

#[test]
fn english_beside_a_korean_text_is_another_text() {
    for listed in [
        "We're open until 10 pm on Christmas Eve & closed on Christmas Day. Book a table: https://example.com/book #cafe #seoul",
        "50% off = half the price! Everything + coffee, only today; see you :)",
        "C++ & C# meet-up at 7 pm: bring your laptop, free for members (100%)",
        "Call +82-2-123-4567 or write to us - we answer within a day",
        "Code: WINTER-2026-COFFEE for 10% off",
        "1 + 1 = 2! Buy one, get one",
        "Menu (2/3): latte 4.5, mocha 5.0, tea 4.0",
        "Thanks!!! <3 <3 <3",
    ] {
        for sent in SENT
            .iter()
            .filter(|sent| !sent.is_ascii() && weight(&sent.chars().filter(|c| !c.is_ascii()).collect::<String>()) > 12)
        {
            assert_eq!(Sent::new(sent).likeness(Some(listed)), Likeness::Other, "{listed:?} for {sent:?}");
        }
    }
}
