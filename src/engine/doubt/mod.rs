//! How a post in doubt is resolved from the lists of the network: reading them, comparing texts, and the rule of absence.

pub(crate) mod absence;
pub(crate) mod alike;
pub(crate) mod evidence;
pub(crate) mod listing;
pub mod matching;
