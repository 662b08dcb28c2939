//! All SQL that writes. One function per transition, each ONE guarded UPDATE (id, expected state, claim token) that hits
//! exactly one row, or the writer lost.
//!
//! [`Claim`] and [`Intent`] can be neither copied nor made elsewhere, so that claim → intend → publish → record is the only
//! order that compiles.

mod account;
mod adopt;
mod attempt;
mod audit;
mod doubt;
mod enqueue;
mod overdue;
mod pause;
mod person;
mod prune;
mod reschedule;
mod restore;
mod story;
mod sweep;

pub use adopt::AdoptOrder;
pub(super) use attempt::Together;
pub use attempt::{Claim, Intent, Onward, Taken};
pub use audit::{AuditRun, FindingKind, NewFinding, Recorded, Seen, Shown};
pub use doubt::{Absence, Doubt, Proof};
pub use enqueue::{Enqueued, JobPosts, KnownJob, NewPost};
pub use overdue::Overdue;
pub use pause::{PauseOrder, PauseScope};
pub use person::Refusal;
pub use prune::Pruned;
pub use reschedule::Move;
pub use restore::{Adoption, Candidate, RestoreDue};
pub use story::{DeleteOrder, Doomed};
pub use sweep::Swept;

use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};

use super::{Result, Store, crash, micros};

/// A write transaction: it takes the write lock at once, so that it cannot fail half-way for want of it.
pub(super) type Write = Transaction<'static, Sqlite>;

impl Store {
    pub(super) async fn begin(&self) -> Result<Write> {
        Ok(self.writing().await.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The writer, for a statement that is a transaction of its own.
    pub(super) async fn writing(&self) -> &SqlitePool {
        crash::point().await;
        &self.writer
    }
}

/// Records something that left the state of a post as it is.
async fn note(tx: &mut Write, post: i64, now: Timestamp, event: &str, actor: &str, reason: &str) -> Result<()> {
    let at = micros(now);
    sqlx::query!(
        "INSERT INTO event (post_id, at, event, state, actor, reason)
         SELECT id, $2, $3, state, $4, $5 FROM post WHERE id = $1",
        post,
        at,
        event,
        actor,
        reason
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
