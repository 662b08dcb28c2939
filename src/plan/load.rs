//! From folders and files to the plan. Each file stands for itself: one that is broken keeps its own jobs out, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::content::{self, RawContent};
use super::files;
use super::files::images::{ImageFacts, ImageTrouble};
use super::job::Job;
use super::job_file::{self, Draft, FileDraft};
use super::jobs::Plan;
use super::schedule::count;
use crate::domain::content::Content;
use crate::yaml::mapping::{Placed, Report};
use crate::yaml::nearest::nearest;
use crate::yaml::problem::{self, Code, Place, Problems, Source};

/// What is read beside the files that are named.
#[derive(Clone, Debug, Default)]
pub struct LoadInputs {
    /// Texts that lie in no file.
    pub texts: Vec<Arc<Source>>,
    /// Folders whose images may be posted, beside those of the job files.
    pub image_dirs: Vec<PathBuf>,
    /// The accounts that there are; none where nobody knows.
    pub accounts: BTreeSet<String>,
}

/// What was read: the jobs of every file that is in order, and what is wrong with the others.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Of the files that are in order. Its warnings are those of all files.
    pub plan: Plan,
    /// Every problem, if any file has an error.
    pub broken: Option<Problems>,
    /// The files whose jobs are not in the plan because they cannot be read.
    pub frozen: Vec<Frozen>,
}

impl Loaded {
    /// The same without the files whose patterns make more than `most` posts until then: they stay as they were. The densest one goes
    /// first.
    #[must_use]
    pub fn at_most(mut self, most: u32, now: Timestamp, until: Timestamp) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        while let Some(problem) = count::too_many(&self.plan.jobs, now, until, most) {
            let path = problem.file().to_owned();
            self.plan.files.retain(|file| *file != path);
            self.plan.jobs.retain(|_, job| job.place.file != path);
            self.frozen.push(Frozen { path, text: None });
            let list = self.broken.iter().flat_map(|problems| problems.list().iter().cloned());
            let list = list.chain(std::iter::once(problem)).collect();
            self.broken = Some(Problems::new(list, self.plan.watch.clone()));
        }
        self
    }
}

/// A file, or a folder, that cannot be read: what its jobs are now is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// As it was named or found.
    pub path: PathBuf,
    /// What was read of it.
    pub text: Option<Arc<Source>>,
}

impl Frozen {
    /// Whether a job that stood in `file` when it was last read belongs to it.
    pub fn covers(&self, file: &Path) -> bool {
        file.starts_with(&self.path)
    }

    /// Whether its text names a job: one that was moved into it.
    pub fn names(&self, job: &str) -> bool {
        let Some(text) = self.text.as_ref().map(|source| source.text()) else { return false };
        let is_key = |line: &str| {
            let rest = line.trim_start().trim_start_matches(['"', '\'']).strip_prefix(job)?;
            rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':').then_some(())
        };
        text.lines().any(|line| is_key(line).is_some())
    }
}

/// Reads job files and folders of them. Either everything is in order and there is a plan, or nothing is loaded and all
/// problems come back. `now` tells which occurrences are to come.
pub fn load(paths: &[PathBuf], now: Timestamp) -> Result<Plan, Problems> {
    load_with(paths, &LoadInputs::default(), now)
}

/// [`load`], and what is read beside the files.
pub fn load_with(paths: &[PathBuf], beside: &LoadInputs, now: Timestamp) -> Result<Plan, Problems> {
    let loaded = load_each(paths, beside, now);
    loaded.broken.map_or(Ok(loaded.plan), Err)
}

/// Reads each file for itself.
pub fn load_each(paths: &[PathBuf], beside: &LoadInputs, now: Timestamp) -> Loaded {
    let mut gathered = files::gather(paths);
    for text in &beside.texts {
        gathered.take_text(text);
    }
    let mut drafts: Vec<FileDraft> = gathered.sources.iter().map(|source| job_file::read(source, now)).collect();
    same_names(&mut drafts);
    let shapes = drafts.iter().flat_map(|file| file.jobs.iter().map(|job| &job.shape).chain(&file.loose));
    let filled = drafts.iter().flat_map(|file| &file.jobs).flat_map(filled_images);
    let names = shapes.flat_map(wanted_images).chain(filled).collect::<BTreeSet<_>>();
    let facts = files::images(names, &gathered.roots(&beside.image_dirs));

    let mut plan = Plan::default();
    let mut problems = gathered.problems;
    let mut frozen: Vec<Frozen> = gathered.unread.into_iter().map(|path| Frozen { path, text: None }).collect();
    for FileDraft { jobs, blackouts, past, loose, mut report, .. } in drafts {
        accounts(&beside.accounts, &mut report);
        let commit = files::commit(report.source.dir());
        let mut read = Vec::new();
        for draft in jobs {
            if let Some(job) = whole(draft, &facts, &mut report) {
                read.push(Job { blackouts: Arc::clone(&blackouts), commit: commit.clone(), ..job });
            }
        }
        for shape in loose {
            // Its images, whatever else is wrong with the job.
            let _checked = content::finish(shape, None, &facts, &mut report);
        }
        let path = report.source.path().to_owned();
        if report.problems.iter().any(|problem| problem.severity().is_error()) {
            frozen.push(Frozen { path, text: Some(Arc::clone(&report.source)) });
        } else {
            plan.files.push(path);
            plan.past.extend(past);
            plan.jobs.extend(read.into_iter().map(|job| (job.name.clone(), job)));
        }
        problems.append(&mut report.problems);
    }
    let found = facts.values().filter_map(|facts| facts.as_ref().ok()).map(|facts| facts.file.clone());
    let found: BTreeSet<PathBuf> = found.filter(|file| !facts.contains_key(file)).collect();
    plan.watch = gathered.watch.into_iter().chain(facts.into_keys()).chain(found).collect();
    let broken = problems.iter().any(|problem| problem.severity().is_error());
    let broken = broken.then(|| Problems::new(problems.clone(), plan.watch.clone()));
    problems.retain(|problem| !problem.severity().is_error());
    problems.extend(plan.warnings_at(now));
    plan.warnings = problem::in_order(problems);
    Loaded { plan, broken, frozen }
}

