//! The posts whose rows take nothing, kept in memory until the next start.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Most posts that are left alone at the same time.
const UNTOUCHABLE_MAX: usize = 1_000;

/// The posts whose rows take nothing.
#[derive(Debug, Default)]
pub(crate) struct Untouchable(Mutex<BTreeSet<i64>>);

impl Untouchable {
    pub(super) fn insert(&self, post: i64) {
        let mut posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if posts.len() < UNTOUCHABLE_MAX {
            posts.insert(post);
        }
    }

    /// As a JSON array of their numbers, for statements that pass them over.
    pub(crate) fn as_json(&self) -> String {
        let posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        format!("[{}]", posts.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
    }

    pub(super) fn list(&self) -> Vec<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
