//! Real processes under SIGKILL at random instants, with everything going wrong at Kakao that the sandbox can do, until quiet: no
//! story twice, no post lost, whatever needs a person told to one.
//!
//! The run of the suite is short. The long one is the same test with its size in the environment:
//!
//! ```text
//! STORYD_CHAOS_POSTS=5000 STORYD_CHAOS_ACCOUNTS=64 STORYD_CHAOS_KILLS=300 \
//!     cargo test --release --test it proof_chaos -- --nocapture
//! ```
//!
//! `STORYD_CHAOS_SEED` repeats the draws of an earlier run, which prints its seed when it begins. What the machine makes of them
//! (which instruction a signal hits) is not repeated.

#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]
#![allow(clippy::print_stdout, reason = "the figures of a run are what it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde::Deserialize;
use storyd::domain::content::comparable;
use storyd::domain::post::PostState;
use storyd::sandbox::LedgerEntry;
use storyd::store::view::PostFilter;
use storyd::store::{Access, Store};

use crate::support::chaos::{Dice, Size, Town};
use crate::support::evidence::{Complaint, Evidence, Post, Recorded, judge, publishes};

/// Longer than every late effect and lag that is drawn: what the ledger lacks then will never be there.
const NO_MORE_LATE_EFFECTS: Duration = Duration::from_secs(12);
/// A run that is not quiet after so long never will be.
const QUIET_MAX: Duration = Duration::from_secs(900);
/// How often in kills the requests are noted and a person looks in.
const ROUND: usize = 10;

/// Nothing or something was created, and no plain answer says so; and what makes the list harder to read. Found at once.
const CREATED: [&str; 12] = [
    "answer-lost",
    "hang-after-effect",
    "server-error-after-effect",
    "bad-gateway-after-effect",
    "garbage-after-effect",
    "truncated-after-effect",
    "empty-after-effect",
    "redirect-after-effect",
    "code-1-after-effect",
    "code-7-after-effect",
    "code-603-after-effect",
    "code-9798-after-effect",
];
/// Nothing was created, and no plain answer says so: each costs a quarantine. Maintenance also lets an upload wait for minutes, so it
/// stays with what publishes.
const NOT_CREATED: [(&str, &str); 9] = [
    ("request-dropped", ""),
    ("hang-before-effect", ""),
    ("server-error-before-effect", ""),
    ("bad-gateway-before-effect", ""),
    ("redirect-before-effect", ""),
    ("code-1", ""),
    ("code-7", ",calls=note+photo+link"),
    ("code-603", ""),
    ("code-9798", ",calls=note+photo+link"),
];
/// With their whole rule but for the probability.
const LATE: [(&str, &str); 2] = [("late-effect", ",after=4s"), ("late-effect-server-error", ",after=9s")];
const PLAIN: [(&str, &str); 3] = [
    ("code-401", ",calls=note+photo+link+upload+linkinfo"),
    ("too-many-requests", ",after=1s,calls=note+photo+link+upload+linkinfo"),
    ("code-2", ",calls=note+photo+link"),
];
const COLOURS: [(&str, &str); 9] = [
    ("delay", ",after=120ms"),
    ("list-lag", ",after=3s"),
    ("trim-content", ""),
    ("crlf-content", ""),
    ("nfc-content", ""),
    ("nfd-content", ""),
    ("reverse-images", ""),
    ("short-access-token", ",after=20s"),
    ("delay", ",after=400ms,calls=note+photo+link"),
];
const READING: [(&str, &str); 5] = [
    ("server-error-before-effect", ",calls=mystories"),
    ("truncated-after-effect", ",calls=mystories"),
    ("request-dropped", ",calls=mystories+upload+linkinfo"),
    ("garbage-after-effect", ",calls=mystories+upload"),
    ("code-402", ",calls=mystories"),
];
/// The list turns the account away, or a hanging call takes its time: a doubt then waits for a minute. In the long run only.
const BARRED: [(&str, &str); 3] = [
    ("code-401", ",calls=mystories"),
    ("too-many-requests", ",after=1s,calls=mystories"),
    ("hang-before-effect", ",calls=upload+linkinfo+mystories"),
];

