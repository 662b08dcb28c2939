//! From the plan's occurrences to posts: what is new is added, what changed is changed while it still waits, what left the job
//! file is withdrawn. Idempotent: the same plan twice changes nothing the second time.
//!
//! `pairing` decides which post stands for which occurrence, `rewrite` writes it down. Knows nothing of schedules and zones.

mod pairing;
mod rewrite;

use std::time::Duration;

use jiff::Timestamp;

use self::pairing::{Differs, Existing, pair};
pub(in crate::store) use self::rewrite::text_key;
use self::rewrite::{Columns, existing_posts, insert, set_aside, withdraw};
use super::{Result, Store, Write, micros};
use crate::domain::content::Content;
use crate::domain::policy::{InDoubt, Late};
use crate::domain::post::PostState;
use crate::store::{instant, instant_opt, write_json};

/// An occurrence as the plan wants it in the queue.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The local time that the schedule named, or `now`: with the job, the identity of the post.
    pub nominal: String,
    /// When it should appear.
    pub occurs_at: Timestamp,
    /// What it says, if that differs from post to post; absent: what the job says.
    pub text: Option<String>,
}

/// All that the plan says of one job.
#[derive(Clone, Debug)]
pub struct JobPosts {
    /// The job's name.
    pub job: String,
    /// Where it stands: file:line:column.
    pub source: String,
    /// The account that it posts to.
    pub account: String,
    /// What it says.
    pub content: Content,
    /// Its tags.
    pub tags: Vec<String>,
    /// IANA name of the zone that its times are read in.
    pub zone: String,
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
    /// Occurrences at or before this instant are kept when they are in the queue, but never added.
    pub add_after: Timestamp,
    /// Up to here every occurrence of the job is in `occurrences`.
    pub complete_until: Timestamp,
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
    /// Posts that had left the job file and are back.
    pub restored: u64,
    /// Posts in the middle of an attempt that should change: look again shortly.
    pub busy: u64,
}

impl std::ops::AddAssign for Enqueued {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.cancelled += other.cancelled;
        self.restored += other.restored;
        self.busy += other.busy;
    }
}

/// A job as the queue knows it.
#[derive(Clone, Copy, Debug)]
pub struct KnownJob {
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// Up to here every occurrence has become a post. For a job that was in no job file this lies beyond any instant: what its
    /// schedule yielded meanwhile was not asked for.
    pub enqueued_until: Timestamp,
    /// `occurs_at` of the earliest post that still waits, or whose request is out.
    pub first_waiting: Option<Timestamp>,
    /// `occurs_at` of its `at: now` post, if it has one.
    pub now_post: Option<Timestamp>,
}

impl Store {
    /// What the queue knows of a job, or `None` when it has never seen it.
    pub async fn known_job(&self, job: &str) -> Result<Option<KnownJob>> {
        let row = sqlx::query!(
            r#"SELECT first_seen_at, enqueued_until_at, gone_at,
                 (SELECT min(occurs_at) FROM post WHERE job = name
                    AND state IN ('scheduled', 'claimed', 'publishing', 'in_doubt', 'held'))
                   AS "waiting: i64",
                 (SELECT occurs_at FROM post WHERE job = name AND nominal = 'now') AS "now_post: i64"
             FROM job WHERE name = $1"#,
            job
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(KnownJob {
            first_seen_at: instant(row.first_seen_at)?,
            enqueued_until: if row.gone_at.is_some() { Timestamp::MAX } else { instant(row.enqueued_until_at)? },
            first_waiting: instant_opt(row.waiting)?,
            now_post: instant_opt(row.now_post)?,
        }))
    }

    /// Brings the posts of one job in line with the plan, in one transaction that moves the job's watermark too.
    ///
    /// A time that was renamed (its zone changed) keeps its post; a name that was moved (its zone changed) takes its post along.
    /// A post that is out, or on its way, stands for its name and for its instant: neither is ever posted again.
    pub async fn enqueue(&self, posts: &JobPosts, now: Timestamp) -> Result<Enqueued> {
        let columns = Columns::of(posts)?;
        let mut tx = self.begin().await?;
        sqlx::query!("INSERT INTO account (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", posts.account)
            .execute(&mut *tx)
            .await?;
        note_job(&mut tx, posts, now).await?;
        let existing = existing_posts(&mut tx, posts, &columns).await?;
        let pairs = pair(&existing, &posts.occurrences);
        let mut report = Enqueued::default();
        for (post, occurrence) in &pairs.undecided {
            let stale = match occurrence {
                Some(occurrence) => {
                    let differs = Differs { content: post.says_otherwise(&columns.says(occurrence)?), ..post.differs };
                    differs.any() || post.occurs_at != micros(occurrence.occurs_at)
                }
                None => true,
            };
            if post.follow != stale {
                rewrite::mark(&mut tx, post.id, stale).await?;
            }
        }
        for post in &pairs.surplus {
            report.cancelled += withdraw(&mut tx, post.id, "its time left the job file", now).await?;
        }
        for (post, occurrence) in &pairs.staying {
            follow(&mut tx, post, occurrence, &columns, now, &mut report).await?;
        }
        // A claimed post does not move, so nothing can move into its place either. It is free again in a moment.
        let stuck = pairs.moving.iter().any(|(post, _)| post.state == PostState::Claimed);
        if stuck {
            report.busy += 1;
        } else {
            set_aside(&mut tx, &pairs.moving).await?;
            for (post, occurrence) in &pairs.moving {
                follow(&mut tx, post, occurrence, &columns, now, &mut report).await?;
            }
        }
        for occurrence in pairs.new.iter().filter(|occurrence| occurrence.occurs_at > posts.add_after) {
            let at = micros(occurrence.occurs_at);
            if !(stuck && pairs.moving.iter().any(|(post, _)| post.occurs_at == at)) {
                report.added += insert(&mut tx, posts, &columns, occurrence, now).await?;
            }
        }
        tx.commit().await?;
        Ok(report)
    }

