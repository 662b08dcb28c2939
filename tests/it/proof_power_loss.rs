//! Power loss: whatever beginning of the write-ahead log the disk kept, from the last acknowledged commit on, the queue recovers,
//! and no story appears twice or is lost.
//!
//! One life of a note, a link and a photo is recorded: the log, and how long log and ledger were whenever the sandbox looked at its
//! clock. From that follows which lengths of the log can meet which ledger. Each such pair is played to the end: the log is cut
//! there, the daemon starts upon it, and the sandbox remembers what had happened by then. A second life has accounts that work at the
//! same time, whose posts share commits.
//!
//! `STORYD_POWER_LOSS=all` plays every cut inside a commit to the end as well. Without it those are only opened, and must show the
//! queue of the commit before them, which is played to the end.

#![allow(clippy::print_stdout, reason = "the figures of a run are what it is for")]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use kakao_sandbox::{Call, FaultName, FaultRule, SandboxClock};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use storyd::domain::post::PostState;

use crate::support::world::{START, World, at, png};

const HOUR: Duration = Duration::from_secs(3600);
/// Worlds that are played at the same time.
const WORLDS: usize = 4;
/// Of the log's own header, and of the one before each page.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Everything under way at once would be one commit after another; spaced out, each request has commits around it.
const JOBS: &str = "version: 1
zone: Asia/Seoul
account: cafe
defaults: {late: {within: 2d, then: skip}}
jobs:
  note: {at: now, type: note, content: 글}
  photo: {at: 2026-12-01 08:05, type: photo, images: [a.png], content: 사진}
  link: {at: 2026-12-01 08:10, type: link, url: 'https://example.com/', content: 링크}
  other: {at: 2026-12-01 08:10, account: shop, type: note, content: 다른}
";

/// Two accounts with posts that are due at the same time and follow one another: results, claims and intents of both share commits.
const LANES: &str = "version: 1
zone: Asia/Seoul
account: cafe
defaults: {late: {within: 2d, then: skip}}
jobs:
  a: {at: 2026-12-01 08:05, type: note, content: 하나}
  b: {at: 2026-12-01 08:05, type: note, content: 둘}
  c: {at: 2026-12-01 08:05, type: note, content: 셋}
  d: {at: 2026-12-01 08:05, account: shop, type: note, content: 넷}
  e: {at: 2026-12-01 08:05, account: shop, type: note, content: 다섯}
  f: {at: 2026-12-01 08:05, account: shop, type: note, content: 여섯}
";

/// What is recorded.
#[derive(Clone, Copy, Debug)]
struct Life {
    jobs: &'static str,
    posts: usize,
    /// Whether its accounts work at the same time.
    abreast: bool,
}

const ONE_BY_ONE: Life = Life { jobs: JOBS, posts: 4, abreast: false };
const ABREAST: Life = Life { jobs: LANES, posts: 6, abreast: true };

/// How things stood when the sandbox looked at its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    log: usize,
    ledger: usize,
    at: Timestamp,
}

/// What was on disk in the end, and how it came about.
struct Recording {
    life: Life,
    dir: tempfile::TempDir,
    database: Vec<u8>,
    log: Vec<u8>,
    /// The lengths of the log at which a commit ends.
    commits: Vec<usize>,
    /// The lengths at which a frame ends.
    frames: Vec<usize>,
    ledger: Vec<u8>,
    samples: Vec<Sample>,
}

/// One state that a power loss can leave.
#[derive(Clone, Debug)]
struct Loss {
    log: Vec<u8>,
    ledger: usize,
    at: Timestamp,
    what: String,
}

#[derive(Debug, Default)]
struct End {
    twice: usize,
    lost: usize,
}

fn length(path: &Path) -> usize {
    path.metadata().map_or(0, |meta| usize::try_from(meta.len()).unwrap())
}

