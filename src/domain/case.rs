//! What a person needs in order to settle one parked doubt: the post beside each story that may be its own, where to look, and what to
//! type. Pure; the texts of a server stand in it as they came, and whoever shows them cleans them.

use jiff::Timestamp;
use serde::Serialize;

use super::content::comparable;
use super::printable;
use super::telling::{self, shell_word};
use super::told_as::ToldAs;

/// Characters that are told from where two texts differ.
const DIFFERENCE_CHARS: usize = 24;
/// Of a text in short, those before that place and those from there on.
const BEFORE_CHARS: usize = 40;
const AFTER_CHARS: usize = 120;
/// Most stories that a notice tells of.
const NOTICE_CANDIDATES: usize = 3;

/// Where there is none to compare.
pub const NO_STORY: &str = "no story was seen that may be its own";

/// One parked post's case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The post.
    pub post: i64,
    /// Its account.
    pub account: String,
    /// What it says; empty where it has no text.
    pub text: String,
    /// When its request was about to leave, by this machine's clock.
    pub sent_at: Timestamp,
    /// Why it cannot be settled without a person.
    pub why: String,
    /// The address of the account's page, where it is known.
    pub page: Option<String>,
    /// In which regular way the account's published stories come back with other texts than were sent.
    pub told_as: Option<ToldAs>,
    /// The stories that may be its own.
    pub candidates: Vec<Candidate>,
    /// How to look, and how the ID of a story is read from its address.
    pub look: String,
    /// What to type when it was published: `ID` stands for the story's.
    pub published: String,
    /// What to type when it was not.
    pub absent: String,
}

/// A story that may be the post's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The story.
    pub story_id: String,
    /// Its page, where there is one.
    pub url: Option<String>,
    /// Kakao's word for its kind.
    pub kind: String,
    /// Who may see it; empty where the list says nothing.
    pub audience: String,
    /// How many images it shows.
    pub images: u32,
    /// Its text, as the list shows it.
    pub text: Option<String>,
    /// When it was posted, as Kakao tells it.
    pub created_at: Timestamp,
    /// The same by this machine's clock, as far as is known.
    pub ours_at: Timestamp,
    /// Why it may be the post's.
    pub why: String,
    /// When the list showed it.
    pub seen_at: Timestamp,
    /// The first place where its text differs from the post's; none where it does not.
    pub difference: Option<Difference>,
    /// What to type when it is the post's.
    pub published: String,
}

/// The first place where two texts differ, in the form in which texts are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The line, from 1 on.
    pub line: usize,
    /// The character in the line, from 1 on.
    pub column: usize,
    /// What was sent there, and what is listed; empty at the end of the text.
    pub sent: String,
    /// See [`sent`](Self::sent).
    pub listed: String,
    /// The characters before it.
    #[serde(skip)]
    pub at: usize,
}

impl Case {
    /// With its words: `command` makes a command of what stands behind `storyd`. What the sandbox holds has no page at Kakao.
    #[must_use]
    pub fn phrased(mut self, in_sandbox: bool, command: impl Fn(&str) -> String) -> Self {
        let post = self.post;
        self.published = command(&format!("admin resolve {post} --story ID"));
        self.absent = command(&format!("admin resolve {post} --absent"));
        if in_sandbox {
            self.page = None;
        }
        for candidate in &mut self.candidates {
            candidate.published = command(&format!("admin resolve {post} --story {}", story_word(&candidate.story_id)));
            candidate.url = candidate.url.take().filter(|_| !in_sandbox);
        }
        self.look = self.how_to_look(in_sandbox);
        self
    }

    fn how_to_look(&self, in_sandbox: bool) -> String {
        let told = match self.told_as {
            Some(told_as) => format!(" Kakao shows this account's texts {}.", told_as.words()),
            None => String::new(),
        };
        if in_sandbox {
            return format!(
                "Look at the sandbox's page: it lists the stories of {} with their IDs.{told}",
                self.account
            );
        }
        match &self.page {
            Some(page) => {
                let profile = page.rsplit('/').next().unwrap_or_default();
                format!(
                    "Look at {page}, the page of {}. A story there has an address like {page}/AbCdEf: its ID is the last two parts \
                     with a dot between, {profile}.AbCdEf.{told}",
                    self.account
                )
            }
            None => format!(
                "Log in to {} as {} and look at its own page. A story there has an address like {}/_abc/AbCdEf: its ID is the last \
                 two parts with a dot between, _abc.AbCdEf.{told}",
                telling::KAKAO_STORY,
                self.account,
                telling::KAKAO_STORY
            ),
        }
    }

