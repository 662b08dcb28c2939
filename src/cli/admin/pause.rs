//! `storyd admin pause`: nothing that it covers leaves any more, from the moment the command returns.

use std::time::Duration;

use jiff::Timestamp;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::filter::name;
use super::steering;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{length, print_json};
use crate::cli::terminal::output::say;
use crate::domain::clock::{Clock, later};
use crate::domain::duration;
use crate::domain::telling::shell_word;
use crate::store::Store;
use crate::store::queue::{PauseOrder, PauseScope};
use crate::store::view::NameKind;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) scope: PauseArgs,
    /// End by itself after this long, as in `2h`; otherwise `admin resume` ends it
    #[arg(long = "for", value_name = "DURATION", value_parser = read_duration)]
    length: Option<Duration>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

/// What is meant.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PauseArgs {
    /// Every post
    #[arg(long)]
    all: bool,
    /// The posts of this account
    #[arg(long)]
    account: Option<String>,
    /// The posts with this tag
    #[arg(long, value_parser = name)]
    tag: Option<String>,
    /// The posts of this job
    #[arg(long, value_parser = name)]
    job: Option<String>,
}

impl PauseArgs {
    /// In the queue's terms, and in words.
    pub(super) fn read(self) -> (PauseScope, String) {
        match (self.account, self.tag, self.job) {
            (Some(name), _, _) => (PauseScope::Account(name.clone()), format!("account {name}")),
            (_, Some(name), _) => (PauseScope::Tag(name.clone()), format!("tag {name}")),
            (_, _, Some(name)) => (PauseScope::Job(name.clone()), format!("job {name}")),
            (None, None, None) => (PauseScope::All, "everything".into()),
        }
    }
}

fn read_duration(text: &str) -> Result<Duration, String> {
    match duration::parse(text).map_err(|error| error.advised(text))? {
        Duration::ZERO => Err("a pause of no length stops nothing; leave --for out to pause until `resume`".into()),
        length => Ok(length),
    }
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let now = Clock::system().now();
    let (scope, words) = args.scope.read();
    if let Some((kind, name)) = scope_name(&scope) {
        super::names::check(home, &store, kind, name).await?;
    }
    let until = args.length.map(|length| later(now, length));
    let order = PauseOrder { actor: &steering::actor(), reason: &args.reason, until };
    let _ = store.pause(&scope, order, now).await?;
    let pauses = store.pauses(now).await?;
    let waiting = waiting(&store, &scope, until).await?;
    store.close().await;
    home.wake_daemon();
    match args.length {
        _ if common.json => print_json(&pauses)?,
        Some(span) => say!("{words} is paused for {}: {waiting}", length(span)),
        None => say!(
            "{words} is paused until `{}`: {waiting}",
            home.command(&format!("admin resume {}", scope_flags(&scope)))
        ),
    }
    Ok(DONE)
}

/// How many posts the pause stops: what falls due after its end is not among them.
async fn waiting(store: &Store, scope: &PauseScope, until: Option<Timestamp>) -> Result<String, Failure> {
    let posts = store.waiting_under(scope_name(scope), until).await?;
    Ok(match (posts, until) {
        (0, None) => "no post of it waits now; those that come later wait too".to_owned(),
        (0, Some(_)) => "no post of it falls due until then".to_owned(),
        (1, _) => "1 post waits".to_owned(),
        _ => format!("{posts} posts wait"),
    })
}

/// What the scope names, if it names something.
fn scope_name(scope: &PauseScope) -> Option<(NameKind, &str)> {
    match scope {
        PauseScope::All => None,
        PauseScope::Account(name) => Some((NameKind::Account, name)),
        PauseScope::Tag(name) => Some((NameKind::Tag, name)),
        PauseScope::Job(name) => Some((NameKind::Job, name)),
    }
}

/// The flags that mean this scope.
fn scope_flags(scope: &PauseScope) -> String {
    match scope {
        PauseScope::All => "--all".into(),
        PauseScope::Account(name) => format!("--account {}", shell_word(name)),
        PauseScope::Tag(name) => format!("--tag {}", shell_word(name)),
        PauseScope::Job(name) => format!("--job {}", shell_word(name)),
    }
}
