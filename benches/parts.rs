//! The parts: a claim of 32 posts in queues of 10⁴, 10⁵ and 10⁶, a look at what is due, enqueueing, the loader beside the reading of its
//! YAML, schedules, and the comparison of a doubtful post with a page of stories.
//!
//! `cargo bench --bench parts` · one of them: `cargo bench --bench parts -- claim` · without the largest queue:
//! `STORYD_BENCH_ROWS=100000 cargo bench --bench parts`

#![allow(clippy::disallowed_methods, reason = "a bench fills queues in real time")]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use divan::{Bencher, black_box};
use futures_util::future::join_all;
use jiff::Timestamp;
use storyd::domain::clock::later;
use storyd::domain::content::Permission;
use storyd::domain::fault::Fault;
use storyd::engine::Rules;
use storyd::engine::doubt::matching::says;
use storyd::engine::planned::wanted;
use storyd::network::kakao::story::{Audience, MediaType, Story};
use storyd::plan::Plan;
use storyd::store::queue::{Enqueued, Intent, JobPosts};
use storyd::store::{Access, Store};
use support::process::{Fill, account, note, posts};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const ROWS: [usize; 3] = [10_000, 100_000, 1_000_000];
const LANES: usize = 32;
const LEASE: Duration = Duration::from_secs(300);
const JOBS: usize = 100_000;
/// In one file.
const JOBS_EACH: usize = 5_000;

fn main() {
    divan::main();
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

/// A queue in which posts wait, shared evenly by the lanes.
struct Filled {
    store: Store,
    _dir: TempDir,
    out: Mutex<Vec<Intent>>,
}

impl Filled {
    fn with(rows: usize) -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let store = runtime().block_on(async {
            let store = Store::open(dir.path(), Access::Daemon).await.expect("a queue");
            for lane in 0..LANES {
                let job = minutes(&format!("job-{lane}"), account(lane), 0, rows / LANES);
                store.enqueue_by_hand(&job, "a bench", start()).await.expect("enqueued");
            }
            store
        });
        Self { store, _dir: dir, out: Mutex::default() }
    }
}

/// The queue of this size, which is built once. Whoever uses it leaves as many posts in it.
fn filled(rows: usize) -> &'static Filled {
    static QUEUES: Mutex<BTreeMap<usize, &'static Filled>> = Mutex::new(BTreeMap::new());
    let mut queues = QUEUES.lock().expect("nobody panics here");
    queues.entry(rows).or_insert_with(|| Box::leak(Box::new(Filled::with(rows))))
}

