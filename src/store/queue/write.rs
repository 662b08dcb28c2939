//! The write transaction that every change is made in, and what the store knows of the disk while it writes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::store::crash;
use crate::store::disk::Disk;
use crate::store::error::{Result, StatementFailure, StoreError};
use crate::store::handle::Store;
use crate::store::values::micros;
use crate::store::written::Written;

/// A write transaction: it takes the write lock at once, so that it cannot fail half-way for want of it. Dropped without a commit, it
/// changes nothing.
pub(crate) struct Write {
    transaction: Transaction<'static, Sqlite>,
    disk: Arc<Disk>,
}

impl Write {
    /// Makes it durable. Nothing is committed once a commit before it failed with the disk.
    pub(crate) async fn commit(self) -> Result<()> {
        let Self { transaction, disk } = self;
        disk.may_write()?;
        let done = crash::committing(transaction.commit()).await.map_err(StoreError::from);
        if let Err(error) = &done {
            disk.notice(error);
        }
        done
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

impl Store {
    pub(crate) async fn begin(&self) -> Result<Write> {
        let transaction = self.writing().await.begin_with("BEGIN IMMEDIATE").await?;
        // After the wait for the writer: the write before this one may have found out that there can be no other.
        self.disk.may_write()?;
        Ok(Write { transaction, disk: self.disk.clone() })
    }

    /// The writer, for a statement that is a transaction of its own.
    pub(super) async fn writing(&self) -> &SqlitePool {
        crash::point().await;
        &self.writer
    }

    /// Takes note of what an error tells about the disk, and says what that is. Once the disk has failed nothing is written any more.
    pub fn notice(&self, error: &StoreError) -> StatementFailure {
        self.disk.notice(error)
    }

    /// Records the result of a request. When there is no room for it, the ballast is given up for it and it is recorded again.
    pub(super) async fn surely<Recorded: Future<Output = Result<Written>>>(
        &self,
        record: impl Fn() -> Recorded,
    ) -> Result<Written> {
        match record().await {
            Err(error) if self.disk.notice(&error) == StatementFailure::Full => record().await,
            done => done,
        }
    }

    /// Keeps a file of so many bytes beside the database from now on, to be given up when the disk is full. It takes its room with
    /// [`refill_ballast`](Self::refill_ballast).
    pub fn keep_ballast(&self, bytes: u64) {
        self.disk.ballast.keep(bytes);
    }

    /// Whether the disk was full, and nobody has seen since that there is room: nothing is claimed then.
    pub fn is_short_of_room(&self) -> bool {
        self.disk.ballast.is_short()
    }

    /// Makes the ballast whole and says whether there is room for it. After the disk was full that means as much again, so that the
    /// next write does not fill it anew.
    ///
    /// # Errors
    /// The file cannot be made for another reason.
    pub async fn refill_ballast(&self) -> Result<bool> {
        let disk = self.disk.clone();
        let refilled = tokio::task::spawn_blocking(move || disk.ballast.refill()).await;
        let refilled = refilled.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        refilled.map_err(|source| StoreError::File {
            doing: "make the ballast beside",
            path: self.path.clone(),
            source,
        })
    }

    /// What takes long ends at its next step from here on: between two commits, never within one.
    pub fn tell_to_stop(&self) {
        self.told_to_stop.store(true, Ordering::Relaxed);
    }

    /// Whether it is to end.
    pub fn is_told_to_stop(&self) -> bool {
        self.told_to_stop.load(Ordering::Relaxed)
    }

    /// Why nothing is written any more, if so.
    pub fn ended(&self) -> Option<StoreError> {
        self.disk.ended()
    }

    /// Waits until the disk failed or the file was found damaged or gone, if ever.
    pub async fn until_ended(&self) -> StoreError {
        self.disk.until_ended().await
    }
}

/// Records something that left the state of a post as it is.
pub(super) async fn note(
    tx: &mut Write,
    post: i64,
    now: Timestamp,
    event: &str,
    actor: &str,
    reason: &str,
) -> Result<()> {
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