fn whole(
    draft: Draft,
    facts: &BTreeMap<PathBuf, Result<ImageFacts, ImageTrouble>>,
    report: &mut Report,
) -> Option<Job> {
    let Draft { name, account, zone, schedule, mut shape, text, script, beside, mut shared, delete, .. } = draft;
    let mut pictures = BTreeMap::new();
    let beside = match beside {
        Some((beside, rehearsed)) => {
            pictures = rehearsed.pictures(facts, report)?;
            rehearsed.set(&mut shape, &mut shared);
            Some(beside)
        }
        None => None,
    };
    let (body, image_files) = content::finish(shape, text, facts, report)?;
    let content = Content {
        body,
        permission: shared.permission.unwrap_or_default(),
        enable_share: shared.enable_share,
        app: shared.app,
    };
    Some(Job {
        place: report.source.place(name.span.start),
        name: name.value,
        account,
        zone: zone.name,
        time_zone: zone.zone,
        schedule,
        jitter: shared.jitter,
        blackouts: Arc::default(),
        content,
        script,
        beside,
        image_files,
        pictures,
        late: shared.late,
        delete,
        in_doubt: shared.in_doubt,
        tags: shared.tags.unwrap_or_default(),
        commit: None,
    })
}

/// Accounts that nobody has: their posts would wait for ever.
fn accounts(known: &BTreeSet<String>, report: &mut Report) {
    if known.is_empty() {
        return;
    }
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    for Placed { value, span } in std::mem::take(&mut report.accounts) {
        if known.contains(&value) {
            continue;
        }
        let note = report.add(Code::NoSuchAccount, &span, format!("the settings have no account `{value}`"));
        match nearest(&value, &names) {
            Some(near) => note.help(format!("did you mean `{near}`?")),
            None => {
                note.help(format!("they have {}; add it under `accounts` in storyd.yaml if it is new", listed(&names)))
            }
        };
    }
}

/// Most names that are listed.
const LISTED_MAX: usize = 5;

fn listed(names: &[&str]) -> String {
    let told: Vec<String> = names.iter().take(LISTED_MAX).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(LISTED_MAX);
    if more == 0 { told.join(", ") } else { format!("{} and {more} more", told.join(", ")) }
}

fn wanted_images(shape: &RawContent) -> impl Iterator<Item = PathBuf> {
    let images = if let RawContent::Photo { images, .. } = shape { images.as_slice() } else { &[] };
    images.iter().map(|image| image.value.clone())
}

/// The images of all occurrences, where they differ.
fn filled_images(job: &Draft) -> impl Iterator<Item = PathBuf> {
    job.beside.iter().flat_map(|(_, rehearsed)| rehearsed.lists.iter().flatten()).cloned()
}

/// Names are unique over all files; within one file the keys have been compared already.
fn same_names(files: &mut [FileDraft]) {
    let mut first: BTreeMap<String, Place> = BTreeMap::new();
    let mut lower: BTreeMap<String, (String, Place)> = BTreeMap::new();
    for FileDraft { names, report, .. } in files {
        for (name, span) in names {
            let place = report.source.place(span.start);
            match lower.get(&name.to_lowercase()) {
                Some((other, there)) if other != name => {
                    let message =
                        format!("`{name}` and `{other}` differ only in upper and lower case: they are two jobs");
                    report
                        .add(Code::NearlyAlike, span, message)
                        .also_at(there.clone())
                        .help("if they are one, delete one of them; else give one of them a name that is told apart");
                }
                Some(_) => {}
                None => drop(lower.insert(name.to_lowercase(), (name.clone(), place.clone()))),
            }
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
