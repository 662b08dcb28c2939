//! In which regular way an account's published stories come back, and which listed texts are the sent one in that way. Pure.
//!
//! What is learnt here lets a story be recognised as the post's. It explains no story away: whatever may be the post's under any other
//! alteration still may.

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::domain::content::comparable;
use crate::domain::told_as::ToldAs;

/// So often entities are decoded: a server may escape what was escaped already.
const ROUNDS: usize = 3;
/// Longest name or number of an entity, in bytes.
const ENTITY_MAX: usize = 10;
/// So many times as long as the sent text a listed one may be: each letter as an entity that was escaped again.
const LONGER_MAX: usize = 24;
/// So many published stories that are told otherwise, and the alteration is forgotten.
const CONTRADICTIONS: u32 = 2;

/// A text in the forms in which it can be compared.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    plain: String,
    folded: Vec<String>,
}

impl Forms {
    /// Those of a text that was sent.
    pub(crate) fn of(text: &str) -> Self {
        let plain = comparable(text);
        Self { folded: ToldAs::ALL.map(|told_as| folded(told_as, &plain)).into(), plain }
    }

    /// Whether it says anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// The alterations in any one of which the listed text is this one, told otherwise than it was sent.
    pub(crate) fn told_in(&self, listed: &str) -> Vec<ToldAs> {
        if listed.len() > self.plain.len().saturating_mul(LONGER_MAX) {
            return Vec::new();
        }
        let listed = comparable(listed);
        if self.is_empty() || listed.is_empty() || listed == self.plain {
            return Vec::new();
        }
        let same = |(told_as, sent): (ToldAs, &String)| (folded(told_as, &listed) == *sent).then_some(told_as);
        ToldAs::ALL.into_iter().zip(&self.folded).filter_map(same).collect()
    }

    /// Whether the listed text is this one, as it was sent or in any one of the alterations.
    pub(crate) fn may_be(&self, listed: &str) -> bool {
        listed.len() <= self.plain.len().saturating_mul(LONGER_MAX)
            && (comparable(listed) == self.plain || !self.told_in(listed).is_empty())
    }
}

/// What published stories show of each alteration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AlterationCounts {
    explained: [u32; ToldAs::ALL.len()],
    contradicted: [u32; ToldAs::ALL.len()],
}

impl AlterationCounts {
    /// Takes a published story: what was sent, and what the list tells.
    pub(crate) fn take(&mut self, sent: &str, listed: Option<&str>) {
        let forms = Forms::of(sent);
        if forms.is_empty() {
            return;
        }
        let listed = listed.unwrap_or_default();
        let is_as_sent = comparable(listed) == forms.plain;
        let told_in = forms.told_in(listed);
        for (place, told_as) in ToldAs::ALL.into_iter().enumerate() {
            if told_in.contains(&told_as) {
                self.explained[place] += 1;
            } else if !is_as_sent || changes(told_as, &forms.plain) {
                self.contradicted[place] += 1;
            }
        }
    }

    /// The alteration that is on record after this, where that one was before.
    pub(crate) fn learnt(&self, before: Option<ToldAs>) -> Option<ToldAs> {
        let all = || ToldAs::ALL.into_iter().enumerate();
        let contradicted =
            |told_as| all().find(|(_, one)| *one == told_as).map_or(0, |(place, _)| self.contradicted[place]);
        if let Some(before) = before.filter(|before| contradicted(*before) == 0) {
            return Some(before);
        }
        let explains = all().find(|(place, _)| self.explained[*place] > 0 && self.contradicted[*place] == 0);
        let kept = before.filter(|before| contradicted(*before) < CONTRADICTIONS);
        explains.map(|(_, told_as)| told_as).or(kept)
    }

    /// The alteration by which texts are compared now: none that a published story contradicts.
    pub(crate) fn trusted(&self, before: Option<ToldAs>) -> Option<ToldAs> {
        let learnt = self.learnt(before)?;
        let place = ToldAs::ALL.into_iter().position(|one| one == learnt)?;
        (self.contradicted[place] == 0).then_some(learnt)
    }
}

