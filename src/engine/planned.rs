//! What a plan wants in the queue: its occurrences with everything that their posts need. The one way from a plan to the queue, for the
//! deed that enqueues and for whoever shows what it would do.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::report::Result;
use super::rules::Rules;
use crate::domain::clock::{earlier, later};
use crate::domain::policy::BlackoutThen;
use crate::plan::schedule::rule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
use crate::plan::{DeleteRule, Job, Plan, Rendered, TZDB};
use crate::store::Store;
use crate::store::queue::{JobPosts, KnownJob, MissingText, NewPost, PostChange, compare};

/// Most occurrences of one job that are looked at in one round. More than a post a minute over the longest horizon.
const OCCURRENCES_MAX: usize = 100_000;

/// So many occurrences are found without a look whether others have something to do.
const AT_ONCE: usize = 1_000;

/// Most occurrences that are held at the same time, beside those of one job that has more by itself.
const HELD_MAX: usize = 20_000;
/// Most jobs, and occurrences of theirs, that are handed over at once.
const HANDED_MAX: (usize, usize) = (1_000, 2_000);

/// What the jobs of a plan want, batch by batch in the order of their first times, so that a plan of any size takes little memory: a
/// job whose occurrences do not fit is found once more when its turn comes.
pub(crate) struct PlannedOccurrences<'a> {
    known: HashMap<String, KnownJob>,
    rules: &'a Rules,
    now: Timestamp,
    /// From the last to the first.
    jobs: Vec<(&'a Job, Option<JobPosts>)>,
}

impl<'a> PlannedOccurrences<'a> {
    /// Finds the order of the jobs.
    pub(super) async fn of(store: &Store, plan: &'a Plan, rules: &'a Rules, now: Timestamp) -> Result<Self> {
        let names: Vec<&str> = plan.jobs.values().filter(asks).map(|job| job.name.as_str()).collect();
        let known = store.known_jobs(&names).await?;
        let (mut jobs, mut held, mut found) = (Vec::with_capacity(plan.jobs.len()), 0, 0);
        for job in as_written(plan) {
            if store.is_told_to_stop() {
                break;
            }
            // Of a job with many occurrences the first ones tell its place, and it is found whole when its turn comes.
            let posts = posts_up_to(job, known.get(&job.name).copied(), rules, now, HANDED_MAX.1);
            let (first, count) = (first_new(&posts), posts.occurrences.len().max(1));
            let fits = count < HANDED_MAX.1 && held + count <= HELD_MAX;
            held += if fits { count } else { 0 };
            jobs.push((first, job, fits.then_some(posts)));
            found += count;
            // A plan of a hundred thousand jobs takes a while: whoever else has something to do goes first.
            if found >= AT_ONCE {
                found = 0;
                tokio::task::yield_now().await;
            }
        }
        // So that the numbers of new posts rise with their times as far as whole jobs can.
        jobs.sort_by_key(|(first, ..)| *first);
        let jobs = jobs.into_iter().rev().map(|(_, job, posts)| (job, posts)).collect();
        Ok(Self { known, rules, now, jobs })
    }

    /// The next ones; none at the end.
    pub(super) fn next(&mut self) -> Vec<JobPosts> {
        let (mut batch, mut occurrences) = (Vec::new(), 0);
        while batch.len() < HANDED_MAX.0 && occurrences < HANDED_MAX.1 {
            let Some((job, held)) = self.jobs.pop() else { break };
            let known = self.known.get(&job.name).copied();
            let posts = held.unwrap_or_else(|| posts(job, known, self.rules, self.now));
            occurrences += posts.occurrences.len();
            batch.push(posts);
        }
        batch
    }
}
/// Longest that a post which is new to the queue may be late without being held: a day of downtime, in which the job files changed.
const NEW_LATE_MAX: Duration = Duration::from_secs(86_400);

