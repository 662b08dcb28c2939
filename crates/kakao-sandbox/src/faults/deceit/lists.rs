//! Lies about which stories there are: in the whole list, in its pages, and in what a page holds.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::family::{Told, family, key};
use crate::state::clock::{earlier, rfc3339};
use crate::state::event::Story;

family! {
    /// About which stories there are.
    ListLie {
        Empty = "list-empty",
        LacksNewest = "list-lacks-newest",
        LacksNth = "list-lacks-nth",
        LacksMiddle = "list-lacks-middle",
        LacksRecent = "list-lacks-recent",
        LacksOld = "list-lacks-old",
        Halved = "list-halved",
        OldestFirst = "list-oldest-first",
        Unsorted = "list-unsorted",
        MixesAccounts = "list-mixes-accounts",
        OtherAccount = "list-other-account",
        ShowsDeleted = "list-shows-deleted",
        PagesOverlap = "list-pages-overlap",
        PagesSkip = "list-pages-skip",
        PageEmpty = "list-page-empty",
        PageHalf = "list-page-half",
        IgnoresLastId = "list-ignores-last-id",
        Stuck = "list-stuck",
        Circle = "list-circle",
        Endless = "list-endless",
        Doubles = "list-doubles",
        DoublesAltered = "list-doubles-altered",
        DoublesDated = "list-doubles-dated",
        TextsSwapped = "list-texts-swapped",
        Invents = "list-invents",
        Large = "list-large",
        LargeTexts = "list-large-texts",
        Wrapped = "list-wrapped",
        Object = "list-object",
        Null = "list-null",
        NullStory = "list-null-story",
        UnreadableNewest = "list-unreadable-newest",
        UnreadableOldest = "list-unreadable-oldest",
    }
}

/// Invented stories of one page.
const INVENTED_PAGE: usize = 18;
/// What invented stories are called.
const INVENTED: &str = "zzzzzz";

type Shape = Map<String, Value>;

/// Which stories of which account the list is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Own,
    Others,
    All,
}

impl ListLie {
    pub(crate) fn whose(self) -> Whose {
        match self {
            Self::MixesAccounts => Whose::All,
            Self::OtherAccount => Whose::Others,
            _ => Whose::Own,
        }
    }
}

impl Told<ListLie> {
    /// Changes which stories the whole list holds, and their order. They come newest first.
    pub(crate) fn choose(&self, stories: &mut Vec<&Story>, now: Timestamp) {
        let edge = earlier(now, self.by);
        match self.lie {
            ListLie::Empty => stories.clear(),
            ListLie::LacksNewest => drop(stories.drain(..self.size.min(stories.len()))),
            ListLie::LacksNth if (1..=stories.len()).contains(&self.size) => drop(stories.remove(self.size - 1)),
            ListLie::LacksMiddle if !stories.is_empty() => drop(stories.remove(stories.len() / 2)),
            ListLie::LacksRecent => stories.retain(|story| story.entry.created_at <= edge),
            ListLie::LacksOld => stories.retain(|story| story.entry.created_at >= edge),
            ListLie::Halved => stories.truncate(stories.len() / 2),
            ListLie::OldestFirst => stories.reverse(),
            ListLie::Unsorted => stories.sort_by_key(|story| key(&story.entry.id)),
            _ => {}
        }
    }

    /// From where on a page shows the list, in place of `right`. `last` says that it is asked for from behind a story.
    pub(crate) fn from(&self, right: usize, last: bool, count: usize) -> usize {
        match self.lie {
            ListLie::IgnoresLastId => 0,
            ListLie::PagesOverlap | ListLie::Stuck if last => right.saturating_sub(1),
            ListLie::PagesSkip if last => right + 1,
            ListLie::PageEmpty if last => count,
            ListLie::Circle if last && right >= count => 0,
            _ => right,
        }
    }

    /// How many stories a page shows, in place of `right`.
    pub(crate) fn length(&self, right: usize, last: bool) -> usize {
        match self.lie {
            ListLie::Stuck if last => 1,
            ListLie::PageHalf => right / 2,
            _ => right,
        }
    }

