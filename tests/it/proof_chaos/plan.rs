//! What a run is going to do: jobs, lives of the daemon, what people do meanwhile, how each life ends. Drawn whole from the seed before
//! anything starts, so that the same seed and size always give the same plan, whose digest is printed with the result.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{deceits, faults};
use crate::support::chaos::Dice;

/// How large a run is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) seed: u64,
    pub(super) posts: usize,
    pub(super) accounts: usize,
    pub(super) kills: usize,
    /// Whether Kakao tells what is not so, beside all that goes wrong.
    pub(super) deceits: bool,
}

impl Size {
    /// A long run takes its time: slow faults, quarantines that are waited for. A short one is for every run of the tests.
    pub(super) fn is_long(&self) -> bool {
        self.kills > 50
    }
}

/// The whole run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) sandbox_seed: u64,
    /// Times are drawn from so many seconds after the start of the run.
    pub(super) span_s: u64,
    pub(super) jobs: Vec<PlannedJob>,
    pub(super) lives: Vec<Life>,
}

/// A job as it stands in the file at first.
#[derive(Debug)]
pub(super) struct PlannedJob {
    pub(super) account: usize,
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// Seconds after the start of the run; `None` is `now`.
    pub(super) after_s: Option<u64>,
    /// `in_doubt: hold`.
    pub(super) holds: bool,
    /// `late`, where it is not the default.
    pub(super) late: Option<&'static str>,
    /// `delete_at` shortly after the last due time.
    pub(super) brief: bool,
    pub(super) tag: bool,
}

/// One life of the daemon.
#[derive(Debug)]
pub(super) struct Life {
    /// What goes wrong, and what is told that is not so.
    pub(super) faults: Vec<String>,
    /// Two daemons are started at the same instant; one of them must give way.
    pub(super) twins: bool,
    /// In order; each begins when the one before is done and its time after the start has come.
    pub(super) acts: Vec<(Duration, Act)>,
    /// How long after it was ready, or after it was started.
    pub(super) length: Duration,
    pub(super) ending: Ending,
    /// Somebody looks at what needs a person once it is over.
    pub(super) person_looks: bool,
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// SIGKILL before it is ready, or as soon as it is.
    KillInStartup,
    /// SIGKILL.
    Kill,
    /// SIGTERM, and its end is waited for.
    Stop,
    /// SIGTERM, and SIGKILL after so long.
    StopThenKill(Duration),
    /// SIGTERM twice.
    StopTwice,
}

/// What somebody does while the daemon lives. Jobs are meant by their index.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Reword(usize),
    /// Takes the job out of the file, or back in.
    Toggle(usize),
    /// Gives it another time, so many seconds after the start of the run.
    Move(usize, u64),
    /// Puts half a file in place of the whole.
    Break,
    /// Writes the whole file in two goes, in place.
    WriteInPlace,
    Reload,
    SecondDaemon,
    PauseAccount(usize),
    ResumeAccount(usize),
    PauseAllBriefly,
    PauseTag,
    ResumeTag,
    Cancel(usize),
    Retry(usize),
    Release(usize),
    TakeDown(usize),
    /// The same commands, killed in the middle.
    KilledCancel(usize, Duration),
    KilledPause(Duration),
    Look,
}

impl Plan {
    pub(super) fn draw(size: &Size) -> Self {
        let mut dice = Dice::new(size.seed);
        let sandbox_seed = dice.below(u64::MAX);
        // About as long as the lives take together, so that posts are due until the end.
        let span_s = (size.kills as u64 * 7 / 10).max(4);
        let jobs = (0..size.posts).map(|number| draw_job(&mut dice, size, number, span_s)).collect();
        let mut lives: Vec<Life> = (0..size.kills).map(|round| draw_life(&mut dice, size, round, span_s)).collect();
        if size.deceits {
            for (life, told) in lives.iter_mut().zip(deceits::draw(size.seed, size.kills, size.is_long())) {
                life.faults.extend(told);
            }
        }
        Self { sandbox_seed, span_s, jobs, lives }
    }

