//! Finds out from Kakao's own list what became of a doubtful post.
//!
//! `found` is believed at any time. `absent` is believed only after the quarantine, from two complete listings that reach back
//! before the intent. A listing that failed is not an absence.
//!
//! No clock is believed alone. The quarantine has passed when it has by ours and by Kakao's, as the `Date` of its answers tells it;
//! where the two disagree on how long it was, one of them was set, and the quarantine begins anew. `proof` holds that decision.

use std::time::Duration;

use jiff::Timestamp;

use super::matching::{Window, says};
use super::proof::{SECOND_LISTING, Step, step};
use super::setback::{RETRY, block_account, given_up, unless_lost};
use super::{Ctx, Outcome, Report, Result, session};
use crate::domain::clock::{Heard, between, later};
use crate::domain::fault::{Cure, Fault, FaultClass};
use crate::domain::policy::InDoubt;
use crate::domain::retry::{Next, after_failure};
use crate::kakao::error::is_taken;
use crate::kakao::story::Story;
use crate::store::queue::{Absence, Doubt, Proof};
use crate::store::view::Due;

/// Most pages that one listing reads: with about 18 stories a page far more than an account posts within a quarantine.
const PAGES_MAX: u32 = 200;
/// Between two looks at the list: at least this, at most [`LOOK_MAX`], in between as long as the doubt is old.
const LOOK_MIN: Duration = Duration::from_secs(2);
const LOOK_MAX: Duration = Duration::from_secs(60);

struct Listing {
    /// Newest first, back to before the intent.
    stories: Vec<Story>,
    /// When the first page came, by both clocks; `None`: it carried no date.
    heard: Option<Heard>,
    window: Window,
    /// Whether it reaches back to where every story is certainly another one. Otherwise it can show a story, but no absence.
    far: bool,
    /// Why it does not reach back to before the intent.
    short: Option<Fault>,
}

/// Looks at Kakao's list for the account's doubtful post, if the next look is due.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<Report> {
    let Some(doubt) = ctx.store.doubt_due(account, ctx.clock.now()).await? else {
        return Ok(Report::idle(Due::Reconcile, account));
    };
    let post = Some((doubt.post, doubt.job.clone()));
    let outcome = match list_back(ctx, account, &doubt).await {
        Ok(listing) => {
            if let Some(heard) = listing.heard {
                ctx.store.hear(account, heard).await?;
            }
            ctx.store.unblock(account).await?;
            judge(ctx, account, doubt, listing).await?
        }
        Err(fault) => not_listed(ctx, account, doubt, fault).await?,
    };
    Ok(Report { deed: Due::Reconcile, account: account.into(), post, outcome })
}

/// Reads the account's stories back to before the intent, or to their end: as far as the story can be, and when the quarantine may
/// have passed as far as it could be if our clock had been wrong.
async fn list_back(ctx: &Ctx, account: &str, doubt: &Doubt) -> std::result::Result<Listing, Fault> {
    let began = doubt.proof.quarantine.map(|began| began.at);
    let far = began.is_some_and(|began| between(began, ctx.clock.now()) >= ctx.rules.quarantine);
    let mut stories: Vec<Story> = Vec::new();
    let mut heard = None;
    let mut first = true;
    let mut window = window_of(doubt, None);
    for _ in 0..PAGES_MAX {
        let last_id = stories.last().map(|story| story.id.clone());
        let page = session::repeatable(ctx, account, async |token| ctx.kakao.stories(&token, last_id.as_deref()).await)
            .await?;
        if first {
            heard = page.server_date.map(|kakao_at| Heard { at: ctx.clock.now(), kakao_at });
            window = window_of(doubt, heard);
            first = false;
        }
        let Some(oldest) = page.stories.last() else { return Ok(Listing { stories, heard, window, far, short: None }) };
        if Some(&oldest.id) == last_id.as_ref() {
            return Err(Fault::transient("list", "the list of stories does not move on"));
        }
        let limit = if far { window.floor } else { window.from };
        let reaches_back = page.stories.iter().all(|story| story.created_at < limit);
        stories.extend(page.stories);
        if reaches_back {
            return Ok(Listing { stories, heard, window, far, short: None });
        }
    }
    let why = format!("the list of stories is longer than {PAGES_MAX} pages since the post was sent");
    Ok(Listing { stories, heard, window, far, short: Some(Fault::transient("list", why)) })
}

