//! Processes under measurement: the program with its folder, its CPU time, memory and syncs. Linux only: it reads `/proc`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use storyd::domain::clock::{Clock, later};
use storyd::domain::content::{AppParams, Body, Content, Permission};
use storyd::domain::policy::{InDoubt, Late, LateThen};
use storyd::network::kakao::folder::TokenFolder;
use storyd::network::kakao::token::{AccessToken, TokenSet};
use storyd::store::queue::{JobPosts, NewPost};
use storyd::store::{Access, Store};

/// How long anything that a bench waits for may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(600);

/// The disk under a process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// The one that the folder of the build lies on.
    Real,
    /// In memory where the machine offers that, with a fixed delay at each sync.
    Slow(Duration),
}

/// A folder for one run, on the disk that is asked for.
pub(crate) fn folder(disk: Disk) -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match disk {
        Disk::Slow(_) if memory.is_dir() => tempfile::tempdir_in(memory).expect("a folder in memory"),
        _ => tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder beside the build"),
    }
}

/// Compiles the layer that counts and delays syncs.
fn layer() -> PathBuf {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/disk.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let made =
        Command::new(compiler).args(["-O2", "-shared", "-fPIC", "-o"]).arg(&built).arg(source).arg("-ldl").status();
    assert!(made.is_ok_and(|status| status.success()), "the C compiler that built SQLite builds benches/disk.c too");
    built
}

/// A process whose syncs are counted.
pub(crate) struct Measured {
    child: Child,
    syncs: PathBuf,
    pub(crate) lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Measured {
    /// Starts `command` in `folder`; its stdout is to be read through `lines`.
    pub(crate) fn start(mut command: Command, folder: &Path, disk: Disk) -> Self {
        let syncs = folder.join("syncs");
        let delay = if let Disk::Slow(delay) = disk { delay } else { Duration::ZERO };
        let mut child = command
            .current_dir(folder)
            .env("LD_PRELOAD", layer())
            .env("STORYD_BENCH_SYNC_FILE", &syncs)
            .env("STORYD_BENCH_SYNC_MICROS", delay.as_micros().to_string())
            // Open as long as it is wanted: what ends with its stdin ends with us.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("stderr")).expect("a log"))
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, syncs, lines }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// CPU time so far, in microseconds.
    pub(crate) fn cpu_micros(&self) -> f64 {
        cpu_micros(self.id())
    }

    /// The most memory that was resident at any time, in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        status(self.id(), "VmHWM:") / 1024.0
    }

    /// Memory that is resident at this moment, in MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        status(self.id(), "VmRSS:") / 1024.0
    }

    /// How often each of its threads was woken so far, after it had waited for something.
    pub(crate) fn wakes(&self) -> BTreeMap<String, f64> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id())).expect("it lives");
        let mut wakes = BTreeMap::new();
        for task in tasks.flatten() {
            // A thread may end in between.
            let Ok(status) = std::fs::read_to_string(task.path().join("status")) else { continue };
            let field = |key| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
            let count: f64 = field("voluntary_ctxt_switches:").parse().unwrap_or(0.0);
            wakes.insert(format!("{} {}", field("Name:"), task.file_name().display()), count);
        }
        wakes
    }

    /// How often it had to wait so far for a page of its memory that the system had to read from the disk.
    pub(crate) fn pages_read_back(&self) -> f64 {
        let [major_faults] = stat(self.id(), [9]);
        major_faults
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> f64 {
        std::fs::read_dir(format!("/proc/{}/task", self.id())).expect("it lives").count() as f64
    }

    /// Syncs of files and folders so far.
    pub(crate) fn syncs(&self) -> f64 {
        let bytes = std::fs::read(&self.syncs).expect("the layer counts");
        u64::from_ne_bytes(bytes[..8].try_into().expect("eight bytes")) as f64
    }

    /// Reads lines until one holds `what`.
    pub(crate) fn says(&mut self, what: &str) -> String {
        for line in self.lines.by_ref() {
            let line = line.expect("text");
            if line.contains(what) {
                return line;
            }
        }
        panic!("it ended without saying {what:?}; see its stderr")
    }

    /// Lets go of its output, so that it never waits for a reader.
    pub(crate) fn drain_output(mut self) -> Self {
        let lines = std::mem::replace(&mut self.lines, no_lines());
        std::thread::spawn(move || lines.for_each(drop));
        self
    }

    /// Tells it to stop and waits.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "it could not be told to stop");
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "it ended with {ended}");
    }

    /// Waits for its own end.
    pub(crate) fn end(mut self) {
        assert!(self.child.wait().expect("it ends").success(), "it failed; see its stderr");
    }
}

