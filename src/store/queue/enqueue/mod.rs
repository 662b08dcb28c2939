//! From the plan's occurrences to posts: what is new is added, what changed is changed while it still waits, what left the job
//! file is withdrawn. Idempotent: the same plan twice changes nothing the second time.
//!
//! `read` finds the posts, `pairing` decides which of them stands for which occurrence, `step` what becomes of each pair; `rewrite`, `add` and
//! `moves` write it down, many jobs at once where nothing is lost by it. The steps
//! are what [`Store::enqueue`] carries out and what [`Store::preview`] shows. Knows nothing of schedules and zones.

mod add;
mod batches;
mod bring;
mod change;
mod columns;
mod compare;
mod files;
mod moves;
mod pairing;
mod read;
mod report;
mod rewrite;
mod step;
mod wanted;
mod withdrawal;

use std::collections::HashMap;

use jiff::Timestamp;

use self::batches::{JOBS_AT_ONCE, READ_AT_ONCE, batches};
use self::bring::BY_PLAN;
pub use self::change::{ChangeKind, PostChange, Snapshot};
use self::columns::PostColumns;
pub use self::compare::compare;
pub use self::read::KnownJob;
pub use self::report::Enqueued;
use self::step::{EnqueueAction, EnqueueStep, steps};
pub use self::wanted::{JobPosts, MissingText, NewPost};
use self::withdrawal::JOB_GONE;
use crate::store::error::{Result, StatementFailure};
use crate::store::handle::Store;
use crate::store::values::{instant, instant_opt, write_json};

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
                Err(error) if error.trouble() == StatementFailure::Refused => {
                    differing.extend(posts);
                    continue;
                }
                existing => existing?,
            };
            for (posts, existing) in posts.iter().zip(existing) {
                let acts = |step: &EnqueueStep<'_>| !matches!(step.deed, EnqueueAction::Keep | EnqueueAction::Ignored);
                if !noted.contains(&posts.job) || steps(&existing, &PostColumns::of(posts)?, now).iter().any(acts) {
                    differing.push(*posts);
                }
            }
            // Comparing takes a while: whoever else has something to do goes first.
            tokio::task::yield_now().await;
        }
        Ok(differing)
    }

    /// What [`enqueue`](Self::enqueue) would do, and what it would leave as it is: nothing is written.
    pub async fn preview(&self, jobs: &[JobPosts], names: &[&str], now: Timestamp) -> Result<Vec<PostChange>> {
        let mut changes = Vec::new();
        let mut reader = self.readers.acquire().await?;
        for (job, post) in read::posts_of_gone_jobs(&mut reader, names).await? {
            changes.push(PostChange::of_gone(&job, &post, JOB_GONE)?);
        }
        let jobs: Vec<&JobPosts> = jobs.iter().collect();
        let lost_before = self.lost_before(names, now).await?;
        for posts in batches(&jobs, READ_AT_ONCE) {
            let known = read::known(&mut reader, posts).await?;
            let existing = read::existing_posts(&mut reader, posts, &known).await?;
            for (posts, existing) in posts.iter().zip(existing) {
                let columns = PostColumns::of(posts)?;
                for step in steps(&existing, &columns, now) {
                    changes.push(PostChange::of(&step, &columns)?);
                }
            }
        }
        withdrawal::foretell(&mut changes, &lost_before)?;
        Ok(changes)
    }
}
