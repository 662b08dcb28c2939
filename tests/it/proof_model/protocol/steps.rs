//! What storyd can do when. Every function names the ones of the engine and the store that it stands for.

use super::{
    Action, Answer, FOREIGN, Guard, LEASE, Listing, POSTS, Phase, Post, Publisher, Request, Rules, State, Step, Story,
    Whose,
};

impl State {
    /// Every step, of whomever.
    pub(in super::super) fn steps(&self, rules: &Rules) -> Vec<(Action, State)> {
        let mut steps = Steps { rules, from: self, found: Vec::with_capacity(12) };
        if self.running {
            steps.publish();
            steps.sweep_leases();
            steps.look();
            steps.judge();
        } else {
            steps.start();
        }
        steps.kakao();
        steps.time();
        steps.people();
        steps.found
    }
}

/// The steps that a state allows.
pub(super) struct Steps<'a> {
    pub(super) rules: &'a Rules,
    pub(super) from: &'a State,
    found: Vec<(Action, State)>,
}

impl Steps<'_> {
    pub(super) fn add(&mut self, action: Action, change: impl FnOnce(&mut State)) {
        let mut next = *self.from;
        change(&mut next);
        self.found.push((action, next));
    }

    /// `engine::publish::run_once` on `claim_to_publish`, `intend`, `record_published`, `record_doubt`, `retry` and `snooze`.
    fn publish(&mut self) {
        let (state, rules) = (self.from, self.rules);
        let Publisher { step, post, stale, .. } = state.publisher;
        match step {
            Step::Idle => (0..POSTS as u8).for_each(|post| self.claim(post)),
            Step::Claimed if !rules.intent => self.send(post),
            Step::Claimed => {
                // Like the SQL: the state, the claim and the lease in one guarded UPDATE.
                let row = state.posts[usize::from(post)];
                if row.phase == Phase::Claimed && !stale && row.age < LEASE {
                    self.add(Action::Intend(post), |next| {
                        next.set(rules, post, Phase::Publishing);
                        next.posts[usize::from(post)].floored = state.heard_ahead;
                        next.sync(rules);
                        next.publisher.step = Step::Intended;
                        next.publisher.age = 0;
                        for story in next.stories.iter_mut().flatten() {
                            // Kakao's whole seconds: what came to be a moment before the intent may be dated after it.
                            // The story of a request that was refused counts as one of the next request.
                            let before = row.refused && story.after_intent[usize::from(post)];
                            story.after_intent[usize::from(post)] = story.age == 0 || before;
                        }
                    });
                } else {
                    self.add(Action::LoseClaim(post), State::rest);
                }
            }
            Step::Intended if rules.refusals_are_looked_after && state.posts[usize::from(post)].refused => {
                self.look_after_refusal(post);
            }
            Step::Intended => self.send(post),
            Step::Waiting => {}
            Step::Told(answer) => self.record(post, answer),
        }
    }

    fn claim(&mut self, post: u8) {
        let (state, rules) = (self.from, self.rules);
        let on_its_way = |row: &Post| matches!(row.phase, Phase::Publishing | Phase::InDoubt);
        let parked = |row: &Post| row.phase == Phase::Parked;
        if state.phase(post) != Phase::Scheduled
            || (rules.one_in_flight && state.posts.iter().any(on_its_way))
            || (rules.waits_for_parked && state.posts.iter().any(parked))
        {
            return;
        }
        self.add(Action::Claim(post), |next| {
            next.set(rules, post, Phase::Claimed);
            next.publisher = Publisher { step: Step::Claimed, post, age: 0, stale: false };
            if let Some(listing) = next.listing.as_mut().filter(|listing| listing.post == post) {
                listing.stale = true;
            }
        });
    }

    /// `engine::refused::look`: sent again when the list shows nothing that may be its own.
    fn look_after_refusal(&mut self, post: u8) {
        let (state, rules) = (self.from, self.rules);
        let owned = |place: u8| state.posts.iter().any(|row| row.story == place + 1);
        let shows =
            |story: &Option<Story>| story.is_some_and(|story| story.listed && story.after_intent[usize::from(post)]);
        if !(0..).zip(&state.stories).any(|(place, story)| shows(story) && !owned(place)) {
            return self.send(post);
        }
        self.add(Action::LookDoubts(post), |next| {
            next.set(rules, post, Phase::InDoubt);
            next.rest();
        });
    }

    fn send(&mut self, post: u8) {
        let state = self.from;
        let Some(slot) = state.requests.iter().position(Option::is_none) else { return };
        self.add(Action::Send(post), |next| {
            next.requests[slot] = Some(Request { post, age: 0, awaited: true, made: 0 });
            next.publisher.step = Step::Waiting;
        });
        if state.left.faults > 0 {
            self.add(Action::NotSent(post), |next| {
                next.left.faults -= 1;
                next.publisher.step = Step::Told(Answer::NotSent);
            });
        }
    }

    fn record(&mut self, post: u8, answer: Answer) {
        let (state, rules) = (self.from, self.rules);
        let stale = state.publisher.stale;
        let ours = matches!(state.phase(post), Phase::Claimed | Phase::Publishing);
        let holds = match rules.guard {
            Guard::StateAndClaim => ours && !stale,
            Guard::State => ours,
            Guard::Nothing => true,
        };
        if !holds {
            return self.add(Action::RecordLost(post), State::rest);
        }
        let is_of_another = |story: u8| (0..).zip(&state.posts).any(|(other, row)| other != post && row.story == story);
        match answer {
            Answer::Story(story) if rules.owned_answer_doubts && is_of_another(story) => {
                self.add(Action::RecordOtherName(post), |next| {
                    next.set(rules, post, Phase::InDoubt);
                    next.rest();
                });
            }
            Answer::Story(story) => self.add(Action::RecordPublished(post), |next| {
                next.publish(rules, post, story);
                next.heard_ahead = false;
                next.rest();
            }),
            Answer::NotSent => self.add(Action::RecordNotSent(post), |next| {
                next.set(rules, post, Phase::Scheduled);
                next.rest();
            }),
            Answer::Refused => self.add(Action::RecordRefused(post), |next| {
                next.posts[usize::from(post)].refused = true;
                next.set(rules, post, Phase::Scheduled);
                next.rest();
            }),
            Answer::Unclear if rules.unclear_doubts && rules.intent => self.add(Action::RecordDoubt(post), |next| {
                next.set(rules, post, Phase::InDoubt);
                next.rest();
            }),
            Answer::Unclear => self.add(Action::RecordRetry(post), |next| {
                next.set(rules, post, Phase::Scheduled);
                next.rest();
            }),
        }
    }

    /// `Store::sweep_leases`: while running.
    fn sweep_leases(&mut self) {
        for post in 0..POSTS as u8 {
            let row = self.from.posts[usize::from(post)];
            let publisher = self.from.publisher;
            let lives = publisher.step != Step::Idle && publisher.post == post && !publisher.stale;
            let spared = self.rules.spares_the_living && lives;
            if matches!(row.phase, Phase::Claimed | Phase::Publishing) && row.age >= LEASE && !spared {
                let doubt = row.phase == Phase::Publishing && self.rules.lease_doubts;
                let rules = self.rules;
                self.add(Action::Sweep(post), |next| {
                    next.set(rules, post, if doubt { Phase::InDoubt } else { Phase::Scheduled });
                });
            }
        }
    }

    /// `Store::sweep_boot`: one transaction, before any claim.
    fn start(&mut self) {
        let rules = self.rules;
        self.add(Action::Start, |next| {
            next.running = true;
            for post in 0..POSTS as u8 {
                match next.phase(post) {
                    Phase::Publishing if rules.boot_doubts => next.set(rules, post, Phase::InDoubt),
                    Phase::Publishing | Phase::Claimed => next.set(rules, post, Phase::Scheduled),
                    _ => {}
                }
            }
        });
    }

    /// `engine::reconcile::run_once` up to the listing: `doubt_due`, `listing::read`, `Window`, `evidence::Evidence`; and `not_listed`.
    fn look(&mut self) {
        let (state, rules) = (self.from, self.rules);
        if state.listing.is_some() {
            return;
        }
        for post in 0..POSTS as u8 {
            let row = state.posts[usize::from(post)];
            if row.phase != Phase::InDoubt {
                continue;
            }
            let (ours, theirs) = (row.age >= rules.quarantine, row.theirs >= rules.quarantine);
            let counts = match rules.quarantine_by {
                Whose::Ours => ours,
                Whose::Kakaos => theirs,
                Whose::Both => ours && theirs,
            };
            let alike = (0..).zip(&state.stories).fold(0, |bits, (place, story)| {
                let is = story.is_some_and(|story| story.listed && story.after_intent[usize::from(post)]);
                bits | (u8::from(is) << place)
            });
            let explained = row.floored && !rules.times_explain_nothing;
            let (matches, old) = match (row.misdated, explained) {
                (_, true) => (0, 0),
                (true, _) => (0, alike),
                (false, _) => (alike, 0),
            };
            let absences = row.absences;
            let listing = Listing { post, counts, matches, old, alike: 0, flawed: false, absences, stale: false };
            self.add(Action::List(post), |next| {
                next.heard_ahead = false;
                next.listing = Some(listing);
            });
            if state.left.hiccups > 0 && alike != 0 {
                self.add(Action::ListHiccup(post), |next| {
                    next.left.hiccups -= 1;
                    next.listing = Some(Listing { matches: 0, old: 0, ..listing });
                });
            }
            if state.left.list_lies > 0 {
                self.look_at_lies(listing, alike);
            }
            if state.left.failed_lists == 0 {
                continue;
            }
            if !rules.failed_says_nothing && counts {
                self.add(Action::ListFails(post), |next| {
                    next.left.failed_lists -= 1;
                    next.listing = Some(Listing { matches: 0, old: 0, ..listing });
                });
            }
            // Without the consent to read at once, otherwise at the limit of the doubt. One that fails and is read again changes
            // nothing, and is no step.
            self.add(Action::ListUnreadable(post), |next| {
                next.left.failed_lists -= 1;
                next.set(rules, post, Phase::Parked);
            });
        }
    }

    /// What a look can come to when the list tells what is not so, and would show the stories of `alike`.
    fn look_at_lies(&mut self, right: Listing, alike: u8) {
        let rules = self.rules;
        let mut lie = |action: Action, seen: Listing| {
            self.add(action, |next| {
                next.left.list_lies -= 1;
                next.listing = Some(seen);
            });
        };
        let post = right.post;
        let none = Listing { matches: 0, old: 0, ..right };
        // It lacks stories, leads in a circle, or calls one by the name of another: what was there before shows that.
        lie(Action::ListWrong(post), Listing { flawed: true, ..none });
        let foreign = 1 << FOREIGN;
        if rules.own_account_only {
            lie(Action::ListMixed(post), Listing { alike: foreign, flawed: true, ..right });
        } else {
            lie(Action::ListMixed(post), Listing { matches: right.matches | foreign, ..right });
        }
        if alike != 0 {
            lie(Action::ListAltered(post), Listing { alike, ..none });
            lie(Action::ListDoubled(post), Listing { alike, flawed: true, ..none });
            let old = if rules.times_explain_nothing { alike } else { 0 };
            lie(Action::ListBackdated(post), Listing { old, ..none });
        }
    }

    /// `engine::reconcile::judge`, `too_early`, `flawed`, `proof::step` and `absent`: `owners`, `record_found`, `park`, `look_again`, `record_absent`.
    fn judge(&mut self) {
        let (state, rules) = (self.from, self.rules);
        let Some(listing) = state.listing else { return };
        let post = listing.post;
        let holds = match rules.guard {
            Guard::StateAndClaim => state.phase(post) == Phase::InDoubt && !listing.stale,
            Guard::State => state.phase(post) == Phase::InDoubt,
            Guard::Nothing => true,
        };
        if !holds {
            return self.add(Action::JudgeLost(post), |next| next.listing = None);
        }
        let owned = |place: u8| rules.owned_is_no_match && state.posts.iter().any(|row| row.story == place + 1);
        let free: Vec<u8> = (0..=FOREIGN).filter(|p| listing.matches & (1 << p) != 0 && !owned(*p)).collect();
        let some = |bits: u8| (0..=FOREIGN).any(|p| bits & (1 << p) != 0 && !owned(p));
        let (seems_old, nearly_same) = (some(listing.old), some(listing.alike));
        let mut judged = |action: Action, change: &dyn Fn(&mut State)| {
            self.add(action, |next| {
                change(next);
                next.listing = None;
                next.sync(rules);
            });
        };
        let park: &dyn Fn(&mut State) = &|next| next.set(rules, post, Phase::Parked);
        match *free.as_slice() {
            [place] => judged(Action::JudgeFound(post), &|next| next.publish(rules, post, place + 1)),
            [] if !listing.counts => {
                judged(Action::JudgeEarly(post), &|next| next.posts[usize::from(post)].absences = 0)
            }
            [] if seems_old && rules.seeming_old_parks => judged(Action::JudgeSeemsOld(post), park),
            [] if nearly_same && rules.nearly_same_parks => judged(Action::JudgeNearlySame(post), park),
            [] if listing.flawed && rules.flawed_proves_nothing => {
                judged(Action::JudgeFlawed(post), &|next| next.posts[usize::from(post)].absences = 0);
                // At the limit of the doubt.
                judged(Action::JudgeFlawedParks(post), park);
            }
            [] if listing.absences + 1 >= rules.absences => {
                judged(Action::JudgeRepost(post), &|next| next.set(rules, post, Phase::Scheduled));
            }
            [] => judged(Action::JudgeAbsent(post), &|next| {
                next.posts[usize::from(post)].absences = listing.absences + 1;
            }),
            _ => judged(Action::JudgeSeveral(post), park),
        }
    }
}
