//! What the integration tests share.

pub(crate) mod process;
mod promises;
pub(crate) mod queue;
pub(crate) mod stub;
pub(crate) mod world;
