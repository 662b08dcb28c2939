//! The protocol, proved by trying everything: a search, breadth first, over every order in which two posts of one account with
//! the same text, the process, Kakao, a person and the machine can take their steps, with a crash or a fault between any two.
//!
//! In every reachable state: no post has two stories; once all is quiet no story exists that nobody recorded or doubts; no post
//! counts as published without a story; no request begins after a cancel was acknowledged. And from every reachable state a quiet
//! one can be reached, without any more trouble and without a person, in which each post is published once, cancelled, or parked
//! (or waits for one that is parked) with a person told.
//!
//! A check that cannot fail proves nothing: every rule of the protocol is left out once, and the search must then find what
//! breaks (`mistakes`). So are the assumptions about Kakao, clocks and people, beyond which it cannot hold (`limits`). The shortest
//! way there is a snapshot each.
//!
//! `cargo test --test it proof_model -- --nocapture` prints the number of states. With `STORYD_PROOF=long` before it the troubles
//! come more often and together: 2.7 million states.
//!
//! | rule | in the model | in the code |
//! |---|---|---|
//! | intent before the request | [`Rules::intent`] | `Store::intend`, which alone makes an `Intent` |
//! | what lives is not taken for dead | [`Rules::spares_the_living`] | `engine::UnderWay`, `Store::sweep_leases` |
//! | what died in `publishing` is in doubt | [`Rules::boot_doubts`], [`Rules::lease_doubts`] | `Store::sweep_boot`, `Store::sweep_leases` |
//! | no plain answer is a doubt | [`Rules::unclear_doubts`] | `kakao::error::fault`, `engine::publish::run_once`, `Store::record_doubt` |
//! | quarantine, by two clocks | [`Rules::quarantine`], [`Rules::quarantine_by`] | `engine::reconcile::proof`, `settings::contradictions` |
//! | what only seems too old is no absence | [`Rules::seeming_old_parks`] | `engine::matching::Window`, `engine::evidence` |
//! | what says nearly the same is no absence | [`Rules::nearly_same_parks`] | `engine::alike`, `engine::evidence` |
//! | times explain no story that says the same | [`Rules::times_explain_nothing`] | `engine::matching::Window`, `engine::evidence` |
//! | a list that contradicts itself proves nothing | [`Rules::flawed_proves_nothing`] | `engine::listing`, `engine::reconcile::flawed` |
//! | another account's story is no match | [`Rules::own_account_only`] | `engine::listing` |
//! | an answer with another post's story is a doubt | [`Rules::owned_answer_doubts`] | `Store::record_published` |
//! | a refusal is borne out by the list before the post is sent again | [`Rules::refusals_are_looked_after`] | `engine::refused` |
//! | a person cannot be sure at once either | [`Rules::person_waits`] | `Store::resolve_absent` |
//! | two complete listings | [`Rules::absences`] | `engine::reconcile::proof`, `Store::record_absent` |
//! | a failed listing says nothing | [`Rules::failed_says_nothing`] | `engine::reconcile::not_listed` |
//! | a commit is on the disk | [`Rules::full_sync`] | `store::open` |
//! | a late writer loses | [`Rules::guard`] | `state = … AND claim = …` of every UPDATE in `store::queue` |
//! | one on its way or in doubt | [`Rules::one_in_flight`] | `Store::claim_to_publish`, index `post_one_in_flight` |
//! | the same text waits for a parked one | [`Rules::waits_for_parked`] | `Store::claim_to_publish` |
//! | a story has one owner | [`Rules::owned_is_no_match`] | `Store::owners`, index `story_one` |
//!
//! Abstracted: time comes in ticks, of which processing, the list's lag and the publish time-out take at most one each; due times,
//! delays of retries, and waits between looks are left to chance, so that any order of them is covered. A lane is one task, as in
//! `engine::daemon`. Preparing is left out: it may be repeated. A refusal always leads to another try, the other outcomes
//! (`failed`, `held`, `missed`) being fewer steps and not more; `in_doubt: hold` is a repost that a person delays. A person who
//! settles a doubt says what the account's page shows. Matching is by text, order and owner. A list that lies does so for one look, in one
//! of five ways: it shows other texts, or other times, tells a story in two ways, mixes in another account's, or contradicts what it
//! showed before by lacking stories or calling one by the name of another.

