//! What the queue knows of the coming posts beside the files: the times that people chose, pauses, blocked accounts, what was posted by hand.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::super::failure::Failure;
use super::coming::Coming;
use super::warning;
use crate::cli::terminal::format::instant;
use crate::domain::clock::{earlier, later};
use crate::domain::post::PostState;
use crate::store::Store;
use crate::store::queue::{ChangeKind, PostChange, Snapshot};
use crate::store::view::{PauseRow, PostQuery, PostRow, StoryRow, WaitKind, standing_waits};

/// Most stories that are compared with what is coming.
const STORIES_MAX: u32 = 2_000;
/// Posts that are read in one go, and most of them.
const PAGE: u32 = 500;
const ROWS_MAX: usize = 20_000;
/// The states in which a post is still to appear.
const OPEN: [PostState; 4] = [PostState::Scheduled, PostState::Claimed, PostState::Publishing, PostState::Held];

/// The queue as it is, as far as the plan is laid over it; without a queue, nothing.
#[derive(Debug, Default)]
pub(crate) struct Queued {
    /// The stories of the days before.
    pub(super) published: Vec<StoryRow>,
    /// The posts that are to appear within the days of the plan, by the queue or by the files.
    posts: Vec<PostRow>,
    pauses: Vec<PauseRow>,
    /// The accounts that Kakao turns away.
    blocked: Vec<String>,
}

impl Queued {
    pub(super) async fn read(
        store: &Store,
        changes: &[PostChange],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let since = earlier(now, warning::LOOK_BACK);
        let mut published = store.stories(None, None, STORIES_MAX).await?;
        published.retain(|story| story.published_at > since && story.deleted_at.is_none());
        let accounts = store.accounts().await?;
        let blocked = accounts.into_iter().filter(|row| row.blocked_code.is_some()).map(|row| row.account).collect();
        let posts = posts(store, changes, until).await?;
        Ok(Self { published, posts, pauses: store.pauses(now).await?, blocked })
    }

    /// The coming posts as they will go out: what the files say, with what the queue knows. In the order of time.
    pub(super) fn lay_over(&self, coming: Vec<Coming>, changes: &[PostChange], now: Timestamp) -> Vec<Coming> {
        let posts: HashMap<i64, &PostRow> = self.posts.iter().map(|post| (post.post, post)).collect();
        let told: HashMap<i64, &PostChange> =
            changes.iter().filter_map(|change| Some((change.post?, change))).collect();
        let of = |one: Coming| {
            let found = one.post.and_then(|post| Some((*posts.get(&post)?, told.get(&post).copied())));
            self.with_its_post(one, found, now)
        };
        let mut all: Vec<Coming> = coming.into_iter().map(of).collect();
        let others = self.posts.iter().filter(|post| !told.contains_key(&post.post) && OPEN.contains(&post.state));
        all.extend(others.map(|post| of_queue(post, now)));
        for one in &mut all {
            if one.at < now && one.state == PostState::Scheduled && one.post.is_some() {
                one.notes.push("overdue".to_owned());
            }
        }
        all.sort_by(|one, other| (one.at, &one.job).cmp(&(other.at, &other.job)));
        all
    }

    fn with_its_post(&self, mut one: Coming, found: Option<(&PostRow, Option<&PostChange>)>, now: Timestamp) -> Coming {
        let Some((post, change)) = found else {
            // It is new: what covers its account, its job or its tags will cover it too.
            let post = (one.face.account.as_str(), one.job.as_str(), one.face.tags.as_slice());
            if self.pauses.iter().any(|pause| pause.holds(post, one.at)) {
                one.notes.push(WaitKind::Pause.word().to_owned());
            }
            if self.blocked.contains(&one.face.account) {
                one.notes.push(WaitKind::Block.word().to_owned());
            }
            return one;
        };
        let retimed = change.is_some_and(|change| match (&change.before, &change.after) {
            (Some(before), Some(after)) => before.occurs_at != after.occurs_at,
            _ => false,
        });
        // An edit of the time in the file counts from then on.
        if !(one.kind == ChangeKind::Changed && retimed) && OPEN.contains(&post.state) {
            one.at = post.due_at;
            if one.at != one.face.occurs_at {
                one.notes.push(format!("not at {}", clock(one.face.occurs_at, one.at, &one.face.zone)));
            }
        }
        one.notes.extend(waits(post, now));
        one
    }
}

/// The posts of the queue that are due by then, and those that the files want by then.
async fn posts(store: &Store, changes: &[PostChange], until: Timestamp) -> Result<Vec<PostRow>, Failure> {
    let listing = PostQuery { states: OPEN.to_vec(), until: Some(until), ..PostQuery::default() };
    let (mut posts, mut after) = (Vec::new(), None);
    while posts.len() < ROWS_MAX {
        let page = store.listing(&listing, after, PAGE).await?;
        posts.extend(page.rows);
        after = page.end;
        if after.is_none() {
            break;
        }
    }
    let known: HashSet<i64> = posts.iter().map(|post| post.post).collect();
    let is_near = |change: &&PostChange| change.after.as_ref().is_some_and(|face| face.occurs_at <= until);
    let wanted = changes.iter().filter(is_near).filter_map(|change| change.post).filter(|post| !known.contains(post));
    let wanted: Vec<i64> = wanted.take(ROWS_MAX).collect();
    posts.extend(store.posts_numbered(&wanted).await?);
    Ok(posts)
}

/// A post that no job file names: it was made by hand, or is released although its job left the files.
fn of_queue(post: &PostRow, now: Timestamp) -> Coming {
    let face = Snapshot {
        occurs_at: post.occurs_at,
        zone: post.zone.clone(),
        account: post.account.clone(),
        content: post.content.clone(),
        tags: post.tags.clone(),
        late: String::new(),
        in_doubt: String::new(),
        delete_after_s: None,
        delete_at: None,
        blackout: None,
    };
    let mut notes = vec![if post.job.starts_with('@') { "posted by hand" } else { "in no job file" }.to_owned()];
    notes.extend(waits(post, now));
    let length = post.content.text().unwrap_or_default().encode_utf16().count();
    let (job, state, at) = (post.job.clone(), post.state, post.due_at);
    Coming { post: Some(post.post), job, kind: ChangeKind::Unchanged, state, at, notes, face, length }
}

/// What it waits for, but for a gap that passes by itself before its time.
fn waits(post: &PostRow, now: Timestamp) -> Vec<String> {
    let standing = standing_waits(&post.waits, later(post.due_at.max(now), std::time::Duration::ZERO));
    let told = standing.into_iter().map(|wait| match wait.until.filter(|_| wait.what != WaitKind::Blackout) {
        Some(until) => format!("{} until {}", wait.what.word(), clock(until, post.due_at, &post.zone)),
        None => wait.what.word().to_owned(),
    });
    told.collect()
}

/// A time, without its day where that is the day of another.
fn clock(at: Timestamp, day_of: Timestamp, zone: &str) -> String {
    let (shown, other) = (instant(at, zone), instant(day_of, zone));
    match (shown.get(..14), other.get(..14)) {
        (Some(day), Some(same)) if day == same => shown.get(15..).unwrap_or(&shown).to_owned(),
        _ => shown,
    }
}
