//! Whether anything may be done by the machine's clock. Gathers what is known of the time, asks the servers for it where that is not enough,
//! and holds everything back while [`domain::evidence`](crate::domain::evidence), which decides, has doubts.
//!
//! Owns the state between two looks and the row in the database that outlives the process. Whoever does something that depends on the time
//! asks [`Trust::may_act`] first, which costs two looks at a clock.

mod settle;
mod words;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{Ctx, Result};
use crate::domain::clock::{Clock, Reading};
use crate::domain::evidence::{DOUBT_FROM, Evidence, Opinion, ROUNDS_MAX, Steady, Verdict, Why, verdict};
use crate::plan::TZDB;
use crate::store::queue::ClockWord;
use settle::{believe, go_on_unconfirmed, hold};
pub use words::{remedy, words};

/// Accounts that are asked for the time together.
const ASKED_MAX: usize = 8;
/// Waits between two questions that brought nothing: at first, and at most.
const AGAIN_MIN: Duration = Duration::from_secs(2);
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// How often it is written down that the clock is believed.
const MARK_EVERY: Duration = Duration::from_secs(600);
/// How long a person's word holds that was given before the machine was started anew.
const WORD_MAX: Duration = Duration::from_secs(86_400);

/// What is known of the clock between two looks.
#[derive(Debug, Default)]
pub struct Trust {
    state: Mutex<State>,
    /// One look at a time: each asks, and writes down what it found.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    standing: Standing,
    /// What the last process left was read.
    loaded: bool,
    /// How the clocks stood when ours was last believed, and whether that was confirmed.
    believed: Option<(Reading, bool)>,
    /// When the queue was last written, as far as the last process knew.
    written_at: Option<Timestamp>,
    /// By how much the clock was set when the dates of before were forgotten.
    forgot_for: Option<SignedDuration>,
    /// Questions to all since then.
    rounds: u32,
    asked: usize,
    /// When the next question is worth its while, by the steady clock, and the wait after that.
    ask_at: Option<Duration>,
    wait: Duration,
    /// Since when everything is held back.
    held_since: Option<Duration>,
    marked_at: Option<Duration>,
    /// Servers answer, and their answers carry no date: nobody asks them again before each deed.
    undated: bool,
    /// Nothing of before the start was swept yet.
    owes_sweep: bool,
}

/// Where the clock stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has looked yet, or the servers are being asked: nothing is done.
    #[default]
    Asking,
    /// It is right.
    Right,
    /// Nothing speaks against it, and no server could be asked yet.
    Unconfirmed,
    /// It is in doubt: nothing is done.
    Doubt(Why),
}

