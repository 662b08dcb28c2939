//! `storyd account`: the accounts that post, and their tokens. One file per command; `row` holds what they show of an account.

mod add_token;
mod at_kakao;
mod browser;
mod checks;
mod doctor;
mod login;
mod logout;
mod owner;
mod refresh;
mod row;
mod show;
mod unblock;

use clap::Subcommand;

use super::context;
use super::failure::Failure;
use super::flags::Common;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log an account in at Kakao: a person consents in a browser, here or on another machine
    Login(login::Login),
    /// Take over tokens that were obtained elsewhere
    AddToken(add_token::AddToken),
    /// The accounts, until when their tokens last, and what blocks them
    List,
    /// One account in full
    Show(AccountArg),
    /// Renew an account's tokens now
    Refresh(AccountArg),
    /// Forget an account's tokens
    Logout(logout::Logout),
    /// Check everything that an account needs in order to post, and say what helps
    Doctor(doctor::Doctor),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AccountArg {
    /// The account's name in job files and settings
    account: String,
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    let home = context::home(common)?;
    match command {
        Command::Login(args) => login::run(common, &home, &args).await,
        Command::AddToken(args) => add_token::run(common, &home, &args).await,
        Command::List => show::list(common, &home).await,
        Command::Show(args) => show::show(common, &home, &args.account).await,
        Command::Refresh(args) => refresh::run(common, &home, &args.account).await,
        Command::Logout(args) => logout::run(common, &home, &args).await,
        Command::Doctor(args) => doctor::run(common, &home, &args).await,
    }
}
