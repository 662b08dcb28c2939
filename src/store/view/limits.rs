//! How much one question to the store is answered with.

/// Most rows that one question returns.
pub const ROWS_MAX: u32 = 10_000;
