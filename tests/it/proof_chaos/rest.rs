//! After the chaos: the daemon runs without faults, a person does what `admin failures` says, until nothing is under way. A run that
//! does not come to rest ends with what is still moving, and why.

#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use kakao_sandbox::LedgerEntry;
use serde::Deserialize;
use serde_json::Value;
use storyd::domain::content::comparable;
use storyd::domain::post::PostState;

use super::life::Run;
use crate::support::chaos::Town;
use crate::support::evidence::{Post, Recorded};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Rows that any list is asked for: all of them.
const ALL: &str = "1000000";
/// Posts that the report of a run without rest describes.
const DESCRIBED_MAX: usize = 12;

/// What a person was told and did about it.
pub(super) struct Person {
    pub(super) found: usize,
    pub(super) absent: usize,
    pub(super) unblocked: usize,
    /// Settles a doubt that is still being looked into, too.
    pub(super) impatient: bool,
    /// How long a request may still have an effect: whoever says earlier that a story does not exist is guessing.
    aftermath: Duration,
    /// Since when a post has been seen in doubt.
    since: BTreeMap<i64, Instant>,
}

#[derive(Deserialize)]
struct Failures {
    posts: Vec<Post>,
    accounts: Vec<Blocked>,
    deletions: Vec<Value>,
}

#[derive(Deserialize)]
struct Blocked {
    account: String,
}

impl Person {
    pub(super) fn new(impatient: bool, aftermath: Duration) -> Self {
        Self { found: 0, absent: 0, unblocked: 0, impatient, aftermath, since: BTreeMap::new() }
    }

    /// Does what `admin failures` asks for: hands in the tokens of blocked accounts again and, when nothing goes wrong any more, settles
    /// doubts by the account's page and orders once more what could not be taken down. Gives the posts that it named.
    pub(super) fn looks(&mut self, town: &Town, is_calm: bool) -> BTreeSet<i64> {
        let failures: Failures = town.ask(&["admin", "failures"]);
        for blocked in &failures.accounts {
            town.hand_in_tokens(&blocked.account);
            self.unblocked += 1;
        }
        let told = failures.posts.iter().map(|post| post.post).collect();
        let open = |post: &Post| post.state == PostState::InDoubt && (self.impatient || post.parked_at.is_some());
        let doubts: Vec<Post> = failures.posts.into_iter().filter(open).collect();
        self.since.retain(|number, _| doubts.iter().any(|post| post.post == *number));
        for post in doubts.iter().filter(|_| is_calm) {
            if self.since.entry(post.post).or_insert_with(Instant::now).elapsed() > self.aftermath {
                self.settles(town, post);
            }
        }
        for story in failures.deletions.iter().filter(|_| is_calm).filter_map(|story| story["post"].as_i64()) {
            let _is_gone = town.tries(&["admin", "delete", &story.to_string(), "--yes"]);
        }
        told
    }

    fn settles(&mut self, town: &Town, post: &Post) {
        let number = post.post.to_string();
        match page_shows(town, post) {
            Some(story) => self.found += usize::from(town.tries(&["admin", "resolve", &number, "--story", &story])),
            None => self.absent += usize::from(town.tries(&["admin", "resolve", &number, "--absent"])),
        }
    }
}

/// A story of the account with the post's text that no post is recorded for.
fn page_shows(town: &Town, post: &Post) -> Option<String> {
    let recorded: Vec<Recorded> = town.ask(&["admin", "stories", "--limit", ALL, "--account", &post.account]);
    let ledger: Vec<LedgerEntry> = town.get("/_sandbox/ledger");
    let text = |text: Option<&str>| comparable(text.unwrap_or_default());
    let free = ledger.into_iter().find(|story| {
        story.account == post.account
            && story.kind == post.kind
            && story.deleted_at.is_none()
            && text(story.content.as_deref()) == text(post.content.text())
            && recorded.iter().all(|recorded| recorded.story_id != story.id)
    });
    free.map(|story| story.id)
}

/// What is not over yet.
struct Moving {
    posts: Vec<Post>,
    deletions: Vec<Recorded>,
}

impl Moving {
    fn now(town: &Town) -> Self {
        let mut posts: Vec<Post> = town.ask(&["admin", "queue", "--limit", ALL]);
        // What waits for a person is at rest, and so is the anchor, whose time does not come.
        posts.retain(|post| {
            !post.job.starts_with("anchor")
                && post.state != PostState::Held
                && !(post.state == PostState::InDoubt && post.parked_at.is_some())
        });
        let mut deletions: Vec<Recorded> = town.ask(&["admin", "stories", "--limit", ALL]);
        deletions
            .retain(|story| story.delete_at.is_some() && story.deleted_at.is_none() && story.delete_fault.is_none());
        Self { posts, deletions }
    }

    fn is_none(&self) -> bool {
        self.posts.is_empty() && self.deletions.is_empty()
    }

    /// For people: how many there are of what, and what the first of them went through.
    fn report(&self, town: &Town) -> String {
        let mut states: BTreeMap<PostState, usize> = BTreeMap::new();
        for post in &self.posts {
            *states.entry(post.state).or_default() += 1;
        }
        let mut text = format!("still moving: {states:?}, {} stories to be taken down\n", self.deletions.len());
        for post in self.posts.iter().take(DESCRIBED_MAX) {
            let (number, blocked) = (post.post, post.blocked.as_deref().unwrap_or("no"));
            writeln!(
                text,
                "post {number} ({}) on {}: {}, due {}, blocked: {blocked}, {}",
                post.job, post.account, post.state, post.due_at, post.reason
            )
            .unwrap();
            let shown: Value = town.ask(&["admin", "show", &number.to_string()]);
            let events = shown["events"].as_array().map_or(&[][..], Vec::as_slice);
            for event in &events[events.len().saturating_sub(6)..] {
                writeln!(text, "    {event}").unwrap();
            }
        }
        for story in self.deletions.iter().take(DESCRIBED_MAX) {
            writeln!(text, "{story:?}").unwrap();
        }
        text
    }
}

/// Runs the daemon until nothing is under way, and no effect can come any more. Gives the posts that a person is told about.
pub(super) fn until_rest(run: &mut Run, person: &mut Person, limit: Duration) -> BTreeSet<i64> {
    let began = Instant::now();
    let daemon = run.town.daemon();
    assert!(daemon.tells_of("ready"), "it ended at its start\n{}", run.town.last_log());
    loop {
        person.looks(&run.town, true);
        run.town.note_requests();
        let moving = Moving::now(&run.town);
        if moving.is_none() && began.elapsed() > person.aftermath {
            let status = daemon.terminate();
            assert!(status.success(), "SIGTERM ended it with {status}\n{}", run.town.last_log());
            return person.looks(&run.town, false);
        }
        if began.elapsed() > limit {
            panic!("no rest within {limit:?}; {}\n{}", moving.report(&run.town), run.town.last_log());
        }
        assert!(daemon.watch(LOOK_EVERY), "it ended by itself\n{}", run.town.last_log());
    }
}
