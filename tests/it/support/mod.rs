//! What the integration tests share.

pub(crate) mod chaos;
pub(crate) mod draft7;
pub(crate) mod evidence;
pub(crate) mod kept;
pub(crate) mod machine;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod published;
pub(crate) mod queue;
pub(crate) mod receiver;
pub(crate) mod stub;
pub(crate) mod world;
