//! What becomes of each post and each occurrence of a job. Pure: enqueueing carries the steps out, and a preview shows them, so that the
//! queue becomes what was shown.

use jiff::Timestamp;

use super::columns::PostColumns;
use super::pairing::{Existing, pair};
use super::read::PRUNED;
use super::wanted::NewPost;
use crate::domain::policy::{BlackoutThen, FallsIn};
use crate::domain::post::PostState;
use crate::plan::NOMINAL_NOW;
use crate::store::values::micros;

/// Why an occurrence that left the files is withdrawn while its job stays.
const TIME_GONE: &str = "its time left the job file";

/// One post, one occurrence, or both, and what is done.
pub(super) struct EnqueueStep<'a> {
    pub(super) post: Option<&'a Existing>,
    pub(super) occurrence: Option<&'a NewPost>,
    pub(super) deed: EnqueueAction,
}

/// What is done.
pub(super) enum EnqueueAction {
    /// Nothing: the post is as the file wants it.
    Keep,
    /// Nothing: the file wants it otherwise, and it is out already.
    Ignored,
    /// Nothing yet: an attempt is under way.
    Busy,
    /// Nothing yet: it moves once another post of the job, which is under way, has made room.
    Wait,
    /// A new post, and where it goes from `scheduled`.
    Add {
        /// For its history; empty when there is nothing to say.
        why: String,
        turn: Option<Transition>,
    },
    /// Rewritten, if `told` says what changed; then taken to other states.
    Edit { told: Option<String>, turns: Vec<Transition> },
    /// Nothing but a note whether it must follow the job file before it may leave again: its request is out, and its fate open.
    Mark(bool),
    /// Cancelled.
    Withdraw {
        reason: &'static str,
        /// Its job asks for another post in its place.
        replaced: bool,
    },
}

