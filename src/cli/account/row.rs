//! An account as the commands show it: what the settings, the queue and the tokens' folder know of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::context::{self, CommandContext};
use crate::cli::failure::Failure;
use crate::cli::terminal::format::time;
use crate::cli::terminal::output::note;
use crate::domain::clock::Clock;
use crate::domain::name::is_account_name;
use crate::domain::told_as::ToldAs;
use crate::network::kakao::folder::TokenError;
use crate::network::kakao::token::TokenSet;
use crate::store::view::AccountRow;
use crate::store::{Access, Store, StoreError};

/// One account of what `--json` prints.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AccountJson {
    /// Its name.
    pub(super) account: String,
    /// Kakao's number of the user behind it, where it told.
    pub(super) user_id: Option<i64>,
    /// What that user calls themselves.
    pub(super) nickname: Option<String>,
    /// The consents, where Kakao listed them.
    pub(super) scopes: Option<Vec<String>>,
    /// When the access token ends, as far as it is known.
    pub(super) access_expires_at: Option<Timestamp>,
    /// When the refresh token ends, as far as it is known.
    pub(super) refresh_expires_at: Option<Timestamp>,
    /// Whether the access token can be renewed.
    pub(super) has_refresh_token: bool,
    /// Whether there is an access token.
    pub(super) has_token: bool,
    /// When the tokens were last renewed.
    pub(super) obtained_at: Option<Timestamp>,
    /// Whether the settings have its keys.
    pub(super) in_settings: bool,
    /// Posts that wait for their time.
    pub(super) waiting: u32,
    /// Why the account is blocked, while it is.
    pub(super) blocked: Option<String>,
    /// Kakao's code for that.
    pub(super) blocked_code: Option<String>,
    /// What lifts the block.
    pub(super) remedy: Option<String>,
    /// Since when.
    pub(super) blocked_at: Option<Timestamp>,
    /// When it is tried again.
    pub(super) probe_at: Option<Timestamp>,
    /// In which regular way its published stories come back with other texts than were sent, where one was seen.
    pub(super) told_as: Option<ToldAs>,
}

/// Every account that the settings, the queue or the tokens' folder know.
pub(super) async fn rows(home: &CommandContext) -> Result<Vec<AccountJson>, Failure> {
    let known = match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            let accounts = store.accounts().await?;
            store.close().await;
            accounts
        }
        Err(StoreError::Missing(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    // Looking must not make the folder.
    let tokens = if home.tokens_dir().exists() { Some(context::tokens(home)?) } else { None };
    let with_token = tokens.as_ref().map_or_else(|| Ok(Vec::new()), |tokens| tokens.folder().list())?;
    let mut names: BTreeSet<String> = with_token.iter().cloned().collect();
    names.extend(known.iter().map(|account| account.account.clone()));
    names.extend(home.settings.accounts.keys().cloned());
    let mut rows = Vec::new();
    for account in names {
        let set = match &tokens {
            Some(tokens) if with_token.contains(&account) => Some(tokens.folder().load(&account)?),
            _ => None,
        };
        let in_queue = known.iter().find(|row| row.account == account);
        rows.push(row(home, account, set.as_ref(), in_queue));
    }
    Ok(rows)
}

fn row(home: &CommandContext, account: String, set: Option<&TokenSet>, in_queue: Option<&AccountRow>) -> AccountJson {
    let owner = set.and_then(|set| set.owner.clone());
    AccountJson {
        user_id: owner.as_ref().map(|owner| owner.user_id),
        nickname: owner.and_then(|owner| owner.nickname),
        scopes: set.and_then(|set| set.scopes.clone()),
        access_expires_at: set.and_then(|set| set.access_expires_at),
        refresh_expires_at: set.and_then(|set| set.refresh_expires_at),
        has_refresh_token: set.is_some_and(|set| set.refresh_token.is_some()),
        has_token: set.is_some(),
        obtained_at: set.map(|set| set.obtained_at),
        in_settings: home.in_sandbox() || home.settings.accounts.contains_key(&account),
        waiting: in_queue.map_or(0, |row| row.waiting),
        blocked: in_queue.and_then(|row| row.blocked_reason.clone()),
        blocked_code: in_queue.and_then(|row| row.blocked_code.clone()),
        remedy: in_queue.and_then(|row| row.blocked_remedy.clone()),
        blocked_at: in_queue.and_then(|row| row.blocked_at),
        probe_at: in_queue.and_then(|row| row.probe_at),
        told_as: in_queue.and_then(|row| row.told_as),
        account,
    }
}

/// The account of that name, if anything knows it.
pub(super) async fn row_of(home: &CommandContext, account: &str) -> Result<AccountJson, Failure> {
    check_name(account)?;
    let rows = rows(home).await?;
    let names: Vec<&str> = rows.iter().map(|row| row.account.as_str()).collect();
    let known = if names.is_empty() { "none are known".to_owned() } else { format!("known are {}", names.join(", ")) };
    let login = home.command(&format!("account login {account}"));
    let missing = || Failure::no_such_thing(format!("no account is called {account}: {known}; `{login}` logs it in"));
    rows.iter().find(|row| row.account == account).cloned().ok_or_else(missing)
}

pub(super) fn check_name(account: &str) -> Result<(), Failure> {
    if is_account_name(account) { Ok(()) } else { Err(TokenError::Account(account.to_owned()).into()) }
}

/// `until Tue 2026-12-01 09:00 KST (in 3 d 4 h)`.
pub(super) fn until(at: Timestamp, zone: &str) -> String {
    format!("until {}", time(at, zone, Clock::system().now()))
}

/// The lines that tell of an account's tokens, each with its label.
pub(super) fn token_lines(row: &AccountJson, zone: &str) -> Vec<(&'static str, String)> {
    let until = |at| until(at, zone);
    let access = match (row.has_token, row.access_expires_at) {
        (false, _) => "none".to_owned(),
        (true, Some(at)) if row.has_refresh_token => format!("{}, then renewed", until(at)),
        (true, Some(at)) => until(at),
        (true, None) => "good until Kakao says otherwise".to_owned(),
    };
    let refresh = match (row.has_refresh_token, row.refresh_expires_at) {
        (false, _) => "none".to_owned(),
        (true, Some(at)) => format!("{}, renewed ahead of that", until(at)),
        (true, None) => "there is one; Kakao did not say for how long".to_owned(),
    };
    let consents = match &row.scopes {
        Some(scopes) if scopes.is_empty() => "none".to_owned(),
        Some(scopes) => scopes.join(", "),
        None => "not known".to_owned(),
    };
    vec![("consents", consents), ("access token", access), ("refresh token", refresh)]
}

/// Who is behind an account: `이름 (Kakao user 123)`.
pub(super) fn who(row: &AccountJson) -> String {
    match (&row.nickname, row.user_id) {
        (Some(name), Some(id)) => format!("{name} (Kakao user {id})"),
        (None, Some(id)) => format!("Kakao user {id}"),
        _ => "a Kakao user whose name is not known here".to_owned(),
    }
}

/// What stands in the way of keeping the account alive, for the person who has just given it tokens.
pub(super) fn warn_short_life(row: &AccountJson) {
    let account = &row.account;
    if !row.has_refresh_token {
        note!("storyd: without a refresh token account {account} stops posting when its access token ends");
    } else if !row.in_settings {
        note!(
            "storyd: the settings have no account {account}, so its access token cannot be renewed; add its rest_api_key \
             under `accounts` in storyd.yaml"
        );
    }
}
