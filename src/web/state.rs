//! What every page is made from: the queue, for as long as the dashboard runs, and what stands beside it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, RwLock, Semaphore};

use super::failed::Failed;
use crate::engine::Ctx;

/// What the pages tell beside the queue.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The flags with which a command finds this queue, each after a blank; empty when it needs none.
    pub command_flags: String,
    /// Where the embedded sandbox is, when nothing reaches Kakao.
    pub sandbox_url: Option<String>,
    /// What people call the accounts that have a title.
    pub titles: BTreeMap<String, String>,
}

impl Surroundings {
    /// What people call an account.
    pub(super) fn shown(&self, account: &str) -> String {
        self.titles.get(account).map_or(account, String::as_str).to_owned()
    }
}

/// What every page is made from.
pub(super) struct House {
    pub(super) queue: Queue,
    pub(super) surroundings: Surroundings,
    pub(super) address: SocketAddr,
}

/// The queue, for as long as the dashboard runs.
#[derive(Clone)]
pub(super) struct Queue {
    pub(super) ctx: Arc<RwLock<Option<Arc<Ctx>>>>,
    pub(super) turns: Arc<Semaphore>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    /// Waits for a turn to read. Nothing more is read once the dashboard stops.
    pub(super) async fn turn(&self) -> Result<ReadPermit, Failed> {
        let permit = self.turns.clone().acquire_owned().await.map_err(|_| Failed::Stopping)?;
        let ctx = self.ctx.clone().read_owned().await;
        let ctx = OwnedRwLockReadGuard::try_map(ctx, |ctx| ctx.as_deref()).map_err(|_| Failed::Stopping)?;
        Ok(ReadPermit { ctx, _permit: permit })
    }
}

/// The right to read. While one is held, [`Dashboard::stop`](super::Dashboard::stop) waits.
pub(super) struct ReadPermit {
    ctx: OwnedRwLockReadGuard<Option<Arc<Ctx>>, Ctx>,
    _permit: OwnedSemaphorePermit,
}

impl std::ops::Deref for ReadPermit {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}