/// What every job of the plan wants in this queue; without one, in a queue that never saw any of them.
pub async fn wanted(store: Option<&Store>, plan: &Plan, rules: &Rules, now: Timestamp) -> Result<Vec<JobPosts>> {
    let known = match store {
        Some(store) => {
            store.known_jobs(&plan.jobs.values().filter(asks).map(|job| job.name.as_str()).collect::<Vec<_>>()).await?
        }
        None => HashMap::new(),
    };
    let (mut wanted, mut found) = (Vec::with_capacity(plan.jobs.len()), 0);
    for job in as_written(plan) {
        let posts = posts(job, known.get(&job.name).copied(), rules, now);
        found += posts.occurrences.len();
        wanted.push(posts);
        // A plan of a hundred thousand jobs takes a while: whoever else has something to do goes first.
        if found >= AT_ONCE {
            found = 0;
            tokio::task::yield_now().await;
        }
    }
    // In the order of their times, so that the numbers of new posts rise with them as far as whole jobs can.
    wanted.sort_by_cached_key(first_new);
    Ok(wanted)
}

/// Whether it takes what the queue knows of a job to say what the job wants.
fn asks(job: &&Job) -> bool {
    match &job.schedule {
        Schedule::Once(times) => times.contains(&AtTime::Now),
        Schedule::Cron(_) => true,
    }
}

/// The jobs in the order in which the files have them, so that posts of the same instant are numbered, and go out, in that order.
fn as_written(plan: &Plan) -> Vec<&Job> {
    let mut jobs: Vec<&Job> = plan.jobs.values().collect();
    jobs.sort_by_key(|job| (job.place.file.as_os_str(), job.place.line, job.place.column));
    jobs
}

/// When the first of the occurrences that may be added appears.
fn first_new(posts: &JobPosts) -> Timestamp {
    let new = posts.occurrences.iter().filter(|occurrence| occurrence.nominal_at > posts.add_after);
    new.map(|occurrence| occurrence.occurs_at).min().unwrap_or(Timestamp::MAX)
}

/// What enqueueing would do, and which occurrences it would leave out because they have no text.
pub type Preview = (Vec<PostChange>, Vec<MissingText>);

/// What enqueueing the plan would do now, and what it would leave as it is. Nothing is written, and no image is taken over.
pub async fn preview(store: Option<&Store>, plan: &Plan, rules: &Rules, now: Timestamp) -> Result<Preview> {
    let wanted = wanted(store, plan, rules, now).await?;
    let changes = match store {
        Some(store) => store.preview(&wanted, &names(plan), now).await,
        None => compare(&[], &wanted, now),
    };
    Ok((changes?, unmade(&wanted)))
}

/// What enqueueing `new` would do in a queue that holds what `old` wants, and nothing else.
pub fn between_plans(old: &Plan, new: &Plan, rules: &Rules, now: Timestamp) -> Result<Preview> {
    let wanted =
        |plan: &Plan| -> Vec<JobPosts> { plan.jobs.values().map(|job| posts(job, None, rules, now)).collect() };
    let new = wanted(new);
    Ok((compare(&wanted(old), &new, now)?, unmade(&new)))
}

/// The occurrences that have no text, of all jobs.
pub(super) fn unmade(wanted: &[JobPosts]) -> Vec<MissingText> {
    wanted.iter().flat_map(|posts| posts.unmade.iter().cloned()).collect()
}

/// The names of all jobs: whichever else the queue knows has left the files.
pub(super) fn names(plan: &Plan) -> Vec<&str> {
    plan.jobs.keys().map(String::as_str).collect()
}

/// What the plan says of a job, in the queue's terms. An occurrence whose text cannot be made is left out and named: that can only be one that
/// lies beyond the texts that loading makes. The job is asked for it again until the file is mended.
pub fn posts(job: &Job, known: Option<KnownJob>, rules: &Rules, now: Timestamp) -> JobPosts {
    posts_up_to(job, known, rules, now, OCCURRENCES_MAX)
}

