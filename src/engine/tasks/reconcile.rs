//! Finds out from Kakao's own list what became of a doubtful post.
//!
//! `found` is believed at any time. `absent` is believed only after the quarantine, from two complete and consistent listings that reach
//! back before the intent, and of which each story is another one for certain. A listing that failed is not an absence. `evidence`
//! judges the stories, `proof` the time.
//!
//! No clock is believed alone. The quarantine has passed when it has by ours and by Kakao's, as the `Date` of its answers tells it;
//! where the two disagree on how long it was, one of them was set, and the quarantine begins anew.

use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::{between, later};
use crate::domain::fault::{Fault, FaultClass, Remedy};
use crate::domain::policy::InDoubt;
use crate::domain::retry::{AfterFailure, after_failure};
use crate::engine::context::Ctx;
use crate::engine::doubt::absence::{AbsenceStep, SECOND_LISTING, step};
use crate::engine::doubt::evidence::{Evidence, Says, Sought, time_to_appear};
use crate::engine::doubt::listing::order::Inconsistency;
use crate::engine::doubt::listing::whose::{self, against};
use crate::engine::doubt::listing::{Bounds, ListEnd, ListReading, lacking, read};
use crate::engine::doubt::matching::Sending;
use crate::engine::failure::{RETRY, block_account, given_up, unless_lost};
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::network::kakao::error::is_taken;
use crate::network::kakao::story::Story;
use crate::store::queue::{Absence, Doubt, Proof, SUSPECTS_MAX, Suspect};
use crate::store::view::TaskKind;

/// How much of a list one look reads: with about 18 stories a page far more than an account posts within a quarantine.
const BOUNDS: Bounds = Bounds { pages: 200, stories: 20_000, until_flaw: false };
/// Between two looks at the list: at least this, at most [`LOOK_MAX`], in between as long as the doubt is old.
const LOOK_MIN: Duration = Duration::from_secs(2);
const LOOK_MAX: Duration = Duration::from_secs(60);

/// What one look at the list showed.
struct ListResult {
    listing: ListReading,
    says: Says,
    evidence: Evidence,
    sought: Sought,
    /// Whether it reaches back to where every story is certainly another one. Otherwise it can show a story, but no absence.
    far: bool,
}

/// Looks at Kakao's list for the account's doubtful post, if the next look is due.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let Some(mut doubt) = ctx.store.doubt_due(account, ctx.clock.now()).await? else {
        return Ok(TaskReport::idle(TaskKind::Reconcile, account));
    };
    let post = Some((doubt.post, doubt.job.clone()));
    let outcome = match look(ctx, account, &doubt).await? {
        Ok(look) if matches!(look.listing.end, ListEnd::Stopped) => {
            return Ok(TaskReport::idle(TaskKind::Reconcile, account));
        }
        Ok(look) => {
            if let Some(heard) = look.listing.heard {
                ctx.store.hear(account, heard).await?;
            }
            ctx.store.unblock(account).await?;
            let before = doubt.listed_newest.take();
            doubt.listed_newest = look.listing.order.newest().map(str::to_owned);
            judge(ctx, account, doubt, look, before).await?
        }
        Err(fault) => not_listed(ctx, account, doubt, Vec::new(), fault).await?,
    };
    Ok(TaskReport { deed: TaskKind::Reconcile, account: account.into(), post, outcome })
}

