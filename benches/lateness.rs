//! Lateness: how long after its due time the request of a post reaches a bare stub; 1,000 posts over 30 s with due times to the
//! millisecond, each with its own account, by the real program in a process of its own. Then the same while 20,000 jobs are read and
//! enqueued, and with a million further posts in the queue; ten photos of 8 MB that were prepared ahead; at last how long the disk
//! alone takes for a sync of that size.
//!
//! What the machine itself makes late is told beside: how late a bare timer woke that waited for the same times, and the share of the
//! processors' time that the host took for other guests.
//!
//! With `--sync-micros` it all happens in memory, where each sync takes so long and no longer: what is late there, the program is to
//! blame for. With `--calm-millis` a run during which the bare timer was later than that, at p99, is thrown away and repeated: where the
//! host gives the processors to others now and then, it is the minutes in between that are measured.
//!
//! `cargo bench --bench lateness -- [--rounds 3] [--further 1000000] [--jobs 20000] [--sync-micros 500] [--calm-millis 3]`

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time and prints it")]

mod support;

use std::collections::HashMap;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use storyd::domain::clock::{Clock, between, later};
use storyd::domain::content::{Body, Image, ImageFormat};
use support::figures::{Row, percentile, print};
use support::process::{
    Disk, Fill, Stolen, account, bare_syncs, daemon, fill, folder, furnish, further_posts, more_jobs, note, number,
    until,
};
use support::stub::{self, Stub};

const POSTS: usize = 1_000;
const SPAN: Duration = Duration::from_secs(30);
/// From the filling of the queue to the first due time: the daemon must be ready by then, or it is not its lateness that is measured.
const LEAD: Duration = Duration::from_secs(8);
/// What the intent of a post writes to the log, more or less.
const COMMIT_BYTES: usize = 40 * 1024;
const PHOTOS: usize = 10;
const PHOTO_BYTES: usize = 8_000_000;
/// How often a round is begun until it is calm.
const RUNS_MAX: usize = 10;

fn main() {
    stub::be_one_if_asked();
    let (rounds, further, jobs) = (number("--rounds", 3), number("--further", 1_000_000), number("--jobs", 20_000));
    let stub = Stub::start();
    let mut rows = Rows { rounds, calm_millis: number("--calm-millis", 0), rows: Vec::new() };
    rows.measure("1,000 notes", || notes(&stub, 0, 0));
    rows.measure(&format!("1,000 notes, {jobs} jobs read and enqueued meanwhile"), || notes(&stub, 0, jobs));
    rows.measure(&format!("1,000 notes, {further} posts more in the queue"), || notes(&stub, further, 0));
    rows.measure("ten photos of 8 MB, prepared ahead", || photos(&stub));
    if disk() == Disk::Real {
        rows.disk_alone();
    }
    print(&rows.rows);
}

/// The disk that is asked for.
fn disk() -> Disk {
    match number("--sync-micros", 0) {
        0 => Disk::Real,
        micros => Disk::Slow(Duration::from_micros(micros as u64)),
    }
}

/// What one run showed.
struct Run {
    /// Of each post, in milliseconds; negative: too early.
    lateness: Vec<f64>,
    /// Of a timer that does nothing else, for the same times.
    timer: Vec<f64>,
    stolen_percent: f64,
    ready_ms: f64,
    resident_mib: f64,
    peak_mib: f64,
}

struct Rows {
    rounds: usize,
    /// How late the bare timer may be at p99; 0: as late as it likes.
    calm_millis: usize,
    rows: Vec<Row>,
}

impl Rows {
    /// So many rounds. What cannot be measured calmly is said to be so, and has no row.
    fn measure(&mut self, what: &str, run: impl Fn() -> Run) {
        for _ in 0..self.rounds {
            let calm = |run: &Run| {
                let late = percentile(&run.timer, 99.0);
                let calm = self.calm_millis == 0 || late <= self.calm_millis as f64;
                if !calm {
                    println!("{what}: thrown away, since a bare timer was {late:.1} ms late at p99");
                }
                calm
            };
            match std::iter::repeat_with(&run).take(RUNS_MAX).find(calm) {
                Some(run) => self.take(what, run),
                None => println!("{what}: given up, since the machine was never calm"),
            }
        }
    }

