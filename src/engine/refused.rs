//! Looks at Kakao's list before a post is sent once more whose request was refused plainly before. Such a refusal says that nothing was
//! made; one look at the list bears that out, or the post is in doubt.
//!
//! No quarantine is needed: the answer came, so that nothing of that request is under way any more. While the list cannot be read the
//! post waits and is looked for again; a doubt would only ask the same list. Whatever else is not certain is left to `reconcile`.

use std::ops::ControlFlow;
use std::time::Duration;

use super::context::Ctx;
use super::doubt::evidence::{Evidence, Says, Sought};
use super::doubt::listing::order::Inconsistency;
use super::doubt::listing::whose::AbsenceTrust;
use super::doubt::listing::{Bounds, ListEnd, lacking, read};
use super::doubt::matching::Sending;
use super::report::Result;
use crate::domain::clock::{between, later};
use crate::domain::fault::{Fault, FaultClass, Remedy};
use crate::network::kakao::error::is_of_one_call;
use crate::store::queue::{Intent, Refused};

/// How much of a list one look reads.
const BOUNDS: Bounds = Bounds { pages: 200, stories: 20_000, until_flaw: false };

/// Between two looks, while the list cannot be read.
const LOOK_MIN: Duration = Duration::from_secs(2);
const LOOK_MAX: Duration = Duration::from_secs(60);

/// What becomes of a post that was refused before.
#[derive(Debug)]
pub(crate) enum RefusalVerdict {
    /// Nothing came of the request that was refused: it is sent again.
    Send,
    /// That is not certain.
    Doubt(Fault),
    /// The list cannot be read just now: it is looked at again after so long.
    Wait(Fault, Duration),
    /// The account is blocked: it waits, and is looked for again.
    Blocked(Fault),
    /// The daemon stops.
    Stopped,
}

/// Whether the list bears out that nothing came of the requests that were refused.
pub(super) async fn look(ctx: &Ctx, account: &str, intent: &Intent, refused: Refused) -> Result<RefusalVerdict> {
    let outgoing = intent.outgoing();
    let skew = refused.skew.unwrap_or_default();
    let sending = Sending {
        intent_at: refused.began_at,
        skew_then: refused.skew,
        heard_before: refused.began_at.checked_add(skew).ok(),
        until: between(refused.began_at, ctx.clock.now()),
    };
    let sought = Sought::new(outgoing.content.clone(), outgoing.artifact.as_ref(), sending, refused.attempt, None);
    let home = ctx.store.profile(account).await?;
    let mut evidence = Evidence::default();
    let taken = read(ctx, account, home, BOUNDS, |heard, page| {
        if evidence.take(&sought, heard, true, page) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let mut listing = match taken.await? {
        Ok(listing) => listing,
        Err(fault) => return unreadable(ctx, intent, &refused, fault).await,
    };
    match listing.end {
        ListEnd::Stopped => return Ok(RefusalVerdict::Stopped),
        ListEnd::Short(fault) => return Ok(RefusalVerdict::Doubt(not_listed(&fault))),
        ListEnd::Whole | ListEnd::Enough => {}
    }
    if !evidence.is_in_order() {
        listing.order.note(Inconsistency::Shuffled);
    }
    if let Some(flaw) = evidence.unexplained(&sought, listing.heard, listing.order.flaws()) {
        listing.order.note(flaw);
    }
    let why = match evidence.says(&sought, listing.heard, listing.order.flaws()) {
        Says::Found(story_id) => format!("the list shows it as story {story_id}"),
        Says::Several(suspects) | Says::Perhaps(suspects) => {
            let named: Vec<&str> = suspects.iter().map(|suspect| suspect.story_id.as_str()).collect();
            format!("the list shows stories that may be its own ({})", named.join(", "))
        }
        Says::Nothing => match lacking(ctx, account, None, &mut listing, AbsenceTrust::OfARefusal).await? {
            Err(fault) => return unreadable(ctx, intent, &refused, fault).await,
            Ok(()) => match listing.order.flaws().first() {
                None => return Ok(RefusalVerdict::Send),
                Some(flaw) => format!("the list {flaw}, so that it proves nothing"),
            },
        },
    };
    Ok(RefusalVerdict::Doubt(doubt(why)))
}

/// The list cannot be read. Where the account is not allowed to read it no look can ever tell, and the refusal is believed. Anything else
/// passes, as a rule, while the post may still go out.
async fn unreadable(ctx: &Ctx, intent: &Intent, refused: &Refused, fault: Fault) -> Result<RefusalVerdict> {
    match &fault.class {
        FaultClass::Blocked(block) if matches!(block.cure, Remedy::Consent(_)) || is_of_one_call(&fault) => {
            return Ok(RefusalVerdict::Send);
        }
        FaultClass::Blocked(_) => return Ok(RefusalVerdict::Blocked(fault)),
        _ => {}
    }
    let doubt = not_listed(&fault);
    let looks = ctx.store.failures_alike(intent.taken().post, &doubt.code).await?;
    let wait = LOOK_MIN.saturating_mul(1 << looks.min(16)).min(LOOK_MAX);
    let in_time = refused.late_until.is_none_or(|until| later(ctx.clock.now(), wait) < until);
    if !in_time || LOOK_MAX * looks >= ctx.rules.doubt_limit {
        return Ok(RefusalVerdict::Doubt(doubt));
    }
    let mut fault = Fault::transient(&doubt.code, doubt.reason);
    fault.remedy = doubt.remedy;
    Ok(RefusalVerdict::Wait(fault, wait))
}

fn not_listed(fault: &Fault) -> Fault {
    doubt(format!("the list could not be read: {fault}"))
}

fn doubt(why: String) -> Fault {
    Fault::new(
        FaultClass::Ambiguous,
        "refused",
        format!("Kakao refused it when it was sent before, and {why}"),
        "Nothing to do yet: storyd looks for the story before anything is sent again.",
    )
}
