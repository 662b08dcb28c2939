//! What the daemon tells whoever started it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::evidence::DoubtReason;
use crate::engine::report::TaskReport;
use crate::plan::Loaded;
use crate::store::StoreError;
use crate::store::queue::{Enqueued, Swept};
use crate::store::view::PostRow;

/// What the daemon tells whoever started it.
#[derive(Debug)]
pub enum News<'a> {
    /// The queue is open and swept, the job files are enqueued.
    Ready,
    /// What the sweep at start found.
    Swept(Swept),
    /// The job files were read again, and what loads of them comes into force.
    Plan(&'a Loaded),
    /// Job files that changed while their images were taken over, or an image that cannot be read.
    NotEnqueued(&'a StoreError),
    /// What enqueueing changed.
    Enqueued(Enqueued),
    /// What deeds did.
    Deeds(&'a [TaskReport]),
    /// The disk is full: nothing is claimed until there is room.
    DiskFull,
    /// There is room again, and the work goes on.
    DiskHasRoom,
    /// The wall clock moved otherwise than time did: it was set, or the machine slept.
    ClockJumped(SignedDuration),
    /// The clock is in doubt, and why: nothing is done until it is right.
    ClockInDoubt(&'a DoubtReason),
    /// The clock is believed again, and the work goes on.
    ClockBelieved,
    /// Nothing is under way; this is what comes next.
    Waiting(&'a NextWake),
    /// Told to stop; waits for so many deeds.
    Draining(usize),
}

/// What comes next.
#[derive(Clone, Debug, Default)]
pub struct NextWake {
    /// The post that is first in the queue, if one is.
    pub post: Option<PostRow>,
    /// When something falls due: that post, its upload, a look at a list, a take-down.
    pub at: Option<Timestamp>,
}
