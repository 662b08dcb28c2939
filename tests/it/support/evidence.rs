//! The judge over a finished run: what the queue says, held against what the sandbox's ledger says exists. Pure, so that doctored
//! evidence can show that it condemns what it must.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use storyd::domain::content::{Content, comparable};
use storyd::domain::post::PostState;
use storyd::sandbox::{LedgerEntry, RequestRecord};

use super::chaos::Job;

/// A post, as `admin queue --json` and `admin failures --json` show it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Post {
    pub(crate) post: i64,
    pub(crate) job: String,
    pub(crate) account: String,
    pub(crate) kind: String,
    pub(crate) state: PostState,
    pub(crate) occurs_at: Timestamp,
    pub(crate) content: Content,
    pub(crate) reason: String,
    pub(crate) story_id: Option<String>,
    pub(crate) parked_at: Option<Timestamp>,
}

/// A recorded story, as `admin stories --json` shows it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) story_id: String,
    pub(crate) post: i64,
    pub(crate) learnt_by: String,
}

/// All that is known when everything is quiet.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) jobs: Vec<Job>,
    pub(crate) posts: Vec<Post>,
    pub(crate) stories: Vec<Recorded>,
    /// What `admin failures` names.
    pub(crate) told: BTreeSet<i64>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) requests: Vec<RequestRecord>,
    /// Intents of each account, from the history of its posts.
    pub(crate) intents: BTreeMap<String, usize>,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// More stories than occurrences, or a story that no post stands for.
    Twice(String),
    /// A post without an end that a person is told about.
    Lost(String),
    /// A record that differs from what exists.
    Altered(String),
    /// A request or a story before its time.
    Early(String),
    /// A request without an intent.
    Unintended(String),
}

type Key = (String, String, String);

/// Every broken promise.
pub(crate) fn judge(evidence: &Evidence) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    every_job_has_an_end(evidence, &mut complaints);
    every_record_is_true(evidence, &mut complaints);
    every_story_has_its_post(evidence, &mut complaints);
    nothing_left_before_its_time(evidence, &mut complaints);
    nothing_left_without_an_intent(evidence, &mut complaints);
    complaints
}

/// Calls that may create a story.
pub(crate) fn publishes(request: &RequestRecord) -> bool {
    matches!(request.call.as_deref(), Some("note" | "photo" | "link"))
}

fn every_job_has_an_end(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let mut posts: BTreeMap<&str, Vec<&Post>> = BTreeMap::new();
    for post in &evidence.posts {
        posts.entry(post.job.as_str()).or_default().push(post);
    }
    for job in &evidence.jobs {
        match posts.get(job.name.as_str()).map_or(&[][..], Vec::as_slice) {
            [] if job.in_file => complaints.push(Complaint::Lost(format!("{} never became a post", job.name))),
            [] => {}
            [post] => match end_of(post, job, &evidence.told) {
                Ok(()) => {}
                Err(what) => complaints.push(Complaint::Lost(format!("post {} ({}) {what}", post.post, post.job))),
            },
            several => complaints.push(Complaint::Twice(format!("{} became {} posts", job.name, several.len()))),
        }
    }
}

fn end_of(post: &Post, job: &Job, told: &BTreeSet<i64>) -> Result<(), String> {
    let is_told = told.contains(&post.post) && !post.reason.is_empty();
    match post.state {
        PostState::Published => Ok(()),
        PostState::Cancelled if !job.in_file && !post.reason.is_empty() => Ok(()),
        PostState::Failed | PostState::Missed | PostState::Held if is_told => Ok(()),
        PostState::InDoubt if is_told && post.parked_at.is_some() => Ok(()),
        state => Err(format!("ended as {state}, reason {:?}, told: {is_told}", post.reason)),
    }
}

fn by_name(jobs: &[Job]) -> BTreeMap<&str, &Job> {
    jobs.iter().map(|job| (job.name.as_str(), job)).collect()
}

