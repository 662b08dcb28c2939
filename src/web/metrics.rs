//! `/metrics`: the state of the queue and what is wrong, as numbers for a monitor that speaks the text format of Prometheus.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use jiff::Timestamp;

use super::state::{House, ReadPermit};
use crate::domain::notice::Trouble;
use crate::domain::post::PostState;
use crate::engine::health;
use crate::engine::incidents::outlook;
use crate::store::Result;

/// The media type of the format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every number, or 503 while the database does not answer.
pub(super) async fn show(State(house): State<Arc<House>>) -> Response {
    let told = match house.queue.turn().await {
        Ok(ctx) => tell(&ctx).await,
        Err(_) => return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
    };
    match told {
        Ok(text) => (StatusCode::OK, [(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the numbers of the queue could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; the daemon's log says why\n")
                .into_response()
        }
    }
}

async fn tell(ctx: &ReadPermit) -> Result<String> {
    let counts = ctx.store.counts().await?;
    let open = ctx.store.count_open_incidents().await?;
    let waiting = usize::try_from(ctx.store.count_waiting_notices().await?).unwrap_or(usize::MAX);
    let in_state = |state| counts.iter().find(|(of, _)| *of == state).map_or(0, |(_, count)| *count);
    let of_trouble = |trouble| open.iter().find(|(of, _)| *of == trouble).map_or(0, |(_, incidents)| *incidents);
    let mut out = String::new();
    let posts = PostState::ALL.map(|state| (format!("{{state=\"{state}\"}}"), in_state(state)));
    gauge(&mut out, "storyd_posts", "Posts in the queue and on record, by state.", &posts);
    let troubles = Trouble::ALL.map(|trouble| (format!("{{trouble=\"{}\"}}", trouble.as_str()), of_trouble(trouble)));
    gauge(&mut out, "storyd_troubles", "What is wrong and not over, by kind.", &troubles);
    let broken = ctx.plan.broken().map_or(0, |problems| problems.errors());
    let one = |out: &mut String, name, help, value: usize| gauge(out, name, help, &[(String::new(), value)]);
    one(&mut out, "storyd_job_file_problems", "Problems that keep the job files from being in force.", broken);
    let jobs = ctx.plan.get().0.map_or(0, |plan| plan.jobs.len());
    one(&mut out, "storyd_jobs", "Jobs of the plan in force.", jobs);
    one(&mut out, "storyd_notices_waiting", "Notices to people that have not arrived yet.", waiting);
    let full = usize::from(ctx.store.is_short_of_room());
    one(&mut out, "storyd_disk_full", "1 while the disk is full and nothing is claimed.", full);
    let doubt = usize::from(ctx.trust.doubt().is_some());
    one(&mut out, "storyd_clock_in_doubt", "1 while the clock is in doubt and nothing is done by it.", doubt);
    beats(&mut out, ctx).await?;
    Ok(out)
}

/// Whether the loop turns, what is due and not out, and what last came of it. Instants are seconds since 1970; what is not known is
/// left out.
async fn beats(out: &mut String, ctx: &ReadPermit) -> Result<()> {
    let beats = ctx.pulse.beats();
    let standing = health::standing(ctx).await?;
    let mut seconds = |name: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            gauge(out, name, help, &[(String::new(), value)]);
        }
    };
    seconds("storyd_loop_turned_timestamp_seconds", "When the daemon's loop last turned.", beats.turned_at.map(unix));
    seconds(
        "storyd_job_files_loaded_timestamp_seconds",
        "When the job files were last read without an error.",
        beats.loaded_at.map(unix),
    );
    seconds(
        "storyd_last_lateness_seconds",
        "How long after its time the last post was published.",
        beats.last_late.map(|late| late.as_secs_f64()),
    );
    let overdue = standing.overdue;
    let posts = usize::try_from(overdue.posts).unwrap_or(0);
    gauge(
        out,
        "storyd_overdue_posts",
        "Waiting posts whose time has passed, whatever holds them.",
        &[(String::new(), posts)],
    );
    if let Some(at) = overdue.oldest_due_at {
        let help = "Since when the oldest of the overdue posts is due.";
        gauge(out, "storyd_oldest_overdue_timestamp_seconds", help, &[(String::new(), unix(at))]);
    }
    let stuck = [(String::new(), standing.stuck.len())];
    gauge(out, "storyd_stuck_accounts", "Accounts with overdue posts that nothing holds and that do not move.", &stuck);
    let of_account = |(account, at): (String, Timestamp)| (format!("{{account=\"{account}\"}}"), unix(at));
    let last: Vec<_> = ctx.store.last_stories().await?.into_iter().map(of_account).collect();
    if !last.is_empty() {
        let help = "When the last story of the account came to exist.";
        gauge(out, "storyd_last_story_timestamp_seconds", help, &last);
    }
    let ends: Vec<_> = outlook::token_ends(ctx).into_iter().map(of_account).collect();
    if !ends.is_empty() {
        let help = "When the account has to log in again, unless storyd can renew its token until then.";
        gauge(out, "storyd_login_ends_timestamp_seconds", help, &ends);
    }
    Ok(())
}

/// Seconds since 1970.
fn unix(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn gauge<Value: Display>(out: &mut String, name: &str, help: &str, values: &[(String, Value)]) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in values {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}
