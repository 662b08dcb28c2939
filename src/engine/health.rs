//! Whether the daemon is well: whether its loop turns, and what is due and not out.

use std::time::Duration;

use super::context::Ctx;
use super::report::Result;
use crate::domain::clock::{between, earlier};
use crate::store::view::{Overdues, TaskKind};

/// The loop turns at least twice a minute: one that has not for so long hangs.
pub const TURN_MAX: Duration = Duration::from_secs(120);

/// A post that nothing holds and that is due for so long, of an account for which nothing was sent meanwhile, is a fault of ours.
pub const OVERDUE_MAX: Duration = Duration::from_secs(300);

/// What is due and not out.
#[derive(Clone, Debug)]
pub struct OverdueState {
    /// Every waiting post whose time has passed, whatever holds it.
    pub overdue: Overdues,
    /// Accounts of which a post is due for more than [`OVERDUE_MAX`] although nothing holds it, and nothing was sent meanwhile.
    pub stuck: Vec<String>,
}

/// Looks what is due and not out.
pub async fn standing(ctx: &Ctx) -> Result<OverdueState> {
    let now = ctx.clock.now();
    let overdue = ctx.store.overdues(now).await?;
    let limit = earlier(now, OVERDUE_MAX);
    let mut stuck = Vec::new();
    if overdue.oldest_due_at.is_some_and(|at| at <= limit) && !ctx.store.is_short_of_room() {
        let due = |found: Vec<(TaskKind, String)>| {
            found.into_iter().filter(|(due, _)| *due == TaskKind::Publish).map(|(_, account)| account)
        };
        // Due at both instants: due for all that time.
        let before: Vec<String> = due(ctx.store.due(limit).await?).collect();
        let moving = if before.is_empty() { Vec::new() } else { ctx.store.tried_since(limit).await? };
        let still = due(ctx.store.due(now).await?);
        stuck.extend(still.filter(|account| before.contains(account) && !moving.contains(account)));
    }
    Ok(OverdueState { overdue, stuck })
}

/// Why the daemon is not well, in one line; `None` when it is.
pub async fn ailing(ctx: &Ctx) -> Result<Option<String>> {
    let now = ctx.clock.now();
    let Some(turned_at) = ctx.pulse.beats().turned_at else { return Ok(None) };
    let still = between(turned_at, now);
    if still > TURN_MAX {
        return Ok(Some(format!("the daemon's loop has not turned for {} s: nothing is posted", still.as_secs())));
    }
    let standing = standing(ctx).await?;
    if let (false, Some(oldest)) = (standing.stuck.is_empty(), standing.overdue.oldest_due_at) {
        return Ok(Some(format!(
            "{} overdue, the oldest by {} s, although nothing holds those of {}",
            if standing.overdue.posts == 1 {
                "1 post is".to_owned()
            } else {
                format!("{} posts are", standing.overdue.posts)
            },
            between(oldest, now).as_secs(),
            standing.stuck.join(", ")
        )));
    }
    Ok(None)
}
