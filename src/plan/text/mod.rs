//! Texts of posts: rotation, variables, templates, their rendering for each occurrence, and the checks of both.

pub(crate) mod dates;
pub mod fields;
pub(crate) mod flaw;
pub(crate) mod format;
pub(crate) mod leftover;
pub mod limits;
pub(crate) mod lint;
pub(crate) mod lookalike;
pub(crate) mod notes;
pub(crate) mod render;
pub(crate) mod reserved;
pub mod rotation;
pub(crate) mod scan;
pub(crate) mod template;
pub(crate) mod trouble;
pub(crate) mod variables;
