//! Takes stories down, and believes it only after a read.

use super::setback::{block_account, given_up};
use super::{Ctx, Outcome, Report, Result, session};
use crate::domain::clock::later;
use crate::domain::fault::{Fault, FaultClass};
use crate::domain::retry::{Next, after_failure};
use crate::kakao::error::{is_gone, stops_posts};
use crate::store::Written;
use crate::store::queue::Doomed;
use crate::store::view::Due;

/// Takes down the account's next story whose time has come.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<Report> {
    let Some(doomed) = ctx.store.begin_delete(account, ctx.clock.now()).await? else {
        return Ok(Report::idle(Due::Delete, account));
    };
    let post = Some((doomed.post, doomed.job.clone()));
    let story_id = doomed.story_id.clone();
    let taken_down = take_down(ctx, account, &story_id).await;
    let number = doomed.post;
    let outcome = record(ctx, account, doomed, taken_down).await.map_err(|error| error.of_post(number))?;
    Ok(Report { deed: Due::Delete, account: account.into(), post, outcome })
}

/// Records what became of it.
async fn record(
    ctx: &Ctx,
    account: &str,
    doomed: Doomed,
    taken_down: std::result::Result<&'static str, Fault>,
) -> Result<Outcome> {
    let now = ctx.clock.now();
    let story_id = doomed.story_id.clone();
    Ok(match taken_down {
        Ok(how) => {
            ctx.store.unblock(account).await?;
            match ctx.store.record_deleted(doomed, how, now).await? {
                Written::Done => Outcome::Deleted { story_id },
                Written::Lost => Outcome::Lost,
            }
        }
        Err(fault) => {
            // A consent that posts do not need must not hold them up.
            if let FaultClass::Blocked(block) = &fault.class
                && stops_posts(&fault)
            {
                block_account(ctx, account, block, &fault).await?;
                ctx.store.snooze_delete(doomed, &fault, now).await?;
                Outcome::Blocked { fault }
            } else {
                match after_failure(&ctx.rules.retry, doomed.failures.saturating_add(1), doomed.post, &fault) {
                    Next::Retry(wait) => {
                        let at = later(now, wait);
                        ctx.store.retry_delete(doomed, &fault, at, now).await?;
                        Outcome::Retry { at, fault }
                    }
                    Next::GiveUp => {
                        let fault =
                            given_up(fault, "Once the cause is gone, order it again with `storyd admin delete`.");
                        ctx.store.fail_delete(doomed, &fault, now).await?;
                        Outcome::Failed { fault }
                    }
                }
            }
        }
    })
}

/// Deletes, then reads. How it went, once the read says that the story is gone.
async fn take_down(ctx: &Ctx, account: &str, story_id: &str) -> std::result::Result<&'static str, Fault> {
    let deleted = session::repeatable(ctx, account, async |token| ctx.kakao.delete(&token, story_id).await).await;
    let how = match deleted {
        Ok(()) => "taken down, confirmed by a read",
        Err(fault) if is_gone(&fault) => "it was gone already, confirmed by a read",
        Err(fault) => return Err(fault),
    };
    match session::repeatable(ctx, account, async |token| ctx.kakao.story(&token, story_id).await).await {
        Err(fault) if is_gone(&fault) => Ok(how),
        Err(fault) => Err(fault),
        Ok(_) => Err(Fault::transient("still-up", "Kakao accepted the deletion, but still shows the story")),
    }
}
