//! What enqueueing would change, told for people and programs: the same steps, not carried out.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::columns::PostColumns;
use super::pairing::{Existing, PairingRow};
use super::step::{EnqueueAction, EnqueueStep, Transition, differing, moved_by_zone_rules};
use super::wanted::NewPost;
use crate::domain::content::Content;
use crate::domain::post::PostState;
use crate::domain::telling::length;
use crate::store::error::Result;
use crate::store::values::{instant, instant_opt, micros, read_json};

/// What becomes of one post.
#[derive(Clone, Debug, Serialize)]
pub struct PostChange {
    /// What is done.
    pub kind: ChangeKind,
    /// Its number; none for a new one, and where no queue is asked.
    pub post: Option<i64>,
    /// Its job.
    pub job: String,
    /// Where the job stands: file:line:column. Empty when no file names it any more.
    pub source: String,
    /// The local time that the schedule names, or `now`.
    pub nominal: String,
    /// Its state; none for a new one.
    pub state: Option<PostState>,
    /// Its state after that.
    pub becomes: PostState,
    /// What differs, for a changed or ignored one.
    pub parts: Vec<&'static str>,
    /// Why, where that is not plain.
    pub reason: String,
    /// As it is; none for a new one and for one that stays.
    pub before: Option<Snapshot>,
    /// As the files want it; none for one that they do not name any more.
    pub after: Option<Snapshot>,
    /// Whether it is withdrawn with nothing in its place.
    #[serde(skip)]
    pub lost: bool,
}

/// What is done with a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new, or back.
    Added,
    /// It says, or is timed, otherwise.
    Changed,
    /// It is withdrawn.
    Cancelled,
    /// It would be withdrawn with most of what its account has waiting, and is held instead, in case that is an accident.
    Held,
    /// The files want it otherwise, and it is out already, or under way.
    Ignored,
    /// It stays as it is.
    Unchanged,
}

/// What a person sees of a post, and what the files can change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// When it is to appear.
    pub occurs_at: Timestamp,
    /// The zone of its schedule.
    pub zone: String,
    /// Who posts it.
    pub account: String,
    /// What it says.
    pub content: Content,
    /// Its tags.
    pub tags: Vec<String>,
    /// What happens when it is late, as in `skip after 1 h`.
    pub late: String,
    /// What follows a proved absence.
    pub in_doubt: String,
    /// Its story is taken down so many seconds after it was published.
    pub delete_after_s: Option<u64>,
    /// Its story is taken down at this instant.
    pub delete_at: Option<Timestamp>,
    /// The blackout that it falls into, as in `move: quiet hours`.
    pub blackout: Option<String>,
}

impl Snapshot {
    fn of(row: &PairingRow, occurs_at: i64, blackout: Option<String>) -> Result<Self> {
        let seconds = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs();
        let late = match row.late_then.as_str() {
            "post" => "post, however late".to_owned(),
            then => format!("{then} after {}", length(Duration::from_secs(seconds(row.late_within)))),
        };
        Ok(Self {
            occurs_at: instant(occurs_at)?,
            zone: row.zone.clone(),
            account: row.account.clone(),
            content: read_json(&row.content, "a content")?,
            tags: read_json(&row.tags, "tags")?,
            late,
            in_doubt: row.in_doubt.clone(),
            delete_after_s: row.delete_after.map(seconds),
            delete_at: instant_opt(row.delete_at)?,
            blackout,
        })
    }

    fn of_post(post: &Existing) -> Result<Self> {
        Self::of(&post.row, post.occurs_at, post.blackout.clone())
    }

    fn of_occurrence(occurrence: &NewPost, is: &PostColumns<'_>) -> Result<Self> {
        let (content, _) = is.says(occurrence);
        let row = PairingRow { content: content.to_owned(), tags: is.tags(occurrence).to_owned(), ..is.row.clone() };
        Self::of(&row, micros(occurrence.occurs_at), occurrence.falls_in.as_ref().map(ToString::to_string))
    }
}

