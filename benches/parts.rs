//! The parts: a claim of 32 posts in queues of 10⁴, 10⁵ and 10⁶, a look at what is due, enqueueing, the loader beside the reading of its
//! YAML, schedules, and the comparison of texts.
//!
//! `cargo bench --bench parts` · one of them: `cargo bench --bench parts -- claim` · without the largest queue:
//! `STORYD_BENCH_ROWS=100000 cargo bench --bench parts`

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time and prints it")]

mod support;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use storyd::domain::clock::later;
use storyd::domain::content::comparable;
use storyd::domain::fault::Fault;
use storyd::engine::Rules;
use storyd::engine::wanted::wanted;
use storyd::store::queue::{Intent, JobPosts};
use storyd::store::{Access, Store};
use support::figures::{Row, print};
use support::process::{Fill, account, note, posts};
use tokio::runtime::Runtime;

const ROWS: [usize; 3] = [10_000, 100_000, 1_000_000];
const LANES: usize = 32;
const LEASE: Duration = Duration::from_secs(300);
const JOBS: usize = 100_000;
/// In one file.
const JOBS_EACH: usize = 5_000;
/// Of what takes long.
const ROUNDS: usize = 5;

/// Measures something and adds what it found.
type Part = fn(&mut Vec<Row>);

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let parts: [(&str, Part); 6] = [
        ("claim", claim_of_32),
        ("look", look),
        ("enqueue", enqueue_1000_posts),
        ("load", load_100000_jobs),
        ("schedule", schedule_100_times),
        ("text", comparable_text),
    ];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            let mut rows = Vec::new();
            part(&mut rows);
            print(&rows);
        }
    }
}

/// Runs `part` so often, and `before` each time without counting it.
fn time<Input>(what: &str, samples: usize, mut before: impl FnMut() -> Input, mut part: impl FnMut(Input)) -> Row {
    let mut figures = Vec::with_capacity(samples);
    for _ in 0..samples {
        let input = before();
        let began = Instant::now();
        part(input);
        figures.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Row { what: what.into(), figures, unit: "ms" }
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}

fn start() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().expect("an instant")
}

/// A minute apart.
fn minutes(job: &str, account: String, from: usize, count: usize) -> JobPosts {
    let at = |minute: usize| later(start(), Duration::from_secs(60 * minute as u64));
    let times = (from..from + count).map(at).collect();
    posts(Fill { job: job.into(), account, body: note("겨울 신메뉴가 나왔어요".into()), times })
}

/// A queue in which `rows` posts wait, shared evenly by the lanes. Built once for each size.
struct Filled {
    store: Store,
    _dir: tempfile::TempDir,
    out: Mutex<Vec<Intent>>,
}

fn filled(rows: usize) -> &'static Filled {
    static QUEUES: Mutex<BTreeMap<usize, &'static Filled>> = Mutex::new(BTreeMap::new());
    let mut queues = QUEUES.lock().expect("nobody panics here");
    queues.entry(rows).or_insert_with(|| {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let store = runtime().block_on(async {
            let store = Store::open(dir.path(), Access::Daemon).await.expect("a queue");
            for lane in 0..LANES {
                let job = minutes(&format!("job-{lane}"), account(lane), 0, rows / LANES);
                store.enqueue_by_hand(&job, "a bench", start()).await.expect("enqueued");
            }
            store
        });
        Box::leak(Box::new(Filled { store, _dir: dir, out: Mutex::default() }))
    })
}