/// A change of state, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    /// Back to `scheduled`.
    Restore(&'static str),
    /// Back to `held`, where it was when it was withdrawn.
    RestoreHeld(&'static str),
    /// Out of `held`, since the job files that asked for it no more do so again; to `held` if it waited for a person before that.
    Return { why: &'static str, held: bool },
    /// `held`.
    Hold(String),
    /// `cancelled`, because a blackout leaves it out.
    Skip(String),
}

/// In what a post differs from what the job file says: the names of what changes.
pub(super) fn differing(post: &Existing, occurrence: &NewPost, is: &PostColumns<'_>) -> Vec<&'static str> {
    let (has, wants) = (&post.row, &is.row);
    let blackout = occurrence.falls_in.as_ref().map(ToString::to_string);
    let parts = [
        ("content", (has.content.as_str(), has.text_key.as_str()) != is.says(occurrence)),
        ("account", has.account != wants.account),
        ("late policy", (has.late_within, &has.late_then) != (wants.late_within, &wants.late_then)),
        ("in-doubt policy", has.in_doubt != wants.in_doubt),
        ("deletion", (has.delete_after, has.delete_at) != (wants.delete_after, wants.delete_at)),
        ("tags", has.tags != is.tags(occurrence)),
        ("zone", has.zone != wants.zone),
        ("time", moves(post, occurrence)),
        ("blackout", post.blackout != blackout),
    ];
    parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// Whether only the rules of its zone can have moved the post: its local time and its zone are what they were.
pub(super) fn moved_by_zone_rules(post: &Existing, occurrence: &NewPost, is: &PostColumns<'_>) -> bool {
    post.nominal == occurrence.nominal
        && post.nominal != NOMINAL_NOW
        && post.row.zone == is.row.zone
        && post.nominal_at != micros(occurrence.nominal_at)
}

fn moves(post: &Existing, occurrence: &NewPost) -> bool {
    (post.nominal_at, post.occurs_at) != (micros(occurrence.nominal_at), micros(occurrence.occurs_at))
}

/// The steps of one job, in an order in which they can be carried out. What a person cancelled stays cancelled.
pub(super) fn steps<'a>(existing: &'a [Existing], is: &PostColumns<'a>, now: Timestamp) -> Vec<EnqueueStep<'a>> {
    let pairs = pair(existing, &is.posts.occurrences);
    let mut steps = Vec::new();
    let mut push = |post, occurrence, deed| steps.push(EnqueueStep { post, occurrence, deed });
    for (post, occurrence) in &pairs.undecided {
        let stale = occurrence.is_none_or(|occurrence| !differing(post, occurrence, is).is_empty());
        let deed = match (stale, stale == post.follow) {
            (_, false) => EnqueueAction::Mark(stale),
            (true, true) => EnqueueAction::Ignored,
            (false, true) => EnqueueAction::Keep,
        };
        push(Some(*post), *occurrence, deed);
    }
    let added = pairs.new.iter().filter(|one| one.nominal_at > is.posts.add_after && one.stale.is_none());
    let mut replacing = added.count();
    for post in &pairs.surplus {
        if post.lost {
            push(Some(*post), None, EnqueueAction::Keep);
            continue;
        }
        if is.posts.unmade.iter().any(|unmade| unmade.nominal == post.nominal) {
            push(Some(*post), None, EnqueueAction::Keep);
            continue;
        }
        let replaced = replacing > 0;
        replacing = replacing.saturating_sub(1);
        push(Some(*post), None, EnqueueAction::Withdraw { reason: TIME_GONE, replaced });
    }
    for (post, occurrence) in &pairs.staying {
        push(Some(*post), Some(*occurrence), follow(post, occurrence, is, now));
    }
    // A claimed post does not move, so nothing can move into its place either. It is free again in a moment.
    let stuck = pairs.moving.iter().any(|(post, _)| post.state == PostState::Claimed);
    for (post, occurrence) in &pairs.moving {
        let deed = match stuck && post.state != PostState::Claimed {
            true => EnqueueAction::Wait,
            false => follow(post, occurrence, is, now),
        };
        push(Some(*post), Some(*occurrence), deed);
    }
    for occurrence in pairs.new.iter().filter(|occurrence| occurrence.nominal_at > is.posts.add_after) {
        let at = micros(occurrence.nominal_at);
        let taken = stuck && pairs.moving.iter().any(|(post, _)| post.nominal_at == at);
        push(None, Some(*occurrence), if taken { EnqueueAction::Wait } else { add(occurrence) });
    }
    for (post, occurrence) in pairs.out.iter().filter(|(post, _)| post.id != PRUNED) {
        // What a schedule yielded in the past follows the job of that day: nobody edits it.
        let asked_for = occurrence.nominal_at > is.posts.add_after;
        if asked_for && differing(post, occurrence, is).iter().any(|part| SAID.contains(part)) {
            push(Some(*post), Some(*occurrence), EnqueueAction::Ignored);
        }
    }
    steps
}

/// What a story shows: an edit of the rest cannot matter once it is out.
const SAID: [&str; 3] = ["content", "account", "time"];

/// Lets one post follow the job file. What left the job file and is back goes on; what was missed and is moved ahead has its chance
/// after all; what falls into a blackout from here on is held or left out, and what a person released from one stays released. What a
/// blackout, or the schedule, left out stays left out once its time has passed, and what a blackout held then is for the person.
fn follow(post: &Existing, occurrence: &NewPost, is: &PostColumns<'_>, now: Timestamp) -> EnqueueAction {
    // One that must make room for another still moves.
    if stays_left_out(post, occurrence, now) && post.nominal_at == micros(occurrence.nominal_at) {
        return EnqueueAction::Keep;
    }
    let parts = differing(post, occurrence, is);
    if post.state == PostState::Claimed {
        return if parts.is_empty() { EnqueueAction::Keep } else { EnqueueAction::Busy };
    }
    let turns = turns(post, occurrence, is, now);
    if parts.is_empty() && turns.is_empty() && !post.follow {
        return EnqueueAction::Keep;
    }
    EnqueueAction::Edit { told: (!parts.is_empty()).then(|| told(&parts, post, occurrence, is)), turns }
}

/// Whether a blackout left it out until its time had passed. It keeps what tells of that: lifting the blackout does not bring it back.
fn stays_left_out(post: &Existing, occurrence: &NewPost, now: Timestamp) -> bool {
    post.state == PostState::Cancelled
        && post.by_plan
        && !post.was_held
        && fell_into(post, BlackoutThen::Skip)
        && occurrence.occurs_at <= now
}

fn fell_into(post: &Existing, then: BlackoutThen) -> bool {
    post.blackout.as_ref().is_some_and(|was| was.starts_with(then.as_str()))
}

fn turns(post: &Existing, occurrence: &NewPost, is: &PostColumns<'_>, now: Timestamp) -> Vec<Transition> {
    if post.lost {
        let back = Transition::Return { why: "it is back in the job file", held: post.was_held };
        let stop = occurrence.falls_in.as_ref().and_then(stop).filter(|_| !post.was_held);
        return std::iter::once(back).chain(stop).collect();
    }
    let then = occurrence.falls_in.as_ref().map(|falls_in| falls_in.then);
    let ahead = occurrence.occurs_at > now;
    // A schedule asks for nothing of the past; the times of an `at` follow the late policy.
    let asked_for = ahead || post.was_held || occurrence.nominal_at > is.posts.add_after;
    let newly = post.blackout != occurrence.falls_in.as_ref().map(ToString::to_string);
    let stop = occurrence.falls_in.as_ref().and_then(stop);
    let restore = match post.state {
        PostState::Cancelled if then == Some(BlackoutThen::Skip) || stays_left_out(post, occurrence, now) => None,
        PostState::Cancelled if post.by_plan && fell_into(post, BlackoutThen::Skip) => Some("its blackout was lifted"),
        PostState::Cancelled if post.by_plan && asked_for => Some("its job file asks for it again"),
        PostState::Missed if moves(post, occurrence) && ahead && then != Some(BlackoutThen::Skip) => {
            Some("its time was moved ahead")
        }
        PostState::Held
            if post.by_plan
                && !post.was_held
                && fell_into(post, BlackoutThen::Hold)
                && ahead
                && matches!(then, None | Some(BlackoutThen::Move)) =>
        {
            Some("its blackout was lifted")
        }
        _ => None,
    };
    match (restore, post.state) {
        (Some(why), _) if post.was_held => vec![Transition::RestoreHeld(why)],
        (Some(why), _) => std::iter::once(Transition::Restore(why)).chain(stop).collect(),
        (None, PostState::Scheduled) if newly => stop.into_iter().collect(),
        (None, PostState::Held) if newly && then == Some(BlackoutThen::Skip) => stop.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The end of a post's way that its blackout asks for.
fn stop(falls_in: &FallsIn) -> Option<Transition> {
    let why = format!("it falls into a blackout: {}", falls_in.reason);
    match falls_in.then {
        BlackoutThen::Move => None,
        BlackoutThen::Hold => Some(Transition::Hold(why)),
        BlackoutThen::Skip => Some(Transition::Skip(why)),
    }
}

fn add(occurrence: &NewPost) -> EnqueueAction {
    let why = match &occurrence.falls_in {
        Some(FallsIn { then: BlackoutThen::Move, reason }) => {
            format!("moved from {}, which falls into a blackout: {reason}", occurrence.nominal.replace('T', " "))
        }
        _ => String::new(),
    };
    // What was written after its time is a slip of the pen, not a delay: no late policy was made for it.
    let stale = occurrence.stale.clone().map(Transition::Hold);
    EnqueueAction::Add { why, turn: stale.or_else(|| occurrence.falls_in.as_ref().and_then(stop)) }
}

/// For people: what changed, and through what.
fn told(parts: &[&'static str], post: &Existing, occurrence: &NewPost, is: &PostColumns<'_>) -> String {
    let by_rules = moved_by_zone_rules(post, occurrence, is);
    let by_file: Vec<&str> = parts.iter().copied().filter(|part| !by_rules || *part != "time").collect();
    let mut said = Vec::new();
    if by_rules {
        let (zone, from, to) = (&is.row.zone, &post.tzdb, &is.posts.tzdb);
        said.push(format!("the clock rules of {zone} changed (time zone data {from} → {to}), which moves its instant"));
    }
    if !by_file.is_empty() {
        said.push(format!("the job file changed its {}", by_file.join(", ")));
    }
    match &occurrence.falls_in {
        Some(falls_in) if parts.contains(&"blackout") => said.push(format!("it falls into a blackout ({falls_in})")),
        None if parts.contains(&"blackout") => said.push("it falls into no blackout any more".into()),
        _ => {}
    }
    said.join("; ")
}
