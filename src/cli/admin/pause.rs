//! `storyd admin pause`: nothing that it covers leaves any more, from the moment the command returns.

use std::time::Duration;

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::output::say;
use super::super::setup::Home;
use super::super::show::{length, print_json};
use super::filter::name;
use crate::domain::clock::{Clock, later};
use crate::domain::telling::shell_word;
use crate::plan::duration;
use crate::store::queue::{PauseOrder, PauseScope};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) scope: Scope,
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
pub(in crate::cli) struct Scope {
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

impl Scope {
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
    duration::parse(text).map_err(|error| error.to_string())
}

pub(super) async fn run(common: &Common, home: &Home, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let now = Clock::system().now();
    let (scope, words) = args.scope.read();
    let until = args.length.map(|length| later(now, length));
    let order = PauseOrder { actor: &super::actor(), reason: &args.reason, until };
    let _ = store.pause(&scope, order, now).await?;
    let pauses = store.pauses(now).await?;
    store.close().await;
    home.wake_daemon();
    match args.length {
        _ if common.json => print_json(&pauses)?,
        Some(span) => say!("{words} is paused for {}", length(span)),
        None => say!("{words} is paused until `{}`", home.command(&format!("admin resume {}", scope_flags(&scope)))),
    }
    Ok(DONE)
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
