//! A page of an account's stories, read story by story: one that cannot be read spoils none of the others.
//!
//! It is not left out either. What can be read of it is kept, so that whoever looks for a story can tell whether it may be this one.

use jiff::Timestamp;

use super::json::each;
use super::story::{Story, entry};
use super::wire::{readable, undocumented};

/// Most stories of one page. Kakao's pages have some 18.
const PAGE_MAX: usize = 1_000;

/// One page of an account's stories, newest first. An empty one ends the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// All of the page's stories, in its order.
    pub entries: Vec<Entry>,
    /// The server's own time, from the `Date` header.
    pub server_date: Option<Timestamp>,
}

/// A story of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It was read.
    Story(Story),
    /// It could not be read, or not all of it that matters.
    Unreadable(Unreadable),
}

/// What can be read of a story that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its ID, where that is usable.
    pub id: Option<String>,
    /// When it was posted, where that is a time.
    pub created_at: Option<Timestamp>,
    /// Its text, where that can be read; empty where it has none.
    pub content: Option<String>,
    /// Number of comments; 0 where that cannot be read.
    pub comment_count: u64,
    /// Number of moods; 0 where that cannot be read.
    pub like_count: u64,
    /// What cannot be read.
    pub why: String,
}

impl Entry {
    /// The story's ID, where it is known.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Story(story) => Some(&story.id),
            Self::Unreadable(unreadable) => unreadable.id.as_deref(),
        }
    }

    /// When it was posted, where that is known.
    pub fn created_at(&self) -> Option<Timestamp> {
        match self {
            Self::Story(story) => Some(story.created_at),
            Self::Unreadable(unreadable) => unreadable.created_at,
        }
    }
}

/// Reads a page of stories.
pub(crate) fn entries(body: &[u8]) -> Result<Vec<Entry>, String> {
    each(&readable(body)?, PAGE_MAX, entry).map_err(undocumented)
}