/// The text in the form in which the alteration makes no difference.
fn folded(told_as: ToldAs, text: &str) -> String {
    let by_line = |line: fn(&str) -> String, is_kept: fn(&String) -> bool| {
        text.lines().map(line).filter(is_kept).collect::<Vec<_>>().join("\n")
    };
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = match told_as {
        ToldAs::Entities => {
            let mut text = text.to_owned();
            for _ in 0..ROUNDS {
                text = decoded(&text);
            }
            text
        }
        ToldAs::Invisible => text.chars().filter(|c| !is_invisible(*c)).collect(),
        ToldAs::LineEnds => by_line(|line| line.trim().to_owned(), |_| true),
        ToldAs::Blanks => by_line(words, |_| true),
        ToldAs::EmptyLines => by_line(words, |line| !line.is_empty()),
        ToldAs::LineBreaks => words(&text.replace("<br>", " ").replace("<br/>", " ").replace("<br />", " ")),
        ToldAs::NoBlanks => text.split_whitespace().collect(),
        ToldAs::Quotes => text.chars().map(plain_sign).collect::<String>().replace('…', "..."),
        ToldAs::Width => icu_normalizer::ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned(),
        ToldAs::Case => text.to_lowercase(),
    };
    ComposingNormalizerBorrowed::new_nfc().normalize(folded.trim()).into_owned()
}