#[derive(Default)]
struct Deaths {
    kills: usize,
    kills_in_startup: usize,
    stops: usize,
    seconds: usize,
    edits: usize,
    broken_files: usize,
}

/// What a person was told and did about it.
#[derive(Default)]
struct Person {
    parked: BTreeSet<i64>,
    resolved_found: usize,
    resolved_absent: usize,
    unblocked: usize,
}

#[derive(Deserialize)]
struct Failures {
    posts: Vec<Post>,
    accounts: Vec<Blocked>,
}

#[derive(Deserialize)]
struct Blocked {
    account: String,
}

#[test]
fn killed_at_any_instant_under_every_fault_nothing_is_posted_twice_and_nothing_is_lost() {
    let kills = usize::try_from(from_environment("STORYD_CHAOS_KILLS", 14)).unwrap();
    let seed = from_environment("STORYD_CHAOS_SEED", u64::from(std::process::id()));
    let size = Size {
        posts: usize::try_from(from_environment("STORYD_CHAOS_POSTS", 200)).unwrap(),
        accounts: usize::try_from(from_environment("STORYD_CHAOS_ACCOUNTS", 8)).unwrap(),
        span_s: (kills as u64 * 6 / 10).max(1),
    };
    println!("STORYD_CHAOS_SEED={seed}");
    let began = Instant::now();
    let mut dice = Dice::new(seed);
    let mut town = Town::new(&size, &mut dice);
    let (mut deaths, mut person) = (Deaths::default(), Person::default());
    for round in 0..kills {
        town.set_faults(&draw_faults(&mut dice, kills > 50));
        live_and_die(&mut town, &mut dice, &mut deaths, round);
        if round % ROUND == ROUND - 1 {
            town.note_requests();
            person.looks(&town, false);
        }
    }
    let settling = Instant::now();
    town.set_faults(&[]);
    town.write_jobs();
    let told = until_quiet(&mut town, &mut person);
    let evidence = gather(&mut town, told);
    let complaints = judge(&evidence.0);
    let took = [settling.duration_since(began), settling.elapsed()];
    report(&size, &deaths, &person, &evidence, &complaints, took);
    assert!(complaints.is_empty(), "seed {seed}: {complaints:#?}\n{}", town.last_log());
    assert_eq!(evidence.1.damage, "ok", "seed {seed}");
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number")))
}

/// Faults of the next life of the daemon. In a long run all are drawn; a short one spares itself most quarantines.
fn draw_faults(dice: &mut Dice, long: bool) -> Vec<String> {
    let mut rules = Vec::new();
    let mut draw = |chance: u64, name: &str, percent: u64, rest: &str| {
        if dice.percent(chance) {
            let percent = 1 + dice.below(percent);
            rules.push(format!("{name}=0.{percent:02}{rest}"));
        }
    };
    for name in CREATED {
        draw(40, name, 12, "");
    }
    for (name, rest) in LATE {
        draw(40, name, 10, rest);
    }
    for (name, rest) in NOT_CREATED {
        draw(if long { 30 } else { 6 }, name, if long { 5 } else { 2 }, rest);
    }
    for (name, rest) in PLAIN {
        draw(30, name, 3, rest);
    }
    for (name, rest) in COLOURS {
        draw(40, name, 40, rest);
    }
    for (name, rest) in READING {
        draw(30, name, 15, rest);
    }
    for (name, rest) in BARRED {
        draw(if long { 30 } else { 0 }, name, 10, rest);
    }
    rules
}

