//! The protocol as a machine of small states: what the queue says, what the process holds in memory, what is under way at Kakao,
//! and every step that any of them, a person or the world can take. Knows nothing of how it is searched.

mod others;
mod rules;
mod steps;
mod words;

pub(super) use rules::{Guard, Rules, Troubles, Whose};
pub(super) use words::Action;

/// Posts of one account, with the same text.
pub(super) const POSTS: usize = 2;
const STORIES_MAX: usize = 4;
/// The place of another account's story with the same text, which a list may show among the own ones.
const FOREIGN: u8 = STORIES_MAX as u8;
const REQUESTS_MAX: usize = 2;

/// Ticks from the arrival of a request to its effect, at most.
const PROCESSING: u8 = 1;
/// Ticks from the effect to the list, at most.
const LAG: u8 = 1;
/// Ticks that a step of a deed takes, at most: the publish time-out, on the clock that stands still while the machine sleeps.
const DEADLINE: u8 = 1;
/// Ticks that a claim or an intent holds.
const LEASE: u8 = 3;
/// The shortest quarantine that is long enough: a request's effect, the list, and one more, because an instant that is a whole
/// number of ticks away may be just as far. The settings ask for the publish time-out on top.
pub(super) const QUARANTINE: u8 = PROCESSING + LAG + 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Scheduled,
    Claimed,
    Publishing,
    InDoubt,
    /// In doubt, and a person was told.
    Parked,
    Published,
    Cancelled,
}

/// A row of the queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Post {
    pub(super) phase: Phase,
    /// Ticks, by our clock, that the lease has run, or that the doubt has lasted, also for a person; held where it makes no difference any more.
    age: u8,
    /// Ticks, by Kakao's clock, that the doubt has lasted.
    theirs: u8,
    absences: u8,
    /// The recorded story: its place plus one.
    story: u8,
    /// The intent is dated by a clock that was set back since, and no date had been heard before it: every story looks older.
    misdated: bool,
    /// The last date heard before the intent was far ahead: every story of it is dated before that.
    floored: bool,
    /// A request of it was refused plainly, which the list has to bear out before it is sent again.
    refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Story {
    /// The post whose request made it; [`POSTS`] for a person's hand.
    by: u8,
    listed: bool,
    /// Ticks since it came to be, held at [`LAG`].
    age: u8,
    /// For which posts in doubt it is not older than the intent.
    after_intent: [bool; POSTS],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Request {
    post: u8,
    age: u8,
    /// The process that sent it still waits.
    awaited: bool,
    /// The story that it made, plus one.
    made: u8,
}

/// The publish lane of the account: one deed at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Publisher {
    step: Step,
    post: u8,
    age: u8,
    /// The row has been claimed anew since.
    stale: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Idle,
    Claimed,
    Intended,
    Waiting,
    Told(Answer),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Answer {
    /// A story, by its place plus one.
    Story(u8),
    NotSent,
    Refused,
    Unclear,
}

/// The reconcile lane: a listing that was read and not judged yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Listing {
    post: u8,
    /// It began after the quarantine.
    counts: bool,
    /// The stories that match, one bit each.
    matches: u8,
    /// The stories that would, if they did not seem older than the intent.
    old: u8,
    /// The stories that say nearly the same, or that the list tells in two ways.
    alike: u8,
    /// The list contradicts itself, or lacks what is on record.
    flawed: bool,
    absences: u8,
    stale: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) posts: [Post; POSTS],
    /// What a power loss leaves; the same as `posts` where every commit is synced.
    on_disk: [Post; POSTS],
    running: bool,
    publisher: Publisher,
    listing: Option<Listing>,
    requests: [Option<Request>; REQUESTS_MAX],
    stories: [Option<Story>; STORIES_MAX],
    /// The last date heard is far ahead.
    heard_ahead: bool,
    left: Troubles,
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// Two stories came of one post.
    Twice,
    /// There are more stories than posts that were ever sent: somebody sees the same text once too often.
    Surplus,
    /// All is quiet, and a story exists that nobody recorded or doubts.
    Orphan,
    /// A post counts as published, and no story of its own exists or can come to exist.
    Loss,
    /// A request is awaited whose post was cancelled before it began.
    SentAfterCancel,
}

impl Violation {
    pub(super) const ALL: [Self; 5] = [Self::Twice, Self::Surplus, Self::Orphan, Self::Loss, Self::SentAfterCancel];
}

impl State {
    pub(super) fn start(troubles: Troubles) -> Self {
        let post = Post {
            phase: Phase::Scheduled,
            age: 0,
            theirs: 0,
            absences: 0,
            story: 0,
            misdated: false,
            floored: false,
            refused: false,
        };
        Self {
            posts: [post; POSTS],
            on_disk: [post; POSTS],
            running: true,
            publisher: Publisher { step: Step::Idle, post: 0, age: 0, stale: false },
            listing: None,
            requests: [None; REQUESTS_MAX],
            stories: [None; STORIES_MAX],
            heard_ahead: false,
            left: troubles,
        }
    }

    /// Whether a step needs no more trouble: what goes on by itself.
    pub(super) fn is_untroubled(&self, next: &State) -> bool {
        self.left == next.left
    }

    /// Nobody is doing anything, and Kakao has nothing more to show.
    fn is_quiet(&self) -> bool {
        self.running
            && self.publisher.step == Step::Idle
            && self.listing.is_none()
            && self.requests.iter().all(Option::is_none)
            && self.stories.iter().flatten().all(|story| story.listed)
    }

