//! Finds out from Kakao's own list what became of a doubtful post.
//!
//! `found` is believed at any time. `absent` is believed only after the quarantine, from two complete listings that reach back
//! before the intent. A listing that failed is not an absence.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::matching::{can_be, not_before};
use super::setback::{block_account, unless_lost};
use super::{Ctx, Outcome, Report, Result, session};
use crate::domain::clock::{between, later};
use crate::domain::fault::{Cure, Fault, FaultClass};
use crate::kakao::story::Story;
use crate::store::queue::Doubt;
use crate::store::view::Due;

/// Most pages that one listing reads: with about 18 stories a page far more than an account posts within a quarantine.
const PAGES_MAX: u32 = 200;
/// Complete listings after the quarantine that must lack a story before it counts as absent.
const ABSENCES_NEEDED: u32 = 2;
/// Between two looks at the list: at least this, at most [`LOOK_MAX`], in between as long as the doubt is old.
const LOOK_MIN: Duration = Duration::from_secs(2);
const LOOK_MAX: Duration = Duration::from_secs(60);
/// Between the two listings that prove an absence, so that one hiccup of the list cannot feed both.
const SECOND_LISTING: Duration = Duration::from_secs(10);

struct Listing {
    /// Newest first, back to before the intent.
    stories: Vec<Story>,
    /// Kakao's clock less ours.
    skew: SignedDuration,
}

/// Looks at Kakao's list for the account's doubtful post, if the next look is due.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<Report> {
    let started_at = ctx.clock.now();
    let Some(doubt) = ctx.store.doubt_due(account, started_at).await? else {
        return Ok(Report::idle(Due::Reconcile, account));
    };
    let post = Some((doubt.post, doubt.job.clone()));
    let outcome = match list_back(ctx, account, doubt.intent_at).await {
        Ok(listing) => {
            ctx.store.set_skew(account, listing.skew).await?;
            ctx.store.unblock(account).await?;
            judge(ctx, account, doubt, &listing, started_at).await?
        }
        Err(fault) => not_listed(ctx, account, doubt, fault).await?,
    };
    Ok(Report { deed: Due::Reconcile, account: account.into(), post, outcome })
}

/// Reads the account's stories back to before the intent, or to their end.
async fn list_back(ctx: &Ctx, account: &str, intent_at: Timestamp) -> std::result::Result<Listing, Fault> {
    let mut skew = ctx.store.skew(account).await.unwrap_or(SignedDuration::ZERO);
    let mut stories: Vec<Story> = Vec::new();
    for _ in 0..PAGES_MAX {
        let last_id = stories.last().map(|story| story.id.clone());
        let page = session::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, last_id.as_deref()).await)
            .await?;
        if let Some(date) = page.server_date {
            skew = date.duration_since(ctx.clock.now());
        }
        let Some(oldest) = page.stories.last() else { return Ok(Listing { stories, skew }) };
        if Some(&oldest.id) == last_id.as_ref() {
            return Err(Fault::transient("list", "the list of stories does not move on"));
        }
        let limit = not_before(intent_at, skew);
        let reaches_back = page.stories.iter().all(|story| story.created_at < limit);
        stories.extend(page.stories);
        if reaches_back {
            return Ok(Listing { stories, skew });
        }
    }
    Err(Fault::transient(
        "list",
        format!("the list of stories is longer than {PAGES_MAX} pages since the post was sent"),
    ))
}

async fn judge(ctx: &Ctx, account: &str, doubt: Doubt, listing: &Listing, started_at: Timestamp) -> Result<Outcome> {
    let now = ctx.clock.now();
    let limit = not_before(doubt.intent_at, listing.skew);
    let ids: Vec<&str> = listing
        .stories
        .iter()
        .filter(|story| can_be(&doubt.content, story, limit))
        .map(|story| story.id.as_str())
        .collect();
    let owned = ctx.store.owned_stories(account, &ids).await?;
    let free: Vec<&str> = ids.into_iter().filter(|id| !owned.iter().any(|owned| owned == id)).collect();
    match free.as_slice() {
        [story_id] => {
            let written = ctx.store.record_found(doubt, story_id, now).await?;
            Ok(unless_lost(written, Outcome::Found { story_id: (*story_id).into() }))
        }
        [] => absent(ctx, doubt, started_at, now).await,
        several => {
            let why = format!(
                "{} stories with this text were posted since it was sent ({}); look which one it is, then `storyd admin \
                 resolve {} --story ID`",
                several.len(),
                several.join(", "),
                doubt.post
            );
            let written = ctx.store.park(doubt, &why, now).await?;
            Ok(unless_lost(written, Outcome::Parked { why }))
        }
    }
}

/// The complete list lacks it. That counts only when the listing began after the quarantine.
async fn absent(ctx: &Ctx, doubt: Doubt, started_at: Timestamp, now: Timestamp) -> Result<Outcome> {
    let counts_from = later(doubt.since, ctx.rules.quarantine);
    if started_at < counts_from {
        let wait = between(doubt.since, now).clamp(LOOK_MIN, LOOK_MAX);
        let at = later(now, wait).min(counts_from);
        return look_again(ctx, doubt, 0, at, "not in the list yet").await;
    }
    let absences = doubt.absences + 1;
    if absences < ABSENCES_NEEDED {
        let at = later(now, SECOND_LISTING);
        return look_again(ctx, doubt, absences, at, "not in a complete list after the quarantine; looks once more")
            .await;
    }
    let then = doubt.policy;
    let written = ctx.store.record_absent(doubt, now).await?;
    Ok(unless_lost(written, Outcome::Absent { then }))
}

async fn look_again(ctx: &Ctx, doubt: Doubt, absences: u32, at: Timestamp, why: &str) -> Result<Outcome> {
    let written = ctx.store.look_again(doubt, absences, at, ctx.clock.now(), why).await?;
    Ok(unless_lost(written, Outcome::LookAgain { at, why: why.into() }))
}

/// The list could not be read. Without the consent to read nothing can ever be proved, so a person is asked at once; otherwise
/// it is tried again until the doubt has lasted too long.
async fn not_listed(ctx: &Ctx, account: &str, doubt: Doubt, fault: Fault) -> Result<Outcome> {
    let now = ctx.clock.now();
    let settle = format!(
        "look at the account's page, then `storyd admin resolve {post} --story ID` or `storyd admin resolve {post} --absent`",
        post = doubt.post
    );
    let unreadable = matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Cure::Consent(_)));
    if unreadable || between(doubt.since, now) >= ctx.rules.doubt_limit {
        let why = format!("the account's list cannot be read: {} ({}); {settle}", fault.reason, fault.code);
        let written = ctx.store.park(doubt, &why, now).await?;
        return Ok(unless_lost(written, Outcome::Parked { why }));
    }
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, account, block, &fault).await?;
        let at = later(now, LOOK_MAX);
        let why = format!("the list could not be read: {fault}");
        let written = ctx.store.look_again(doubt, 0, at, now, &why).await?;
        return Ok(unless_lost(written, Outcome::Blocked { fault }));
    }
    let at = later(now, between(doubt.since, now).clamp(LOOK_MIN, LOOK_MAX));
    let absences = doubt.absences;
    look_again(ctx, doubt, absences, at, &format!("the list could not be read: {fault}")).await
}
