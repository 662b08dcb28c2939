//! `storyd notify`: whether people can be told, and what they have been told.

use clap::Subcommand;
use serde::Serialize;

use super::context::{self, CommandContext};
use super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::flags::Common;
use super::terminal::format::{counted, print_json, time};
use super::terminal::output::{note, say};
use super::terminal::width;
use super::terminal::wrap::{self, wrapped};
use crate::domain::clock::Clock;
use crate::domain::notice::{Item, Notice, Phase};
use crate::notify::{SinkError, Sinks};
use crate::store::view::{IncidentRow, WaitingNotice};

/// Most incidents that are shown.
const ROWS_MAX: u32 = 50;
/// Most characters of a person's own words that are sent.
const TEXT_CHARS_MAX: usize = 2_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send a notice to every sink, and see whether it arrives
    Test(Test),
    /// Tell every sink something in words of your own: a script's, or systemd's when the daemon has stopped
    Say(Say),
    /// What is wrong and was wrong lately, and the notices that have not arrived yet
    List(List),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// The sinks; all of them when none is named
    sinks: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Say {
    /// The words
    text: String,
    /// The sinks; all of them when none is named
    #[arg(long = "to", value_name = "SINK")]
    sinks: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// What is over too
    #[arg(long)]
    all: bool,
}

/// How one sink took the test.
#[derive(Serialize)]
struct SinkTest {
    sink: String,
    /// Whether it arrived.
    arrived: bool,
    /// Why not.
    problem: Option<String>,
}

/// What `storyd notify list --json` prints.
#[derive(Serialize)]
struct NoticeLine {
    incidents: Vec<IncidentRow>,
    waiting: Vec<WaitingNotice>,
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    let home = context::home(common)?;
    match command {
        Command::Test(args) => test(common, &home, &args).await,
        Command::Say(args) => say_to(common, &home, &args).await,
        Command::List(args) => list(common, &home, &args).await,
    }
}

impl From<SinkError> for Failure {
    fn from(error: SinkError) -> Self {
        Self::settings(super::failure::in_full(&error))
    }
}

async fn test(common: &Common, home: &CommandContext, args: &Test) -> Result<u8, Failure> {
    let sinks = Sinks::new(&home.settings.notify)?;
    let heartbeat = args.sinks.is_empty() && sinks.heartbeat_every().is_some();
    let wanted = wanted(&sinks, &args.sinks, heartbeat)?;
    let now = Clock::system().now();
    let notice = Notice::new(Phase::Test, None, "a test: notices of storyd arrive here".into(), vec![item(home)], now);
    let mut tried = send(&sinks, &wanted, "test", &notice).await;
    if heartbeat {
        let sent = sinks.beat().await;
        let problem = sent.as_ref().err().map(ToString::to_string);
        tried.push(SinkTest { sink: "heartbeat".into(), arrived: sent.is_ok(), problem });
    }
    report(common, &tried)
}

async fn say_to(common: &Common, home: &CommandContext, args: &Say) -> Result<u8, Failure> {
    let text: String = args.text.chars().take(TEXT_CHARS_MAX).collect();
    if text.trim().is_empty() {
        return Err(Failure::usage("there is nothing to say: give the words, in quotes"));
    }
    let sinks = Sinks::new(&home.settings.notify)?;
    let wanted = wanted(&sinks, &args.sinks, false)?;
    let notice = Notice::new(Phase::Said, None, text, Vec::new(), Clock::system().now());
    report(common, &send(&sinks, &wanted, "said", &notice).await)
}

/// The sinks that are named, all of them when none is.
fn wanted<'a>(sinks: &'a Sinks, named: &[String], heartbeat: bool) -> Result<Vec<&'a str>, Failure> {
    let known = sinks.names();
    if known.is_empty() && !heartbeat {
        return Err(Failure::no_such_thing(
            "nobody is told of anything: the settings have no sinks; add some under `notify` in storyd.yaml",
        ));
    }
    if let Some(unknown) = named.iter().find(|name| !sinks.has(name)) {
        let known = known.join(", ");
        return Err(Failure::no_such_thing(format!("the settings have no sink {unknown}; they have {known}")));
    }
    Ok(known.into_iter().filter(|name| named.is_empty() || named.iter().any(|wanted| wanted == name)).collect())
}

