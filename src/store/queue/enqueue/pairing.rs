//! Which post stands for which occurrence, after the job file changed. Pure.
//!
//! An occurrence has a name (its nominal local time) and an instant, and each is used once. Usually both lead to the same post.
//! When a zone changes they part: names keep their posts and take them to other instants, but a post whose name is gone stands
//! for whatever is wanted at its instant, so that nothing is added beside it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::wanted::NewPost;
use crate::domain::post::PostState;
use crate::store::values::micros;

/// A post of the job, as far as enqueueing is concerned.
pub(super) struct Existing {
    pub(super) id: i64,
    pub(super) nominal: String,
    pub(super) nominal_at: i64,
    pub(super) occurs_at: i64,
    pub(super) state: PostState,
    /// Whether the plan, not a person, brought it into its state.
    pub(super) by_plan: bool,
    /// Whether it must follow the job file before it may leave.
    pub(super) follow: bool,
    /// Whether it waited for a person when the plan withdrew it, or does so since it is back.
    pub(super) was_held: bool,
    /// Whether it is held because the job files asked for it no more.
    pub(super) lost: bool,
    /// The blackout that it falls into, as the database keeps it.
    pub(super) blackout: Option<String>,
    /// The version of the time zone rules by which its instant was found.
    pub(super) tzdb: String,
    /// Shared by posts that say the same, which most of a job's do.
    pub(super) row: Arc<PairingRow>,
}

/// The columns of a post that follow the job, as they are compared and written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PairingRow {
    pub(super) account: String,
    pub(super) content: String,
    pub(super) text_key: String,
    pub(super) tags: String,
    pub(super) zone: String,
    pub(super) late_within: i64,
    pub(super) late_then: String,
    pub(super) in_doubt: String,
    pub(super) delete_after: Option<i64>,
    pub(super) delete_at: Option<i64>,
}

/// What becomes of each post and each occurrence. A post that is out is in `out` at most, and so is an occurrence that it, or one on
/// its way, stands for.
#[derive(Default)]
pub(super) struct Pairs<'a> {
    /// At their instant already.
    pub(super) staying: Vec<(&'a Existing, &'a NewPost)>,
    /// To another instant, which is free once all of these have left theirs.
    pub(super) moving: Vec<(&'a Existing, &'a NewPost)>,
    /// Waiting, and no longer wanted.
    pub(super) surplus: Vec<&'a Existing>,
    /// Wanted, and without a post.
    pub(super) new: Vec<&'a NewPost>,
    /// Out, under the name of the occurrence: the job file cannot change it any more.
    pub(super) out: Vec<(&'a Existing, &'a NewPost)>,
    /// On their way, or in doubt, with the occurrence that they stand for, if there still is one.
    pub(super) undecided: Vec<(&'a Existing, Option<&'a NewPost>)>,
}

impl Existing {
    /// Whether its request is out and its fate open.
    fn is_undecided(&self) -> bool {
        matches!(self.state, PostState::Publishing | PostState::InDoubt)
    }

    /// Whether the job file cannot change it any more.
    fn is_out(&self) -> bool {
        matches!(self.state, PostState::Publishing | PostState::InDoubt | PostState::Published | PostState::Deleted)
    }

    /// Whether it can still be withdrawn.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, PostState::Scheduled | PostState::Claimed | PostState::Held)
    }
}

/// Pairs the posts of a job with the occurrences that are wanted. Of several occurrences on one instant the first counts whose
/// name is not out.
pub(super) fn pair<'a>(posts: &'a [Existing], occurrences: &'a [NewPost]) -> Pairs<'a> {
    let by_name: HashMap<&str, &Existing> = posts.iter().map(|post| (post.nominal.as_str(), post)).collect();
    let by_instant: HashMap<i64, &Existing> = posts.iter().map(|post| (post.nominal_at, post)).collect();
    let mut instants = HashSet::new();
    // The occurrences that no post which is out stands for, by their instant, with the post of their name.
    let mut open: HashMap<i64, (&NewPost, Option<&Existing>)> = HashMap::new();
    let mut paired: HashSet<i64> = HashSet::new();
    let mut order = Vec::new();
    let mut pairs = Pairs::default();
    for occurrence in occurrences {
        let at = micros(occurrence.nominal_at);
        let own = by_name.get(occurrence.nominal.as_str()).copied();
        if let Some(post) = own.filter(|post| post.is_out() && !post.is_undecided()) {
            pairs.out.push((post, occurrence));
        }
        let is_out = own.is_some_and(Existing::is_out) || by_instant.get(&at).is_some_and(|post| post.is_out());
        if is_out || !instants.insert(at) {
            continue;
        }
        paired.extend(own.map(|post| post.id));
        open.insert(at, (occurrence, own));
        order.push(at);
    }
    // A post without an occurrence keeps its instant, whatever its state: it stands for the occurrence that is wanted there.
    // That may set free the post of that occurrence's name, which keeps its instant in turn.
    let mut free: Vec<&Existing> = posts.iter().filter(|post| !post.is_out() && !paired.contains(&post.id)).collect();
    for post in posts.iter().filter(|post| post.is_undecided()) {
        let there = occurrences.iter().find(|occurrence| micros(occurrence.nominal_at) == post.nominal_at);
        let named = || occurrences.iter().find(|occurrence| occurrence.nominal == post.nominal);
        pairs.undecided.push((post, there.or_else(named)));
    }
    while let Some(post) = free.pop() {
        match open.get_mut(&post.nominal_at) {
            Some((_, stands)) => free.extend(stands.replace(post)),
            None if post.waits() => pairs.surplus.push(post),
            None => {}
        }
    }
    for at in order {
        match open[&at] {
            (occurrence, Some(post)) if post.nominal_at == at => pairs.staying.push((post, occurrence)),
            (occurrence, Some(post)) => pairs.moving.push((post, occurrence)),
            (occurrence, None) => pairs.new.push(occurrence),
        }
    }
    pairs
}