mod limits;
mod mistakes;
mod protocol;
mod search;

use std::time::Instant;

use protocol::{Rules, Troubles, Violation};
use search::{Space, explore};

/// What goes wrong in the search that every run of the tests makes.
const USUAL: Troubles =
    Troubles { kills: 2, faults: 2, failed_lists: 1, hiccups: 1, sleeps: 1, panics: 1, ..Troubles::NONE };
/// The same with a person's commands, and fewer accidents.
const COMMANDED: Troubles =
    Troubles { kills: 1, faults: 1, failed_lists: 1, hiccups: 1, commands: 1, ..Troubles::NONE };
/// A server that tells what is not so, in dates, lists and names, once or twice, while answers are lost.
const DECEIVED: Troubles =
    Troubles { kills: 1, faults: 2, dates_ahead: 1, list_lies: 2, wrong_names: 1, ..Troubles::NONE };
/// What goes wrong in the long search.
const LONG: Troubles =
    Troubles { kills: 3, faults: 3, failed_lists: 2, hiccups: 1, sleeps: 1, panics: 1, commands: 2, ..Troubles::NONE };

/// Explores it all: nothing is violated, and nothing gets stuck.
#[expect(clippy::print_stdout, reason = "the figures are what the proof is quoted by")]
fn holds(rules: &Rules, troubles: Troubles) -> Space {
    let began = Instant::now();
    let space = explore(rules, troubles, &Violation::ALL).unwrap_or_else(|trace| panic!("{trace}"));
    if let Some(trace) = space.stuck() {
        panic!("{trace}");
    }
    println!(
        "model: {} states, {} transitions, {} of them settled, in {:?}: twice=0 lost=0 stuck=0",
        space.states(),
        space.transitions,
        space.settled(),
        began.elapsed()
    );
    space
}

/// The shortest way to a violation that must be found.
#[expect(clippy::print_stdout, reason = "that it was found is what the proof is quoted by")]
fn breaks(rules: Rules, troubles: Troubles, violation: Violation) -> String {
    match explore(&rules, troubles, &[violation]) {
        Err(trace) => {
            println!("model: a rule left out or an assumption broken leads to {violation:?}, as it must");
            trace
        }
        Ok(space) => panic!("no {violation:?} in {} states: the model is too weak", space.states()),
    }
}

/// One fault and one kill.
const LITTLE: Troubles = Troubles { kills: 1, faults: 1, ..Troubles::NONE };

#[test]
fn whatever_happens_no_post_appears_twice_and_none_is_lost() {
    let space = holds(&Rules::IMPLEMENTED, USUAL);
    assert!(space.states() > 50_000 && space.transitions > 180_000, "the model has shrunk");
}

#[test]
fn whatever_a_person_commands_meanwhile_no_post_appears_twice_and_none_is_lost() {
    let space = holds(&Rules::IMPLEMENTED, COMMANDED);
    assert!(space.states() > 20_000, "the model has shrunk");
    if is_long() {
        holds(&Rules::IMPLEMENTED, LONG);
    }
}

#[test]
fn whatever_a_lying_server_tells_no_post_appears_twice_and_none_is_lost() {
    let space = holds(&Rules::IMPLEMENTED, DECEIVED);
    assert!(space.states() > 50_000, "the model has shrunk");
    if is_long() {
        let more = Troubles { failed_lists: 1, set_back: 1, sleeps: 1, false_refusals: 0, ..DECEIVED };
        holds(&Rules::IMPLEMENTED, more);
    }
}

#[test]
fn whatever_a_refusal_hides_no_post_appears_twice_and_none_is_lost() {
    let space = holds(
        &Rules::IMPLEMENTED,
        Troubles { false_refusals: 2, failed_lists: 1, list_lies: 1, sleeps: 1, ..Troubles::NONE },
    );
    assert!(space.states() > 1_000, "the model has shrunk");
}

fn is_long() -> bool {
    std::env::var("STORYD_PROOF").is_ok_and(|length| length == "long")
}
