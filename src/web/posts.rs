//! `/posts`: every post of a state, a job or an account.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use url::form_urlencoded;

use super::House;
use super::entry::Entry;
use super::page::{Asked, Failed, Frame, Links, Page, Paging, made, query_of, write};
use crate::domain::post::PostState;
use crate::store::view::{PostFilter, ROWS_MAX};

#[derive(Template)]
#[template(path = "posts.html", config = "src/web/askama.toml")]
struct Posts {
    frame: Frame,
    /// The states, and whether it is the one that is shown.
    states: Vec<(&'static str, bool)>,
    entries: Vec<Entry>,
    links: Links,
    /// Only the latest are listed: how many. On the last page.
    full: Option<u32>,
}

pub(super) async fn show(State(house): State<Arc<House>>, RawQuery(query): RawQuery) -> Page {
    let query = query_of(query);
    let state = query.get("state").map(|word| read_state(word)).transpose()?;
    let (job, account) = (query.get("job").cloned(), query.get("account").cloned());
    let paging = Paging::asked(&query);
    let filter = PostFilter {
        states: state.into_iter().collect(),
        job: job.clone(),
        account: account.clone(),
        limit: Some(paging.rows_to_read()),
    };
    let ctx = house.queue.turn().await?;
    let now = ctx.clock.now();
    let rows = if first_comes_first(state) {
        ctx.store.posts(&filter).await?
    } else {
        ctx.store.latest_posts(&filter).await?
    };
    let full = (!first_comes_first(state) && rows.len() == ROWS_MAX as usize).then_some(ROWS_MAX);
    let (rows, more) = paging.cut(rows);
    let mut title = "Posts".to_owned();
    for (key, value) in [("", state.map(|state| state.as_str().to_owned())), ("of job ", job), ("on account ", account)]
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
        entries: rows.into_iter().map(|row| Entry::new(&house, row, &zone, now)).collect(),
        links: Links::new("/posts", &rest_of(&query), paging, more),
        full,
    })
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
    for key in ["state", "job", "account"] {
        if let Some(value) = query.get(key) {
            rest.append_pair(key, value);
        }
    }
    let mut rest = rest.finish();
    if !rest.is_empty() {
        rest.push('&');
    }
    rest
}
