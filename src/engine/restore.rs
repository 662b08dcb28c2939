//! After a backup was put in place: finds out from Kakao's list what the account posted since the backup was made, before anything
//! of it goes out again.
//!
//! The same rules as for a doubt: what the list lacks counts only after the quarantine, by this machine's clock and by Kakao's, from
//! two complete listings that reach back before the backup. The quarantine begins with a first look, and begins anew when a clock is
//! set meanwhile.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::matching::{Sending, Window, says};
use super::proof::{SECOND_LISTING, Step, step};
use super::setback::{block_account, unless_lost};
use super::{Ctx, Outcome, Report, Result, session};
use crate::domain::clock::{Heard, between, later};
use crate::domain::fault::{Cure, Fault, FaultClass};
use crate::domain::post::PostState;
use crate::kakao::story::Story;
use crate::store::queue::{Adoption, Assigned, Candidate, Proof, RestoreDue};
use crate::store::view::Due;

/// Most pages of one listing: about 18 stories a page. A backup that lacks more is for a person.
const PAGES_MAX: u32 = 5_000;
/// So many stories are named in a reason.
const NAMED_MAX: usize = 5;
/// After a listing that failed, or told nothing.
const AGAIN: Duration = Duration::from_secs(30);
/// Between two looks, at least.
const LOOK_MIN: Duration = Duration::from_secs(2);

/// Reads the account's list, if it has to be consulted.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<Report> {
    let started_at = ctx.clock.now();
    let Some(due) = ctx.store.restore_due(account, started_at).await? else {
        return Ok(Report::idle(Due::Restore, account));
    };
    let outcome = match list(ctx, account, &due).await {
        Ok(listing) => {
            ctx.store.unblock(account).await?;
            consulted(ctx, account, due, &listing).await?
        }
        Err(fault) => not_listed(ctx, account, due, fault).await?,
    };
    Ok(Report { deed: Due::Restore, account: account.into(), post: None, outcome })
}

struct Listing {
    /// Every story since the backup. Of the listing with which the quarantine begins, nothing is wanted but its date.
    stories: Vec<Story>,
    /// When its first page came, by both clocks; `None`: it carried no date.
    heard: Option<Heard>,
}

/// Reads the list: back to before the backup, once the quarantine has begun.
async fn list(ctx: &Ctx, account: &str, due: &RestoreDue) -> std::result::Result<Listing, Fault> {
    let (mut first, mut heard) = (true, None);
    let mut stories: Vec<Story> = Vec::new();
    for _ in 0..PAGES_MAX {
        let last_id = stories.last().map(|story| story.id.clone());
        let page = session::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, last_id.as_deref()).await)
            .await?;
        if std::mem::take(&mut first) {
            heard = page.server_date.map(|kakao_at| Heard { at: ctx.clock.now(), kakao_at });
            if due.proof.quarantine.is_none() {
                return Ok(Listing { stories, heard });
            }
        }
        // Without a date heard before the backup nobody knows what its instant is on Kakao's clock: the list is read to its end.
        let limit = if due.backup_skew.is_some() { since_backup(due, heard) } else { Timestamp::MIN };
        let end = page.stories.iter().all(|story| story.created_at < limit);
        if page.stories.last().is_some_and(|last| Some(&last.id) == last_id.as_ref()) {
            return Err(Fault::transient("list", "the list of stories does not move on"));
        }
        stories.extend(page.stories);
        if end {
            stories.retain(|story| story.created_at >= limit);
            return Ok(Listing { stories, heard });
        }
    }
    Err(Fault::permanent("list", format!("the list is longer than {PAGES_MAX} pages since the backup"), ""))
}

/// When the backup was made, by Kakao's clock.
fn since_backup(due: &RestoreDue, heard: Option<Heard>) -> Timestamp {
    let backup =
        Sending { intent_at: due.backup_at, skew_then: due.backup_skew, heard_before: None, until: Duration::ZERO };
    let skews: Vec<SignedDuration> = heard.map(|heard| heard.skew()).into_iter().collect();
    Window::of(&backup, &skews, (SignedDuration::ZERO, SignedDuration::ZERO)).from
}

async fn consulted(ctx: &Ctx, account: &str, due: RestoreDue, listing: &Listing) -> Result<Outcome> {
    let now = ctx.clock.now();
    let quarantine = ctx.rules.quarantine;
    let is_old = between(due.restored_at, now) >= patience(ctx);
    match step(due.proof, listing.heard, quarantine) {
        Step::Undated if is_old => give_up(ctx, account, due, "its answers carry no date").await,
        Step::Undated => {
            let why = "Kakao's answer carried no date, so that nobody knows how long it has been";
            again(ctx, account, Proof::default(), AGAIN, why).await
        }
        Step::Odd(_) if is_old => {
            give_up(ctx, account, due, "this machine's clock and Kakao's do not agree on how long it has been").await
        }
        Step::Odd(proof) => {
            let why = "the date of this list does not fit those before it, so that it does not count";
            again(ctx, account, proof, SECOND_LISTING, why).await
        }
        Step::Anew(_) if is_old && due.proof.quarantine.is_some() => {
            give_up(ctx, account, due, "this machine's clock and Kakao's do not agree on how long it has been").await
        }
        Step::Anew(proof) => {
            let why = match due.proof.quarantine {
                None => "the quarantine after the restore begins",
                Some(_) => "a clock was set, so that the quarantine after the restore begins anew",
            };
            again(ctx, account, proof, quarantine, why).await
        }
        Step::Early(left) => {
            let proof = Proof { absences: 0, odd: None, ..due.proof };
            again(ctx, account, proof, left.max(LOOK_MIN), "the quarantine after the restore is not over").await
        }
        Step::Counts(proof) => {
            let why = "the list was read once since the backup was restored; it is read once more";
            again(ctx, account, proof, SECOND_LISTING, why).await
        }
        Step::Proved => settle(ctx, account, due, listing).await,
    }
}

