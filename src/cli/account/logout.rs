//! `storyd account logout`: forgets an account's tokens. What it has published stays.

use serde::Serialize;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::row::row_of;
use crate::cli::context::{self, CommandContext};
use crate::cli::terminal::format::{confirm, counted, print_json};
use crate::cli::terminal::output::{note, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Logout {
    /// The account's name in job files and settings
    account: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Out<'a> {
    account: &'a str,
    /// Whether the tokens are gone.
    logged_out: bool,
    /// Posts that wait for a login from here on.
    waiting: u32,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Logout) -> Result<u8, Failure> {
    let account = args.account.as_str();
    let row = row_of(home, account).await?;
    if !row.has_token {
        return Err(Failure::no_such_thing(format!("account {account} has no tokens: there is nothing to forget")));
    }
    let posts = counted(usize::try_from(row.waiting).unwrap_or(usize::MAX), "post");
    let login = home.command(&format!("account login {account}"));
    if !args.yes && !args.dry_run {
        let question = format!("forget the tokens of {account}? {posts} of it will wait until `{login}`");
        if !confirm(&question)? {
            return Err(Failure::not_possible("nothing was forgotten"));
        }
    }
    if !args.dry_run {
        let tokens = context::tokens(home)?;
        let lock = tokens.folder().lock(account)?;
        tokens.folder().remove(&lock)?;
        home.wake_daemon();
    }
    if common.json {
        print_json(&Out { account, logged_out: !args.dry_run, waiting: row.waiting })?;
    } else if args.dry_run {
        note!("nothing was forgotten; without --dry-run, {posts} of {account} would wait until `{login}`");
    } else {
        say!("the tokens of {account} are forgotten; {posts} of it will wait until `{login}`");
        note!(
            "The app stays connected at Kakao; the user can end that in the Kakao account's settings, under connected services."
        );
    }
    Ok(DONE)
}