/// Whether the alteration leaves no such text as it was sent.
fn changes(told_as: ToldAs, sent: &str) -> bool {
    match told_as {
        ToldAs::Entities => sent.contains(['<', '&']),
        ToldAs::LineEnds => sent.lines().any(|line| line.trim() != line),
        ToldAs::Blanks => sent.lines().any(|line| line.trim().contains("  ")),
        ToldAs::EmptyLines => sent.contains("\n\n"),
        ToldAs::LineBreaks => sent.contains('\n'),
        ToldAs::NoBlanks => sent.contains(char::is_whitespace),
        ToldAs::Case => sent.chars().any(char::is_lowercase) && sent.chars().any(char::is_uppercase),
        // Either way of the two leaves some texts as they are.
        ToldAs::Invisible | ToldAs::Quotes | ToldAs::Width => false,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn plain_sign(c: char) -> char {
    match c {
        '“' | '”' | '„' | '«' | '»' | '＂' => '"',
        '‘' | '’' | '‚' | '＇' | '`' | '´' => '\'',
        '–' | '—' | '―' | '‐' | '‑' | '−' | '~' | '～' | '〜' => '-',
        other => other,
    }
}

/// The text with each entity as the character that it stands for. One that has no character of its own stays.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let body = &rest[at + 1..];
        let end = body.bytes().take(ENTITY_MAX).position(|byte| byte == b';');
        match end.and_then(|end| Some((character(body.get(..end)?)?, end))) {
            Some((character, end)) => {
                out.push(character);
                rest = &body[end + 1..];
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

/// What stands between `&` and `;`.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "Tom &  \"Jerry\" <b>\n\n  #커피 \u{2615}\u{fe0f} - 끝 ";

    /// What is learnt from published stories, each as it was sent and as it is listed.
    fn learnt(stories: &[(&str, &str)], before: Option<ToldAs>) -> (Option<ToldAs>, Option<ToldAs>) {
        let mut seen = AlterationCounts::default();
        stories.iter().for_each(|(sent, listed)| seen.take(sent, Some(listed)));
        (seen.learnt(before), seen.trusted(before))
    }

    #[test]
    fn each_regular_alteration_is_recognised_by_the_narrowest_name() {
        for (listed, told_as) in [
            ("Tom &amp;  &quot;Jerry&quot; &lt;b&gt;\n\n  #커피 \u{2615}\u{fe0f} - 끝", ToldAs::Entities),
            ("Tom &amp;  \"Jerry\" &lt;b>\n\n  #커피 \u{2615}\u{fe0f} - 끝", ToldAs::Entities),
            ("Tom &#38;  &#34;Jerry&#x22; &#60;b&#62;\n\n  #커피 &#9749;\u{fe0f} - 끝", ToldAs::Entities),
            (
                "Tom &amp;amp;  &amp;quot;Jerry&amp;quot; &amp;lt;b&amp;gt;\n\n  #커피 \u{2615}\u{fe0f} - 끝",
                ToldAs::Entities,
            ),
            ("Tom &  \"Jerry\" <b>\n\n  #커피 \u{2615} - 끝", ToldAs::Invisible),
            ("Tom &  \"Jerry\" <b>\n\n#커피 \u{2615}\u{fe0f} - 끝", ToldAs::LineEnds),
            ("Tom & \"Jerry\" <b>\n\n #커피 \u{2615}\u{fe0f} - 끝", ToldAs::Blanks),
            ("Tom\u{a0}&\u{a0}\u{a0}\"Jerry\"\u{a0}<b>\n\n\u{a0}\u{a0}#커피 \u{2615}\u{fe0f} - 끝", ToldAs::Blanks),
            ("Tom &  \"Jerry\" <b>\n  #커피 \u{2615}\u{fe0f} - 끝", ToldAs::EmptyLines),
            ("Tom &  \"Jerry\" <b>   #커피 \u{2615}\u{fe0f} - 끝", ToldAs::LineBreaks),
            ("Tom &  \"Jerry\" <b><br><br>  #커피 \u{2615}\u{fe0f} - 끝", ToldAs::LineBreaks),
            ("Tom&\"Jerry\"<b>#커피\u{2615}\u{fe0f}-끝", ToldAs::NoBlanks),
            ("Tom &  “Jerry” <b>\n\n  #커피 \u{2615}\u{fe0f} – 끝", ToldAs::Quotes),
            ("Ｔｏｍ　＆　　＂Ｊｅｒｒｙ＂　＜ｂ＞\n\n　　＃커피　\u{2615}\u{fe0f}　－　끝", ToldAs::Width),
            ("tom &  \"jerry\" <b>\n\n  #커피 \u{2615}\u{fe0f} - 끝", ToldAs::Case),
        ] {
            assert_eq!(Forms::of(SENT).told_in(listed).first(), Some(&told_as), "{listed:?}");
            assert_eq!(learnt(&[(SENT, listed)], None), (Some(told_as), Some(told_as)), "{listed:?}");
        }
    }

    #[test]
    fn another_text_is_told_in_no_way_and_teaches_nothing() {
        for listed in
            ["", "Tom", "Tom & \"Jenny\" <b>\n\n  #커피 - 끝", "끝 - #커피 Tom & \"Jerry\" <b>", "[스토리] Tom"]
        {
            assert_eq!(Forms::of(SENT).told_in(listed), [], "{listed:?}");
            assert_eq!(learnt(&[(SENT, listed)], None), (None, None), "{listed:?}");
        }
        assert_eq!(Forms::of("").told_in(""), []);
        assert_eq!(Forms::of("a b").told_in(&format!("a{}b", " ".repeat(4_000_000))), [], "without measure");
        assert_eq!(learnt(&[(SENT, SENT)], None), (None, None), "as it was sent");
    }

    #[test]
    fn two_stories_that_are_told_otherwise_end_what_was_learnt_and_one_suspends_it() {
        let entities = Some(ToldAs::Entities);
        let altered = ("a < b", "a &lt; b");
        let otherwise = [("x < y", "x < y"), ("글 하나", "글 둘")];
        assert_eq!(learnt(&[altered], entities), (entities, entities));
        assert_eq!(learnt(&[("글 하나", "글 하나")], entities), (entities, entities), "nothing in it to alter");
        assert_eq!(learnt(&[altered, otherwise[0]], entities), (entities, None));
        assert_eq!(learnt(&[otherwise[0], altered, otherwise[1]], entities), (None, None));
        assert_eq!(learnt(&[altered, otherwise[0]], None), (None, None), "nothing regular");
    }

    #[test]
    fn a_wider_alteration_takes_the_place_of_a_narrower_one_that_does_not_explain_all() {
        let stories = [("a  b", "a b"), ("a\nb", "a b")];
        assert_eq!(learnt(&stories[..1], None).0, Some(ToldAs::Blanks));
        assert_eq!(learnt(&stories, Some(ToldAs::Blanks)).1, Some(ToldAs::LineBreaks));
    }
}
