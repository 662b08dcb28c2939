//! How many posts an enqueueing added, changed and withdrew.

/// What enqueueing changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// Posts that are new.
    pub added: u64,
    /// Waiting posts that now say, or are timed, otherwise. One that waits for a person follows the job file uncounted.
    pub changed: u64,
    /// Waiting posts whose occurrence left the job file.
    pub cancelled: u64,
    /// Posts that left the job files and are held, because that may be an accident.
    pub withheld: u64,
    /// Posts that had left the job file and are back.
    pub restored: u64,
    /// Posts that a blackout holds for a person from here on.
    pub held: u64,
    /// Posts that a blackout leaves out from here on.
    pub skipped: u64,
    /// Posts in the middle of an attempt that should change: look again shortly.
    pub busy: u64,
    /// Posts that the queue refused.
    pub refused: u64,
}

impl std::ops::AddAssign for Enqueued {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.cancelled += other.cancelled;
        self.withheld += other.withheld;
        self.restored += other.restored;
        self.held += other.held;
        self.skipped += other.skipped;
        self.busy += other.busy;
        self.refused += other.refused;
    }
}
