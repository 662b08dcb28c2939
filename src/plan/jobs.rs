//! The plan: the jobs of all files, how many posts they make, and what a person should look at.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::job::Job;
use super::schedule::count;
use super::schedule::past::Past;
use super::schedule::rule::Schedule;
use crate::domain::clock::later;
use crate::yaml::problem::{Code, Problem, Problems};

/// A line that was written so long after its last time was written for another one.
const WRITTEN_AFTER: Duration = Duration::from_secs(30 * 86_400);
/// Without a checkout: whoever mistypes a year writes the one before, a few months ahead of the time that was meant.
const FAR_BACK: Duration = Duration::from_secs(180 * 86_400);
/// So many jobs of one file are told one by one; more of them are a record of old posts, and told once.
const EACH_MAX: usize = 3;

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
    pub past: Vec<Past>,
}

impl Plan {
    /// The one zone that all jobs share, by its IANA name.
    pub fn zone(&self) -> Option<&str> {
        let mut zones = self.jobs.values().map(|job| job.zone.as_str());
        let first = zones.next()?;
        zones.all(|zone| zone == first).then_some(first)
    }

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
        match count::too_many(&self.jobs, now, until, usize::try_from(most).unwrap_or(usize::MAX)) {
            None => Ok(self),
            Some(problem) => Err(Problems::new(std::iter::once(problem).chain(self.warnings).collect(), self.watch)),
        }
    }

    /// The warnings that depend on what time it is: a pattern that names days of the month and weekdays, with the next days on which it
    /// posts, and one whose end has passed.
    pub(super) fn warnings_at(&self, now: Timestamp) -> Vec<Problem> {
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
        both.chain(over).chain(count::many_a_day(&self.jobs, now)).collect()
    }

    /// The warnings of jobs all of whose times have passed, as far as they look like a slip. `written` tells when the line of a job was
    /// written, where that is known.
    pub fn over(&self, now: Timestamp, written: impl Fn(&Past) -> Option<Timestamp>) -> Vec<Problem> {
        let mut by_file: BTreeMap<&PathBuf, Vec<&Past>> = BTreeMap::new();
        for past in &self.past {
            let slip = match written(past) {
                Some(written) => written > later(past.last, WRITTEN_AFTER),
                None => now > later(past.last, FAR_BACK),
            };
            if slip {
                by_file.entry(&past.place.file).or_default().push(past);
            }
        }
        let mut told = Vec::new();
        for (file, past) in by_file {
            if past.len() <= EACH_MAX {
                told.extend(past.iter().map(|past| past.problem.clone()));
                continue;
            }
            let message = format!("{} jobs lie in the past, and nothing is posted for them", past.len());
            let names: Vec<&str> = past.iter().take(EACH_MAX).map(|past| past.job.as_str()).collect();
            let problem = Problem::at_place(Code::Over, &past[0].place, message)
                .help(format!("they are {}, and {} more", names.join(", "), past.len() - EACH_MAX))
                .help("correct the years if more is to come; else the jobs can be removed, or the file moved away");
            debug_assert_eq!(problem.file(), file.as_path());
            told.push(problem);
        }
        told
    }
}

/// How many of the next days a warning names.
const DATES_SHOWN: usize = 5;
/// How many occurrences are looked at for them. A pattern may post each minute of a day.
const DATES_LOOKED_AT: usize = DATES_SHOWN * 1_440;
