//! Whether anything may be done by the machine's clock. Gathers what is known of the time, asks the servers for it where that is not enough,
//! and holds everything back while [`domain::evidence`](crate::domain::evidence), which decides, has doubts.
//!
//! Owns the state between two looks and the row in the database that outlives the process. Whoever does something that depends on the time
//! asks [`Trust::may_act`] first, which costs two looks at a clock.

mod seen;
mod settle;
pub(super) mod state;
mod words;

use futures_util::future::join_all;

use super::context::Ctx;
use super::report::Result;
use crate::domain::evidence::{ClockVerdict, ROUNDS_MAX};
use seen::See;
use settle::{believe, go_on_unconfirmed, hold};
use state::{AGAIN_MAX, AGAIN_MIN, MARK_EVERY};
pub use state::{ClockState, Trust};
pub use words::{remedy, words};

/// Accounts that are asked for the time together.
const ASKED_MAX: usize = 8;

impl Trust {
    /// Whether a look would find nothing new.
    fn is_settled(&self, ctx: &Ctx) -> bool {
        if !self.may_act(&ctx.clock) || ctx.kakao.dates().is_contradicted() {
            return false;
        }
        let (state, now) = (self.lock(), ctx.clock.reading().steady);
        let asks = state.standing == ClockState::Unconfirmed && state.ask_at.is_none_or(|at| at <= now);
        let marks = state.marked_at.is_none_or(|at| now.saturating_sub(at) >= MARK_EVERY);
        !asks && !marks
    }
}

/// Looks at the clock, asks for the time where that is needed, and puts right what a wrong clock did once it is right. Whether anything may be
/// done.
pub async fn look(ctx: &Ctx) -> Result<bool> {
    if ctx.trust.is_settled(ctx) { Ok(true) } else { look_anew(ctx).await }
}

/// Before a deed of an account by a clock that no server has confirmed: the account's server is asked for the time first.
pub(super) async fn look_for(ctx: &Ctx, account: &str) -> Result<bool> {
    let asks = {
        let state = ctx.trust.lock();
        state.standing == ClockState::Unconfirmed && !state.undated
    };
    if asks && let Ok(set) = ctx.tokens.folder().load(account) {
        let before = ctx.kakao.dates().count();
        let answered = ctx.kakao.ask_time(Some(&set.access_token)).await;
        if ctx.kakao.dates().count() != before {
            return look_anew(ctx).await;
        }
        ctx.trust.lock().undated |= answered;
    }
    look(ctx).await
}

async fn look_anew(ctx: &Ctx) -> Result<bool> {
    let _one = ctx.trust.looking.lock().await;
    load(ctx).await?;
    loop {
        let word = ctx.store.clock_word().await?;
        let seen = See::now(ctx, word.as_ref());
        match seen.verdict.clone() {
            ClockVerdict::Right => {
                believe(ctx, &seen).await?;
                return Ok(true);
            }
            // Asked again now and then, and what comes of it is judged by the next look.
            _ if seen.may_ask => ask(ctx).await,
            ClockVerdict::Unconfirmed => {
                go_on_unconfirmed(ctx, &seen).await?;
                return Ok(true);
            }
            ClockVerdict::Ask => {
                hold(ctx, None);
                return Ok(false);
            }
            ClockVerdict::Doubt(why) => {
                hold(ctx, Some((why, seen.answered)));
                return Ok(false);
            }
        }
    }
}

/// Takes over what the last process left, once.
async fn load(ctx: &Ctx) -> Result<()> {
    if ctx.trust.lock().loaded {
        return Ok(());
    }
    let mark = ctx.store.clock_mark().await?;
    let mut state = ctx.trust.lock();
    (state.loaded, state.wait) = (true, AGAIN_MIN);
    if let Some(mark) = mark {
        state.written_at = Some(mark.read.wall);
        state.believed = Some((mark.read, mark.confirmed));
    }
    Ok(())
}

/// Asks some accounts for the time, or the host where there is none. A token is used as it is: a wrong clock must not renew it.
async fn ask(ctx: &Ctx) {
    let folder = ctx.tokens.folder();
    let accounts = folder.list().unwrap_or_default();
    let first = ctx.trust.lock().asked;
    let some = accounts.iter().cycle().skip(first % accounts.len().max(1)).take(accounts.len().min(ASKED_MAX));
    let tokens: Vec<_> = some.filter_map(|account| Some(folder.load(account).ok()?.access_token)).collect();
    let before = ctx.kakao.dates().count();
    let answered = if tokens.is_empty() {
        ctx.kakao.ask_time(None).await
    } else {
        let asked = tokens.iter().map(|token| ctx.kakao.ask_time(Some(token)));
        join_all(asked).await.contains(&true)
    };
    let dated = ctx.kakao.dates().count() != before;
    let mut state = ctx.trust.lock();
    state.undated |= answered && !dated;
    state.asked = state.asked.wrapping_add(tokens.len());
    state.rounds = state.rounds.saturating_add(1);
    if !dated || state.rounds >= ROUNDS_MAX {
        state.ask_at = Some(ctx.clock.reading().steady + state.wait);
        // Who answers without a date will hardly learn to.
        state.wait = (state.wait * 2).min(if state.undated { MARK_EVERY } else { AGAIN_MAX });
    }
}