/// The same with at most so many occurrences of a pattern.
fn posts_up_to(job: &Job, known: Option<KnownJob>, rules: &Rules, now: Timestamp, most: usize) -> JobPosts {
    let until = later(now, rules.horizon);
    let (found, add_after) = match &job.schedule {
        Schedule::Once(times) => (one_offs(times, known, now), Timestamp::MIN),
        Schedule::Cron(_) => {
            // What downtime skipped lies between the watermark and now. A job that is new starts with what comes.
            let add_after = known.map_or(now, |known| known.enqueued_until.min(now));
            // Posts that still wait from before keep their place as long as the schedule names them.
            let first = known
                .and_then(|known| known.first_waiting)
                .map_or(add_after, |at| add_after.min(earlier(at, Duration::from_micros(1))));
            (job.occurrences(first, until, most), add_after)
        }
    };
    let (delete_after, delete_at) = match &job.delete {
        Some(DeleteRule::After(after)) => (Some(*after), None),
        Some(DeleteRule::At(at)) => (None, Some(*at)),
        None => (None, None),
    };
    // A pattern asks for nothing of the past when it is new; what downtime skipped follows the late policy.
    let stale_before = match &job.schedule {
        Schedule::Once(_) => earlier(now, NEW_LATE_MAX),
        Schedule::Cron(_) => Timestamp::MIN,
    };
    let mut sayer = job.sayer();
    let (mut occurrences, mut unmade, mut complete_until) = (Vec::with_capacity(found.len()), Vec::new(), until);
    for occurrence in found {
        match sayer.as_mut().map(|sayer| sayer.say(&occurrence)).transpose() {
            Ok(said) => {
                let post = new_post(job, occurrence, said, rules);
                let stale = (post.occurs_at < stale_before).then(|| stale(&post, job));
                occurrences.push(NewPost { stale, ..post });
            }
            Err(error) => {
                complete_until = complete_until.min(earlier(occurrence.at, Duration::from_micros(1)));
                let (job, nominal, why) = (job.name.clone(), occurrence.nominal, error.to_string());
                unmade.push(MissingText { job, nominal, why });
            }
        }
    }
    JobPosts {
        job: job.name.clone(),
        source: format!("{}:{}:{}", job.place.file.display(), job.place.line, job.place.column),
        commit: job.commit.clone(),
        account: job.account.clone(),
        content: job.content.clone(),
        tags: job.tags.clone(),
        zone: job.zone.clone(),
        tzdb: TZDB.to_owned(),
        late: job.late.unwrap_or(rules.late),
        in_doubt: job.in_doubt.or_else(|| rules.in_doubt_of.get(&job.account).copied()).unwrap_or(rules.in_doubt),
        delete_after,
        delete_at,
        prepare_ahead: rules.prepare_ahead,
        occurrences,
        add_after,
        complete_until,
        unmade,
    }
}

fn new_post(job: &Job, occurrence: Occurrence, said: Option<Rendered>, rules: &Rules) -> NewPost {
    let Occurrence { nominal, at: nominal_at, .. } = occurrence;
    let (occurs_at, mut falls_in) = job.placed(&nominal, nominal_at, &rules.blackouts);
    // Posted and taken down in one breath is nobody's wish: a person decides.
    if let (Some(DeleteRule::At(delete_at)), Some(falls_in)) = (&job.delete, &mut falls_in)
        && occurs_at >= *delete_at
        && falls_in.then == BlackoutThen::Move
    {
        falls_in.then = BlackoutThen::Hold;
        falls_in.reason.push_str(" (and it lasts beyond `delete_at`)");
    }
    let (content, tags) = said.map_or((None, None), |said| (Some(said.content), said.tags));
    NewPost { nominal, nominal_at, occurs_at, falls_in, stale: None, content, tags }
}

/// What is said of a post whose time had passed long before it came into the queue.
fn stale(post: &NewPost, job: &Job) -> String {
    let shown = job.time_zone.to_datetime(post.occurs_at).strftime("%Y-%m-%d %H:%M");
    format!(
        "its time, {shown}, had passed long before it came into the queue: correct the year in the job file if more is to come, \
         release it to post it all the same, or cancel it"
    )
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
