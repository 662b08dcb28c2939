//! `storyd admin show`: the whole story of one post.

use serde::Serialize;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::case::{self, TextDetail};
use super::refusal;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{counted, length, print_json, stamp, story_url, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::case::Case;
use crate::domain::clock::{Clock, between};
use crate::domain::content::{Body, Content};
use crate::domain::post::PostState;
use crate::domain::telling::shell_word;
use crate::store::view::{AttemptRow, EventRow, PostRow, StoryKey, StoryRow};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(value_name = "POST", help = super::target::HELP)]
    post: String,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Whole {
    /// The post as the queue lists it.
    post: PostRow,
    /// Its story, once there was one.
    story: Option<StoryRow>,
    /// The story's page at Kakao, where its ID tells it.
    story_url: Option<String>,
    /// Where it was ordered: the place in its job file, as last seen, or who put it into the queue.
    source: Option<String>,
    /// What a person can do now, where something is to be done.
    next_step: Option<String>,
    /// What a person compares, where only a person can settle it.
    case: Option<Case>,
    /// What people call its account.
    #[serde(skip)]
    account_title: Option<String>,
    /// Every attempt, oldest first.
    attempts: Vec<AttemptRow>,
    /// Its history, oldest first.
    events: Vec<EventRow>,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let (number, others) = super::target::to_show(home, &store, &args.post).await?;
    let now = Clock::system().now();
    let Some(post) = store.post(number).await?.map(|post| post.at(now)) else {
        return Err(Failure::no_such_thing(refusal::no_such_post(home, number)));
    };
    let zone = home.zone(&store).await?;
    let story = store.stories(None, Some(&StoryKey::Post(number)), 1).await?.into_iter().next();
    let whole = Whole {
        // The sandbox's stories have no page at Kakao.
        story_url: post.story_id.as_deref().filter(|_| !home.in_sandbox()).and_then(story_url),
        source: store.job_source(&post.job).await?,
        next_step: next_step(home, &post),
        case: case::cases(home, &store, &[number]).await?.pop(),
        account_title: home.settings.titles().remove(&post.account),
        attempts: store.attempts(number).await?,
        events: store.events(number).await?,
        post,
        story,
    };
    store.close().await;
    if common.json {
        print_json(&whole)?;
    } else {
        print(&whole, &zone);
        if others > 0 {
            let list = home.command(&format!("admin queue --all --job {}", shell_word(&whole.post.job)));
            note!("{} has {}; `{list}` lists them", whole.post.job, counted(others, "other post"));
        }
    }
    Ok(DONE)
}

fn print(whole: &Whole, zone: &str) {
    let now = Clock::system().now();
    let post = &whole.post;
    say!("post {} · {} · {}", post.post, post.state, post.kind);
    say!("  job       {}", post.job);
    if let Some(source) = &whole.source {
        say!("  ordered   {source}");
    }
    match &whole.account_title {
        Some(title) => say!("  account   {title} ({})", post.account),
        None => say!("  account   {}", post.account),
    }
    say!("  occurs    {}", time(post.occurs_at, zone, now));
    if post.due_at != post.occurs_at {
        say!("  due       {}", time(post.due_at, zone, now));
    }
    if !post.reason.is_empty() {
        say!("  because   {}", post.reason);
    }
    for wait in &post.waits {
        let until = wait.until.map_or_else(String::new, |at| format!("until {}: ", time(at, zone, now)));
        say!("  waits     {until}{}", wait.why);
    }
    if let Some(id) = &post.story_id {
        let url = whole.story_url.as_deref().map_or_else(String::new, |url| format!("  {url}"));
        say!("  story     {id}{url}");
    }
    if let Some(story) = &whole.story {
        if let Some(at) = story.deleted_at {
            say!("  deleted   {}", time(at, zone, now));
        } else if let Some(at) = story.delete_at {
            say!("  deletion  {}", time(at, zone, now));
        }
        if let Some(fault) = &story.delete_fault {
            say!("  deletion failed: {fault}");
        }
    }
    if let Some(step) = whole.next_step.as_ref().filter(|_| whole.case.is_none()) {
        say!("  next      {step}");
    }
    if !post.tags.is_empty() {
        say!("  tags      {}", post.tags.join(", "));
    }
    print_content(&post.content);
    if let Some(case) = &whole.case {
        say!("for you to settle");
        case::lines(case, TextDetail::Whole, zone, now).iter().for_each(|line| say!("{line}"));
    }
    print_attempts(&whole.attempts, &post.content, zone);
    say!("history");
    print_events(&whole.events, zone);
}

