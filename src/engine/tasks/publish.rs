//! The one request that may create a story. It leaves after its intent is durable, once per intent, and whatever is not a plain
//! answer puts the post in doubt.
//!
//! An account's posts go out one after the other. The record of one and the intent of the next share a commit, so that a lane with
//! many due posts waits for the disk once for each.

use crate::domain::clock::{ServerTimeSample, between, later};
use crate::domain::fault::{Fault, FaultClass};
use crate::engine::context::Ctx;
use crate::engine::doubt::listing::order::profile_of;
use crate::engine::failure::{set_back, unless_lost};
use crate::engine::refused::{self, RefusalVerdict};
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::under_way::UnderWayGuard;
use crate::engine::with_token::{between_deaths, refresh, refused_again, token};
use crate::network::kakao::error::{misnamed, name_account};
use crate::network::kakao::list::ListEntry;
use crate::network::kakao::refresh::ONE_CALL;
use crate::network::kakao::story::Posted;
use crate::network::kakao::token::AccessToken;
use crate::store::StoreError;
use crate::store::queue::{Intent, Onward};
use crate::store::view::TaskKind;

/// How soon after a doubt arose Kakao's list is consulted for the first time.
const FIRST_LOOK: std::time::Duration = std::time::Duration::from_secs(2);
/// Most posts of an account in a row before other accounts have their turn.
const ROW_MAX: usize = 64;

/// A post whose request may leave, and the token that it leaves with.
struct Ready {
    intent: Intent,
    token: AccessToken,
    /// Until the verdict is recorded: no sweep takes the request for dead while it may still leave or be answered.
    under_way: UnderWayGuard,
}

impl Ready {
    fn new(ctx: &Ctx, intent: Intent, token: AccessToken) -> Self {
        let under_way = ctx.under_way.enter(intent.taken().post);
        Self { intent, token, under_way }
    }
}

/// What became of a post, and of the wish for the next one.
struct Published {
    report: TaskReport,
    next: NextPost,
}

/// The next post of the account.
enum NextPost {
    /// Taken with the record of the one before.
    Ready(Box<Ready>),
    /// There is none that may go out.
    Nothing,
    /// Nobody has looked yet.
    NotAsked,
}

/// Publishes the account's next due post.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    match begin(ctx, account).await? {
        Ok(ready) => Ok(publish(ctx, account, ready, || false).await?.report),
        Err(report) => Ok(report),
    }
}

