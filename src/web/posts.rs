//! `/posts`: every post of a state, a job or an account.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use url::form_urlencoded;

use super::entry::PostEntry;
use super::failed::Failed;
use super::filters;
use super::page::{Asked, Frame, Links, Page, Paging, made, query_of, write};
use super::state::House;
use crate::domain::content::composed;
use crate::domain::post::PostState;
use crate::store::Store;
use crate::store::view::{PostFilter, PostQuery, PostRow, ROWS_MAX};

#[derive(Template)]
#[template(path = "posts.html", config = "src/web/askama.toml")]
struct Posts {
    frame: Frame,
    /// The states, and whether it is the one that is shown.
    states: Vec<(&'static str, bool)>,
    entries: Vec<PostEntry>,
    links: Links,
    /// Only the latest are listed: how many. On the last page.
    full: Option<u32>,
}

pub(super) async fn show(State(house): State<Arc<House>>, RawQuery(query): RawQuery) -> Page {
    let query = query_of(query);
    let state = query.get("state").map(|word| read_state(word)).transpose()?;
    // Composed as those of the job files are, however they were typed.
    let asked = |key: &str| query.get(key).map(|value| composed(value)).filter(|value| !value.is_empty());
    let (job, account, tag, text) = (asked("job"), asked("account"), asked("tag"), asked("text"));
    let paging = Paging::asked(&query);
    let filter = PostFilter {
        states: state.into_iter().collect(),
        job: job.clone(),
        account: account.clone(),
        limit: Some(paging.rows_to_read()),
    };
    let ctx = house.queue.turn().await?;
    let now = ctx.clock.now();
    let by_words = tag.is_some() || text.is_some();
    let rows = if by_words {
        let (job, account, tag, text) = (job.clone(), account.clone(), tag.clone(), text.clone());
        let states = filter.states.clone();
        let listing = PostQuery { states, account, job, tag, text, ..PostQuery::default() };
        found(&ctx.store, &listing, paging.rows_to_read()).await?
    } else if first_comes_first(state) {
        ctx.store.posts(&filter).await?
    } else {
        ctx.store.latest_posts(&filter).await?
    };
    let full = (!by_words && !first_comes_first(state) && rows.len() == ROWS_MAX as usize).then_some(ROWS_MAX);
    let (rows, more) = paging.cut(rows);
    let mut title = "Posts".to_owned();
    let text = text.map(|text| format!("“{text}”"));
    let state_said = state.map(|state| state.as_str().to_owned());
    for (key, value) in
        [("", state_said), ("job ", job), ("account ", account), ("tag ", tag), ("with the words ", text)]
    {
        if let Some(value) = value {
            title.push_str(&format!(" · {key}{value}"));
        }
    }
    let zone = ctx.zone();
    let frame = Frame::new(&house, "/posts", title, made(now, &zone));
    write(&Posts {
        frame,
        states: PostState::ALL.iter().map(|one| (one.as_str(), state == Some(*one))).collect(),
        entries: rows.into_iter().map(|row| PostEntry::new(&house, row, &zone, now)).collect(),
        links: Links::new("/posts", &rest_of(&query), paging, more),
        full,
    })
}

/// Most posts that are looked at for words, which no index answers.
const LOOKED_AT_MAX: u32 = 20_000;

/// The first posts that hold the words or have the tag, the earliest due first.
async fn found(store: &Store, listing: &PostQuery, rows: u32) -> Result<Vec<PostRow>, Failed> {
    let (mut found, mut after, mut looked_at) = (Vec::new(), None, 0);
    loop {
        let more = rows.saturating_sub(u32::try_from(found.len()).unwrap_or(rows));
        let page = store.listing(listing, after, more.max(1)).await?;
        looked_at += page.looked_at;
        found.extend(page.rows);
        after = page.end;
        if after.is_none() || found.len() >= rows as usize || looked_at >= LOOKED_AT_MAX {
            found.truncate(rows as usize);
            return Ok(found);
        }
    }
}

fn read_state(word: &str) -> Result<PostState, Failed> {
    PostState::parse(word).ok_or_else(|| Failed::Missing(format!("There is no state “{word}”.")))
}

/// What waits is read from its beginning, what is over from its end.
fn first_comes_first(state: Option<PostState>) -> bool {
    use PostState::{Claimed, InDoubt, Publishing, Scheduled};
    matches!(state, Some(Scheduled | Claimed | Publishing | InDoubt))
}

/// The query without its page, for the links to the other pages.
fn rest_of(query: &Asked) -> String {
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for key in ["state", "job", "account", "tag", "text"] {
        if let Some(value) = query.get(key) {
            rest.append_pair(key, &composed(value));
        }
    }
    let mut rest = rest.finish();
    if !rest.is_empty() {
        rest.push('&');
    }
    rest
}
