//! Output of the commands: tables, wrapping, widths, the printer of events, and the report of a panic.

pub(crate) mod format;
pub(crate) mod output;
pub(crate) mod panic;
pub(crate) mod printer;
pub(crate) mod table;
pub(crate) mod width;
pub(crate) mod wrap;
