//! What the plan wants in the queue: the jobs and their occurrences. Knows nothing of what is there already.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::content::Content;
use crate::domain::policy::{FallsIn, InDoubt, Late};

/// An occurrence as the plan wants it in the queue.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The local time that the schedule named, or `now`: with the job, the identity of the post.
    pub nominal: String,
    /// The instant of that: with the job, its other identity.
    pub nominal_at: Timestamp,
    /// When it should appear: later by its jitter, and moved out of a blackout.
    pub occurs_at: Timestamp,
    /// The blackout that it falls into.
    pub falls_in: Option<FallsIn>,
    /// Why a person must look at it before it goes out, if it is new: its time had passed long before the queue learnt of it.
    pub stale: Option<String>,
    /// What it says, if that differs from post to post; absent: what the job says.
    pub content: Option<Content>,
    /// Its tags, if they differ from post to post.
    pub tags: Option<Vec<String>>,
}

/// All that the plan says of one job.
#[derive(Clone, Debug)]
pub struct JobPosts {
    /// The job's name.
    pub job: String,
    /// Where it stands: file:line:column.
    pub source: String,
    /// The commit of the checkout that the file lies in, if it lies in one.
    pub commit: Option<String>,
    /// The account that it posts to.
    pub account: String,
    /// What it says.
    pub content: Content,
    /// Its tags.
    pub tags: Vec<String>,
    /// IANA name of the zone that its times are read in.
    pub zone: String,
    /// The version of the time zone rules by which the instants were found.
    pub tzdb: String,
    /// What happens when it is late.
    pub late: Late,
    /// What happens when its absence is proved.
    pub in_doubt: InDoubt,
    /// Take the story down this long after it was published.
    pub delete_after: Option<Duration>,
    /// Take the story down at this instant.
    pub delete_at: Option<Timestamp>,
    /// How long before its time it is prepared.
    pub prepare_ahead: Duration,
    /// Every occurrence that should be waiting, and any earlier one that may.
    pub occurrences: Vec<NewPost>,
    /// Occurrences whose nominal instant is at or before this one are kept when they are in the queue, but never added.
    pub add_after: Timestamp,
    /// Up to here every occurrence of the job is in `occurrences`.
    pub complete_until: Timestamp,
    /// Occurrences that have no text. Posts that stand for them already stay as they are.
    pub unmade: Vec<MissingText>,
}

/// An occurrence whose text cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingText {
    /// The job's name.
    pub job: String,
    /// The nominal local time that its schedule names.
    pub nominal: String,
    /// When the text would have appeared, and why there is none.
    pub why: String,
}
