//! Starting, serving and stopping the emulator, and the one path that each request takes.

pub(crate) mod exchange;
pub(crate) mod host;
pub(crate) mod options;
pub(crate) mod record;
pub(crate) mod running;
pub(crate) mod serve;
pub(crate) mod visit;
