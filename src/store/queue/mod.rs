//! All SQL that writes. One function per transition, each ONE guarded UPDATE (id, expected state, claim token) that hits
//! exactly one row, or the writer lost.
//!
//! [`Claim`] and [`Intent`] can be neither copied nor made elsewhere, so that claim → intend → publish → record is the only
//! order that compiles.

mod accept;
mod account;
mod adopt;
mod aside;
pub(super) mod attempt;
mod audit;
mod calendar;
mod clock;
mod doubt;
mod enqueue;
mod foresight;
mod incident;
mod may;
mod outbox;
mod overdue;
mod pause;
mod person;
mod prune;
mod reschedule;
mod restore;
mod story;
pub(super) mod suspect;
mod sweep;
mod text_key;
pub(super) mod untouchable;
mod write;

pub use adopt::AdoptOrder;
pub use aside::{Aside, settle};
pub use attempt::{Claim, Intent, Onward, Refused, Taken};
pub use audit::{AuditRun, AuditedStory, FindingKind, NewFinding, Recorded, ShownStory};
pub use clock::{ClockMark, ClockWord, PutRight};
pub use doubt::{Absence, Doubt, Proof, StoryOwner};
pub use enqueue::{ChangeKind, Enqueued, JobPosts, KnownJob, MissingText, NewPost, PostChange, Snapshot, compare};
pub use foresight::{Ahead, Looked, ToLookAt};
pub use incident::{Findings, IncidentEnd, NewIncident};
pub use outbox::DueNotice;
pub use overdue::Overdue;
pub use pause::{PauseOrder, PauseScope};
pub use person::OperatorRefusal;
pub use prune::Pruned;
pub use reschedule::Move;
pub use restore::{Adoption, Assigned, PostCandidate, RestoreDue, UnpublishedTexts};
pub use story::{DeleteOrder, Doomed};
pub use suspect::{SUSPECTS_MAX, Suspect};
pub use sweep::Swept;