async fn record(life: Life) -> Recording {
    let dir = tempfile::tempdir().unwrap();
    let ledger = dir.path().join("stories.jsonl");
    let folder = tempfile::tempdir().unwrap();
    for home in [dir.path(), folder.path()] {
        std::fs::write(home.join("a.png"), png(1)).unwrap();
        std::fs::write(home.join("jobs.yaml"), life.jobs).unwrap();
    }
    let samples: Arc<Mutex<Vec<Sample>>> = Arc::default();
    let (log, sink, remembered) = (folder.path().join("data/queue.db-wal"), samples.clone(), ledger.clone());
    let mut world = World::in_folder(folder, at(START), |options| {
        let inner = options.clock.clone();
        options.ledger = Some(remembered.clone());
        options.clock = SandboxClock::from_fn(Arc::new(move || {
            let now = inner.now();
            let sample = Sample { log: length(&log), ledger: length(&remembered), at: now };
            let mut samples = sink.lock().unwrap();
            if samples.last() != Some(&sample) {
                samples.push(sample);
            }
            now.as_microsecond()
        }));
    })
    .await;
    let database_at_first = std::fs::read(world.path("data/queue.db")).unwrap();
    // Found in the list, and proved absent: the commits of both ways out of a doubt are among those cut.
    world.fault(vec![
        FaultRule::new(FaultName::AnswerLost).on(&[Call::Link]).times(1),
        FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).account("shop").times(1),
    ]);
    if life.abreast {
        world.fault(vec![]);
        world.abreast();
    }
    world.pass(HOUR).await;
    assert!(world.posts().await.iter().all(|post| post.state == PostState::Published));
    let read = |name: &str| std::fs::read(world.path(name)).unwrap();
    let (database, log) = (read("data/queue.db"), read("data/queue.db-wal"));
    assert_eq!(database, database_at_first, "the log was folded in while it was being recorded");
    if world.path("data/media").exists() {
        copy(&world.path("data/media"), &dir.path().join("media"));
    }
    let (frames, commits) = frames_of(&log);
    let mut samples = samples.lock().unwrap().clone();
    samples.push(Sample { log: log.len(), ledger: length(&ledger), at: world.clock.now() });
    let ledger = std::fs::read(&ledger).unwrap();
    Recording { life, dir, database, log, commits, frames, ledger, samples }
}

