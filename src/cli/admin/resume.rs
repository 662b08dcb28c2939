//! `storyd admin resume`: ends a pause. What is late by then is dealt with by its late policy.

use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use super::pause::Scope;
use crate::store::Written;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    scope: Scope,
}

pub(super) async fn run(home: &Home, args: Args) -> Result<u8, Failure> {
    let store = super::open(home).await?;
    let (scope, words) = args.scope.read();
    let written = store.resume(&scope).await?;
    store.close().await;
    if written == Written::Lost {
        return Err(Failure::no_such_thing(format!("{words} is not paused; `storyd admin queue` names the pauses")));
    }
    home.wake_daemon();
    anstream::println!("{words} goes on");
    Ok(DONE)
}
