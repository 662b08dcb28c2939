//! Schedules: from `cron`, `every` and `at` to occurrences in a time zone, with blackouts, and what people write instead.

pub mod blackout;
pub(crate) mod civil;
pub(crate) mod count;
pub(crate) mod entry;
pub mod every;
pub(crate) mod irregular;
pub mod past;
pub(crate) mod pattern;
pub(crate) mod recurring;
pub mod rule;
pub(crate) mod spelling;
pub(crate) mod timing;
pub mod zone;