    /// Withdraws the waiting posts of every job that is not among `jobs`. What a person put into the queue by hand stands in no
    /// job file: its job's name begins with `@`, which no job file can write.
    pub async fn cancel_gone_jobs(&self, jobs: &[&str], now: Timestamp) -> Result<u64> {
        let (at, names) = (micros(now), write_json(&jobs)?);
        let gone = sqlx::query_scalar!(
            r#"SELECT p.id AS "id!" FROM job j CROSS JOIN post p
             WHERE p.job = j.name AND p.state IN ('scheduled', 'claimed', 'held') AND j.name NOT GLOB '@*'
               AND j.name NOT IN (SELECT value FROM json_each($1))"#,
            names
        )
        .fetch_all(&self.readers)
        .await?;
        let undecided = sqlx::query_scalar!(
            r#"SELECT p.id AS "id!" FROM job j CROSS JOIN post p
             WHERE p.job = j.name AND p.state IN ('publishing', 'in_doubt') AND p.follow = 0 AND j.name NOT GLOB '@*'
               AND j.name NOT IN (SELECT value FROM json_each($1))"#,
            names
        )
        .fetch_all(&self.readers)
        .await?;
        let newly = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM job WHERE gone_at IS NULL AND name NOT GLOB '@*'
                 AND name NOT IN (SELECT value FROM json_each($1))) AS "found!: bool""#,
            names
        )
        .fetch_one(&self.readers)
        .await?;
        if gone.is_empty() && undecided.is_empty() && !newly {
            return Ok(0);
        }
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE job SET gone_at = $2 WHERE gone_at IS NULL AND name NOT GLOB '@*' AND name NOT IN (SELECT value FROM json_each($1))",
            names,
            at
        )
        .execute(&mut *tx)
        .await?;
        for post in undecided {
            rewrite::mark(&mut tx, post, true).await?;
        }
        let mut cancelled = 0;
        for post in gone {
            cancelled += withdraw(&mut tx, post, "its job left the job files", now).await?;
        }
        tx.commit().await?;
        Ok(cancelled)
    }
}

/// Writes only what is news: the horizon of an endless schedule moves with the clock, and a watermark that lags behind it by up to a
/// day costs nothing, while a write is an fsync for each job at each look.
async fn note_job(tx: &mut Write, posts: &JobPosts, now: Timestamp) -> Result<()> {
    let (at, until) = (micros(now), micros(posts.complete_until));
    sqlx::query!(
        "INSERT INTO job (name, source, first_seen_at, enqueued_until_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET source = excluded.source, gone_at = NULL,
           enqueued_until_at = max(enqueued_until_at, excluded.enqueued_until_at)
         WHERE source <> excluded.source OR gone_at IS NOT NULL
            OR excluded.enqueued_until_at - enqueued_until_at >= 86400000000",
        posts.job,
        posts.source,
        at,
        until
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets one post follow the job file. What a person cancelled stays cancelled; what left the job file and is back goes on; what
/// was missed and is moved ahead has its chance after all.
async fn follow(
    tx: &mut Write,
    post: &Existing,
    occurrence: &NewPost,
    columns: &Columns<'_>,
    now: Timestamp,
    report: &mut Enqueued,
) -> Result<()> {
    let moves = post.occurs_at != micros(occurrence.occurs_at);
    let says = columns.says(occurrence)?;
    let differences = Differs { content: post.says_otherwise(&says), ..post.differs };
    let differs = moves || differences.any();
    if post.state == PostState::Claimed {
        report.busy += u64::from(differs);
        return Ok(());
    }
    if post.follow {
        rewrite::mark(tx, post.id, false).await?;
    }
    if differs {
        rewrite::rewrite(tx, post, (occurrence, &says, &differences), columns).await?;
        super::note(tx, post.id, now, "edit", "plan", &differences.told(moves)).await?;
        report.changed += u64::from(matches!(post.state, PostState::Scheduled | PostState::Held));
    }
    let why = match post.state {
        PostState::Cancelled if post.by_plan => "it is back in the job file",
        PostState::Missed if moves && occurrence.occurs_at > now => "its time was moved ahead",
        _ => return Ok(()),
    };
    report.restored += rewrite::restore(tx, post, why, now).await?;
    Ok(())
}