fn window_of(doubt: &Doubt, heard: Option<Heard>) -> Window {
    Window::of(doubt.intent_at, doubt.intent_skew, heard.map(|heard| heard.skew()), doubt.intent_floor)
}

async fn judge(ctx: &Ctx, account: &str, doubt: Doubt, listing: Listing) -> Result<Outcome> {
    let now = ctx.clock.now();
    let window = listing.window;
    let alike = listing.stories.iter().filter(|story| says(&doubt.content, story) && story.created_at >= window.floor);
    let alike: Vec<(&str, Timestamp)> = alike.map(|story| (story.id.as_str(), story.created_at)).collect();
    let ids: Vec<&str> = alike.iter().map(|(id, _)| *id).collect();
    let owned = ctx.store.owned_stories(account, &ids).await?;
    let free = alike.into_iter().filter(|(id, _)| !owned.iter().any(|owned| owned == id));
    let (new, old): (Vec<_>, Vec<_>) = free.partition(|(_, created_at)| *created_at >= window.from);
    let names = |stories: &[(&str, Timestamp)]| stories.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ");
    match new.as_slice() {
        [(story_id, _)] => {
            let written = ctx.store.record_found(doubt, story_id, now).await?;
            Ok(unless_lost(written, Outcome::Found { story_id: (*story_id).into() }))
        }
        [] => not_there(ctx, account, doubt, &listing, &names(&old)).await,
        several => {
            let why = format!(
                "{} stories with this text were posted since it was sent ({}); look which one it is, then `storyd admin \
                 resolve {} --story ID`",
                several.len(),
                names(several),
                doubt.post
            );
            park(ctx, doubt, why).await
        }
    }
}

/// The list lacks it. That counts only when the quarantine has passed. `older` are stories of nobody's that say the same and are
/// too old to be it, if our clock was right.
async fn not_there(ctx: &Ctx, account: &str, doubt: Doubt, listing: &Listing, older: &str) -> Result<Outcome> {
    let now = ctx.clock.now();
    let age = between(doubt.since, now);
    let wait = look_after(&doubt, now);
    let settle = settle(&doubt);
    let so_far = doubt.proof;
    if let Some(fault) = &listing.short {
        return not_listed(ctx, account, doubt, fault.clone()).await;
    }
    match step(doubt.proof, listing.heard, ctx.rules.quarantine) {
        Step::Undated if age >= ctx.rules.quarantine => {
            let why = format!("Kakao's answers carry no date, so that nobody knows how long it has waited; {settle}");
            park(ctx, doubt, why).await
        }
        Step::Undated => look_again(ctx, doubt, Proof::default(), later(now, wait), "not in the list yet").await,
        Step::Anew(proof) if doubt.proof.quarantine.is_some() => {
            if age >= ctx.rules.doubt_limit {
                let why = format!("this machine's clock and Kakao's do not agree on how long it has waited; {settle}");
                return park(ctx, doubt, why).await;
            }
            let why = "not in the list yet; a clock was set, so that the quarantine begins anew";
            look_again(ctx, doubt, proof, later(now, wait), why).await
        }
        Step::Anew(proof) => look_again(ctx, doubt, proof, later(now, wait), "not in the list yet").await,
        Step::Early(left) => {
            let proof = Proof { absences: 0, ..doubt.proof };
            look_again(ctx, doubt, proof, later(now, wait.min(left).max(LOOK_MIN)), "not in the list yet").await
        }
        // The quarantine ended while the list was read.
        Step::Counts(_) | Step::Proved if !listing.far => {
            look_again(ctx, doubt, so_far, later(now, LOOK_MIN), "not in the list yet").await
        }
        Step::Counts(_) | Step::Proved if !older.is_empty() => {
            let why = format!(
                "a story with this text is there that seems older than the post ({older}), and no other; if this machine's \
                 clock was wrong it is this post's; {settle}"
            );
            park(ctx, doubt, why).await
        }
        Step::Counts(proof) => {
            let why = "not in a complete list after the quarantine; looks once more";
            look_again(ctx, doubt, proof, later(now, SECOND_LISTING), why).await
        }
        Step::Proved => absent(ctx, doubt, now).await,
    }
}

