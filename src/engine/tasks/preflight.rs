//! Asks Kakao ahead whether the posts to come could go out: whether their accounts are served and carry the consent, whether their links
//! can be scraped and show the card that they showed before. On the evening before, and again shortly before the due time.
//!
//! What turns the account away blocks it, as it would when the post is due; what is wrong with a link is recorded, and told from there.
//! Posts nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};

use crate::domain::clock::{between, earlier, later};
use crate::domain::fault::{Fault, FaultClass, Remedy};
use crate::domain::policy::Preflight;
use crate::domain::telling::zone;
use crate::engine::context::Ctx;
use crate::engine::failure::block_account;
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::with_token;
use crate::network::kakao::error::is_of_one_call;
use crate::network::kakao::folder::TokenError;
use crate::network::kakao::refresh::REFRESH_AHEAD;
use crate::network::kakao::story::LinkCard;
use crate::store::queue::{Ahead, Looked, ToLookAt};
use crate::store::view::TaskKind;

/// How far ahead looks are planned: the day before begins so early at the most, where a clock change makes it longer.
const PLANNED_AHEAD: Duration = Duration::from_secs(50 * 3_600);
/// What is wrong is looked at again so often, until it is right or the post is due.
const WRONG_AGAIN: Duration = Duration::from_secs(1_800);
/// How soon a question that could not be answered is asked again.
const AGAIN: Duration = Duration::from_secs(300);
/// What is to be looked at so soon after is looked at too: an account with many posts is not asked for each of them.
const TOGETHER: Duration = Duration::from_secs(300);
/// How far ahead of a post its account's token is renewed, so that it lives when the post is due: well within a token's six hours.
const TOKEN_AHEAD: Duration = Duration::from_secs(3_600);
/// Most posts that one run looks at; of these, the links that are scraped. What is left is for the next run.
const POSTS_MAX: u32 = 200;
const LINKS_MAX: usize = 5;

/// Plans the looks at everything that falls due within two days.
pub async fn plan(ctx: &Ctx) -> Result<()> {
    let now = ctx.clock.now();
    let ahead = ctx.store.ahead(now, later(now, PLANNED_AHEAD)).await?;
    let (mut looks, mut anew) = (Vec::new(), Vec::new());
    for post in &ahead {
        let at = next_look(post, &ctx.rules.preflight);
        if at == post.next_at && (post.seen_at.is_some() || !post.found) {
            continue;
        }
        if post.seen_at.is_none() {
            anew.push(post.post);
        }
        if post.seen_at.is_some() || at.is_some() {
            looks.push((post.post, post.account.as_str(), at));
        }
    }
    if !looks.is_empty() || !anew.is_empty() || ctx.store.has_stale_looks().await? {
        ctx.store.plan_looks(&looks, &anew).await?;
    }
    Ok(())
}

fn next_look(post: &Ahead, rules: &Preflight) -> Option<Timestamp> {
    next(post.due_at, &post.zone, rules, post.seen_at, post.found)
}

/// When a post is looked at next: never, when its looks are over. Pure.
fn next(
    due_at: Timestamp,
    zone_name: &str,
    rules: &Preflight,
    seen_at: Option<Timestamp>,
    wrong: bool,
) -> Option<Timestamp> {
    let time_zone = zone(zone_name);
    let day = due_at.to_zoned(time_zone.clone()).date().checked_sub(1.day()).ok();
    let evening = rules
        .evening
        .zip(day)
        .and_then(|(time, day)| Some(day.to_datetime(time).to_zoned(time_zone).ok()?.timestamp()));
    let before = rules.before.map(|before| earlier(due_at, before));
    let mut looks = [evening, before].into_iter().flatten();
    let Some(seen_at) = seen_at else { return looks.min() };
    let again = wrong.then(|| later(seen_at, WRONG_AGAIN)).filter(|at| *at < due_at && looks.clone().next().is_some());
    looks.find(|at| *at > seen_at).into_iter().chain(again).min()
}

/// Looks at the account's posts whose look is due.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let report = |outcome| TaskReport { deed: TaskKind::Foresee, account: account.into(), post: None, outcome };
    let now = ctx.clock.now();
    let posts = ctx.store.to_look_at(account, later(now, TOGETHER), POSTS_MAX).await?;
    if posts.iter().all(|post| post.next_at > now) {
        return Ok(report(TaskOutcome::Idle));
    }
    // Told already, by whoever looks at what is known here.
    if matches!(ctx.tokens.folder().load(account), Err(TokenError::Missing(_))) {
        let at = later(now, AGAIN);
        ctx.store.put_off_looks(account, now, at).await?;
        return Ok(report(TaskOutcome::LookAgain { at, why: "nobody can be asked ahead without a login".into() }));
    }
    match see(ctx, account, posts).await {
        Ok(looked) => {
            let wrong = looked.iter().filter(|look| look.finding.is_some()).count();
            let looked_at = looked.len();
            ctx.store.record_looks(&looked).await?;
            Ok(report(TaskOutcome::Foreseen { posts: looked_at, wrong }))
        }
        Err(fault) => {
            let at = later(ctx.clock.now(), AGAIN);
            ctx.store.put_off_looks(account, now, at).await?;
            // A wait may be the question's alone, and is over before the post is due.
            if let FaultClass::Blocked(block) = &fault.class
                && !matches!(block.cure, Remedy::Wait(_))
            {
                block_account(ctx, account, block, &fault).await?;
                return Ok(report(TaskOutcome::Blocked { fault }));
            }
            Ok(report(TaskOutcome::LookAgain { at, why: format!("Kakao could not be asked ahead: {fault}") }))
        }
    }
}

