//! One life of the daemon as planned: its faults, what people do meanwhile, its death.

#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use storyd::domain::clock::Clock;

use super::plan::{Act, Ending, Life};
use crate::support::chaos::{PATIENCE, Process, Town};
use crate::support::evidence::{Order, Ordered, Post};

/// What happened, counted.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    pub(super) kills: usize,
    pub(super) in_startup: usize,
    pub(super) in_shutdown: usize,
    pub(super) stops: usize,
    pub(super) seconds: usize,
    pub(super) edits: usize,
    pub(super) broken_files: usize,
    pub(super) commands: usize,
    pub(super) killed_commands: usize,
}

/// A run under way.
pub(super) struct Run {
    pub(super) town: Town,
    /// Zero of the planned times.
    pub(super) began: Timestamp,
    pub(super) deaths: Deaths,
    pub(super) orders: Vec<Order>,
    /// Post of each job, where it was looked up.
    posts: BTreeMap<String, i64>,
    /// Take-downs that outlive the act that began them, each with its post.
    pending: Vec<(i64, Process)>,
}

impl Run {
    pub(super) fn new(town: Town, began: Timestamp) -> Self {
        Self { town, began, deaths: Deaths::default(), orders: Vec::new(), posts: BTreeMap::new(), pending: Vec::new() }
    }

    /// From start to death.
    pub(super) fn live_and_die(&mut self, life: &Life) {
        self.town.set_faults(&life.faults);
        let daemon = if life.twins { self.one_of_two() } else { self.town.daemon() };
        if life.ending == Ending::KillInStartup {
            daemon.watch(life.length);
            self.killed(daemon);
            self.deaths.in_startup += 1;
            return;
        }
        assert!(daemon.tells_of("ready"), "it ended at its start\n{}", self.town.last_log());
        let ready = Instant::now();
        for (after, act) in &life.acts {
            self.follow(&daemon, after.saturating_sub(ready.elapsed()));
            self.act(&daemon, act);
        }
        self.follow(&daemon, life.length.saturating_sub(ready.elapsed()));
        match life.ending {
            Ending::Stop => {
                let status = daemon.terminate();
                assert!(status.success(), "SIGTERM ended it with {status}\n{}", self.town.last_log());
                self.deaths.stops += 1;
            }
            Ending::StopTwice => {
                daemon.signal("TERM");
                daemon.watch(Duration::from_millis(5));
                daemon.terminate();
                self.deaths.stops += 1;
            }
            Ending::StopThenKill(after) => {
                daemon.signal("TERM");
                daemon.watch(after);
                // It may have been faster.
                daemon.kill();
                self.deaths.kills += 1;
                self.deaths.in_shutdown += 1;
            }
            Ending::Kill | Ending::KillInStartup => self.killed(daemon),
        }
        for (post, command) in std::mem::take(&mut self.pending) {
            if command.kill().is_some_and(|status| status.success()) {
                self.ordered(Ordered::Delete(post));
            }
        }
    }

    /// Starts two daemons at once. The one that is left over.
    fn one_of_two(&mut self) -> Process {
        let (mut left, mut right) = (self.town.daemon(), self.town.daemon());
        let began = Instant::now();
        let code = loop {
            assert!(began.elapsed() < PATIENCE, "two daemons run beside each other\n{}", self.town.last_log());
            if let Some(status) = left.ended() {
                std::mem::swap(&mut left, &mut right);
                break status.code();
            }
            if let Some(status) = right.ended() {
                break status.code();
            }
        };
        assert_eq!(code, Some(7), "the second of two daemons\n{}", self.town.last_log());
        self.deaths.seconds += 1;
        left
    }

    fn follow(&self, daemon: &Process, length: Duration) {
        assert!(daemon.watch(length), "it ended by itself\n{}", self.town.last_log());
    }

    fn killed(&mut self, daemon: Process) {
        if let Some(status) = daemon.kill() {
            panic!("it ended by itself with {status}\n{}", self.town.last_log());
        }
        self.deaths.kills += 1;
    }

    fn act(&mut self, daemon: &Process, act: &Act) {
        match *act {
            Act::Reword(job) => {
                let text = format!("{} (수정)", self.town.jobs[job].texts[0].trim_end());
                self.town.jobs[job].texts.push(text);
                self.edited();
            }
            Act::Toggle(job) => {
                self.town.jobs[job].in_file = !self.town.jobs[job].in_file;
                self.edited();
            }
            Act::Move(job, after_s) => {
                if self.town.jobs[job].times.last().is_some_and(Option::is_some) {
                    let at = at(self.began, after_s);
                    self.town.jobs[job].times.push(Some(at));
                    self.edited();
                }
            }
            Act::Break => {
                self.deaths.broken_files += 1;
                self.town.break_jobs();
            }
            Act::WriteInPlace => {
                self.deaths.edits += 1;
                self.town.write_jobs_in_place();
            }
            Act::Reload => daemon.signal("HUP"),
            Act::SecondDaemon => {
                // Started by mistake beside the first.
                let status = self.town.daemon().end();
                assert_eq!(status.code(), Some(7), "a second daemon\n{}", self.town.last_log());
                self.deaths.seconds += 1;
            }
            Act::Look => {
                let _: Vec<Post> = self.town.ask(&["admin", "queue", "--limit", "50"]);
                self.deaths.commands += 1;
            }
            _ => self.command(act),
        }
    }

