//! The drain: 20,000 due notes over 256 accounts against a bare stub, by the real program in a process of its own, beside a bare
//! HTTP loop at the same concurrency as the limit and, with `--peers`, beside other queues that do the same work.
//!
//! `cargo bench --bench drain -- [--rounds 5] [--posts 20000] [--peers] [--slow-only | --real-only]`

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures real time and prints it")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use storyd::domain::clock::{Clock, later};
use storyd::domain::post::PostState;
use storyd::store::{Access, Store};
use support::figures::{Row, median, print};
use support::process::{Disk, Fill, Measured, account, cpu_micros, daemon, fill, folder, furnish, note, until};
use support::stub::{self, Stub};

/// Accounts, and requests under way at the same time.
const ACCOUNTS: usize = 256;
/// From the filling of the queue to the first due time.
const LEAD: Duration = Duration::from_secs(6);
/// The modelled disk.
const SLOW: Disk = Disk::Slow(Duration::from_millis(2));
/// Set in the environment of a bench that is to be the bare loop.
const BARE: &str = "STORYD_BENCH_BARE";
/// What apalis drains: it falls with the number of jobs, and this is where it is fast.
const APALIS_POSTS: usize = 2_000;

struct Options {
    rounds: usize,
    posts: usize,
    peers: bool,
    disks: Vec<(&'static str, Disk)>,
}

fn options() -> Options {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let at = args.iter().position(|arg| arg == name);
        at.map_or(default, |at| args.get(at + 1).and_then(|text| text.parse().ok()).expect("a number"))
    };
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let mut disks = vec![("real disk", Disk::Real), ("2 ms disk", SLOW)];
    disks.retain(|(_, disk)| !(has("--slow-only") && *disk == Disk::Real || has("--real-only") && *disk == SLOW));
    Options { rounds: number("--rounds", 5), posts: number("--posts", 20_000), peers: has("--peers"), disks }
}

/// What one run costs.
struct Cost {
    rate: f64,
    cpu_micros: f64,
    stub_micros: f64,
    syncs: f64,
    peak_mib: f64,
}

fn main() {
    stub::be_one_if_asked();
    if let Ok(url) = std::env::var(BARE) {
        return bare_loop(&url);
    }
    let options = options();
    let stub = Stub::start();
    let peers = if options.peers { build_peers() } else { Vec::new() };
    let mut rows: BTreeMap<String, Vec<Cost>> = BTreeMap::new();
    for round in 1..=options.rounds {
        let mut note = |name: String, cost: Cost| {
            println!("round {round}: {name}: {:.0}/s, {:.1} µs CPU", cost.rate, cost.cpu_micros);
            rows.entry(name).or_default().push(cost);
        };
        note("1 bare HTTP loop".into(), bare(&stub, options.posts));
        for (name, disk) in &options.disks {
            note(format!("2 storyd, {name}"), storyd(&stub, options.posts, *disk));
            for (peer, program) in &peers {
                let posts = if *peer == "apalis-sqlite" { APALIS_POSTS.min(options.posts) } else { options.posts };
                note(format!("3 {peer}, {name}"), peer_run(&stub, program, posts, *disk));
            }
        }
    }
    report(&rows);
}

fn report(rows: &BTreeMap<String, Vec<Cost>>) {
    let row = |what: &str, costs: &[Cost], unit, of: fn(&Cost) -> f64| Row {
        what: what.into(),
        figures: costs.iter().map(of).collect(),
        unit,
    };
    for (name, costs) in rows {
        println!("\n{}", &name[2..]);
        print(&[
            row("requests", costs, "/s", |cost| cost.rate),
            row("CPU", costs, "µs/post", |cost| cost.cpu_micros),
            row("CPU of the stub", costs, "µs/post", |cost| cost.stub_micros),
            row("fsyncs", costs, "/post", |cost| cost.syncs),
            row("peak memory", costs, "MiB", |cost| cost.peak_mib),
        ]);
    }
    let rate = |name: &str| rows.get(name).map(|costs| median(&costs.iter().map(|cost| cost.rate).collect::<Vec<_>>()));
    println!();
    let cpu =
        |name: &str| rows.get(name).map(|costs| median(&costs.iter().map(|cost| cost.cpu_micros).collect::<Vec<_>>()));
    for name in rows.keys().filter(|name| !name.starts_with('1')) {
        if let (Some(theirs), Some(client)) = (cpu(name), cpu("1 bare HTTP loop")) {
            println!("{}: {:.1} µs of CPU a post beyond the HTTP client's own", &name[2..], theirs - client);
        }
    }
    for (name, other) in rows.keys().filter(|name| name.starts_with("2 storyd")).flat_map(|name| {
        let disk = name.split_once(", ").expect("a disk").1;
        let others = ["1 bare HTTP loop".to_owned(), format!("3 effectum, {disk}"), format!("3 apalis-sqlite, {disk}")];
        others.map(|other| (name, other))
    }) {
        if let (Some(ours), Some(theirs)) = (rate(name), rate(&other)) {
            println!("{} : {} = {:.2}", &name[2..], &other[2..], ours / theirs);
        }
    }
}

/// The limit: the same requests with nothing before and after them.
fn bare(stub: &Stub, posts: usize) -> Cost {
    let home = folder(Disk::Real);
    stub.forget();
    let mut command = Command::new(std::env::current_exe().expect("the bench itself"));
    command.env(BARE, stub.url()).args(["--posts", &posts.to_string()]);
    let stub_before = cpu_micros(stub.id());
    let mut process = Measured::start(command, home.path(), Disk::Real);
    let cpu: f64 = process.says("cpu ").trim_start_matches("cpu ").parse().expect("a number");
    let peak_mib = process.peak_mib();
    process.end();
    cost(stub, posts, cpu, cpu_micros(stub.id()) - stub_before, 0.0, peak_mib)
}

