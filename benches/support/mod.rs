//! What the whole-process benches share.

#![allow(dead_code, reason = "each bench uses its part")]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time and prints it")]

pub(crate) mod figures;
pub(crate) mod process;
pub(crate) mod stub;