/// Where the frames of a log end, and which of those ends are ends of commits.
fn frames_of(log: &[u8]) -> (Vec<usize>, Vec<usize>) {
    let number = |from: usize| usize::try_from(u32::from_be_bytes(log[from..from + 4].try_into().unwrap())).unwrap();
    let frame = FRAME_HEADER + number(8);
    let (mut frames, mut commits) = (Vec::new(), Vec::new());
    let mut start = LOG_HEADER;
    while start + frame <= log.len() {
        frames.push(start + frame);
        if number(start + 4) != 0 {
            commits.push(start + frame);
        }
        start += frame;
    }
    (frames, commits)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl Recording {
    /// The last commit at or before `length`; 0 when there is none.
    fn commit_before(&self, length: usize) -> usize {
        self.commits.iter().copied().filter(|end| *end <= length).max().unwrap_or(0)
    }

    /// The ledger and the time that meet a log of this length: between two samples the request of the first has its effect, then
    /// what follows is committed. Where requests of two accounts are out at once, nobody knows which came first when both the log and
    /// the ledger have grown; then only how things stood at the samples counts, and no ledger may be known.
    fn ledgers_at(&self, length: usize) -> Vec<(usize, Timestamp)> {
        let mut found = Vec::new();
        for pair in self.samples.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            if self.life.abreast && before.log != after.log && before.ledger != after.ledger {
                found.extend([before, after].iter().filter(|it| it.log == length).map(|it| (it.ledger, it.at)));
            } else if length == before.log {
                found.extend([(before.ledger, before.at), (after.ledger, after.at)]);
            } else if length > before.log && length <= after.log {
                found.push((after.ledger, after.at));
            }
        }
        if length < self.samples[0].log {
            found.push((self.samples[0].ledger, self.samples[0].at));
        }
        found.dedup_by_key(|(ledger, _)| *ledger);
        found
    }

    /// Every state in which a commit is whole and nothing of the next one is on disk.
    fn losses_between_commits(&self) -> Vec<Loss> {
        let ends = std::iter::once(0).chain(self.commits.iter().copied());
        ends.flat_map(|end| self.losses_at(end, self.log[..end].to_vec(), "between commits")).collect()
    }

    fn losses_at(&self, length: usize, log: Vec<u8>, what: &str) -> Vec<Loss> {
        let met = self.ledgers_at(length);
        assert!(self.life.abreast || !met.is_empty(), "no ledger meets a log of {length} bytes");
        let loss = |(ledger, at)| Loss {
            log: log.clone(),
            ledger,
            at,
            what: format!("{what}: log {length}, ledger {ledger}"),
        };
        met.into_iter().map(loss).collect()
    }

    /// Every state in which a commit is on disk in part: frame by frame, cut inside frames, and with a frame missing before others
    /// that made it.
    fn losses_inside_commits(&self) -> Vec<Loss> {
        let mut losses = Vec::new();
        let mut start = LOG_HEADER;
        for (index, end) in self.frames.iter().copied().enumerate() {
            // In the middle of a commit nothing has happened at Kakao since the commit began: the later ledger is the one.
            let mut add = |length: usize, log: Vec<u8>, what: &str| {
                losses.extend(self.losses_at(length, log, what).pop());
            };
            if !self.commits.contains(&end) {
                add(end, self.log[..end].to_vec(), "whole frames of a commit");
            }
            // In every third frame only, for the sake of time.
            if index % 3 != 0 {
                start = end;
                continue;
            }
            let inside = [1, FRAME_HEADER - 1, FRAME_HEADER, FRAME_HEADER + 512, end - start - 1][index / 3 % 5];
            add(start + inside, self.log[..start + inside].to_vec(), "a cut frame");
            let whole = self.commits.iter().copied().find(|commit| *commit >= end).unwrap();
            if whole > end {
                let mut log = self.log[..whole].to_vec();
                log[start..end].fill(0);
                add(end, log, "a frame that is missing before others");
            }
            start = end;
        }
        losses
    }

    /// The folder after a power loss.
    fn folder(&self, loss: &Loss) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "jobs.yaml"] {
            std::fs::copy(self.dir.path().join(name), folder.path().join(name)).unwrap();
        }
        std::fs::create_dir(folder.path().join("data")).unwrap();
        if self.dir.path().join("media").exists() {
            copy(&self.dir.path().join("media"), &folder.path().join("data/media"));
        }
        self.write_queue(&folder.path().join("data"), &loss.log);
        std::fs::write(folder.path().join("stories.jsonl"), &self.ledger[..loss.ledger]).unwrap();
        folder
    }

    fn write_queue(&self, folder: &Path, log: &[u8]) {
        std::fs::write(folder.join("queue.db"), &self.database).unwrap();
        std::fs::write(folder.join("queue.db-wal"), log).unwrap();
    }

    /// The queue that such a log leaves, as text.
    async fn found_in(&self, log: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        self.write_queue(folder.path(), log);
        dump(&folder.path().join("queue.db")).await
    }

    /// Each shows the queue of the last commit that is whole in its log.
    async fn show_the_commit_before(&self, losses: Vec<Loss>) {
        let mut expected: BTreeMap<usize, String> = BTreeMap::new();
        for loss in &losses {
            let kept = self.length_kept(loss);
            if let Entry::Vacant(place) = expected.entry(kept) {
                place.insert(self.found_in(&self.log[..kept]).await);
            }
        }
        let expected = &expected;
        let all = losses.into_iter().map(|loss| async move {
            assert_eq!(self.found_in(&loss.log).await, expected[&self.length_kept(&loss)], "{}", loss.what);
        });
        futures_util::stream::iter(all).buffer_unordered(WORLDS).collect::<Vec<()>>().await;
    }

    /// How much of a loss's log counts: up to the last commit that is whole.
    fn length_kept(&self, loss: &Loss) -> usize {
        let same = loss.log.iter().zip(&self.log).take_while(|(left, right)| left == right).count();
        self.commit_before(same)
    }

    /// Starts upon what the power loss left and plays to the end.
    async fn play(&self, loss: &Loss) -> End {
        let folder = self.folder(loss);
        let remembered = folder.path().join("stories.jsonl");
        let mut world = World::in_folder(folder, loss.at, |options| options.ledger = Some(remembered)).await;
        if self.life.abreast {
            world.abreast();
        }
        world.pass(HOUR * 3).await;
        let posts = world.posts().await;
        let mut stories: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for story in world.ledger() {
            *stories.entry(story.content).or_default() += 1;
        }
        let lost = posts.iter().filter(|post| post.state != PostState::Published).count()
            + self.life.posts.abs_diff(posts.len());
        let damage = integrity(&world.path("data/queue.db")).await;
        assert_eq!(damage, "ok", "{}", loss.what);
        let end = End { twice: stories.values().filter(|count| **count > 1).count(), lost };
        if end.twice > 0 {
            world.condone("counted as twice");
        }
        end
    }

    /// Plays them all; those that broke a promise.
    async fn condemned(&self, losses: Vec<Loss>) -> Vec<(String, End)> {
        let ends = futures_util::stream::iter(losses).map(|loss| async move {
            let end = self.play(&loss).await;
            (loss.what, end)
        });
        let mut ends: Vec<(String, End)> = ends.buffer_unordered(WORLDS).collect().await;
        ends.retain(|(_, end)| end.twice + end.lost > 0);
        ends
    }
}

