//! What all pages share: the frame around them, paging, and the answers to what cannot be shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;

use super::entry::TimeCell;
use super::failed::Failed;
use super::filters;
use super::state::House;
use crate::domain::printable;
use crate::store::view::ROWS_MAX;

/// Rows of a page with lists that go on.
const PAGE_ROWS: u32 = 50;

/// Seconds between two renewals of a page.
const RENEW_SECS: u32 = 60;

/// How a page is renewed by itself.
#[derive(Default)]
pub(super) struct PageRefresh {
    /// Every so many seconds, if at all.
    pub(super) secs: Option<u32>,
    /// The address that turns it on, or off; absent: the page is never renewed.
    pub(super) switch: Option<String>,
}

impl PageRefresh {
    /// As the address of the page asks for, with `renew` in its query.
    pub(super) fn asked(path: &str, query: &Asked) -> Self {
        if query.contains_key("renew") {
            Self { secs: Some(RENEW_SECS), switch: Some(path.to_owned()) }
        } else {
            Self { secs: None, switch: Some(format!("{path}?renew=1")) }
        }
    }
}

/// The frame around a page.
pub(super) struct Frame {
    /// Above the page and in the browser's tab.
    pub(super) title: String,
    /// Where it stands in the navigation, if it does.
    pub(super) path: &'static str,
    /// Whether the browser asks for the page again by itself: only when a person wants it, since a page that changes under the reader
    /// takes the place away (WCAG 2.2.1).
    pub(super) renewal: PageRefresh,
    pub(super) sandbox_url: Option<String>,
    /// When it was made.
    pub(super) made: Option<TimeCell>,
}

impl Frame {
    pub(super) fn new(house: &House, path: &'static str, title: impl Into<String>, made: TimeCell) -> Self {
        let sandbox_url = house.surroundings.sandbox_url.clone();
        Self { title: title.into(), path, renewal: PageRefresh::default(), sandbox_url, made: Some(made) }
    }

    fn bare(title: &str) -> Self {
        Self { title: title.into(), path: "", renewal: PageRefresh::default(), sandbox_url: None, made: None }
    }
}

/// What a page's function gives.
pub(super) type Page = Result<Html<String>, Failed>;

/// Writes a page.
pub(super) fn write(template: &impl Template) -> Page {
    // What others wrote is escaped by the template, and acts on no browser; nor does it turn the order of what stands beside it.
    Ok(Html(printable::lines(&template.render()?).into_owned()))
}

#[derive(Template)]
#[template(path = "message.html", config = "src/web/askama.toml")]
struct Message<'a> {
    frame: Frame,
    text: &'a str,
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, title, text) = match &self {
            Self::Missing(what) => (StatusCode::NOT_FOUND, "Nothing here", what.as_str()),
            Self::Stopping => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The daemon is stopping",
                "Look again when it runs: this page goes with it.",
            ),
            Self::Store(error) => {
                tracing::error!(%error, "the dashboard could not read the queue");
                let text = "The queue could not be read. The daemon's log says why.";
                (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer", text)
            }
            Self::ForeignName => (
                StatusCode::MISDIRECTED_REQUEST,
                "Not under this name",
                "The dashboard listens on this machine alone and answers to localhost, 127.0.0.1 and [::1]. \
                 Let a proxy pass one of these names on.",
            ),
            Self::Unexpected => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This page failed",
                "The daemon's log says why. Posts go out all the same.",
            ),
        };
        message(status, title, text)
    }
}

fn message(status: StatusCode, title: &str, text: &str) -> Response {
    match (Message { frame: Frame::bare(title), text }).render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{title}\n")).into_response(),
    }
}

/// For paths that lead nowhere.
pub(super) async fn nothing_here() -> Failed {
    Failed::Missing("There is no such page. The list below leads to those that exist.".into())
}

/// For methods that would change something.
pub(super) async fn only_looking(State(house): State<Arc<House>>) -> Response {
    let flags = &house.surroundings.command_flags;
    let text = format!("These pages only show. Change the queue with `storyd admin --help{flags}`.");
    message(StatusCode::METHOD_NOT_ALLOWED, "Only for looking", &text)
}

/// What an address asks behind its `?`; of a key that stands there twice, the last.
pub(super) type Asked = BTreeMap<String, String>;

/// Reads a query. None is wrong: what a page does not know it does not look at.
pub(super) fn query_of(query: Option<String>) -> Asked {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// One page of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// From 1.
    pub(super) number: u32,
}

impl Paging {
    /// What `page` in the address says.
    pub(super) fn asked(query: &Asked) -> Self {
        Self::new(query.get("page").and_then(|number| number.parse().ok()))
    }

    /// The asked page; the last possible one when it is beyond all that is listed.
    fn new(number: Option<u32>) -> Self {
        Self { number: number.unwrap_or(1).clamp(1, ROWS_MAX / PAGE_ROWS) }
    }

    /// Rows to read: up to the end of this page, and one more that tells whether it goes on.
    pub(super) fn rows_to_read(self) -> u32 {
        (self.number * PAGE_ROWS + 1).min(ROWS_MAX)
    }

    /// Cuts the rows of this page out. Says whether a page follows.
    pub(super) fn cut<T>(self, rows: Vec<T>) -> (Vec<T>, bool) {
        let rows_per_page = PAGE_ROWS as usize;
        let start = (self.number as usize - 1) * rows_per_page;
        let more = rows.len() > start + rows_per_page && self.number < ROWS_MAX / PAGE_ROWS;
        (rows.into_iter().skip(start).take(rows_per_page).collect(), more)
    }
}

/// The links between the pages of a long list.
pub(super) struct Links {
    pub(super) number: u32,
    pub(super) newer: Option<String>,
    pub(super) older: Option<String>,
}

impl Links {
    /// `query` is what the address says beside the page, with an `&` at its end, or empty.
    pub(super) fn new(path: &str, query: &str, paging: Paging, more: bool) -> Self {
        let link = |number: u32| format!("{path}?{query}page={number}");
        Self {
            number: paging.number,
            newer: (paging.number > 1).then(|| link(paging.number - 1)),
            older: more.then(|| link(paging.number + 1)),
        }
    }
}

/// The present, in the zone of the page.
pub(super) fn made(now: Timestamp, zone: &str) -> TimeCell {
    TimeCell::new(now, zone, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_is_bounded_and_knows_whether_it_goes_on() {
        assert_eq!(Paging::new(None).number, 1);
        assert_eq!(Paging::new(Some(0)).number, 1);
        assert_eq!(Paging::new(Some(u32::MAX)).number, ROWS_MAX / PAGE_ROWS);
        assert_eq!(Paging::new(Some(u32::MAX)).rows_to_read(), ROWS_MAX);
        let rows: Vec<u32> = (0..51).collect();
        let (first, more) = Paging::new(Some(1)).cut(rows.clone());
        assert_eq!((first.len(), more), (50, true));
        let (second, more) = Paging::new(Some(2)).cut(rows);
        assert_eq!((second, more), (vec![50], false));
    }
}
