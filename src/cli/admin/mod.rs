//! `storyd admin`: see and steer the queue, beside a running daemon or without one.

mod accept;
mod adopt;
mod audit;
mod backup;
mod cancel;
mod case;
mod caveat;
mod check_db;
mod clock;
mod delete;
mod export;
mod failures;
mod filter;
mod names;
mod pause;
mod post;
mod prune;
mod queue;
mod refusal;
mod release;
mod reschedule;
mod resolve;
mod restore;
mod resume;
mod retry;
mod show;
mod standing;
mod stats;
mod steering;
mod stories;
mod target;

use super::failure::Failure;
use super::flags::Common;
use super::{context, rescue};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The posts that wait, are under way, or need a person
    Queue(queue::Args),
    /// Everything about one post: what it says, its history, its attempts
    Show(show::Args),
    /// Put a note, a photo or a link into the queue, now or for later
    Post(post::Args),
    /// Let failed, missed or cancelled posts go ahead again
    Retry(retry::Args),
    /// Let held posts go ahead, and missed ones too
    Release(release::Args),
    /// Withdraw posts that have not been published
    Cancel(cancel::Args),
    /// Withdraw the posts that are held because most of an account's posts left the job files
    Accept(accept::Args),
    /// Give posts another time
    Reschedule(reschedule::Args),
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
    /// What came of the posts, by account and month
    Stats(stats::Args),
    /// Compare the record with what Kakao shows
    Audit(audit::Args),
    /// Take a story that an audit found into the record
    Adopt(adopt::Args),
    /// Copy the whole record and the images into a folder, and check the copy
    Backup(backup::Args),
    /// Put a backup in place of the queue
    Restore(restore::Args),
    /// Print the whole record, for other programs
    Export(export::Args),
    /// Take out what the settings no longer keep
    Prune(prune::Args),
    /// Whether this machine's clock is believed; or say that it is right
    Clock(clock::Args),
    /// Look for damage in the database
    CheckDb,
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    // What is decided by the settings themselves, such as how long a doubt lasts, is not done without them.
    let needs_settings =
        matches!(command, Command::Post(_) | Command::Resolve(_) | Command::Restore(_) | Command::Prune(_));
    let home = if needs_settings { context::home(common)? } else { rescue::home(common)? };
    match command {
        Command::Queue(args) => queue::run(common, &home, args).await,
        Command::Show(args) => show::run(common, &home, &args).await,
        Command::Retry(args) => retry::run(common, &home, &args).await,
        Command::Release(args) => release::run(common, &home, &args).await,
        Command::Cancel(args) => cancel::run(common, &home, &args).await,
        Command::Accept(args) => accept::run(common, &home, &args).await,
        Command::Resolve(args) => resolve::run(common, &home, &args).await,
        Command::Post(args) => post::run(common, &home, args).await,
        Command::Reschedule(args) => reschedule::run(common, &home, &args).await,
        Command::Stats(args) => stats::run(common, &home, &args).await,
        Command::Audit(args) => audit::run(common, &home, args).await,
        Command::Adopt(args) => adopt::run(common, &home, &args).await,
        Command::Backup(args) => backup::run(common, &home, &args).await,
        Command::Restore(args) => restore::run(common, &home, &args).await,
        Command::Export(args) => export::run(&home, &args).await,
        Command::Prune(args) => prune::run(common, &home, &args).await,
        Command::Clock(args) => clock::run(common, &home, &args).await,
        Command::CheckDb => check_db::run(common, &home).await,
        Command::Stories(args) => stories::run(common, &home, args).await,
        Command::Failures(args) => failures::run(common, &home, &args).await,
        Command::Delete(args) => delete::run(common, &home, args).await,
        Command::Pause(args) => pause::run(common, &home, args).await,
        Command::Resume(args) => resume::run(common, &home, args).await,
    }
}
