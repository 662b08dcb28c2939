//! The token call of the login host: lifetimes, rotation and limits.
//!
//! Owns how tokens come and go. Must not know what they are used for.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::user::ALL_SCOPES;
use crate::error::SandboxError;
use crate::faults::name::FaultName;
use crate::http::answer::{Answer, Refusal, Reply};
use crate::server::host::Host;
use crate::server::visit::Visit;
use crate::state::clock::later;
use crate::state::event::Event;
use crate::state::memory::{Account, Lane, Memory, Token};
use crate::state::numbers::base62;

/// Seconds, as seen: six hours less one.
const ACCESS_LIFE: Duration = Duration::from_secs(21_599);
/// Seconds, as seen: sixty days less one.
const REFRESH_LIFE: Duration = Duration::from_secs(5_183_999);
/// With less than this left, a refresh token is replaced by the refresh.
const ROTATION: Duration = Duration::from_secs(30 * 86_400);
/// Access tokens per user and window.
const ACCESS_MAX: (usize, Duration) = (20, Duration::from_secs(600));
/// Refresh tokens per user and window.
const REFRESH_MAX: (usize, Duration) = (30, Duration::from_secs(3600));
/// An access token with less than this left is not handed to the sandbox's owner again.
const WORKING_MIN: Duration = Duration::from_secs(3600);

/// An account and tokens that work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTokens {
    /// Its name in this sandbox.
    pub account: String,
    /// Kakao's number of the user.
    pub user_id: i64,
    /// The first half of the account's story IDs.
    pub profile: String,
    /// For the `Authorization` header; lives for six hours at first.
    pub access_token: String,
    /// For the token call; lives for sixty days at first.
    pub refresh_token: String,
}

/// Makes the account if it does not exist, and gives it tokens that work.
pub(crate) fn add_account(host: &mut Host, name: &str) -> Result<AccountTokens, SandboxError> {
    let usable = (1..=64).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    if !usable {
        return Err(SandboxError::AccountName { name: name.to_owned() });
    }
    if host.memory.account(name).is_none() {
        let at = host.now();
        let user = host.memory.unique(Lane::User, 0);
        let account = Event::Account {
            name: name.to_owned(),
            // Ten digits, as Kakao's user IDs have.
            user_id: i64::try_from(user % 8_000_000_000).unwrap_or_default() + 1_000_000_000,
            profile: base62(host.memory.unique(Lane::Profile, 0), 7),
            scopes: ALL_SCOPES.iter().map(|scope| scope.id.to_owned()).collect(),
            at,
        };
        host.commit_owned(vec![account])?;
    }
    working(host, name)
}

/// Exchanges a code or a refresh token for tokens.
pub(crate) fn grant(host: &mut Host, visit: &Visit<'_>) -> Reply {
    let param = |name| visit.incoming.param(name).filter(|value| !value.is_empty());
    if visit.incoming.problem.is_some() {
        return Err(Refusal::Koe(1));
    }
    let client_id = param("client_id").ok_or(Refusal::Koe(101))?;
    if host.options.client_id.as_deref().is_some_and(|wanted| wanted != client_id) {
        return Err(Refusal::Koe(101));
    }
    if host.options.client_secret.as_deref().is_some_and(|wanted| param("client_secret") != Some(wanted)) {
        return Err(Refusal::Koe(10));
    }
    match param("grant_type") {
        Some("authorization_code") => by_code(host, visit, client_id),
        Some("refresh_token") => by_refresh(host, visit),
        _ => Err(Refusal::Koe(1)),
    }
}

fn by_code(host: &mut Host, visit: &Visit<'_>, client_id: &str) -> Reply {
    let now = visit.now;
    let text = visit.incoming.param("code").ok_or(Refusal::Koe(320))?.to_owned();
    let code = host.memory.codes.get(&text).ok_or(Refusal::Koe(320))?;
    if code.used || now >= code.expires_at || code.client_id != client_id {
        return Err(Refusal::Koe(320));
    }
    if visit.incoming.param("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return Err(Refusal::Koe(303));
    }
    let verified =
        |challenge: &String| visit.incoming.param("code_verifier").map(challenge_of).as_ref() == Some(challenge);
    if code.challenge.as_ref().is_some_and(|challenge| !verified(challenge)) {
        return Err(Refusal::Koe(320));
    }
    let account = code.account.clone();
    check_limit(host, &account, now, true)?;
    let mut scopes: Vec<String> =
        host.memory.account(&account).map(|account| account.scopes.iter().cloned().collect()).unwrap_or_default();
    scopes.extend(code.scopes.iter().cloned());
    scopes.sort_unstable();
    scopes.dedup();
    let (access, access_text, access_life) = new_access(host, visit, &account, 1);
    let (refresh, refresh_text) = new_refresh(host, now, &account, 2, true);
    let mut answer = json!({
        "access_token": access_text,
        "token_type": "bearer",
        "refresh_token": refresh_text,
        "expires_in": access_life.as_secs(),
        "scope": scopes.join(" "),
        "refresh_token_expires_in": REFRESH_LIFE.as_secs(),
    });
    host.commit(vec![Event::CodeUsed { code: text, at: now }, access, refresh])?;
    hide_refresh(visit, &mut answer);
    Ok(Answer::json(&answer))
}

