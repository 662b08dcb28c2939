//! The judge over a finished run: what the queue says, held against what the sandbox's ledger says exists. Pure, so that doctored
//! evidence can show that it condemns what it must.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kakao_sandbox::{LedgerEntry, RequestRecord};
use serde::Deserialize;
use storyd::domain::content::{Content, comparable};
use storyd::domain::post::PostState;

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
    pub(crate) due_at: Timestamp,
    pub(crate) content: Content,
    pub(crate) reason: String,
    pub(crate) story_id: Option<String>,
    pub(crate) parked_at: Option<Timestamp>,
    pub(crate) blocked: Option<String>,
}

/// A recorded story, as `admin stories --json` shows it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) story_id: String,
    pub(crate) post: i64,
    pub(crate) delete_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) delete_fault: Option<String>,
}

/// One entry of a post's history.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    pub(crate) at: Timestamp,
    pub(crate) event: String,
    pub(crate) actor: String,
}

/// What a person ordered, and was told to be done.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) what: Ordered,
    /// The command had returned by then.
    pub(crate) from: Timestamp,
    /// The command that takes it back had not begun by then.
    pub(crate) until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ordered {
    /// Post withdrawn.
    Cancel(i64),
    /// Account paused.
    Pause(String),
    /// Story of a post taken down.
    Delete(i64),
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
    /// Of each post, oldest first.
    pub(crate) history: BTreeMap<i64, Vec<Move>>,
    pub(crate) orders: Vec<Order>,
    /// Attempts without a verdict.
    pub(crate) open_attempts: usize,
    /// What `PRAGMA integrity_check` says of the database.
    pub(crate) integrity: String,
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
    /// What a person was told to have happened, or to be stopped, was not.
    Disobeyed(String),
    /// The evidence itself has gaps.
    Incomplete(String),
}

type Key = (String, String, String);

/// Every broken promise.
pub(crate) fn judge(evidence: &Evidence) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    every_job_has_an_end(evidence, &mut complaints);
    every_doubt_is_settled_or_told(evidence, &mut complaints);
    every_record_is_true(evidence, &mut complaints);
    every_story_has_its_post(evidence, &mut complaints);
    nothing_left_before_its_time(evidence, &mut complaints);
    nothing_left_without_an_intent(evidence, &mut complaints);
    every_order_was_obeyed(evidence, &mut complaints);
    the_evidence_is_whole(evidence, &mut complaints);
    complaints
}

/// The command by which a person settles a parked doubt.
const DECIDES: &str = "storyd admin resolve";

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
        let of_job = posts.get(job.name.as_str()).map_or(&[][..], Vec::as_slice);
        let last = job.times.last().copied().flatten();
        if job.in_file && !of_job.iter().any(|post| last.is_none_or(|at| at == post.occurs_at)) {
            complaints.push(Complaint::Lost(format!("{} at {last:?} never became a post", job.name)));
        }
        let mut seen = BTreeSet::new();
        for post in of_job {
            let what = format!("post {} ({} at {})", post.post, post.job, post.occurs_at);
            if !seen.insert(post.occurs_at) {
                complaints.push(Complaint::Twice(format!("{what} stands beside another for the same time")));
            }
            if !job.times.iter().any(|at| at.is_none_or(|at| at == post.occurs_at)) {
                complaints.push(Complaint::Twice(format!("{what} stands for a time that was never asked for")));
            }
            if let Err(end) = end_of(post, job, evidence) {
                complaints.push(Complaint::Lost(format!("{what} {end}")));
            }
        }
    }
}

fn end_of(post: &Post, job: &Job, evidence: &Evidence) -> Result<(), String> {
    let is_told = evidence.told.contains(&post.post) && !post.reason.is_empty();
    // A person may withdraw without saying why; the record then says who.
    let by_person = evidence.orders.iter().any(|order| order.what == Ordered::Cancel(post.post));
    let wanted = job.in_file && job.times.last().is_none_or(|at| at.is_none_or(|at| at == post.occurs_at));
    match post.state {
        PostState::Published | PostState::Deleted => Ok(()),
        PostState::Cancelled if by_person || !(wanted || post.reason.is_empty()) => Ok(()),
        PostState::Failed | PostState::Missed | PostState::Held if is_told => Ok(()),
        // Whoever must decide is told how.
        PostState::InDoubt if is_told && post.parked_at.is_some() && post.reason.contains(DECIDES) => Ok(()),
        state => Err(format!("ended as {state}, reason {:?}, told: {is_told}", post.reason)),
    }
}

fn every_doubt_is_settled_or_told(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    for post in &evidence.posts {
        let moves = evidence.history.get(&post.post).map_or(&[][..], Vec::as_slice);
        let open = moves.iter().fold(false, |open, step| match step.event.as_str() {
            "doubt" => true,
            "publish" | "repost" | "hold" | "fail" => false,
            _ => open,
        });
        let parked = post.state == PostState::InDoubt && post.parked_at.is_some();
        if open && !(parked && evidence.told.contains(&post.post)) {
            complaints.push(Complaint::Lost(format!("the doubt of post {} was neither settled nor told", post.post)));
        }
    }
}

