//! The steps of the upkeep that the database refused when they were last made, for whoever tells people of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The steps of the upkeep that the database refused when they were last made, with the reason.
#[derive(Clone, Debug, Default)]
pub struct RefusedSteps(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl RefusedSteps {
    pub(super) fn note(&self, step: &'static str, why: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(step, why.to_owned());
    }

    pub(super) fn over(&self, step: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
    }

    /// Each with its reason.
    pub fn list(&self) -> Vec<(&'static str, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(step, why)| (*step, why.clone())).collect()
    }
}
