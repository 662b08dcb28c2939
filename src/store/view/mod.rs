//! All SQL that only reads: `work` is what the engine asks, the rest is what people look at. Every statement goes to the readers;
//! nothing here can change a row.

mod accounts;
mod incidents;
mod pauses;
mod posts;
mod stories;
mod work;

pub use accounts::AccountRow;
pub use incidents::{BlockedAccount, IncidentRow, NotDeleted, PostNews, Tally, Told, WaitingNotice};
pub use pauses::PauseRow;
pub use posts::{AttemptRow, EventRow, PostFilter, PostRow};
pub use stories::{StoryKey, StoryRow};
pub use work::Due;

/// Most rows that one question returns.
pub const ROWS_MAX: u32 = 10_000;