/// Its absence is proved: a failed attempt like any other. Where that does not prove that it never was up, a person decides; and what
/// Kakao certainly took is not absent, whatever its lists show: it is nobody's to send again.
async fn absent(ctx: &Ctx, doubt: Doubt, now: Timestamp) -> Result<Outcome> {
    if is_taken(&doubt.code) {
        let why = format!("two complete lists after the quarantine lack it; {}", settle(&doubt));
        return park(ctx, doubt, why).await;
    }
    if doubt.policy == InDoubt::Hold || doubt.taken_down {
        let written = ctx.store.record_absent(doubt, Absence::Hold, now).await?;
        return Ok(unless_lost(written, Outcome::Absent { then: InDoubt::Hold }));
    }
    let fault = Fault::transient("absent", "its request was not answered plainly, and no story came of it");
    match after_failure(&ctx.rules.retry, doubt.failures.saturating_add(1), doubt.post, &fault) {
        Next::Retry(wait) => {
            let written = ctx.store.record_absent(doubt, Absence::Repost(later(now, wait)), now).await?;
            Ok(unless_lost(written, Outcome::Absent { then: InDoubt::Repost }))
        }
        Next::GiveUp => {
            let fault = given_up(fault, RETRY);
            let written = ctx.store.record_absent(doubt, Absence::GiveUp(&fault.to_string()), now).await?;
            Ok(unless_lost(written, Outcome::Failed { fault }))
        }
    }
}

/// How long until the next look: the older the doubt, the longer.
fn look_after(doubt: &Doubt, now: Timestamp) -> Duration {
    // A doubt that seems to lie ahead: the clock was set back, and nobody knows how old it is.
    if now < doubt.since { LOOK_MAX } else { between(doubt.since, now).clamp(LOOK_MIN, LOOK_MAX) }
}

/// What a person does about it.
fn settle(doubt: &Doubt) -> String {
    let post = doubt.post;
    if is_taken(&doubt.code) {
        return format!(
            "Kakao took the post, so its story exists: look for it on the account's page, then `storyd admin resolve {post} --story ID`"
        );
    }
    format!(
        "look at the account's page, then `storyd admin resolve {post} --story ID` or `storyd admin resolve {post} --absent`"
    )
}

async fn park(ctx: &Ctx, doubt: Doubt, why: String) -> Result<Outcome> {
    let written = ctx.store.park(doubt, &why, ctx.clock.now()).await?;
    Ok(unless_lost(written, Outcome::Parked { why }))
}

async fn look_again(ctx: &Ctx, doubt: Doubt, proof: Proof, at: Timestamp, why: &str) -> Result<Outcome> {
    let written = ctx.store.look_again(doubt, proof, at, ctx.clock.now(), why).await?;
    Ok(unless_lost(written, Outcome::LookAgain { at, why: why.into() }))
}

/// The list could not be read. Without the consent to read nothing can ever be proved, so a person is asked at once; otherwise
/// it is tried again until the doubt has lasted too long.
async fn not_listed(ctx: &Ctx, account: &str, doubt: Doubt, fault: Fault) -> Result<Outcome> {
    let now = ctx.clock.now();
    let unreadable = matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Cure::Consent(_)));
    if unreadable || between(doubt.since, now) >= ctx.rules.doubt_limit {
        let settle = settle(&doubt);
        let why = format!("the account's list cannot be read: {} ({}); {settle}", fault.reason, fault.code);
        return park(ctx, doubt, why).await;
    }
    let proof = doubt.proof;
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, account, block, &fault).await?;
        let at = later(now, LOOK_MAX);
        let why = format!("the list could not be read: {fault}");
        let written = ctx.store.look_again(doubt, Proof { absences: 0, ..proof }, at, now, &why).await?;
        return Ok(unless_lost(written, Outcome::Blocked { fault }));
    }
    let at = later(now, look_after(&doubt, now));
    look_again(ctx, doubt, proof, at, &format!("the list could not be read: {fault}")).await
}
