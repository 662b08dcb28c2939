//! The consent page of the login host, made for people with a browser and for programs without one.
//!
//! Owns the redirect with the code. `allow` or `deny` as a parameter decides; without either a browser gets a page with two buttons,
//! and a program is taken to agree.

use std::time::Duration;

use axum::body::Bytes;
use url::Url;

use super::user::ALL_SCOPES;
use crate::http::answer::{Answer, HTML, Refusal, Reply};
use crate::inspect::page::escape;
use crate::server::host::Host;
use crate::server::visit::Visit;
use crate::state::clock::later;
use crate::state::event::Event;
use crate::state::memory::Lane;

/// How long a code can be exchanged.
const CODE_LIFE: Duration = Duration::from_secs(600);

const TEMPLATE: &str = include_str!("authorize.html");

/// Shows the page, or redirects with `code` or `error`, and with `state` as it came.
pub(crate) fn authorize(host: &mut Host, visit: &Visit<'_>) -> Reply {
    let param = |name| visit.incoming.param(name);
    let client_id = param("client_id").filter(|id| !id.is_empty()).ok_or(Refusal::Koe(101))?;
    if host.options.client_id.as_deref().is_some_and(|wanted| wanted != client_id) {
        return Err(Refusal::Koe(101));
    }
    let redirect_uri = param("redirect_uri").unwrap_or_default();
    let target = Url::parse(redirect_uri).map_err(|_| Refusal::Koe(6))?;
    if param("response_type") != Some("code") {
        return Ok(back(target, visit, &[("error", "unsupported_response_type")]));
    }
    if param("deny").is_some() {
        return Ok(back(target, visit, &[("error", "access_denied"), ("error_description", "User denied access")]));
    }
    // The plain method would show the verifier to whoever sees the page's address.
    if param("code_challenge").is_some() && param("code_challenge_method") != Some("S256") {
        return Ok(back(target, visit, &[("error", "invalid_request")]));
    }
    let scopes = requested_scopes(visit);
    if scopes.iter().any(|scope| ALL_SCOPES.iter().all(|known| known.id != scope)) {
        return Ok(back(target, visit, &[("error", "invalid_scope")]));
    }
    if param("allow").is_none() && visit.incoming.wants_html {
        return Ok(page(host, visit, &scopes));
    }
    let account = match param("account") {
        Some(name) => host.memory.account(name),
        None => host.memory.accounts.first(),
    };
    let account = account.ok_or(Refusal::Koe(1))?.clone();
    let code = format!("sandbox-code-{}", host.memory.unique_text(Lane::Code, 0));
    let mut events = vec![Event::Code {
        code: code.clone(),
        account: account.name.clone(),
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scopes: scopes.clone(),
        expires_at: later(visit.now, CODE_LIFE),
        challenge: param("code_challenge").map(str::to_owned),
    }];
    if !scopes.iter().all(|scope| account.scopes.contains(scope)) {
        let scopes = account.scopes.iter().chain(&scopes).cloned().collect();
        events.push(Event::Consents { account: account.name, scopes, at: visit.now });
    }
    host.commit(events)?;
    Ok(back(target, visit, &[("code", &code)]))
}

/// Separated by commas, as documented, or by spaces, as OAuth has it.
fn requested_scopes(visit: &Visit<'_>) -> Vec<String> {
    let text = visit.incoming.param("scope").unwrap_or_default();
    text.split([',', ' ']).filter(|scope| !scope.is_empty() && *scope != "openid").map(str::to_owned).collect()
}

fn back(mut target: Url, visit: &Visit<'_>, parameters: &[(&str, &str)]) -> Answer {
    target.query_pairs_mut().extend_pairs(parameters);
    if let Some(state) = visit.incoming.param("state") {
        target.query_pairs_mut().append_pair("state", state);
    }
    let mut answer = Answer::new(302, HTML, Bytes::new());
    answer.headers.push(("location", target.to_string()));
    answer
}

fn page(host: &Host, visit: &Visit<'_>, scopes: &[String]) -> Answer {
    let hidden = visit.incoming.query.iter().filter(|(name, _)| name != "account");
    let fields = hidden.map(|(name, value)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value))
    });
    let accounts = host.memory.accounts.iter().map(|account| format!("<option>{}</option>", escape(&account.name)));
    let wanted = ALL_SCOPES.iter().filter(|scope| scopes.iter().any(|id| id == scope.id));
    let scopes = wanted.map(|scope| format!("<li>{} <code>{}</code></li>", escape(scope.display_name), scope.id));
    let html = TEMPLATE
        .replace("{{accounts}}", &accounts.collect::<String>())
        .replace("{{scopes}}", &scopes.collect::<String>())
        .replace("{{fields}}", &fields.collect::<String>());
    Answer::new(200, HTML, html)
}