fn cost(stub: &Stub, posts: usize, cpu: f64, stub_cpu: f64, syncs: f64, peak_mib: f64) -> Cost {
    let arrivals = stub.arrivals();
    assert_eq!(arrivals.len(), posts, "each post is requested once");
    let each = posts as f64;
    Cost {
        rate: stub::rate(&arrivals),
        cpu_micros: cpu / each,
        stub_micros: stub_cpu / each,
        syncs: syncs / each,
        peak_mib,
    }
}

#[tokio::main(worker_threads = 2)]
async fn bare_loop(url: &str) {
    let posts = options().posts;
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(ACCOUNTS).build().expect("a client");
    let url = format!("{url}/v1/api/story/post/note");
    let next = Arc::new(AtomicUsize::new(0));
    let before = cpu_micros(std::process::id());
    let lanes = (0..ACCOUNTS).map(|lane| {
        let (client, url, next) = (client.clone(), url.clone(), next.clone());
        tokio::spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < posts {
                let text = format!("겨울 신메뉴가 나왔어요 {lane}");
                let form = [("permission", "A"), ("content", text.as_str())];
                let request = client.post(&url).header("Authorization", "Bearer token").form(&form);
                let answer = request.timeout(Duration::from_secs(75)).send().await.expect("an answer");
                answer.bytes().await.expect("a body");
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("it runs");
    }
    println!("cpu {}", cpu_micros(std::process::id()) - before);
    // Whoever started it reads its memory first.
    std::thread::sleep(Duration::from_millis(200));
}

/// Posts that fall due together, as soon as the daemon is ready: one job for each account, its times a millisecond apart. Not in the
/// past: what is more than a minute late goes out with a gap, by design.
fn due_notes(posts: usize) -> impl Iterator<Item = Fill> {
    let first = later(Clock::system().now(), LEAD);
    (0..ACCOUNTS).map(move |lane| Fill {
        job: format!("job-{lane:04}"),
        account: account(lane),
        body: note(format!("겨울 신메뉴가 나왔어요 {lane}")),
        times: (lane..posts)
            .step_by(ACCOUNTS)
            .map(|number| later(first, Duration::from_millis((number / ACCOUNTS) as u64)))
            .collect(),
    })
}

fn storyd(stub: &Stub, posts: usize, disk: Disk) -> Cost {
    let home = folder(disk);
    furnish(home.path(), &stub.url(), ACCOUNTS);
    fill(home.path(), due_notes(posts));
    stub.forget();
    let mut daemon = daemon(home.path(), disk);
    daemon.says("\"ready\"");
    let (cpu, syncs, stub_before) = (daemon.cpu_micros(), daemon.syncs(), cpu_micros(stub.id()));
    let daemon = daemon.drain_output();
    until("the last post", || stub.count() >= posts);
    let (cpu, syncs) = (daemon.cpu_micros() - cpu, daemon.syncs() - syncs);
    let cost = cost(stub, posts, cpu, cpu_micros(stub.id()) - stub_before, syncs, daemon.peak_mib());
    daemon.stop();
    let counts = stub.arrivals();
    let each = stub::by_text(&counts);
    assert_eq!(each.len(), ACCOUNTS.min(posts));
    assert!(each.values().all(|count| *count == posts / ACCOUNTS || *count == posts.div_ceil(ACCOUNTS)), "{each:?}");
    assert_eq!(published(home.path()), posts, "every story is recorded");
    cost
}

/// How many posts the queue holds as published.
fn published(home: &Path) -> usize {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let counts = runtime.block_on(async {
        let store = Store::open(&home.join("data"), Access::Beside).await.expect("a queue");
        store.counts().await.expect("counts")
    });
    counts.into_iter().filter(|(state, _)| *state == PostState::Published).map(|(_, posts)| posts as usize).sum()
}

/// Builds the peers, each a package of its own.
fn build_peers() -> Vec<(&'static str, PathBuf)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    [("effectum", "effectum"), ("apalis-sqlite", "apalis")]
        .map(|(name, package)| {
            let built = Command::new(env!("CARGO"))
                .args(["build", "--release", "--locked", "--manifest-path"])
                .arg(top.join(package).join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&target)
                .status();
            assert!(built.is_ok_and(|status| status.success()), "{name} does not build");
            (name, target.join("release").join(format!("storyd-peer-{package}")))
        })
        .to_vec()
}

/// One run of a peer: it fills its queue, says `go`, drains, says `done`, and waits for its end of stdin.
fn peer_run(stub: &Stub, program: &Path, posts: usize, disk: Disk) -> Cost {
    let home = folder(disk);
    stub.forget();
    let mut command = Command::new(program);
    command.args([stub.url(), posts.to_string(), ACCOUNTS.to_string()]);
    let mut process = Measured::start(command, home.path(), disk);
    process.says("go");
    let (cpu, syncs, stub_before) = (process.cpu_micros(), process.syncs(), cpu_micros(stub.id()));
    process.says("done");
    let (cpu, syncs) = (process.cpu_micros() - cpu, process.syncs() - syncs);
    cost(stub, posts, cpu, cpu_micros(stub.id()) - stub_before, syncs, process.peak_mib())
}
