//! `/healthz`: whether the daemon's database answers, for programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::House;

/// 200 and `ok`, or 503 and what to look at.
pub(super) async fn show(State(house): State<Arc<House>>) -> Response {
    let counted = match house.queue.turn().await {
        Ok(ctx) if ctx.store.is_short_of_room() => {
            return say(StatusCode::SERVICE_UNAVAILABLE, "the disk is full; nothing is posted until there is room\n");
        }
        Ok(ctx) => ctx.store.counts().await,
        Err(_) => return say(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    };
    match counted {
        Ok(_) => say(StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!(%error, "the dashboard could not read the queue");
            say(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; the daemon's log says why\n")
        }
    }
}

fn say(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
