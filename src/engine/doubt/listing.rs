//! Reads an account's list of stories, page by page, and says whether it is consistent with itself and with what is on record.
//!
//! Nothing is kept of a page but what its reader takes from it, and a few bytes a story to recognise it by, so that a list of any
//! length needs bounded memory. A list that leads in a circle is recognised when the first story comes again.

use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;

use self::order::{Inconsistency, Order};
use self::whose::AbsenceTrust;
use crate::domain::clock::{ServerTimeSample, later};
use crate::domain::fault::Fault;
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::engine::with_token;
use crate::network::kakao::error::is_gone;
use crate::network::kakao::list::{ListEntry, Unreadable};
use crate::network::kakao::story::Story;
use crate::store::queue::StoryOwner;

pub(crate) mod order;
pub(crate) mod whose;

/// So many of the newest stories on record are looked for in a list that seems to lack a story.
const RECORDED: u32 = 4;
/// How much newer than the oldest story of a list one on record must be to be missed in it.
const MARGIN: Duration = Duration::from_secs(60);

/// How much of a list is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Pages.
    pub(crate) pages: u32,
    /// Stories on all of them.
    pub(crate) stories: usize,
    /// Nothing more is wanted of a list that contradicts itself.
    pub(crate) until_flaw: bool,
}

/// A story of the list, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) story: Story,
    pub(crate) owner: Option<StoryOwner>,
}

/// What a page shows that no page before it has shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageFacts {
    pub(crate) stories: Vec<Listed>,
    /// Stories that cannot be read, and that nobody owns as far as is known.
    pub(crate) unreadable: Vec<Unreadable>,
    /// Those that cannot be read, and that are on record.
    pub(crate) unreadable_owned: Vec<Unreadable>,
    /// The latest time of them all; `None`: not one of the times can be read.
    pub(crate) newest: Option<Timestamp>,
}

/// What is known of a list when its pages were read.
#[derive(Debug)]
pub(crate) struct ListReading {
    /// When the first page came, by both clocks; `None`: it carried no date.
    pub(crate) heard: Option<ServerTimeSample>,
    pub(crate) order: Order,
    pub(crate) end: ListEnd,
}

/// Why no further page was read.
#[derive(Debug)]
pub(crate) enum ListEnd {
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
pub(crate) async fn read(
    ctx: &Ctx,
    account: &str,
    home: Option<String>,
    bounds: Bounds,
    mut take: impl FnMut(Option<ServerTimeSample>, PageFacts) -> ControlFlow<()>,
) -> Result<std::result::Result<ListReading, Fault>> {
    let mut listing = ListReading { heard: None, order: Order::new(home.clone()), end: ListEnd::Whole };
    let mut last_id: Option<String> = None;
    for number in 0..bounds.pages {
        if ctx.under_way.is_ending() {
            return Ok(Ok(ListReading { end: ListEnd::Stopped, ..listing }));
        }
        let page = match page(ctx, account, &mut listing.order, last_id.as_deref()).await? {
            Ok(page) => page,
            Err(fault) => return Ok(Err(fault)),
        };
        if number == 0 {
            listing.heard = page.heard;
            not_of_others(ctx, account, home.as_deref(), &mut listing.order).await?;
        }
        let Some(last) = page.last_id else { return Ok(Ok(listing)) };
        last_id = Some(last);
        let had_enough = take(listing.heard, page.shown).is_break();
        if had_enough || (bounds.until_flaw && !listing.order.flaws().is_empty()) {
            return Ok(Ok(ListReading { end: ListEnd::Enough, ..listing }));
        }
        if listing.order.listed() >= bounds.stories {
            break;
        }
    }
    let why =
        format!("the list of stories is longer than {} pages or {} stories since then", bounds.pages, bounds.stories);
    Ok(Ok(ListReading { end: ListEnd::Short(Fault::transient("list", why)), ..listing }))
}

/// A page of a list: what no page before it has shown.
#[derive(Debug)]
pub(crate) struct NewStories {
    /// When it came, by both clocks; `None`: it carried no date.
    pub(crate) heard: Option<ServerTimeSample>,
    pub(crate) shown: PageFacts,
    /// Its last story; `None`: the list has ended.
    pub(crate) last_id: Option<String>,
}

/// Reads the page behind `last_id`.
pub(crate) async fn page(
    ctx: &Ctx,
    account: &str,
    order: &mut Order,
    last_id: Option<&str>,
) -> Result<std::result::Result<NewStories, Fault>> {
    let read = with_token::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, last_id).await);
    let page = match read.await {
        Ok(page) => page,
        Err(fault) => return Ok(Err(with_token::unless_consented(ctx, account, fault).await)),
    };
    let heard = page.server_date.map(|server_at| ServerTimeSample { at: ctx.clock.now(), server_at });
    if page.entries.is_empty() {
        return Ok(Ok(NewStories { heard, shown: PageFacts::default(), last_id: None }));
    }
    // A story without an ID has no place behind which the list goes on: the next page shows it again.
    let Some(last_id) = page.entries.iter().rev().find_map(|entry| entry.id().map(str::to_owned)) else {
        let why = "the list of stories cannot be followed: none of the stories of a page has an ID";
        return Ok(Err(Fault::transient("list", why)));
    };
    let fresh = order.take(page.entries, heard);
    let ids: Vec<&str> = fresh.iter().filter_map(ListEntry::id).collect();
    if ids.is_empty() {
        return Ok(Err(circle()));
    }
    let mut owners = ctx.store.owners(&ids).await?;
    let mut shown = PageFacts { newest: fresh.iter().filter_map(ListEntry::created_at).max(), ..PageFacts::default() };
    for entry in fresh {
        // Two accounts of the record may be one at Kakao: the own one first.
        let is_of = |owner: &StoryOwner| Some(owner.story_id.as_str()) == entry.id();
        let mine = owners.iter().position(|owner| is_of(owner) && owner.account == account);
        let place = mine.or_else(|| owners.iter().position(is_of));
        let owner = place.map(|place| owners.swap_remove(place));
        if owner.as_ref().is_some_and(|owner| owner.account == account && owner.bears_out) {
            order.claim();
        }
        match entry {
            ListEntry::Story(story) => shown.stories.push(Listed { story, owner }),
            ListEntry::Unreadable(unreadable) if owner.is_some() => shown.unreadable_owned.push(unreadable),
            ListEntry::Unreadable(unreadable) => shown.unreadable.push(unreadable),
        }
    }
    Ok(Ok(NewStories { heard, shown, last_id: Some(last_id) }))
}

