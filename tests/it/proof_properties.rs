//! Whatever people, files, clocks, crashes and Kakao do, in whatever order: random commands against a world with a real queue and
//! a real sandbox, held after every command against a small reference that remembers what was promised, and shrunk to the
//! shortest list that breaks a promise.
//!
//! The suite always plays the same cases. `PROPTEST_CASES=2000 cargo test --test it proof_properties -- --nocapture` draws others, as many
//! as it says, and prints what came of them; what fails is kept in `proof_properties.regressions` and played first from then on.
//!
//! Kakao has a clock of its own: setting ours does not move it.

mod commands;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use storyd::domain::post::PostState;
use storyd::network::kakao::token::AccessToken;
use storyd::store::Written;
use storyd::store::queue::{DeleteOrder, OperatorRefusal};
use storyd::store::view::PostRow;

use crate::support::world::{World, png};
use commands::{Command, Moment, commands, faults};

const CASES: u32 = 48;
const SHRINKS_MAX: u32 = 400;
/// Longer than every wait that there is: a window, a quota, a quarantine, the last of the retries.
const LONG: Duration = Duration::from_secs(2 * 86_400);
const JOBS: [&str; 4] = ["first", "second", "other-account", "photo"];

/// A job as the file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    text: u8,
    at: Timestamp,
}

/// What a post was after the last command.
#[derive(Clone, Debug)]
struct Known {
    state: PostState,
    story_id: Option<String>,
    intents: usize,
}

/// What was promised so far.
#[derive(Default)]
struct Reference {
    file: [Option<Entry>; JOBS.len()],
    removed: [Option<Entry>; JOBS.len()],
    /// Every text that a job ever had.
    texts: [BTreeSet<String>; JOBS.len()],
    known: BTreeMap<i64, Known>,
    /// A person withdrew it, and was told so.
    withdrawn: BTreeSet<i64>,
    /// A person let it go ahead, or settled it, since the last comparison.
    moved: BTreeSet<i64>,
    /// A person let it go ahead at some time: it may go although its job left the file.
    released: BTreeSet<i64>,
    doomed: BTreeSet<i64>,
    /// Our clock was set, since the last comparison.
    /// A person has ever said that it is right.
    was_confirmed: bool,
}

/// Texts come from a small stock, so that jobs share them.
fn words(text: u8) -> String {
    format!("글 {text}")
}

struct Play {
    world: World,
    reference: Reference,
}

impl Play {
    async fn new() -> Self {
        let world = World::with_two_clocks().await;
        world.write("a.png", &png(1));
        let play = Self { world, reference: Reference::default() };
        play.write_file();
        play
    }

    fn write_file(&self) {
        // One that is never due keeps the file from being empty.
        let mut text = String::from("anchor:\n  at: 2030-01-01 09:00\n  type: note\n  content: later\n");
        for (name, entry) in JOBS.iter().zip(&self.reference.file) {
            let Some(Entry { text: words_of, at }) = entry else { continue };
            let local = at.to_zoned(TimeZone::get("Asia/Seoul").unwrap()).strftime("%Y-%m-%d %H:%M:%S").to_string();
            let account = if *name == "other-account" { "shop" } else { "cafe" };
            let body = if *name == "photo" { "photo\n  images: [a.png]" } else { "note" };
            let content = words(*words_of);
            text.push_str(&format!(
                "{name}:\n  at: {local}\n  account: {account}\n  type: {body}\n  content: {content}\n"
            ));
        }
        self.world.jobs(&text);
    }

    fn set(&mut self, job: usize, entry: Option<Entry>) {
        if let Some(entry) = &entry {
            self.reference.texts[job].insert(words(entry.text));
        }
        self.reference.file[job] = entry;
        self.write_file();
    }

    /// The latest post of a job.
    async fn latest(&self, job: usize) -> Option<PostRow> {
        self.world.posts().await.into_iter().filter(|post| post.job == JOBS[job]).max_by_key(|post| post.post)
    }

