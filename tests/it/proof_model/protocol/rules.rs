//! The rules of the protocol, each of which can be left out, and how often what goes wrong.

use super::QUARANTINE;

/// What is done, and not done, by the protocol. [`Rules::IMPLEMENTED`] is what the engine does; every other value is a mistake.
#[derive(Clone, Copy)]
pub(in super::super) struct Rules {
    /// The intent is committed before the request leaves.
    pub(in super::super) intent: bool,
    /// At start, `publishing` becomes `in_doubt`.
    pub(in super::super) boot_doubts: bool,
    /// When a lease ends, `publishing` becomes `in_doubt`.
    pub(in super::super) lease_doubts: bool,
    /// A time-out, a lost answer or a 5xx makes a doubt.
    pub(in super::super) unclear_doubts: bool,
    /// A sweep leaves a post alone whose task lives, whatever its lease says.
    pub(in super::super) spares_the_living: bool,
    /// Ticks before an absence counts.
    pub(in super::super) quarantine: u8,
    /// Whose clock must have gone that far.
    pub(in super::super) quarantine_by: Whose,
    /// A story of nobody's that only seems older than the intent is no absence: a person is asked.
    pub(in super::super) seeming_old_parks: bool,
    /// A story of nobody's that says nearly the same is no absence: a person is asked. Otherwise only the exact text counts.
    pub(in super::super) nearly_same_parks: bool,
    /// The times of a server explain no story that says the same. Otherwise one that is dated before the last date heard is certainly
    /// another.
    pub(in super::super) times_explain_nothing: bool,
    /// A list that contradicts itself, or lacks what is on record, proves nothing.
    pub(in super::super) flawed_proves_nothing: bool,
    /// A story of another account is no match, whatever it says.
    pub(in super::super) own_account_only: bool,
    /// A post whose answer names the story of another post is in doubt.
    pub(in super::super) owned_answer_doubts: bool,
    /// Before a post is sent again that was refused plainly the list must show no story that may be its own.
    pub(in super::super) refusals_are_looked_after: bool,
    /// A person's word that a story is absent is taken only after the quarantine.
    pub(in super::super) person_waits: bool,
    /// Listings that prove an absence.
    pub(in super::super) absences: u8,
    /// A listing that failed says nothing.
    pub(in super::super) failed_says_nothing: bool,
    /// A commit has reached the disk when it returns.
    pub(in super::super) full_sync: bool,
    /// What a late writer must still find in the row.
    pub(in super::super) guard: Guard,
    /// At most one post of an account is on its way or in unparked doubt.
    pub(in super::super) one_in_flight: bool,
    /// A post waits while the same text is in parked doubt.
    pub(in super::super) waits_for_parked: bool,
    /// A story that another post owns is no match.
    pub(in super::super) owned_is_no_match: bool,
}

/// What an UPDATE on the way back from work is conditional on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Guard {
    StateAndClaim,
    State,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Whose {
    Ours,
    Kakaos,
    Both,
}

impl Rules {
    pub(in super::super) const IMPLEMENTED: Self = Self {
        intent: true,
        boot_doubts: true,
        lease_doubts: true,
        spares_the_living: true,
        unclear_doubts: true,
        quarantine: QUARANTINE,
        quarantine_by: Whose::Both,
        seeming_old_parks: true,
        nearly_same_parks: true,
        times_explain_nothing: true,
        flawed_proves_nothing: true,
        own_account_only: true,
        owned_answer_doubts: true,
        refusals_are_looked_after: true,
        person_waits: true,
        absences: 2,
        failed_says_nothing: true,
        full_sync: true,
        guard: Guard::StateAndClaim,
        one_in_flight: true,
        waits_for_parked: true,
        owned_is_no_match: true,
    };
}

/// What may still go wrong: each happens at most so often.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct Troubles {
    /// `kill -9`, or a power loss.
    pub(in super::super) kills: u8,
    /// Answers that are lost, refusals, dropped requests, time-outs.
    pub(in super::super) faults: u8,
    /// Listings that fail.
    pub(in super::super) failed_lists: u8,
    /// Listings that look complete and lack a story.
    pub(in super::super) hiccups: u8,
    /// The machine sleeps for hours: time passes everywhere but in the process.
    pub(in super::super) sleeps: u8,
    /// The task that publishes dies, and the process lives on.
    pub(in super::super) panics: u8,
    /// Our clock is set forward by hours.
    pub(in super::super) set_forward: u8,
    /// Our clock is set back by hours.
    pub(in super::super) set_back: u8,
    /// The clock that Kakao's answers are dated by is set forward by hours.
    pub(in super::super) kakaos_set_forward: u8,
    /// Somebody posts the same text on the phone.
    pub(in super::super) by_hand: u8,
    /// A person cancels a post or settles a doubt.
    pub(in super::super) commands: u8,
    /// Answers that are dated far ahead.
    pub(in super::super) dates_ahead: u8,
    /// Looks at a list that tells what is not so: other texts, other times, a story twice, one of another account, one under the name of
    /// another, too few of them.
    pub(in super::super) list_lies: u8,
    /// Answers to a post that name the story of another one.
    pub(in super::super) wrong_names: u8,
    /// Plain refusals of posts whose stories exist, and are listed with the answer.
    pub(in super::super) false_refusals: u8,
    /// The same, and the list shows the story later.
    pub(in super::super) hidden_refusals: u8,
}

impl Troubles {
    pub(in super::super) const NONE: Self = Self {
        kills: 0,
        faults: 0,
        failed_lists: 0,
        hiccups: 0,
        sleeps: 0,
        panics: 0,
        set_forward: 0,
        set_back: 0,
        kakaos_set_forward: 0,
        by_hand: 0,
        commands: 0,
        dates_ahead: 0,
        list_lies: 0,
        wrong_names: 0,
        false_refusals: 0,
        hidden_refusals: 0,
    };
}
