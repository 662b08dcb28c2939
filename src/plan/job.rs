//! One job as it was read: what it posts, when its posts go out, and when their stories are taken down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::schedule::blackout::{self, Blackout};
use super::schedule::rule::{AtTime, NOMINAL_NOW, Occurrence, Schedule};
use super::text::fields::TemplateFields;
use super::text::rotation::{Rotation, TextRenderer};
use crate::domain::clock::later;
use crate::domain::content::{Content, Image};
use crate::domain::policy::{FallsIn, InDoubt, Late};
use crate::yaml::problem::Place;

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
    pub script: Option<Rotation>,
    /// What beside the text depends on the occurrence.
    pub beside: Option<TemplateFields>,
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
        let at = jitter.map_or(at, |jitter| later(at, blackout::jitter(&self.name, nominal, jitter)));
        blackout::place(self.blackouts.iter().chain(more), &self.time_zone, at)
    }

    /// The images of every occurrence, each with its file.
    pub fn all_images(&self) -> impl Iterator<Item = (&Image, &Path)> {
        let own = self.content.images().iter().zip(self.image_files.iter().map(PathBuf::as_path));
        own.chain(self.pictures.values().map(|(image, file)| (image, file.as_path())))
    }

    /// Tells the text of one occurrence after the other; `None` when all say the same.
    pub fn voice(&self) -> Option<TextRenderer<'_>> {
        let script = self.script.as_ref()?;
        Some(TextRenderer::new(script, &self.schedule, &self.time_zone, (&self.name, &self.account)))
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
