//! A page of an account's stories, read story by story: one that cannot be read spoils none of the others.
//!
//! It is not left out either. What can be read of it is kept, so that whoever looks for a story can tell whether it may be this one.

use jiff::Timestamp;

pub use super::entry::{ListEntry, Unreadable};
use super::json::each;
use super::story::entry;
use super::wire::{readable, undocumented};

/// Most stories of one page. Kakao's pages have some 18.
const PAGE_MAX: usize = 1_000;

/// One page of an account's stories, newest first. An empty one ends the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryPage {
    /// All of the page's stories, in its order.
    pub entries: Vec<ListEntry>,
    /// The server's own time, from the `Date` header.
    pub server_date: Option<Timestamp>,
}

/// Reads a page of stories.
pub(crate) fn entries(body: &[u8]) -> Result<Vec<ListEntry>, String> {
    each(&readable(body)?, PAGE_MAX, entry).map_err(undocumented)
}