impl Trust {
    /// Where the clock stood at the last look.
    pub fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    /// Why it is in doubt, if it is.
    pub fn doubt(&self) -> Option<Why> {
        match &self.lock().standing {
            Standing::Doubt(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Whether anything may be done by this clock: it was believed at the last look, and nobody has set it since.
    pub fn may_act(&self, clock: &Clock) -> bool {
        let state = self.lock();
        let believed = matches!(state.standing, Standing::Right | Standing::Unconfirmed);
        believed && state.believed.as_ref().is_none_or(|(read, _)| !was_set(&clock.reading(), read))
    }

    /// Whether what is gone afterwards may be thrown away by this clock: it is right, and not only unrefuted; or no server tells the time.
    pub fn may_throw_away(&self, clock: &Clock) -> bool {
        let sure = {
            let state = self.lock();
            state.standing == Standing::Right || state.undated
        };
        sure && self.may_act(clock)
    }

    /// Whether a look would find nothing new.
    fn is_settled(&self, ctx: &Ctx) -> bool {
        if !self.may_act(&ctx.clock) || ctx.kakao.dates().is_contradicted() {
            return false;
        }
        let (state, now) = (self.lock(), ctx.clock.reading().steady);
        let asks = state.standing == Standing::Unconfirmed && state.ask_at.is_none_or(|at| at <= now);
        let marks = state.marked_at.is_none_or(|at| now.saturating_sub(at) >= MARK_EVERY);
        !asks && !marks
    }

    /// How long until the next look is worth its while, as long as nothing else happens; `None`: nothing is waited for.
    pub fn looks_after(&self, clock: &Clock) -> Option<Duration> {
        let state = self.lock();
        let at = state.ask_at.filter(|_| state.standing != Standing::Right)?;
        Some(at.saturating_sub(clock.reading().steady))
    }

    /// Notes that what an earlier process held is still to be swept.
    pub(super) fn owe_sweep(&self) {
        self.lock().owes_sweep = true;
    }

    /// Whether a sweep is owed.
    pub fn owes_sweep(&self) -> bool {
        self.lock().owes_sweep
    }

    pub(super) fn sweeps(&self) {
        self.lock().owes_sweep = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn was_set(now: &Reading, believed: &Reading) -> bool {
    now.set_since(believed).is_some_and(|set| set.abs() >= DOUBT_FROM)
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
        state.standing == Standing::Unconfirmed && !state.undated
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
            Verdict::Right => {
                believe(ctx, &seen).await?;
                return Ok(true);
            }
            // Asked again now and then, and what comes of it is judged by the next look.
            _ if seen.may_ask => ask(ctx).await,
            Verdict::Unconfirmed => {
                go_on_unconfirmed(ctx, &seen).await?;
                return Ok(true);
            }
            Verdict::Ask => {
                hold(ctx, None);
                return Ok(false);
            }
            Verdict::Doubt(why) => {
                hold(ctx, Some((why, seen.answered)));
                return Ok(false);
            }
        }
    }
}

/// What one look saw.
struct See {
    read: Reading,
    verdict: Verdict,
    /// By how much the clock was set since it was believed, where it was.
    set: Option<SignedDuration>,
    /// What speaks for it are answers, or a person's word.
    confirmed: bool,
    /// Sources have answered.
    answered: bool,
    may_ask: bool,
}

impl See {
    fn now(ctx: &Ctx, word: Option<&ClockWord>) -> Self {
        let read = ctx.clock.reading();
        let mut state = ctx.trust.lock();
        let steady = state
            .believed
            .as_ref()
            .and_then(|(believed, confirmed)| Some(Steady { ahead: read.set_since(believed)?, confirmed: *confirmed }));
        let set = steady.map(|steady| steady.ahead).filter(|ahead| ahead.abs() >= DOUBT_FROM);
        let same = match (set, state.forgot_for) {
            (Some(set), Some(before)) => (set - before).abs() < DOUBT_FROM,
            (None, None) => true,
            _ => false,
        };
        if !same {
            // It was set: what was heard before tells no more than the steady clock does.
            ctx.kakao.dates().forget();
            (state.forgot_for, state.rounds, state.ask_at, state.wait) = (set, 0, None, AGAIN_MIN);
        }
        let opinions = ctx.kakao.dates().opinions(&ctx.clock);
        // A server whose time is before this program's is no witness.
        let possible = |opinion: &Opinion| read.wall.saturating_sub(opinion.ahead).is_ok_and(|at| at >= earliest(TZDB));
        let answers: Vec<_> = opinions.into_iter().map(|(_, opinion)| opinion).filter(possible).collect();
        let word = word.is_some_and(|word| holds(word, &read));
        let evidence = Evidence {
            now: read.wall,
            earliest: earliest(TZDB),
            written_at: state.written_at,
            steady,
            rounds: state.rounds,
            word,
            in_doubt: matches!(state.standing, Standing::Doubt(_)),
            answers,
        };
        let confirmed = word || evidence.answers.iter().any(|opinion| opinion.ahead.abs() < DOUBT_FROM);
        Self {
            verdict: verdict(&evidence),
            set,
            confirmed,
            answered: !evidence.answers.is_empty(),
            may_ask: state.ask_at.is_none_or(|at| at <= read.steady),
            read,
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

/// Whether a person's word still holds: nobody has set the clock since it was given.
fn holds(word: &ClockWord, read: &Reading) -> bool {
    match read.set_since(&word.read) {
        Some(set) => set.abs() < DOUBT_FROM,
        // The machine was started anew: for a day it is taken to be the same clock.
        None => {
            let since = read.wall.duration_since(word.read.wall);
            since >= SignedDuration::ZERO && since.unsigned_abs() < WORD_MAX
        }
    }
}

/// Before this no clock is right: the zone rules of the program, as in `2026a`, come from that year.
fn earliest(tzdb: &str) -> Timestamp {
    let year = tzdb.get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970);
    let day = jiff::civil::Date::new(year, 1, 1).ok();
    day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok()).map_or(Timestamp::UNIX_EPOCH, |day| day.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_clock_is_right_before_the_year_of_the_zone_rules() {
        let at = |text: &str| -> Timestamp { text.parse().expect("valid") };
        assert_eq!(earliest("2026a"), at("2026-01-01T00:00:00Z"));
        assert_eq!(earliest("unknown"), Timestamp::UNIX_EPOCH);
    }
}