fn by_name(jobs: &[Job]) -> BTreeMap<&str, &Job> {
    jobs.iter().map(|job| (job.name.as_str(), job)).collect()
}

fn every_record_is_true(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let jobs = by_name(&evidence.jobs);
    let ledger: BTreeMap<&str, &LedgerEntry> = evidence.ledger.iter().map(|story| (story.id.as_str(), story)).collect();
    let recorded: BTreeMap<i64, &Recorded> = evidence.stories.iter().map(|story| (story.post, story)).collect();
    for post in &evidence.posts {
        let what = format!("post {} ({})", post.post, post.job);
        let record = recorded.get(&post.post);
        if post.story_id.as_deref() != record.map(|record| record.story_id.as_str()) {
            complaints.push(Complaint::Altered(format!("{what}: the queue and the list of stories differ")));
        }
        if matches!(post.state, PostState::Published | PostState::Deleted) && post.story_id.is_none() {
            complaints.push(Complaint::Lost(format!("{what} is {} without a story", post.state)));
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
        let gone = [story.deleted_at.is_some(), post.state == PostState::Deleted];
        if gone != [record.is_some_and(|record| record.deleted_at.is_some()); 2] {
            complaints.push(Complaint::Altered(format!(
                "{what} is {}, and its story {id} was deleted: {:?}",
                post.state, story.deleted_at
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
    for post in evidence.posts.iter().filter(|post| post.state == PostState::InDoubt) {
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

/// When the posts of an account were intended.
fn intents<'e>(evidence: &'e Evidence, account: &'e str) -> impl Iterator<Item = (&'e Post, Timestamp)> {
    evidence.posts.iter().filter(move |post| post.account == account).flat_map(|post| {
        let moves = evidence.history.get(&post.post).into_iter().flatten();
        moves.filter(|step| step.event == "intend").map(move |step| (post, step.at))
    })
}

fn nothing_left_without_an_intent(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let mut requests: BTreeMap<&str, usize> = BTreeMap::new();
    for account in evidence.requests.iter().filter(|request| publishes(request)).filter_map(|r| r.account.as_deref()) {
        *requests.entry(account).or_default() += 1;
    }
    for (account, left) in requests {
        let intents = intents(evidence, account).count();
        if left > intents {
            complaints.push(Complaint::Unintended(format!("{left} requests left {account} for {intents} intents")));
        }
    }
}

fn every_order_was_obeyed(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let ledger: BTreeMap<&str, &LedgerEntry> = evidence.ledger.iter().map(|story| (story.id.as_str(), story)).collect();
    for order in &evidence.orders {
        let covers = |at: Timestamp| at > order.from && order.until.is_none_or(|until| at < until);
        let disobeyed = match &order.what {
            Ordered::Cancel(number) => {
                let account = evidence.posts.iter().find(|post| post.post == *number).map(|post| &post.account);
                account.is_none_or(|account| {
                    intents(evidence, account).any(|(post, at)| post.post == *number && covers(at))
                })
            }
            Ordered::Pause(account) => intents(evidence, account).any(|(_, at)| covers(at)),
            Ordered::Delete(number) => {
                let story = evidence.posts.iter().find(|post| post.post == *number).and_then(|p| p.story_id.as_deref());
                let story = story.and_then(|id| ledger.get(id));
                story.is_none_or(|story| story.deleted_at.is_none())
            }
        };
        if disobeyed {
            complaints.push(Complaint::Disobeyed(format!("{order:?}")));
        }
    }
}

fn the_evidence_is_whole(evidence: &Evidence, complaints: &mut Vec<Complaint>) {
    let mut missing = |what: String| complaints.push(Complaint::Incomplete(what));
    let seen: BTreeSet<u64> = evidence.requests.iter().map(|request| request.number).collect();
    let gaps = (1..=seen.last().copied().unwrap_or(0)).filter(|number| !seen.contains(number)).count();
    if gaps > 0 {
        missing(format!("{gaps} requests are in no record"));
    }
    if evidence.open_attempts > 0 {
        missing(format!("{} attempts have no verdict", evidence.open_attempts));
    }
    if evidence.integrity != "ok" {
        missing(format!("the database is damaged: {}", evidence.integrity));
    }
    for post in evidence.posts.iter().filter(|post| evidence.history.get(&post.post).is_none_or(Vec::is_empty)) {
        missing(format!("post {} has no history", post.post));
    }
}

fn key(account: &str, kind: &str, text: Option<&str>) -> Key {
    (account.into(), kind.into(), comparable(text.unwrap_or_default()))
}
