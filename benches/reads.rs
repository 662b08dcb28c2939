//! What people ask of a large record: every reading command of `storyd admin` as a process of its own, on a million posts and three
//! million events, with the time to its first output and to its end, and the memory that it took at most.
//!
//! `cargo bench --bench reads` · with fewer posts: `STORYD_BENCH_ROWS=100000 cargo bench --bench reads`

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time and prints it")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use storyd::store::{Access, Store};

/// Samples of each command; the median is told.
const SAMPLES: usize = 5;

/// What is typed; `$POST` stands for a post in the middle.
const TYPED: [&str; 21] = [
    "queue",
    "queue --all",
    "queue --all --account account-3",
    "queue --all --job job-77",
    "queue --all --tag menu",
    "queue --all --text 500000",
    "queue --state published --since 2024-06-01",
    "queue --state failed --account account-3",
    "show $POST",
    "failures",
    "failures --missed-since 2000-01-01",
    "stories",
    "stories --job job-77",
    "stories --tag menu --up",
    "stories --since 2024-06-01 --until 2024-06-02",
    "stories --stats",
    "stats",
    "stats --since 2000-01-01",
    "audit --last",
    "delete --tag menu --account account-3 --since 2024-06-01 --until 2024-06-08 --dry-run",
    "export events",
];

/// One run of a command.
struct Run {
    first: Duration,
    whole: Duration,
    peak_kib: u64,
    bytes: usize,
}

fn main() {
    let posts: u64 = std::env::var("STORYD_BENCH_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(fill(&folder.path().join("data"), posts));
    std::fs::write(folder.path().join("storyd.yaml"), "data_dir: data\njobs: [jobs.yaml]\n").expect("settings");
    let bytes = std::fs::metadata(folder.path().join("data/queue.db")).map_or(0, |meta| meta.len());
    println!("{posts} posts, {} MiB, written in {:.0?}", bytes >> 20, began.elapsed());
    println!("{:<86} {:>10} {:>10} {:>9} {:>12}", "storyd admin …", "first ms", "whole ms", "peak MiB", "bytes told");
    for typed in TYPED {
        let line = typed.replace("$POST", &(posts / 2).to_string());
        let mut runs: Vec<Run> = (0..SAMPLES).map(|_| run(folder.path(), &line)).collect();
        runs.sort_by_key(|run| run.whole);
        let peak = runs.iter().map(|run| run.peak_kib).max().unwrap_or(0);
        let run = &runs[SAMPLES / 2];
        let ms = |length: Duration| length.as_secs_f64() * 1e3;
        println!(
            "{typed:<86} {:>10.1} {:>10.1} {:>9.1} {:>12}",
            ms(run.first),
            ms(run.whole),
            peak as f64 / 1024.0,
            run.bytes
        );
    }
}

/// A queue with so many posts.
async fn fill(data: &Path, posts: u64) {
    Store::open(data, Access::Daemon).await.expect("a queue").close().await;
    let mut connection =
        SqliteConnectOptions::new().filename(data.join("queue.db")).connect().await.expect("the queue");
    let triggers: Vec<(String, String)> = sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .fetch_all(&mut connection)
        .await
        .expect("triggers");
    let drop: String = triggers.iter().map(|(name, _)| format!("DROP TRIGGER {name};\n")).collect();
    let restore: String = triggers.iter().map(|(_, sql)| format!("{sql};\n")).collect();
    let large = include_str!("../tests/it/support/large.sql").replace("$POSTS", &posts.to_string());
    sqlx::raw_sql(AssertSqlSafe(drop + &large + &restore)).execute(&mut connection).await.expect("filled");
    connection.close().await.expect("closed");
}

/// Runs a command as a person does who sends its output into a pipe.
fn run(folder: &Path, line: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storyd"));
    command.arg("admin").args(line.split(' ')).current_dir(folder).env("TZ", "Asia/Seoul").env("COLUMNS", "120");
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut told = child.stdout.take().expect("a pipe");
    let (mut buffer, mut bytes, mut first, mut peak_kib) = (vec![0; 64 * 1024], 0, None, 0);
    loop {
        let read = told.read(&mut buffer).expect("output");
        first.get_or_insert_with(|| began.elapsed());
        peak_kib = peak_kib.max(high_water_kib(child.id()));
        bytes += read;
        if read == 0 {
            break;
        }
    }
    let status = child.wait().expect("its end");
    let whole = began.elapsed();
    assert!(matches!(status.code(), Some(0 | 6)), "storyd admin {line}: {status}");
    Run { first: first.unwrap_or(whole), whole, peak_kib, bytes }
}

/// The most memory that a process has held so far; 0 once it is gone.
fn high_water_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
