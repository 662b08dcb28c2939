//! From the plan's occurrences to posts: what is new is added, what changed is changed while it still waits, what left the job
//! file is withdrawn. Idempotent: the same plan twice changes nothing the second time.
//!
//! `read` finds the posts, `pairing` decides which of them stands for which occurrence, `step` what becomes of each pair; `rewrite`, `add` and
//! `moves` write it down, many jobs at once where nothing is lost by it. The steps
//! are what [`Store::enqueue`] carries out and what [`Store::preview`] shows. Knows nothing of schedules and zones.

mod add;
mod bring;
mod change;
mod files;
mod moves;
mod pairing;
mod read;
mod rewrite;
mod step;
mod withdrawal;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use self::bring::BY_PLAN;
pub use self::change::{Change, ChangeKind, Face, compare};
pub use self::read::KnownJob;
use self::rewrite::Columns;
pub(in crate::store) use self::rewrite::text_key;
use self::step::{Deed, Step, steps};
use super::{Result, Store};
use crate::domain::content::Content;
use crate::domain::policy::{FallsIn, InDoubt, Late};
use crate::store::{Trouble, instant, instant_opt, write_json};

/// Most jobs that are asked for together.
const JOBS_AT_ONCE: usize = 1_000;
/// Why the posts of a job that no job file names are withdrawn.
const JOB_GONE: &str = "its job left the job files";

/// An occurrence as the plan wants it in the queue.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The local time that the schedule named, or `now`: with the job, the identity of the post.
    pub nominal: String,
    /// The instant of that: with the job, its other identity.
    pub nominal_at: Timestamp,
    /// When it should appear: later by its jitter, and moved out of a blackout.
    pub occurs_at: Timestamp,
    /// The blackout that it falls into.
    pub falls_in: Option<FallsIn>,
    /// Why a person must look at it before it goes out, if it is new: its time had passed long before the queue learnt of it.
    pub stale: Option<String>,
    /// What it says, if that differs from post to post; absent: what the job says.
    pub content: Option<Content>,
    /// Its tags, if they differ from post to post.
    pub tags: Option<Vec<String>>,
}

/// All that the plan says of one job.
#[derive(Clone, Debug)]
pub struct JobPosts {
    /// The job's name.
    pub job: String,
    /// Where it stands: file:line:column.
    pub source: String,
    /// The commit of the checkout that the file lies in, if it lies in one.
    pub commit: Option<String>,
    /// The account that it posts to.
    pub account: String,
    /// What it says.
    pub content: Content,
    /// Its tags.
    pub tags: Vec<String>,
    /// IANA name of the zone that its times are read in.
    pub zone: String,
    /// The version of the time zone rules by which the instants were found.
    pub tzdb: String,
    /// What happens when it is late.
    pub late: Late,
    /// What happens when its absence is proved.
    pub in_doubt: InDoubt,
    /// Take the story down this long after it was published.
    pub delete_after: Option<Duration>,
    /// Take the story down at this instant.
    pub delete_at: Option<Timestamp>,
    /// How long before its time it is prepared.
    pub prepare_ahead: Duration,
    /// Every occurrence that should be waiting, and any earlier one that may.
    pub occurrences: Vec<NewPost>,
    /// Occurrences whose nominal instant is at or before this one are kept when they are in the queue, but never added.
    pub add_after: Timestamp,
    /// Up to here every occurrence of the job is in `occurrences`.
    pub complete_until: Timestamp,
    /// Occurrences that have no text. Posts that stand for them already stay as they are.
    pub unmade: Vec<Unmade>,
}

/// An occurrence whose text cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmade {
    /// The job's name.
    pub job: String,
    /// The nominal local time that its schedule names.
    pub nominal: String,
    /// When the text would have appeared, and why there is none.
    pub why: String,
}

/// What enqueueing changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enqueued {
    /// Posts that are new.
    pub added: u64,
    /// Waiting posts that now say, or are timed, otherwise. One that waits for a person follows the job file uncounted.
    pub changed: u64,
    /// Waiting posts whose occurrence left the job file.
    pub cancelled: u64,
    /// Posts that left the job files and are held, because that may be an accident.
    pub withheld: u64,
    /// Posts that had left the job file and are back.
    pub restored: u64,
    /// Posts that a blackout holds for a person from here on.
    pub held: u64,
    /// Posts that a blackout leaves out from here on.
    pub skipped: u64,
    /// Posts in the middle of an attempt that should change: look again shortly.
    pub busy: u64,
    /// Posts that the queue refused.
    pub refused: u64,
}

impl std::ops::AddAssign for Enqueued {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.cancelled += other.cancelled;
        self.withheld += other.withheld;
        self.restored += other.restored;
        self.held += other.held;
        self.skipped += other.skipped;
        self.busy += other.busy;
        self.refused += other.refused;
    }
}