/// Reads the account's stories back to before the intent, or to their end: as far as the story can be, and when the quarantine may
/// have passed as far as it could be if clocks had been wrong.
async fn look(ctx: &Ctx, account: &str, doubt: &Doubt) -> Result<std::result::Result<ListResult, Fault>> {
    let began = doubt.proof.quarantine;
    let far = began.is_some_and(|began| between(began.at, ctx.clock.now()) >= ctx.rules.quarantine);
    let sending = Sending {
        intent_at: doubt.intent_at,
        skew_then: doubt.intent_skew,
        heard_before: doubt.intent_floor,
        until: time_to_appear(doubt.intent_at, doubt.since, ctx.rules.quarantine),
    };
    let sought = Sought::new(doubt.content.clone(), doubt.artifact.as_ref(), sending, doubt.attempt, began);
    let told_as = ctx.store.told_as(account).await?;
    let sought = sought.knowing(told_as, &ctx.store.parked_texts(account).await?);
    let home = ctx.store.profile(account).await?;
    let mut evidence = Evidence::default();
    let taken = read(ctx, account, home, BOUNDS, |heard, page| {
        if evidence.take(&sought, heard, far, page) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let taken = taken.await?;
    let learnt = evidence.told_as(&sought);
    if learnt != told_as {
        ctx.store.set_told_as(account, learnt).await?;
    }
    Ok(taken.map(|mut listing| {
        if !evidence.is_in_order() {
            listing.order.note(Inconsistency::Shuffled);
        }
        if let Some(flaw) = evidence.unexplained(&sought, listing.heard, listing.order.flaws()) {
            listing.order.note(flaw);
        }
        let says = evidence.says(&sought, listing.heard, listing.order.flaws());
        ListResult { listing, says, evidence, sought, far }
    }))
}

/// `before` is the newest story that the last look showed.
async fn judge(
    ctx: &Ctx,
    account: &str,
    doubt: Doubt,
    look: ListResult,
    before: Option<String>,
) -> Result<TaskOutcome> {
    let ListResult { mut listing, says, evidence, sought, far } = look;
    let suspects = match says {
        Says::Found(story_id) => {
            let suspect = evidence.suspect(&sought, listing.heard, &story_id);
            let shown = |story: &Story| evidence.shows(story);
            return match against(ctx, account, &listing.order, &story_id, shown).await {
                Ok(None) => {
                    let written = ctx.store.record_found(doubt, &story_id, ctx.clock.now()).await?;
                    Ok(unless_lost(written, TaskOutcome::Found { story_id }))
                }
                Ok(Some(flaw)) => {
                    let why = format!("the list {flaw}, so that nobody knows whether it is the post's");
                    flawed(ctx, doubt, suspect.as_slice(), &why).await
                }
                Err(fault) => not_listed(ctx, account, doubt, suspect.into_iter().collect(), fault).await,
            };
        }
        Says::Several(suspects) => {
            let why = format!(
                "{} stories with this text were posted since it was sent ({}); look which one it is, then `storyd admin \
                 resolve {} --story ID`",
                suspects.len(),
                names(&suspects),
                doubt.post
            );
            return park(ctx, doubt, &suspects, why).await;
        }
        Says::Perhaps(suspects) => suspects,
        Says::Nothing => Vec::new(),
    };
    if let ListEnd::Short(fault) = listing.end {
        return not_listed(ctx, account, doubt, suspects, fault).await;
    }
    match step(doubt.proof, listing.heard, ctx.rules.quarantine) {
        // The quarantine ended while the list was read.
        AbsenceStep::Counts(_) | AbsenceStep::Proved if !far => {
            let (proof, at) = (doubt.proof, later(ctx.clock.now(), LOOK_MIN));
            look_again(ctx, doubt, proof, at, NOT_YET).await
        }
        AbsenceStep::Counts(_) | AbsenceStep::Proved if !suspects.is_empty() => {
            let why = format!("{}; {}", may_be_it(&suspects), settle(&doubt));
            park(ctx, doubt, &suspects, why).await
        }
        counts @ (AbsenceStep::Counts(_) | AbsenceStep::Proved) => {
            if let Err(fault) = lacking(ctx, account, before, &mut listing, whose::AbsenceTrust::OfADoubt).await? {
                return not_listed(ctx, account, doubt, suspects, fault).await;
            }
            match (listing.order.flaws().first(), counts) {
                (Some(flaw), _) => {
                    let why = format!("it is not in the list, and the list {flaw}, so that it proves nothing");
                    flawed(ctx, doubt, &[], &why).await
                }
                (None, AbsenceStep::Counts(proof)) => {
                    let why = "not in a complete list after the quarantine; looks once more";
                    let at = later(ctx.clock.now(), SECOND_LISTING);
                    look_again(ctx, doubt, proof, at, why).await
                }
                (None, _) => absent(ctx, doubt, ctx.clock.now()).await,
            }
        }
        early => too_early(ctx, doubt, &suspects, early).await,
    }
}

const NOT_YET: &str = "not in the list yet";

/// The list lacks it, which does not count yet: for want of time, or of a clock that tells it.
async fn too_early(ctx: &Ctx, doubt: Doubt, suspects: &[Suspect], step: AbsenceStep) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    let age = between(doubt.since, now);
    let wait = look_after(&doubt, now);
    let settle = settle(&doubt);
    let clocks = format!("this machine's clock and Kakao's do not agree on how long it has waited; {settle}");
    match step {
        AbsenceStep::Undated if age >= ctx.rules.quarantine => {
            let why = format!("Kakao's answers carry no date, so that nobody knows how long it has waited; {settle}");
            park(ctx, doubt, suspects, why).await
        }
        AbsenceStep::Undated => look_again(ctx, doubt, Proof::default(), later(now, wait), NOT_YET).await,
        AbsenceStep::Odd(_) if age >= ctx.rules.doubt_limit => park(ctx, doubt, suspects, clocks).await,
        AbsenceStep::Odd(proof) => {
            let why =
                "not in the list yet; the date of this list does not fit those before it, so that it does not count";
            look_again(ctx, doubt, proof, later(now, wait.min(SECOND_LISTING)), why).await
        }
        AbsenceStep::Anew(_) if doubt.proof.quarantine.is_some() && age >= ctx.rules.doubt_limit => {
            park(ctx, doubt, suspects, clocks).await
        }
        AbsenceStep::Anew(proof) if doubt.proof.quarantine.is_some() => {
            let why = "not in the list yet; a clock was set, so that the quarantine begins anew";
            look_again(ctx, doubt, proof, later(now, wait), why).await
        }
        AbsenceStep::Anew(proof) => look_again(ctx, doubt, proof, later(now, wait), NOT_YET).await,
        AbsenceStep::Early(left) => {
            let proof = Proof { absences: 0, odd: None, ..doubt.proof };
            look_again(ctx, doubt, proof, later(now, wait.min(left).max(LOOK_MIN)), NOT_YET).await
        }
        AbsenceStep::Counts(proof) => look_again(ctx, doubt, proof, later(now, LOOK_MIN), NOT_YET).await,
        AbsenceStep::Proved => {
            let proof = doubt.proof;
            look_again(ctx, doubt, proof, later(now, LOOK_MIN), NOT_YET).await
        }
    }
}

/// The list contradicts itself, what is on record, or what Kakao says beside it: it proves nothing. Another may; after the doubt's limit a
/// person decides.
async fn flawed(ctx: &Ctx, doubt: Doubt, suspects: &[Suspect], why: &str) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    if between(doubt.since, now) >= ctx.rules.doubt_limit {
        let why = format!("{why}; {}", settle(&doubt));
        return park(ctx, doubt, suspects, why).await;
    }
    let (proof, at) = (Proof { absences: 0, odd: None, ..doubt.proof }, later(now, look_after(&doubt, now)));
    look_again(ctx, doubt, proof, at, why).await
}