/// A page shows nothing that was not shown before.
pub(crate) fn circle() -> Fault {
    Fault::transient("list", "the list of stories leads in a circle: a page shows only stories of the pages before it")
}

/// Of an account without a story on record nothing is known of its profile but whose it is not.
async fn not_of_others(ctx: &Ctx, account: &str, home: Option<&str>, order: &mut Order) -> Result<()> {
    let Some(newest) = order.newest().filter(|_| home.is_none()).map(str::to_owned) else { return Ok(()) };
    if ctx.store.other_of_profile(account, order::profile_of(&newest)).await?.is_some() {
        order.note(Inconsistency::Foreign(newest));
    }
    Ok(())
}

/// Notes what speaks against an absence from the list: that it may be another account's, and what a whole list would show and this one
/// does not, the newest stories on record, and the newest one of the last look. Kakao is asked for each by itself, since a person may have
/// taken it down.
pub(crate) async fn lacking(
    ctx: &Ctx,
    account: &str,
    before: Option<String>,
    listing: &mut ListReading,
    absence: AbsenceTrust,
) -> Result<std::result::Result<(), Fault>> {
    if let Err(fault) = whose::claim(ctx, account, &mut listing.order, absence).await {
        return Ok(Err(fault));
    }
    let skew = listing.heard.map(|heard| heard.skew()).unwrap_or_default();
    let oldest = if matches!(listing.end, ListEnd::Whole) { None } else { listing.order.oldest() };
    let recorded = ctx.store.newest_recorded(account, RECORDED).await?;
    let reached = recorded.into_iter().filter(|(_, came_at, is_up)| {
        let at = came_at.checked_add(skew).unwrap_or(*came_at);
        *is_up && oldest.is_none_or(|oldest| at > later(oldest, MARGIN))
    });
    for id in reached.map(|(id, ..)| id).chain(before) {
        if listing.order.has(&id) {
            continue;
        }
        match with_token::repeatable(ctx, account, async |token| ctx.kakao.story(&token, &id).await).await {
            Ok(_) => listing.order.note(Inconsistency::Lacks(id)),
            Err(fault) if is_gone(&fault) => {}
            Err(fault) => return Ok(Err(with_token::unless_consented(ctx, account, fault).await)),
        }
    }
    Ok(Ok(()))
}
