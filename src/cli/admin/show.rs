//! `storyd admin show`: the whole story of one post.

use serde::Serialize;

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use super::super::show::{instant, length, print_json, time};
use crate::domain::clock::{Clock, between};
use crate::domain::content::{Body, Content};
use crate::store::view::{AttemptRow, EventRow, PostRow, StoryKey, StoryRow};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The post's number
    post: i64,
}

#[derive(Serialize)]
struct Whole {
    post: PostRow,
    story: Option<StoryRow>,
    story_url: Option<String>,
    attempts: Vec<AttemptRow>,
    events: Vec<EventRow>,
}

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let store = super::open(home).await?;
    let Some(post) = store.post(args.post).await? else {
        return Err(Failure::no_such_thing(format!(
            "there is no post {}; `storyd admin queue --all` lists them",
            args.post
        )));
    };
    let story = store.stories(None, Some(&StoryKey::Post(args.post)), 1).await?.into_iter().next();
    let whole = Whole {
        story_url: post.story_id.as_deref().and_then(super::stories::url),
        attempts: store.attempts(args.post).await?,
        events: store.events(args.post).await?,
        post,
        story,
    };
    store.close().await;
    if common.json {
        print_json(&whole)?;
    } else {
        print(&whole);
    }
    Ok(DONE)
}

fn print(whole: &Whole) {
    let now = Clock::system().now();
    let post = &whole.post;
    let zone = post.zone.as_str();
    anstream::println!("post {} · {} · {}", post.post, post.state, post.kind);
    anstream::println!("  job       {}", post.job);
    anstream::println!("  account   {}", post.account);
    anstream::println!("  occurs    {}", time(post.occurs_at, zone, now));
    if post.due_at != post.occurs_at {
        anstream::println!("  due       {}", time(post.due_at, zone, now));
    }
    if !post.reason.is_empty() {
        anstream::println!("  because   {}", post.reason);
    }
    if let Some(blocked) = &post.blocked {
        anstream::println!("  blocked   {blocked}");
    }
    if let Some(id) = &post.story_id {
        let url = whole.story_url.as_deref().unwrap_or("(no page known)");
        anstream::println!("  story     {id}  {url}");
    }
    if let Some(story) = &whole.story {
        if let Some(at) = story.deleted_at {
            anstream::println!("  deleted   {}", time(at, zone, now));
        } else if let Some(at) = story.delete_at {
            anstream::println!("  deletion  {}", time(at, zone, now));
        }
        if let Some(fault) = &story.delete_fault {
            anstream::println!("  deletion failed: {fault}");
        }
    }
    if !post.tags.is_empty() {
        anstream::println!("  tags      {}", post.tags.join(", "));
    }
    print_content(&post.content);
    print_attempts(&whole.attempts, zone);
    anstream::println!("history");
    for event in &whole.events {
        let why = if event.reason.is_empty() { String::new() } else { format!(": {}", event.reason) };
        anstream::println!("  {}  {:<12} by {}{why}", instant(event.at, zone), event.event, event.actor);
    }
}

fn print_content(content: &Content) {
    anstream::println!("says");
    for line in content.text().unwrap_or("(no text)").lines() {
        anstream::println!("  │ {line}");
    }
    match &content.body {
        Body::Note { .. } => {}
        Body::Photo { images, .. } => {
            for image in images {
                anstream::println!("  image {} ({} bytes, sha256 {}…)", image.name, image.bytes, &image.sha256[..12]);
            }
        }
        Body::Link { url, .. } => anstream::println!("  link {url}"),
    }
    let share = match content.enable_share {
        Some(true) => ", sharing allowed",
        Some(false) => ", sharing not allowed",
        None => "",
    };
    anstream::println!("  audience {}{share}", content.permission.as_str());
    let app = &content.app;
    for (name, value) in [
        ("android_exec_param", &app.android_exec_param),
        ("ios_exec_param", &app.ios_exec_param),
        ("android_market_param", &app.android_market_param),
        ("ios_market_param", &app.ios_market_param),
    ] {
        if let Some(value) = value {
            anstream::println!("  {name} {value}");
        }
    }
}

fn print_attempts(attempts: &[AttemptRow], zone: &str) {
    if attempts.is_empty() {
        return;
    }
    anstream::println!("attempts");
    for attempt in attempts {
        let took = attempt.ended_at.map_or_else(|| "under way".into(), |end| length(between(attempt.started_at, end)));
        let verdict = attempt.verdict.as_deref().unwrap_or("…");
        anstream::println!("  {}  {:<8} {verdict} ({took})", instant(attempt.started_at, zone), attempt.kind);
        if let (Some(reason), Some(code)) = (&attempt.fault_reason, &attempt.fault_code) {
            anstream::println!("    {reason} ({code})");
        }
        if let Some(remedy) = attempt.fault_remedy.as_deref().filter(|remedy| !remedy.is_empty()) {
            anstream::println!("    → {remedy}");
        }
    }
}