/// How each sink took a notice.
async fn send(sinks: &Sinks, wanted: &[&str], what: &str, notice: &Notice) -> Vec<SinkTest> {
    let id = format!("storyd-{what}-{}", notice.at.as_microsecond());
    let mut tried = Vec::new();
    for sink in wanted {
        let sent = sinks.send(sink, &id, notice, notice.at).await;
        tried.push(SinkTest {
            sink: (*sink).to_owned(),
            arrived: sent.is_ok(),
            problem: sent.err().map(|why| why.to_string()),
        });
    }
    tried
}

fn report(common: &Common, tried: &[SinkTest]) -> Result<u8, Failure> {
    if common.json {
        print_json(&tried)?;
    } else {
        for tried in tried {
            match &tried.problem {
                None => say!("{}: arrived", tried.sink),
                Some(problem) => say!("{}: did NOT arrive: {problem}", tried.sink),
            }
        }
    }
    let all = tried.iter().all(|tried| tried.arrived);
    if !all && !common.json {
        note!("storyd: look at the sink's address, its secrets and the network, then run this again");
    }
    Ok(if all { DONE } else { NEEDS_ATTENTION })
}

fn item(home: &CommandContext) -> Item {
    Item {
        reason: format!("the settings work; what needs attention is told here (queue: {})", home.data_dir.display()),
        command: home.command("notify list"),
        ..Item::default()
    }
}

async fn list(common: &Common, home: &CommandContext, args: &List) -> Result<u8, Failure> {
    let store = home.open().await?;
    let found = async {
        let incidents = if args.all { store.latest_incidents(ROWS_MAX).await? } else { store.open_incidents().await? };
        let open: usize = store.count_open_incidents().await?.iter().map(|(_, incidents)| incidents).sum();
        let zone = home.zone(&store).await?;
        Ok::<_, Failure>((NoticeLine { incidents, waiting: store.waiting_notices().await? }, open, zone))
    };
    let listed = found.await;
    store.close().await;
    let (listed, open, zone) = listed?;
    if common.json {
        print_json(&listed)?;
        return Ok(DONE);
    }
    if listed.incidents.is_empty() {
        note!("nothing is wrong{}", if args.all { ", and nothing was" } else { "" });
    } else {
        print(&listed.incidents, &zone);
        let more = open.saturating_sub(listed.incidents.len());
        if more > 0 && !args.all {
            note!("{more} more of posts are open; `{}` lists them by cause", home.command("admin failures"));
        }
    }
    if !listed.waiting.is_empty() {
        note!("{} on the way:", counted(listed.waiting.len(), "notice"));
        let now = Clock::system().now();
        for waiting in &listed.waiting {
            let problem = waiting.problem.as_deref().unwrap_or("not tried yet");
            note!("  to {}: {problem}; tried {}", waiting.sink, time(waiting.next_at, &zone, now));
        }
    }
    if home.settings.notify.sinks.is_empty() {
        note!("storyd: nobody is told of any of this: the settings have no sinks under `notify`");
    }
    Ok(DONE)
}

/// Sentences are broken to the columns of the terminal; a command stands whole on a line of its own.
fn print(incidents: &[IncidentRow], zone: &str) {
    let (now, columns) = (Clock::system().now(), width::of_terminal());
    for incident in incidents {
        let about = match (&incident.job, &incident.account) {
            (Some(job), Some(account)) => format!("{job} on {account}"),
            (_, Some(account)) => account.clone(),
            _ => incident.subject.clone(),
        };
        let stands = match &incident.outcome {
            Some(outcome) => format!("over: {outcome}"),
            None => incident.reason.clone(),
        };
        let title = format!("{}: {about}, since {}", incident.trouble.as_str(), time(incident.began_at, zone, now));
        let lines = wrapped(&title, "", 2, columns).into_iter().chain(wrapped(&stands, "  ", 2, columns));
        lines.for_each(|line| say!("{line}"));
        if incident.outcome.is_none() {
            say!("{}", wrap::command(&incident.command));
        }
    }
}
