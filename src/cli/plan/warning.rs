//! What a person should look at before the files come into force. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::coming::Coming;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{counted, instant, length, relative};
use crate::domain::clock::between;
use crate::domain::content::comparable;
use crate::domain::post::PostState;
use crate::domain::telling::shell_word;
use crate::plan::Plan;
use crate::settings::Settings;
use crate::store::queue::{ChangeKind, MissingText, PostChange};
use crate::store::view::StoryRow;

/// How far back and ahead the same text counts as said twice.
pub(super) const LOOK_BACK: Duration = Duration::from_secs(7 * 86_400);
/// A new or changed post that is due so soon leaves no time to think again.
const SOON: Duration = Duration::from_secs(10 * 60);
/// Most warnings of one kind.
const EACH_MAX: usize = 20;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Warning {
    /// `held`, `no_text`, `same_text`, `close`, `soon`, `past`, `turn` or `too_late`.
    pub(super) kind: &'static str,
    /// The job that it is about.
    pub(super) job: String,
    /// One sentence.
    pub(super) message: String,
}

/// Every warning, the most urgent kind first.
pub(super) fn find(
    changes: &[PostChange],
    coming: &[Coming],
    published: &[StoryRow],
    settings: &Settings,
    now: Timestamp,
) -> Vec<Warning> {
    let mut all = too_late(changes);
    for mut kind in [soon(coming, now), same_text(coming, published, now), close(coming, settings)] {
        let left_out = kind.len().saturating_sub(EACH_MAX);
        kind.truncate(EACH_MAX);
        if let Some(last) = kind.last_mut().filter(|_| left_out > 0) {
            last.message.push_str(&format!("; and {left_out} more like it"));
        }
        all.extend(kind);
    }
    all
}

/// The accounts that would lose most of what they have waiting.
pub(super) fn held(changes: &[PostChange], home: &CommandContext) -> Vec<Warning> {
    let mut accounts: BTreeMap<&str, Vec<&PostChange>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.kind == ChangeKind::Held) {
        if let Some(face) = &change.before {
            accounts.entry(&face.account).or_default().push(change);
        }
    }
    let warning = |(account, lost): (&str, Vec<&PostChange>)| Warning {
        kind: "held",
        job: lost.first().map(|change| change.job.clone()).unwrap_or_default(),
        message: format!(
            "{} of {account} would be withdrawn, more than half of what it has waiting: they would be held instead, and go out no more. \
             If that is meant, `{}` withdraws them once these files are in force",
            counted(lost.len(), "post"),
            home.command(&format!("admin accept --account {}", shell_word(account)))
        ),
    };
    accounts.into_iter().map(warning).collect()
}

/// The new jobs whose texts take turns and do not begin with the first: without a first day they are counted by the calendar.
pub(super) fn turns(plan: &Plan, changes: &[PostChange], now: Timestamp) -> Vec<Warning> {
    let is_new = |job: &str| {
        let mut all = changes.iter().filter(|change| change.job == job).peekable();
        all.peek().is_some() && all.all(|change| change.kind == ChangeKind::Added && change.before.is_none())
    };
    let begins = plan.jobs.values().filter_map(|job| Some((job.name.as_str(), job.begins_with(now)?)));
    let others = begins.filter(|(job, (text, _))| *text != 1 && is_new(job));
    let told = others.map(|(job, (text, of))| Warning {
        kind: "turn",
        job: job.to_owned(),
        message: format!("{job} begins with text {text} of {of}; `from:` sets the day on which the first is posted"),
    });
    told.take(EACH_MAX).collect()
}

/// The jobs of which texts to come cannot be made.
pub(super) fn no_text(unmade: &[MissingText]) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = Vec::new();
    for one in unmade {
        if warnings.iter().any(|warning| warning.job == one.job) {
            continue;
        }
        let more = unmade.iter().filter(|other| other.job == one.job).count() - 1;
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let message = format!("{}: {}{more}; without a text there is no post", one.job, one.why);
        warnings.push(Warning { kind: "no_text", job: one.job.clone(), message });
    }
    warnings
}

