//! The plan in force, and what keeps job files, or some of their texts, out of it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::plan::{Frozen, Loaded, Plan};
use crate::store::queue::MissingText;
use crate::yaml::problem::Problems;

/// The plan in force: of each job file the last version that loaded without an error.
#[derive(Debug, Default)]
pub struct PlanCell(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    plan: Option<Arc<Plan>>,
    generation: u64,
    /// Why the job files on disk are not in force, while they do not load.
    broken: Option<Arc<Problems>>,
    /// The files that are not in force as they are on disk: their jobs stay as they were.
    frozen: Arc<Vec<Frozen>>,
    /// What it names and nobody can say, as the last enqueueing found.
    unmade: Arc<Vec<MissingText>>,
}

impl PlanCell {
    /// The plan in force, if any job file ever loaded, and a number that changes with it.
    pub fn get(&self) -> (Option<Arc<Plan>>, u64) {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (held.plan.clone(), held.generation)
    }

    /// Puts a plan in force.
    pub fn set(&self, plan: Plan) {
        self.take(Loaded { plan, ..Loaded::default() });
    }

    /// Puts what was read in force. The jobs of a file that is broken stay as they were when it was last in order; so does a job that left
    /// its file while a broken one names it: it was moved there.
    pub fn take(&self, read: Loaded) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Loaded { mut plan, broken, frozen } = read;
        held.broken = broken.map(Arc::new);
        held.frozen = Arc::new(frozen);
        // Where nothing loads, nothing is known that could change anything.
        if held.broken.is_some() && plan.files.is_empty() {
            return;
        }
        if let Some(before) = &held.plan {
            for (name, job) in &before.jobs {
                let stays = || held.frozen.iter().any(|file| file.covers(&job.place.file) || file.names(name));
                if !plan.jobs.contains_key(name) && stays() {
                    plan.jobs.insert(name.clone(), job.clone());
                }
            }
        }
        held.plan = Some(Arc::new(plan));
        held.generation += 1;
    }

    /// Remembers why no job file loads; the plan in force stays.
    pub fn set_broken(&self, problems: Problems) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).broken = Some(Arc::new(problems));
    }

    /// The files that are not in force as they are on disk.
    pub fn frozen(&self) -> Arc<Vec<Frozen>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).frozen.clone()
    }

    /// Remembers which occurrences of the plan in force have no text.
    pub fn set_unmade(&self, unmade: Vec<MissingText>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).unmade = Arc::new(unmade);
    }

    /// The occurrences of the plan in force that have no text.
    pub fn unmade(&self) -> Arc<Vec<MissingText>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).unmade.clone()
    }

    /// Why the job files on disk are not in force; `None` when they are.
    pub fn broken(&self) -> Option<Arc<Problems>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).broken.clone()
    }
}