/// One life of the daemon, from its start to its death.
///
/// What is rare by chance happens at fixed rounds too, so that the short run has seen it.
fn live_and_die(town: &mut Town, dice: &mut Dice, deaths: &mut Deaths, round: usize) {
    let daemon = town.daemon();
    let instant = Duration::from_millis(5 + dice.below(496));
    let chosen = [4, 6, 8].contains(&round);
    if round > 2 && !chosen && dice.percent(30) {
        daemon.watch(instant);
        daemon.kill();
        deaths.kills += 1;
        deaths.kills_in_startup += 1;
        return;
    }
    assert!(daemon.tells_of("ready"), "it ended at its start\n{}", town.last_log());
    if round == 4 || dice.percent(10) {
        // Started by mistake beside the first.
        assert_eq!(town.daemon().end().code(), Some(7), "{}", town.last_log());
        deaths.seconds += 1;
    }
    if round == 6 || dice.percent(30) {
        edit(town, dice, deaths);
    }
    assert!(daemon.watch(instant), "it ended by itself\n{}", town.last_log());
    if round == 8 || dice.percent(15) {
        assert!(daemon.terminate().success(), "{}", town.last_log());
        deaths.stops += 1;
    } else {
        daemon.kill();
        deaths.kills += 1;
    }
}

/// Somebody works on the job file while the daemon runs.
fn edit(town: &mut Town, dice: &mut Dice, deaths: &mut Deaths) {
    deaths.edits += 1;
    let index = dice.index(town.jobs.len());
    let job = &mut town.jobs[index];
    match dice.below(4) {
        0 => {
            let text = format!("{} (geändert)", job.texts[0]);
            job.texts.push(text);
        }
        1 | 2 => job.in_file = !job.in_file,
        _ => {
            deaths.broken_files += 1;
            town.break_jobs();
            return;
        }
    }
    town.write_jobs();
}

/// Runs the daemon without faults until nothing is under way, with a person who does what `admin failures` says.
fn until_quiet(town: &mut Town, person: &mut Person) -> BTreeSet<i64> {
    let began = Instant::now();
    let daemon = town.daemon();
    assert!(daemon.tells_of("ready"), "it ended at its start\n{}", town.last_log());
    while began.elapsed() < QUIET_MAX {
        let told = person.looks(town, began.elapsed() > NO_MORE_LATE_EFFECTS);
        town.note_requests();
        let open: Vec<Post> = town.ask(&["admin", "queue", "--limit", "10000"]);
        let quiet = open.iter().all(|post| post.state == PostState::Held) && began.elapsed() > NO_MORE_LATE_EFFECTS;
        if quiet {
            assert!(daemon.terminate().success(), "{}", town.last_log());
            return told;
        }
        assert!(daemon.watch(Duration::from_millis(500)), "it ended by itself\n{}", town.last_log());
    }
    panic!("it never grew quiet\n{}", town.last_log());
}

impl Person {
    /// Does what `admin failures` asks for: hands the tokens of blocked accounts in again and, when it is time, settles parked doubts
    /// by looking at the account's page. Gives the posts that it named.
    fn looks(&mut self, town: &Town, may_settle: bool) -> BTreeSet<i64> {
        let failures: Failures = town.ask(&["admin", "failures"]);
        for blocked in &failures.accounts {
            town.hand_in_tokens(&blocked.account);
            self.unblocked += 1;
        }
        let parked: Vec<&Post> = failures.posts.iter().filter(|post| post.parked_at.is_some()).collect();
        self.parked.extend(parked.iter().map(|post| post.post));
        if let Some(post) = parked.first().filter(|_| may_settle) {
            let number = post.post.to_string();
            match page_shows(town, post) {
                Some(story) => {
                    town.tell(&["admin", "resolve", &number, "--story", &story]);
                    self.resolved_found += 1;
                }
                None => {
                    town.tell(&["admin", "resolve", &number, "--absent"]);
                    self.resolved_absent += 1;
                }
            }
        }
        failures.posts.iter().map(|post| post.post).collect()
    }
}

