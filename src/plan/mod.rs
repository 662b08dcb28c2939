//! Text → plan: the job files of a team, read, checked and turned into one typed value.
//!
//! Pure but for [`files`]: the same texts, images and `now` give the same plan, and `now` only tells which texts are to come,
//! so that they are made and judged ahead. All problems of all files come at once, each with its place and with what to write
//! instead. Nothing here knows the queue, Kakao or the settings.

pub mod content;
pub mod files;
pub mod foreign;
pub mod image;
mod job_file;
pub mod link;
mod load;
pub mod policy;
pub mod schedule;
pub mod schema;
pub mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::schedule::blackout::Blackout;
pub use self::schedule::rule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
pub use self::schedule::zone::TZDB;
use self::text::fields::Filling;
pub use self::text::render::{Said, Sayer};
use self::text::rotation::{Script, TextError, Voice};
use crate::domain::clock::later;
use crate::domain::content::{Content, Image};
use crate::domain::policy::{FallsIn, InDoubt, Late};
use crate::yaml::problem::{Place, Problem, Problems};
pub use load::{Beside, Frozen, Loaded, load, load_each, load_with};

/// What to write instead of a text that a command line takes for a time and that is none; nothing where it cannot be made out.
pub fn time_advice(text: &str) -> Option<String> {
    let (sign, length) = match text.strip_prefix(['+', '-']) {
        Some(length) => (&text[..1], length),
        None => ("", text),
    };
    if let Some(length) = crate::domain::duration::meant(length) {
        return Some(format!("write `{sign}{}`", crate::domain::duration::write(length)));
    }
    match schedule::spelling::date_of(text) {
        Some(date) => Some(format!("write `{date}`")),
        None => schedule::spelling::time_help(text, None).or_else(|| schedule::spelling::date_help(text)),
    }
}

/// The same where a time to come is asked for: a length is one from now on, and a day lacks its time.
pub fn coming_time_advice(text: &str) -> Option<String> {
    match crate::domain::duration::meant(text.strip_prefix(['+', '-']).unwrap_or(text)) {
        Some(length) => Some(format!("write `+{}`", crate::domain::duration::write(length))),
        None => schedule::spelling::time_help(text, None).or_else(|| schedule::spelling::date_help(text)),
    }
}

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
    /// The jobs all of whose times have passed. Whether that is worth a word, whoever asks may know: [`over`](Self::over).
    pub past: Vec<schedule::past::Past>,
}

impl Plan {
    /// The one zone that all jobs share, by its IANA name.
    pub fn zone(&self) -> Option<&str> {
        let mut zones = self.jobs.values().map(|job| job.zone.as_str());
        let first = zones.next()?;
        zones.all(|zone| zone == first).then_some(first)
    }
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
    /// Each occurrence goes out up to this much later, by a length of its own.
    pub jitter: Option<Duration>,
    /// Those of its file.
    pub blackouts: Arc<[Blackout]>,
    /// What. If the text depends on the occurrence, the one here is that of the next: [`content_of`](Self::content_of) tells each.
    pub content: Content,
    /// How the text of each occurrence is made; absent: every one says the same.
    pub script: Option<Script>,
    /// What beside the text depends on the occurrence.
    pub beside: Option<text::fields::Beside>,
    /// The image files, absolute, parallel to the images of the content.
    pub image_files: Vec<PathBuf>,
    /// The images of all occurrences, where they differ, with their files; by the files that were named.
    pub pictures: BTreeMap<PathBuf, (Image, PathBuf)>,
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
    /// The commit of the checkout that its file lies in, if it lies in one.
    pub commit: Option<String>,
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

    /// When an occurrence goes out: after its jitter, and out of the blackouts of its file and `more` of them. `at: now` has no jitter.
    pub fn placed(&self, nominal: &str, at: Timestamp, more: &[Blackout]) -> (Timestamp, Option<FallsIn>) {
        let jitter = self.jitter.filter(|_| nominal != NOMINAL_NOW);
        let at = jitter.map_or(at, |jitter| later(at, schedule::blackout::jitter(&self.name, nominal, jitter)));
        schedule::blackout::place(self.blackouts.iter().chain(more), &self.time_zone, at)
    }

    /// What the post of an occurrence says.
    ///
    /// # Errors
    /// Its text cannot be made. What lies within the next 400 days was made when the plan was loaded, as far as its number is
    /// bounded, so this is for what comes long after.
    pub fn content_of(&self, occurrence: &Occurrence) -> Result<Content, TextError> {
        match self.sayer() {
            Some(mut sayer) => Ok(sayer.say(occurrence)?.content),
            None => Ok(self.content.clone()),
        }
    }