fn rows() -> Vec<usize> {
    let most = std::env::var("STORYD_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    ROWS.into_iter().filter(|rows| *rows <= most).collect()
}

/// 32 lanes take their next posts at the same time: claim and intent, durable.
#[divan::bench(args = rows(), sample_count = 100, sample_size = 1)]
fn claim_of_32(bencher: Bencher<'_, '_>, rows: usize) {
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
    bencher.with_inputs(back).bench_local_values(|()| {
        let takes = names.iter().map(|name| queue.store.take_to_publish(name, now, LEASE));
        let taken = runtime().block_on(join_all(takes));
        let taken: Vec<Intent> = taken.into_iter().filter_map(|taken| taken.expect("taken")).collect();
        assert_eq!(taken.len(), LANES);
        queue.out.lock().expect("nobody panics here").extend(taken);
    });
    back();
}

#[divan::bench(args = rows())]
fn look_at_what_is_due(bencher: Bencher<'_, '_>, rows: usize) {
    let queue = filled(rows);
    bencher.bench_local(|| runtime().block_on(queue.store.due(start())).expect("read"));
}

#[divan::bench(args = rows())]
fn look_at_what_comes_next(bencher: Bencher<'_, '_>, rows: usize) {
    let queue = filled(rows);
    bencher.bench_local(|| runtime().block_on(queue.store.next_wake(start())).expect("read"));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn enqueue_1000_posts_of_a_new_job(bencher: Bencher<'_, '_>) {
    let queue = Filled::with(ROWS[0]);
    let mut number = 0;
    let next = || {
        number += 1;
        minutes(&format!("new-{number}"), "account-new".into(), 100_000, 1_000)
    };
    bencher.with_inputs(next).bench_local_values(|job| {
        let report = runtime().block_on(queue.store.enqueue_by_hand(&job, "a bench", start())).expect("enqueued");
        assert_eq!(report.added, 1_000);
    });
}

/// Job files of 100,000 jobs together: 20 of them, since one holds at most 10,000 jobs and 1 MB.
fn job_files() -> &'static Vec<PathBuf> {
    static FILES: OnceLock<(TempDir, Vec<PathBuf>)> = OnceLock::new();
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

fn plan() -> Plan {
    storyd::plan::load(job_files(), start()).expect("a plan")
}

/// 100,000 jobs, from their files to the queue.
mod load {
    use super::*;

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn a_yaml_alone(bencher: Bencher<'_, '_>) {
        let files = job_files();
        bencher.bench_local(|| {
            let jobs = files.iter().map(|file| {
                let text = std::fs::read_to_string(file).expect("a job file");
                let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
                value["jobs"].as_mapping().expect("jobs").len()
            });
            assert_eq!(jobs.sum::<usize>(), JOBS);
        });
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn b_read_and_checked(bencher: Bencher<'_, '_>) {
        job_files();
        bencher.bench_local(|| assert_eq!(black_box(plan()).jobs.len(), JOBS));
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn c_read_checked_and_enqueued(bencher: Bencher<'_, '_>) {
        job_files();
        bencher.with_inputs(fresh).bench_local_refs(|(store, _)| assert_eq!(enqueue(store).added, JOBS as u64));
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn d_read_checked_and_found_enqueued(bencher: Bencher<'_, '_>) {
        let (store, _dir) = fresh();
        enqueue(&store);
        bencher.bench_local(|| assert_eq!(enqueue(&store), Enqueued::default()));
    }

    /// A queue that nothing was put into yet.
    fn fresh() -> (Store, TempDir) {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        (runtime().block_on(Store::open(dir.path(), Access::Daemon)).expect("a queue"), dir)
    }

    fn enqueue(store: &Store) -> Enqueued {
        let rules = Rules::new(&storyd::settings::Settings::default()).expect("rules");
        let plan = plan();
        let names: Vec<&str> = plan.jobs.keys().map(String::as_str).collect();
        runtime().block_on(async {
            let wanted = wanted(Some(store), &plan, &rules, start()).await.expect("what the plan wants");
            store.enqueue(&wanted, &names, start()).await.expect("enqueued")
        })
    }
}

/// The next hundred times of a weekday schedule, in a zone with daylight saving.
#[divan::bench]
fn schedule_100_times(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = dir.path().join("jobs.yaml");
    let job = "version: 1\nzone: Europe/Berlin\njobs:\n  job: {account: cafe, cron: '30 9 * * MON-FRI', type: note, content: x}\n";
    std::fs::write(&path, job).expect("a job file");
    let plan = storyd::plan::load(&[path], start()).expect("a plan");
    let job = plan.jobs.values().next().expect("a job");
    let until = later(start(), Duration::from_secs(86_400 * 365));
    bencher.bench_local(|| job.occurrences(start(), until, 100));
}

/// A doubtful post of 2,000 characters against a page of 18 stories, none of which is its own.
#[divan::bench]
fn matching_with_a_page_of_stories(bencher: Bencher<'_, '_>) {
    let text = "겨울 신메뉴가 나왔어요!\r\n".repeat(133);
    let fill = Fill { job: "job".into(), account: account(0), body: note(text.clone()), times: Vec::new() };
    let content = posts(fill).content;
    let story = |number: usize| Story {
        id: number.to_string(),
        url: None,
        media_type: MediaType::Note,
        created_at: start(),
        content: Some(format!("{text}{number}")),
        audience: Audience::Known(Permission::Friends),
        images: 0,
        comment_count: 0,
        like_count: 0,
    };
    let page: Vec<Story> = (0..18).map(story).collect();
    bencher.bench_local(|| assert!(!page.iter().any(|story| says(black_box(&content), story))));
}
