//! Finds out whether an account that Kakao turned away is served again, by questions that post nothing. What only a post could
//! tell (a quota, a feature of the app) is left to the next post.

use std::time::Duration;

use crate::domain::clock::later;
use crate::domain::fault::FaultClass;
use crate::engine::context::Ctx;
use crate::engine::failure::block_account;
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::with_token;
use crate::store::view::TaskKind;

/// How soon a question that could not be answered is asked again.
const AGAIN: Duration = Duration::from_secs(120);

/// Asks for the account, and lets it go when all is well.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let outcome = match with_token::served(ctx, account).await {
        Ok(()) => {
            ctx.store.unblock(account).await?;
            TaskOutcome::Healed
        }
        Err(fault) => match &fault.class {
            FaultClass::Blocked(block) => {
                block_account(ctx, account, block, &fault).await?;
                TaskOutcome::Blocked { fault }
            }
            // The network or Kakao has trouble: nothing is known, so that nothing changes.
            FaultClass::Transient { .. } | FaultClass::Permanent | FaultClass::Ambiguous => {
                let at = later(ctx.clock.now(), AGAIN);
                ctx.store.probe_at(account, at).await?;
                TaskOutcome::LookAgain {
                    at,
                    why: format!("whether the account is served again could not be asked: {fault}"),
                }
            }
        },
    };
    Ok(TaskReport { deed: TaskKind::Probe, account: account.into(), post: None, outcome })
}