    fn disk_alone(&mut self) {
        let home = folder(Disk::Real);
        let syncs = bare_syncs(home.path(), COMMIT_BYTES, SPAN / POSTS as u32, POSTS);
        for (name, percent) in [("p50", 50.0), ("p99", 99.0), ("most", 100.0)] {
            let what = format!("the disk alone, a sync of {} KiB: {name}", COMMIT_BYTES / 1024);
            self.rows.push(Row { what, figures: vec![percentile(&syncs, percent)], unit: "ms" });
        }
    }

    fn take(&mut self, what: &str, run: Run) {
        let early = run.lateness.iter().filter(|late| **late < 0.0).count();
        assert_eq!(early, 0, "{what}: never early");
        let figures = [
            ("p50", percentile(&run.lateness, 50.0), "ms"),
            ("p99", percentile(&run.lateness, 99.0), "ms"),
            ("most", percentile(&run.lateness, 100.0), "ms"),
            ("a bare timer, p99", percentile(&run.timer, 99.0), "ms"),
            ("a bare timer, most", percentile(&run.timer, 100.0), "ms"),
            ("taken by the host", run.stolen_percent, "%"),
            ("start to ready", run.ready_ms, "ms"),
            ("memory when ready", run.resident_mib, "MiB"),
            ("peak memory", run.peak_mib, "MiB"),
        ];
        for (name, figure, unit) in figures {
            let label = format!("{what}: {name}");
            match self.rows.iter_mut().find(|row| row.what == label) {
                Some(row) => row.figures.push(figure),
                None => self.rows.push(Row { what: label, figures: vec![figure], unit }),
            }
        }
        let [p50, p99, _, timer, ..] = figures.map(|(_, figure, _)| figure);
        println!("{what}: p50 {p50:.2} ms, p99 {p99:.2} ms; a bare timer p99 {timer:.2} ms");
    }
}

fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).expect("in range")
}

fn notes(stub: &Stub, further: usize, jobs: usize) -> Run {
    let home = folder(disk());
    furnish(home.path(), &stub.url(), POSTS);
    fill(home.path(), further_posts(further, POSTS));
    let start = later(Clock::system().now(), LEAD);
    // Spread evenly, then moved off the even step by an odd number of milliseconds.
    let time = |n: usize| later(start, SPAN * n as u32 / POSTS as u32 + Duration::from_millis(n as u64 * 7 % 13));
    let times: Vec<Timestamp> = (0..POSTS).map(|n| millis(time(n))).collect();
    let notes = times.iter().enumerate().map(|(n, at)| Fill {
        job: format!("note-{n:04}"),
        account: account(n),
        body: note(format!("note {n:04}")),
        times: vec![*at],
    });
    fill(home.path(), notes);
    let due = times.iter().enumerate().map(|(n, at)| (format!("note+{n:04}"), *at)).collect();
    run(stub, home.path(), &due, jobs)
}

