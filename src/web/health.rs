//! `/healthz`: whether the daemon does its work, for programs: its database answers, its loop turns, and what is due goes out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::state::House;
use crate::engine::health;

/// 200 and `ok`, or 503 and what to look at.
pub(super) async fn show(State(house): State<Arc<House>>) -> Response {
    let ailing = match house.queue.turn().await {
        Ok(ctx) if ctx.store.is_short_of_room() => {
            return say(StatusCode::SERVICE_UNAVAILABLE, "the disk is full; nothing is posted until there is room");
        }
        Ok(ctx) if ctx.trust.doubt().is_some() => {
            let why = "the clock is in doubt; nothing is posted until it is right: `storyd admin clock` tells more";
            return say(StatusCode::SERVICE_UNAVAILABLE, why);
        }
        Ok(ctx) => match ctx.store.counts().await {
            Ok(_) => health::ailing(&ctx).await,
            Err(error) => Err(error),
        },
        Err(_) => return say(StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    match ailing {
        Ok(None) => say(StatusCode::OK, "ok"),
        Ok(Some(why)) => say(StatusCode::SERVICE_UNAVAILABLE, &why),
        Err(error) => {
            tracing::error!(%error, "the dashboard could not read the queue");
            say(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; the daemon's log says why")
        }
    }
}

fn say(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{text}\n")).into_response()
}
