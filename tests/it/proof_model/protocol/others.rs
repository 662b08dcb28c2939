//! What everybody else can do when: Kakao, the clocks, the machine, and people.

use super::steps::Steps;
use super::{Action, Answer, DEADLINE, LAG, POSTS, PROCESSING, Phase, QUARANTINE, Request, State, Step};

impl Steps<'_> {
    /// The other side: it takes its time, and what it says may not arrive.
    pub(super) fn kakao(&mut self) {
        let state = self.from;
        for (slot, request) in state.requests.iter().enumerate() {
            if let Some(request) = request {
                self.serve(slot, *request);
            }
        }
        for (place, story) in state.stories.iter().enumerate() {
            let Some(mut story) = story.filter(|story| !story.listed) else { continue };
            story.listed = true;
            self.add(Action::Show(story.by), |next| next.stories[place] = Some(story));
        }
    }

    fn serve(&mut self, slot: usize, request: Request) {
        let post = request.post;
        let hear = |next: &mut State, answer| {
            next.publisher.step = Step::Told(answer);
            next.requests[slot] = None;
        };
        let trouble = |next: &mut State| next.left.faults -= 1;
        let may_fail = self.from.left.faults > 0 && request.awaited;
        if request.made > 0 {
            self.add(Action::Answer(post), |next| hear(next, Answer::Story(request.made)));
            if may_fail {
                self.add(Action::AnswerLost(post), |next| {
                    trouble(next);
                    hear(next, Answer::Unclear);
                });
            }
            self.answer_falsely(request);
            return;
        }
        if self.from.stories.iter().any(Option::is_none) {
            self.add(Action::Effect(post), |next| {
                let made = next.make_story(post).unwrap_or_default();
                next.requests[slot] = request.awaited.then_some(Request { made, ..request });
            });
        }
        if !request.awaited {
            self.add(Action::Vanish(post), |next| next.requests[slot] = None);
        }
        if may_fail {
            self.add(Action::Refuse(post), |next| {
                trouble(next);
                hear(next, Answer::Refused);
            });
            self.add(Action::Drop(post), |next| {
                trouble(next);
                hear(next, Answer::Unclear);
            });
            self.add(Action::TimeOut(post), |next| {
                trouble(next);
                hear(next, Answer::Unclear);
                next.requests[slot] = Some(Request { awaited: false, ..request });
            });
        }
    }

    /// Answers to a post that became a story which tell something else.
    fn answer_falsely(&mut self, request: Request) {
        let (state, post) = (self.from, request.post);
        let told = |next: &mut State, answer| {
            next.publisher.step = Step::Told(answer);
            for slot in &mut next.requests {
                *slot = slot.filter(|other| *other != request);
            }
        };
        let other = (0..).zip(&state.stories).find(|(place, story)| story.is_some() && place + 1 != request.made);
        if let Some((place, _)) = other.filter(|_| state.left.wrong_names > 0) {
            self.add(Action::AnswerOtherName(post), |next| {
                next.left.wrong_names -= 1;
                told(next, Answer::Story(place + 1));
            });
        }
        if state.left.false_refusals > 0 {
            self.add(Action::RefuseFalsely(post), |next| {
                next.left.false_refusals -= 1;
                let made = next.stories.get_mut(usize::from(request.made.saturating_sub(1)));
                made.into_iter().flatten().for_each(|story| story.listed = true);
                told(next, Answer::Refused);
            });
        }
        if state.left.hidden_refusals > 0 {
            self.add(Action::RefuseFalsely(post), |next| {
                next.left.hidden_refusals -= 1;
                told(next, Answer::Refused);
            });
        }
    }

    pub(super) fn time(&mut self) {
        let (state, rules) = (self.from, self.rules);
        let left = state.left;
        let served = state.requests.iter().flatten().all(|request| request.made > 0 || request.age < PROCESSING);
        let listed = state.stories.iter().flatten().all(|story| story.listed || story.age < LAG);
        let punctual = state.publisher.step == Step::Idle || state.publisher.age < DEADLINE;
        if served && listed && punctual {
            self.add(Action::Tick, |next| next.tick(rules));
        }
        let at_rest = state.requests.iter().flatten().all(|request| request.made > 0)
            && state.stories.iter().flatten().all(|story| story.listed);
        if left.sleeps > 0 && at_rest {
            self.add(Action::Sleep, |next| {
                next.left.sleeps -= 1;
                next.age_rows(rules, u8::MAX);
                next.age_theirs(rules, u8::MAX);
                next.stories.iter_mut().flatten().for_each(|story| story.age = LAG);
            });
        }
        if left.set_forward > 0 {
            self.add(Action::SetForward, |next| {
                next.left.set_forward -= 1;
                next.age_rows(rules, u8::MAX);
            });
        }
        if left.kakaos_set_forward > 0 {
            self.add(Action::KakaosSetForward, |next| {
                next.left.kakaos_set_forward -= 1;
                next.age_theirs(rules, u8::MAX);
            });
        }
        if left.dates_ahead > 0 && !state.heard_ahead {
            self.add(Action::DateAhead, |next| {
                next.left.dates_ahead -= 1;
                next.heard_ahead = true;
            });
        }
        if left.panics > 0 && state.publisher.step != Step::Idle {
            self.add(Action::Panic(state.publisher.post), |next| {
                next.left.panics -= 1;
                next.rest();
            });
        }
        if left.set_back > 0 {
            self.add(Action::SetBack, |next| {
                next.left.set_back -= 1;
                for row in &mut next.posts {
                    row.age = 0;
                    row.misdated |= matches!(row.phase, Phase::Publishing | Phase::InDoubt);
                }
                next.sync(rules);
            });
        }
        if left.kills > 0 && state.running {
            self.add(Action::Kill, |next| {
                next.left.kills -= 1;
                next.die();
            });
            if !rules.full_sync {
                self.add(Action::PowerLoss, |next| {
                    next.left.kills -= 1;
                    next.posts = next.on_disk;
                    next.die();
                });
                self.add(Action::Checkpoint, |next| next.on_disk = next.posts);
            }
        }
    }

    /// People: they post by hand, cancel, and settle doubts. One who settles tells the truth, and takes longer than a request.
    pub(super) fn people(&mut self) {
        let (state, rules) = (self.from, self.rules);
        if state.left.by_hand > 0 && state.stories.iter().any(Option::is_none) {
            self.add(Action::ByHand, |next| {
                next.left.by_hand -= 1;
                next.make_story(POSTS as u8);
            });
        }
        if state.left.commands == 0 {
            return;
        }
        for post in 0..POSTS as u8 {
            match state.phase(post) {
                Phase::Scheduled | Phase::Claimed => self.add(Action::Cancel(post), |next| {
                    next.left.commands -= 1;
                    next.set(rules, post, Phase::Cancelled);
                }),
                Phase::InDoubt | Phase::Parked => self.settle(post),
                _ => {}
            }
        }
    }

    /// `Store::resolve_found` and `resolve_absent`, by a person who believes the account's page.
    fn settle(&mut self, post: u8) {
        let (state, rules) = (self.from, self.rules);
        let of_post = (0..).zip(&state.stories).find(|(_, story)| story.is_some_and(|s| s.listed && s.by == post));
        if let Some((place, _)) = of_post {
            return self.add(Action::ResolveFound(post), |next| {
                next.left.commands -= 1;
                next.publish(rules, post, place + 1);
            });
        }
        if !rules.person_waits || state.posts[usize::from(post)].age >= QUARANTINE {
            self.add(Action::ResolveAbsent(post), |next| {
                next.left.commands -= 1;
                next.set(rules, post, Phase::Scheduled);
            });
        }
    }
}
