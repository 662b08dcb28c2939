//! The world of a story test: a folder with job files, a queue on disk, the sandbox, and a clock that moves by hand. Dropping it
//! judges the promises, with the sandbox's own ledger as the witness.

mod clocks;
mod judge;
mod login;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kakao_sandbox::{FaultRule, LedgerEntry, Options, Running, SandboxClock};
use storyd::domain::clock::{Clock, between, later};
use storyd::domain::policy::Preflight;
use storyd::engine::daemon::{Upkeep, step, step_abreast, sweep_at_start};
use storyd::engine::incidents::outlook::Outlook;
use storyd::engine::pulse::Pulse;
use storyd::engine::trust::Trust;
use storyd::engine::{Ctx, PlanCell, RefusedSteps, Rules, Stop, TaskReport, UnderWay};
use storyd::network::kakao::folder::TokenFolder;
use storyd::network::kakao::refresh::{Credentials, Tokens};
use storyd::network::kakao::{Client, Endpoints, Limits};
use storyd::notify::Sinks;
use storyd::plan;
use storyd::settings::Settings;
use storyd::settings::notify::Notify;
use storyd::store::crash::dying_at;
use storyd::store::view::{AccountRow, AttemptRow, EventRow, PostFilter, PostRow, StoryRow};
use storyd::store::{Access, Store, StoreError};
use storyd::yaml::problem::Problems;

use super::ports::Nobody;

/// More openings than the start of a program takes.
const OPENINGS_MAX: usize = 10_000;
/// More rounds than any story needs: one that goes on longer spins.
const ROUNDS_MAX: usize = 5_000;
/// Between two turns of the loop, at most.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// Between two looks at the clock, at least.
const SOON: Duration = Duration::from_secs(1);

/// Where and when a story plays: Seoul, on Tuesday 1 December 2026, 08:00.
pub(crate) const START: &str = "2026-12-01T08:00:00+09:00";

pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) clock: Clock,
    /// Kakao's, when it does not follow ours.
    kakao_clock: Option<Clock>,
    pub(crate) sandbox: Running,
    pub(crate) settings: Settings,
    limits: Limits,
    engine: Option<(Arc<Ctx>, Upkeep)>,
    /// Where the client believes Kakao to be, when that is not the sandbox.
    elsewhere: Option<Nobody>,
    /// Free bytes below which the disk counts as nearly full.
    pub(crate) disk_low: u64,
    condoned: Option<&'static str>,
    /// Whether its accounts work at the same time.
    abreast: bool,
}

