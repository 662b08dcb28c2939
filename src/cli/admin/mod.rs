//! `storyd admin`: see and steer the queue, beside a running daemon or without one.

mod cancel;
mod delete;
mod failures;
mod pause;
mod queue;
mod release;
mod resolve;
mod resume;
mod retry;
mod show;
mod stories;

use clap::Subcommand;

use super::failure::Failure;
use super::setup::Home;
use super::{Common, setup};
use crate::store::{Access, Store};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The posts that wait, are under way, or need a person
    Queue(queue::Args),
    /// Everything about one post: what it says, its history, its attempts
    Show(show::Args),
    /// Let failed, missed or cancelled posts go ahead again
    Retry(retry::Args),
    /// Let held posts go ahead, and missed ones too
    Release(release::Args),
    /// Withdraw posts that have not been published
    Cancel(cancel::Args),
    /// Settle a post in doubt, after looking at the account's page
    Resolve(resolve::Args),
    /// The stories on record
    Stories(stories::Args),
    /// What went wrong and needs a person, with the next step
    Failures(failures::Args),
    /// Take stories down at Kakao, confirmed by a read
    Delete(delete::Args),
    /// Stop everything, an account, a tag or a job, at once
    Pause(pause::Args),
    /// End a pause
    Resume(resume::Args),
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    let home = setup::home(common)?;
    match command {
        Command::Queue(args) => queue::run(common, &home, args).await,
        Command::Show(args) => show::run(common, &home, &args).await,
        Command::Retry(args) => retry::run(&home, &args).await,
        Command::Release(args) => release::run(&home, &args).await,
        Command::Cancel(args) => cancel::run(&home, &args).await,
        Command::Resolve(args) => resolve::run(&home, &args).await,
        Command::Stories(args) => stories::run(common, &home, &args).await,
        Command::Failures(args) => failures::run(common, &home, &args).await,
        Command::Delete(args) => delete::run(common, &home, args).await,
        Command::Pause(args) => pause::run(&home, args).await,
        Command::Resume(args) => resume::run(&home, args).await,
    }
}

/// The queue, opened beside a daemon that may be running.
async fn open(home: &Home) -> Result<Store, Failure> {
    Ok(Store::open(&home.data_dir, Access::Beside).await?)
}

/// Who gives the order: the name of the user, as the events record it.
fn actor() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "somebody".into())
}
