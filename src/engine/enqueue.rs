//! From the plan to the queue: occurrences become posts, changes reach what still waits, what left the job files is withdrawn.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Ctx, Result, Rules};
use crate::domain::clock::{earlier, later};
use crate::plan::schedule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
use crate::plan::script::TextError;
use crate::plan::{DeleteRule, Job, Plan};
use crate::store::StoreError;
use crate::store::queue::{Enqueued, JobPosts, KnownJob, NewPost};

/// Most occurrences of one job that are looked at in one round. More than a post a minute over the longest horizon.
const OCCURRENCES_MAX: usize = 100_000;

/// Brings the queue in line with the plan in force. Without a plan nothing is touched.
pub async fn run_once(ctx: &Ctx) -> Result<Enqueued> {
    let (Some(plan), _) = ctx.plan.get() else { return Ok(Enqueued::default()) };
    let now = ctx.clock.now();
    take_images(ctx, &plan).await?;
    let mut report = Enqueued::default();
    let names: Vec<&str> = plan.jobs.keys().map(String::as_str).collect();
    report.cancelled += ctx.store.cancel_gone_jobs(&names, now).await?;
    let accounts: BTreeSet<&str> = plan.jobs.values().map(|job| job.account.as_str()).collect();
    for account in accounts {
        let pace = ctx.rules.pace_of.get(account).copied().unwrap_or(ctx.rules.pace);
        ctx.store.set_pace(account, pace).await?;
    }
    let mut jobs = Vec::with_capacity(plan.jobs.len());
    for job in plan.jobs.values() {
        let known = ctx.store.known_job(&job.name).await?;
        match posts(&ctx.rules, job, known, now) {
            Ok(posts) => jobs.push(posts),
            // Only for what lies beyond the texts that loading makes. What is in the queue stays, until the file is mended.
            Err(error) => tracing::error!(job.name = %job.name, "no more posts of this job are enqueued: {error}"),
        }
    }
    // In the order of their times, so that the numbers of new posts rise with them as far as whole jobs can.
    jobs.sort_by_cached_key(first_new);
    for posts in &jobs {
        report += ctx.store.enqueue(posts, now).await?;
    }
    Ok(report)
}

/// When the first of the occurrences that may be added appears.
fn first_new(posts: &JobPosts) -> Timestamp {
    let new = posts.occurrences.iter().map(|occurrence| occurrence.occurs_at).filter(|at| *at > posts.add_after);
    new.min().unwrap_or(Timestamp::MAX)
}

/// Takes over the bytes of every image before a post can refer to them.
async fn take_images(ctx: &Ctx, plan: &std::sync::Arc<Plan>) -> Result<()> {
    let (media, plan) = (ctx.store.media().clone(), plan.clone());
    let take = move || -> Result<()> {
        for job in plan.jobs.values() {
            for (image, file) in job.content.images().iter().zip(&job.image_files) {
                media.take(image, file)?;
            }
        }
        Ok(())
    };
    tokio::task::spawn_blocking(take)
        .await
        .unwrap_or_else(|_| Err(StoreError::Nonsense { what: "images whose reading was interrupted".into() }))
}

/// What the plan says of a job, in the queue's terms.
///
/// # Errors
/// A text that lies beyond those that loading made cannot be made.
pub fn posts(
    rules: &Rules,
    job: &Job,
    known: Option<KnownJob>,
    now: Timestamp,
) -> std::result::Result<JobPosts, TextError> {
    let until = later(now, rules.horizon);
    let (occurrences, add_after) = match &job.schedule {
        Schedule::Once(times) => (new_posts(job, one_offs(times, known, now))?, Timestamp::MIN),
        Schedule::Cron(_) => {
            // What downtime skipped lies between the watermark and now. A job that is new starts with what comes.
            let add_after = known.map_or(now, |known| known.enqueued_until.min(now));
            // Posts that still wait from before keep their place as long as the schedule names them.
            let first = known
                .and_then(|known| known.first_waiting)
                .map_or(add_after, |at| add_after.min(earlier(at, std::time::Duration::from_micros(1))));
            let found = job.occurrences(first, until, OCCURRENCES_MAX);
            (new_posts(job, found)?, add_after)
        }
    };
    let (delete_after, delete_at) = match &job.delete {
        Some(DeleteRule::After(after)) => (Some(*after), None),
        Some(DeleteRule::At(at)) => (None, Some(*at)),
        None => (None, None),
    };
    Ok(JobPosts {
        job: job.name.clone(),
        source: format!("{}:{}:{}", job.place.file.display(), job.place.line, job.place.column),
        account: job.account.clone(),
        content: job.content.clone(),
        tags: job.tags.clone(),
        zone: job.zone.clone(),
        late: job.late.unwrap_or(rules.late),
        in_doubt: job.in_doubt.or_else(|| rules.in_doubt_of.get(&job.account).copied()).unwrap_or(rules.in_doubt),
        delete_after,
        delete_at,
        prepare_ahead: rules.prepare_ahead,
        occurrences,
        add_after,
        complete_until: until,
    })
}

/// The occurrences with their texts, where these differ.
fn new_posts(job: &Job, occurrences: Vec<Occurrence>) -> std::result::Result<Vec<NewPost>, TextError> {
    let mut voice = job.voice();
    let posts = occurrences.into_iter().map(|occurrence| {
        let text = voice.as_mut().map(|voice| voice.text(&occurrence)).transpose()?;
        Ok(NewPost { nominal: occurrence.nominal, occurs_at: occurrence.at, text })
    });
    posts.collect()
}

/// Every time of an `at`, past ones too: the late policy decides about those. `now` is the moment at which the job was first
/// seen, and stays that.
fn one_offs(times: &[AtTime], known: Option<KnownJob>, now: Timestamp) -> Vec<Occurrence> {
    times
        .iter()
        .map(|time| match time {
            AtTime::Now => Occurrence {
                nominal: NOMINAL_NOW.into(),
                at: known.and_then(|known| known.now_post).unwrap_or(now),
                shifted: false,
            },
            AtTime::Fixed(occurrence) => occurrence.clone(),
        })
        .collect()
}
