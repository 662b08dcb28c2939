//! What keeps a waiting post from going out at its time, in words for whoever has just steered it.

use jiff::Timestamp;

use crate::cli::context::CommandContext;
use crate::cli::failure::Failure;
use crate::cli::terminal::format::time;
use crate::domain::clock::Clock;
use crate::store::Store;
use crate::store::view::{PostRow, WaitKind, standing_waits};

/// What keeps a waiting post from going out at its time, as things stand: begins with a comma, and is empty where nothing does.
pub(super) async fn caveat(home: &CommandContext, store: &Store, post: &PostRow) -> Result<String, Failure> {
    let faced = Faced { account: &post.account, job: &post.job, tags: &post.tags, due_at: post.due_at };
    let told = caveat_of(home, store, faced, post.blocked.as_deref()).await?;
    if !told.is_empty() {
        return Ok(told);
    }
    let now = Clock::system().now();
    let waits = standing_waits(&post.waits, now);
    let Some(wait) = waits.iter().find(|wait| wait.what != WaitKind::Blackout) else { return Ok(String::new()) };
    let until = match wait.until {
        Some(at) => format!(" until {}", time(at, &home.zone(store).await?, now)),
        None => String::new(),
    };
    Ok(format!(", but waits{until}: {}", wait.why))
}

/// A post, in the queue or not yet, as what would keep it back sees it.
pub(super) struct Faced<'a> {
    pub(super) account: &'a str,
    pub(super) job: &'a str,
    pub(super) tags: &'a [String],
    pub(super) due_at: Timestamp,
}

/// The same of what holds for posts that are not in the queue yet, too.
pub(super) async fn caveat_of(
    home: &CommandContext,
    store: &Store,
    post: Faced<'_>,
    blocked: Option<&str>,
) -> Result<String, Failure> {
    let now = Clock::system().now();
    if !store.has_daemon().await? {
        return Ok(format!(", but no daemon runs: start `{}`", home.command("run")));
    }
    let mut pauses = store.pauses(now).await?;
    pauses.retain(|pause| pause.holds((post.account, post.job, post.tags), post.due_at));
    if let Some(pause) = pauses.first() {
        let until = match pause.until_at {
            Some(at) => format!("until {}", time(at, &home.zone(store).await?, now)),
            None => "until a person resumes it".to_owned(),
        };
        return Ok(format!(", but {} is paused {until}", pause.what()));
    }
    Ok(blocked.map_or_else(String::new, |why| format!(", but account {} is blocked: {why}", post.account)))
}