/// How long after the restore a list that tells nothing is left to a person.
fn patience(ctx: &Ctx) -> Duration {
    ctx.rules.doubt_limit.max(ctx.rules.quarantine * 2)
}

async fn again(ctx: &Ctx, account: &str, proof: Proof, wait: Duration, why: &str) -> Result<Outcome> {
    let at = later(ctx.clock.now(), wait);
    let written = ctx.store.restore_again(account, proof, at).await?;
    Ok(unless_lost(written, Outcome::LookAgain { at, why: why.into() }))
}

/// Two complete listings: their stories go to their posts, everything else goes on.
async fn settle(ctx: &Ctx, account: &str, due: RestoreDue, listing: &Listing) -> Result<Outcome> {
    let ids: Vec<&str> = listing.stories.iter().map(|story| story.id.as_str()).collect();
    let owned = ctx.store.owned_stories(account, &ids).await?;
    let free: Vec<&Story> = listing.stories.iter().filter(|story| !owned.contains(&story.id)).collect();
    let texts: Vec<&str> = free.iter().map(|story| story.content.as_deref().unwrap_or_default()).collect();
    let candidates = ctx.store.restore_candidates(account, &texts).await?;
    let since = since_backup(&due, listing.heard);
    let assigned = assign(&free, candidates, due, since);
    match ctx.store.settle_restore(account, due, &assigned, ctx.clock.now()).await? {
        Some(held) => {
            Ok(Outcome::Restored { found: assigned.adoptions.len(), held: usize::try_from(held).unwrap_or(usize::MAX) })
        }
        None => again(ctx, account, due.proof, SECOND_LISTING, "a post was moved while its list was read").await,
    }
}

/// Which post each story belongs to. A story takes, of the posts that say the same and were due before it, the latest of those that
/// would go out by themselves, or else of the others. One that only fits a post of a time to come leaves that post to a person; and
/// since one that is nobody's, and was posted after the backup was made (from `since` on), may be any post under another text, every
/// post that was due by the restore is then left to a person.
fn assign(stories: &[&Story], candidates: Vec<Candidate>, due: RestoreDue, since: Timestamp) -> Assigned {
    let mut oldest_first: Vec<&&Story> = stories.iter().collect();
    oldest_first.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.id.cmp(&b.id)));
    let (mut left, mut assigned, mut strays) = (candidates, Assigned::default(), Vec::new());
    for story in oldest_first {
        // Kakao shows whole seconds, on a clock of its own.
        let by = later(story.created_at, Duration::from_secs(5));
        let fits = |candidate: &Candidate| candidate.occurs_at <= by && says(&candidate.content, story);
        let fitting = left.iter().enumerate().filter(|(_, candidate)| fits(candidate));
        match fitting.max_by_key(|(index, candidate)| (nearness(candidate.state), *index)).map(|(index, _)| index) {
            Some(index) => {
                let candidate = left.remove(index);
                assigned.adoptions.push(Adoption {
                    post: candidate.post,
                    story_id: story.id.clone(),
                    created_at: story.created_at,
                });
            }
            None => strays.push(story),
        }
    }
    for story in &strays {
        let early = left.iter().position(|candidate| says(&candidate.content, story));
        if let Some(index) = early {
            let candidate = left.remove(index);
            let why = format!(
                "a story with this text ({}) was posted after the backup of {} was made; look whether it is this one, then release or cancel it",
                story.id, due.backup_at
            );
            assigned.holds.push((candidate.post, why));
        }
    }
    let strays: Vec<&str> =
        strays.iter().filter(|story| story.created_at >= since).map(|story| story.id.as_str()).collect();
    assigned.hold_due = (!strays.is_empty()).then(|| unexplained(&strays, due));
    assigned
}

/// How near a post is to going out: the nearest has the first claim on a story, since it would go out a second time.
fn nearness(state: PostState) -> u8 {
    match state {
        PostState::Scheduled => 2,
        PostState::Held => 1,
        _ => 0,
    }
}

/// Why posts that were due wait for a person, beside stories that no post explains.
fn unexplained(strays: &[&str], due: RestoreDue) -> String {
    let named = strays.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = strays.len().saturating_sub(NAMED_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "it was due by the restore, and stories that say what no post says ({named}{more}) were posted after the backup of {} was made; \
         look whether one of them is this one with another text, then release or cancel it",
        due.backup_at
    )
}

/// The list could not be read. Without the consent to read nothing can be proved: what may have gone out is left to a person.
async fn not_listed(ctx: &Ctx, account: &str, due: RestoreDue, fault: Fault) -> Result<Outcome> {
    let hopeless = matches!(&fault.class, FaultClass::Permanent)
        || matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Cure::Consent(_)));
    if hopeless || between(due.restored_at, ctx.clock.now()) >= patience(ctx) {
        return give_up(ctx, account, due, &fault.reason).await;
    }
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, account, block, &fault).await?;
    }
    let proof = Proof { absences: 0, odd: None, ..due.proof };
    again(ctx, account, proof, AGAIN, &format!("the list could not be read: {fault}")).await
}

async fn give_up(ctx: &Ctx, account: &str, due: RestoreDue, why: &str) -> Result<Outcome> {
    let held = ctx.store.give_up_restore(account, due, why, ctx.clock.now()).await?;
    Ok(Outcome::Restored { found: 0, held: usize::try_from(held).unwrap_or(usize::MAX) })
}
