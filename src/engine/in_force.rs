//! The plan in force, and what keeps the job files, or some of their texts, out of it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::plan::Plan;
use crate::plan::problem::Problems;
use crate::store::queue::Unmade;

/// The plan in force: replaced whole, and only by one that loaded without an error.
#[derive(Debug, Default)]
pub struct PlanCell(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    plan: Option<Arc<Plan>>,
    generation: u64,
    /// Why the job files on disk are not in force, while they do not load.
    broken: Option<Arc<Problems>>,
    /// What it names and nobody can say, as the last enqueueing found.
    unmade: Arc<Vec<Unmade>>,
}

impl PlanCell {
    /// The plan in force, if any job file ever loaded, and a number that changes with it.
    pub fn get(&self) -> (Option<Arc<Plan>>, u64) {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (held.plan.clone(), held.generation)
    }

    /// Puts a plan in force.
    pub fn set(&self, plan: Plan) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.plan = Some(Arc::new(plan));
        held.generation += 1;
        held.broken = None;
    }

    /// Remembers why the job files do not load; the plan in force stays.
    pub fn set_broken(&self, problems: Problems) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).broken = Some(Arc::new(problems));
    }

    /// Remembers which occurrences of the plan in force have no text.
    pub fn set_unmade(&self, unmade: Vec<Unmade>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).unmade = Arc::new(unmade);
    }

    /// The occurrences of the plan in force that have no text.
    pub fn unmade(&self) -> Arc<Vec<Unmade>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).unmade.clone()
    }

    /// Why the job files on disk are not in force; `None` when they are.
    pub fn broken(&self) -> Option<Arc<Problems>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).broken.clone()
    }
}
