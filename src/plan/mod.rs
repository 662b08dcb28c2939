//! Text → plan: the job files of a team, read, checked and turned into one typed value.
//!
//! Pure but for [`source`]: the same texts and images give the same plan, whatever the time. All problems of all files come at
//! once, each with its place and with what to write instead. Nothing here knows the queue, Kakao or the settings.

mod code;
pub mod content;
pub mod duration;
pub mod fields;
pub mod file;
mod job;
pub mod name;
mod place;
pub mod policy;
pub mod problem;
pub mod schedule;
pub mod source;
mod syntax;
mod timing;
mod when;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::content::Content;
use crate::domain::policy::{InDoubt, Late};
use content::Wanted;
use job::{Draft, FileDraft};
use problem::{Code, Place, Problem, Problems, Severity};
pub use schedule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};

/// The typed, validated whole of the job files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// By name.
    pub jobs: BTreeMap<String, Job>,
    /// The job files, in the order in which they were read.
    pub files: Vec<PathBuf>,
    /// Every file and folder whose change matters: the given paths, the job files, the images.
    pub watch: Vec<PathBuf>,
    /// What a person should look at; it does not stop the loading.
    pub warnings: Vec<Problem>,
}

/// One named entry of a job file: what to post, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Unique over all files, in Unicode's composed form.
    pub name: String,
    /// The account that posts it. Whether the settings know it is not checked here.
    pub account: String,
    /// The IANA name of the zone that the schedule is read in.
    pub zone: String,
    /// The zone itself.
    pub time_zone: TimeZone,
    /// When.
    pub schedule: Schedule,
    /// What.
    pub content: Content,
    /// The image files, absolute, parallel to the images of the content.
    pub image_files: Vec<PathBuf>,
    /// What happens when it is late; absent: what the settings say.
    pub late: Option<Late>,
    /// When its stories are taken down; absent: never.
    pub delete: Option<DeleteRule>,
    /// What becomes of a post whose absence was proved; absent: what the settings say.
    pub in_doubt: Option<InDoubt>,
    /// Words to pause and filter by.
    pub tags: Vec<String>,
    /// Where its name stands.
    pub place: Place,
}

/// When a job's stories are taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteRule {
    /// This long after each story was published.
    After(Duration),
    /// All at this instant.
    At(Timestamp),
}

impl Job {
    /// The occurrences with `after < at ≤ until`, in the order of time, at most `limit`: of `cron`, and those of `at` that have
    /// a fixed time. `at: now` has no time until it is enqueued and is only in [`one_offs`](Self::one_offs). A rare pattern is
    /// searched for up to fifty years.
    pub fn occurrences(&self, after: Timestamp, until: Timestamp, limit: usize) -> Vec<Occurrence> {
        match &self.schedule {
            Schedule::Cron(rule) => rule.occurrences(&self.time_zone, after, until, limit),
            Schedule::Once(times) => {
                let fixed = times.iter().filter_map(|time| match time {
                    AtTime::Fixed(occurrence) => Some(occurrence),
                    AtTime::Now => None,
                });
                fixed.filter(|one| after < one.at && one.at <= until).take(limit).cloned().collect()
            }
        }
    }

    /// All entries of `at`, however far away, `now` first; none for `cron`.
    pub fn one_offs(&self) -> &[AtTime] {
        match &self.schedule {
            Schedule::Once(times) => times,
            Schedule::Cron(_) => &[],
        }
    }
}

/// Reads job files and folders of them. Either everything is in order and there is a plan, or nothing is loaded and all
/// problems come back.
pub fn load(paths: &[PathBuf]) -> Result<Plan, Problems> {
    build(source::gather(paths))
}

/// Reads the text of a job file that lies nowhere, by the same rules; `name` stands for it in reports, and images are relative to
/// `dir`.
pub fn load_text(name: &str, dir: &Path, text: &str) -> Result<Plan, Problems> {
    let source = Arc::new(problem::Source::new(Path::new(name), dir, text));
    build(source::Gathered { sources: vec![source], ..source::Gathered::default() })
}

fn build(gathered: source::Gathered) -> Result<Plan, Problems> {
    let mut drafts: Vec<FileDraft> = gathered.sources.iter().map(job::read).collect();
    same_names(&mut drafts);
    let names = drafts.iter().flat_map(|file| &file.jobs).flat_map(|job| wanted_images(&job.wanted));
    let facts = source::images(names.collect::<BTreeSet<_>>());

    let mut plan =
        Plan { files: gathered.sources.iter().map(|source| source.path().to_owned()).collect(), ..Plan::default() };
    let mut problems = gathered.problems;
    for FileDraft { jobs, mut report, .. } in drafts {
        for draft in jobs {
            let Draft { name, account, zone, schedule, wanted, shared, delete } = draft;
            let Some((body, image_files)) = content::finish(wanted, &facts, &mut report) else { continue };
            let content = Content {
                body,
                permission: shared.permission.unwrap_or_default(),
                enable_share: shared.enable_share,
                app: shared.app,
            };
            let place = report.source.place(name.span.start);
            let job = Job {
                name: name.value.clone(),
                account,
                zone: zone.name,
                time_zone: zone.zone,
                schedule,
                content,
                image_files,
                late: shared.late,
                delete,
                in_doubt: shared.in_doubt,
                tags: shared.tags.unwrap_or_default(),
                place,
            };
            plan.jobs.insert(name.value, job);
        }
        problems.append(&mut report.problems);
    }
    let watch: Vec<PathBuf> = gathered.watch.into_iter().chain(facts.into_keys()).collect();
    if problems.iter().any(|problem| problem.severity() == Severity::Error) {
        return Err(Problems::new(problems, watch));
    }
    plan.watch = watch;
    plan.warnings = problem::in_order(problems);
    Ok(plan)
}

fn wanted_images(wanted: &Wanted) -> impl Iterator<Item = PathBuf> {
    let images = if let Wanted::Photo { images, .. } = wanted { images.as_slice() } else { &[] };
    images.iter().map(|image| image.value.clone())
}

/// Names are unique over all files; within one file the keys have been compared already.
fn same_names(files: &mut [FileDraft]) {
    let mut first: BTreeMap<String, Place> = BTreeMap::new();
    for FileDraft { names, report, .. } in files {
        for (name, span) in names {
            let place = report.source.place(span.start);
            if let Some(other) = first.get(name) {
                report
                    .add(Code::DuplicateJob, span, format!("another file has a job `{name}` too"))
                    .also_at(other.clone())
                    .help("give one of them another name");
            } else {
                first.insert(name.clone(), place);
            }
        }
    }
}
