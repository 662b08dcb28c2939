//! `storyd run`: the daemon, and what it tells the person who started it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::caveats;
use super::context::{self, CommandContext, CommandEngine};
use super::failure::{DONE, Failure};
use super::flags::Common;
use super::tell::broken;
use super::terminal::format::{counted, length, paint, relative, time};
use super::terminal::output::{self, note, say};
use crate::domain::clock::{Clock, later};
use crate::engine::daemon::{self, News, NextWake, Start};
use crate::engine::trust::{remedy, words};
use crate::engine::{TaskOutcome, TaskReport, reload, reload::JobFiles};
use crate::plan::{Loaded, Plan};
use crate::store::queue::{Enqueued, Swept};
use crate::store::view::TaskKind;
use crate::store::{Access, Store};
use crate::web::Dashboard;
use crate::yaml::problem::{self, Problem, Problems};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Job files and folders of them [default: `jobs` of the settings]
    jobs: Vec<PathBuf>,
}

pub(super) async fn run(common: &Common, args: Args) -> Result<u8, Failure> {
    caveats::has_room_for_files()?;
    let home = context::home(common)?;
    let paths = context::job_paths(&args.jobs, &home.settings)?;
    let jobs = JobFiles { paths, image_dirs: home.settings.image_dirs.clone() };
    let patience = tokio::spawn(daemon::ask_for_patience());
    let now = Clock::system().now();
    let reload::LoadedFiles { read, looks } = reload::load(&jobs, now).await;
    let read = read.at_most(home.settings.max_planned, now, later(now, home.settings.horizon));
    let store = Store::open(&home.data_dir, Access::Daemon).await?;
    store.keep_ballast(home.settings.ballast_bytes);
    caveats::tell(&home);
    // A queue that holds posts already goes on without the job files: what was planned goes out, and the files can be
    // corrected while it runs.
    if let Some(problems) = &read.broken
        && store.counts_up_to(1).await?.is_empty()
    {
        store.close().await;
        return Err(broken(problems));
    }
    let accounts: Vec<String> = read.plan.jobs.values().map(|job| job.account.clone()).collect();
    let engine = context::engine(&home, store, &accounts).await?;
    let teller = Reporter { json: common.json, home: &home, engine: &engine, told: PrintedState::default() };
    let dashboard = engine.dashboard(&home).await;
    teller.begin(read, dashboard.as_ref().map(Dashboard::url));
    let start = Start { jobs, looks, wake_file: home.wake_file(), watching: home.settings.watch };
    let told = |news: News<'_>| {
        let _started = matches!(news, News::Ready).then(|| patience.abort());
        teller.tell(&news);
    };
    let result = daemon::run(engine.ctx.clone(), start, told).await;
    if let Some(dashboard) = dashboard {
        // First: it reads the queue that the engine closes.
        dashboard.stop().await;
    }
    result?;
    teller.stopped();
    engine.stop().await;
    Ok(DONE)
}

/// Says on stdout what became of posts; what went wrong is in the log on stderr.
struct Reporter<'a> {
    json: bool,
    home: &'a CommandContext,
    engine: &'a CommandEngine,
    told: PrintedState,
}

/// What was told already and is not told again.
#[derive(Default)]
struct PrintedState {
    /// How to look and to stop.
    how: Cell<bool>,
    /// The problems and warnings of the job files as they were last read.
    problems: RefCell<BTreeSet<String>>,
    /// The post that is waited for, and when it is due.
    waiting: Cell<Option<(i64, Timestamp)>>,
}

/// One line of what `--json` prints: an event, and what it is about. Absent keys do not apply.
#[derive(Default, Serialize)]
struct JsonLine<'a> {
    /// When it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// `started`, `plan`, `broken`, `enqueued`, `ready`, `waiting`, `published`, `deleted`, `retry`, `blocked`, `unblocked`,
    /// `failed`, `in_doubt`, `absent`, `parked`, `set_aside`, `refused`, `missed`, `audited`, `restored`, `disk_full`, `disk_has_room`,
    /// `clock_jumped`, `clock_in_doubt`, `clock_believed`, `draining`, `stopped`.
    event: &'a str,
    /// The post.
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<i64>,
    /// Its job.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<&'a str>,
    /// Its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    /// Its story.
    #[serde(skip_serializing_if = "Option::is_none")]
    story_id: Option<&'a str>,
    /// When the next thing falls due, or the next attempt is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Timestamp>,
    /// What happened, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Where the API is.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_url: Option<String>,
    /// Where the dashboard is.
    #[serde(skip_serializing_if = "Option::is_none")]
    dashboard_url: Option<String>,
}

