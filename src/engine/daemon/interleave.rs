//! What takes long, beside the posts that fall due meanwhile: neither a large job file nor a look at a large queue makes one late, and
//! whoever tells the daemon to stop is heard.

use std::pin::pin;

use super::error::DaemonError;
use super::nap::SOON;
use super::news::News;
use super::signals::{ProcessSignal, supervisor};
use super::state::Daemon;
use crate::domain::clock::between;
use crate::engine::sleep::pause;

/// How much longer the supervisor is asked to wait for the start, each second anew while something is done for it.
const START_TAKES_US: u32 = 60_000_000;

/// What may be done with work when the daemon is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopAction {
    /// It only reads files: it is left where it is.
    Here,
    /// It writes: it looks by itself whether it may end early, and is seen to its end.
    AtItsEnd,
}

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
    /// Sees `work` to its end, or as far as it may be cut. Until then it starts each post whose time has come, as far as is known, takes
    /// note of the lanes that end, and hears signals. `None`: it was cut.
    ///
    /// # Errors
    /// A lane met one that the daemon cannot go on with: the work has ended all the same. Or a second signal: nothing is waited for.
    pub(super) async fn beside<T>(
        &mut self,
        cut: StopAction,
        work: impl Future<Output = T>,
    ) -> std::result::Result<Option<T>, DaemonError> {
        let ctx = self.ctx.clone();
        let mut work = pin!(work);
        let mut gone_wrong = Ok(());
        loop {
            // Not for long: the clock may be set meanwhile.
            let nap = self.agenda.next_post().map_or(SOON, |at| between(ctx.clock.now(), at).min(SOON));
            tokio::select! {
                // By reference: what writes is never dropped before it has ended.
                done = &mut work => return gone_wrong.map(|()| Some(done)),
                Some(done) = self.lanes.set.join_next_with_id(), if !self.lanes.is_empty() => {
                    match self.lanes.settle(&ctx, done, &self.tell) {
                        Ok(account) => self.agenda.ask(account),
                        Err(error) => gone_wrong = gone_wrong.and(Err(error.into())),
                    }
                }
                told = self.signals.next() => match told {
                    ProcessSignal::Stop if ctx.stop.is_told() => return Err(DaemonError::Impatient),
                    ProcessSignal::Stop => {
                        ctx.stop.tell();
                        ctx.store.tell_to_stop();
                        ctx.under_way.end();
                        self.lanes.stop();
                        if cut == StopAction::Here {
                            return gone_wrong.map(|()| None);
                        }
                    }
                    ProcessSignal::Reload => self.reload_now(),
                },
                () = pause(nap) => self.go_on_meanwhile(),
            }
            if gone_wrong.is_ok() && !ctx.stop.is_told() {
                self.start_due_posts();
            }
        }
    }

    /// Starts each post whose time has come, as far as is known, by a clock that is believed.
    pub(super) fn start_due_posts(&mut self) {
        if !self.ctx.trust.may_act(&self.ctx.clock) {
            return;
        }
        for key in self.agenda.due_posts(self.ctx.clock.now()) {
            self.lanes.line_up(key);
        }
        self.lanes.start(&self.ctx);
    }

    /// Tells whoever watches that the daemon is at work.
    fn go_on_meanwhile(&mut self) {
        let now = self.ctx.clock.now();
        self.ctx.pulse.turned(now);
        self.tell_supervisor(now);
        if !self.ready {
            supervisor(sd_notify::NotifyState::ExtendTimeoutUsec(START_TAKES_US));
        }
    }
}