fn no_lines() -> std::io::Lines<BufReader<std::process::ChildStdout>> {
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().expect("the system's `true`");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let _ = child.wait();
    lines
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn cpu_micros(id: u32) -> f64 {
    let [user, system] = stat(id, [11, 12]);
    // A tick is 10 ms on every Linux that storyd is built for.
    (user + system) * 10_000.0
}

/// Numbers of a process in `/proc`, each by its place behind the name, which may hold anything.
fn stat<const N: usize>(id: u32, places: [usize; N]) -> [f64; N] {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("it lives");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
    places.map(|place| fields[place].parse().expect("a number"))
}

fn status(id: u32, key: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse().expect("KiB")
}

/// Asks again until it holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Everything that `storyd run` needs in `folder`: settings that point at `url`, accounts with tokens, and a job file, whose one job
/// is years ahead. What a bench publishes stands in the queue already, see [`fill`].
pub(crate) fn furnish(folder: &Path, url: &str, accounts: usize) {
    furnish_with(folder, url, accounts, "off");
}

/// The same, with a dashboard that listens there.
pub(crate) fn furnish_with(folder: &Path, url: &str, accounts: usize, dashboard: &str) {
    let tokens = TokenFolder::open(&folder.join("data/tokens")).expect("a token folder");
    let mut settings = format!(
        "data_dir: data\njobs: [jobs]\napi_url: {url}\nlogin_url: {url}\ndashboard: {{listen: \"{dashboard}\"}}\npreflight: off\naccounts:\n"
    );
    for number in 0..accounts {
        settings.push_str(&format!("  {}: {{rest_api_key: key}}\n", account(number)));
        let set = TokenSet {
            access_token: AccessToken::new(&format!("token-{number}")).expect("a token"),
            access_expires_at: None,
            refresh_token: None,
            refresh_expires_at: None,
            scopes: None,
            obtained_at: Clock::system().now(),
            owner: None,
            bought: None,
        };
        let lock = tokens.lock(&account(number)).expect("nobody else is here");
        tokens.save(&lock, &set).expect("a token file");
    }
    std::fs::write(folder.join("storyd.yaml"), settings).expect("settings");
    let job = "  last: {account: account-0000, at: 2099-01-01 09:00, type: note, content: 끝}\n";
    std::fs::create_dir(folder.join("jobs")).expect("a folder");
    std::fs::write(folder.join("jobs/last.yaml"), format!("{JOB_FILE}{job}")).expect("jobs");
}

/// How each job file begins.
const JOB_FILE: &str = "version: 1\nzone: Asia/Seoul\njobs:\n";

/// Writes job files with so many further jobs, each of which has a time years ahead.
pub(crate) fn more_jobs(folder: &Path, jobs: usize, accounts: usize) {
    // A file may have 1 MB.
    for first in (0..jobs).step_by(5_000) {
        let mut text = JOB_FILE.to_owned();
        for number in first..jobs.min(first + 5_000) {
            let (account, minute) = (account(number % accounts), number % 60);
            text.push_str(&format!(
                "  added-{number:06}: {{account: {account}, at: 2098-01-01 09:{minute:02}, type: note, content: 글 {number}}}\n"
            ));
        }
        std::fs::write(folder.join(format!("jobs/added-{first}.yaml")), text).expect("jobs");
    }
}

/// What is to stand in the queue of a bench: posts of one job, at any instants, which job files give to the second only.
pub(crate) struct Fill {
    pub(crate) job: String,
    pub(crate) account: String,
    pub(crate) body: Body,
    pub(crate) times: Vec<Timestamp>,
}

/// Puts posts into the queue of a furnished folder. Their jobs are in no job file and are named like those, so that the daemon
/// leaves them alone. Images lie in the folder under their own names.
pub(crate) fn fill(folder: &Path, jobs: impl Iterator<Item = Fill>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&folder.join("data"), Access::Daemon).await.expect("a queue");
        let mut batch: Vec<JobPosts> = Vec::new();
        for fill in jobs {
            let images = if let Body::Photo { images, .. } = &fill.body { images.as_slice() } else { &[] };
            for image in images {
                store.media().take(image, &folder.join(&image.name)).expect("taken over");
            }
            batch.push(posts(fill));
            if batch.iter().map(|posts| posts.occurrences.len()).sum::<usize>() >= 20_000 {
                enqueue(&store, &mut batch).await;
            }
        }
        enqueue(&store, &mut batch).await;
        store.close().await;
    });
    // What the filling left to be written is no load of what is measured.
    let synced = Command::new("sync").status();
    assert!(synced.is_ok_and(|status| status.success()), "the system's `sync`");
}

