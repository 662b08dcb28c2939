//! Takes out of the record what is over and older than the settings keep it, one small batch at a time.

use std::time::Duration;

use crate::domain::clock::earlier;
use crate::domain::post::PostState;
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::settings::Keep;
use crate::store::queue::Pruned;

/// Most batches of one round: what is left is for the next one.
const BATCHES_MAX: u32 = 50;

/// How long it is known what people were told, and what of the machine and the accounts was wrong.
const NOTICES_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// How long each state that is over is kept.
pub fn states(keep: &Keep) -> [(PostState, Option<Duration>); 4] {
    [
        (PostState::Deleted, keep.deleted),
        (PostState::Cancelled, keep.cancelled),
        (PostState::Missed, keep.missed),
        (PostState::Failed, keep.failed),
    ]
}

/// Takes out what is due to leave, in at most so many batches.
pub async fn run_once(ctx: &Ctx, keep: &Keep) -> Result<Pruned> {
    let now = ctx.clock.now();
    let (mut pruned, mut batches) = (Pruned::default(), 0);
    for (state, length) in states(keep) {
        let Some(length) = length else { continue };
        while batches < BATCHES_MAX {
            batches += 1;
            let posts = ctx.store.prune_posts(state, earlier(now, length)).await?;
            pruned.posts += posts;
            if posts == 0 {
                break;
            }
        }
    }
    ctx.store.prune_notices(earlier(now, NOTICES_KEPT)).await?;
    if let Some(length) = keep.audits {
        while batches < BATCHES_MAX && ctx.store.prune_audit(earlier(now, length)).await? > 0 {
            batches += 1;
            pruned.audits += 1;
        }
    }
    Ok(pruned)
}
