//! The closing account of a run: the evidence as it stands at rest, and what is printed of it.

#![allow(clippy::print_stdout, reason = "the figures of a run are what it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::post::PostState;

use super::life::Run;
use super::plan::{Plan, Size};
use super::rest::Person;
use crate::support::evidence::{Complaint, Evidence, Move, publishes};

/// Reads queue and ledger as they are on disk.
pub(super) fn gather(run: &mut Run, told: BTreeSet<i64>) -> Evidence {
    run.town.note_requests();
    run.town.sandbox_from_disk();
    let mut history: BTreeMap<i64, Vec<Move>> = BTreeMap::new();
    let mut integrity = String::new();
    let mut open_attempts = 0;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(run.town.path("data/queue.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let events: Vec<(i64, i64, String, String)> =
            sqlx::query_as("SELECT post_id, at, event, actor FROM event WHERE event <> 'overdue' ORDER BY id")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        for (post, at, event, actor) in events {
            let at = Timestamp::from_microsecond(at).unwrap();
            history.entry(post).or_default().push(Move { at, event, actor });
        }
        integrity = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM attempt WHERE ended_at IS NULL")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        open_attempts = usize::try_from(open).unwrap();
    });
    let mut posts: Vec<crate::support::evidence::Post> =
        run.town.ask(&["admin", "queue", "--all", "--limit", "1000000"]);
    posts.retain(|post| !post.job.starts_with("anchor"));
    Evidence {
        jobs: run.town.jobs.clone(),
        posts,
        stories: run.town.ask(&["admin", "stories", "--limit", "1000000"]),
        told,
        ledger: run.town.get("/_sandbox/ledger"),
        requests: run.town.requests.values().cloned().collect(),
        history,
        orders: run.orders.clone(),
        open_attempts,
        integrity,
    }
}

/// Why posts were parked, without what differs from one to the next, and how many for each.
fn parked(run: &Run) -> BTreeMap<String, usize> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let reasons: Vec<String> = runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(run.town.path("data/queue.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let reasons = sqlx::query_scalar("SELECT reason FROM event WHERE event = 'park'");
        reasons.fetch_all(&mut connection).await.unwrap()
    });
    let mut kinds = BTreeMap::new();
    for reason in reasons {
        let is_name = |word: &str| word.contains(|c: char| c.is_ascii_digit()) && !word.contains('-');
        let words = reason.split([';', '\n']).next().unwrap_or_default().split_whitespace();
        let kind: Vec<&str> = words.map(|word| if is_name(word) { "…" } else { word }).collect();
        *kinds.entry(kind.join(" ")).or_default() += 1;
    }
    kinds
}

fn events(evidence: &Evidence, test: impl Fn(&Move) -> bool) -> usize {
    evidence.history.values().flatten().filter(|step| test(step)).count()
}

/// Prints what the run was, what went wrong in it, and what the judge found.
pub(super) fn tell(
    (size, plan): (&Size, &Plan),
    run: &Run,
    person: &Person,
    evidence: &Evidence,
    complaints: &[Complaint],
    [chaos, settling]: [Duration; 2],
) {
    let deaths = &run.deaths;
    let Size { seed, posts, accounts, .. } = size;
    println!("chaos: seed {seed}, plan {}: {posts} posts on {accounts} accounts", plan.digest());
    println!(
        "  lives: {} kills ({} of them during start-up, {} during shutdown), {} stops by SIGTERM, {} second daemons refused; {} s, \
         and {} s until rest",
        deaths.kills,
        deaths.in_startup,
        deaths.in_shutdown,
        deaths.stops,
        deaths.seconds,
        chaos.as_secs(),
        settling.as_secs()
    );
    println!(
        "  people: {} edits of the job file, {} broken files, {} commands ({} killed half-way), {} accounts unblocked",
        deaths.edits,
        deaths.broken_files,
        deaths.commands + deaths.killed_commands,
        deaths.killed_commands,
        person.unblocked
    );
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for name in evidence.requests.iter().flat_map(|request| &request.faults) {
        *faults.entry(name).or_default() += 1;
    }
    let is_deceit = |name: &str| matches!(name.parse(), Ok(kakao_sandbox::FaultName::Deceit(_)));
    let (deceits, faults): (Vec<_>, Vec<_>) = faults.into_iter().partition(|(name, _)| is_deceit(name));
    let sum = |counted: &[(&str, usize)]| counted.iter().map(|(_, count)| count).sum::<usize>();
    println!(
        "  Kakao: {} requests, {} of them to publish; {} faults of {} kinds; {} answers that told what is not so, in {} ways",
        evidence.requests.len(),
        evidence.requests.iter().filter(|request| publishes(request)).count(),
        sum(&faults),
        faults.len(),
        sum(&deceits),
        deceits.len()
    );
    let by =
        |event: &'static str, actor: &'static str| events(evidence, |step| step.event == event && step.actor == actor);
    println!(
        "  doubts: {}; settled by a look at the list: {} found, {} proved absent; parked {}; settled by a person: {} found, {} \
         absent",
        events(evidence, |step| step.event == "doubt"),
        by("publish", "reconcile"),
        by("repost", "reconcile") + by("hold", "reconcile") + by("fail", "reconcile"),
        events(evidence, |step| step.event == "park"),
        person.found,
        person.absent
    );
    for (why, posts) in parked(run) {
        println!("    parked {posts}: {why}");
    }
    let mut ends: BTreeMap<PostState, usize> = BTreeMap::new();
    for post in &evidence.posts {
        *ends.entry(post.state).or_default() += 1;
    }
    let ends: Vec<String> = ends.iter().map(|(state, count)| format!("{count} {state}")).collect();
    println!(
        "  ends: {} posts: {}; {} stories in the ledger",
        evidence.posts.len(),
        ends.join(", "),
        evidence.ledger.len()
    );
    let count = |test: fn(&Complaint) -> bool| complaints.iter().filter(|complaint| test(complaint)).count();
    println!(
        "  judged: twice={} lost={} altered={} early={} unintended={} disobeyed={} incomplete={}",
        count(|complaint| matches!(complaint, Complaint::Twice(_))),
        count(|complaint| matches!(complaint, Complaint::Lost(_))),
        count(|complaint| matches!(complaint, Complaint::Altered(_))),
        count(|complaint| matches!(complaint, Complaint::Early(_))),
        count(|complaint| matches!(complaint, Complaint::Unintended(_))),
        count(|complaint| matches!(complaint, Complaint::Disobeyed(_))),
        count(|complaint| matches!(complaint, Complaint::Incomplete(_))),
    );
}
