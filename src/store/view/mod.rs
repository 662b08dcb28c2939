//! All SQL that only reads: `work` is what the engine asks, the rest is what people look at. Every statement goes to the readers;
//! nothing here can change a row.

mod accounts;
mod audits;
mod cases;
mod failures;
mod foreseen;
mod images;
mod incidents;
mod latest;
mod listing;
mod names;
mod overdues;
mod pauses;
mod posts;
mod record;
mod stats;
mod stories;
mod troubles;
mod waits;
mod withdrawals;
mod work;

pub use accounts::AccountRow;
pub use audits::{AuditRow, Differences, EngagementRow, FindingRow};
pub use failures::{CauseRow, FailureFilter};
pub use foreseen::Foreseen;
pub use incidents::{BlockedAccount, IncidentRow, NotDeleted, PostNews, Tally, Told, WaitingNotice};
pub use listing::{ListPage, Listing, Place};
pub use names::NameKind;
pub use overdues::Overdues;
pub use pauses::PauseRow;
pub use posts::{AttemptRow, EventRow, PostFilter, PostRow};
pub use record::{RecordRow, RecordTable};
pub use stats::{Percentiles, StatsRow};
pub use stories::{Deletions, StoryFilter, StoryKey, StoryPlace, StoryRow, StoryStands};
pub use waits::{WaitKind, Waits, standing as standing_waits};
pub use withdrawals::Withdrawal;
pub use work::Due;

/// Most rows that one question returns.
pub const ROWS_MAX: u32 = 10_000;
