//! `storyd account login`: a person consents at Kakao, in a browser here or elsewhere, and the account's tokens are kept.

use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::flags::Common;
use super::at_kakao::{AtKakao, failed};
use super::browser::{self, RedirectListener};
use super::checks::{self, AccountFacts, CheckStatus};
use super::owner::{self, refuse_another_user, refuse_with_doubts};
use super::row::{check_name, row_of, token_lines, warn_short_life, who};
use super::unblock::let_go;
use crate::cli::context::{self, CommandContext};
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::later;
use crate::network::kakao::login::{LoginState, SCOPES, Verifier, logged_in};
use crate::network::kakao::token::{TokenAnswer, TokenOwner, TokenSet};
use crate::settings::REDIRECT_URI;

#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// The account's name in job files and settings
    account: String,
    /// For a machine without a browser: paste the address at which a browser elsewhere ended
    #[arg(long)]
    paste: bool,
    /// Print the address of the consent page, and open no browser
    #[arg(long)]
    no_browser: bool,
    /// The consents to ask for
    #[arg(long, value_name = "SCOPE,SCOPE", value_delimiter = ',', default_values = SCOPES)]
    scopes: Vec<String>,
    /// Let the account post as another Kakao user than before
    #[arg(long)]
    other_user: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Login) -> Result<u8, Failure> {
    check_name(&args.account)?;
    let mut kakao = AtKakao::reach(home, &args.account).await?;
    let result = log_in(common, home, args, &mut kakao).await;
    kakao.stop().await;
    result
}

async fn log_in(common: &Common, home: &CommandContext, args: &Login, kakao: &mut AtKakao) -> Result<u8, Failure> {
    let account = args.account.as_str();
    let missing = || Failure::settings(String::new());
    let credentials = std::mem::replace(&mut kakao.credentials, Err(missing()))?;
    let configured = home.settings.accounts.get(account).map_or(REDIRECT_URI, |account| account.redirect_uri.as_str());
    // The emulator takes any redirect, so that two logins at once are in nobody's way.
    let wanted = if home.in_sandbox() && !args.paste { "http://localhost:0/login" } else { configured };
    let without_chance = |error| Failure::unexpected(format!("no unpredictable bytes: {error}"));
    let state = LoginState::random().map_err(without_chance)?;
    let verifier = Verifier::random().map_err(without_chance)?;
    let (ear, redirect_uri) = RedirectListener::at(wanted, args.paste, &state).await?;
    let scopes: Vec<&str> = args.scopes.iter().map(String::as_str).collect();
    let mut url = kakao.client.consent_url(&credentials.rest_api_key, &redirect_uri, &scopes, (&state, &verifier));
    if home.in_sandbox() {
        // The emulator's page preselects the user; Kakao knows who is logged in.
        url.push_str(&format!("&account={account}"));
    }
    instruct(args, home, &ear, &url, &redirect_uri);
    let code = ear.code(&state).await?;
    let answer = kakao.client.exchange_code(&credentials, &redirect_uri, &code, &verifier).await;
    let answer = answer.map_err(|fault| failed("the login came to nothing", &fault))?;
    keep(common, home, args, kakao, answer).await
}

/// What the person has to do. On stderr: the result alone is data.
fn instruct(args: &Login, home: &CommandContext, ear: &RedirectListener, url: &str, redirect_uri: &str) {
    let account = &args.account;
    note!("Log in at Kakao as the user who shall post as {account}, and consent to {}:", args.scopes.join(", "));
    note!("");
    note!("  {url}");
    note!("");
    if !home.in_sandbox() {
        note!(
            "(The app must know the redirect URI {redirect_uri}: Kakao Login, Redirect URI. If not, the page says KOE006.)"
        );
    }
    if ear.only_pastes() {
        note!("The browser ends at an address that begins with {redirect_uri}, and may say that it cannot open it.");
        note!("Paste that whole address here, and press Enter:");
    } else if !args.no_browser && browser::open(url) {
        note!("The page opens in a browser; waiting for it. Ctrl-C gives up.");
    } else {
        note!("Open it in a browser on this machine; waiting for it. Ctrl-C gives up.");
        note!(
            "(A browser elsewhere does as well: paste the address at which it ended here. Without a terminal, use --paste.)"
        );
    }
}

/// Looks who it is, keeps the tokens, and says how things stand.
async fn keep(
    common: &Common,
    home: &CommandContext,
    args: &Login,
    kakao: &AtKakao,
    answer: TokenAnswer,
) -> Result<u8, Failure> {
    let account = args.account.as_str();
    let tokens = context::tokens(home)?;
    let before = tokens.folder().load(account).ok();
    let expected = before.as_ref().and_then(|set| set.owner.clone()).filter(|_| !args.other_user);
    let mut found = checks::whose(home, &kakao.client, account, &answer.access_token, expected.as_ref()).await;
    let instead = "Log out in the browser and log in as that user";
    refuse_another_user(account, expected.as_ref(), found.owner.as_ref(), instead)?;
    let known = before.as_ref().and_then(|set| set.owner.clone());
    if args.other_user {
        refuse_with_doubts(home, account, known.as_ref(), found.owner.as_ref()).await?;
    }
    let owner = owner::owner(known, found.owner.clone(), args.other_user);
    let access_token = answer.access_token.clone();
    let set = joined(answer, owner, before, &found, kakao);
    {
        let lock = tokens.folder().lock(account)?;
        tokens.folder().save(&lock, &set)?;
    }
    let_go(home, account, args.other_user).await?;
    // Kept before anything else is asked: there is no second copy of them.
    checks::look_around(home, &kakao.client, account, &access_token, &mut found).await;
    {
        let lock = tokens.folder().lock(account)?;
        let mut set = tokens.folder().load(account)?;
        set.scopes = found.scopes.clone().or(set.scopes);
        set.owner = owner::owner(set.owner, found.owner.clone(), false);
        tokens.folder().save(&lock, &set)?;
    }
    let row = row_of(home, account).await?;
    let troubles: Vec<_> = found.checks.iter().filter(|check| check.stands != CheckStatus::Good).collect();
    if common.json {
        print_json(&row)?;
    } else {
        say!("{account} is {}", who(&row));
        let zone = home.zone_anyway().await?;
        for (label, value) in token_lines(&row, &zone) {
            say!("  {label:<14} {value}");
        }
    }
    warn_short_life(&row);
    for trouble in &troubles {
        trouble.warn();
    }
    let broken = troubles.iter().any(|check| check.stands == CheckStatus::Broken);
    Ok(if broken { NEEDS_ATTENTION } else { DONE })
}

/// The set to keep. What the answer leaves out stays as it was, for the same user.
fn joined(
    answer: TokenAnswer,
    owner: Option<TokenOwner>,
    before: Option<TokenSet>,
    found: &AccountFacts,
    kakao: &AtKakao,
) -> TokenSet {
    let now = kakao.clock.now();
    let before = before.filter(|before| match (&before.owner, &found.owner) {
        (Some(before), Some(after)) => before.user_id == after.user_id,
        _ => false,
    });
    let mut set = logged_in(answer, owner, now);
    set.access_expires_at = set.access_expires_at.or_else(|| found.expires_in.map(|life| later(now, life)));
    if let (None, Some(before)) = (&set.refresh_token, before) {
        set.refresh_token = before.refresh_token;
        set.refresh_expires_at = before.refresh_expires_at;
    }
    set
}
