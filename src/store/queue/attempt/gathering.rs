//! The buffers in which lanes gather to share a commit, and the lead that goes from lane to lane. What the leader writes stands in `together`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::oneshot;

use super::claim::Intent;
use crate::domain::clock::later;
use crate::store::values::micros;

/// Most lanes that share a commit.
const LANES_MAX: usize = 512;

/// A story that came to exist, to be recorded.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Done {
    pub(super) post: i64,
    pub(super) token: i64,
    pub(super) attempt: i64,
    pub(super) story: String,
    pub(super) at: i64,
    pub(super) account: String,
    /// What Kakao's clock said, where it said anything.
    pub(super) server_at: Option<i64>,
}

/// The rows of one lane.
#[derive(Clone, Debug, Default)]
pub(super) struct LaneRows {
    pub(super) done: Option<Done>,
    pub(super) wish: Option<ClaimRequest>,
}

/// What became of the rows of one lane.
#[derive(Debug, Default)]
pub(super) struct CommitResult {
    /// The story was recorded. `Some(true)`: by an account that was marked as blocked or refused until now.
    pub(super) recorded: Option<bool>,
    /// The post that was taken.
    pub(super) taken: Option<Intent>,
    /// The batch was refused, or nobody knows whether it was committed: each lane goes by itself.
    pub(super) alone: bool,
}

impl CommitResult {
    pub(super) fn alone() -> Self {
        Self { alone: true, ..Self::default() }
    }
}

/// A lane that waits.
pub(super) struct WaitingLane {
    pub(super) rows: LaneRows,
    pub(super) turn: oneshot::Sender<LaneResult>,
}

/// What a waiting lane is told.
pub(super) enum LaneResult {
    Became(CommitResult),
    /// To lead, with the rows that it had handed in.
    Lead(LaneRows, Leader),
}

/// The buffers in which lanes gather.
#[derive(Default)]
pub(crate) struct Together(Mutex<CommitBatch>);

#[derive(Default)]
struct CommitBatch {
    led: bool,
    lanes: VecDeque<WaitingLane>,
}

/// The lead. Whoever drops it, in whatever way, hands it on, so that nobody waits for a leader that is gone.
pub(super) struct Leader(pub(super) Arc<Together>);

impl Drop for Leader {
    fn drop(&mut self) {
        let next = {
            let mut gathered = self.0.lock();
            let next = gathered.lanes.pop_front();
            gathered.led = next.is_some();
            next
        };
        if let Some(WaitingLane { rows, turn }) = next {
            // To a lane that is gone: the baton comes back as the error, is dropped, and goes to the one after it.
            let _ = turn.send(LaneResult::Lead(rows, Self(self.0.clone())));
        }
    }
}

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Together").field("waiting", &self.lock().lanes.len()).finish()
    }
}

impl Together {
    fn lock(&self) -> std::sync::MutexGuard<'_, CommitBatch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands rows in: the lead when nobody has it, else the place where the lane learns what became of them.
    pub(super) fn hand_in(
        self: &Arc<Self>,
        rows: LaneRows,
    ) -> std::result::Result<(LaneRows, Leader), oneshot::Receiver<LaneResult>> {
        let mut gathered = self.lock();
        if !gathered.led {
            gathered.led = true;
            return Ok((rows, Leader(self.clone())));
        }
        let (turn, told) = oneshot::channel();
        gathered.lanes.push_back(WaitingLane { rows, turn });
        Err(told)
    }

    pub(super) fn gathered(&self) -> Vec<WaitingLane> {
        let mut gathered = self.lock();
        let lanes = gathered.lanes.len().min(LANES_MAX - 1);
        gathered.lanes.drain(..lanes).collect()
    }
}

/// A wish for an account's next due post.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ClaimRequest {
    pub(super) account: String,
    at: i64,
    until: i64,
}

impl ClaimRequest {
    pub(super) fn new(account: &str, now: Timestamp, lease: Duration) -> Self {
        Self { account: account.into(), at: micros(now), until: micros(later(now, lease)) }
    }
}
