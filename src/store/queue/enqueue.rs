//! From the plan's occurrences to posts: what is new is added, what changed is changed while it still waits, what left the job
//! file is withdrawn. Idempotent: the same plan twice changes nothing the second time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::wanted::Wanted;
use super::{Result, Store, Write, micros, note};
use crate::domain::clock::later;
use crate::domain::content::Content;
use crate::domain::policy::{InDoubt, Late, LateThen};
use crate::store::{instant, span, write_json};

/// An occurrence as the plan wants it in the queue.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The local time that the schedule named, or `now`: with the job, the identity of the post.
    pub nominal: String,
    /// When it should appear.
    pub occurs_at: Timestamp,
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
    /// Waiting posts that now say, or are timed, otherwise.
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
    /// Up to here every occurrence has become a post.
    pub enqueued_until: Timestamp,
    /// `occurs_at` of the earliest post that still waits.
    pub first_waiting: Option<Timestamp>,
    /// `occurs_at` of its `at: now` post, if it has one.
    pub now_post: Option<Timestamp>,
}

struct Existing {
    id: i64,
    state: String,
    actor: String,
    is: Wanted,
}

impl Store {
    /// What the queue knows of a job, or `None` when it has never seen it.
    pub async fn known_job(&self, job: &str) -> Result<Option<KnownJob>> {
        let row = sqlx::query!(
            r#"SELECT first_seen_at, enqueued_until_at,
                 (SELECT min(occurs_at) FROM post WHERE job = name AND state IN ('scheduled', 'claimed', 'held'))
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
            enqueued_until: instant(row.enqueued_until_at)?,
            first_waiting: row.waiting.map(instant).transpose()?,
            now_post: row.now_post.map(instant).transpose()?,
        }))
    }

    /// Brings the posts of one job in line with the plan, in one transaction that moves the job's watermark too.
    pub async fn enqueue(&self, posts: &JobPosts, now: Timestamp) -> Result<Enqueued> {
        let mut tx = self.begin().await?;
        sqlx::query!("INSERT INTO account (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", posts.account)
            .execute(&mut *tx)
            .await?;
        note_job(&mut tx, posts, now).await?;
        let existing = existing_posts(&mut tx, &posts.job).await?;
        let mut report = Enqueued::default();
        let mut wanted_nominals = BTreeSet::new();
        for occurrence in &posts.occurrences {
            wanted_nominals.insert(occurrence.nominal.as_str());
            let wanted = Wanted::of(posts, occurrence)?;
            match existing.get(&occurrence.nominal) {
                Some(post) => change(&mut tx, post, &wanted, posts, now, &mut report).await?,
                None if occurrence.occurs_at > posts.add_after => {
                    report.added += insert(&mut tx, posts, &occurrence.nominal, &wanted, now).await?;
                }
                None => {}
            }
        }
        for (nominal, post) in &existing {
            if !wanted_nominals.contains(nominal.as_str()) {
                report.cancelled += withdraw(&mut tx, post.id, "its time left the job file", now).await?;
            }
        }
        tx.commit().await?;
        Ok(report)
    }

    /// Withdraws the waiting posts of every job that is not among `jobs`.
    pub async fn cancel_gone_jobs(&self, jobs: &[&str], now: Timestamp) -> Result<u64> {
        let (at, names) = (micros(now), write_json(&jobs)?);
        let gone = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM post WHERE state IN ('scheduled', 'claimed', 'held')
               AND job NOT IN (SELECT value FROM json_each($1))"#,
            names
        )
        .fetch_all(&self.readers)
        .await?;
        if gone.is_empty() {
            return Ok(0);
        }
        let gone = write_json(&gone)?;
        let done = sqlx::query!(
            "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = 'its job left the job files',
               changed_at = $2, lease_until_at = NULL
             WHERE id IN (SELECT value FROM json_each($1)) AND state IN ('scheduled', 'claimed', 'held')",
            gone,
            at
        )
        .execute(self.writing().await)
        .await?;
        Ok(done.rows_affected())
    }
}

async fn note_job(tx: &mut Write, posts: &JobPosts, now: Timestamp) -> Result<()> {
    let (at, until) = (micros(now), micros(posts.complete_until));
    sqlx::query!(
        "INSERT INTO job (name, source, first_seen_at, enqueued_until_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET source = excluded.source,
           enqueued_until_at = max(enqueued_until_at, excluded.enqueued_until_at)",
        posts.job,
        posts.source,
        at,
        until
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The job's posts that the job file can still change, by nominal time. Those that are out or on their way are not among them;
/// adding one of them again is refused by the unique keys.
async fn existing_posts(tx: &mut Write, job: &str) -> Result<BTreeMap<String, Existing>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", nominal, state, actor, account, content, kind, text_key, tags, zone, occurs_at, late_within,
             late_then, in_doubt, delete_after, delete_at
         FROM post WHERE job = $1 AND state IN ('scheduled', 'claimed', 'held', 'failed', 'missed', 'cancelled')"#,
        job
    )
    .fetch_all(&mut **tx)
    .await?;
    let existing = rows.into_iter().map(|row| {
        let is = Wanted {
            account: row.account,
            content: row.content,
            kind: row.kind,
            text_key: row.text_key,
            tags: row.tags,
            zone: row.zone,
            occurs_at: row.occurs_at,
            late_within: row.late_within,
            late_then: row.late_then,
            in_doubt: row.in_doubt,
            delete_after: row.delete_after,
            delete_at: row.delete_at,
        };
        (row.nominal, Existing { id: row.id, state: row.state, actor: row.actor, is })
    });
    Ok(existing.collect())
}

