//! Reads an account's list of stories, page by page, and says whether it is consistent with itself and with what is on record.
//!
//! Nothing is kept of a page but what its reader takes from it, and a few bytes a story to recognise it by, so that a list of any
//! length needs bounded memory. A list that leads in a circle is recognised when the first story comes again.

use std::ops::ControlFlow;

use super::{Ctx, Result, session};
use crate::domain::clock::Heard;
use crate::domain::fault::Fault;
use crate::kakao::story::Story;
use crate::store::queue::Owner;
use order::Order;

pub(super) mod order;

/// How much of a list is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Pages.
    pub(super) pages: u32,
    /// Stories on all of them.
    pub(super) stories: usize,
}

/// A story of the list, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) story: Story,
    pub(super) owner: Option<Owner>,
}

/// What is known of a list when its pages were read.
#[derive(Debug)]
pub(super) struct Listing {
    /// When the first page came, by both clocks; `None`: it carried no date.
    pub(super) heard: Option<Heard>,
    pub(super) order: Order,
    pub(super) end: End,
}

/// Why no further page was read.
#[derive(Debug)]
pub(super) enum End {
    /// There is none.
    Whole,
    /// The reader had enough.
    Enough,
    /// The list is longer than the bounds.
    Short(Fault),
    /// The daemon stops.
    Stopped,
}

/// Reads the list until `take` has enough, the list ends, or the bounds are reached. `home` is the account's profile, as far as it is
/// on record.
pub(super) async fn read(
    ctx: &Ctx,
    account: &str,
    home: Option<String>,
    bounds: Bounds,
    mut take: impl FnMut(Option<Heard>, Vec<Listed>) -> ControlFlow<()>,
) -> Result<std::result::Result<Listing, Fault>> {
    let mut listing = Listing { heard: None, order: Order::new(home), end: End::Whole };
    let mut last_id: Option<String> = None;
    for number in 0..bounds.pages {
        if ctx.under_way.is_ending() {
            return Ok(Ok(Listing { end: End::Stopped, ..listing }));
        }
        let read = session::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, last_id.as_deref()).await);
        let page = match read.await {
            Ok(page) => page,
            Err(fault) => return Ok(Err(fault)),
        };
        if number == 0 {
            listing.heard = page.server_date.map(|kakao_at| Heard { at: ctx.clock.now(), kakao_at });
        }
        let Some(last) = page.stories.last() else { return Ok(Ok(listing)) };
        last_id = Some(last.id.clone());
        let fresh = listing.order.take(page.stories, listing.heard);
        if fresh.is_empty() {
            return Ok(Err(Fault::transient(
                "list",
                "the list of stories leads in a circle: a page shows only stories of the pages before it",
            )));
        }
        let ids: Vec<&str> = fresh.iter().map(|story| story.id.as_str()).collect();
        let mut owners = ctx.store.owners(&ids).await?;
        let owned = fresh.into_iter().map(|story| {
            // Two accounts of the record may be one at Kakao: the own one first.
            let mine = owners.iter().position(|owner| owner.story_id == story.id && owner.account == account);
            let place = mine.or_else(|| owners.iter().position(|owner| owner.story_id == story.id));
            Listed { owner: place.map(|place| owners.swap_remove(place)), story }
        });
        if take(listing.heard, owned.collect()).is_break() {
            return Ok(Ok(Listing { end: End::Enough, ..listing }));
        }
        if listing.order.listed() >= bounds.stories {
            break;
        }
    }
    let why =
        format!("the list of stories is longer than {} pages or {} stories since then", bounds.pages, bounds.stories);
    Ok(Ok(Listing { end: End::Short(Fault::transient("list", why)), ..listing }))
}
