//! `storyd account doctor`: every check that can be made of an account without posting, each with its remedy.

use serde::Serialize;

use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::flags::Common;
use super::at_kakao::AtKakao;
use super::checks::{self, Check, CheckStatus};
use super::row::{AccountJson, row_of, rows, until};
use crate::cli::context::{self, CommandContext};
use crate::cli::terminal::format::{counted, instant, print_json};
use crate::cli::terminal::output::{note, say};
use crate::domain::post::PostState;
use crate::network::kakao::refresh::REFRESH_AHEAD;
use crate::network::kakao::token::AccessToken;
use crate::store::view::PostFilter;
use crate::store::{Access, Store, StoreError};

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The accounts; all of them when none is named
    accounts: Vec<String>,
}

/// What `--json` prints of one account.
#[derive(Serialize)]
struct Diagnosis {
    account: String,
    /// Whether it can post; none when that could not be found out.
    can_post: Option<bool>,
    checks: Vec<Check>,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Doctor) -> Result<u8, Failure> {
    let mut rows = rows(home).await?;
    if !args.accounts.is_empty() {
        for account in &args.accounts {
            row_of(home, account).await?;
        }
        rows.retain(|row| args.accounts.contains(&row.account));
    }
    if rows.is_empty() {
        return Err(Failure::no_such_thing(format!(
            "there are no accounts; `{}` adds one",
            home.command("account login NAME")
        )));
    }
    let mut all = Vec::new();
    for row in rows {
        let kakao = AtKakao::reach(home, &row.account).await?;
        let checks = examine(home, &row, &kakao).await;
        kakao.stop().await;
        let checks = checks?;
        let can_post = can_post(&checks);
        all.push(Diagnosis { account: row.account, can_post, checks });
    }
    let healthy = all.iter().all(|diagnosis| diagnosis.can_post == Some(true));
    let broken = all.iter().any(|diagnosis| diagnosis.can_post == Some(false));
    if common.json {
        print_json(&all)?;
    } else {
        for diagnosis in &all {
            say!("{}", diagnosis.account);
            diagnosis.checks.iter().for_each(Check::print);
        }
        if healthy {
            note!("nothing stands in the way of posting");
        } else if !broken {
            note!("whether anything stands in the way of posting could not be found out");
        }
    }
    Ok(if healthy { DONE } else { NEEDS_ATTENTION })
}

/// Whether an account can post, as far as the checks tell.
fn can_post(checks: &[Check]) -> Option<bool> {
    if checks.iter().any(|check| check.stands == CheckStatus::Broken) {
        return Some(false);
    }
    checks.iter().all(|check| check.stands != CheckStatus::Unknown).then_some(true)
}

async fn examine(home: &CommandContext, row: &AccountJson, kakao: &AtKakao) -> Result<Vec<Check>, Failure> {
    let account = row.account.as_str();
    let mut checks = vec![match &kakao.credentials {
        Ok(_) => Check::good("app keys", "in the settings, and readable"),
        Err(failure) => Check::broken("app keys", failure.message(), "Correct the settings."),
    }];
    let token = tokens(home, row, kakao, &mut checks).await?;
    if let Some(token) = token {
        let expected = context::tokens(home)?.folder().load(account)?.owner;
        let found = checks::ask(home, &kakao.client, account, &token, expected.as_ref()).await;
        let may_read = found.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| scope == "story_read"));
        if let Some(scopes) = &found.scopes {
            keep_consents(home, account, scopes)?;
        }
        checks.extend(found.checks);
        if may_read {
            checks.extend(checks::list_and_clock(&kakao.client, account, &token, &kakao.clock).await);
        }
    }
    checks.push(match (&row.blocked, &row.remedy) {
        (Some(reason), Some(remedy)) => Check::broken("queue", format!("blocked: {reason}"), remedy.clone()),
        _ => Check::good("queue", "not blocked"),
    });
    checks.extend(outlived(home, row).await?);
    Ok(checks)
}

/// Keeps what Kakao has just said of the consents, so that `account show` tells the same.
fn keep_consents(home: &CommandContext, account: &str, scopes: &[String]) -> Result<(), Failure> {
    let tokens = context::tokens(home)?;
    let lock = tokens.folder().lock(account)?;
    let mut set = tokens.folder().load(account)?;
    if set.scopes.as_deref() != Some(scopes) {
        set.scopes = Some(scopes.to_vec());
        tokens.folder().save(&lock, &set)?;
    }
    Ok(())
}

/// The tokens on disk, and one that works: renewed when it is about to end.
async fn tokens(
    home: &CommandContext,
    row: &AccountJson,
    kakao: &AtKakao,
    checks: &mut Vec<Check>,
) -> Result<Option<AccessToken>, Failure> {
    let (account, zone) = (row.account.as_str(), home.zone_anyway().await?);
    let login = format!("Log in with `{}`.", home.command(&format!("account login {account}")));
    if !row.has_token {
        checks.push(Check::broken("tokens", "none are stored", login));
        return Ok(None);
    }
    let stored = match (row.has_refresh_token, row.refresh_expires_at) {
        (false, _) => Check::weak("tokens", "stored, without a refresh token: they cannot be renewed", login),
        (true, Some(at)) => Check::good("tokens", format!("stored; refresh token {}", until(at, &zone))),
        (true, None) => Check::good("tokens", "stored; Kakao did not say until when the refresh token lasts"),
    };
    checks.push(stored);
    let credentials = kakao.credentials.as_ref().ok();
    let tokens = context::tokens(home)?;
    match tokens.fresh(&kakao.client, account, credentials, REFRESH_AHEAD, kakao.clock.now()).await {
        Ok(token) => Ok(Some(token)),
        Err(fault) => {
            checks.push(Check::failed("access token", account, &fault));
            Ok(None)
        }
    }
}

/// Posts that fall due after the tokens end, when nothing will renew them.
async fn outlived(home: &CommandContext, row: &AccountJson) -> Result<Option<Check>, Failure> {
    // Where they can be renewed they are, and a refresh token is replaced in its last month: no end is in sight then.
    let renewable = row.has_refresh_token && row.in_settings;
    let Some(end) = row.access_expires_at.filter(|_| row.has_token && !renewable) else { return Ok(None) };
    let store = match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => store,
        Err(StoreError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let filter =
        PostFilter { states: vec![PostState::Scheduled], account: Some(row.account.clone()), ..PostFilter::default() };
    let (posts, zone) = (store.posts(&filter).await, home.zone(&store).await?);
    store.close().await;
    let after = posts?.into_iter().filter(|post| post.due_at > end).count();
    Ok((after > 0).then(|| {
        let says = format!("{} due after its token ends on {}", counted(after, "post"), instant(end, &zone));
        let login = home.command(&format!("account login {}", row.account));
        Check::weak("posts", says, format!("Log in before that with `{login}`."))
    }))
}
