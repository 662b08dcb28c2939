//! What the integration tests share.

pub(crate) mod stub;
pub(crate) mod world;
