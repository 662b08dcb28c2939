//! Looks at Kakao's list before a post is sent once more whose request was refused plainly before. Such a refusal says that nothing was
//! made; one look at the list bears that out, or the post is in doubt.
//!
//! No quarantine is needed: the answer came, so that nothing of that request is under way any more. Whatever is not certain is left to
//! `reconcile`, which has time.

use std::ops::ControlFlow;

use super::evidence::{Evidence, Says, Sought};
use super::listing::order::Flaw;
use super::listing::{Bounds, End, lacking, read};
use super::matching::Sending;
use super::{Ctx, Result};
use crate::domain::clock::between;
use crate::domain::fault::{Cure, Fault, FaultClass};
use crate::kakao::error::is_of_one_call;
use crate::store::queue::{Intent, Refused};

/// How much of a list one look reads.
const BOUNDS: Bounds = Bounds { pages: 200, stories: 20_000, until_flaw: false };

/// What becomes of a post that was refused before.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing came of the request that was refused: it is sent again.
    Send,
    /// That is not certain.
    Doubt(Fault),
    /// The account is blocked: it waits, and is looked for again.
    Blocked(Fault),
    /// The daemon stops.
    Stopped,
}

/// Whether the list bears out that nothing came of the requests that were refused.
pub(super) async fn look(ctx: &Ctx, account: &str, intent: &Intent, refused: Refused) -> Result<Verdict> {
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
        Err(fault) => return Ok(unreadable(fault)),
    };
    match listing.end {
        End::Stopped => return Ok(Verdict::Stopped),
        End::Short(fault) => return Ok(unreadable(fault)),
        End::Whole | End::Enough => {}
    }
    if !evidence.is_in_order() {
        listing.order.note(Flaw::Shuffled);
    }
    let why = match evidence.says(&sought, listing.heard, listing.order.flaws()) {
        Says::Found(story_id) => format!("the list shows it as story {story_id}"),
        Says::Several(suspects) | Says::Perhaps(suspects) => {
            let named: Vec<&str> = suspects.iter().map(|suspect| suspect.story_id.as_str()).collect();
            format!("the list shows stories that may be its own ({})", named.join(", "))
        }
        Says::Nothing => match lacking(ctx, account, None, &mut listing).await? {
            Err(fault) => return Ok(unreadable(fault)),
            Ok(()) => match listing.order.flaws().first() {
                None => return Ok(Verdict::Send),
                Some(flaw) => format!("the list {flaw}, so that it proves nothing"),
            },
        },
    };
    Ok(Verdict::Doubt(doubt(why)))
}

/// The list cannot be read. Where the account is not allowed to read it no look can ever tell, and the refusal is believed.
fn unreadable(fault: Fault) -> Verdict {
    match &fault.class {
        FaultClass::Blocked(block) if matches!(block.cure, Cure::Consent(_)) || is_of_one_call(&fault) => Verdict::Send,
        FaultClass::Blocked(_) => Verdict::Blocked(fault),
        _ => Verdict::Doubt(doubt(format!("the list could not be read: {fault}"))),
    }
}

fn doubt(why: String) -> Fault {
    Fault::new(
        FaultClass::Ambiguous,
        "refused",
        format!("Kakao refused it when it was sent before, and {why}"),
        "Nothing to do yet: storyd looks for the story before anything is sent again.",
    )
}