/// What a verifier hashes to, as the page was told.
fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

fn by_refresh(host: &mut Host, visit: &Visit<'_>) -> Reply {
    let now = visit.now;
    let old = visit.incoming.param("refresh_token").ok_or(Refusal::Koe(322))?.to_owned();
    let token = host.memory.refresh.get(&old).filter(|token| token.is_alive(now)).ok_or(Refusal::Koe(322))?;
    let account = token.account.clone();
    let rotates = later(now, ROTATION) > token.expires_at || visit.fired.has(FaultName::RotateRefreshToken);
    check_limit(host, &account, now, rotates)?;
    let (access, access_text, access_life) = new_access(host, visit, &account, 0);
    let mut answer = json!({
        "access_token": access_text,
        "token_type": "bearer",
        "expires_in": access_life.as_secs(),
    });
    let mut events = vec![access];
    if rotates {
        let (refresh, text) = new_refresh(host, now, &account, 1, true);
        answer["refresh_token"] = json!(text);
        answer["refresh_token_expires_in"] = json!(REFRESH_LIFE.as_secs());
        events.extend([refresh, Event::TokenEnded { token: old, at: now }]);
    }
    host.commit(events)?;
    hide_refresh(visit, &mut answer);
    Ok(Answer::json(&answer))
}

fn hide_refresh(visit: &Visit<'_>, answer: &mut Value) {
    if visit.fired.has(FaultName::NoRefreshToken)
        && let Some(answer) = answer.as_object_mut()
    {
        answer.remove("refresh_token");
        answer.remove("refresh_token_expires_in");
    }
}

fn check_limit(host: &Host, account: &str, now: Timestamp, with_refresh: bool) -> Result<(), Refusal> {
    let memory = &host.memory;
    let access = Memory::issued_within(&memory.access, account, now, ACCESS_MAX.1);
    let refresh = Memory::issued_within(&memory.refresh, account, now, REFRESH_MAX.1);
    if access >= ACCESS_MAX.0 || (with_refresh && refresh >= REFRESH_MAX.0) {
        return Err(Refusal::Koe(237));
    }
    Ok(())
}

fn new_access(host: &Host, visit: &Visit<'_>, account: &str, ahead: u64) -> (Event, String, Duration) {
    let life = visit.fired.after(FaultName::ShortAccessToken).unwrap_or(ACCESS_LIFE);
    let (event, text) = access_event(host, visit.now, account, ahead, life, true);
    (event, text, life)
}

/// `counted` says whether it counts towards the limit per user.
fn access_event(
    host: &Host,
    now: Timestamp,
    account: &str,
    ahead: u64,
    life: Duration,
    counted: bool,
) -> (Event, String) {
    let text = format!("sandbox-access-{}", host.memory.unique_text(Lane::Access, ahead));
    let event = Event::AccessToken {
        token: text.clone(),
        account: account.to_owned(),
        issued_at: now,
        expires_at: later(now, life),
        counted,
    };
    (event, text)
}

fn new_refresh(host: &Host, now: Timestamp, account: &str, ahead: u64, counted: bool) -> (Event, String) {
    let text = format!("sandbox-refresh-{}", host.memory.unique_text(Lane::Refresh, ahead));
    let event = Event::RefreshToken {
        token: text.clone(),
        account: account.to_owned(),
        issued_at: now,
        expires_at: later(now, REFRESH_LIFE),
        counted,
    };
    (event, text)
}

/// A fresh pair for the sandbox's owner, outside the limits of the login host.
pub(crate) fn mint(host: &mut Host, name: &str) -> Result<AccountTokens, SandboxError> {
    let Account { user_id, profile, .. } = host.known(name)?.clone();
    let now = host.now();
    let (access, access_token) = access_event(host, now, name, 0, ACCESS_LIFE, false);
    let (refresh, refresh_token) = new_refresh(host, now, name, 1, false);
    host.commit_owned(vec![access, refresh])?;
    Ok(AccountTokens { account: name.to_owned(), user_id, profile, access_token, refresh_token })
}

/// The newest tokens of the account that are alive and will be for an hour; fresh ones when there are none.
pub(crate) fn working(host: &mut Host, name: &str) -> Result<AccountTokens, SandboxError> {
    let Account { user_id, profile, .. } = host.known(name)?.clone();
    let soon = later(host.now(), WORKING_MIN);
    let newest = |tokens: &HashMap<String, Token>| {
        let alive = tokens.iter().filter(|(_, token)| token.account == name && token.is_alive(soon));
        alive.max_by_key(|(text, token)| (token.issued_at, (*text).clone())).map(|(text, _)| text.clone())
    };
    let (Some(access_token), Some(refresh_token)) = (newest(&host.memory.access), newest(&host.memory.refresh)) else {
        return mint(host, name);
    };
    Ok(AccountTokens { account: name.to_owned(), user_id, profile, access_token, refresh_token })
}