    /// The case in a few lines for a message, its instants in `zone`. Nothing in it acts on whoever shows it.
    pub fn lines(&self, zone: &str) -> Vec<String> {
        let mut lines = vec![format!("sent {}: {}", telling::instant(self.sent_at, zone), quoted(&self.text, 0))];
        if self.candidates.is_empty() {
            lines.push(NO_STORY.into());
        }
        for candidate in self.candidates.iter().take(NOTICE_CANDIDATES) {
            lines.push(format!("story {}, {}: {}", candidate.story_id, candidate.when(zone), candidate.why));
            lines.extend(candidate.told(&self.text));
            lines.extend(candidate.url.clone());
            lines.push(candidate.published.clone());
        }
        match self.candidates.len().saturating_sub(NOTICE_CANDIDATES) {
            0 => {}
            1 => lines.push("and 1 story more".into()),
            more => lines.push(format!("and {more} stories more")),
        }
        lines.push(self.look.clone());
        lines.push(format!("{} (it was published under this ID)", self.published));
        lines.push(format!("{} (it was not published)", self.absent));
        lines.iter().map(|line| printable::one_line(line).into_owned()).collect()
    }
}

impl Candidate {
    /// When it was posted, by both clocks where they differ.
    pub fn when(&self, zone: &str) -> String {
        let theirs = telling::instant(self.created_at, zone);
        if self.created_at.as_second() == self.ours_at.as_second() {
            return format!("posted {theirs}");
        }
        format!("posted {theirs} by Kakao's clock, {} by this machine's", telling::instant(self.ours_at, zone))
    }

    /// Kind, images and audience, as the list tells them.
    pub fn facts(&self) -> String {
        let audience = if self.audience.is_empty() { "audience not told" } else { &self.audience };
        let images = if self.images == 1 { "1 image".to_owned() } else { format!("{} images", self.images) };
        format!("{}, {images}, {audience}", self.kind)
    }

    /// Both texts in short, one line each, and where they differ first.
    pub fn told(&self, sent: &str) -> Vec<String> {
        let listed = self.text.as_deref().unwrap_or_default();
        match &self.difference {
            None if listed.is_empty() => vec!["neither has a text".into()],
            None => vec!["the texts are the same".into()],
            Some(difference) => vec![
                format!("sent:   {}", quoted(sent, difference.at)),
                format!("listed: {}", quoted(listed, difference.at)),
                difference.words(),
            ],
        }
    }
}

impl Difference {
    /// Where `listed` differs from `sent` first; `None` where they are the same, but for line breaks, composition and blanks at the ends.
    pub fn between(sent: &str, listed: &str) -> Option<Self> {
        let (sent, listed) = (comparable(sent), comparable(listed));
        if sent == listed {
            return None;
        }
        let same = sent.chars().zip(listed.chars()).take_while(|(a, b)| a == b).count();
        let before: String = sent.chars().take(same).collect();
        let part = |text: &str| text.chars().skip(same).take(DIFFERENCE_CHARS).collect();
        Some(Self {
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
            sent: part(&sent),
            listed: part(&listed),
            at: same,
        })
    }

    /// In words.
    pub fn words(&self) -> String {
        let shown =
            |part: &str| if part.is_empty() { "nothing".to_owned() } else { format!("“{}”", visible(part)) };
        format!(
            "they differ first in line {}, character {}: {} was sent, {} is listed",
            self.line,
            self.column,
            shown(&self.sent),
            shown(&self.listed)
        )
    }

    /// A text in its comparable form, split where it differs: what is the same, the part that is told, and the rest.
    pub fn split(&self, text: &str) -> (String, String, String) {
        let text = comparable(text);
        let part = |from: usize, most: usize| text.chars().skip(from).take(most).collect::<String>();
        (part(0, self.at), part(self.at, DIFFERENCE_CHARS), part(self.at + DIFFERENCE_CHARS, usize::MAX))
    }
}

/// A text on one line, the part around a place.
fn quoted(text: &str, at: usize) -> String {
    let text = comparable(text);
    if text.is_empty() {
        return "(no text)".into();
    }
    let start = at.saturating_sub(BEFORE_CHARS);
    let length = text.chars().count();
    let part: String = text.chars().skip(start).take(at - start + AFTER_CHARS).collect();
    let (lead, tail) = (if start > 0 { "…" } else { "" }, if start + part.chars().count() < length { "…" } else { "" });
    format!("{lead}{}{tail}", part.split('\n').collect::<Vec<_>>().join(" ⏎ "))
}

/// With what nobody sees written out.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        other => other.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}