impl Store {
    /// What the queue knows of these jobs, by name; nothing of those that it has never seen.
    pub async fn known_jobs(&self, jobs: &[&str]) -> Result<HashMap<String, KnownJob>> {
        let mut known = HashMap::new();
        let mut reader = self.readers.acquire().await?;
        for names in jobs.chunks(JOBS_AT_ONCE) {
            let names = write_json(&names)?;
            let rows = sqlx::query!(
                r#"SELECT j.name, j.first_seen_at, j.enqueued_until_at, j.gone_at,
                     (SELECT min(nominal_at) FROM post WHERE job = j.name
                        AND state IN ('scheduled', 'claimed', 'publishing', 'in_doubt', 'held'))
                       AS "waiting?: i64",
                     (SELECT nominal_at FROM post WHERE job = j.name AND nominal = 'now') AS "now_post?: i64"
                   FROM json_each($1) w CROSS JOIN job j WHERE j.name = w.value"#,
                names
            )
            .fetch_all(&mut *reader)
            .await?;
            for row in rows {
                let gone = row.gone_at.is_some();
                let job = KnownJob {
                    first_seen_at: instant(row.first_seen_at)?,
                    enqueued_until: if gone { Timestamp::MAX } else { instant(row.enqueued_until_at)? },
                    first_waiting: instant_opt(row.waiting)?,
                    now_post: instant_opt(row.now_post)?,
                };
                known.insert(row.name, job);
            }
        }
        Ok(known)
    }

    /// Brings the queue in line with the plan: the waiting posts of every job that is not among `names` are withdrawn, and `jobs` are
    /// brought up to date, some hundred in one transaction that moves their watermarks too; most changes take but one. So a post that falls
    /// due meanwhile is not late, and whoever is interrupted finds each job as it was or as it should be, and goes on where he stopped. What a person put into the queue by hand stands in no job
    /// file: its job's name begins with `@`, which no job file can write, and it is left alone.
    ///
    /// A time that was renamed (its zone changed) keeps its post; a name that was moved (its zone changed) takes its post along.
    /// A post that is out, or on its way, stands for its name and for its instant: neither is ever posted again. Where most of what an
    /// account has waiting would be withdrawn, it is held instead (`withdrawal`).
    pub async fn enqueue(&self, jobs: &[JobPosts], names: &[&str], now: Timestamp) -> Result<Enqueued> {
        self.bring(jobs, Some(names), BY_PLAN, now).await
    }

    /// Brings the posts of one job that stands in no job file in line with what a person, the `actor`, asks for; all others stay.
    pub async fn enqueue_by_hand(&self, posts: &JobPosts, actor: &str, now: Timestamp) -> Result<Enqueued> {
        self.bring(std::slice::from_ref(posts), None, actor, now).await
    }

    /// The jobs that are not in the queue as they should be. Looked at before the writer is taken: a post that is due must not wait while
    /// thousands of jobs are compared.
    async fn differing<'a>(&self, jobs: &'a [JobPosts], now: Timestamp) -> Result<Vec<&'a JobPosts>> {
        let all: Vec<&JobPosts> = jobs.iter().collect();
        let mut differing = Vec::new();
        let mut reader = self.readers.acquire().await?;
        for posts in batches(&all, READ_AT_ONCE) {
            let noted = read::noted(&mut reader, posts, now).await?;
            let existing = match read::existing_posts(&mut reader, posts, &noted).await {
                // What cannot be read is found when each is brought by itself.
                Err(error) if error.trouble() == Trouble::Refused => {
                    differing.extend(posts);
                    continue;
                }
                existing => existing?,
            };
            for (posts, existing) in posts.iter().zip(existing) {
                let acts = |step: &Step<'_>| !matches!(step.deed, Deed::Keep | Deed::Ignored);
                if !noted.contains(&posts.job) || steps(&existing, &Columns::of(posts)?, now).iter().any(acts) {
                    differing.push(*posts);
                }
            }
            // Comparing takes a while: whoever else has something to do goes first.
            tokio::task::yield_now().await;
        }
        Ok(differing)
    }

    /// What [`enqueue`](Self::enqueue) would do, and what it would leave as it is: nothing is written.
    pub async fn preview(&self, jobs: &[JobPosts], names: &[&str], now: Timestamp) -> Result<Vec<Change>> {
        let mut changes = Vec::new();
        let mut reader = self.readers.acquire().await?;
        for (job, post) in read::posts_of_gone_jobs(&mut reader, names).await? {
            changes.push(Change::of_gone(&job, &post, JOB_GONE)?);
        }
        let jobs: Vec<&JobPosts> = jobs.iter().collect();
        let lost_before = self.lost_before(names, now).await?;
        for posts in batches(&jobs, READ_AT_ONCE) {
            let known = read::known(&mut reader, posts).await?;
            let existing = read::existing_posts(&mut reader, posts, &known).await?;
            for (posts, existing) in posts.iter().zip(existing) {
                let columns = Columns::of(posts)?;
                for step in steps(&existing, &columns, now) {
                    changes.push(Change::of(&step, &columns)?);
                }
            }
        }
        withdrawal::foretell(&mut changes, &lost_before)?;
        Ok(changes)
    }
}

/// Jobs, and occurrences of theirs, that are read together: few enough that what they have is held in memory at once, and compared at once.
const READ_AT_ONCE: (usize, usize) = (JOBS_AT_ONCE, 2_000);
pub(super) fn batches<'a, 'b>(
    jobs: &'a [&'b JobPosts],
    most: (usize, usize),
) -> impl Iterator<Item = &'a [&'b JobPosts]> {
    let mut rest = jobs;
    std::iter::from_fn(move || {
        let mut occurrences = 0;
        let fits = |posts: &&&JobPosts| {
            occurrences += posts.occurrences.len();
            occurrences <= most.1
        };
        let count = rest.iter().take(most.0).take_while(fits).count().max(1).min(rest.len());
        let (batch, after) = rest.split_at(count);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}