    /// Twelve digits that differ when the plan does.
    pub(super) fn digest(&self) -> String {
        let hash = Sha256::digest(format!("{self:?}"));
        hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn draw_job(dice: &mut Dice, size: &Size, number: usize, span_s: u64) -> PlannedJob {
    let kind = ["note", "note", "photo", "link"][dice.index(4)];
    // The same text more than once in an account is where one story can be taken for another.
    let text = match dice.below(10) {
        0 => format!("오늘의 커피 {}", dice.below(3)),
        1 => format!("  글 {number} \n둘째 줄: ☕ \"따옴표\" "),
        _ => format!("글 {number}"),
    };
    let after_s = dice.below(span_s);
    PlannedJob {
        account: dice.index(size.accounts),
        kind,
        text,
        after_s: (!dice.percent(10)).then_some(after_s),
        holds: dice.percent(5),
        late: match dice.below(20) {
            0 => Some("{within: 3s, then: skip}"),
            1 => Some("{within: 3s, then: hold}"),
            2 => Some("{within: 3s, then: post}"),
            _ => None,
        },
        brief: dice.percent(8),
        tag: dice.percent(15),
    }
}

fn draw_life(dice: &mut Dice, size: &Size, round: usize, span_s: u64) -> Life {
    let faults = faults::draw(dice, size.is_long());
    // What is rare by chance stands at fixed rounds too, so that the short run has seen it.
    let ending = match round {
        2 | 4 | 6 => Ending::Kill,
        3 => Ending::Stop,
        5 => Ending::StopThenKill(Duration::from_millis(dice.below(40))),
        _ if round > 1 && dice.percent(25) => Ending::KillInStartup,
        _ => match dice.below(20) {
            0 => Ending::Stop,
            1 => Ending::StopThenKill(Duration::from_millis(dice.below(60))),
            2 => Ending::StopTwice,
            _ => Ending::Kill,
        },
    };
    let length = match ending {
        // Opening and sweeping are over soon; enqueueing thousands of jobs takes longer.
        Ending::KillInStartup if size.is_long() && dice.percent(50) => Duration::from_micros(dice.below(3_000_000)),
        Ending::KillInStartup => Duration::from_micros(dice.below(350_000)),
        _ => Duration::from_micros(5_000 + dice.below(if size.is_long() { 1_500_000 } else { 700_000 })),
    };
    let count = if ending == Ending::KillInStartup { 0 } else { dice.below(4) };
    let mut acts: Vec<(Duration, Act)> = (0..count)
        .map(|_| (Duration::from_micros(dice.below(length.as_micros() as u64)), draw_act(dice, size, span_s)))
        .collect();
    match round {
        2 => acts.push((Duration::ZERO, Act::SecondDaemon)),
        4 => acts.push((Duration::ZERO, Act::Cancel(dice.index(size.posts)))),
        _ => {}
    }
    acts.sort_by_key(|(after, _)| *after);
    let twins = ending != Ending::KillInStartup && (round == 6 || dice.percent(5));
    Life { faults, twins, acts, length, ending, person_looks: dice.percent(20) }
}

fn draw_act(dice: &mut Dice, size: &Size, span_s: u64) -> Act {
    let (job, account) = (dice.index(size.posts), dice.index(size.accounts));
    let moment = Duration::from_micros(dice.below(60_000));
    match dice.below(28) {
        0..=3 => Act::Reword(job),
        4..=6 => Act::Toggle(job),
        7..=8 => Act::Move(job, dice.below(span_s)),
        9 => Act::Break,
        10 => Act::WriteInPlace,
        11 => Act::Reload,
        12 => Act::SecondDaemon,
        13..=14 => Act::PauseAccount(account),
        15..=16 => Act::ResumeAccount(account),
        17 => Act::PauseAllBriefly,
        18 => Act::PauseTag,
        19 => Act::ResumeTag,
        20..=21 => Act::Cancel(job),
        22 => Act::Retry(job),
        23 => Act::Release(job),
        24 => Act::TakeDown(job),
        25 => Act::KilledCancel(job, moment),
        26 => Act::KilledPause(moment),
        _ => Act::Look,
    }
}

/// A seed alone repeats a run.
#[test]
fn the_same_seed_draws_the_same_plan_and_another_seed_another() {
    let size = |seed| Size { seed, posts: 300, accounts: 7, kills: 60, deceits: true };
    let digest = |seed| Plan::draw(&size(seed)).digest();
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

/// Every ending and every act has its turn in a long run, and every fault of the sandbox is switched on.
#[test]
fn a_long_run_holds_everything_that_can_happen() {
    let plan = Plan::draw(&Size { seed: 1, posts: 300, accounts: 7, kills: 400, deceits: true });
    let word = |text: String| text.split(['(', ' ']).next().unwrap_or_default().to_owned();
    let endings: std::collections::BTreeSet<String> =
        plan.lives.iter().map(|life| word(format!("{:?}", life.ending))).collect();
    assert_eq!(endings.len(), 5, "{endings:?}");
    let acts = plan.lives.iter().flat_map(|life| &life.acts);
    let acts: std::collections::BTreeSet<String> = acts.map(|(_, act)| word(format!("{act:?}"))).collect();
    assert_eq!(acts.len(), 19, "{acts:?}");
    let rules: Vec<kakao_sandbox::FaultRule> =
        plan.lives.iter().flat_map(|life| &life.faults).map(|rule| rule.parse().unwrap()).collect();
    for name in kakao_sandbox::FaultName::all() {
        assert!(rules.iter().any(|rule| rule.name == name), "{name} is never switched on");
    }
}
