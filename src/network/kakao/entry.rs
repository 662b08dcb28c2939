//! A story as Kakao shows it, or what can be read of one that cannot be read.

use jiff::Timestamp;

use crate::domain::content::Permission;

/// A story of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListEntry {
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

impl ListEntry {
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

/// A story as Kakao shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// `<profile>.<activity>`.
    pub id: String,
    /// The story's page, where Kakao says it.
    pub url: Option<String>,
    /// The kind, as far as Kakao tells: a link comes back as [`MediaType::NotSupported`].
    pub media_type: MediaType,
    /// When it was posted, in whole seconds as a rule.
    pub created_at: Timestamp,
    /// The text, if there is one.
    pub content: Option<String>,
    /// Who may see it.
    pub audience: Audience,
    /// Number of images; 0 where Kakao shows none.
    pub images: usize,
    /// Number of comments.
    pub comment_count: u64,
    /// Number of moods left by friends.
    pub like_count: u64,
}

/// The kind of a story in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// Text with images.
    Photo,
    /// Text alone.
    Note,
    /// Something that the API does not describe; links among them.
    NotSupported,
    /// A word that the documents do not name, or an empty one where Kakao sent none.
    Other(String),
}

/// Who may see a story, as Kakao says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One of the documented three.
    Known(Permission),
    /// Kakao says nothing, as in the documents' own listing. By them it is public then.
    Unsaid,
    /// A word that the documents do not name.
    Other(String),
}
