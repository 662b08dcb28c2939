//! Whether the machine's clock can be believed: decided here and nowhere else, from all that is known of the time. Pure.
//!
//! Three kinds of witness speak. The *answers* of servers carry a `Date`; each source (an account, a host) has one voice, however often it
//! answers. The *steady clock* tells whether the wall clock was set since an instant at which it was right. The *record* tells when the
//! queue was last written: no time before that can be right, and one long after it is doubtful.
//!
//! No witness is believed alone against two. A clock that is right is not stopped by one source that lies: the steady clock, or any other
//! source, outweighs it. A clock that is wrong is not confirmed by one source that lies: the steady clock and another source outweigh it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::clock::{between, earlier};

/// A clock that is off by so much is in doubt: a post would come out minutes early or late.
pub const DOUBT_FROM: SignedDuration = SignedDuration::from_secs(120);
/// Once it was in doubt, it is right again below this: no coming and going about the limit.
const RIGHT_BELOW: SignedDuration = SignedDuration::from_secs(90);
/// A queue that was last written longer ago than this is no ordinary restart: the clock may have run away.
pub const GAP_MAX: Duration = Duration::from_secs(30 * 86_400);
/// Questions in a row to each source before the answers are judged as they are.
pub const ROUNDS_MAX: u32 = 3;

/// All that is known of the time.
#[derive(Clone, Debug)]
pub struct ClockEvidence {
    /// The wall clock.
    pub now: Timestamp,
    /// No time before this can be right: the program's zone rules are younger.
    pub earliest: Timestamp,
    /// When the queue was last written, as far as is known.
    pub written_at: Option<Timestamp>,
    /// What the steady clock says; `None`: nothing, since the machine was started anew.
    pub steady: Option<SteadyVerdict>,
    /// What each source says.
    pub answers: Vec<Opinion>,
    /// Questions to every source since the start, or since the clock was last set.
    pub rounds: u32,
    /// A person has said that the clock is right.
    pub word: bool,
    /// The clock is in doubt so far.
    pub in_doubt: bool,
}

/// What the steady clock says of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SteadyVerdict {
    /// How far the wall clock was set ahead since it was last believed; less than zero: back.
    pub ahead: SignedDuration,
    /// Whether answers, or a person, had confirmed it then.
    pub confirmed: bool,
}

/// What one source says of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// How far the wall clock is ahead of the source's; less than zero: behind.
    pub ahead: SignedDuration,
    /// How many answers say so.
    pub answers: usize,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockVerdict {
    /// The clock is right, as far as anybody can know.
    Right,
    /// Nothing speaks against it, and no server has confirmed it yet: what needs no server goes on.
    Unconfirmed,
    /// The sources are to be asked first.
    Ask,
    /// Nothing may be done by this clock.
    Doubt(DoubtReason),
}

/// Why it is in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoubtReason {
    /// So many sources say that it is so far ahead; less than zero: behind.
    Answers {
        /// How far.
        ahead: SignedDuration,
        /// How many say so.
        sources: usize,
        /// How many say that it is right.
        against: usize,
    },
    /// It was set so far ahead, and no answer has confirmed that.
    Set(SignedDuration),
    /// The queue was last written at a later time.
    BeforeLastWrite(Timestamp),
    /// The queue was last written long ago.
    LongAfterLastWrite(Timestamp),
    /// It is earlier than this program can be.
    BeforeProgram(Timestamp),
}

/// The decision.
pub fn verdict(evidence: &ClockEvidence) -> ClockVerdict {
    if evidence.word {
        return ClockVerdict::Right;
    }
    let limit = if evidence.in_doubt { RIGHT_BELOW } else { DOUBT_FROM };
    let (agreeing, differing): (Vec<Opinion>, Vec<Opinion>) =
        evidence.answers.iter().partition(|opinion| opinion.ahead.abs() < limit);
    let doubtful = implausible(evidence, limit);
    let set = evidence.steady.filter(|steady| steady.ahead.abs() >= limit);
    // Twos, so that what was never confirmed counts half.
    let weight = |confirmed: bool| if confirmed { 2 } else { 1 };
    let own = match (evidence.steady, set, &doubtful) {
        (Some(steady), None, _) => weight(steady.confirmed),
        (None, _, None) => 1,
        _ => 0,
    };
    let right = 2 * agreeing.len() + own;
    let group = strongest(&differing, limit);
    let against_by_answers = group.map_or(0, |(ahead, sources)| {
        let same = set.filter(|steady| (steady.ahead - ahead).abs() < DOUBT_FROM);
        2 * sources + same.map_or(0, |steady| weight(steady.confirmed))
    });
    let against = against_by_answers
        .max(set.map_or(0, |steady| weight(steady.confirmed)))
        .max(usize::from(evidence.steady.is_none() && doubtful.is_some()));
    // One answer is no confirmation of what speaks against itself.
    let needed = if set.is_some() || (evidence.steady.is_none() && doubtful.is_some()) { 2 } else { 1 };
    let answers: usize = agreeing.iter().map(|opinion| opinion.answers).sum();
    let steady_says_right = evidence.steady.is_some() && set.is_none();
    if right >= against && (answers >= needed || (steady_says_right && own == 2)) {
        return ClockVerdict::Right;
    }
    let asked_enough = evidence.rounds >= ROUNDS_MAX || (evidence.rounds > 0 && evidence.answers.is_empty());
    if !asked_enough {
        return ClockVerdict::Ask;
    }
    match (group, set, doubtful) {
        (Some((ahead, sources)), _, _) => {
            ClockVerdict::Doubt(DoubtReason::Answers { ahead, sources, against: agreeing.len() })
        }
        (None, Some(steady), _) => ClockVerdict::Doubt(DoubtReason::Set(steady.ahead)),
        (None, None, Some(why)) if evidence.steady.is_none() => ClockVerdict::Doubt(why),
        (None, None, _) => ClockVerdict::Unconfirmed,
    }
}

/// Why the record says that this cannot be the time, if it does.
fn implausible(evidence: &ClockEvidence, limit: SignedDuration) -> Option<DoubtReason> {
    let now = evidence.now;
    if now < evidence.earliest {
        return Some(DoubtReason::BeforeProgram(evidence.earliest));
    }
    let written_at = evidence.written_at?;
    if now < earlier(written_at, limit.unsigned_abs()) {
        return Some(DoubtReason::BeforeLastWrite(written_at));
    }
    (between(written_at, now) > GAP_MAX).then_some(DoubtReason::LongAfterLastWrite(written_at))
}

/// The largest group of sources that agree among themselves, and how far ahead they say that the clock is. Two that differ from us and from
/// each other do not bear each other out.
fn strongest(differing: &[Opinion], limit: SignedDuration) -> Option<(SignedDuration, usize)> {
    let group = |of: &Opinion| differing.iter().filter(|other| (other.ahead - of.ahead).abs() < limit).count();
    differing.iter().map(|opinion| (opinion.ahead, group(opinion))).max_by_key(|(_, sources)| *sources)
}

#[cfg(test)]
mod tests;