fn too_late(changes: &[PostChange]) -> Vec<Warning> {
    let ignored = changes.iter().filter(|change| change.kind == ChangeKind::Ignored);
    let mut warnings: Vec<Warning> = Vec::new();
    for change in ignored {
        let message = format!("the edit of {} is ignored: {}", change.job, change.reason);
        if !warnings.iter().any(|warning| warning.message == message) {
            warnings.push(Warning { kind: "too_late", job: change.job.clone(), message });
        }
    }
    warnings.truncate(EACH_MAX);
    warnings
}

fn soon(coming: &[Coming], now: Timestamp) -> Vec<Warning> {
    let edited = coming.iter().filter(|one| matches!(one.kind, ChangeKind::Added | ChangeKind::Changed));
    let near = edited.filter(|one| between(now, one.at) < SOON);
    near.map(|one| {
        let (at, job) = (one.at, one.job.clone());
        if at < now {
            let (ago, late) = (relative(at, now), &one.face.late);
            if one.state == PostState::Held && one.post.is_none() {
                let message = format!("{job} was to appear {ago}, before the queue knew of it: it is held; correct the year if it is to come");
                return Warning { kind: "past", job, message };
            }
            let message = format!("{job} was to appear {ago}; its `late` says what happens now: {late}");
            return Warning { kind: "past", job, message };
        }
        let message = if at == now {
            format!("{job} is due at once: it goes out as soon as the files are in force")
        } else {
            format!("{job} is due {}: little time is left to change it", relative(at, now))
        };
        Warning { kind: "soon", job, message }
    })
    .collect()
}

/// When something is said, by which job, and whether it is out.
type WarningContext<'a> = (Timestamp, &'a str, bool);

fn same_text(coming: &[Coming], published: &[StoryRow], now: Timestamp) -> Vec<Warning> {
    // What says what: when, the job, and whether it is out.
    let mut said: BTreeMap<(&str, String), Vec<WarningContext<'_>>> = BTreeMap::new();
    for story in published {
        let text = comparable(story.content.text().unwrap_or_default());
        said.entry((story.account.as_str(), text)).or_default().push((story.published_at, &story.job, true));
    }
    for one in coming {
        let text = comparable(one.face.content.text().unwrap_or_default());
        said.entry((one.face.account.as_str(), text)).or_default().push((one.at, &one.job, false));
    }
    let mut warnings: Vec<Warning> = Vec::new();
    for ((account, text), mut posts) in said {
        if text.is_empty() {
            continue;
        }
        posts.sort();
        for pair in posts.windows(2) {
            let &[(first_at, first, first_out), (at, job, out)] = pair else { continue };
            // A job that repeats is meant to say the same again.
            if first == job || out || between(first_at, at) > LOOK_BACK {
                continue;
            }
            let earlier =
                if first_out { format!("{first} said {}", relative(first_at, now)) } else { first.to_owned() };
            let message = format!("{job} says the same on {account} as {earlier}");
            if !warnings.iter().any(|warning| warning.message == message) {
                warnings.push(Warning { kind: "same_text", job: job.to_owned(), message });
            }
        }
    }
    warnings
}

fn close(coming: &[Coming], settings: &Settings) -> Vec<Warning> {
    let mut last: BTreeMap<&str, &Coming> = BTreeMap::new();
    let mut warnings = Vec::new();
    for one in coming {
        let account = one.face.account.as_str();
        let before = last.insert(account, one);
        let gap = settings.accounts.get(account).map(|account| account.min_gap).unwrap_or_default();
        let Some(before) = before.filter(|_| !gap.is_zero()) else { continue };
        let apart = between(before.at, one.at);
        if apart < gap {
            let (when, other) = (instant(one.at, &one.face.zone), &before.job);
            let apart = if apart.is_zero() { "at the same time as".into() } else { format!("{} after", length(apart)) };
            let gap = length(gap);
            let message = format!(
                "{} comes {apart} {other} ({when}), and {account} keeps {gap} between stories: it waits",
                one.job
            );
            warnings.push(Warning { kind: "close", job: one.job.clone(), message });
        }
    }
    warnings
}
