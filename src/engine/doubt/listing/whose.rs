//! Whose a list is. A server that mixes up accounts shows a list that is whole and in order, and another's: what it says is worth nothing
//! before something else bears out that it is this account's.
//!
//! The answer to a post does, for as long as the account belongs to the same user: it made its profile known, or its story stands in the
//! list. Until there is one, the account's own page does, where the account shows its address. Beyond these two, a single story that
//! Kakao shows to the account when it is asked for it by itself bears out that this one is its own, and no absence.

use super::order::{Inconsistency, Order, profile_of};
use crate::domain::fault::Fault;
use crate::engine::context::Ctx;
use crate::engine::with_token;
use crate::network::kakao::error::is_gone;
use crate::network::kakao::story::Story;

/// What an absence from the list is to be believed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AbsenceTrust {
    /// To send a post again of which nobody knows what became.
    OfADoubt,
    /// To bear out a plain refusal, which says the same.
    OfARefusal,
}

/// Notes it as a flaw where nothing bears out that the list is the account's. One that shows no story is nobody's, and no flaw.
pub(crate) async fn claim(ctx: &Ctx, account: &str, order: &mut Order, absence: AbsenceTrust) -> Result<(), Fault> {
    let Some(newest) = order.newest().filter(|_| !order.is_claimed()).map(str::to_owned) else { return Ok(()) };
    match own_page(ctx, account).await {
        Some(page) if page == profile_of(&newest) => return Ok(()),
        Some(_) if !profile_of(&newest).is_empty() => {
            order.note(Inconsistency::Foreign(newest));
            return Ok(());
        }
        _ => {}
    }
    if absence == AbsenceTrust::OfARefusal && asked_for(ctx, account, &newest).await?.is_some() {
        return Ok(());
    }
    order.note(Inconsistency::Unclaimed);
    Ok(())
}

/// What speaks against it that a story which the list shows as the post's is the account's own; `None`: nothing does. `is_shown` tells
/// whether it is the same story.
pub(crate) async fn against(
    ctx: &Ctx,
    account: &str,
    order: &Order,
    story_id: &str,
    is_shown: impl FnOnce(&Story) -> bool,
) -> Result<Option<Inconsistency>, Fault> {
    if order.is_at_home() {
        return Ok(None);
    }
    if !asked_for(ctx, account, story_id).await?.is_some_and(|story| is_shown(&story)) {
        return Ok(Some(Inconsistency::Denied(story_id.to_owned())));
    }
    let profile = profile_of(story_id);
    let is_elsewhere = !profile.is_empty() && own_page(ctx, account).await.is_some_and(|page| page != profile);
    Ok(is_elsewhere.then(|| Inconsistency::Foreign(story_id.to_owned())))
}

/// The story as Kakao shows it to the account by itself; `None`: it does not exist.
async fn asked_for(ctx: &Ctx, account: &str, story_id: &str) -> Result<Option<Story>, Fault> {
    match with_token::repeatable(ctx, account, async |token| ctx.kakao.story(&token, story_id).await).await {
        Ok(story) => Ok(Some(story).filter(|story| story.id == story_id)),
        Err(fault) if is_gone(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The profile in the address of the account's own page: `https://story.kakao.com/<profile>`. `None`: the account does not show it, or
/// Kakao does not tell.
async fn own_page(ctx: &Ctx, account: &str) -> Option<String> {
    match with_token::repeatable(ctx, account, async |token| ctx.kakao.profile(&token).await).await {
        Ok(profile) => profile.own_profile(),
        Err(fault) => {
            tracing::debug!(account, %fault, "Kakao does not tell the address of the account's page");
            None
        }
    }
}
