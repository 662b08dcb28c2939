//! The one request that may create a story. It leaves after its intent is durable, once per intent, and whatever is not a plain
//! answer puts the post in doubt.

use super::session::{between_deaths, refresh, refused_again, token};
use super::setback::{set_back, unless_lost};
use super::{Ctx, Outcome, Report, Result};
use crate::domain::clock::{Heard, between, later};
use crate::domain::fault::{Fault, FaultClass};
use crate::kakao::error::name_account;
use crate::kakao::token::AccessToken;
use crate::store::queue::Intent;
use crate::store::view::Due;

/// How soon after a doubt arose Kakao's list is consulted for the first time.
const FIRST_LOOK: std::time::Duration = std::time::Duration::from_secs(2);

/// Publishes the account's next due post.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<Report> {
    let Some(claim) = ctx.store.claim_to_publish(account, ctx.clock.now(), ctx.rules.lease).await? else {
        return Ok(Report::idle(Due::Publish, account));
    };
    let post = Some((claim.taken().post, claim.taken().job.clone()));
    // Until the verdict is recorded: no sweep takes the request for dead while it may still leave or be answered.
    let _under_way = ctx.under_way.enter(claim.taken().post);
    let occurs_at = claim.occurs_at;
    let report = |outcome| Report { deed: Due::Publish, account: account.into(), post: post.clone(), outcome };

    let token = match token(ctx, account).await {
        Ok(token) => token,
        Err(fault) => return Ok(report(set_back(ctx, claim, fault).await?)),
    };
    let Some(intent) = ctx.store.intend(claim, ctx.clock.now(), ctx.rules.lease).await? else {
        return Ok(report(Outcome::Lost));
    };
    let answer = between_deaths(ctx.kakao.publish(&token, intent.outgoing())).await;
    let answer = answer.map_err(|fault| name_account(fault, account));
    let now = ctx.clock.now();
    let outcome = match answer {
        Ok(posted) => {
            let heard = posted.server_date.map(|kakao_at| Heard { at: now, kakao_at });
            let written = ctx.store.record_published(intent, &posted.story_id, heard, now).await?;
            ctx.store.unblock(account).await?;
            unless_lost(written, Outcome::Published { story_id: posted.story_id, late: between(occurs_at, now) })
        }
        Err(fault) if fault.class == FaultClass::Ambiguous => {
            let written = ctx.store.record_doubt(intent, &fault, later(now, FIRST_LOOK), now).await?;
            unless_lost(written, Outcome::InDoubt { fault })
        }
        Err(fault) if fault.wants_refresh() => refused_token(ctx, account, intent, &token, fault).await?,
        Err(fault) => set_back(ctx, intent, fault).await?,
    };
    Ok(report(outcome))
}

/// A -401 is a plain refusal: nothing was created. The post goes back into the queue and is sent with a fresh token under a new
/// intent; a second refusal in a row blocks the account.
async fn refused_token(ctx: &Ctx, account: &str, intent: Intent, used: &AccessToken, fault: Fault) -> Result<Outcome> {
    let now = ctx.clock.now();
    if !ctx.store.first_unauthorized(account, now).await? {
        return set_back(ctx, intent, refused_again(fault)).await;
    }
    match refresh(ctx, account, used).await {
        Ok(_) => {
            let written = ctx.store.snooze(intent, &fault, ctx.clock.now()).await?;
            Ok(unless_lost(written, Outcome::Refreshed))
        }
        Err(fault) => set_back(ctx, intent, fault).await,
    }
}