    async fn run(&mut self, command: Command) {
        let now = self.world.clock.now();
        match command {
            Command::Write { job, text, in_minutes } => {
                let at = now.checked_add(jiff::SignedDuration::from_mins(in_minutes)).unwrap();
                let at = Timestamp::from_second(at.as_second()).unwrap();
                self.set(job, Some(Entry { text, at }));
            }
            Command::Edit { job, text } => {
                let entry = self.reference.file[job].map(|entry| Entry { text, ..entry });
                self.set(job, entry);
            }
            Command::Remove { job } => {
                self.reference.removed[job] = self.reference.file[job].or(self.reference.removed[job]);
                self.set(job, None);
            }
            Command::BringBack { job } => {
                let entry = self.reference.file[job].or(self.reference.removed[job]);
                self.set(job, entry);
            }
            Command::Cancel { job } => self.cancel(job).await,
            Command::Release { job } => self.release(job).await,
            Command::Resolve { job } => self.resolve(job).await,
            Command::Delete { job } => self.delete(job).await,
            Command::Pass { seconds } => {
                self.world.pass(Duration::from_secs(seconds)).await;
            }
            Command::Crash(moment) => self.crash(moment).await,
            Command::Fault { fault, times } => {
                let mut rules = self.world.sandbox.faults();
                rules.push(faults()[fault].clone().times(times));
                self.world.fault(rules);
            }
            Command::ClearFaults => self.world.fault(Vec::new()),
            Command::SetClock { seconds, confirmed } => {
                self.world.set_clock(seconds);
                if confirmed {
                    self.world.confirm_clock().await;
                    self.reference.was_confirmed = true;
                }
            }
            Command::SetClockRight => {
                self.world.clock.set(self.world.kakao_now());
            }
            Command::Reboot => {
                self.world.clock.reboot();
                self.world.crash().await;
            }
        }
    }

    async fn cancel(&mut self, job: usize) {
        use PostState as S;
        let Some(post) = self.latest(job).await else { return };
        let done = self.world.ctx().store.cancel(post.post, "tester", "", self.world.clock.now()).await;
        let possible = matches!(post.state, S::Scheduled | S::Claimed | S::Held | S::Failed);
        assert_eq!(done.is_ok(), possible, "{}: cancelled {done:?}", post.state);
        if possible {
            self.reference.withdrawn.insert(post.post);
            self.reference.moved.insert(post.post);
        }
    }

    async fn release(&mut self, job: usize) {
        use PostState as S;
        let Some(post) = self.latest(job).await else { return };
        let from = [S::Missed, S::Held, S::Failed, S::Cancelled];
        let (store, now) = (&self.world.ctx().store, self.world.clock.now());
        let done = store.release(post.post, &from, "tester", "", Duration::from_secs(600), now).await;
        let gone = matches!(done, Err(OperatorRefusal::JobGone { .. }));
        assert_eq!(done.is_ok() || gone, from.contains(&post.state), "{}: released {done:?}", post.state);
        if done.is_ok() {
            self.reference.withdrawn.remove(&post.post);
            self.reference.moved.insert(post.post);
            self.reference.released.insert(post.post);
        }
    }

    /// As a person does who looks at the page and sees every story, even one that the list does not show yet.
    async fn resolve(&mut self, job: usize) {
        let Some(post) = self.latest(job).await.filter(|post| post.state == PostState::InDoubt) else { return };
        // Nobody is sure at once: what was sent a moment ago may still appear.
        self.world.pass(self.world.ctx().rules.quarantine).await;
        let Some(post) = self.latest(job).await.filter(|now| now.post == post.post && now.state == post.state) else {
            return;
        };
        let posts = self.world.posts().await;
        let owned = |id: &str| posts.iter().any(|post| post.story_id.as_deref() == Some(id));
        let story = self.world.ledger().into_iter().find(|story| {
            story.account == post.account
                && story.kind == post.kind
                && story.content.as_deref() == post.content.text()
                && !owned(&story.id)
        });
        let (store, now) = (&self.world.ctx().store, self.world.clock.now());
        match story {
            Some(story) => store.resolve_found(post.post, &story.id, "tester", now).await.unwrap(),
            None => store.resolve_absent(post.post, "tester", Duration::ZERO, now).await.unwrap(),
        }
        self.reference.moved.insert(post.post);
    }

