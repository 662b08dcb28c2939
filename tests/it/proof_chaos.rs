//! Real processes under SIGKILL at random instants, with everything going wrong at Kakao that the sandbox can do and people at work
//! beside them, until rest: no story twice, no post lost, whatever needs a person told to one.
//!
//! The run of the suite is short. The long one is the same test with its size in the environment:
//!
//! ```text
//! STORYD_CHAOS_POSTS=3000 STORYD_CHAOS_ACCOUNTS=48 STORYD_CHAOS_KILLS=200 \
//!     cargo test --release --test it proof_chaos -- --nocapture
//! ```
//!
//! | variable | meaning | unless set |
//! |---|---|---|
//! | `STORYD_CHAOS_SEED` | everything that is drawn follows from it; printed with the result | 1 |
//! | `STORYD_CHAOS_POSTS` | jobs, each with one post or, when its time is moved, more | 160 |
//! | `STORYD_CHAOS_ACCOUNTS` | accounts that they are spread over | 8 |
//! | `STORYD_CHAOS_KILLS` | lives of the daemon; more than 50 make a long run, with the slow faults too | 14 |
//! | `STORYD_CHAOS_REST_S` | a run that is not at rest by then ends with what still moves, and why | 900 |
//! | `STORYD_CHAOS_DECEITS` | `off`: Kakao fails in every way, and never tells what is not so | on |
//! | `STORYD_CHAOS_PROGRAM` | the program under test | the one built with the tests |
//!
//! The deceits of the sandbox last for many lives, as doubts do. Without them a server is in trouble, and consistent: what is parked
//! then is the price of ordinary doubts.
//!
//! A seed and a size repeat the plan: jobs, faults, commands, edits, and how long each life lasts. What the machine makes of it (which
//! instruction a signal hits) is not repeated.

#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]
#![allow(clippy::print_stdout, reason = "the figures of a run are what it is for")]

mod account;
mod deceits;
mod faults;
mod life;
mod plan;
mod rest;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use storyd::domain::clock::Clock;

use crate::support::chaos::{Job, Town};
use crate::support::evidence::judge;
use life::Run;
use plan::{Plan, PlannedJob, Size};
use rest::Person;

/// How often in lives the requests are taken down, before the sandbox forgets them.
const ROUND: usize = 10;

#[test]
fn killed_at_any_instant_under_every_fault_nothing_is_posted_twice_and_nothing_is_lost() {
    let number = |name, default| usize::try_from(from_environment(name, default)).unwrap();
    let size = Size {
        seed: from_environment("STORYD_CHAOS_SEED", 1),
        posts: number("STORYD_CHAOS_POSTS", 160),
        accounts: number("STORYD_CHAOS_ACCOUNTS", 8),
        kills: number("STORYD_CHAOS_KILLS", 14),
        deceits: std::env::var("STORYD_CHAOS_DECEITS").map_or(true, |text| match text.as_str() {
            "off" => false,
            "on" => true,
            _ => panic!("STORYD_CHAOS_DECEITS={text:?} is neither on nor off"),
        }),
    };
    let limit = Duration::from_secs(from_environment("STORYD_CHAOS_REST_S", 900));
    let plan = Plan::draw(&size);
    // First: a run that fails is repeated by it.
    println!("{size:?}, plan {}", plan.digest());
    let began = Clock::system().now();
    let accounts = (0..size.accounts).map(|number| format!("account{number}")).collect();
    let delete_at = life::at(began, plan.span_s + 4);
    let jobs = plan.jobs.iter().enumerate().map(|(number, job)| as_written(number, job, began, delete_at)).collect();
    let mut run = Run::new(Town::new(accounts, jobs, plan.sandbox_seed), began);
    let aftermath = Duration::from_secs(faults::aftermath_s(size.is_long()));
    // A short run cannot wait for quarantines: its person looks at the page instead.
    let mut person = Person::new(!size.is_long(), aftermath);
    let chaos = Instant::now();
    for (round, life) in plan.lives.iter().enumerate() {
        run.live_and_die(life);
        if life.person_looks {
            person.looks(&run.town, false);
        }
        if round % ROUND == ROUND - 1 {
            run.town.note_requests();
        }
    }
    let settling = Instant::now();
    run.peace();
    let told = rest::until_rest(&mut run, &mut person, limit);
    let took = [settling.duration_since(chaos), settling.elapsed()];
    let evidence = account::gather(&mut run, told);
    let complaints = judge(&evidence);
    account::tell((&size, &plan), &run, &person, &evidence, &complaints, took);
    assert!(complaints.is_empty(), "{size:?}: {complaints:#?}\n{}", run.town.last_log());
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number")))
}

fn as_written(number: usize, planned: &PlannedJob, began: Timestamp, delete_at: Timestamp) -> Job {
    let lines = [
        planned.holds.then(|| "in_doubt: hold".to_owned()),
        planned.brief.then(|| format!("delete_at: {delete_at}")),
        planned.tag.then(|| "tags: [promo]".to_owned()),
        planned.late.map(|late| format!("late: {late}")),
    ];
    let rest = lines.into_iter().flatten().map(|line| format!("    {line}\n")).collect();
    Job {
        name: format!("job-{number}"),
        account: format!("account{}", planned.account),
        kind: planned.kind,
        texts: vec![planned.text.clone()],
        times: vec![planned.after_s.map(|after_s| life::at(began, after_s))],
        in_file: true,
        rest,
    }
}
