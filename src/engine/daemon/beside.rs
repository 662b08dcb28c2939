//! What takes long, beside the posts that fall due meanwhile: neither a large job file nor a look at a large queue makes one late.

use std::pin::pin;
use std::sync::Arc;

use super::agenda::Agenda;
use super::lanes::Lanes;
use super::{News, SOON, sleep};
use crate::domain::clock::between;
use crate::engine::{Ctx, Result};

/// Sees `work` to its end, whatever happens. Until then it starts each post whose time has come, as far as is known, and takes note of the
/// lanes that end.
///
/// # Errors
/// A lane met one that the daemon cannot go on with. The work has ended all the same.
pub(super) async fn beside<T>(
    ctx: &Arc<Ctx>,
    agenda: &mut Agenda,
    lanes: &mut Lanes,
    tell: &impl Fn(News<'_>),
    work: impl Future<Output = T>,
) -> Result<T> {
    let mut work = pin!(work);
    let mut gone_wrong = Ok(());
    loop {
        // Not for long: the clock may be set meanwhile.
        let nap = agenda.next_post().map_or(SOON, |at| between(ctx.clock.now(), at).min(SOON));
        tokio::select! {
            // By reference: it is never dropped before it has ended.
            done = &mut work => return gone_wrong.map(|()| done),
            Some(done) = lanes.set.join_next_with_id(), if !lanes.is_empty() => {
                match lanes.settle(ctx, done, tell) {
                    Ok(account) => agenda.ask(account),
                    Err(error) => gone_wrong = gone_wrong.and(Err(error)),
                }
            }
            () = sleep(nap) => {}
        }
        if gone_wrong.is_ok() {
            start_due_posts(ctx, agenda, lanes);
        }
    }
}

/// Starts each post whose time has come, as far as is known.
pub(super) fn start_due_posts(ctx: &Arc<Ctx>, agenda: &mut Agenda, lanes: &mut Lanes) {
    for key in agenda.due_posts(ctx.clock.now()) {
        lanes.line_up(key);
    }
    lanes.start(ctx);
}