    async fn delete(&mut self, job: usize) {
        let Some(post) = self.latest(job).await.filter(|post| post.state == PostState::Published) else { return };
        let (order, now) = (DeleteOrder { actor: "tester", reason: "" }, self.world.clock.now());
        let ordered = self.world.ctx().store.order_delete(post.post, order, now, now).await.unwrap();
        assert_eq!(ordered, Written::Done);
        self.reference.doomed.insert(post.post);
    }

    /// Dies in the middle of publishing what is due, if anything is.
    async fn crash(&mut self, moment: Moment) {
        if !matches!(moment, Moment::Idle) {
            let (ctx, now) = (self.world.ctx(), self.world.clock.now());
            if let Some(claim) = ctx.store.claim_to_publish("cafe", now, ctx.rules.lease).await.unwrap()
                && !matches!(moment, Moment::Claimed)
            {
                let intent = ctx.store.intend(claim, now, ctx.rules.lease).await.unwrap().unwrap();
                if matches!(moment, Moment::Sent) {
                    let tokens = self.world.sandbox.mint_tokens("cafe").unwrap();
                    let token = AccessToken::new(&tokens.access_token).unwrap();
                    // Whatever the answer is, nobody lives to see it.
                    let _ = ctx.kakao.publish(&token, intent.outgoing()).await;
                }
            }
        }
        self.world.crash().await;
    }

    /// Holds the world against what was promised.
    async fn compare(&mut self, command: Command) {
        let posts = self.world.posts().await;
        // By a clock in doubt nothing is followed.
        let believed = self.world.ctx().trust.may_act(&self.world.clock);
        let passed = matches!(command, Command::Pass { .. }) && believed;
        let mut intents_of_all = 0;
        for post in &posts {
            let events = self.world.events(post.post).await;
            let intents = events.iter().filter(|event| event.event == "intend").count();
            intents_of_all += intents;
            let is = Known { state: post.state, story_id: post.story_id.clone(), intents };
            if let Some(was) = self.reference.known.insert(post.post, is.clone()) {
                self.compare_post(post, &was, &is, passed);
            }
            if self.reference.withdrawn.contains(&post.post) {
                assert_eq!(post.state, PostState::Cancelled, "post {} was withdrawn by a person", post.post);
            }
        }
        self.reference.moved.clear();
        self.nothing_is_early(&posts);
        let sent = self.world.requests("note") + self.world.requests("photo");
        assert!(sent <= intents_of_all, "{sent} requests for {intents_of_all} intents");
        self.count(&posts);
    }

    fn compare_post(&self, post: &PostRow, was: &Known, is: &Known, passed: bool) {
        use PostState as S;
        let what = format!("post {} ({}) was {was:?} and is {is:?}", post.post, post.job);
        let moved = self.reference.moved.contains(&post.post);
        assert!(is.intents >= was.intents, "{what}");
        if was.story_id.is_some() {
            assert_eq!(is.story_id, was.story_id, "{what}");
        }
        let entry = JOBS.iter().position(|job| *job == post.job).and_then(|job| self.reference.file[job]);
        let named = post.job == "anchor" || entry.is_some_and(|entry| entry.at == post.occurs_at);
        let allowed = match was.state {
            S::Published => is.state == S::Published || self.reference.doomed.contains(&post.post),
            S::Deleted => is.state == S::Deleted,
            // What a wrong clock missed comes back.
            S::Missed => is.state == was.state || moved || self.reference.was_confirmed,
            S::Failed => is.state == was.state || moved,
            S::Held => is.state == S::Held || moved || !named,
            S::Cancelled => is.state == S::Cancelled || moved || named,
            S::Scheduled | S::Claimed | S::Publishing | S::InDoubt => true,
        };
        assert!(allowed, "{what}");
        if !matches!(was.state, S::Published | S::Deleted) && is.state == S::Deleted {
            assert!(self.reference.doomed.contains(&post.post), "{what}, and nobody ordered it");
        }
        let waited = matches!(was.state, S::Scheduled | S::Held)
            && !self.reference.released.contains(&post.post)
            && post.job != "anchor";
        if passed && waited && !named {
            assert_eq!((is.state, is.intents), (S::Cancelled, was.intents), "{what}, after it left the job file");
        }
        if passed && waited && is.intents > was.intents {
            let text = entry.map(|entry| words(entry.text));
            assert_eq!(post.content.text(), text.as_deref(), "{what}, with a text that is not that of the file");
        }
    }