fn names(suspects: &[Suspect]) -> String {
    let most = suspects.iter().take(SUSPECTS_MAX).map(|suspect| suspect.story_id.as_str());
    let named = most.collect::<Vec<_>>().join(", ");
    match suspects.len().saturating_sub(SUSPECTS_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Why a person must compare.
fn may_be_it(suspects: &[Suspect]) -> String {
    match suspects {
        [one] => format!("story {} belongs to no post and may be this one's: {}", one.story_id, one.why),
        several => format!(
            "{} stories that belong to no post may be this one's ({}): of the first, {}",
            several.len(),
            names(several),
            several.first().map_or("", |first| first.why.as_str())
        ),
    }
}

/// Its absence is proved: a failed attempt like any other. Where that does not prove that it never was up, a person decides; and what
/// Kakao certainly took is not absent, whatever its lists show: it is nobody's to send again.
async fn absent(ctx: &Ctx, doubt: Doubt, now: Timestamp) -> Result<TaskOutcome> {
    if is_taken(&doubt.code) {
        let why = format!("two complete lists after the quarantine lack it; {}", settle(&doubt));
        return park(ctx, doubt, &[], why).await;
    }
    if doubt.policy == InDoubt::Hold || doubt.taken_down {
        let written = ctx.store.record_absent(doubt, Absence::Hold, now).await?;
        return Ok(unless_lost(written, TaskOutcome::Absent { then: InDoubt::Hold }));
    }
    let fault = Fault::transient("absent", "its request was not answered plainly, and no story came of it");
    match after_failure(&ctx.rules.retry, doubt.failures.saturating_add(1), doubt.post, &fault) {
        AfterFailure::Retry(wait) => {
            let written = ctx.store.record_absent(doubt, Absence::Repost(later(now, wait)), now).await?;
            Ok(unless_lost(written, TaskOutcome::Absent { then: InDoubt::Repost }))
        }
        AfterFailure::GiveUp => {
            let fault = given_up(fault, RETRY);
            let written = ctx.store.record_absent(doubt, Absence::GiveUp(&fault.to_string()), now).await?;
            Ok(unless_lost(written, TaskOutcome::Failed { fault }))
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

async fn park(ctx: &Ctx, doubt: Doubt, suspects: &[Suspect], why: String) -> Result<TaskOutcome> {
    let written = ctx.store.park(doubt, suspects, &why, ctx.clock.now()).await?;
    Ok(unless_lost(written, TaskOutcome::Parked { why }))
}

async fn look_again(ctx: &Ctx, doubt: Doubt, proof: Proof, at: Timestamp, why: &str) -> Result<TaskOutcome> {
    let written = ctx.store.look_again(doubt, proof, at, ctx.clock.now(), why).await?;
    Ok(unless_lost(written, TaskOutcome::LookAgain { at, why: why.into() }))
}

/// The list could not be read. Without the consent to read nothing can ever be proved, so a person is asked at once; otherwise
/// it is tried again until the doubt has lasted too long.
async fn not_listed(
    ctx: &Ctx,
    account: &str,
    doubt: Doubt,
    suspects: Vec<Suspect>,
    fault: Fault,
) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    let unreadable = matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Remedy::Consent(_)));
    if unreadable || between(doubt.since, now) >= ctx.rules.doubt_limit {
        let settle = settle(&doubt);
        let why = format!("the account's list cannot be read: {} ({}); {settle}", fault.reason, fault.code);
        return park(ctx, doubt, &suspects, why).await;
    }
    let proof = doubt.proof;
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, account, block, &fault).await?;
        let at = later(now, LOOK_MAX);
        let why = format!("the list could not be read: {fault}");
        let written = ctx.store.look_again(doubt, Proof { absences: 0, ..proof }, at, now, &why).await?;
        return Ok(unless_lost(written, TaskOutcome::Blocked { fault }));
    }
    let at = later(now, look_after(&doubt, now));
    look_again(ctx, doubt, proof, at, &format!("the list could not be read: {fault}")).await
}
