//! The posts that this process is publishing: a sweep takes none of them for dead.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The posts that tasks of this process are publishing right now. A lease cannot tell a task that died from one that slept with
/// the machine; this can. What is in here is never taken for dead.
#[derive(Clone, Debug, Default)]
pub struct UnderWay(Arc<Mutex<BTreeSet<i64>>>, Arc<AtomicBool>);

impl UnderWay {
    /// The daemon stops: what takes many requests makes no further one.
    pub(crate) fn end(&self) {
        self.1.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }

    /// Counts `post` in for as long as the guard lives, however its task ends.
    pub(super) fn enter(&self, post: i64) -> UnderWayGuard {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(post);
        UnderWayGuard { all: self.clone(), post }
    }

    /// All of them.
    pub(super) fn posts(&self) -> Vec<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

/// Held by the task that publishes a post.
pub(super) struct UnderWayGuard {
    all: UnderWay,
    post: i64,
}

impl Drop for UnderWayGuard {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.post);
    }
}
