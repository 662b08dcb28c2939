//! What the sandbox can say that is not so: the names of the deceits, the calls that each can happen on, and their defaults.
//!
//! A deceit changes answers alone. The ledger always tells the truth, so that it can judge what a deceived client did. Owns the list;
//! the files of the folder carry each out.
//!
#![doc = include_str!("deceits.md")]

mod answers;
mod created;
mod dates;
mod family;
mod ids;
mod irregular;
mod lists;
mod regular;
mod shapes;
mod text_names;
mod texts;

pub use self::answers::AnswerLie;
pub use self::created::CreatedLie;
pub use self::dates::DateLie;
pub use self::ids::IdLie;
pub use self::lists::ListLie;
pub use self::shapes::ShapeLie;
pub use self::text_names::TextLie;

pub(crate) use self::answers::Claim;
pub(crate) use self::created::Stamp;
pub(crate) use self::family::{Told, key};
pub(crate) use self::lists::Whose;

use std::fmt;
use std::time::Duration;

use crate::http::call::{Call, POST_CALLS, READ_CALLS, READ_OR_POST_CALLS, REQUEST_CALLS};

/// The table of deceits in Markdown: each name and what the client sees, for the documents and for help texts.
pub const DECEIT_TABLE: &str = include_str!("deceits.md");

/// What an answer can claim against the ledger.
///
#[doc = include_str!("deceits.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deceit {
    /// About the time, in the `Date` header.
    Date(DateLie),
    /// About when a story was made.
    Created(CreatedLie),
    /// About what a story says.
    Text(TextLie),
    /// About a story's kind, images and audience.
    Shape(ShapeLie),
    /// About what a story is called.
    Id(IdLie),
    /// About which stories there are.
    List(ListLie),
    /// About what became of a post, of one story, or of a page.
    Answer(AnswerLie),
}

impl Deceit {
    /// Every deceit, in the order of the table.
    pub fn all() -> Vec<Self> {
        named().map(|(deceit, _)| deceit).collect()
    }

    /// The calls that the deceit can happen on.
    pub fn possible_calls(self) -> &'static [Call] {
        match self {
            Self::Date(_) => REQUEST_CALLS,
            Self::Created(lie) if lie.can_stay() => READ_OR_POST_CALLS,
            Self::Text(lie) if lie.can_stay() => READ_OR_POST_CALLS,
            Self::Id(_) => READ_OR_POST_CALLS,
            Self::Created(_) | Self::Text(_) | Self::Shape(_) => READ_CALLS,
            Self::List(_) => &[Call::MyStories],
            Self::Answer(AnswerLie::AnotherPage) => &[Call::LinkInfo],
            Self::Answer(lie) if lie.is_of_one_story() => &[Call::MyStory],
            Self::Answer(_) => POST_CALLS,
        }
    }

    /// The calls that it happens on when a rule names none.
    pub fn default_calls(self) -> &'static [Call] {
        match self {
            Self::Created(_) | Self::Text(_) | Self::Shape(_) | Self::Id(_) => READ_CALLS,
            _ => self.possible_calls(),
        }
    }

    /// What a rule's `by` is when it gives none; `None` for deceits that are not about an amount of time.
    pub fn default_by(self) -> Option<Duration> {
        let seconds = match self {
            Self::Date(DateLie::Ahead | DateLie::Behind | DateLie::Twice) => 90,
            Self::Date(DateLie::Scattered) => 3600,
            Self::Created(CreatedLie::Ahead | CreatedLie::Behind) => 120,
            Self::Created(CreatedLie::Scattered) => 3600,
            Self::List(ListLie::LacksRecent | ListLie::LacksOld) => 600,
            Self::List(ListLie::DoublesDated) => 86_400,
            _ => return None,
        };
        Some(Duration::from_secs(seconds))
    }

    /// What a rule's `size` is when it gives none; `None` for deceits that are not about a number.
    pub fn default_size(self) -> Option<usize> {
        match self {
            Self::Text(TextLie::Cut | TextLie::CutEllipsis) => Some(20),
            Self::Id(IdLie::Long | IdLie::LongHangul) => Some(257),
            Self::List(ListLie::LacksNewest | ListLie::LacksNth) => Some(1),
            Self::List(ListLie::Large | ListLie::LargeTexts) => Some(4 << 20),
            _ => None,
        }
    }
}

/// The deceits of one family.
impl Deceit {
    pub(crate) fn date(self) -> Option<DateLie> {
        if let Self::Date(lie) = self { Some(lie) } else { None }
    }

    pub(crate) fn created(self) -> Option<CreatedLie> {
        if let Self::Created(lie) = self { Some(lie) } else { None }
    }

    pub(crate) fn text(self) -> Option<TextLie> {
        if let Self::Text(lie) = self { Some(lie) } else { None }
    }

    pub(crate) fn shape(self) -> Option<ShapeLie> {
        if let Self::Shape(lie) = self { Some(lie) } else { None }
    }

    pub(crate) fn id(self) -> Option<IdLie> {
        if let Self::Id(lie) = self { Some(lie) } else { None }
    }

    pub(crate) fn list(self) -> Option<ListLie> {
        if let Self::List(lie) = self { Some(lie) } else { None }
    }

    pub(crate) fn answer(self) -> Option<AnswerLie> {
        if let Self::Answer(lie) = self { Some(lie) } else { None }
    }
}

fn named() -> impl Iterator<Item = (Deceit, &'static str)> {
    let dates = DateLie::ALL.iter().map(|(lie, name)| (Deceit::Date(*lie), *name));
    let created = CreatedLie::ALL.iter().map(|(lie, name)| (Deceit::Created(*lie), *name));
    let texts = TextLie::ALL.iter().map(|(lie, name)| (Deceit::Text(*lie), *name));
    let shapes = ShapeLie::ALL.iter().map(|(lie, name)| (Deceit::Shape(*lie), *name));
    let ids = IdLie::ALL.iter().map(|(lie, name)| (Deceit::Id(*lie), *name));
    let lists = ListLie::ALL.iter().map(|(lie, name)| (Deceit::List(*lie), *name));
    let answers = AnswerLie::ALL.iter().map(|(lie, name)| (Deceit::Answer(*lie), *name));
    dates.chain(created).chain(texts).chain(shapes).chain(ids).chain(lists).chain(answers)
}

impl fmt::Display for Deceit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(named().find(|(deceit, _)| deceit == self).map_or("", |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deceit_has_a_name_of_its_own_and_is_in_the_table() {
        let mut names: Vec<String> = Deceit::all().iter().map(Deceit::to_string).collect();
        for (deceit, name) in Deceit::all().into_iter().zip(&names) {
            assert!(DECEIT_TABLE.contains(&format!("`{name}`")), "{name} is missing from the table");
            assert!(deceit.default_calls().iter().all(|call| deceit.possible_calls().contains(call)), "{name}");
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
