//! `storyd admin resume`: ends a pause. What is late by then is dealt with by its late policy.

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::pause::PauseArgs;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::say;
use crate::domain::clock::Clock;
use crate::store::Written;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scope: PauseArgs,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let (scope, words) = args.scope.read();
    let written = store.resume(&scope).await?;
    let pauses = store.pauses(Clock::system().now()).await?;
    store.close().await;
    if written == Written::Lost {
        let list = home.command("admin queue");
        return Err(Failure::no_such_thing(format!("no pause of {words} is in force; `{list}` names those that are")));
    }
    home.wake_daemon();
    if common.json {
        print_json(&pauses)?;
    } else {
        say!("{words} goes on");
    }
    Ok(DONE)
}
