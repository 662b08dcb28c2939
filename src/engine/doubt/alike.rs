//! Whether a listed text can be one that was sent, after whatever a server may have done to it. Pure.
//!
//! Nothing is promised of how Kakao shows a text. What servers do to texts is known all the same: they escape, normalise, cut off,
//! leave out, hide, garble, put before and behind. They write no other words. So texts are compared by their letters and digits alone,
//! and a text is another one when letters stand in it where other letters were sent. `alike/tests.rs` measures both sides: what servers do
//! to texts, and texts that the same people post by hand.

use encoding_rs::{EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};

use self::align::{Letters, compare};
use self::form::{damage, decoded, letters, signs, weight, without_addresses, without_groups, words};
pub(crate) use self::likeness::Likeness;
use crate::domain::content::comparable;

mod align;
mod form;
mod likeness;
pub(crate) mod told;

/// What stands at the end of a text that was cut off.
const TAILS: [&str; 14] = [
    "더보기",
    "전체보기",
    "자세히보기",
    "더읽기",
    "계속",
    "계속읽기",
    "이하생략",
    "중략",
    "생략",
    "readmore",
    "seemore",
    "more",
    "continue",
    "continued",
];

/// Fewest letters of a garbled text that are compared.
const GARBLED_MIN: usize = 4;

/// Fewest letters of a run without blanks that no word has.
const RUN_MIN: usize = 24;
/// One sign of an escape in so many characters is more than people write.
const ESCAPES_PER: usize = 9;

/// A text that was sent, ready to be compared with many.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    comparable: String,
    decoded: String,
    letters: Letters,
    /// Those of the text as it was sent, where decoding leaves others.
    plain: Option<Letters>,
    /// As it looks when its bytes were read in another encoding.
    garbled: Vec<Letters>,
    /// What is left of it where nothing but ASCII survives.
    ascii: Letters,
    ascii_signs: Vec<char>,
    is_latin: bool,
    words: usize,
    without_addresses: Letters,
    hosts: Vec<String>,
    signs: Vec<char>,
    damage: usize,
}

impl Sent {
    /// The text that was sent; empty when there was none.
    pub(crate) fn new(text: &str) -> Self {
        let decoded = decoded(text);
        let (rest, hosts) = without_addresses(&decoded);
        let ascii: String = decoded.chars().filter(char::is_ascii).collect();
        let all = Letters::new(letters(&decoded));
        let plain = letters(text);
        let garbled = garbled(&comparable(text)).into_iter().map(|text| Letters::new(letters(&form::decoded(&text))));
        Self {
            comparable: comparable(text),
            // One of which next to nothing is left could be anything.
            garbled: garbled.filter(|garbled| garbled.len() >= GARBLED_MIN && garbled.len() * 2 >= all.len()).collect(),
            plain: (plain != all.letters).then(|| Letters::new(plain)),
            letters: all,
            ascii: Letters::new(letters(&ascii)),
            ascii_signs: signs(&ascii),
            is_latin: form::latin_1(&decoded) * 4 >= weight(&decoded),
            words: words(&decoded).len(),
            without_addresses: Letters::new(letters(&rest)),
            hosts,
            signs: signs(&decoded),
            damage: damage(&decoded),
            decoded,
        }
    }

    /// How near a listed text is to it; `None`: the list shows none.
    pub(crate) fn likeness(&self, listed: Option<&str>) -> Likeness {
        let listed = comparable(listed.unwrap_or_default());
        if listed == self.comparable {
            return Likeness::Same;
        }
        if self.comparable.is_empty() {
            return Likeness::Other;
        }
        let shown = decoded(&listed);
        if weight(&shown) == 0 {
            return Likeness::Unclear;
        }
        let shown_letters = Letters::new(letters(&shown));
        let likeness = match (self.letters.is_empty(), shown_letters.is_empty()) {
            (true, true) => self.compare_signs(&shown),
            (true, false) => Likeness::Other,
            (false, true) => self.compare_lost(&shown),
            (false, false) => self.compare_letters(&shown, &shown_letters),
        };
        let likeness = likeness.max(self.compare_plain(&listed, &shown, &shown_letters));
        let is_unclear = self.looks_garbled(&shown) || self.looks_encoded(&listed);
        if is_unclear { likeness.max(Likeness::Unclear) } else { likeness }
    }

    /// Whether it looks as if letters beyond ASCII had been written in ASCII, in whichever way: longer than they were, and with many signs
    /// of escapes or in one long run without blanks. Entities and percent signs are decoded before, and hide nothing.
    fn looks_encoded(&self, listed: &str) -> bool {
        let beyond = self.comparable.chars().filter(|c| !c.is_ascii()).count();
        let escapes = listed.chars().filter(|c| "=\\+^~{}".contains(*c)).count();
        let is_run = |word: &str| {
            word.len() >= RUN_MIN && word.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-".contains(c))
        };
        // UTF-7 writes them between a plus and a hyphen.
        let words = listed.split_whitespace().count();
        let shifted = listed.split_whitespace().filter(|word| word.starts_with('+') && word.contains('-')).count();
        beyond > 0
            && listed.is_ascii()
            && listed.len() >= beyond * 2
            && (escapes * ESCAPES_PER >= listed.len() || shifted * 3 >= words || listed.split_whitespace().any(is_run))
    }

