//! Lies about what a story is called.

use serde_json::{Value, json};

use super::family::{Told, family, key};
use crate::state::numbers::base62;

family! {
    /// About what a story is called.
    IdLie {
        Long = "id-long",
        LongHangul = "id-long-hangul",
        Empty = "id-empty",
        Repeated = "id-repeated",
        Control = "id-control",
        Nul = "id-nul",
        Escape = "id-escape",
        Newline = "id-newline",
        Blanks = "id-blanks",
        BlankInside = "id-blank-inside",
        Direction = "id-direction",
        Invisible = "id-invisible",
        OtherCase = "id-other-case",
        Short = "id-short",
        OtherProfile = "id-other-profile",
        Unknown = "id-unknown",
        Path = "id-path",
        Quote = "id-quote",
        Markup = "id-markup",
        Number = "id-number",
        Null = "id-null",
        Missing = "id-missing",
    }
}

impl Told<IdLie> {
    /// What is shown in place of the ID `right`; `None`: nothing.
    pub(crate) fn shown(&self, right: &str) -> Option<Value> {
        let (profile, activity) = right.split_once('.').unwrap_or(("", right));
        let filled = |with: char| {
            let missing = self.size.saturating_sub(right.chars().count());
            right.chars().chain(std::iter::repeat_n(with, missing)).take(self.size).collect::<String>()
        };
        let text = match self.lie {
            IdLie::Long => filled('x'),
            IdLie::LongHangul => filled('가'),
            IdLie::Empty => String::new(),
            IdLie::Repeated => format!("{profile}.00000000000"),
            IdLie::Control => format!("{profile}.\u{1}{activity}\u{7f}"),
            IdLie::Nul => format!("\0{right}"),
            IdLie::Escape => format!("{right}\u{1b}]0;owned\u{7}\u{1b}[2J"),
            IdLie::Newline => format!("{right}\r\nstory 1 was published"),
            IdLie::Blanks => format!("  {right}\t"),
            IdLie::BlankInside => format!("{profile}. {activity}"),
            IdLie::Direction => format!("{profile}.\u{202e}{activity}"),
            IdLie::Invisible => format!("{profile}.\u{200b}{activity}"),
            IdLie::OtherCase => other_case(right),
            IdLie::Short => activity.to_owned(),
            IdLie::OtherProfile => format!("{}.{activity}", base62(key(profile), 7)),
            IdLie::Unknown => format!("{profile}.{}", base62(key(right), 11)),
            IdLie::Path => format!("../../{right}"),
            IdLie::Quote => format!("{right}'; DELETE FROM post; --"),
            IdLie::Markup => format!("{right}<script>alert(1)</script>"),
            IdLie::Number => return Some(json!(key(right) >> 12)),
            IdLie::Null => return Some(Value::Null),
            IdLie::Missing => return None,
        };
        Some(json!(text))
    }
}

fn other_case(text: &str) -> String {
    let turned = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(turned).collect()
}
