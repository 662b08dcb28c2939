//! What goes wrong on purpose: faults, deceits, and the rules that say when.

pub(crate) mod deceit;
pub(crate) mod dice;
pub(crate) mod name;
pub(crate) mod rule;
