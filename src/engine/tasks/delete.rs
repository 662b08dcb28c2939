//! Takes stories down, and believes it only when Kakao neither shows the story by itself nor in the list.

use crate::domain::clock::{earlier, later};
use crate::domain::fault::{Fault, FaultClass};
use crate::domain::retry::{AfterFailure, after_failure};
use crate::engine::context::Ctx;
use crate::engine::doubt::evidence::BELOW;
use crate::engine::doubt::listing::order::profile_of;
use crate::engine::failure::{block_account, given_up};
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::with_token;
use crate::network::kakao::error::{is_gone, stops_posts};
use crate::network::kakao::list::ListEntry;
use crate::store::Written;
use crate::store::queue::Doomed;
use crate::store::view::TaskKind;

/// Most pages of the list in which a story that is gone is looked for: enough for all that people post by hand within two days.
const PAGES_MAX: usize = 10;

/// Takes down the account's next story whose time has come.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let Some(doomed) = ctx.store.begin_delete(account, ctx.clock.now()).await? else {
        return Ok(TaskReport::idle(TaskKind::Delete, account));
    };
    let post = Some((doomed.post, doomed.job.clone()));
    let number = doomed.post;
    let taken_down = take_down(ctx, account, &doomed).await.map_err(|error| error.of_post(number))?;
    let outcome = record(ctx, account, doomed, taken_down).await.map_err(|error| error.of_post(number))?;
    Ok(TaskReport { deed: TaskKind::Delete, account: account.into(), post, outcome })
}

/// Records what became of it.
async fn record(
    ctx: &Ctx,
    account: &str,
    doomed: Doomed,
    taken_down: std::result::Result<&'static str, Fault>,
) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    let story_id = doomed.story_id.clone();
    Ok(match taken_down {
        Ok(how) => {
            ctx.store.unblock(account).await?;
            match ctx.store.record_deleted(doomed, how, now).await? {
                Written::Done => TaskOutcome::Deleted { story_id },
                Written::Lost => TaskOutcome::Lost,
            }
        }
        Err(fault) => {
            // A consent that posts do not need must not hold them up.
            if let FaultClass::Blocked(block) = &fault.class
                && stops_posts(&fault)
            {
                block_account(ctx, account, block, &fault).await?;
                ctx.store.snooze_delete(doomed, &fault, now).await?;
                TaskOutcome::Blocked { fault }
            } else {
                match after_failure(&ctx.rules.retry, doomed.failures.saturating_add(1), doomed.post, &fault) {
                    AfterFailure::Retry(wait) => {
                        let at = later(now, wait);
                        ctx.store.retry_delete(doomed, &fault, at, now).await?;
                        TaskOutcome::Retry { at, fault }
                    }
                    AfterFailure::GiveUp => {
                        let fault =
                            given_up(fault, "Once the cause is gone, order it again with `storyd admin delete`.");
                        ctx.store.fail_delete(doomed, &fault, now).await?;
                        TaskOutcome::Failed { fault }
                    }
                }
            }
        }
    })
}

/// Deletes, then looks. How it went, once Kakao does not show the story any more.
async fn take_down(ctx: &Ctx, account: &str, doomed: &Doomed) -> Result<std::result::Result<&'static str, Fault>> {
    let story_id = doomed.story_id.as_str();
    let deleted = with_token::repeatable(ctx, account, async |token| ctx.kakao.delete(&token, story_id).await).await;
    let was_up = deleted.is_ok();
    let how = match deleted {
        Ok(()) => "taken down, confirmed by a read",
        Err(fault) if is_gone(&fault) => "it was gone already, confirmed by a read",
        Err(fault) => return Ok(Err(fault)),
    };
    match with_token::repeatable(ctx, account, async |token| ctx.kakao.story(&token, story_id).await).await {
        Err(fault) if is_gone(&fault) => {}
        Err(fault) => return Ok(Err(fault)),
        Ok(_) => return Ok(Err(still_up("Kakao accepted the deletion, but still shows the story"))),
    }
    // Both may be answered for another account, or by a server that has lost it. The list may know better; of a story that Kakao says it
    // took down it need not be had.
    Ok(match is_listed(ctx, account, doomed).await? {
        Ok(true) => Err(still_up("Kakao says that the story does not exist, but its list still shows it")),
        Ok(false) => Ok(how),
        Err(_) if was_up => Ok(how),
        Err(fault) => Err(fault),
    })
}

fn still_up(why: &str) -> Fault {
    Fault::transient("still-up", why)
}

/// Whether the account's list shows the story, where it would stand in it.
async fn is_listed(ctx: &Ctx, account: &str, doomed: &Doomed) -> Result<std::result::Result<bool, Fault>> {
    let (came_at, above) = ctx.store.place_in_list(doomed.post).await?;
    let home = ctx.store.profile(account).await?;
    let below = earlier(came_at, BELOW);
    let mut last_id = above;
    for _ in 0..PAGES_MAX {
        let behind = last_id.as_deref();
        let page = with_token::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, behind).await).await;
        let entries = match page {
            Ok(page) => page.entries,
            // The one above is gone from Kakao, too: from the top.
            Err(fault) if is_gone(&fault) && last_id.is_some() => {
                last_id = None;
                continue;
            }
            Err(fault) => return Ok(Err(fault)),
        };
        let ids: Vec<&str> = entries.iter().filter_map(ListEntry::id).collect();
        if ids.contains(&doomed.story_id.as_str()) {
            return Ok(Ok(true));
        }
        if let Some(id) = ids.iter().find(|id| home.as_ref().is_some_and(|home| profile_of(id) != home)) {
            let why = format!("the list shows story {id}, whose ID is not that of this account's stories");
            return Ok(Err(Fault::transient("list", format!("{why}, so that it does not tell what is up"))));
        }
        // Where no time can be read it goes on, too.
        let oldest = entries.iter().filter_map(ListEntry::created_at).min();
        let Some(last) = ids.last().filter(|_| oldest.is_none_or(|oldest| oldest >= below)) else { break };
        last_id = Some((*last).to_owned());
    }
    Ok(Ok(false))
}
