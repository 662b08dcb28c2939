//! The daemon and its job files: when they are read again, and what follows.

use super::beside::beside;
use super::{Daemon, News};
use crate::domain::clock::later;
use crate::engine::Result;
use crate::engine::reload::{Loaded, load};

impl<Tell: Fn(News<'_>)> Daemon<Tell> {
    /// Reads the job files when they have changed and settled. A look now and then finds what no system reports.
    pub(super) async fn look_at_files(&mut self) -> Result<()> {
        let now = self.ctx.clock.now();
        let looks = self.look_at <= now;
        if looks {
            self.look_at = later(now, self.watch.look_after(self.start.watching.poll));
        }
        let due = self.reload_at.is_some_and(|at| at <= now);
        if (looks || due) && self.watch.differs() {
            self.settle();
        } else if due {
            self.reload_at = None;
            self.reload().await?;
            self.agenda.ask_all();
        }
        Ok(())
    }

    /// Waits until what is being written is whole.
    pub(super) fn settle(&mut self) {
        self.reload_at = Some(later(self.ctx.clock.now(), self.start.watching.settle));
    }

    /// Reads the job files again. A file that does not load changes nothing.
    async fn reload(&mut self) -> Result<()> {
        let loads = load(&self.start.jobs, self.ctx.clock.now());
        let Loaded { read, looks } = beside(&self.ctx, &mut self.agenda, &mut self.lanes, &self.tell, loads).await?;
        self.watch.follow(&read.plan.watch, looks);
        (self.tell)(News::Plan(&read));
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
