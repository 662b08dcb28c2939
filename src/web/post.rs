//! `/posts/{id}`: the whole story of one post.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use jiff::Timestamp;

use super::case::{self, CaseView};
use super::entry::{PostEntry, StoryEntry, TimeCell, lang};
use super::failed::Failed;
use super::filters;
use super::page::{Frame, Page, PageRefresh, made, query_of, write};
use super::state::House;
use crate::domain::clock::between;
use crate::domain::content::{Body, Content};
use crate::domain::telling::length;
use crate::store::view::{AttemptRow, EventRow, StoryKey};

/// Attempts, and entries of the history, that are shown: the latest.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "post.html", config = "src/web/askama.toml")]
struct Post {
    frame: Frame,
    entry: PostEntry,
    /// What a person compares, where only a person can settle it.
    case: Option<CaseView>,
    blocked: Option<String>,
    story: Option<StoryEntry>,
    text: String,
    lang: &'static str,
    images: Vec<ImageView>,
    link: Option<String>,
    facts: Vec<(&'static str, String)>,
    attempts: Vec<Attempt>,
    events: Vec<EventCell>,
    /// Older attempts and entries that are left out.
    left_out: usize,
    command: String,
}

struct ImageView {
    name: String,
    size: String,
    sha256: String,
}

struct Attempt {
    kind: String,
    started: TimeCell,
    took: String,
    verdict: String,
    fault: Option<(String, String)>,
    remedy: Option<String>,
    /// What went over the wire, where it did not plainly succeed.
    asked: Option<String>,
    /// How the answer began; empty when none came.
    answered: Option<String>,
}

struct EventCell {
    at: TimeCell,
    event: String,
    state: String,
    actor: String,
    reason: String,
}

pub(super) async fn show(State(house): State<Arc<House>>, Path(id): Path<String>, RawQuery(query): RawQuery) -> Page {
    let missing = || Failed::Missing(format!("There is no post {id}."));
    let id: i64 = id.parse().map_err(|_| missing())?;
    let ctx = house.queue.turn().await?;
    let now = ctx.clock.now();
    let row = ctx.store.post(id).await?.ok_or_else(missing)?;
    let story = ctx.store.stories(None, Some(&StoryKey::Post(id)), 1).await?.into_iter().next();
    let (attempts, fewer_attempts) = latest(ctx.store.attempts(id).await?);
    let (events, fewer_events) = latest(ctx.store.events(id).await?);
    let zone = ctx.zone();
    let case = case::of(&house, &ctx, &[id], &zone, now).await?.pop().map(|(_, case)| case);
    let content = row.content.clone();
    let text = content.text().unwrap_or_default().to_owned();
    let entry = PostEntry::new(&house, row.clone(), &zone, now);
    let mut frame = Frame::new(&house, "", format!("Post {id}"), made(now, &zone));
    frame.renewal = PageRefresh::asked(&format!("/posts/{id}"), &query_of(query));
    write(&Post {
        frame,
        case,
        blocked: row.blocked,
        story: story.map(|story| StoryEntry::new(&house, story, &zone, now)),
        lang: lang(&text),
        text,
        images: pictures(&content),
        link: if let Body::Link { url, .. } = &content.body { Some(url.clone()) } else { None },
        facts: facts(&content),
        attempts: attempts.into_iter().map(|row| attempt(row, &zone, now)).collect(),
        events: events.into_iter().map(|row| event(row, &zone, now)).collect(),
        left_out: fewer_attempts + fewer_events,
        command: format!("storyd admin show {id}{}", house.surroundings.command_flags),
        entry,
    })
}

/// The latest rows, and how many are left out before them.
fn latest<T>(mut rows: Vec<T>) -> (Vec<T>, usize) {
    let left_out = rows.len().saturating_sub(SHOWN_MAX);
    (rows.split_off(left_out), left_out)
}

fn pictures(content: &Content) -> Vec<ImageView> {
    let picture = |image: &crate::domain::content::Image| ImageView {
        name: image.name.clone(),
        size: size(image.bytes),
        sha256: image.sha256.clone(),
    };
    content.images().iter().map(picture).collect()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// What it is posted with, beside what it says.
fn facts(content: &Content) -> Vec<(&'static str, String)> {
    let mut facts = vec![("audience", content.permission.as_str().to_owned())];
    if let Some(share) = content.enable_share {
        facts.push(("sharing", if share { "allowed" } else { "not allowed" }.to_owned()));
    }
    let app = &content.app;
    let params = [
        ("android_exec_param", &app.android_exec_param),
        ("ios_exec_param", &app.ios_exec_param),
        ("android_market_param", &app.android_market_param),
        ("ios_market_param", &app.ios_market_param),
    ];
    facts.extend(params.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    facts
}

fn attempt(row: AttemptRow, zone: &str, now: Timestamp) -> Attempt {
    Attempt {
        started: TimeCell::new(row.started_at, zone, now),
        took: row.ended_at.map_or_else(|| "under way".into(), |end| length(between(row.started_at, end))),
        verdict: row.verdict.unwrap_or_else(|| "under way".into()),
        fault: row.fault_reason.map(|reason| (reason, row.fault_code.unwrap_or_default())),
        remedy: row.fault_remedy.filter(|remedy| !remedy.is_empty()),
        asked: row.request,
        answered: row.answer,
        kind: row.kind,
    }
}

fn event(row: EventRow, zone: &str, now: Timestamp) -> EventCell {
    EventCell {
        at: TimeCell::new(row.at, zone, now),
        event: row.event,
        state: row.state,
        actor: row.actor,
        reason: row.reason,
    }
}