/// A story ID as a word of a shell.
fn story_word(id: &str) -> String {
    let is_plain =
        !id.starts_with('-') && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if is_plain { id.to_owned() } else { shell_word(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(sent: &str, listed: Option<&str>) -> Candidate {
        let at = "2026-12-01T00:00:03Z".parse().expect("valid");
        Candidate {
            story_id: "_a.b".into(),
            url: Some("https://story.kakao.com/_a/b".into()),
            kind: "NOTE".into(),
            audience: "public".into(),
            images: 0,
            text: listed.map(str::to_owned),
            created_at: at,
            ours_at: at,
            why: "it says nearly the same".into(),
            seen_at: at,
            difference: Difference::between(sent, listed.unwrap_or_default()),
            published: String::new(),
        }
    }

    fn case(sent: &str, candidates: Vec<Candidate>) -> Case {
        Case {
            post: 4,
            account: "cafe".into(),
            text: sent.into(),
            sent_at: "2026-12-01T00:00:00Z".parse().expect("valid"),
            why: String::new(),
            page: Some("https://story.kakao.com/_a".into()),
            told_as: Some(ToldAs::Entities),
            candidates,
            look: String::new(),
            published: String::new(),
            absent: String::new(),
        }
    }

    #[test]
    fn the_first_place_where_texts_differ_is_told_by_line_and_character() {
        let place = |sent, listed| Difference::between(sent, listed).map(|d| (d.line, d.column, d.sent, d.listed));
        assert_eq!(
            place("겨울\n라떼 <딸기>", "겨울\n라떼 &lt;딸기&gt;"),
            Some((2, 4, "<딸기>".into(), "&lt;딸기&gt;".into()))
        );
        assert_eq!(place("가나다", "가나"), Some((1, 3, "다".into(), String::new())));
        assert_eq!(place("", "글"), Some((1, 1, String::new(), "글".into())));
        assert_eq!(place(" e\u{301}\r\n", "é"), None, "a difference that is none");
        let difference = Difference::between("a\u{200b}b", "ab").expect("differs");
        assert_eq!(
            difference.words(),
            r"they differ first in line 1, character 2: “\u{200b}b” was sent, “b” is listed"
        );
        assert_eq!(difference.split("ab"), ("a".into(), "b".into(), String::new()));
    }

    #[test]
    fn a_message_shows_both_texts_the_times_the_page_and_what_to_type() {
        let (sent, listed) = ("딸기 라떼 <한정>", "딸기 라떼 &lt;한정&gt;");
        let case =
            case(sent, vec![candidate(sent, Some(listed))]).phrased(false, |words| format!("storyd {words} -c s"));
        assert_eq!(
            case.lines("Asia/Seoul"),
            [
                "sent Tue 2026-12-01 09:00 KST: 딸기 라떼 <한정>",
                "story _a.b, posted Tue 2026-12-01 09:00:03 KST: it says nearly the same",
                "sent:   딸기 라떼 <한정>",
                "listed: 딸기 라떼 &lt;한정&gt;",
                "they differ first in line 1, character 7: “<한정>” was sent, “&lt;한정&gt;” is listed",
                "https://story.kakao.com/_a/b",
                "storyd admin resolve 4 --story _a.b -c s",
                "Look at https://story.kakao.com/_a, the page of cafe. A story there has an address like \
                 https://story.kakao.com/_a/AbCdEf: its ID is the last two parts with a dot between, _a.AbCdEf. Kakao shows this \
                 account's texts with < > & and quotes written as in HTML (&lt;).",
                "storyd admin resolve 4 --story ID -c s (it was published under this ID)",
                "storyd admin resolve 4 --absent -c s (it was not published)",
            ]
        );
    }

    #[test]
    fn what_a_server_writes_acts_on_nobody_and_is_no_command_of_its_own() {
        let mut one = candidate("글", Some("\u{1b}[2Jgone\r\n- forged: \u{202e}"));
        one.story_id = "x;reboot".into();
        let case = case("글", vec![one]).phrased(false, |words| format!("storyd {words}"));
        let lines = case.lines("Asia/Seoul");
        assert!(lines.iter().all(|line| !line.contains(printable::acts)), "{lines:?}");
        assert!(lines.contains(&"storyd admin resolve 4 --story 'x;reboot'".to_owned()), "{lines:?}");
    }

    #[test]
    fn a_long_text_is_cut_around_the_place_and_the_sandbox_has_no_page() {
        let sent = format!("{}끝{}", "가".repeat(500), "나".repeat(500));
        let listed = format!("{}종{}", "가".repeat(500), "나".repeat(500));
        let case =
            case(&sent, vec![candidate(&sent, Some(&listed)); 5]).phrased(true, |words| format!("storyd {words}"));
        let lines = case.lines("Asia/Seoul");
        assert!(lines.iter().all(|line| line.chars().count() < 220), "{lines:?}");
        assert!(
            lines[2].starts_with("sent:   …가") && lines[2].contains("가끝나") && lines[2].ends_with('…'),
            "{lines:?}"
        );
        assert!(lines.contains(&"and 2 stories more".to_owned()), "{lines:?}");
        assert!(!lines.join(" ").contains("kakao.com"), "{lines:?}");
    }
}