    /// As long as nobody has said that a wrong clock is right, no story comes before its time by Kakao's clock, but for the two minutes that
    /// nobody doubts.
    fn nothing_is_early(&self, posts: &[PostRow]) {
        if self.reference.was_confirmed {
            return;
        }
        for story in self.world.ledger() {
            let Some(post) = posts.iter().find(|post| post.story_id.as_ref() == Some(&story.id)) else { continue };
            let early = post.occurs_at.duration_since(story.created_at);
            let released = self.reference.released.contains(&post.post);
            assert!(released || early.as_secs() <= 125, "post {} came {early:?} early", post.post);
        }
    }

    /// No text is there more often than posts with it were sent; none is there that its job never had.
    fn count(&self, posts: &[PostRow]) {
        for story in self.world.ledger() {
            let same = |text: Option<&str>| text == story.content.as_deref();
            let there = self.world.ledger().into_iter().filter(|other| {
                other.account == story.account && other.kind == story.kind && same(other.content.as_deref())
            });
            let sent = posts.iter().filter(|post| {
                post.account == story.account
                    && post.kind == story.kind
                    && same(post.content.text())
                    && self.reference.known[&post.post].intents > 0
            });
            let (there, sent) = (there.count(), sent.count());
            assert!(there <= sent, "{:?} is there {there} times for {sent} posts", story.content);
            let owner = posts.iter().find(|post| post.story_id.as_deref() == Some(story.id.as_str()));
            if let Some(job) = owner.and_then(|post| JOBS.iter().position(|job| *job == post.job)) {
                let known = story.content.as_ref().is_some_and(|text| self.reference.texts[job].contains(text));
                assert!(known, "{} never said {:?}", JOBS[job], story.content);
            }
        }
    }

    /// Once nothing goes wrong any more, every post comes to an end that a person can read.
    async fn end(mut self) {
        self.world.fault(Vec::new());
        self.world.clock.set(self.world.kakao_now());
        self.world.pass(LONG).await;
        self.compare(Command::Pass { seconds: LONG.as_secs() }).await;
        for post in self.world.posts().await {
            use PostState as S;
            let what = format!("post {} ({}) ends as {}: {:?}", post.post, post.job, post.state, post.reason);
            match post.state {
                S::Published | S::Deleted => {}
                // Its job may be one that a person withdrew without saying why.
                S::Cancelled => {}
                S::Missed | S::Held | S::Failed => assert!(!post.reason.is_empty(), "{what}"),
                S::InDoubt => assert!(post.parked_at.is_some() && !post.reason.is_empty(), "{what}"),
                // Its time may have been written by a clock that was years ahead.
                S::Scheduled => assert!(post.occurs_at > self.world.clock.now(), "{what}"),
                S::Claimed | S::Publishing => panic!("{what}"),
            }
        }
    }
}

async fn play(commands: Vec<Command>) {
    let mut play = Play::new().await;
    for command in commands {
        play.run(command).await;
        play.compare(command).await;
    }
    play.end().await;
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what the proof is quoted by")]
fn whatever_is_commanded_in_whatever_order_every_promise_is_kept() {
    let drawn = std::env::var("PROPTEST_CASES").is_ok();
    let default = Config::default();
    let config = Config {
        cases: if drawn { default.cases } else { CASES },
        max_shrink_iters: SHRINKS_MAX,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/it/proof_properties.regressions"))),
        ..default
    };
    let mut runner = if drawn {
        TestRunner::new(config)
    } else {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let played = (Cell::new(0_usize), Cell::new(0_usize));
    let result = runner.run(&commands(), |commands| {
        played.0.set(played.0.get() + 1);
        played.1.set(played.1.get() + commands.len());
        runtime.block_on(play(commands));
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("properties: {} cases of {} commands: every promise kept after each", played.0.get(), played.1.get());
}
