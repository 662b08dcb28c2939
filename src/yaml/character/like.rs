//! Which character of ASCII another one looks like, or is another form of.

use icu_normalizer::ComposingNormalizerBorrowed;

/// What of ASCII a character looks like, or is another form of; nothing for ASCII itself and for what looks like nothing of it.
pub(crate) fn ascii(c: char) -> Option<String> {
    if c.is_ascii() || ('가'..='힣').contains(&c) {
        return None;
    }
    if let Some((_, like)) = LOOKALIKES.iter().find(|(all, _)| all.contains(c)) {
        return Some((*like).to_owned());
    }
    if let Some(letter) = like_letter(c) {
        return Some(letter.to_string());
    }
    if let Some(digit) = digit(c) {
        return Some(digit.to_string());
    }
    // Full-width, mathematical, circled, raised and small forms.
    let mut buffer = [0; 4];
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(c.encode_utf8(&mut buffer)).into_owned();
    (!plain.is_empty() && plain.is_ascii()).then_some(plain)
}

/// Signs that stand for a sign of ASCII when a program or an input method corrects what is typed.
const LOOKALIKES: [(&str, &str); 19] = [
    ("“”„‟«»″‶〝〞〟ˮ＂", "\""),
    ("‘’‚‛‹›′‵ʼʹˊˋ´＇", "'"),
    ("‐‑‒–—―−⁃˗﹘﹣－➖ーㅡ─━", "-"),
    ("：﹕∶ː˸꞉։׃᠄", ":"),
    ("；﹔;⁏", ";"),
    ("⁄∕／⧸╱", "/"),
    ("＼∖﹨⧵", "\\"),
    ("。｡．․﹒", "."),
    ("、，､‚،﹐﹑", ","),
    ("∗＊✱⁎﹡٭✳", "*"),
    ("～〜∼˜", "~"),
    ("＃﹟⌗♯", "#"),
    ("＠﹫", "@"),
    ("＝﹦꞊", "="),
    ("＆﹠", "&"),
    ("［〔【﹝", "["),
    ("］〕】﹞", "]"),
    ("｛﹛", "{"),
    ("｝﹜", "}"),
];

/// The Latin letter that a letter of another alphabet looks like.
pub(crate) fn like_letter(c: char) -> Option<char> {
    const LIKE: [(&str, &str); 4] = [
        ("АВЕЅІЈКМНОРСТУХҮԌԚԜӀЗаеѕіјорсухһԁԛԝӏѵ", "ABESIJKMHOPCTYXYGQWI3aesijopcyxhdqwlv"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹͿοναρυκιϲϳ", "ABEZHIKMNOPTYXCJovapukicj"),
        ("ոսօհցԼՍՕ", "nuohgLUO"),
        ("ıɑɡɩʏɪ", "iagiyi"),
    ];
    LIKE.iter().find_map(|(theirs, ours)| {
        let at = theirs.chars().position(|other| other == c)?;
        ours.chars().nth(at)
    })
}

/// Zeros of scripts whose ten digits follow each other.
const ZEROS: [u32; 22] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040,
    0x17e0, 0x1810, 0x1946, 0x19d0, 0xa8d0, 0xabf0,
];

/// The digit of ASCII with the same value.
pub(super) fn digit(c: char) -> Option<u32> {
    ZEROS.into_iter().find_map(|zero| u32::from(c).checked_sub(zero).filter(|digit| *digit < 10))
}
