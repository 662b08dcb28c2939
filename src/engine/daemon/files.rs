//! The daemon and its job files: when they are read again, and what follows.

use super::error::DaemonError;
use super::interleave::StopAction;
use super::news::News;
use super::state::Daemon;
use crate::domain::clock::later;
use crate::engine::reload::{LoadedFiles, load};

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
    /// Reads the job files when they have changed and settled. A look now and then finds what no system reports.
    pub(super) async fn look_at_files(&mut self) -> std::result::Result<(), DaemonError> {
        let now = self.ctx.clock.now();
        let looks = self.look_at <= now;
        if looks {
            self.look_at = later(now, self.watch.look_after(self.start.watching.poll));
        }
        let due = self.reload_at.is_some_and(|at| at <= now);
        let waits = due && self.watch.must_wait(&self.start.jobs.paths, now);
        if ((looks || due) && self.watch.differs()) || waits {
            self.settle();
        } else if due {
            self.reload_at = None;
            self.reload().await?;
            self.agenda.ask_all();
        }
        Ok(())
    }

    /// Reads the job files again. A file that does not load changes nothing.
    async fn reload(&mut self) -> std::result::Result<(), DaemonError> {
        let (jobs, now) = (self.start.jobs.clone(), self.ctx.clock.now());
        let Some(LoadedFiles { read, looks }) = self.beside(StopAction::Here, load(&jobs, now)).await? else {
            return Ok(());
        };
        let rules = &self.ctx.rules;
        let read = read.at_most(rules.max_planned, now, later(now, rules.horizon));
        self.watch.follow(&read.plan.watch, looks);
        (self.tell)(News::Plan(&read));
        if read.broken.is_none() {
            self.ctx.pulse.loaded(self.ctx.clock.now());
        }
        if let Some(broken) = &read.broken {
            let (problems, files) = (broken.errors(), read.frozen.len());
            if read.plan.files.is_empty() {
                tracing::error!(problems, "the job files do not load; the last good plan stays in force");
            } else {
                tracing::error!(
                    problems,
                    files,
                    "some job files do not load; for them the last good plan stays in force"
                );
            }
        }
        self.ctx.plan.take(read);
        // Of a file that is followed for the first time nobody was told until now.
        if self.watch.differs() {
            self.settle();
        }
        Ok(())
    }
}
