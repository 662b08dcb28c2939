//! What one look at the clock sees: the evidence as it stands, and the verdict on it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::state::{AGAIN_MIN, ClockState};
use crate::domain::clock::Reading;
use crate::domain::evidence::{ClockEvidence, ClockVerdict, DOUBT_FROM, Opinion, SteadyVerdict, verdict};
use crate::engine::context::Ctx;
use crate::plan::TZDB;
use crate::store::queue::ClockWord;

/// How long a person's word holds that was given before the machine was started anew.
const WORD_MAX: Duration = Duration::from_secs(86_400);

/// What one look saw.
pub(super) struct See {
    pub(super) read: Reading,
    pub(super) verdict: ClockVerdict,
    /// By how much the clock was set since it was believed, where it was.
    pub(super) set: Option<SignedDuration>,
    /// What speaks for it are answers, or a person's word.
    pub(super) confirmed: bool,
    /// Sources have answered.
    pub(super) answered: bool,
    pub(super) may_ask: bool,
}

impl See {
    pub(super) fn now(ctx: &Ctx, word: Option<&ClockWord>) -> Self {
        let read = ctx.clock.reading();
        let mut state = ctx.trust.lock();
        let steady = state.believed.as_ref().and_then(|(believed, confirmed)| {
            Some(SteadyVerdict { ahead: read.set_since(believed)?, confirmed: *confirmed })
        });
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
        let evidence = ClockEvidence {
            now: read.wall,
            earliest: earliest(TZDB),
            written_at: state.written_at,
            steady,
            rounds: state.rounds,
            word,
            in_doubt: matches!(state.standing, ClockState::Doubt(_)),
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
