//! After a backup was put in place: finds out from Kakao's list what the account posted since the backup was made, before anything
//! of it goes out again.
//!
//! The same rules as for a doubt: what the list shows is believed at any time; what it lacks only after the quarantine, from two
//! complete listings that reach back before the backup.

use std::time::Duration;

use jiff::Timestamp;

use super::matching::{Window, says};
use super::setback::{block_account, unless_lost};
use super::{Ctx, Outcome, Report, Result, session};
use crate::domain::clock::{between, later};
use crate::domain::fault::{Cure, Fault, FaultClass};
use crate::kakao::story::Story;
use crate::store::Written;
use crate::store::queue::{Adoption, Candidate, RestoreDue};
use crate::store::view::Due;

/// Most pages of one listing: about 18 stories a page. A backup that lacks more is for a person.
const PAGES_MAX: u32 = 5_000;
/// Complete listings after the quarantine before an absence counts.
const LISTINGS_NEEDED: u32 = 2;
/// Between the two.
const SECOND_LISTING: Duration = Duration::from_secs(10);
/// After a listing that failed.
const AGAIN: Duration = Duration::from_secs(30);

/// Reads the account's list, if it has to be consulted.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<Report> {
    let started_at = ctx.clock.now();
    let Some(due) = ctx.store.restore_due(account, started_at).await? else {
        return Ok(Report::idle(Due::Restore, account));
    };
    let outcome = match list_back(ctx, account, due.backup_at).await {
        Ok(stories) => {
            ctx.store.unblock(account).await?;
            consulted(ctx, account, due, &stories).await?
        }
        Err(fault) => not_listed(ctx, account, due, fault).await?,
    };
    Ok(Report { deed: Due::Restore, account: account.into(), post: None, outcome })
}

/// Every story since the backup.
async fn list_back(ctx: &Ctx, account: &str, backup_at: Timestamp) -> std::result::Result<Vec<Story>, Fault> {
    let known = ctx.store.heard(account).await.ok().flatten().map(|heard| heard.skew());
    let mut skew = None;
    let mut stories: Vec<Story> = Vec::new();
    for _ in 0..PAGES_MAX {
        let last_id = stories.last().map(|story| story.id.clone());
        let page = session::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, last_id.as_deref()).await)
            .await?;
        if let Some(date) = page.server_date {
            skew = Some(date.duration_since(ctx.clock.now()));
        }
        let limit = Window::of(backup_at, known, skew, None).from;
        let end = page.stories.iter().all(|story| story.created_at < limit);
        if page.stories.last().is_some_and(|last| Some(&last.id) == last_id.as_ref()) {
            return Err(Fault::transient("list", "the list of stories does not move on"));
        }
        stories.extend(page.stories);
        if end {
            stories.retain(|story| story.created_at >= limit);
            return Ok(stories);
        }
    }
    Err(Fault::permanent("list", format!("the list is longer than {PAGES_MAX} pages since the backup"), ""))
}

async fn consulted(ctx: &Ctx, account: &str, due: RestoreDue, stories: &[Story]) -> Result<Outcome> {
    let now = ctx.clock.now();
    let listings = due.listings + 1;
    if listings < LISTINGS_NEEDED {
        let at = later(now, SECOND_LISTING);
        let written = ctx.store.restore_again(account, listings, at).await?;
        let why = "the list was read once since the backup was restored; it is read once more".into();
        return Ok(unless_lost(written, Outcome::LookAgain { at, why }));
    }
    let ids: Vec<&str> = stories.iter().map(|story| story.id.as_str()).collect();
    let owned = ctx.store.owned_stories(account, &ids).await?;
    let free: Vec<&Story> = stories.iter().filter(|story| !owned.contains(&story.id)).collect();
    let texts: Vec<&str> = free.iter().map(|story| story.content.as_deref().unwrap_or_default()).collect();
    let candidates = ctx.store.restore_candidates(account, &texts).await?;
    let (adoptions, holds) = assign(&free, candidates, due);
    let found = adoptions.len();
    match ctx.store.settle_restore(account, due, &adoptions, &holds, now).await? {
        Written::Done => Ok(Outcome::Restored { found, held: holds.len() }),
        Written::Lost => {
            let at = later(now, SECOND_LISTING);
            let written = ctx.store.restore_again(account, listings, at).await?;
            let why = "a post was moved while its list was read".into();
            Ok(unless_lost(written, Outcome::LookAgain { at, why }))
        }
    }
}

/// Which post each story belongs to. A story takes the latest post that says the same and was due before it; one that only fits a
/// post of a time to come leaves that post to a person.
fn assign(stories: &[&Story], candidates: Vec<Candidate>, due: RestoreDue) -> (Vec<Adoption>, Vec<(i64, String)>) {
    let mut oldest_first: Vec<&&Story> = stories.iter().collect();
    oldest_first.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.id.cmp(&b.id)));
    let (mut left, mut adoptions, mut strays) = (candidates, Vec::new(), Vec::new());
    for story in oldest_first {
        let fits = |candidate: &Candidate| says(&candidate.content, story);
        // Kakao shows whole seconds, on a clock of its own.
        let by = later(story.created_at, Duration::from_secs(5));
        match left.iter().rposition(|candidate| candidate.occurs_at <= by && fits(candidate)) {
            Some(index) => {
                let candidate = left.remove(index);
                adoptions.push(Adoption {
                    post: candidate.post,
                    story_id: story.id.clone(),
                    created_at: story.created_at,
                });
            }
            None => strays.push(story),
        }
    }
    let mut holds = Vec::new();
    for story in strays {
        let early = left.iter().position(|candidate| says(&candidate.content, story));
        if let Some(index) = early {
            let candidate = left.remove(index);
            let why = format!(
                "a story with this text ({}) was posted after the backup of {} was made; look whether it is this one, then release or cancel it",
                story.id, due.backup_at
            );
            holds.push((candidate.post, why));
        }
    }
    (adoptions, holds)
}

/// The list could not be read. Without the consent to read nothing can be proved: what may have gone out is left to a person.
async fn not_listed(ctx: &Ctx, account: &str, due: RestoreDue, fault: Fault) -> Result<Outcome> {
    let now = ctx.clock.now();
    let hopeless = matches!(&fault.class, FaultClass::Permanent)
        || matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Cure::Consent(_)));
    let patience = ctx.rules.doubt_limit.max(ctx.rules.quarantine * 2);
    if hopeless || between(due.restored_at, now) >= patience {
        let held = ctx.store.give_up_restore(account, due, &fault.reason, now).await?;
        return Ok(Outcome::Restored { found: 0, held: usize::try_from(held).unwrap_or(usize::MAX) });
    }
    let at = later(now, AGAIN);
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, account, block, &fault).await?;
    }
    let written = ctx.store.restore_again(account, 0, at).await?;
    Ok(unless_lost(written, Outcome::LookAgain { at, why: format!("the list could not be read: {fault}") }))
}