    /// Quiet, and every post is out once, withdrawn, or with a person.
    pub(super) fn is_settled(&self) -> bool {
        let told = |post: &Post| match post.phase {
            Phase::Published | Phase::Parked | Phase::Cancelled => true,
            Phase::Scheduled => self.posts.iter().any(|other| other.phase == Phase::Parked),
            Phase::Claimed | Phase::Publishing | Phase::InDoubt => false,
        };
        self.is_quiet() && self.posts.iter().all(told)
    }

    pub(super) fn violates(&self, violation: Violation) -> bool {
        let made_by = |post: u8| self.stories.iter().flatten().filter(move |story| story.by == post).count();
        let posts = 0..POSTS as u8;
        match violation {
            Violation::Twice => posts.into_iter().any(|post| made_by(post) > 1),
            Violation::Surplus => self.stories.iter().flatten().filter(|story| story.by < POSTS as u8).count() > POSTS,
            Violation::Orphan => {
                self.is_quiet()
                    && (0..).zip(&self.stories).any(|(place, story)| {
                        story.is_some_and(|story| story.by < POSTS as u8 && !self.is_accounted_for(place, story.by))
                    })
            }
            Violation::Loss => (0..).zip(&self.posts).any(|(number, post)| {
                let under_way = self.requests.iter().flatten().any(|request| request.post == number);
                post.phase == Phase::Published && made_by(number) == 0 && !under_way
            }),
            Violation::SentAfterCancel => self
                .requests
                .iter()
                .flatten()
                .any(|request| request.awaited && self.posts[usize::from(request.post)].phase == Phase::Cancelled),
        }
    }

    fn is_accounted_for(&self, place: u8, by: u8) -> bool {
        // One that was refused is looked for, and has the same text.
        let is_looked_for = |post: &Post| post.refused && matches!(post.phase, Phase::Scheduled | Phase::Claimed);
        self.posts.iter().any(|post| post.story == place + 1 || is_looked_for(post))
            || matches!(self.posts[usize::from(by)].phase, Phase::Publishing | Phase::InDoubt | Phase::Parked)
    }

    /// Moves a post; a doubt and a lease start anew.
    fn set(&mut self, rules: &Rules, post: u8, phase: Phase) {
        let row = &mut self.posts[usize::from(post)];
        let in_doubt = matches!(phase, Phase::InDoubt | Phase::Parked);
        let (misdated, floored) = (row.misdated && in_doubt, row.floored && in_doubt);
        let refused = row.refused && phase != Phase::Published;
        *row = Post { phase, age: 0, theirs: 0, absences: 0, story: 0, misdated, floored, refused };
        if !refused && !matches!(phase, Phase::Publishing | Phase::InDoubt | Phase::Parked) {
            for story in self.stories.iter_mut().flatten() {
                story.after_intent[usize::from(post)] = false;
            }
        }
        self.sync(rules);
    }

    fn publish(&mut self, rules: &Rules, post: u8, story: u8) {
        self.set(rules, post, Phase::Published);
        self.posts[usize::from(post)].story = story;
        self.sync(rules);
    }

    /// Under `synchronous=FULL` every commit is on the disk when it returns.
    fn sync(&mut self, rules: &Rules) {
        if rules.full_sync {
            self.on_disk = self.posts;
        }
    }

    fn phase(&self, post: u8) -> Phase {
        self.posts[usize::from(post)].phase
    }

    fn make_story(&mut self, by: u8) -> Option<u8> {
        let place = self.stories.iter().position(Option::is_none)?;
        let after_intent =
            self.posts.map(|post| post.refused || matches!(post.phase, Phase::Publishing | Phase::InDoubt));
        self.stories[place] = Some(Story { by, listed: false, age: 0, after_intent });
        Some(place as u8 + 1)
    }

    /// The process is gone: its memory with it, its requests nobody's.
    fn die(&mut self) {
        self.running = false;
        self.publisher = Publisher { step: Step::Idle, post: 0, age: 0, stale: false };
        self.listing = None;
        self.abandon_requests();
    }

    fn abandon_requests(&mut self) {
        for slot in &mut self.requests {
            *slot = slot.filter(|request| request.made == 0).map(|request| Request { awaited: false, ..request });
        }
    }

    /// The publish lane is free again. A request that it waited for is nobody's now.
    fn rest(&mut self) {
        self.publisher = Publisher { step: Step::Idle, post: 0, age: 0, stale: false };
        self.abandon_requests();
    }

    fn tick(&mut self, rules: &Rules) {
        self.age_rows(rules, 1);
        self.age_theirs(rules, 1);
        if self.publisher.step != Step::Idle {
            self.publisher.age += 1;
        }
        self.requests.iter_mut().flatten().filter(|request| request.made == 0).for_each(|request| request.age += 1);
        self.stories.iter_mut().flatten().for_each(|story| story.age = LAG.min(story.age + 1));
    }

    fn age_rows(&mut self, rules: &Rules, ticks: u8) {
        for row in &mut self.posts {
            let limit = match row.phase {
                Phase::Claimed | Phase::Publishing => LEASE,
                Phase::InDoubt | Phase::Parked => QUARANTINE,
                _ => 0,
            };
            row.age = limit.min(row.age.saturating_add(ticks));
        }
        self.sync(rules);
    }

    fn age_theirs(&mut self, rules: &Rules, ticks: u8) {
        for row in self.posts.iter_mut().filter(|row| row.phase == Phase::InDoubt) {
            row.theirs = QUARANTINE.min(row.theirs.saturating_add(ticks));
        }
        self.sync(rules);
    }
}
