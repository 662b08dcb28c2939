//! When an absence from Kakao's list counts, by two clocks of which either may be set at any moment: for a doubt, and after a
//! backup was restored. Pure.

use std::time::Duration;

use crate::domain::clock::ServerTimeSample;
use crate::store::queue::Proof;

/// Complete listings after the quarantine that must lack a story before it counts as absent.
const ABSENCES_NEEDED: u32 = 2;
/// Between the two, so that one hiccup of the list cannot feed both.
pub(crate) const SECOND_LISTING: Duration = Duration::from_secs(10);
/// By how much two clocks may differ in how long the same wait was: more than whole seconds and a slow answer make up, less than
/// what a person or a time server would set.
const APART_MAX: Duration = Duration::from_secs(20);

/// What one more complete listing without the story means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AbsenceStep {
    /// Nothing can be measured: the listing carried no date.
    Undated,
    /// Its date does not fit those before it. Either this one answer is wrong, or a clock was set: the next listing tells.
    Odd(Proof),
    /// The quarantine begins with this listing, which is the first one, or with the one before it: a clock was set since it began.
    Anew(Proof),
    /// Too early, by at least one of the clocks; it still takes so long.
    Early(Duration),
    /// It counts, and one more is needed.
    Counts(Proof),
    /// It counts, and is the last that was needed.
    Proved,
}

/// Adds a listing that was `heard` to the proof so far.
pub(crate) fn step(proof: Proof, heard: Option<ServerTimeSample>, quarantine: Duration) -> AbsenceStep {
    let Some(heard) = heard else { return AbsenceStep::Undated };
    let anew = |began| AbsenceStep::Anew(Proof { quarantine: Some(began), absences: 0, odd: None });
    let Some(began) = proof.quarantine else { return anew(heard) };
    if !agree(&heard, &began) {
        return match proof.odd {
            Some(odd) if agree(&heard, &odd) => anew(odd),
            _ => AbsenceStep::Odd(Proof { odd: Some(heard), ..proof }),
        };
    }
    let (ours, kakaos) = heard.since(&began);
    let passed = Duration::try_from(ours.min(kakaos)).unwrap_or(Duration::ZERO);
    if passed < quarantine {
        return AbsenceStep::Early(quarantine - passed);
    }
    let absences = proof.absences + 1;
    if absences < ABSENCES_NEEDED {
        AbsenceStep::Counts(Proof { absences, odd: None, ..proof })
    } else {
        AbsenceStep::Proved
    }
}

/// Whether both clocks measured about the same time between the two.
fn agree(one: &ServerTimeSample, other: &ServerTimeSample) -> bool {
    let (ours, kakaos) = one.since(other);
    ours.checked_sub(kakaos).is_some_and(|apart| apart.unsigned_abs() <= APART_MAX)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const QUARANTINE: Duration = Duration::from_secs(180);

    /// Heard so many seconds after the quarantine began, by our clock and by Kakao's.
    fn heard(ours: i64, kakaos: i64) -> ServerTimeSample {
        let start: jiff::Timestamp = "2026-12-01T00:00:00Z".parse().expect("valid");
        let after = |seconds| start.checked_add(SignedDuration::from_secs(seconds)).expect("in range");
        ServerTimeSample { at: after(ours), server_at: after(kakaos) }
    }

    fn proof(absences: u32) -> Proof {
        Proof { quarantine: Some(heard(0, 0)), absences, odd: None }
    }

    /// Whether the quarantine begins anew with the first of two such listings, the second half a minute later.
    fn is_anew(ours: i64, kakaos: i64) -> bool {
        let odd = heard(ours, kakaos);
        let AbsenceStep::Odd(noted) = step(proof(1), Some(odd), QUARANTINE) else { return false };
        assert_eq!(noted, Proof { odd: Some(odd), ..proof(1) });
        let next = step(noted, Some(heard(ours + 30, kakaos + 30)), QUARANTINE);
        next == AbsenceStep::Anew(Proof { quarantine: Some(odd), absences: 0, odd: None })
    }

    #[test]
    fn the_first_listing_begins_the_quarantine_and_two_after_it_prove_the_absence() {
        let began = proof(0);
        assert_eq!(step(Proof::default(), Some(heard(0, 0)), QUARANTINE), AbsenceStep::Anew(began));
        assert_eq!(step(began, Some(heard(100, 99)), QUARANTINE), AbsenceStep::Early(Duration::from_secs(81)));
        assert_eq!(step(began, Some(heard(180, 180)), QUARANTINE), AbsenceStep::Counts(proof(1)));
        assert_eq!(step(proof(1), Some(heard(190, 190)), QUARANTINE), AbsenceStep::Proved);
    }

    #[test]
    fn both_clocks_must_have_passed_it() {
        for (ours, kakaos) in [(179, 190), (190, 179)] {
            assert_eq!(
                step(proof(1), Some(heard(ours, kakaos)), QUARANTINE),
                AbsenceStep::Early(Duration::from_secs(1))
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_begins_it_anew() {
        assert!(is_anew(3600, 60), "ours forward");
        assert!(is_anew(60, 3600), "Kakao's forward");
        assert!(is_anew(-3600, 200), "ours back");
        assert!(is_anew(200, -3600), "Kakao's back");
        assert!(!is_anew(200, 190));
    }

    #[test]
    fn one_wrong_date_costs_nothing() {
        for (ours, kakaos) in [(185, 275), (185, 315_360_000), (185, -315_360_000), (185, 100)] {
            let AbsenceStep::Odd(noted) = step(proof(1), Some(heard(ours, kakaos)), QUARANTINE) else {
                panic!("{kakaos}")
            };
            assert_eq!(step(noted, Some(heard(195, 195)), QUARANTINE), AbsenceStep::Proved, "{kakaos}");
        }
    }

    #[test]
    fn without_a_date_nothing_counts() {
        assert_eq!(step(proof(1), None, QUARANTINE), AbsenceStep::Undated);
    }
}