    /// Changes what a page shows. `last_id` is what it was asked for from behind.
    pub(crate) fn doctor(&self, page: &mut Vec<Shape>, profile: &str, last_id: Option<&str>, now: Timestamp) {
        match self.lie {
            ListLie::Doubles => double(page, |_| {}),
            ListLie::DoublesAltered => double(page, |twin| {
                let text = twin.get("content").and_then(Value::as_str).unwrap_or_default();
                let text = format!("{text} (수정됨)");
                twin.insert("content".to_owned(), json!(text));
            }),
            ListLie::DoublesDated => double(page, |twin| {
                let at = twin.get("created_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
                twin.insert("created_at".to_owned(), json!(rfc3339(earlier(at.unwrap_or(now), self.by))));
            }),
            ListLie::TextsSwapped => {
                let texts: Vec<Option<Value>> = page.iter().map(|shape| shape.get("content").cloned()).collect();
                for (place, shape) in page.iter_mut().enumerate() {
                    match &texts[(place + 1) % texts.len()] {
                        Some(text) => drop(shape.insert("content".to_owned(), text.clone())),
                        None => drop(shape.shift_remove("content")),
                    }
                }
            }
            ListLie::Invents if last_id.is_none() => page.insert(0, invented(profile, 0, now)),
            ListLie::Endless if page.len() < INVENTED_PAGE => {
                let from = last_id.and_then(number_of).map_or(1, |number| number + 1);
                page.extend((from..).take(INVENTED_PAGE).map(|number| invented(profile, number, now)));
            }
            ListLie::UnreadableNewest if last_id.is_none() => spoil(page.first_mut()),
            ListLie::UnreadableOldest => spoil(page.last_mut()),
            ListLie::Large => {
                let filler = "x".repeat(self.size);
                if let Some(shape) = page.last_mut() {
                    shape.insert("filler".to_owned(), json!(filler));
                }
            }
            ListLie::LargeTexts => {
                let filler = "가".repeat(self.size / "가".len() / page.len().max(1));
                for shape in page {
                    let text = shape.get("content").and_then(Value::as_str).unwrap_or_default();
                    let text = format!("{text}{filler}");
                    shape.insert("content".to_owned(), json!(text));
                }
            }
            _ => {}
        }
    }

    /// The body of a page, where it has another form than an array of stories.
    pub(crate) fn body(&self, page: Value) -> Value {
        match self.lie {
            ListLie::Wrapped => json!({ "stories": page }),
            ListLie::Object => page.get(0).cloned().unwrap_or_else(|| json!({})),
            ListLie::Null => Value::Null,
            ListLie::NullStory => {
                let mut page = page;
                if let Value::Array(stories) = &mut page {
                    stories.push(Value::Null);
                }
                page
            }
            _ => page,
        }
    }

    /// Whether a page that begins behind `last_id` begins behind a story that was invented.
    pub(crate) fn knows(&self, last_id: &str) -> bool {
        matches!(self.lie, ListLie::Endless | ListLie::Invents) && number_of(last_id).is_some()
    }
}

/// Another thing than a text in the place of one.
fn spoil(shape: Option<&mut Shape>) {
    if let Some(shape) = shape {
        shape.insert("content".to_owned(), json!({ "text": "unreadable" }));
    }
}

/// Each story twice, the second time changed.
fn double(page: &mut Vec<Shape>, change: impl Fn(&mut Shape)) {
    let twice = std::mem::take(page).into_iter().flat_map(|shape| {
        let mut twin = shape.clone();
        change(&mut twin);
        [shape, twin]
    });
    *page = twice.collect();
}

/// A story that never existed, made a moment ago.
fn invented(profile: &str, number: u64, now: Timestamp) -> Shape {
    let at = now.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(now);
    let story = json!({
        "id": format!("{profile}.{INVENTED}{number:05}"),
        "media_type": "NOTE",
        "created_at": rfc3339(at),
        "comment_count": 0,
        "like_count": 0,
        "content": format!("없던 이야기 {number}"),
        "permission": "PUBLIC",
    });
    match story {
        Value::Object(shape) => shape,
        _ => Map::new(),
    }
}

fn number_of(id: &str) -> Option<u64> {
    id.split_once('.')?.1.strip_prefix(INVENTED)?.parse().ok()
}
