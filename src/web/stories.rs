//! `/stories`: what went out, the newest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};

use super::entry::StoryEntry;
use super::filters;
use super::page::{Frame, Links, Page, Paging, made, query_of, write};
use super::state::House;

#[derive(Template)]
#[template(path = "stories.html", config = "src/web/askama.toml")]
struct Stories {
    frame: Frame,
    entries: Vec<StoryEntry>,
    links: Links,
}

pub(super) async fn show(State(house): State<Arc<House>>, RawQuery(query): RawQuery) -> Page {
    let paging = Paging::asked(&query_of(query));
    let ctx = house.queue.turn().await?;
    let (now, zone) = (ctx.clock.now(), ctx.zone());
    let (rows, more) = paging.cut(ctx.store.stories(None, None, paging.rows_to_read()).await?);
    write(&Stories {
        frame: Frame::new(&house, "/stories", "Stories", made(now, &zone)),
        entries: rows.into_iter().map(|row| StoryEntry::new(&house, row, &zone, now)).collect(),
        links: Links::new("/stories", "", paging, more),
    })
}
