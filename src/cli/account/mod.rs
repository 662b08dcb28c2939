//! `storyd account`: the accounts that post, and their tokens. One file per command; here is what they show of an account.

mod add_token;
mod at_kakao;
mod browser;
mod checks;
mod doctor;
mod login;
mod logout;
mod refresh;
mod show;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::Common;
use super::context::{self, Home};
use super::failure::Failure;
use super::terminal::format::time;
use super::terminal::output::note;
use crate::domain::clock::Clock;
use crate::domain::name::is_account_name;
use crate::domain::post::PostState;
use crate::domain::told_as::ToldAs;
use crate::network::kakao::folder::TokenError;
use crate::network::kakao::token::{Owner, TokenSet};
use crate::store::view::{AccountRow, PostFilter};
use crate::store::{Access, Store, StoreError};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log an account in at Kakao: a person consents in a browser, here or on another machine
    Login(login::Login),
    /// Take over tokens that were obtained elsewhere
    AddToken(add_token::AddToken),
    /// The accounts, until when their tokens last, and what blocks them
    List,
    /// One account in full
    Show(Named),
    /// Renew an account's tokens now
    Refresh(Named),
    /// Forget an account's tokens
    Logout(logout::Logout),
    /// Check everything that an account needs in order to post, and say what helps
    Doctor(doctor::Doctor),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
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

/// One account of what `--json` prints.
#[derive(Clone, Debug, Serialize)]
struct Row {
    /// Its name.
    account: String,
    /// Kakao's number of the user behind it, where it told.
    user_id: Option<i64>,
    /// What that user calls themselves.
    nickname: Option<String>,
    /// The consents, where Kakao listed them.
    scopes: Option<Vec<String>>,
    /// When the access token ends, as far as it is known.
    access_expires_at: Option<Timestamp>,
    /// When the refresh token ends, as far as it is known.
    refresh_expires_at: Option<Timestamp>,
    /// Whether the access token can be renewed.
    has_refresh_token: bool,
    /// Whether there is an access token.
    has_token: bool,
    /// When the tokens were last renewed.
    obtained_at: Option<Timestamp>,
    /// Whether the settings have its keys.
    in_settings: bool,
    /// Posts that wait for their time.
    waiting: u32,
    /// Why the account is blocked, while it is.
    blocked: Option<String>,
    /// Kakao's code for that.
    blocked_code: Option<String>,
    /// What lifts the block.
    remedy: Option<String>,
    /// Since when.
    blocked_at: Option<Timestamp>,
    /// When it is tried again.
    probe_at: Option<Timestamp>,
    /// In which regular way its published stories come back with other texts than were sent, where one was seen.
    told_as: Option<ToldAs>,
}