/// How long the disk takes to make a commit of this size durable, at so many a second for some seconds and nothing else: in milliseconds.
/// No post can be on its way sooner after its due time.
pub(crate) fn bare_syncs(folder: &Path, bytes: usize, every: Duration, times: usize) -> Vec<f64> {
    let mut file = std::fs::File::create(folder.join("bare")).expect("a file");
    let block = vec![0x5a; bytes];
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        file.write_all(&block).expect("written");
        let began = Instant::now();
        file.sync_data().expect("synced");
        took.push(began.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(every);
    }
    took
}

/// The processors' time so far as `/proc/stat` counts it, in ticks: all of it, and what the host took for other guests.
pub(crate) struct Stolen {
    all: f64,
    stolen: f64,
}

impl Stolen {
    pub(crate) fn so_far() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").expect("Linux");
        let line = stat.lines().next().unwrap_or_default();
        // user nice system idle iowait irq softirq steal; guest time is counted with user and nice already.
        let ticks: Vec<f64> =
            line.split_whitespace().skip(1).take(8).map(|field| field.parse().expect("ticks")).collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or(0.0) }
    }

    /// The share of the host's other guests in the time since.
    pub(crate) fn percent_since(&self) -> f64 {
        let now = Self::so_far();
        (now.stolen - self.stolen) / (now.all - self.all).max(1.0) * 100.0
    }
}

async fn enqueue(store: &Store, batch: &mut Vec<JobPosts>) {
    store.enqueue(batch, &[], Clock::system().now()).await.expect("enqueued");
    batch.clear();
}

/// As they are handed to the queue.
pub(crate) fn posts(fill: Fill) -> JobPosts {
    let occurrences = fill.times.into_iter().map(|at| NewPost {
        nominal: at.to_string(),
        nominal_at: at,
        occurs_at: at,
        falls_in: None,
        stale: None,
        content: None,
        tags: None,
    });
    let content =
        Content { body: fill.body, permission: Permission::Public, enable_share: None, app: AppParams::default() };
    JobPosts {
        job: format!("@{}", fill.job),
        source: "a bench".into(),
        commit: None,
        tzdb: "none".into(),
        account: fill.account,
        content,
        tags: Vec::new(),
        zone: "Asia/Seoul".into(),
        late: Late { within: Duration::from_secs(3600), then: LateThen::Post },
        in_doubt: InDoubt::Repost,
        delete_after: None,
        delete_at: None,
        prepare_ahead: Duration::from_secs(600),
        occurrences: occurrences.collect(),
        add_after: Timestamp::MIN,
        unmade: Vec::new(),
        complete_until: Timestamp::MAX,
    }
}

/// Posts that each job of [`further_posts`] has waiting.
const PER_JOB: usize = 1_000;

/// Posts that are all years ahead, a thousand of each job, shared by so many accounts.
pub(crate) fn further_posts(further: usize, accounts: usize) -> impl Iterator<Item = Fill> {
    let first: Timestamp = "2030-01-01T00:00:00Z".parse().expect("an instant");
    (0..further.div_ceil(PER_JOB)).map(move |n| Fill {
        job: format!("more-{n:04}"),
        account: account(n % accounts),
        body: note(format!("more {n}")),
        times: (0..PER_JOB.min(further - n * PER_JOB))
            .map(|minute| later(first, Duration::from_secs(60 * minute as u64)))
            .collect(),
    })
}

/// The number behind a flag of the command line.
pub(crate) fn number(name: &str, default: usize) -> usize {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let at = args.iter().position(|arg| arg == name);
    at.map_or(default, |at| args.get(at + 1).and_then(|text| text.parse().ok()).expect("a number"))
}

pub(crate) fn note(text: String) -> Body {
    Body::Note { text }
}

pub(crate) fn account(number: usize) -> String {
    format!("account-{number:04}")
}

/// The daemon, started in a furnished folder.
pub(crate) fn daemon(folder: &Path, disk: Disk) -> Measured {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storyd"));
    command.args(["--settings", "storyd.yaml", "--json", "run"]);
    // As its unit has it.
    command.env("MALLOC_ARENA_MAX", "2");
    Measured::start(command, folder, disk)
}