impl PostChange {
    pub(super) fn of(step: &EnqueueStep<'_>, is: &PostColumns<'_>) -> Result<Self> {
        let state = step.post.map(|post| post.state);
        let stays = state.unwrap_or(PostState::Scheduled);
        let (kind, becomes, reason) = match &step.deed {
            EnqueueAction::Keep => (ChangeKind::Unchanged, stays, String::new()),
            EnqueueAction::Mark(false) => (ChangeKind::Unchanged, stays, String::new()),
            EnqueueAction::Mark(true) => (ChangeKind::Ignored, stays, ignored(stays).into()),
            EnqueueAction::Ignored => (ChangeKind::Ignored, stays, ignored(stays).into()),
            EnqueueAction::Busy => {
                (ChangeKind::Ignored, stays, "an attempt is under way; it follows if that fails".into())
            }
            EnqueueAction::Wait => {
                (ChangeKind::Ignored, stays, "it follows when another post of its job has made room".into())
            }
            EnqueueAction::Withdraw { reason, .. } => (ChangeKind::Cancelled, PostState::Cancelled, (*reason).into()),
            EnqueueAction::Add { why, turn } => {
                let (becomes, reason) = turn.iter().fold((PostState::Scheduled, why.clone()), turned);
                (ChangeKind::Added, becomes, reason)
            }
            EnqueueAction::Edit { told, turns } => {
                let zone_rules = match (step.post, step.occurrence, told) {
                    (Some(post), Some(occurrence), Some(told)) if moved_by_zone_rules(post, occurrence, is) => told,
                    _ => &String::new(),
                };
                let (becomes, reason) = turns.iter().fold((stays, zone_rules.clone()), turned);
                let kind = match (stays, becomes) {
                    _ if told.is_none() && turns.is_empty() => ChangeKind::Unchanged,
                    _ if step.post.is_some_and(|post| post.lost) => ChangeKind::Added,
                    (PostState::Scheduled | PostState::Held, PostState::Cancelled) => ChangeKind::Cancelled,
                    (PostState::Cancelled, PostState::Scheduled | PostState::Held) => ChangeKind::Added,
                    _ => ChangeKind::Changed,
                };
                (kind, becomes, reason)
            }
        };
        let parts = match (kind, step.post, step.occurrence) {
            (ChangeKind::Changed | ChangeKind::Ignored, Some(post), Some(occurrence)) => {
                differing(post, occurrence, is)
            }
            _ => Vec::new(),
        };
        let before = step.post.filter(|_| kind != ChangeKind::Unchanged).map(Snapshot::of_post).transpose()?;
        let after = step.occurrence;
        Ok(Self {
            kind,
            post: step.post.map(|post| post.id).filter(|id| *id > 0),
            job: is.posts.job.clone(),
            source: is.posts.source.clone(),
            nominal: match (step.post, step.occurrence) {
                (Some(post), _) => post.nominal.clone(),
                (None, occurrence) => occurrence.map(|occurrence| occurrence.nominal.clone()).unwrap_or_default(),
            },
            state,
            becomes,
            parts,
            reason,
            before,
            after: after.map(|occurrence| Snapshot::of_occurrence(occurrence, is)).transpose()?,
            lost: matches!(step.deed, EnqueueAction::Withdraw { replaced: false, .. }),
        })
    }

    /// The withdrawal of a post whose job left the files.
    pub(super) fn of_gone(job: &str, post: &Existing, reason: &str) -> Result<Self> {
        Ok(Self {
            kind: ChangeKind::Cancelled,
            post: Some(post.id).filter(|id| *id > 0),
            job: job.to_owned(),
            source: String::new(),
            nominal: post.nominal.clone(),
            state: Some(post.state),
            becomes: PostState::Cancelled,
            parts: Vec::new(),
            reason: reason.to_owned(),
            before: Some(Snapshot::of_post(post)?),
            after: None,
            lost: true,
        })
    }
}

fn ignored(state: PostState) -> &'static str {
    match state {
        PostState::Published | PostState::Deleted => "it was published already",
        _ => "it is on its way, or in doubt; it follows if it proves not to be up",
    }
}

fn turned((_, why): (PostState, String), turn: &Transition) -> (PostState, String) {
    let (state, more) = match turn {
        Transition::Restore(why) => (PostState::Scheduled, *why),
        Transition::RestoreHeld(why) | Transition::Return { why, held: true } => (PostState::Held, *why),
        Transition::Return { why, held: false } => (PostState::Scheduled, *why),
        Transition::Hold(why) => (PostState::Held, why.as_str()),
        Transition::Skip(why) => (PostState::Cancelled, why.as_str()),
    };
    (state, if why.is_empty() { more.to_owned() } else { format!("{why}; {more}") })
}