/// Of many that say the same one after the other, the first and the last.
fn print_events(events: &[EventRow], zone: &str) {
    let same = |a: &EventRow, b: &EventRow| (&a.event, &a.actor, &a.reason) == (&b.event, &b.actor, &b.reason);
    for run in events.chunk_by(same) {
        let (told, more): (Vec<&EventRow>, usize) = match run {
            [first, between @ .., last] if between.len() > 1 => (vec![first, last], between.len()),
            all => (all.iter().collect(), 0),
        };
        for (index, event) in told.iter().enumerate() {
            if index == 1 && more > 0 {
                say!("  … the same {more} times more");
            }
            let why = if event.reason.is_empty() { String::new() } else { format!(": {}", event.reason) };
            say!("  {}  {:<12}  by {}{why}", stamp(event.at, zone), event.event, event.actor);
        }
    }
}

fn print_content(content: &Content) {
    say!("says");
    for line in content.text().unwrap_or("(no text)").lines() {
        say!("  │ {line}");
    }
    match &content.body {
        Body::Note { .. } => {}
        Body::Photo { images, .. } => {
            for image in images {
                say!("  image {} ({} bytes, sha256 {}…)", image.name, image.bytes, &image.sha256[..12]);
            }
        }
        Body::Link { url, .. } => say!("  link {url}"),
    }
    let share = match content.enable_share {
        Some(true) => ", sharing allowed",
        Some(false) => ", sharing not allowed",
        None => "",
    };
    say!("  audience {}{share}", content.permission.as_str());
    let app = &content.app;
    for (name, value) in [
        ("android_exec_param", &app.android_exec_param),
        ("ios_exec_param", &app.ios_exec_param),
        ("android_market_param", &app.android_market_param),
        ("ios_market_param", &app.ios_market_param),
    ] {
        if let Some(value) = value {
            say!("  {name} {value}");
        }
    }
}

/// What a person can do about a post that waits for one.
fn next_step(home: &CommandContext, post: &PostRow) -> Option<String> {
    let command = |words: &str| format!("`{}`", home.command(&format!("admin {words} {}", post.post)));
    match post.state {
        PostState::Held if post.is_lost() => Some(format!(
            "put its job back into the job files and it goes on by itself; `{}` withdraws it",
            home.command(&format!("admin accept --account {}", shell_word(&post.account)))
        )),
        PostState::Held => Some(format!("{} lets it go ahead, {} withdraws it", command("release"), command("cancel"))),
        PostState::Failed if post.job.starts_with('@') => Some(format!(
            "it cannot be corrected: post it anew with `{}`; if only the account was at fault, {}",
            home.command("admin post"),
            command("retry")
        )),
        PostState::Failed => Some(format!("correct what it says or the account, then {}", command("retry"))),
        PostState::Missed | PostState::Cancelled => Some(format!("{} publishes it after all", command("retry"))),
        PostState::InDoubt if post.parked_at.is_some() => {
            Some(format!("look at the account's page, then {} with --story ID or --absent", command("resolve")))
        }
        PostState::InDoubt => Some("nothing yet: the account's list is being read".into()),
        PostState::Scheduled
        | PostState::Claimed
        | PostState::Publishing
        | PostState::Published
        | PostState::Deleted => None,
    }
}

/// What an attempt asks of Kakao, where its request was not kept.
fn request(kind: &str, content: &Content) -> String {
    match (kind, &content.body) {
        ("prepare", Body::Photo { images, .. }) if images.len() == 1 => "upload of 1 image".into(),
        ("prepare", Body::Photo { images, .. }) => format!("upload of {} images", images.len()),
        ("prepare", Body::Link { url, .. }) => format!("scrape of {url}"),
        ("publish", _) => format!("the one request that creates a {}", content.kind()),
        ("delete", _) => "deletion, and a read that confirms it".into(),
        (kind, _) => kind.into(),
    }
}

fn print_attempts(attempts: &[AttemptRow], content: &Content, zone: &str) {
    if attempts.is_empty() {
        return;
    }
    say!("attempts");
    for attempt in attempts {
        let took = attempt.ended_at.map_or_else(|| "under way".into(), |end| length(between(attempt.started_at, end)));
        let verdict = attempt.verdict.as_deref().unwrap_or("…");
        say!("  {}  {:<12}  {verdict} ({took})", stamp(attempt.started_at, zone), attempt.kind);
        let asked = attempt.request.clone().unwrap_or_else(|| request(&attempt.kind, content));
        say!("    asked     {asked}");
        match attempt.answer.as_deref() {
            Some("") => say!("    answered  nothing"),
            Some(answer) => say!("    answered  {answer}"),
            None => {}
        }
        if let (Some(reason), Some(code)) = (&attempt.fault_reason, &attempt.fault_code) {
            say!("    {reason} ({code})");
        }
        if let Some(remedy) = attempt.fault_remedy.as_deref().filter(|remedy| !remedy.is_empty()) {
            say!("    → {remedy}");
        }
    }
}
