//! The `Date`s of servers' answers, as they come: what each source said lately, carried on by the steady clock, so that it can be compared
//! with the wall clock at any later instant.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::clock::{Clock, Reading};
use super::evidence::{DOUBT_FROM, Opinion};

/// Answers of one source that are remembered: the majority of them is what it says.
const ANSWERS_KEPT: usize = 3;
/// Sources that are remembered; beyond them the one that was silent longest is forgotten.
const SOURCES_MAX: usize = 64;
/// A date has whole seconds.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// What was heard. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Dates(Arc<Mutex<DateSample>>);

#[derive(Debug, Default)]
struct DateSample {
    /// By source, the latest last.
    sources: BTreeMap<String, Vec<DatedAnswer>>,
    /// A date came that differs, and nobody has judged it yet.
    unjudged: bool,
    /// How many answers came with a date, ever.
    count: u64,
}

#[derive(Clone, Debug)]
struct DatedAnswer {
    date: Timestamp,
    /// When the request left, and when the answer came: the server wrote its date in between.
    left: Reading,
    came: Reading,
}

impl Dates {
    /// Takes a date: of which source, and how the clocks stood when the request left and when the answer came.
    pub fn take(&self, source: &str, date: Timestamp, left: Reading, came: Reading) {
        let mut heard = self.lock();
        let answer = DatedAnswer { date, left, came };
        heard.count += 1;
        heard.unjudged |= ahead(&answer, &answer.came).is_none_or(|ahead| ahead.abs() >= DOUBT_FROM);
        if !heard.sources.contains_key(source) && heard.sources.len() >= SOURCES_MAX {
            let oldest = heard.sources.iter().min_by_key(|(_, answers)| answers.last().map(|last| last.came.steady));
            if let Some(oldest) = oldest.map(|(source, _)| source.clone()) {
                heard.sources.remove(&oldest);
            }
        }
        let answers = heard.sources.entry(source.to_owned()).or_default();
        answers.push(answer);
        if answers.len() > ANSWERS_KEPT {
            answers.remove(0);
        }
    }

    /// Forgets all that was heard: the clock was set since, and only what comes from here on tells whether rightly.
    pub fn forget(&self) {
        let mut heard = self.lock();
        heard.sources.clear();
        heard.unjudged = false;
    }

    /// What each source says of the clock, with its name. One whose answers contradict each other, without a majority, says nothing.
    pub fn opinions(&self, clock: &Clock) -> Vec<(String, Opinion)> {
        let now = clock.reading();
        let heard = self.lock();
        let opinions = heard.sources.iter().filter_map(|(source, answers)| {
            let said: Vec<SignedDuration> = answers.iter().filter_map(|answer| ahead(answer, &now)).collect();
            Some((source.clone(), majority(&said)?))
        });
        opinions.collect()
    }

    /// Whether a date came that differs from the clock since this was last asked.
    pub fn was_contradicted(&self) -> bool {
        std::mem::take(&mut self.lock().unjudged)
    }

    /// Whether a date came that differs from the clock, and nobody has asked since.
    pub fn is_contradicted(&self) -> bool {
        self.lock().unjudged
    }

    /// How many answers came with a date, ever.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, DateSample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the wall clock is ahead of the server's at `now`: zero as long as the date fits into the time that the exchange took.
fn ahead(answer: &DatedAnswer, now: &Reading) -> Option<SignedDuration> {
    // Where the server's clock stands now, at most and at least: it ran on since.
    let most = now.steady.checked_sub(answer.left.steady)?;
    let least = now.steady.checked_sub(answer.came.steady)?;
    let most = answer.date.saturating_add(SignedDuration::try_from(most).ok()?.saturating_add(SECOND)).ok()?;
    let least = answer.date.saturating_add(SignedDuration::try_from(least).ok()?).ok()?;
    if now.boot != answer.came.boot {
        return None;
    }
    Some(if now.wall > most {
        now.wall.duration_since(most)
    } else if now.wall < least {
        now.wall.duration_since(least)
    } else {
        SignedDuration::ZERO
    })
}

/// What most of a source's answers say. One alone counts; of two that differ neither does.
fn majority(said: &[SignedDuration]) -> Option<Opinion> {
    let alike = |of: &SignedDuration| said.iter().filter(|other| (**other - *of).abs() < DOUBT_FROM).count();
    let (answers, ahead) = said.iter().map(|ahead| (alike(ahead), *ahead)).max_by_key(|(answers, _)| *answers)?;
    (answers * 2 > said.len()).then_some(Opinion { ahead, answers })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::clock::later;

    fn clock() -> Clock {
        Clock::manual("2026-12-01T00:00:00Z".parse().expect("valid"))
    }

    fn say(dates: &Dates, clock: &Clock, source: &str, ahead_s: i64) {
        let now = clock.reading();
        dates.take(source, now.wall - SignedDuration::from_secs(ahead_s), now.clone(), now);
    }

    fn of(dates: &Dates, clock: &Clock, source: &str) -> Option<i64> {
        let opinions = dates.opinions(clock);
        opinions.iter().find(|(name, _)| name == source).map(|(_, opinion)| opinion.ahead.as_secs())
    }

    #[test]
    fn a_date_is_carried_on_by_the_steady_clock() {
        let (dates, clock) = (Dates::default(), clock());
        say(&dates, &clock, "cafe", 0);
        clock.advance(Duration::from_secs(7_200));
        assert_eq!(of(&dates, &clock, "cafe"), Some(0));
        clock.set(later(clock.now(), Duration::from_secs(600)));
        assert_eq!(of(&dates, &clock, "cafe"), Some(599), "the date may be almost a second older");
        clock.reboot();
        assert_eq!(of(&dates, &clock, "cafe"), None);
    }

    #[test]
    fn an_answer_that_takes_long_is_no_difference() {
        let (dates, clock) = (Dates::default(), clock());
        let left = clock.reading();
        clock.advance(Duration::from_secs(75));
        // Written at the beginning, or at the end.
        for date in [left.wall, clock.now()] {
            dates.take("cafe", date, left.clone(), clock.reading());
            assert_eq!(of(&dates, &clock, "cafe"), Some(0));
        }
        assert!(!dates.is_contradicted());
    }

    #[test]
    fn one_answer_of_three_that_lies_is_outvoted_and_one_of_two_says_nothing() {
        let (dates, clock) = (Dates::default(), clock());
        say(&dates, &clock, "cafe", 86_400);
        assert_eq!(of(&dates, &clock, "cafe"), Some(86_399), "alone it counts");
        assert!(dates.was_contradicted() && !dates.was_contradicted());
        say(&dates, &clock, "cafe", 0);
        assert_eq!(of(&dates, &clock, "cafe"), None);
        say(&dates, &clock, "cafe", 0);
        assert_eq!(of(&dates, &clock, "cafe"), Some(0));
    }

    #[test]
    fn no_more_sources_than_a_few_are_remembered() {
        let (dates, clock) = (Dates::default(), clock());
        for source in 0..500 {
            clock.advance(Duration::from_secs(1));
            say(&dates, &clock, &format!("account-{source}"), 0);
        }
        let sources = dates.opinions(&clock);
        assert_eq!(sources.len(), SOURCES_MAX);
        assert!(sources.iter().any(|(source, _)| source == "account-499"));
        dates.forget();
        assert!(dates.opinions(&clock).is_empty());
    }
}