/// A story of the account with the post's text that no post is recorded for.
fn page_shows(town: &Town, post: &Post) -> Option<String> {
    let recorded: Vec<Recorded> = town.ask(&["admin", "stories", "--limit", "10000"]);
    let ledger: Vec<LedgerEntry> = town.get("/_sandbox/ledger");
    let text = |text: Option<&str>| comparable(text.unwrap_or_default());
    let free = ledger.into_iter().find(|story| {
        story.account == post.account
            && story.kind == post.kind
            && text(story.content.as_deref()) == text(post.content.text())
            && recorded.iter().all(|recorded| recorded.story_id != story.id)
    });
    free.map(|story| story.id)
}

/// What the histories of the posts tell.
#[derive(Default)]
struct Histories {
    doubts: usize,
    reposts: usize,
    parked: usize,
    damage: String,
}

fn gather(town: &mut Town, told: BTreeSet<i64>) -> (Evidence, Histories) {
    town.note_requests();
    let mut histories = Histories::default();
    let mut intents: BTreeMap<String, usize> = BTreeMap::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&town.path("data"), Access::Beside).await.unwrap();
        let posts = store.posts(&PostFilter { limit: Some(10_000), ..PostFilter::default() }).await.unwrap();
        for post in posts {
            for event in store.events(post.post).await.unwrap() {
                match event.event.as_str() {
                    "intend" => *intents.entry(post.account.clone()).or_default() += 1,
                    "doubt" => histories.doubts += 1,
                    "repost" => histories.reposts += 1,
                    "park" => histories.parked += 1,
                    _ => {}
                }
            }
        }
        store.close().await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(town.path("data/queue.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        histories.damage = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    });
    let evidence = Evidence {
        jobs: town.jobs.clone(),
        posts: town.ask(&["admin", "queue", "--all", "--limit", "10000"]),
        stories: town.ask(&["admin", "stories", "--limit", "10000"]),
        told,
        ledger: town.get("/_sandbox/ledger"),
        requests: town.requests.values().cloned().collect(),
        intents,
    };
    (evidence, histories)
}

fn report(
    size: &Size,
    deaths: &Deaths,
    person: &Person,
    (evidence, histories): &(Evidence, Histories),
    complaints: &[Complaint],
    [chaos, settling]: [Duration; 2],
) {
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for name in evidence.requests.iter().flat_map(|request| &request.faults) {
        *faults.entry(name).or_default() += 1;
    }
    let named: Vec<String> = faults.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let mut ends: BTreeMap<PostState, usize> = BTreeMap::new();
    for post in &evidence.posts {
        *ends.entry(post.state).or_default() += 1;
    }
    let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let found = evidence.stories.iter().filter(|story| story.learnt_by == "reconcile").count();
    let count = |test: fn(&Complaint) -> bool| complaints.iter().filter(|complaint| test(complaint)).count();
    println!(
        "chaos: {} posts, {} accounts, {} kills ({} during start-up), {} stops, {} restarts, {} second daemons refused, {} edits \
         ({} broken), {} requests ({} to publish), {} faults ({}), {} in doubt ({found} found in the list, {} proved absent, {} \
         parked, of these a person settled {} as found and {} as absent), {} accounts unblocked, {}, {} stories, {} twice, {} \
         lost, {} s of chaos and {} s until quiet",
        size.posts,
        size.accounts,
        deaths.kills,
        deaths.kills_in_startup,
        deaths.stops,
        deaths.kills + deaths.stops,
        deaths.seconds,
        deaths.edits,
        deaths.broken_files,
        evidence.requests.len(),
        evidence.requests.iter().filter(|request| publishes(request)).count(),
        faults.values().sum::<usize>(),
        named.join(", "),
        histories.doubts,
        histories.reposts,
        histories.parked,
        person.resolved_found,
        person.resolved_absent,
        person.unblocked,
        ends.join(", "),
        evidence.ledger.len(),
        count(|complaint| matches!(complaint, Complaint::Twice(_) | Complaint::Unintended(_))),
        count(|complaint| matches!(complaint, Complaint::Lost(_) | Complaint::Altered(_))),
        chaos.as_secs(),
        settling.as_secs(),
    );
}