fn rows() -> Vec<usize> {
    let most = std::env::var("STORYD_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    ROWS.into_iter().filter(|rows| *rows <= most).collect()
}

/// 32 lanes take their next posts at the same time: claim and intent, durable.
fn claim_of_32(found: &mut Vec<Row>) {
    for rows in rows() {
        let queue = filled(rows);
        let now = later(start(), Duration::from_secs(3));
        let back = || {
            let out = std::mem::take(&mut *queue.out.lock().expect("nobody panics here"));
            let fault = Fault::transient("bench", "put back");
            let snoozes = out.into_iter().map(|intent| queue.store.snooze(intent, &fault, now));
            runtime().block_on(join_all(snoozes)).into_iter().for_each(|written| {
                let _ = written.expect("put back");
            });
        };
        let names: Vec<String> = (0..LANES).map(account).collect();
        found.push(time(&format!("claim of 32 among {rows}"), 100, back, |()| {
            let takes = names.iter().map(|name| queue.store.take_to_publish(name, now, LEASE));
            let taken = runtime().block_on(join_all(takes));
            let taken: Vec<Intent> = taken.into_iter().filter_map(|taken| taken.expect("taken")).collect();
            assert_eq!(taken.len(), LANES);
            queue.out.lock().expect("nobody panics here").extend(taken);
        }));
        back();
    }
}

/// What is due, and when to wake next.
fn look(found: &mut Vec<Row>) {
    for rows in rows() {
        let queue = filled(rows);
        let due = || runtime().block_on(queue.store.due(start())).expect("read");
        found.push(time(&format!("what is due among {rows}"), 100, || (), |()| drop(black_box(due()))));
        let next = || runtime().block_on(queue.store.next_wake(start())).expect("read");
        found.push(time(
            &format!("what comes next among {rows}"),
            100,
            || (),
            |()| {
                black_box(next());
            },
        ));
    }
}

/// A thousand posts of a new job.
fn enqueue_1000_posts(found: &mut Vec<Row>) {
    let queue = filled(ROWS[0]);
    let mut number = 0;
    let next = || {
        number += 1;
        minutes(&format!("new-{number}"), "account-new".into(), 100_000, 1_000)
    };
    found.push(time("enqueue 1,000 posts of a new job", 20, next, |job| {
        let report = runtime().block_on(queue.store.enqueue_by_hand(&job, "a bench", start())).expect("enqueued");
        assert_eq!(report.added, 1_000);
    }));
}

/// Job files of 100,000 jobs together: 20 of them, since one holds at most 10,000 jobs and 1 MB.
fn job_files() -> &'static Vec<PathBuf> {
    static FILES: OnceLock<(tempfile::TempDir, Vec<PathBuf>)> = OnceLock::new();
    let (_, files) = FILES.get_or_init(|| {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let file = |file: usize| {
            let mut text = "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n".to_owned();
            for number in (0..JOBS).skip(file * JOBS_EACH).take(JOBS_EACH) {
                let (day, hour, minute) = (number / 1440 % 28 + 1, number / 60 % 24, number % 60);
                text.push_str(&format!(
                    "  job-{number}:\n    at: 2030-01-{day:02} {hour:02}:{minute:02}\n    type: note\n    content: 겨울 신메뉴가 나왔어요 {number}\n"
                ));
            }
            let path = dir.path().join(format!("jobs-{file:02}.yaml"));
            std::fs::write(&path, text).expect("a job file");
            path
        };
        let files = (0..JOBS / JOBS_EACH).map(file).collect();
        (dir, files)
    });
    files
}

fn plan() -> storyd::plan::Plan {
    storyd::plan::load(job_files(), start()).expect("a plan")
}

fn load_100000_jobs(found: &mut Vec<Row>) {
    let files = job_files();
    let nothing = || ();
    let yaml = time("100,000 jobs: their YAML alone", ROUNDS, nothing, |()| {
        let jobs = files.iter().map(|file| {
            let text = std::fs::read_to_string(file).expect("a job file");
            let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
            value["jobs"].as_mapping().expect("jobs").len()
        });
        assert_eq!(jobs.sum::<usize>(), JOBS);
    });
    let loaded =
        time("100,000 jobs: read and checked", ROUNDS, nothing, |()| assert_eq!(black_box(plan()).jobs.len(), JOBS));
    let settings = storyd::settings::Settings::default();
    let rules = Rules::new(&settings).expect("rules");
    let fresh = || {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        (runtime().block_on(Store::open(dir.path(), Access::Daemon)).expect("a queue"), dir)
    };
    let enqueue = |store: &Store| {
        let plan = plan();
        let names: Vec<&str> = plan.jobs.keys().map(String::as_str).collect();
        runtime().block_on(async {
            let wanted = wanted(Some(store), &plan, &rules, start()).await.expect("what the plan wants");
            store.enqueue(&wanted, &names, start()).await.expect("enqueued")
        })
    };
    let whole = time("100,000 jobs: read, checked and enqueued", ROUNDS, fresh, |(store, _dir)| {
        assert_eq!(enqueue(&store).added, JOBS as u64);
    });
    let (store, _dir) = fresh();
    enqueue(&store);
    let again = time("100,000 jobs: read, checked and found enqueued", ROUNDS, nothing, |()| {
        assert_eq!(enqueue(&store), storyd::store::queue::Enqueued::default());
    });
    let beside = |row: &Row| {
        let each = row.figures.iter().zip(&yaml.figures).map(|(figure, yaml)| figure / yaml);
        Row { what: format!("  beside their YAML alone: {}", &row.what[14..]), figures: each.collect(), unit: "times" }
    };
    let ratios = [beside(&loaded), beside(&whole), beside(&again)];
    found.extend([yaml, loaded, whole, again].into_iter().chain(ratios));
}

/// The next hundred times of a weekday schedule, in a zone with daylight saving.
fn schedule_100_times(found: &mut Vec<Row>) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = dir.path().join("jobs.yaml");
    let job = "version: 1\nzone: Europe/Berlin\njobs:\n  job: {account: cafe, cron: '30 9 * * MON-FRI', type: note, content: x}\n";
    std::fs::write(&path, job).expect("a job file");
    let plan = storyd::plan::load(&[path], start()).expect("a plan");
    let job = plan.jobs.values().next().expect("a job");
    let until = later(start(), Duration::from_secs(86_400 * 365));
    found.push(time("100 times of a schedule", 200, || (), |()| drop(black_box(job.occurrences(start(), until, 100)))));
}

/// The form in which two texts are compared, of a text of 2,000 characters.
fn comparable_text(found: &mut Vec<Row>) {
    let text = "겨울 신메뉴가 나왔어요!\r\n".repeat(133);
    found.push(time("a text of 2,000 characters made comparable", 200, || (), |()| drop(black_box(comparable(&text)))));
}