    /// Tells what one occurrence after the other says; `None` when all say the same.
    pub fn sayer(&self) -> Option<Sayer<'_>> {
        let names = (self.name.as_str(), self.account.as_str());
        let filling = self.beside.as_ref().map(|beside| Filling::new(beside, &self.time_zone, names));
        let voice = self.voice();
        (voice.is_some() || filling.is_some()).then_some(Sayer { job: self, voice, filling })
    }

    /// The images of every occurrence, each with its file.
    pub fn all_images(&self) -> impl Iterator<Item = (&Image, &Path)> {
        let own = self.content.images().iter().zip(self.image_files.iter().map(PathBuf::as_path));
        own.chain(self.pictures.values().map(|(image, file)| (image, file.as_path())))
    }

    /// Tells the text of one occurrence after the other; `None` when all say the same.
    pub fn voice(&self) -> Option<Voice<'_>> {
        let script = self.script.as_ref()?;
        Some(Voice::new(script, &self.schedule, &self.time_zone, (&self.name, &self.account)))
    }

    /// Which of its texts the next occurrence says, counted from 1, and how many take turns; nothing where none do, or where a first day
    /// says which is the first.
    pub fn begins_with(&self, now: Timestamp) -> Option<(usize, usize)> {
        let Schedule::Cron(rule) = &self.schedule else { return None };
        let count = self.script.as_ref()?.texts.len();
        if count < 2 || rule.from.is_some() {
            return None;
        }
        let next = self.occurrences(now, Timestamp::MAX, 1);
        Some((self.voice()?.index(next.first()?) + 1, count))
    }

    /// All entries of `at`, however far away, `now` first; none for `cron`.
    pub fn one_offs(&self) -> &[AtTime] {
        match &self.schedule {
            Schedule::Once(times) => times,
            Schedule::Cron(_) => &[],
        }
    }
}

impl Plan {
    /// The commit that all its files were checked out from, if it is one.
    pub fn commit(&self) -> Option<&str> {
        let mut commits = self.jobs.values().map(|job| job.commit.as_deref());
        let first = commits.next()??;
        commits.all(|commit| commit == Some(first)).then_some(first)
    }

    /// The plan, unless its patterns make more than `most` posts until then: then the problem that says so.
    ///
    /// # Errors
    /// They do.
    pub fn at_most(self, most: u32, now: Timestamp, until: Timestamp) -> Result<Self, Problems> {
        match schedule::count::too_many(&self, now, until, usize::try_from(most).unwrap_or(usize::MAX)) {
            None => Ok(self),
            Some(problem) => Err(Problems::new(std::iter::once(problem).chain(self.warnings).collect(), self.watch)),
        }
    }

    /// The warnings that depend on what time it is: a pattern that names days of the month and weekdays, with the next days on which it
    /// posts, and one whose end has passed.
    fn warnings_at(&self, now: Timestamp) -> Vec<Problem> {
        let both = self.jobs.values().filter_map(|job| {
            let Schedule::Cron(rule) = &job.schedule else { return None };
            let problem = rule.both_days.as_deref()?.clone();
            let mut days: Vec<String> = Vec::new();
            for one in job.occurrences(now, Timestamp::MAX, DATES_LOOKED_AT) {
                let day = job.time_zone.to_datetime(one.at).strftime("%a %Y-%m-%d").to_string();
                if days.last() != Some(&day) && days.len() < DATES_SHOWN {
                    days.push(day);
                }
            }
            match days.is_empty() {
                true => Some(problem),
                false => Some(problem.help(format!("the next days are {}", days.join(", ")))),
            }
        });
        let over = self.jobs.values().filter_map(|job| {
            let Schedule::Cron(rule) = &job.schedule else { return None };
            let problem = rule.over.as_deref()?;
            job.occurrences(now, Timestamp::MAX, 1).is_empty().then(|| problem.clone())
        });
        both.chain(over).chain(schedule::count::many_a_day(&self.jobs, now)).collect()
    }
}

/// How many of the next days a warning names.
const DATES_SHOWN: usize = 5;
/// How many occurrences are looked at for them. A pattern may post each minute of a day.
const DATES_LOOKED_AT: usize = DATES_SHOWN * 1_440;
