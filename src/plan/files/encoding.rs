//! The encodings in which Windows, spreadsheets and old editors save: named, with the way to UTF-8. What is read stays UTF-8 alone.

use encoding_rs::{EUC_KR, Encoding, SHIFT_JIS};

/// So many bytes tell whether every second one is nothing.
const FRONT_BYTES: usize = 4_096;

/// What a text is written in that is not UTF-8, and what `iconv` calls it; nothing where it cannot be told.
pub(crate) fn other_than_utf8(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Some(("UTF-32", "UTF-32")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Some(("UTF-16", "UTF-16")),
        _ => {}
    }
    if let Some(order) = without_mark(bytes) {
        return Some(("UTF-16", order));
    }
    if std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let hangul = |c: char| ('가'..='힣').contains(&c);
    let kana = |c: char| ('\u{3041}'..='\u{30ff}').contains(&c);
    // Kana are rare syllables of Hangul in the Korean encoding; the other way round there are none.
    if is_mostly(SHIFT_JIS, bytes, kana) {
        return Some(("Shift_JIS", "CP932"));
    }
    is_mostly(EUC_KR, bytes, hangul).then_some(("CP949 (EUC-KR)", "CP949"))
}

/// UTF-16 without a mark in front: the letters of keys have nothing in every second byte.
fn without_mark(bytes: &[u8]) -> Option<&'static str> {
    let front = bytes.get(..FRONT_BYTES).unwrap_or(bytes);
    let nothing = |odd: usize| front.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    // A letter whose number ends in nothing stands here and there in the other bytes.
    let is_order = |few: usize, many: usize| many > 0 && many * 8 >= front.len() && few * 16 <= many;
    match (nothing(0), nothing(1)) {
        (few, many) if is_order(few, many) => Some("UTF-16LE"),
        (many, few) if is_order(few, many) => Some("UTF-16BE"),
        _ => None,
    }
}

/// Whether all of it can be read in an encoding, and most that is not ASCII are these letters.
fn is_mostly(encoding: &'static Encoding, bytes: &[u8], letter: impl Fn(char) -> bool) -> bool {
    let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) else { return false };
    let others = || text.chars().filter(|c| !c.is_ascii());
    let (all, letters) = (others().count(), others().filter(|c| letter(*c)).count());
    all > 0 && letters * 2 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_from_their_bytes() {
        const TEXT: &str = "version: 1\nzone: Asia/Seoul\njobs:\n  공지: {content: 겨울 신메뉴가 나왔어요! ☎}\n";
        let utf16 = |little: bool| -> Vec<u8> {
            TEXT.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        let korean = EUC_KR.encode(TEXT).0.into_owned();
        let japanese = SHIFT_JIS.encode("content: こんにちは、カフェラテ\n").0.into_owned();
        for (bytes, expected) in [
            ([&b"\xff\xfe"[..], &utf16(true)].concat(), Some("UTF-16")),
            ([&b"\xfe\xff"[..], &utf16(false)].concat(), Some("UTF-16")),
            (utf16(true), Some("UTF-16")),
            (utf16(false), Some("UTF-16")),
            (b"v\0e\0r\0s\0i\0o\0n\0:\0".to_vec(), Some("UTF-16")),
            (b"\xff\xfe\0\0v\0\0\0".to_vec(), Some("UTF-32")),
            (korean, Some("CP949 (EUC-KR)")),
            (b"zone: \xb0\xa1\n".to_vec(), Some("CP949 (EUC-KR)")),
            (japanese, Some("Shift_JIS")),
            (TEXT.into(), None),
            (b"zone: caf\xe9\n".to_vec(), None),
            (b"content: \0\n".to_vec(), None),
            (b"\x80\x81\xff".to_vec(), None),
            (b"".to_vec(), None),
        ] {
            assert_eq!(
                other_than_utf8(&bytes).map(|(name, _)| name),
                expected,
                "{:?}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}