async fn integrity(database: &Path) -> String {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap()
}

/// Schema, posts and history of a queue.
async fn dump(database: &Path) -> String {
    assert_eq!(integrity(database).await, "ok");
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    let mut text = String::new();
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    for table in tables {
        let columns: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT quote(name) FROM pragma_table_info('{table}')")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let columns = columns.iter().map(|name| name.replace('\'', "\"")).collect::<Vec<_>>();
        let row = columns.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || ',' || ");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT {row} FROM \"{table}\"")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        text.push_str(&format!("{table}\n{}\n", rows.join("\n")));
    }
    text
}

/// Plays what a power loss in the middle of a life can leave, to the end. How many commits, states and ends there were.
async fn judge(recording: Recording) {
    let mut states = recording.losses_between_commits();
    let inside = recording.losses_inside_commits();
    println!(
        "power loss: {} commits in {} frames, {} states between commits, {} inside one",
        recording.commits.len(),
        recording.frames.len(),
        states.len(),
        inside.len()
    );
    let recovered = states.len() + inside.len();
    if std::env::var("STORYD_POWER_LOSS").is_ok_and(|which| which == "all") {
        states.extend(inside);
    } else {
        recording.show_the_commit_before(inside).await;
    }
    let played = states.len();
    let condemned = recording.condemned(states).await;
    assert!(condemned.is_empty(), "{condemned:#?}");
    println!("power loss: {recovered} states recovered, {played} of them played to the end: twice=0 lost=0");
    assert!(played > recording.commits.len() / 2, "of {} commits", recording.commits.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_hold_the_results_claims_and_intents_of_several_posts_are_there_whole_or_not_at_all() {
    // Whether two lanes meet in a commit is up to the machine.
    for _ in 0..20 {
        let recording = record(ABREAST).await;
        if shared(&recording).await {
            return judge(recording).await;
        }
    }
    panic!("no commit holds two results and two intents");
}

/// Whether some commit holds two results and two intents.
async fn shared(recording: &Recording) -> bool {
    let mut before = [0, 0];
    for end in &recording.commits {
        let folder = tempfile::tempdir().unwrap();
        recording.write_queue(folder.path(), &recording.log[..*end]);
        let now = moved(&folder.path().join("queue.db")).await;
        if now.iter().zip(before).all(|(now, before)| now - before > 1) {
            return true;
        }
        before = now;
    }
    false
}

/// How many posts were published and intended, as the history has it.
async fn moved(database: &Path) -> [i64; 2] {
    let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
    let mut counts = [0, 0];
    for (count, event) in counts.iter_mut().zip(["publish", "intend"]) {
        let sql = "SELECT count(*) FROM event WHERE event = $1";
        // Before the commit that makes the tables there are none to ask.
        *count = sqlx::query_scalar(sql).bind(event).fetch_one(&mut connection).await.unwrap_or(0);
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_disk_kept_from_the_last_acknowledged_commit_on_nothing_appears_twice_and_nothing_is_lost() {
    judge(record(ONE_BY_ONE).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_drops_acknowledged_commits_is_condemned() {
    let recording = record(ONE_BY_ONE).await;
    // As `synchronous=NORMAL` could leave it: a story exists, and the intent for it is gone from the log.
    let mut losses = Vec::new();
    for pair in recording.samples.windows(2).filter(|pair| pair[0].log > 0 && pair[1].ledger > pair[0].ledger) {
        let kept = recording.commit_before(recording.commit_before(pair[0].log) - 1);
        let log = recording.log[..kept].to_vec();
        let what = format!("log {kept} instead of {}, ledger {}", pair[0].log, pair[1].ledger);
        losses.push(Loss { log, ledger: pair[1].ledger, at: pair[1].at, what });
    }
    let tried = losses.len();
    let condemned = recording.condemned(losses).await;
    let twice = condemned.iter().filter(|(_, end)| end.twice > 0).count();
    println!("power loss with a dropped commit: {twice} of {tried} states lead to a story that exists twice");
    assert!(twice > 0, "{condemned:#?}");
}
