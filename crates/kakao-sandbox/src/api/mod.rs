//! The calls that the two emulated hosts serve.

pub(crate) mod authorize;
pub(crate) mod link;
pub(crate) mod post;
pub(crate) mod read;
pub(crate) mod token;
pub(crate) mod upload;
pub(crate) mod user;
