//! Idle: how often the daemon's threads wake, and what CPU time that takes, while nothing is due; by the real program, with its
//! dashboard listening, an empty queue, and a million posts that are years ahead.
//!
//! `cargo bench --bench idle -- [--seconds 120] [--rounds 3] [--further 1000000]`

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time and prints it")]

mod support;

use std::time::{Duration, Instant};

use support::figures::{Row, print};
use support::process::{Disk, daemon, fill, folder, furnish_with, further_posts, number};
use support::stub::{self, Stub};

/// From the start of the daemon until its chores at start are done.
const SETTLING: Duration = Duration::from_secs(10);

fn main() {
    stub::be_one_if_asked();
    let (seconds, rounds, further) = (number("--seconds", 120), number("--rounds", 3), number("--further", 1_000_000));
    let stub = Stub::start();
    let mut rows: Vec<Row> = Vec::new();
    for posts in [0, further] {
        for _ in 0..rounds {
            for (what, figure, unit) in idle(&stub, posts, Duration::from_secs(seconds as u64)) {
                let label = format!("{posts} posts waiting: {what}");
                match rows.iter_mut().find(|row| row.what == label) {
                    Some(row) => row.figures.push(figure),
                    None => rows.push(Row { what: label, figures: vec![figure], unit }),
                }
            }
        }
    }
    print(&rows);
}

fn idle(stub: &Stub, posts: usize, length: Duration) -> [(&'static str, f64, &'static str); 6] {
    let home = folder(Disk::Real);
    furnish_with(home.path(), &stub.url(), 1_000, "127.0.0.1:0");
    fill(home.path(), further_posts(posts, 1_000));
    // A first life looks through everything that the filling left in the history; a daemon that ran until now has seen it.
    let mut first = daemon(home.path(), Disk::Real);
    first.says("\"ready\"");
    let first = first.drain_output();
    std::thread::sleep(SETTLING);
    first.stop();
    let began = Instant::now();
    let mut daemon = daemon(home.path(), Disk::Real);
    daemon.says("\"ready\"");
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    let daemon = daemon.drain_output();
    std::thread::sleep(SETTLING);
    let (before, cpu, read_back) = (daemon.wakes(), daemon.cpu_micros(), daemon.pages_read_back());
    std::thread::sleep(length);
    let minutes = length.as_secs_f64() / 60.0;
    let mut per_minute = 0.0;
    for (thread, count) in daemon.wakes() {
        let wakes = (count - before.get(&thread).copied().unwrap_or(0.0)) / minutes;
        per_minute += wakes;
        if wakes > 0.0 {
            println!("  {thread}: {wakes:.1} a minute");
        }
    }
    let figures = [
        ("wake-ups", per_minute, "/min"),
        // Each of them counts as a wake-up too. A system that wants the memory takes pages of the program away while it sleeps.
        ("pages read back", (daemon.pages_read_back() - read_back) / minutes, "/min"),
        ("CPU", (daemon.cpu_micros() - cpu) / 1e3 / minutes, "ms/min"),
        ("threads", daemon.threads(), ""),
        ("start to ready", ready_ms, "ms"),
        ("memory", daemon.resident_mib(), "MiB"),
    ];
    daemon.stop();
    println!("{posts} posts waiting: {per_minute:.0} wake-ups a minute");
    figures
}
