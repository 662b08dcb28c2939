//! What the emulated servers know: clock, facts, ledger file, memory, and the choices they run with.

pub(crate) mod clock;
pub(crate) mod event;
pub(crate) mod images;
pub(crate) mod ledger;
pub(crate) mod memory;
pub(crate) mod numbers;
