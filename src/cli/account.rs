//! `storyd account`: the accounts that post, and their tokens.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::Common;
use super::failure::{DONE, Failure};
use super::output::{note, say};
use super::setup::{self, Home};
use super::show::{Columns, instant, local_zone, print_json, relative};
use crate::domain::clock::{Clock, later};
use crate::kakao::folder::TokenError;
use crate::kakao::token::{AccessToken, RefreshToken, TokenSet};
use crate::plan::name::is_account_name;
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

/// One account of what `--json` prints.
#[derive(Serialize)]
struct Row {
    /// Its name.
    account: String,
    /// When the access token ends, as far as it is known.
    access_expires_at: Option<jiff::Timestamp>,
    /// When the refresh token ends, as far as it is known.
    refresh_expires_at: Option<jiff::Timestamp>,
    /// Whether the access token can be renewed.
    has_refresh_token: bool,
    /// Whether there is an access token.
    has_token: bool,
    /// Why the account is blocked, while it is.
    blocked: Option<String>,
    /// What lifts the block.
    remedy: Option<String>,
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    let home = setup::home(common)?;
    match command {
        Command::AddToken(args) => add_token(common, &home, &args).await,
        Command::List => list(common, &home).await,
    }
}

async fn add_token(common: &Common, home: &Home, args: &AddToken) -> Result<u8, Failure> {
    if home.in_sandbox() {
        return Err(Failure::not_possible(
            "the accounts of the embedded sandbox get their tokens by themselves; leave --sandbox out for accounts at Kakao",
        ));
    }
    if !is_account_name(&args.account) {
        return Err(TokenError::Account(args.account.clone()).into());
    }
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
            let file = args.access_token_file.display();
            return Err(Failure::usage(format!(
                "{} refuses the access token in {file}: {}; hand in a fresh one, or a refresh token too",
                home.settings.api_url, fault.reason
            )));
        }
        Err(fault) if fault.wants_refresh() => Some(clock.now()),
        Err(fault) => {
            note!("storyd: stored without having been checked at {}: {fault}", home.settings.api_url);
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
    told_stored(common, home, &args.account, has_refresh).await?;
    Ok(DONE)
}

async fn told_stored(common: &Common, home: &Home, account: &str, has_refresh: bool) -> Result<(), Failure> {
    if common.json {
        print_json(&rows(home).await?.into_iter().find(|row| row.account == account))?;
    } else {
        say!("tokens of account {account} stored in {}", home.tokens_dir().display());
    }
    if !has_refresh {
        note!("storyd: without a refresh token account {account} stops posting when its access token ends");
    } else if !home.settings.accounts.contains_key(account) {
        note!(
            "storyd: the settings have no account {account}, so its access token cannot be renewed; add its rest_api_key \
             under `accounts` in storyd.yaml"
        );
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("cannot read {}: {error}; check the path and who may read it", file.display()))
    };
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > TOKEN_FILE_MAX {
        return Err(Failure::usage(format!("{} is {size} bytes long, which is no token", file.display())));
    }
    std::fs::read_to_string(file).map_err(failed)
}

async fn list(common: &Common, home: &Home) -> Result<u8, Failure> {
    let rows = rows(home).await?;
    if common.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        let add = home.command("account add-token NAME --access-token-file FILE");
        note!("no accounts; `{add}` adds one");
    } else {
        print(home, &rows);
    }
    Ok(DONE)
}

async fn rows(home: &Home) -> Result<Vec<Row>, Failure> {
    let known = match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            let accounts = store.accounts().await?;
            store.close().await;
            accounts
        }
        Err(crate::store::StoreError::Missing(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    // Looking must not make the folder.
    let tokens = if home.tokens_dir().exists() { Some(setup::tokens(home)?) } else { None };
    let with_token = tokens.as_ref().map_or_else(|| Ok(Vec::new()), |tokens| tokens.folder().list())?;
    let mut names: std::collections::BTreeSet<String> = with_token.iter().cloned().collect();
    names.extend(known.iter().map(|account| account.account.clone()));
    names.extend(home.settings.accounts.keys().cloned());
    let mut rows = Vec::new();
    for account in names {
        let set = match &tokens {
            Some(tokens) if with_token.contains(&account) => Some(tokens.folder().load(&account)?),
            _ => None,
        };
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
    Ok(rows)
}

fn print(home: &Home, rows: &[Row]) {
    let (now, zone) = (Clock::system().now(), local_zone());
    let mut columns = Columns::new(
        &["ACCOUNT", "ACCESS TOKEN UNTIL", "REFRESH TOKEN", "STANDS"],
        &["ACCOUNT", "ACCESS TOKEN UNTIL", "REFRESH TOKEN", "STANDS"],
    );
    for row in rows {
        let access = match (row.has_token, row.access_expires_at) {
            (false, _) => ["none".to_owned(), String::new()],
            (true, Some(at)) => [instant(at, &zone), format!("({})", relative(at, now))],
            (true, None) => ["unknown".to_owned(), String::new()],
        };
        let refresh = match (row.has_refresh_token, row.refresh_expires_at) {
            (false, _) => ["none".to_owned(), String::new()],
            (true, Some(at)) => [format!("until {}", instant(at, &zone)), format!("({})", relative(at, now))],
            (true, None) => ["yes".to_owned(), String::new()],
        };
        let stands = match (&row.blocked, row.has_token) {
            (Some(_), _) => "blocked",
            (None, false) => "needs a token",
            (None, true) => "good",
        };
        let cells = |join: &str| {
            let both = |pair: &[String; 2]| pair.join(join).trim_end().to_owned();
            vec![row.account.clone(), both(&access), both(&refresh), stands.to_owned()]
        };
        columns.add(cells(" "), cells("\n"));
    }
    columns.print();
    for row in rows {
        if let (Some(reason), Some(remedy)) = (&row.blocked, &row.remedy) {
            note!("account {} is blocked: {reason}. {remedy}", row.account);
        } else if !row.has_token {
            let add = home.command(&format!("account add-token {} --access-token-file FILE", row.account));
            note!("account {} needs a token: `{add}`", row.account);
        }
    }
}