/// Starts the daemon and waits until every post was requested; shortly after the first of them, so many jobs come into its job file.
fn run(stub: &Stub, home: &Path, due: &HashMap<String, Timestamp>, jobs: usize) -> Run {
    stub.forget();
    let began = Instant::now();
    let mut daemon = daemon(home, disk());
    daemon.says("\"ready\"");
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    let resident_mib = daemon.resident_mib();
    let first = due.values().min().expect("posts");
    assert!(
        Clock::system().now() < *first,
        "the daemon was ready after the first due time: try again on a quieter machine"
    );
    let (timer, stolen) = (bare_timer(due.values().copied().collect()), Stolen::so_far());
    if jobs > 0 {
        until("the first post", || stub.count() > 0);
        more_jobs(home, jobs, POSTS);
        daemon.says(&format!("{jobs} added"));
        assert!(
            stub.count() < due.len(),
            "they were not enqueued before the last post: try fewer jobs, or a quieter machine"
        );
    }
    let daemon = daemon.drain_output();
    until("the last post", || stub.count() >= due.len());
    let (peak_mib, stolen_percent) = (daemon.peak_mib(), stolen.percent_since());
    daemon.stop();
    let timer = timer.join().expect("it waits and nothing else");
    Run { lateness: lateness(stub, due), timer, stolen_percent, ready_ms, resident_mib, peak_mib }
}

/// How late, in milliseconds, a thread wakes at each of these times.
fn bare_timer(mut times: Vec<Timestamp>) -> JoinHandle<Vec<f64>> {
    times.sort();
    std::thread::spawn(move || {
        let clock = Clock::system();
        let late = |at: Timestamp| {
            std::thread::sleep(between(clock.now(), at));
            between(at, clock.now()).as_secs_f64() * 1e3
        };
        times.into_iter().map(late).collect()
    })
}

fn lateness(stub: &Stub, due: &HashMap<String, Timestamp>) -> Vec<f64> {
    let arrivals = stub.arrivals();
    assert_eq!(arrivals.len(), due.len(), "each post is requested once");
    let late = |arrival: &stub::Arrival| {
        let due = due.get(&arrival.text).unwrap_or_else(|| panic!("nobody planned {:?}", arrival.text));
        (arrival.at as f64 - due.as_microsecond() as f64) / 1e3
    };
    arrivals.iter().map(late).collect()
}

/// Ten photos, their images in the media folder as the loader leaves them there.
fn photos(stub: &Stub) -> Run {
    let home = folder(disk());
    furnish(home.path(), &stub.url(), PHOTOS);
    // Time to upload them all, on a machine that is busy too.
    let start = later(Clock::system().now(), LEAD * 3);
    let times: Vec<Timestamp> =
        (0..PHOTOS as u32).map(|n| millis(later(start, Duration::from_millis(u64::from(n) * 513)))).collect();
    let mut jobs = Vec::new();
    for (n, at) in times.iter().enumerate() {
        let bytes = png(n);
        let path = home.path().join(format!("{n}.png"));
        std::fs::write(&path, &bytes).expect("an image");
        let image = Image {
            sha256: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            name: format!("{n}.png"),
            format: ImageFormat::Png,
            bytes: bytes.len() as u64,
        };
        let body = Body::Photo { images: vec![image], text: Some(format!("photo {n}")) };
        jobs.push(Fill { job: format!("photo-{n}"), account: account(n), body, times: vec![*at] });
    }
    fill(home.path(), jobs.into_iter());
    let due = times.iter().enumerate().map(|(n, at)| (format!("photo+{n}"), *at)).collect();
    run(stub, home.path(), &due, 0)
}

/// A picture of 8 MB that is whole, as far as its parts and their sums tell.
fn png(seed: usize) -> Vec<u8> {
    let mut png = Vec::from(*b"\x89PNG\r\n\x1a\n");
    let mut state = seed as u64 + 1;
    let pixels = (0..PHOTO_BYTES / 8).flat_map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()
    });
    let parts: [(&[u8], Vec<u8>); 3] =
        [(b"IHDR", b"\0\0\x04\0\0\0\x04\0\x08\x02\0\0\0".to_vec()), (b"IDAT", pixels.collect()), (b"IEND", Vec::new())];
    for (kind, data) in parts {
        png.extend(u32::try_from(data.len()).expect("8 MB").to_be_bytes());
        let start = png.len();
        png.extend([kind, &data].concat());
        let bit = |sum: u32| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
        let sum = png[start..].iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum)));
        png.extend((!sum).to_be_bytes());
    }
    png
}
