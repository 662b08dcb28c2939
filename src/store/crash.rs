//! Places where a process may die: before each write to the disk and around each request. They do nothing unless a test has put
//! [`dying_at`] around the work; then the work stops at the chosen place as if the process had been killed there. What an instant
//! after one step would leave behind is what an instant before the next one leaves, so one place a step is enough.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

tokio::task_local! {
    static PLAN: Arc<Plan>;
}

#[derive(Default)]
struct Plan {
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
    let plan = Arc::new(Plan { dies_at, ..Plan::default() });
    // tidy: uncut because being cut short at any place is what dying means, and only tests ask for it
    let done = tokio::select! {
        done = PLAN.scope(plan.clone(), work) => Some(done),
        () = plan.died.notified() => None,
    };
    (done, plan.passed.load(Ordering::Relaxed))
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
