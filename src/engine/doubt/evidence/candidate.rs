//! A story of nobody's that may be the post's, as far as it is kept.

use jiff::Timestamp;

use crate::domain::told_as::ToldAs;
use crate::engine::doubt::alike::Likeness;
use crate::engine::doubt::matching::Differs;

/// A story of nobody's that may be the post's.
#[derive(Clone, Debug)]
pub(super) struct UnexplainedStory {
    pub(super) id: String,
    pub(super) url: Option<String>,
    pub(super) kind: String,
    pub(super) audience: String,
    pub(super) images: usize,
    pub(super) text: Option<String>,
    pub(super) at: Timestamp,
    pub(super) likeness: Likeness,
    /// The alterations in which it says what was sent.
    pub(super) told_in: Vec<ToldAs>,
    /// It may be the story of another post of which a person decides.
    pub(super) is_anothers: bool,
    pub(super) differs: Option<Differs>,
    /// The list tells its kind, and how many images it has if it is a photo.
    pub(super) is_told: bool,
    /// It stands below a story that was published before the post was sent.
    pub(super) is_below: bool,
}
