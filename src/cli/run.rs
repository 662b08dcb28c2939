//! `storyd run`: the daemon, and what it tells the person who started it.

use std::path::PathBuf;

use serde::Serialize;

use super::Common;
use super::failure::{DONE, Failure, broken};
use super::setup::{self, Engine, Home};
use super::show::{counted, instant, length, paint};
use crate::domain::clock::Clock;
use crate::engine::daemon::{self, News, Start};
use crate::engine::{Outcome, Report, reload};
use crate::plan::problem;
use crate::store::queue::{Enqueued, Swept};
use crate::store::{Access, Store};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Job files and folders of them [default: `jobs` of the settings]
    jobs: Vec<PathBuf>,
}

pub(super) async fn run(common: &Common, args: Args) -> Result<u8, Failure> {
    let home = setup::home(common)?;
    let jobs = setup::job_paths(&args.jobs, &home.settings)?;
    let plan = reload::load(&jobs).await;
    let store = Store::open(&home.data_dir, Access::Daemon).await?;
    // A queue that holds posts already goes on without the job files: what was planned goes out, and the files can be
    // corrected while it runs.
    let mut problems_at_start = None;
    let plan = match plan {
        Ok(plan) => Some(plan),
        Err(problems) => {
            let failure = broken(&problems);
            if store.counts().await?.is_empty() {
                store.close().await;
                return Err(failure);
            }
            tracing::error!("the job files do not load; the posts that are in the queue already go out as planned");
            problems_at_start = Some(problems);
            None
        }
    };
    let accounts: Vec<String> =
        plan.iter().flat_map(|plan| plan.jobs.values()).map(|job| job.account.clone()).collect();
    let engine = setup::engine(common, &home, store, &accounts).await?;
    if let Some(plan) = plan {
        if !common.json {
            let (jobs, files) = (counted(plan.jobs.len(), "job"), counted(plan.files.len(), "file"));
            anstream::println!("{jobs} in {files}");
            anstream::eprint!("{}", problem::render(&plan.warnings, paint(&std::io::stderr())));
        }
        engine.ctx.plan.set(plan);
    }
    if let Some(problems) = problems_at_start {
        engine.ctx.plan.set_broken(problems);
    }
    let dashboard = engine.dashboard(&home).await;
    if let Some(dashboard) = dashboard.as_ref().filter(|_| !common.json) {
        anstream::println!("dashboard at {}", dashboard.url());
    }
    let start = Start { jobs, wake_file: home.wake_file() };
    let teller = Teller { json: common.json, home: &home, engine: &engine };
    let result = daemon::run(engine.ctx.clone(), start, |news| teller.tell(&news)).await;
    if let Some(dashboard) = dashboard {
        // First: it reads the queue that the engine closes.
        dashboard.stop().await;
    }
    match result {
        Ok(()) => {
            engine.stop().await;
            Ok(DONE)
        }
        Err(error) => Err(error.into()),
    }
}

/// Says on stdout what became of posts; what went wrong is in the log on stderr.
struct Teller<'a> {
    json: bool,
    home: &'a Home,
    engine: &'a Engine,
}

#[derive(Serialize)]
struct Line<'a> {
    at: jiff::Timestamp,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    story_id: Option<&'a str>,
}

impl Teller<'_> {
    fn tell(&self, news: &News<'_>) {
        match news {
            News::Ready => self.say("ready", "ready"),
            News::Swept(swept) => self.swept(*swept),
            News::Plan(plan) => {
                self.engine.add_sandbox_accounts(plan.jobs.values().map(|job| job.account.as_str()));
                self.say("plan", &format!("job files read again: {}", counted(plan.jobs.len(), "job")));
            }
            News::Broken(problems) => {
                anstream::eprint!("{}", problems.render(paint(&std::io::stderr())));
            }
            News::NotEnqueued(error) => tracing::error!(%error, "the job files were not enqueued; tried again shortly"),
            News::Enqueued(enqueued) => self.enqueued(*enqueued),
            News::Deed(report) => self.deed(report),
            News::Waiting(next) => self.waiting(*next),
            News::Draining(deeds) => {
                self.say("draining", &format!("stopping; waits for {} under way", counted(*deeds, "deed")))
            }
        }
    }

    fn say(&self, event: &str, text: &str) {
        if self.json {
            self.line(&Line { at: Clock::system().now(), event, post: None, job: None, account: None, story_id: None });
        } else {
            anstream::println!("{text}");
        }
    }

    fn line(&self, line: &Line<'_>) {
        if let Ok(json) = serde_json::to_string(line) {
            anstream::println!("{json}");
        }
    }

    fn swept(&self, swept: Swept) {
        if swept.doubted > 0 {
            let posts = counted(usize::try_from(swept.doubted).unwrap_or(usize::MAX), "post");
            tracing::warn!(posts = swept.doubted, "in doubt since the last stop; the account's list tells");
            self.say("doubted", &format!("{posts} in doubt since the last stop: looks whether the story exists"));
        }
        if swept.missed + swept.held > 0 {
            tracing::warn!(missed = swept.missed, held = swept.held, "too late; `storyd admin failures` tells which");
        }
    }

    fn enqueued(&self, enqueued: Enqueued) {
        let parts = [
            (enqueued.added, "added"),
            (enqueued.changed, "changed"),
            (enqueued.cancelled, "cancelled"),
            (enqueued.restored, "restored"),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if !said.is_empty() {
            self.say("enqueued", &format!("posts: {}", said.join(", ")));
        }
    }

    fn deed(&self, report: &Report) {
        let (event, story_id, rest) = match &report.outcome {
            Outcome::Published { story_id, late } => {
                ("published", Some(story_id), format!("{} after its time", length(*late)))
            }
            Outcome::Found { story_id } => ("published", Some(story_id), "found in the account's list".to_owned()),
            Outcome::Deleted { story_id } => ("deleted", Some(story_id), String::new()),
            _ => return,
        };
        let Some((post, job)) = &report.post else { return };
        if self.json {
            self.line(&Line {
                at: Clock::system().now(),
                event,
                post: Some(*post),
                job: Some(job),
                account: Some(&report.account),
                story_id: story_id.map(String::as_str),
            });
            return;
        }
        let id = story_id.map_or("", String::as_str);
        let account = &report.account;
        let rest = if rest.is_empty() { rest } else { format!("  ({rest})") };
        anstream::println!("{event:<9}  {job}  →  story {id}  on {account}{rest}");
    }

    fn waiting(&self, next: Option<jiff::Timestamp>) {
        if self.json {
            return;
        }
        let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
        match next {
            Some(at) => anstream::println!("waiting; next at {}", instant(at, &zone)),
            None => anstream::println!("waiting; nothing is planned"),
        }
        if let Some(url) = self.engine.sandbox_url() {
            let flag = self.home.flags();
            anstream::println!("look: {url}/ in a browser, or `storyd admin queue{flag}`; stop with Ctrl-C");
        }
    }
}