    /// Whether it looks as if bytes had been read in an encoding that is not theirs: nobody writes so.
    fn looks_garbled(&self, shown: &str) -> bool {
        let lost = shown.chars().filter(|c| *c == '\u{FFFD}').count();
        lost * 4 >= weight(shown) || (!self.is_latin && form::latin_1(shown) * 2 >= weight(shown))
    }

    /// What looks like a tag or an escape may be words that were sent: so letters count as they stand, too.
    fn compare_plain(&self, listed: &str, shown: &str, shown_letters: &Letters) -> Likeness {
        let as_listed = letters(listed);
        let listed_plain = (as_listed != shown_letters.letters).then(|| Letters::new(as_listed));
        if self.plain.is_none() && listed_plain.is_none() {
            return Likeness::Other;
        }
        let is_damaged = self.is_damaged(shown);
        let sent = [Some(&self.letters), self.plain.as_ref()];
        let listed = [Some(shown_letters), listed_plain.as_ref()];
        let pairs =
            sent.into_iter().flatten().flat_map(|sent| listed.into_iter().flatten().map(move |listed| (sent, listed)));
        pairs.map(|(sent, listed)| compare(sent, listed, is_damaged)).max().unwrap_or(Likeness::Other)
    }

    /// Whether characters of it were hidden or lost.
    fn is_damaged(&self, shown: &str) -> bool {
        let lost = damage(shown).saturating_sub(self.damage);
        lost >= 2 && lost * 8 >= weight(shown)
    }

    /// Neither has letters: emoji and punctuation alone.
    fn compare_signs(&self, shown: &str) -> Likeness {
        let mut shown_signs = signs(shown);
        if shown_signs == self.signs {
            return Likeness::Alike;
        }
        shown_signs.retain(|sign| !is_dot(*sign));
        let contains = |all: &[char], few: &[char]| {
            let mut all = all.iter();
            few.iter().all(|sign| all.any(|other| other == sign))
        };
        let is_lost = damage(shown) * 2 >= shown_signs.len();
        if is_lost || contains(&self.signs, &shown_signs) || contains(&shown_signs, &self.signs) {
            return Likeness::Unclear;
        }
        Likeness::Other
    }

    /// Nothing that was sent as letters is left as letters.
    fn compare_lost(&self, shown: &str) -> Likeness {
        let signs = signs(shown);
        let is_lost = damage(shown) * 2 >= signs.len();
        let is_dots = signs.iter().all(|sign| is_dot(*sign));
        let is_ascii_left = self.ascii.is_empty() && signs == self.ascii_signs;
        if is_lost || is_dots || is_ascii_left { Likeness::Unclear } else { Likeness::Other }
    }

    fn compare_letters(&self, shown: &str, shown_letters: &Letters) -> Likeness {
        let is_damaged = self.is_damaged(shown);
        let mut best = compare(&self.letters, shown_letters, is_damaged);
        let mut with = |sent: &Letters, listed: Vec<char>| {
            best = best.max(compare(sent, &Letters::new(listed), is_damaged));
        };
        let ungrouped = without_groups(shown, &self.decoded);
        if ungrouped != shown {
            with(&self.letters, letters(&ungrouped));
        }
        if let Some(cut) = without_tail(&shown_letters.letters, &self.letters.letters) {
            with(&self.letters, cut);
        }
        let (rest, hosts) = without_addresses(shown);
        // An address of another host may be the same one, shortened; one of the same host is another.
        let other_hosts = !hosts.iter().any(|host| self.hosts.contains(host));
        if other_hosts && (!hosts.is_empty() || !self.hosts.is_empty()) && self.without_addresses.len() >= 2 {
            with(&self.without_addresses, letters(&rest));
            with(&self.without_addresses, letters(&without_groups(&rest, &self.decoded)));
        }
        for garbled in &self.garbled {
            best = best.max(compare(garbled, shown_letters, false));
        }
        if !self.ascii.is_empty() && self.ascii.letters == shown_letters.letters {
            best = best.max(Likeness::Unclear);
        }
        // Tags and addresses alone, which the team sets below all its texts, say nothing of the words.
        let only_tags = self.words >= 5 && words(shown).is_empty();
        if only_tags { Likeness::Other } else { best }
    }
}

fn is_dot(sign: char) -> bool {
    matches!(sign, '.' | '…' | '·' | '-' | '—')
}

/// Without the words that say that it was cut off.
fn without_tail(listed: &[char], sent: &[char]) -> Option<Vec<char>> {
    let ends = |text: &[char], tail: &[char]| text.ends_with(tail);
    let tails = TAILS.iter().map(|tail| letters(tail)).filter(|tail| ends(listed, tail) && !ends(sent, tail));
    let longest = tails.map(|tail| tail.len()).max()?;
    Some(listed[..listed.len() - longest].to_vec())
}

/// The text as it looks when its bytes were taken for those of another encoding, once and twice.
fn garbled(text: &str) -> Vec<String> {
    let read = |bytes: &[u8], encoding: &'static Encoding| encoding.decode_without_bom_handling(bytes).0.into_owned();
    let mut all = Vec::new();
    if !text.is_ascii() {
        all.push(text.bytes().map(char::from).collect());
        for encoding in [WINDOWS_1252, EUC_KR, SHIFT_JIS, GBK] {
            let once = read(text.as_bytes(), encoding);
            all.push(read(once.as_bytes(), encoding));
            all.push(once);
        }
        let korean = EUC_KR.encode(text).0;
        all.extend([UTF_8, WINDOWS_1252, SHIFT_JIS, GBK].map(|encoding| read(&korean, encoding)));
    }
    all
}

#[cfg(test)]
mod tests;
