//! What the owner of a sandbox sees: the page of stories and the control endpoints.

pub(crate) mod control;
pub(crate) mod page;
