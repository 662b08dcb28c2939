//! What a deed did, and what came of it: the words in which the deeds tell the daemon, and the daemon whoever started it.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::fault::Fault;
use crate::domain::policy::InDoubt;
use crate::store::StoreError;
use crate::store::queue::Aside;
use crate::store::view::TaskKind;

/// A result of this floor: the only thing that a deed cannot deal with itself is the database.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What a deed did.
#[derive(Clone, Debug)]
pub struct TaskReport {
    /// Which deed.
    pub deed: TaskKind,
    /// For which account.
    pub account: String,
    /// For which post and job, when there was one.
    pub post: Option<(i64, String)>,
    /// What came of it.
    pub outcome: TaskOutcome,
}

/// What came of a deed.
#[derive(Clone, Debug)]
pub enum TaskOutcome {
    /// There was nothing to do.
    Idle,
    /// Uploaded or scraped.
    Prepared,
    /// The story exists.
    Published {
        /// Its ID.
        story_id: String,
        /// How long after `occurs_at` the answer came.
        late: Duration,
    },
    /// The list showed the story of a doubtful post.
    Found {
        /// Its ID.
        story_id: String,
    },
    /// The story is gone, confirmed by a read.
    Deleted {
        /// Its ID.
        story_id: String,
    },
    /// Another try, which counts.
    Retry {
        /// When.
        at: Timestamp,
        /// Why.
        fault: Fault,
    },
    /// The account is the trouble; the post waits.
    Blocked {
        /// Why.
        fault: Fault,
    },
    /// A fresh access token was fetched; the post goes on at once.
    Refreshed,
    /// A person must look.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// Nobody knows whether the story exists.
    InDoubt {
        /// Why.
        fault: Fault,
    },
    /// The list did not settle a doubt yet.
    LookAgain {
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// Absence is proved.
    Absent {
        /// What follows.
        then: InDoubt,
    },
    /// A statement refused what the post brought: it is set aside for a person.
    SetAside {
        /// What became of it.
        aside: Aside,
        /// Why.
        why: String,
    },
    /// A statement refused a step that is no post's.
    Refused {
        /// Why.
        why: String,
    },
    /// A person must settle a doubt.
    Parked {
        /// Why.
        why: String,
    },
    /// Posts to come were looked at ahead.
    Foreseen {
        /// So many.
        posts: usize,
        /// Of these, so many that would not go out as they are meant.
        wrong: usize,
    },
    /// Kakao serves the account again.
    Healed,
    /// A notice was delivered.
    Told,
    /// A notice was not delivered.
    NotTold {
        /// When it is tried again; `None`: not any more.
        at: Option<Timestamp>,
        /// Why.
        why: String,
    },
    /// A step of an audit.
    Audited {
        /// Differences that it found.
        found: u32,
        /// The audit is over.
        ended: bool,
    },
    /// The list was consulted after a backup was restored; the account's posts go on.
    Restored {
        /// Stories that turned out to be posts of the record.
        found: usize,
        /// Posts that wait for a person.
        held: usize,
    },
    /// Somebody else moved the post first.
    Lost,
}

impl TaskReport {
    pub(super) fn idle(deed: TaskKind, account: &str) -> Self {
        Self { deed, account: account.into(), post: None, outcome: TaskOutcome::Idle }
    }
}