impl World {
    /// A world with accounts `cafe` and `shop`.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with the sandbox's options changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), at(START), change).await
    }

    /// A world in which Kakao has a clock of its own: time passes for both, but setting ours does not move theirs.
    pub(crate) async fn with_two_clocks() -> Self {
        let theirs = Clock::manual(at(START));
        let clock = theirs.clone();
        let mut world = Self::with(move |options| {
            options.clock = SandboxClock::from_fn(Arc::new(move || clock.now().as_microsecond()));
        })
        .await;
        world.kakao_clock = Some(theirs);
        world
    }

    /// A world in a folder that may hold a queue and a job file already, at a chosen time.
    pub(crate) async fn in_folder(dir: tempfile::TempDir, now: Timestamp, change: impl FnOnce(&mut Options)) -> Self {
        let limits = Limits {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            upload_timeout: Duration::from_secs(20),
            publish_timeout: Duration::from_secs(10),
            ..Limits::default()
        };
        Self::limited(limits, dir, now, change).await
    }

    /// A world whose client gives up after a fraction of a second, for servers that hang.
    pub(crate) async fn impatient() -> Self {
        let limits = Limits {
            connect_timeout: Duration::from_millis(200),
            request_timeout: Duration::from_millis(400),
            upload_timeout: Duration::from_millis(400),
            publish_timeout: Duration::from_millis(400),
            ..Limits::default()
        };
        Self::limited(limits, tempfile::tempdir().unwrap(), at(START), |_| {}).await
    }

    async fn limited(
        limits: Limits,
        dir: tempfile::TempDir,
        now: Timestamp,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let clock = Clock::manual(now);
        let theirs = clock.clone();
        let mut options = Options {
            accounts: vec!["cafe".into(), "shop".into()],
            clock: SandboxClock::from_fn(Arc::new(move || theirs.now().as_microsecond())),
            ..Options::default()
        };
        change(&mut options);
        let sandbox = kakao_sandbox::start(options).await.unwrap();
        let mut world = Self {
            dir,
            clock,
            kakao_clock: None,
            sandbox,
            // A story asks Kakao what it is about, and nothing ahead unless it is about that.
            settings: Settings { preflight: Preflight::OFF, ..Settings::default() },
            limits,
            engine: None,
            elsewhere: None,
            disk_low: 0,
            condoned: None,
            abreast: false,
        };
        for account in world.sandbox.accounts().to_vec() {
            world.hand_over(&account);
        }
        world.start().await;
        world
    }

    /// Opens the queue. A program that another test starts at this very moment inherits the lock until it is loaded.
    async fn open(&self) -> Store {
        for _ in 0..OPENINGS_MAX {
            match Store::open(&self.path("data"), Access::Daemon).await {
                Err(StoreError::Running { .. }) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
        panic!("the queue stays locked");
    }

    /// Starts the engine, as the daemon does.
    pub(crate) async fn start(&mut self) {
        let url = self.elsewhere.as_ref().map_or_else(|| self.sandbox.url(), Nobody::url);
        let endpoints = Endpoints { api_url: url.clone(), login_url: url };
        let credentials = self.sandbox.accounts().iter().map(|account| {
            let any = Credentials { rest_api_key: "key".to_owned().into(), client_secret: None };
            (account.account.clone(), any)
        });
        let mut rules = Rules::new(&self.settings).unwrap();
        rules.telling.disk_low = self.disk_low;
        let ctx = Ctx {
            store: self.open().await,
            kakao: Client::new(endpoints, self.limits.clone(), self.clock.clone()).unwrap(),
            tokens: Tokens::new(TokenFolder::open(&self.path("data/tokens")).unwrap()),
            credentials: credentials.collect(),
            clock: self.clock.clone(),
            rules,
            plan: PlanCell::default(),
            sinks: Arc::new(Sinks::new(&self.settings.notify).unwrap()),
            outlook: Outlook::default(),
            under_way: UnderWay::default(),
            refused: RefusedSteps::default(),
            stop: Stop::default(),
            pulse: Pulse::default(),
            trust: Trust::default(),
        };
        sweep_at_start(&ctx).await.unwrap();
        self.engine = Some((Arc::new(ctx), Upkeep::default()));
        if self.path("jobs.yaml").exists() {
            // As the daemon does: the last good plan stays, and here there is none.
            if let Err(problems) = self.load() {
                self.ctx().plan.set_broken(problems);
            }
        }
    }

    /// Stops as the daemon does when it is told to.
    pub(crate) async fn stop(&mut self) {
        self.ctx().store.end_life(self.clock.now()).await.unwrap();
        self.engine = None;
    }

    /// From here on these are told, by these rules of telling.
    pub(crate) async fn tell(&mut self, notify: Notify) {
        self.stop().await;
        self.settings.notify = notify;
        self.start().await;
    }

    /// The process dies: nothing is closed, nothing is said. What was on disk is there when it starts again.
    pub(crate) async fn crash(&mut self) {
        self.engine = None;
        self.start().await;
    }

    /// The daemon stops, a backup takes the place of its queue, and it starts again.
    pub(crate) async fn restored_from(&mut self, backup: &std::path::Path) {
        self.engine = None;
        let now = self.clock.now();
        storyd::store::backup::restore(backup, &self.path("data"), "tester", now).await.unwrap();
        self.start().await;
    }

    /// Starts if need be, lets time pass, and dies at the `dies_at`-th step that touches disk or network, if it gets that far. How
    /// many steps it made, and whether it lived to the end.
    pub(crate) async fn live(&mut self, dies_at: Option<u64>, length: Duration) -> (bool, u64) {
        let life = async {
            if self.engine.is_none() {
                self.start().await;
            }
            self.pass(length).await;
        };
        let (done, steps) = dying_at(dies_at, life).await;
        if done.is_none() {
            self.engine = None;
        }
        (done.is_some(), steps)
    }

    /// The process dies as soon as a request of `call` has arrived, whatever becomes of the request.
    pub(crate) async fn die_while(&mut self, call: &str) {
        let (ctx, mut upkeep) = self.engine.take().unwrap();
        let before = self.requests(call);
        // Dropped in the middle, with all that it holds; the request is out by then.
        tokio::select! {
            _ = async { loop { step(&ctx, &mut upkeep).await.unwrap(); } } => {}
            () = async { while self.requests(call) == before { tokio::task::yield_now().await; } } => {}
        }
    }

    /// From now on nobody listens where the client believes Kakao to be.
    pub(crate) async fn cut_off(&mut self) {
        self.elsewhere = Some(Nobody::new());
        self.crash().await;
    }

    /// The sandbox can be reached again.
    pub(crate) async fn reconnect(&mut self) {
        self.elsewhere = None;
        self.crash().await;
    }

    /// From now on its accounts work at the same time, as the lanes of the daemon do.
    pub(crate) fn abreast(&mut self) {
        self.abreast = true;
    }

    /// Lets a story break a promise on purpose: nothing is judged at its end.
    pub(crate) fn condone(&mut self, why: &'static str) {
        self.condoned = Some(why);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn ctx(&self) -> &Ctx {
        &self.engine.as_ref().unwrap().0
    }

    /// What a dashboard of this world shows.
    pub(crate) fn shared(&self) -> Arc<Ctx> {
        self.engine.as_ref().unwrap().0.clone()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes the jobs, under the usual head, and loads them.
    pub(crate) fn jobs(&self, jobs: &str) {
        let indented: String = jobs.lines().map(|line| format!("  {line}\n")).collect();
        self.write("jobs.yaml", format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{indented}").as_bytes());
        self.load().unwrap();
    }

    /// Loads the job file; what does not load changes nothing.
    pub(crate) fn load(&self) -> Result<(), Problems> {
        let plan = plan::load(&[self.path("jobs.yaml")], self.ctx().clock.now())?;
        self.ctx().plan.set(plan);
        Ok(())
    }

    pub(crate) fn fault(&self, rules: Vec<FaultRule>) {
        self.sandbox.set_faults(rules).unwrap();
    }

    /// Does all that is due now, until nothing is.
    pub(crate) async fn settle(&mut self) -> Vec<TaskReport> {
        let (ctx, upkeep) = self.engine.as_mut().unwrap();
        let mut all = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let reports = if self.abreast { step_abreast(ctx, upkeep).await } else { step(ctx, upkeep).await }.unwrap();
            if reports.is_empty() {
                return all;
            }
            all.extend(reports);
        }
        panic!("the engine spins: {:?}", all.last());
    }

    /// Lets time pass, stopping wherever something falls due, and does what is due.
    pub(crate) async fn pass(&mut self, length: Duration) -> Vec<TaskReport> {
        let until = later(self.clock.now(), length);
        let mut all = self.settle().await;
        for _ in 0..ROUNDS_MAX {
            let now = self.clock.now();
            let next = self.ctx().store.next_wake(now).await.unwrap();
            // Where the time is to be asked for, the daemon wakes for that too.
            let asks = self.ctx().trust.looks_after(&self.clock).map(|wait| later(now, wait.max(SOON)));
            match next.into_iter().chain(asks).min() {
                Some(next) if next <= until => self.go_on(next),
                _ => {
                    self.go_on(until);
                    all.extend(self.settle().await);
                    return all;
                }
            }
            all.extend(self.settle().await);
        }
        panic!("time does not get on: {:?}", all.last());
    }

    /// Time passes, for everybody.
    fn go_on(&mut self, to: Timestamp) {
        if let Some((_, upkeep)) = &mut self.engine {
            // The loop turns meanwhile.
            let mut at = self.clock.now();
            while at < to {
                at = later(at, HALF_A_MINUTE).min(to);
                upkeep.lives(at);
            }
        }
        if let Some(theirs) = &self.kakao_clock {
            theirs.advance(between(self.clock.now(), to));
        }
        self.clock.advance(between(self.clock.now(), to));
    }

    /// The only post of a job.
    pub(crate) async fn post(&self, job: &str) -> PostRow {
        let filter = PostFilter { job: Some(job.into()), ..PostFilter::default() };
        let mut rows = self.ctx().store.posts(&filter).await.unwrap();
        assert_eq!(rows.len(), 1, "{job} has {} posts", rows.len());
        rows.remove(0)
    }

    pub(crate) async fn posts(&self) -> Vec<PostRow> {
        self.ctx().store.posts(&PostFilter::default()).await.unwrap()
    }

    pub(crate) async fn attempts(&self, post: i64) -> Vec<AttemptRow> {
        self.ctx().store.attempts(post).await.unwrap()
    }

    pub(crate) async fn events(&self, post: i64) -> Vec<EventRow> {
        self.ctx().store.events(post).await.unwrap()
    }

    pub(crate) async fn stories(&self) -> Vec<StoryRow> {
        self.ctx().store.stories(None, None, 1000).await.unwrap()
    }

    pub(crate) async fn account(&self, name: &str) -> AccountRow {
        self.ctx().store.accounts().await.unwrap().into_iter().find(|row| row.account == name).unwrap()
    }

    /// Every story that exists, as the sandbox says.
    pub(crate) fn ledger(&self) -> Vec<LedgerEntry> {
        self.sandbox.ledger()
    }

    /// How many requests of a call reached the sandbox.
    pub(crate) fn requests(&self, call: &str) -> usize {
        self.sandbox.requests().iter().filter(|request| request.call.as_deref() == Some(call)).count()
    }
}

/// An instant from its RFC 3339 form.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A small picture, a different one for each `shade`.
pub(crate) fn png(shade: u8) -> Vec<u8> {
    let mut png = Vec::from(*b"\x89PNG\r\n\x1a\n");
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        png.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        png.extend(kind);
        png.extend(data);
        png.extend(check_sum(&[&kind[..], data].concat()).to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
    chunk(b"IDAT", &[shade; 16]);
    chunk(b"IEND", &[]);
    png
}

/// The sum at the end of each part of a PNG.
pub(crate) fn check_sum(bytes: &[u8]) -> u32 {
    let bit = |sum: u32| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum)))
}
