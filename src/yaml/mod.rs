//! YAML text → values that know their place, and every problem of a text with what to write instead.
//!
//! `document` builds the tree, `mapping` reads it key by key, `characters` and `hints` find what YAML accepts and nobody means, and
//! `problem` with `code` and `source` reports all problems at once. Pure. Knows no key of a job file or of the settings.

pub(crate) mod character;
pub mod characters;
pub(crate) mod code;
pub mod document;
pub(crate) mod hints;
pub mod mapping;
pub mod nearest;
pub mod problem;
pub(crate) mod source;
pub(crate) mod syntax;