/// Publishes the account's due posts, one after the other, for as long as nobody wants it to stop and at most [`ROW_MAX`]; tells of
/// each.
pub(crate) async fn run_on(
    ctx: &Ctx,
    account: &str,
    goes_on: impl Fn() -> bool,
    tell: impl Fn(TaskReport),
) -> Result<()> {
    let mut next = NextPost::NotAsked;
    for number in 1..=ROW_MAX {
        let ready = match next {
            NextPost::Ready(ready) => *ready,
            NextPost::Nothing => return Ok(()),
            NextPost::NotAsked if number > 1 && !goes_on() => return Ok(()),
            NextPost::NotAsked => match begin(ctx, account).await? {
                Ok(ready) => ready,
                Err(report) => {
                    tell(report);
                    return Ok(());
                }
            },
        };
        let published = publish(ctx, account, ready, || number < ROW_MAX && goes_on()).await?;
        next = published.next;
        let goes_well = matches!(published.report.outcome, TaskOutcome::Published { .. } | TaskOutcome::Refreshed);
        tell(published.report);
        // Whatever else happened asks for a look at the account first. A post that was taken goes out all the same.
        if !goes_well && !matches!(next, NextPost::Ready(_)) {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes the account's next due post, or says why there is none.
async fn begin(ctx: &Ctx, account: &str) -> Result<std::result::Result<Ready, TaskReport>> {
    // A post that is due waits for no renewal while its token lives. The look ahead of it has seen to that it does.
    match token(ctx, account, ONE_CALL).await {
        Ok(token) => {
            let intent = ctx.store.take_to_publish(account, ctx.clock.now(), ctx.rules.lease).await?;
            Ok(intent
                .map(|intent| Ready::new(ctx, intent, token))
                .ok_or_else(|| TaskReport::idle(TaskKind::Publish, account)))
        }
        // It is the post that waits, or fails, when its account cannot be spoken for.
        Err(fault) => {
            let Some(claim) = ctx.store.claim_to_publish(account, ctx.clock.now(), ctx.rules.lease).await? else {
                return Ok(Err(TaskReport::idle(TaskKind::Publish, account)));
            };
            let post = Some((claim.taken().post, claim.taken().job.clone()));
            let outcome = set_back(ctx, claim, fault).await?;
            Ok(Err(TaskReport { deed: TaskKind::Publish, account: account.into(), post, outcome }))
        }
    }
}

/// Sends the request and records what became of it; if the row `goes_on` then, it takes the next due post in the same commit.
async fn publish(ctx: &Ctx, account: &str, ready: Ready, goes_on: impl Fn() -> bool) -> Result<Published> {
    let Ready { intent, token, under_way: _under_way } = ready;
    let (number, post) = (intent.taken().post, Some((intent.taken().post, intent.taken().job.clone())));
    let (intent, token) = match once_more(ctx, account, intent, token).await.map_err(|error| error.of_post(number))? {
        Ok(sendable) => sendable,
        Err(outcome) => {
            let report = TaskReport { deed: TaskKind::Publish, account: account.into(), post, outcome };
            return Ok(Published { report, next: NextPost::NotAsked });
        }
    };
    let answer = between_deaths(ctx.kakao.publish(&token, intent.outgoing())).await;
    let answer = answer.map_err(|fault| name_account(fault, account));
    let answer = of_own_profile(ctx, account, &token, answer).await.map_err(|error| error.of_post(number))?;
    let mut next = NextPost::NotAsked;
    let outcome = match answer {
        Ok(posted) => {
            let recorded = record(ctx, account, intent, &posted, goes_on()).await;
            let took = |error: StoreError| {
                error.of_post(number).saying(&format!("Kakao took it as story {}", posted.story_id))
            };
            recorded.map_err(took).map(|(outcome, taken)| {
                next = taken;
                outcome
            })
        }
        Err(fault) if fault.class == FaultClass::Ambiguous => {
            let now = ctx.clock.now();
            let written = ctx.store.record_doubt(intent, &fault, later(now, FIRST_LOOK), now).await;
            written.map(|written| unless_lost(written, TaskOutcome::InDoubt { fault }))
        }
        Err(fault) if fault.wants_refresh() => refused_token(ctx, account, intent, &token, fault).await,
        Err(fault) => set_back(ctx, intent, fault).await,
    };
    let outcome = outcome.map_err(|error| error.of_post(number))?;
    Ok(Published { report: TaskReport { deed: TaskKind::Publish, account: account.into(), post, outcome }, next })
}

/// The intent and a token to send it with, once the list bears out that nothing came of the requests of the post that were refused before.
async fn once_more(
    ctx: &Ctx,
    account: &str,
    intent: Intent,
    token: AccessToken,
) -> Result<std::result::Result<(Intent, AccessToken), TaskOutcome>> {
    let Some(before) = ctx.store.refused_before(&intent).await? else { return Ok(Ok((intent, token))) };
    let verdict = refused::look(ctx, account, &intent, before).await?;
    let now = ctx.clock.now();
    let outcome = match verdict {
        // The look may have renewed it.
        RefusalVerdict::Send => return Ok(Ok((intent, ctx.tokens.at_hand(account, ONE_CALL, now).unwrap_or(token)))),
        RefusalVerdict::Doubt(fault) => {
            let written = ctx.store.record_doubt(intent, &fault, later(now, FIRST_LOOK), now).await?;
            unless_lost(written, TaskOutcome::InDoubt { fault })
        }
        RefusalVerdict::Wait(fault, wait) => {
            let (at, ahead) = (later(now, wait), ctx.rules.prepare_ahead);
            let written = ctx.store.retry_unsent(intent, &fault, at, ahead, now).await?;
            unless_lost(written, TaskOutcome::Retry { at, fault })
        }
        RefusalVerdict::Blocked(fault) => set_back(ctx, intent, fault).await?,
        RefusalVerdict::Stopped => {
            let fault = Fault::transient("not-sent", "storyd stops, before its request could leave");
            let written = ctx.store.snooze(intent, &fault, now).await?;
            unless_lost(written, TaskOutcome::Retry { at: now, fault })
        }
    };
    Ok(Err(outcome))
}

/// The answer, where the story that it names is of the account's own profile. A story of another profile is not the post's, whatever the
/// answer says: Kakao's list tells which is.
async fn of_own_profile(
    ctx: &Ctx,
    account: &str,
    token: &AccessToken,
    answer: std::result::Result<Posted, Fault>,
) -> Result<std::result::Result<Posted, Fault>> {
    let Ok(posted) = &answer else { return Ok(answer) };
    let named = profile_of(&posted.story_id);
    let why = match ctx.store.profile(account).await? {
        Some(own) if own == named => return Ok(answer),
        Some(own) => format!("which is not of the profile {own}, as this account's stories are"),
        // The first story of an account: nothing is on record of its profile but whose it is not.
        None => match ctx.store.other_of_profile(account, named).await? {
            Some(other) => format!("whose profile is that of the account `{other}`"),
            None => match profile_listed(ctx, token, named).await {
                Some(listed) => format!("and the account's list shows stories of the profile {listed}"),
                None => return Ok(answer),
            },
        },
    };
    Ok(Err(misnamed(&posted.story_id, &why)))
}

/// The profile of the account's listed stories, where none of them is of the one that is `named`. A list that cannot be read says nothing.
async fn profile_listed(ctx: &Ctx, token: &AccessToken, named: &str) -> Option<String> {
    let page = between_deaths(ctx.kakao.stories(token, None)).await.ok()?;
    let mut profiles = page.entries.iter().filter_map(ListEntry::id).map(profile_of);
    let first = profiles.next()?.to_owned();
    (first != named && profiles.all(|profile| profile != named)).then_some(first)
}

async fn record(
    ctx: &Ctx,
    account: &str,
    intent: Intent,
    posted: &Posted,
    follow: bool,
) -> Result<(TaskOutcome, NextPost)> {
    let (now, occurs_at) = (ctx.clock.now(), intent.occurs_at);
    // Only with a token that is at hand: the record waits for no refresh.
    let token = if follow { ctx.tokens.at_hand(account, ONE_CALL, now) } else { None };
    let lease = token.is_some().then_some(ctx.rules.lease);
    let heard = posted.server_date.map(|server_at| ServerTimeSample { at: now, server_at });
    let Onward { written, marked, next } =
        ctx.store.record_and_take(intent, &posted.story_id, heard, now, lease).await?;
    if marked {
        ctx.store.unblock(account).await?;
    }
    let late = between(occurs_at, now);
    let outcome = unless_lost(written, TaskOutcome::Published { story_id: posted.story_id.clone(), late });
    let next = match (token, next) {
        (Some(token), Some(intent)) => NextPost::Ready(Box::new(Ready::new(ctx, intent, token))),
        (Some(_), None) => NextPost::Nothing,
        (None, _) => NextPost::NotAsked,
    };
    Ok((outcome, next))
}

/// A -401 is a plain refusal: nothing was created. The post goes back into the queue and is sent with a fresh token under a new
/// intent; a second refusal in a row blocks the account.
async fn refused_token(
    ctx: &Ctx,
    account: &str,
    intent: Intent,
    used: &AccessToken,
    fault: Fault,
) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    if !ctx.store.first_unauthorized(account, now).await? {
        return set_back(ctx, intent, refused_again(fault)).await;
    }
    match refresh(ctx, account, used).await {
        Ok(_) => {
            let written = ctx.store.snooze(intent, &fault, ctx.clock.now()).await?;
            Ok(unless_lost(written, TaskOutcome::Refreshed))
        }
        Err(fault) => set_back(ctx, intent, fault).await,
    }
}