    fn edited(&mut self) {
        self.deaths.edits += 1;
        self.town.write_jobs();
    }

    /// What somebody orders by a command.
    fn command(&mut self, act: &Act) {
        self.deaths.commands += 1;
        match *act {
            Act::PauseAccount(account) => {
                let name = self.town.accounts[account].clone();
                if self.town.tries(&["admin", "pause", "--account", &name, "--reason", "chaos"]) {
                    self.ordered(Ordered::Pause(name));
                }
            }
            Act::ResumeAccount(account) => {
                let name = self.town.accounts[account].clone();
                self.taken_back(&Ordered::Pause(name.clone()));
                self.town.tries(&["admin", "resume", "--account", &name]);
            }
            Act::PauseAllBriefly => drop(self.town.tries(&["admin", "pause", "--all", "--for", "1s"])),
            Act::PauseTag => drop(self.town.tries(&["admin", "pause", "--tag", "promo"])),
            Act::ResumeTag => drop(self.town.tries(&["admin", "resume", "--tag", "promo"])),
            Act::Cancel(job) => {
                if let Some(post) = self.post_of(job)
                    && self.town.tries(&["admin", "cancel", &post.to_string(), "--reason", "chaos"])
                {
                    self.ordered(Ordered::Cancel(post));
                }
            }
            Act::Retry(job) | Act::Release(job) => {
                if let Some(post) = self.post_of(job) {
                    self.taken_back(&Ordered::Cancel(post));
                    let verb = if matches!(act, Act::Retry(_)) { "retry" } else { "release" };
                    self.town.tries(&["admin", verb, &post.to_string()]);
                }
            }
            Act::TakeDown(job) => {
                if let Some(post) = self.post_of(job) {
                    let command = self.town.begins(&["admin", "delete", &post.to_string(), "--yes"]);
                    self.pending.push((post, command));
                }
            }
            Act::KilledCancel(job, after) => {
                if let Some(post) = self.post_of(job) {
                    self.killed_command(&["admin", "cancel", &post.to_string()], after);
                    // Nobody was told that it is done; that it may have been is for the judge to know.
                    let (what, from) = (Ordered::Cancel(post), now());
                    self.orders.push(Order { what, from, until: Some(from) });
                }
            }
            Act::KilledPause(after) => self.killed_command(&["admin", "pause", "--all", "--for", "1s"], after),
            _ => unreachable!("{act:?} is no command"),
        }
    }

    fn killed_command(&mut self, args: &[&str], after: Duration) {
        let command = self.town.begins(args);
        command.watch(after);
        command.kill();
        self.deaths.killed_commands += 1;
    }

    fn ordered(&mut self, what: Ordered) {
        self.orders.push(Order { what, from: now(), until: None });
    }

    /// Before the command that takes it back begins.
    fn taken_back(&mut self, what: &Ordered) {
        for order in self.orders.iter_mut().filter(|order| order.what == *what && order.until.is_none()) {
            order.until = Some(now());
        }
    }

    fn post_of(&mut self, job: usize) -> Option<i64> {
        let name = &self.town.jobs[job].name;
        if let Some(post) = self.posts.get(name) {
            return Some(*post);
        }
        let found: Vec<Post> = self.town.ask(&["admin", "queue", "--all", "--job", name]);
        let post = found.first()?.post;
        self.posts.insert(name.clone(), post);
        Some(post)
    }

    /// Ends every pause, puts the job file right, and lets nothing go wrong any more.
    pub(super) fn peace(&mut self) {
        self.town.set_faults(&[]);
        self.town.write_jobs();
        for account in self.town.accounts.clone() {
            let what = Ordered::Pause(account.clone());
            if self.orders.iter().any(|order| order.what == what && order.until.is_none()) {
                self.taken_back(&what);
                self.town.tries(&["admin", "resume", "--account", &account]);
            }
        }
        self.town.tries(&["admin", "resume", "--tag", "promo"]);
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// An instant of the plan, in whole seconds as a job file has it.
pub(super) fn at(began: Timestamp, after_s: u64) -> Timestamp {
    Timestamp::from_second(began.as_second() + i64::try_from(after_s).unwrap()).unwrap()
}