impl Reporter<'_> {
    /// Puts what was loaded in force, and says where everything is.
    fn begin(&self, read: Loaded, dashboard_url: Option<String>) {
        let dir = self.home.data_dir.display();
        let (url, said) = match self.engine.sandbox_url() {
            Some(url) => (url.clone(), format!("sandbox at {url}/ in place of Kakao; all of it is kept in {dir}")),
            None => {
                let url = self.home.settings.api_url.clone();
                (url.clone(), format!("posting to {url}; the queue is in {dir}"))
            }
        };
        let said = match &dashboard_url {
            Some(dashboard) => format!("{said}\ndashboard at {dashboard}"),
            None => said,
        };
        self.say(JsonLine { event: "started", api_url: Some(url), dashboard_url, ..JsonLine::default() }, &said);
        self.read(&read, "");
        self.engine.ctx.plan.take(read);
    }

    fn tell(&self, news: &News<'_>) {
        match news {
            News::Ready => self.say(JsonLine { event: "ready", ..JsonLine::default() }, ""),
            News::Swept(swept) => self.swept(*swept),
            News::Plan(read) => {
                self.engine.add_sandbox_accounts(read.plan.jobs.values().map(|job| job.account.as_str()));
                self.read(read, "job files read again: ");
            }
            News::NotEnqueued(error) => tracing::error!(%error, "the job files were not enqueued; tried again shortly"),
            News::Enqueued(enqueued) => self.enqueued(*enqueued),
            News::Deeds(reports) => self.deeds(reports),
            News::DiskFull => self.disk_full(),
            News::DiskHasRoom => self.event("disk_has_room", "", "there is room on the disk again; the work goes on"),
            News::ClockJumped(by) => self.clock_jumped(*by),
            News::ClockInDoubt(why) => {
                let telling = &self.engine.ctx.rules.telling;
                let text = format!("the clock is in doubt: {}. {}", words(why, &telling.zone), remedy(telling));
                self.event("clock_in_doubt", "", &text);
            }
            News::ClockBelieved => self.event("clock_believed", "", "the clock is believed again; the work goes on"),
            News::Waiting(next) => self.waiting(next),
            News::Draining(deeds) => {
                let line = JsonLine { event: "draining", ..JsonLine::default() };
                self.say(line, &format!("stopping; waits for {} under way", counted(*deeds, "request")));
            }
        }
    }

    fn disk_full(&self) {
        let dir = self.home.data_dir.display();
        let text = format!(
            "the disk is full: nothing is posted until there is room for {dir}. What was sent already is still recorded. Free \
             some space (`df -h {dir}` tells where); storyd then goes on by itself"
        );
        self.event("disk_full", "", &text);
    }

    fn clock_jumped(&self, by: SignedDuration) {
        let (far, way) = (length(by.unsigned_abs()), if by.is_negative() { "back" } else { "ahead" });
        let text = format!("the machine's clock jumped {way} by {far}; everything that waits is reckoned anew");
        self.event("clock_jumped", "", &text);
    }

    /// Reports an event that is told by its reason alone; a person reads `lead` in front of it.
    fn event(&self, event: &str, lead: &str, reason: &str) {
        let line = JsonLine { event, reason: Some(reason.to_owned()), ..JsonLine::default() };
        self.say(line, &format!("{lead}{reason}"));
    }

    fn say(&self, line: JsonLine<'_>, text: &str) {
        if let Some(line) = self.line(line, text) {
            output::write(format_args!("{line}"));
        }
    }

    /// The line that is printed, with its end: JSON, or the words if there are any.
    fn line(&self, line: JsonLine<'_>, text: &str) -> Option<String> {
        if !self.json {
            return (!text.is_empty()).then(|| format!("{text}\n"));
        }
        match output::json(&JsonLine { at: Some(Clock::system().now()), ..line }) {
            Ok(json) => Some(json + "\n"),
            Err(error) => {
                tracing::error!(error = error.message(), "an event has no JSON form");
                None
            }
        }
    }

    /// What was read of the job files. Problems and warnings are told when they are new.
    fn read(&self, read: &Loaded, lead: &str) {
        let plan = &read.plan;
        if read.broken.is_none() || !plan.files.is_empty() {
            let (jobs, files) = (counted(plan.jobs.len(), "job"), counted(plan.files.len(), "file"));
            let text = format!("{jobs} in {files}");
            self.event("plan", lead, &text);
        }
        let broken = read.broken.iter().flat_map(|problems| problems.list());
        let all: Vec<&Problem> = match read.broken {
            Some(_) => broken.collect(),
            None => plan.warnings.iter().collect(),
        };
        let key = |problem: &Problem| format!("{problem} {:?}", problem.help);
        let now: BTreeSet<String> = all.iter().map(|problem| key(problem)).collect();
        let before = self.told.problems.replace(now);
        let new: Vec<Problem> = all.into_iter().filter(|problem| !before.contains(&key(problem))).cloned().collect();
        if !new.is_empty() {
            output::aside_lines(&problem::render(&new, paint(&std::io::stderr())));
        }
        if let Some(problems) = &read.broken {
            self.frozen(read, problems);
        }
        self.without_tokens(plan);
    }

    /// Which files are not in force as they are on disk.
    fn frozen(&self, read: &Loaded, problems: &Problems) {
        let reason = counted(problems.errors(), "problem");
        self.say(JsonLine { event: "broken", reason: Some(reason.clone()), ..JsonLine::default() }, "");
        if read.plan.files.is_empty() {
            note!("storyd: {reason}: the job files do not load; the posts that are in the queue go out as planned");
            return;
        }
        for file in &read.frozen {
            let file = file.path.display();
            note!("storyd: {file} does not load; its jobs stay as they were, and the other files are in force");
        }
    }

    /// Names the accounts that cannot post, before their first post falls due.
    fn without_tokens(&self, plan: &Plan) {
        if self.home.in_sandbox() {
            return;
        }
        let Ok(with_token) = self.engine.ctx.tokens.folder().list() else { return };
        let accounts: BTreeSet<&str> = plan.jobs.values().map(|job| job.account.as_str()).collect();
        for account in accounts.into_iter().filter(|account| !with_token.iter().any(|name| name == account)) {
            note!("storyd: {}", self.home.without_tokens(account));
        }
    }

    fn swept(&self, swept: Swept) {
        let posts = |count: u64| counted(usize::try_from(count).unwrap_or(usize::MAX), "post");
        if swept.doubted > 0 {
            let text = format!("{} in doubt since the last stop: the account's list tells", posts(swept.doubted));
            self.event("in_doubt", "", &text);
        }
        if swept.missed + swept.held > 0 {
            let text = format!("{} too late", posts(swept.missed + swept.held));
            let tells = self.home.command("admin failures");
            let said =
                format!("missed     {text}: {} missed, {} held; `{tells}` tells which", swept.missed, swept.held);
            self.say(JsonLine { event: "missed", reason: Some(text), ..JsonLine::default() }, &said);
        }
    }

    fn enqueued(&self, enqueued: Enqueued) {
        let Enqueued { added, changed, cancelled, restored, withheld, .. } = enqueued;
        let out = format!("held instead of cancelled (`{}`)", self.home.command("admin accept"));
        let out = (withheld, out.as_str());
        let parts = [(added, "added"), (changed, "changed"), (cancelled, "cancelled"), (restored, "restored"), out];
        let said: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if !said.is_empty() {
            let text = said.join(", ");
            self.event("enqueued", "posts in the queue: ", &text);
        }
    }

    /// All of them in one go: in a burst each line would cost a write of its own.
    fn deeds(&self, reports: &[TaskReport]) {
        let lines: String = reports.iter().filter_map(|report| self.deed(report)).collect();
        output::write(format_args!("{lines}"));
    }

    fn deed(&self, report: &TaskReport) -> Option<String> {
        let (event, story_id, next_at, reason) = match &report.outcome {
            TaskOutcome::Published { story_id, late } => {
                ("published", Some(story_id), None, format!("{} after its time", length(*late)))
            }
            TaskOutcome::Found { story_id } => {
                ("published", Some(story_id), None, "found in the account's list".to_owned())
            }
            TaskOutcome::Deleted { story_id } => ("deleted", Some(story_id), None, "confirmed by a read".to_owned()),
            TaskOutcome::Retry { at, fault } => ("retry", None, Some(*at), fault.to_string()),
            TaskOutcome::Blocked { fault } => ("blocked", None, None, fault.to_string()),
            TaskOutcome::Failed { fault } => ("failed", None, None, fault.to_string()),
            TaskOutcome::InDoubt { fault } => ("in_doubt", None, None, fault.to_string()),
            TaskOutcome::LookAgain { .. } if matches!(report.deed, TaskKind::Probe | TaskKind::Foresee) => return None,
            TaskOutcome::LookAgain { at, why } => ("in_doubt", None, Some(*at), why.clone()),
            TaskOutcome::Absent { then } => ("absent", None, None, then.as_str().to_owned()),
            TaskOutcome::Parked { why } => ("parked", None, None, why.clone()),
            TaskOutcome::SetAside { why, .. } => ("set_aside", None, None, why.clone()),
            TaskOutcome::Refused { why } => ("refused", None, None, why.clone()),
            TaskOutcome::Healed => ("unblocked", None, None, "Kakao serves the account again".to_owned()),
            TaskOutcome::Told | TaskOutcome::NotTold { .. } | TaskOutcome::Foreseen { .. } => return None,
            TaskOutcome::Audited { ended: true, .. } => ("audited", None, None, "the audit is done".to_owned()),
            TaskOutcome::Restored { found, held } => {
                let found = counted(*found, "story");
                ("restored", None, None, format!("{found} found in the list, {} held", counted(*held, "post")))
            }
            TaskOutcome::Idle
            | TaskOutcome::Prepared
            | TaskOutcome::Refreshed
            | TaskOutcome::Lost
            | TaskOutcome::Audited { .. } => {
                return None;
            }
        };
        let (post, job) = report.post.as_ref().map_or((None, None), |(post, job)| (Some(*post), Some(job.as_str())));
        let account = report.account.as_str();
        let text = match (story_id, job) {
            (None, Some(job)) if event == "failed" => {
                format!("{event:<9}  {job}  →  post {} on {account}: {reason}", post.unwrap_or(0))
            }
            (Some(id), Some(job)) => format!("{event:<9}  {job}  →  story {id} on {account}, {reason}"),
            _ if event == "restored" => format!("{event:<9}  {account}: {reason}"),
            _ => String::new(),
        };
        let story_id = story_id.map(String::as_str);
        let line = JsonLine {
            event,
            post,
            job,
            account: Some(account),
            story_id,
            next_at,
            reason: Some(reason),
            ..JsonLine::default()
        };
        self.line(line, &text)
    }

    fn stopped(&self) {
        let text = "stopped; what falls due meanwhile is looked at on the next start";
        self.event("stopped", "", text);
    }

    fn waiting(&self, next: &NextWake) {
        let now = Clock::system().now();
        let text = match (&next.post, next.at) {
            (Some(post), _) if post.due_at > now => {
                format!("waiting for {}: {}", post.job, time(post.due_at, &self.engine.ctx.zone(), now))
            }
            (Some(post), at) => {
                let tells = self.home.command("admin queue");
                let next = at.map_or_else(String::new, |at| format!("; tried again {}", relative(at, now)));
                format!("waiting: {} is due and cannot go out, `{tells}` tells why{next}", post.job)
            }
            (None, Some(at)) => format!("waiting; next at {}", time(at, &self.engine.ctx.zone(), now)),
            (None, None) => "waiting; nothing is planned".to_owned(),
        };
        let post = next.post.as_ref();
        let awaited = post.map(|post| (post.post, post.due_at));
        let again = awaited.is_some_and(|(_, due_at)| due_at > now) && self.told.waiting.get() == awaited;
        self.told.waiting.set(awaited);
        let text = if again { String::new() } else { text };
        let line = JsonLine {
            event: "waiting",
            post: post.map(|post| post.post),
            job: post.map(|post| post.job.as_str()),
            account: post.map(|post| post.account.as_str()),
            next_at: next.at,
            ..JsonLine::default()
        };
        self.say(line, &text);
        if !self.json && !self.told.how.replace(true) {
            say!("`{}` shows the queue, Ctrl-C stops", self.home.command("admin queue"));
        }
    }
}
