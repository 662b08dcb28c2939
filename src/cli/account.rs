//! `storyd account`: the accounts that post, and their tokens.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::Common;
use super::failure::{DONE, Failure};
use super::setup::{self, Home};
use super::show::{print_json, print_table, table, time};
use crate::domain::clock::{Clock, later};
use crate::kakao::token::{AccessToken, RefreshToken, TokenSet};
use crate::store::{Access, Store};

/// A token is a few hundred characters; a file that is larger is another file.
const TOKEN_FILE_MAX: u64 = 16 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take over tokens that were obtained elsewhere
    AddToken(AddToken),
    /// The accounts, until when their tokens last, and what blocks them
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct AddToken {
    /// The account's name in job files and settings
    account: String,
    /// A file that holds the access token, and nothing else
    #[arg(long, value_name = "FILE")]
    access_token_file: PathBuf,
    /// A file that holds the refresh token; without it the account lasts only as long as its access token
    #[arg(long, value_name = "FILE")]
    refresh_token_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    account: String,
    access_expires_at: Option<jiff::Timestamp>,
    refresh_expires_at: Option<jiff::Timestamp>,
    has_refresh_token: bool,
    has_token: bool,
    blocked: Option<String>,
    remedy: Option<String>,
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    let home = setup::home(common)?;
    match command {
        Command::AddToken(args) => add_token(&home, &args).await,
        Command::List => list(common, &home).await,
    }
}

async fn add_token(home: &Home, args: &AddToken) -> Result<u8, Failure> {
    let clock = Clock::system();
    let access = AccessToken::new(&read(&args.access_token_file)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", args.access_token_file.display())))?;
    let refresh = match &args.refresh_token_file {
        Some(file) => Some(
            RefreshToken::new(&read(file)?).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?,
        ),
        None => None,
    };
    let client = setup::client(home, &clock)?;
    // Kakao tells how long the token lasts. When it cannot be reached the tokens are kept all the same: the daemon will see.
    let access_expires_at = match client.token_info(&access).await {
        Ok(info) => info.expires_in.map(|life| later(clock.now(), life)),
        Err(fault) if fault.wants_refresh() && refresh.is_none() => {
            return Err(Failure::usage(format!("Kakao refuses this access token: {}", fault.reason)));
        }
        Err(fault) if fault.wants_refresh() => Some(clock.now()),
        Err(fault) => {
            anstream::eprintln!("storyd: the token could not be checked: {fault}");
            None
        }
    };
    let has_refresh = refresh.is_some();
    let set = TokenSet {
        access_token: access,
        access_expires_at,
        refresh_token: refresh,
        refresh_expires_at: None,
        scopes: None,
        obtained_at: clock.now(),
    };
    let folder = setup::tokens(home)?;
    let lock = folder.folder().lock(&args.account)?;
    folder.folder().save(&lock, &set)?;
    match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            store.unblock(&args.account).await?;
            store.close().await;
            home.wake_daemon();
        }
        Err(crate::store::StoreError::Missing(_)) => {}
        Err(error) => return Err(error.into()),
    }
    anstream::println!("tokens of account {} stored in {}", args.account, home.tokens_dir().display());
    if !has_refresh {
        anstream::eprintln!("storyd: without a refresh token this account stops posting when the access token ends");
    }
    Ok(DONE)
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > TOKEN_FILE_MAX {
        return Err(Failure::usage(format!("{} is {size} bytes long, which is no token", file.display())));
    }
    std::fs::read_to_string(file).map_err(failed)
}

async fn list(common: &Common, home: &Home) -> Result<u8, Failure> {
    let tokens = setup::tokens(home)?;
    let known = match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            let accounts = store.accounts().await?;
            store.close().await;
            accounts
        }
        Err(crate::store::StoreError::Missing(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let with_token = tokens.folder().list()?;
    let mut names: std::collections::BTreeSet<String> = with_token.iter().cloned().collect();
    names.extend(known.iter().map(|account| account.account.clone()));
    names.extend(home.settings.accounts.keys().cloned());
    let mut rows = Vec::new();
    for account in names {
        let set = if with_token.contains(&account) { Some(tokens.folder().load(&account)?) } else { None };
        let blocked = known.iter().find(|row| row.account == account);
        rows.push(Row {
            access_expires_at: set.as_ref().and_then(|set| set.access_expires_at),
            refresh_expires_at: set.as_ref().and_then(|set| set.refresh_expires_at),
            has_refresh_token: set.as_ref().is_some_and(|set| set.refresh_token.is_some()),
            has_token: set.is_some(),
            blocked: blocked.and_then(|row| row.blocked_reason.clone()),
            remedy: blocked.and_then(|row| row.blocked_remedy.clone()),
            account,
        });
    }
    if common.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        anstream::eprintln!("no accounts; `storyd account add-token NAME --access-token-file FILE` adds one");
    } else {
        print(&rows);
    }
    Ok(DONE)
}

fn print(rows: &[Row]) {
    let now = Clock::system().now();
    let mut table = table(&["ACCOUNT", "ACCESS TOKEN UNTIL", "REFRESH TOKEN", "STANDS"]);
    for row in rows {
        let access = match (row.has_token, row.access_expires_at) {
            (false, _) => "none".to_owned(),
            (true, Some(at)) => time(at, "UTC", now),
            (true, None) => "unknown".to_owned(),
        };
        let refresh = match (row.has_refresh_token, row.refresh_expires_at) {
            (false, _) => "none".to_owned(),
            (true, Some(at)) => format!("until {}", time(at, "UTC", now)),
            (true, None) => "yes".to_owned(),
        };
        let stands = match (&row.blocked, &row.remedy) {
            (Some(reason), Some(remedy)) => format!("blocked: {reason}; {remedy}"),
            _ if !row.has_token => "needs a token: `storyd account add-token`".to_owned(),
            _ => "good".to_owned(),
        };
        table.add_row([row.account.clone(), access, refresh, stands]);
    }
    print_table(&table);
}