fn every_record_is_true(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let jobs = by_name(&evidence.jobs);
    let ledger: BTreeMap<&str, &LedgerEntry> = evidence.ledger.iter().map(|story| (story.id.as_str(), story)).collect();
    let recorded: BTreeMap<i64, &str> =
        evidence.stories.iter().map(|story| (story.post, story.story_id.as_str())).collect();
    for post in &evidence.posts {
        let what = format!("post {} ({})", post.post, post.job);
        if post.story_id.as_deref() != recorded.get(&post.post).copied() {
            complaints.push(Complaint::Altered(format!("{what}: the queue and the list of stories differ")));
        }
        if post.state == PostState::Published && post.story_id.is_none() {
            complaints.push(Complaint::Lost(format!("{what} is published without a story")));
        }
        let Some(id) = post.story_id.as_deref() else { continue };
        let Some(story) = ledger.get(id) else {
            complaints.push(Complaint::Lost(format!("{what} is recorded as {id}, which never existed")));
            continue;
        };
        let texts = jobs.get(post.job.as_str()).map_or(&[][..], |job| job.texts.as_slice());
        let same = story.account == post.account
            && story.kind == post.kind
            && story.content.as_deref() == post.content.text()
            && story.images.len() == post.content.images().len()
            && post.content.text().is_some_and(|text| texts.iter().any(|known| known.trim_end() == text));
        if !same {
            complaints.push(Complaint::Altered(format!(
                "{what} says {:?} and exists as {id} with {:?}",
                post.content, story.content
            )));
        }
        if story.created_at < post.occurs_at {
            complaints.push(Complaint::Early(format!("{what} exists before its time")));
        }
    }
}

fn every_story_has_its_post(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for id in evidence.posts.iter().filter_map(|post| post.story_id.as_deref()) {
        *owners.entry(id).or_default() += 1;
    }
    let mut doubts: BTreeMap<Key, usize> = BTreeMap::new();
    for post in evidence.posts.iter().filter(|post| matches!(post.state, PostState::InDoubt | PostState::Held)) {
        *doubts.entry(key(&post.account, &post.kind, post.content.text())).or_default() += 1;
    }
    for story in &evidence.ledger {
        match owners.get(story.id.as_str()) {
            Some(1) => {}
            Some(posts) => complaints.push(Complaint::Altered(format!("{posts} posts claim the story {}", story.id))),
            None => {
                let doubt = doubts.entry(key(&story.account, &story.kind, story.content.as_deref())).or_default();
                match doubt.checked_sub(1) {
                    Some(rest) => *doubt = rest,
                    None => complaints.push(Complaint::Twice(format!(
                        "the story {} ({:?} on {}) exists, and no post stands for it",
                        story.id, story.content, story.account
                    ))),
                }
            }
        }
    }
}

fn nothing_left_before_its_time(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let jobs = by_name(&evidence.jobs);
    let mut earliest: BTreeMap<(&str, String), Timestamp> = BTreeMap::new();
    for post in &evidence.posts {
        let Some(job) = jobs.get(post.job.as_str()) else { continue };
        for text in &job.texts {
            let at = earliest.entry((&post.account, comparable(text))).or_insert(post.occurs_at);
            *at = post.occurs_at.min(*at);
        }
    }
    for request in evidence.requests.iter().filter(|request| publishes(request)) {
        let Some(account) = request.account.as_deref() else { continue };
        let text = request.params.iter().find(|param| param.name == "content").map(|param| comparable(&param.value));
        match earliest.get(&(account, text.clone().unwrap_or_default())) {
            Some(at) if request.at >= *at => {}
            Some(at) => complaints.push(Complaint::Early(format!(
                "request {} left {:?} early",
                request.number,
                *at - request.at
            ))),
            None => {
                complaints.push(Complaint::Altered(format!("request {} says {text:?}, as no job does", request.number)))
            }
        }
    }
}

fn nothing_left_without_an_intent(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
    for account in evidence.requests.iter().filter(|request| publishes(request)).filter_map(|r| r.account.as_deref()) {
        *requests.entry(account).or_default() += 1;
    }
    for (account, left) in requests {
        let intents = evidence.intents.get(account).copied().unwrap_or(0);
        if left > intents {
            complaints.push(Complaint::Unintended(format!("{left} requests left {account} for {intents} intents")));
        }
    }
}

fn key(account: &str, kind: &str, text: Option<&str>) -> Key {
    (account.into(), kind.into(), comparable(text.unwrap_or_default()))
}