/// Every account that the settings, the queue or the tokens' folder know.
async fn rows(home: &Home) -> Result<Vec<Row>, Failure> {
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
    let mut names: std::collections::BTreeSet<String> = with_token.iter().cloned().collect();
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

fn row(home: &Home, account: String, set: Option<&TokenSet>, in_queue: Option<&AccountRow>) -> Row {
    let owner = set.and_then(|set| set.owner.clone());
    Row {
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
async fn row_of(home: &Home, account: &str) -> Result<Row, Failure> {
    check_name(account)?;
    let rows = rows(home).await?;
    let names: Vec<&str> = rows.iter().map(|row| row.account.as_str()).collect();
    let known = if names.is_empty() { "none are known".to_owned() } else { format!("known are {}", names.join(", ")) };
    let login = home.command(&format!("account login {account}"));
    let missing = || Failure::no_such_thing(format!("no account is called {account}: {known}; `{login}` logs it in"));
    rows.iter().find(|row| row.account == account).cloned().ok_or_else(missing)
}

fn check_name(account: &str) -> Result<(), Failure> {
    if is_account_name(account) { Ok(()) } else { Err(TokenError::Account(account.to_owned()).into()) }
}

/// Nobody's tokens take an account over by mistake. `instead` is what to do for the user that it belongs to.
fn refuse_another_user(
    account: &str,
    before: Option<&Owner>,
    after: Option<&Owner>,
    instead: &str,
) -> Result<(), Failure> {
    match (before, after) {
        (Some(before), Some(after)) if before.user_id != after.user_id => Err(Failure::not_possible(format!(
            "this is Kakao user {}, and {account} belongs to {}: nothing was stored. {instead}, or, if {account} shall post as \
             another user from now on, add --other-user",
            shown(after),
            shown(before)
        ))),
        _ => Ok(()),
    }
}

/// A doubt is settled from the list of the user whose request it was. Another user's list would prove its story absent, and it would go out
/// once more.
async fn refuse_with_doubts(
    home: &Home,
    account: &str,
    before: Option<&Owner>,
    after: Option<&Owner>,
) -> Result<(), Failure> {
    if let (Some(before), Some(after)) = (before, after)
        && before.user_id == after.user_id
    {
        return Ok(());
    }
    let store = match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => store,
        Err(StoreError::Missing(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let states = vec![PostState::Publishing, PostState::InDoubt];
    let filter = PostFilter { states, account: Some(account.into()), limit: Some(1), ..PostFilter::default() };
    let doubtful = store.posts(&filter).await?;
    store.close().await;
    let Some(post) = doubtful.first().map(|post| post.post) else { return Ok(()) };
    let resolve = home.command(&format!("admin resolve {post}"));
    Err(Failure::not_possible(format!(
        "post {post} may be up at the user whom {account} belongs to, and the list of another would not show it: nothing was stored. \
         Wait until storyd has settled it, or settle it with `{resolve}`, then do this again"
    )))
}

/// Whose the account is from here on: whom Kakao named; where it was not asked or did not say, whose it was, unless it changes hands.
fn owner(before: Option<Owner>, found: Option<Owner>, other_user: bool) -> Option<Owner> {
    match (before, found) {
        (Some(before), Some(found)) if before.user_id == found.user_id => {
            Some(Owner { nickname: found.nickname.or(before.nickname), ..found })
        }
        (_, Some(found)) => Some(found),
        (before, None) => before.filter(|_| !other_user),
    }
}

fn shown(owner: &Owner) -> String {
    owner.nickname.as_ref().map_or_else(|| owner.user_id.to_string(), |name| format!("{} ({name})", owner.user_id))
}

/// Tells the queue, and a daemon that runs, that the account has tokens that work; and that they are another user's, if so.
async fn let_go(home: &Home, account: &str, other_user: bool) -> Result<(), Failure> {
    match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            if other_user {
                store.give_to_another_user(account, Clock::system().now()).await?;
            }
            store.unblock(account).await?;
            store.close().await;
            home.wake_daemon();
            Ok(())
        }
        Err(StoreError::Missing(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Has a blocked account tried again at once, instead of at its next probe.
async fn try_again(home: &Home, account: &str) -> Result<(), Failure> {
    match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            store.probe_now(account, Clock::system().now()).await?;
            store.close().await;
            home.wake_daemon();
            Ok(())
        }
        Err(StoreError::Missing(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// `until Tue 2026-12-01 09:00 KST (in 3 d 4 h)`.
fn until(at: Timestamp, zone: &str) -> String {
    format!("until {}", time(at, zone, Clock::system().now()))
}

/// The lines that tell of an account's tokens, each with its label.
fn token_lines(row: &Row, zone: &str) -> Vec<(&'static str, String)> {
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
fn who(row: &Row) -> String {
    match (&row.nickname, row.user_id) {
        (Some(name), Some(id)) => format!("{name} (Kakao user {id})"),
        (None, Some(id)) => format!("Kakao user {id}"),
        _ => "a Kakao user whose name is not known here".to_owned(),
    }
}

/// What stands in the way of keeping the account alive, for the person who has just given it tokens.
fn warn_short_life(row: &Row) {
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
