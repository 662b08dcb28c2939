//! Places where a process may die: before each write to the disk and around each request. They do nothing unless a test has put
//! [`dying_at`] around the work; then the work stops at the chosen place as if the process had been killed there. What an instant
//! after one step would leave behind is what an instant before the next one leaves, so one place a step is enough.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::error::{DatabaseError, ErrorKind};
use tokio::sync::Notify;

tokio::task_local! {
    static PLAN: Arc<FailurePlan>;
    static COMMITS: Arc<Commits>;
}

#[derive(Default)]
struct FailurePlan {
    passed: AtomicU64,
    dies_at: Option<u64>,
    died: Notify,
}

/// One such place.
pub async fn point() {
    let Ok(plan) = PLAN.try_with(Arc::clone) else { return };
    let passed = plan.passed.fetch_add(1, Ordering::Relaxed) + 1;
    if plan.dies_at == Some(passed) {
        plan.died.notify_one();
        std::future::pending::<()>().await;
    }
}

/// Does `work` and stops it for good at its `dies_at`-th place (from 1), if it gets there. Gives what it yielded, or `None` when it
/// died, and how many places it passed.
pub async fn dying_at<Work: Future>(dies_at: Option<u64>, work: Work) -> (Option<Work::Output>, u64) {
    let plan = Arc::new(FailurePlan { dies_at, ..FailurePlan::default() });
    // tidy: uncut because being cut short at any place is what dying means, and only tests ask for it
    let done = tokio::select! {
        done = PLAN.scope(plan.clone(), work) => Some(done),
        () = plan.died.notified() => None,
    };
    (done, plan.passed.load(Ordering::Relaxed))
}

/// What becomes of a commit that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing of it is on the disk, as when there is no room.
    Undone,
    /// All of it is on the disk, although the fsync failed.
    Done,
}

struct Commits {
    passed: AtomicU64,
    fails_at: u64,
    fault: CommitFault,
    code: i32,
}

/// Does `work`, in which the `fails_at`-th commit (from 1) ends with SQLite's `code`. Commits of tasks that `work` spawns are not
/// counted.
pub async fn failing_commit<Work: Future>(fails_at: u64, fault: CommitFault, code: i32, work: Work) -> Work::Output {
    COMMITS.scope(Arc::new(Commits { passed: AtomicU64::new(0), fails_at, fault, code }), work).await
}

/// A commit, or what a test wants instead of it.
pub(super) async fn committing(commit: impl Future<Output = sqlx::Result<()>>) -> sqlx::Result<()> {
    let Ok(plan) = COMMITS.try_with(Arc::clone) else { return commit.await };
    if plan.passed.fetch_add(1, Ordering::Relaxed) + 1 != plan.fails_at {
        return commit.await;
    }
    if plan.fault == CommitFault::Done {
        commit.await?;
    }
    Err(sqlx::Error::Database(Box::new(InjectedError(plan.code))))
}

/// An error as SQLite would give it.
#[derive(Debug)]
struct InjectedError(i32);

impl std::fmt::Display for InjectedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(code: {}) as a test wants it", self.0)
    }
}

impl std::error::Error for InjectedError {}

impl DatabaseError for InjectedError {
    fn message(&self) -> &str {
        "as a test wants it"
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.0.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn three_steps(done: &AtomicU64) {
        for _ in 0..3 {
            point().await;
            done.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn work_stops_before_the_chosen_step_and_nothing_after_it_happens() {
        for dies_at in 1..=3 {
            let done = AtomicU64::new(0);
            assert_eq!(dying_at(Some(dies_at), three_steps(&done)).await, (None, dies_at));
            assert_eq!(done.load(Ordering::Relaxed), dies_at - 1);
        }
        let done = AtomicU64::new(0);
        assert_eq!(dying_at(Some(4), three_steps(&done)).await, (Some(()), 3));
    }

    #[tokio::test]
    async fn outside_of_a_test_that_asks_for_it_nobody_dies() {
        let done = AtomicU64::new(0);
        three_steps(&done).await;
        assert_eq!(done.load(Ordering::Relaxed), 3);
    }
}