fn late_until(posts: &JobPosts, from: Timestamp) -> Option<i64> {
    (posts.late.then != LateThen::Post).then(|| micros(later(from, posts.late.within)))
}

async fn insert(tx: &mut Write, posts: &JobPosts, nominal: &str, wanted: &Wanted, now: Timestamp) -> Result<u64> {
    let at = micros(now);
    let prepare_at = posts.content.needs_preparing().then(|| wanted.occurs_at - span(posts.prepare_ahead));
    let late_until = late_until(posts, instant(wanted.occurs_at)?);
    let done = sqlx::query!(
        "INSERT INTO post (job, nominal, account, content, kind, text_key, tags, zone, occurs_at, due_at, prepare_at,
           late_within, late_then, late_until_at, in_doubt, delete_after, delete_at, actor, changed_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14, $15, $16, 'plan', $17, $17)
         ON CONFLICT DO NOTHING",
        posts.job,
        nominal,
        wanted.account,
        wanted.content,
        wanted.kind,
        wanted.text_key,
        wanted.tags,
        wanted.zone,
        wanted.occurs_at,
        prepare_at,
        wanted.late_within,
        wanted.late_then,
        late_until,
        wanted.in_doubt,
        wanted.delete_after,
        wanted.delete_at,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Brings one existing post in line. What a person cancelled stays cancelled; what left the job file and is back goes on.
async fn change(
    tx: &mut Write,
    post: &Existing,
    wanted: &Wanted,
    posts: &JobPosts,
    now: Timestamp,
    report: &mut Enqueued,
) -> Result<()> {
    let restore = post.state == "cancelled" && post.actor == "plan";
    if !restore && (post.state == "cancelled" || &post.is == wanted) {
        return Ok(());
    }
    if post.state == "claimed" {
        report.busy += 1;
        return Ok(());
    }
    if &post.is != wanted {
        rewrite(tx, post, wanted, posts).await?;
        note(tx, post.id, now, "edit", "plan", &post.is.edit_reason(wanted)).await?;
        report.changed += 1;
    }
    if restore {
        let at = micros(now);
        let done = sqlx::query!(
            "UPDATE post SET state = 'scheduled', event = 'release', actor = 'plan', reason = 'it is back in the job file',
               changed_at = $2
             WHERE id = $1 AND state = 'cancelled'",
            post.id,
            at
        )
        .execute(&mut **tx)
        .await?;
        report.restored += done.rows_affected();
    }
    Ok(())
}

/// Writes the columns that follow the job file. A changed content must be prepared anew and starts with fresh attempts; a
/// changed time moves the due time and the late window with it.
async fn rewrite(tx: &mut Write, post: &Existing, wanted: &Wanted, posts: &JobPosts) -> Result<()> {
    let says_otherwise = post.is.content != wanted.content || post.is.account != wanted.account;
    let timed_otherwise = post.is.occurs_at != wanted.occurs_at;
    let late_otherwise = post.is.late_within != wanted.late_within || post.is.late_then != wanted.late_then;
    let prepare_at = posts.content.needs_preparing().then(|| wanted.occurs_at - span(posts.prepare_ahead));
    let late_until = late_until(posts, instant(wanted.occurs_at)?);
    sqlx::query!(
        "UPDATE post SET account = $2, content = $3, kind = $4, text_key = $5, tags = $6, zone = $7, occurs_at = $8,
           due_at = iif($9, $8, due_at), late_within = $10, late_then = $11,
           late_until_at = iif($9 OR $12, $13, late_until_at), in_doubt = $14, delete_after = $15, delete_at = $16,
           artifact = iif($17, NULL, artifact), artifact_until_at = iif($17, NULL, artifact_until_at),
           prepare_at = iif($17 OR $9, $18, prepare_at),
           prepare_failures = iif($17, 0, prepare_failures), publish_failures = iif($17, 0, publish_failures)
         WHERE id = $1 AND state = $19",
        post.id,
        wanted.account,
        wanted.content,
        wanted.kind,
        wanted.text_key,
        wanted.tags,
        wanted.zone,
        wanted.occurs_at,
        timed_otherwise,
        wanted.late_within,
        wanted.late_then,
        late_otherwise,
        late_until,
        wanted.in_doubt,
        wanted.delete_after,
        wanted.delete_at,
        says_otherwise,
        prepare_at,
        post.state
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn withdraw(tx: &mut Write, post: i64, reason: &str, now: Timestamp) -> Result<u64> {
    let at = micros(now);
    let done = sqlx::query!(
        "UPDATE post SET state = 'cancelled', event = 'cancel', actor = 'plan', reason = $2, changed_at = $3,
           lease_until_at = NULL
         WHERE id = $1 AND state IN ('scheduled', 'claimed', 'held')",
        post,
        reason,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