/// What is to be seen, or why nobody can be asked now: the account is turned away, or the network or Kakao has trouble.
async fn see(ctx: &Ctx, account: &str, posts: Vec<ToLookAt>) -> std::result::Result<Vec<Looked>, Fault> {
    // So that no post waits for its token when it is due. What only a person can mend is told when the token is dead: until then it
    // serves.
    match with_token::renew_ahead(ctx, account, life(&posts, ctx.clock.now())).await {
        Err(fault) if matches!(fault.class, FaultClass::Transient { .. }) => return Err(fault),
        _ => {}
    }
    match with_token::served(ctx, account).await {
        // What one of these questions meets, a post need not meet.
        Err(fault) if is_of_one_call(&fault) || matches!(fault.class, FaultClass::Permanent) => {
            tracing::debug!(account, %fault, "Kakao does not say ahead whether it would serve the account");
        }
        asked => asked?,
    }
    let mut links: BTreeMap<String, std::result::Result<String, Fault>> = BTreeMap::new();
    let mut looked = Vec::new();
    for post in posts {
        let Some(url) = &post.url else {
            looked.push(seen(ctx, &post, None, None));
            continue;
        };
        if !links.contains_key(url) {
            if links.len() == LINKS_MAX {
                continue;
            }
            let scraped =
                with_token::repeatable(ctx, account, async |token| ctx.kakao.link_info(&token, url).await).await;
            let scraped = scraped.map(|artifact| LinkCard::read(&artifact).in_words());
            match &scraped {
                Err(fault) if !is_of_the_link(fault) => return Err(fault.clone()),
                _ => drop(links.insert(url.clone(), scraped)),
            }
        }
        let (card, finding) = match links.get(url) {
            Some(Ok(card)) => (Some(card.clone()), changed(url, post.card.as_deref(), card)),
            Some(Err(fault)) => (None, Some(format!("{url} cannot be posted as things stand: {}", fault.reason))),
            None => (None, None),
        };
        looked.push(seen(ctx, &post, card, finding));
    }
    Ok(looked)
}

/// How long the account's token must live: until the posts to come are out, as far as they are near. Pure.
fn life(posts: &[ToLookAt], now: Timestamp) -> Duration {
    let near = posts.iter().map(|post| post.due_at).filter(|due_at| *due_at <= later(now, TOKEN_AHEAD));
    REFRESH_AHEAD + near.max().map_or(Duration::ZERO, |due_at| between(now, due_at))
}

/// Whether the page is at fault. Everything else may be better in a moment, or is the account's.
fn is_of_the_link(fault: &Fault) -> bool {
    matches!(fault.class, FaultClass::Permanent | FaultClass::Transient { tries_max: Some(_), .. })
}

fn changed(url: &str, first: Option<&str>, card: &str) -> Option<String> {
    let first = first.filter(|first| *first != card)?;
    Some(format!("the card of {url} {card}; at the first look: it {first}"))
}

fn seen(ctx: &Ctx, post: &ToLookAt, card: Option<String>, finding: Option<String>) -> Looked {
    // One that is looked at a little early is not looked at again at its time.
    let seen_at = ctx.clock.now().max(post.next_at);
    let next_at = next(post.due_at, &post.zone, &ctx.rules.preflight, Some(seen_at), finding.is_some());
    Looked { post: post.post, seen_at, next_at, url: post.url.clone(), card, finding }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Time;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    const DUE: &str = "2026-12-02T09:00:00+09:00";

    fn look(rules: &Preflight, seen_at: Option<&str>, wrong: bool) -> Option<Timestamp> {
        next(at(DUE), "Asia/Seoul", rules, seen_at.map(at), wrong)
    }

    #[test]
    fn a_post_is_looked_at_on_the_evening_before_and_again_shortly_before_it_is_due() {
        let rules = Preflight::default();
        let (evening, before) = (at("2026-12-01T18:00:00+09:00"), at("2026-12-02T08:30:00+09:00"));
        assert_eq!(look(&rules, None, false), Some(evening));
        assert_eq!(look(&rules, Some("2026-12-01T18:00:01+09:00"), false), Some(before));
        assert_eq!(look(&rules, Some("2026-12-02T08:30:01+09:00"), false), None);
    }

    #[test]
    fn what_is_wrong_is_looked_at_every_half_hour_until_it_is_due() {
        let rules = Preflight::default();
        assert_eq!(look(&rules, Some("2026-12-01T18:00:00+09:00"), true), Some(at("2026-12-01T18:30:00+09:00")));
        assert_eq!(look(&rules, Some("2026-12-02T08:20:00+09:00"), true), Some(at("2026-12-02T08:30:00+09:00")));
        assert_eq!(look(&rules, Some("2026-12-02T08:31:00+09:00"), true), None);
    }

    #[test]
    fn each_of_the_two_can_be_left_out() {
        let late = Preflight { evening: None, ..Preflight::default() };
        assert_eq!(look(&late, None, false), Some(at("2026-12-02T08:30:00+09:00")));
        let early = Preflight { evening: Some(Time::constant(12, 0, 0, 0)), before: None };
        assert_eq!(look(&early, None, false), Some(at("2026-12-01T12:00:00+09:00")));
        assert_eq!(look(&early, Some("2026-12-01T12:00:00+09:00"), false), None);
        assert_eq!(look(&Preflight::OFF, None, false), None);
        assert_eq!(look(&Preflight::OFF, Some("2026-12-01T12:00:00+09:00"), true), None);
    }
}
