//! Logging an account in: the address of the consent page, the redirect with which it ends, and what its code buys.
//!
//! Pure but for the one call. Must not know who opens the page or who catches the redirect.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::error::{CallKind, REFUSED_RENEWAL, SPENT_GRANT};
use super::excerpt::excerpt;
use super::exchange::fault_of;
use super::refresh::Credentials;
use super::token::{TokenAnswer, TokenOwner, TokenSet};
use super::{Client, FORM, host_of, wire};
use crate::domain::clock::later;
use crate::domain::fault::{Fault, FaultClass, Remedy};

/// The consents without which nothing can be posted, or nothing be proved about what was posted.
pub const SCOPES: [&str; 2] = ["story_publish", "story_read"];
/// How long a login may take before its code is dead anyway.
pub const LOGIN_TIME: Duration = Duration::from_secs(600);
/// Longest text that is taken for a redirect, in bytes.
const REDIRECT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of chance in a `state`.
const STATE_BYTES: usize = 16;
/// Bytes of chance in a verifier: 43 characters, the fewest that RFC 7636 takes.
const VERIFIER_BYTES: usize = 32;

/// What ties a redirect to the login that asked for it. Not guessable, used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginState(String);

/// What only this login knows: whoever else gets hold of its code cannot exchange it (PKCE, RFC 7636). A login service that does not know
/// of it passes it over, as OAuth wants.
#[derive(Clone, Debug)]
pub struct Verifier(SecretString);

/// The code that a redirect carries. Works once, for some minutes.
#[derive(Clone, Debug)]
pub struct LoginCode(SecretString);

/// Why an address is not the end of this login. The texts quote no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// Neither a code nor an error in it.
    #[error(
        "this is not the address at which the browser ended: it holds no `code`; copy the whole address, from http to its end"
    )]
    NoCode,
    /// From an earlier login, or from somebody else.
    #[error(
        "this address belongs to another login: its `state` is not this one's; open the consent page again and finish there"
    )]
    OtherState,
    /// The person at the page said no.
    #[error("the consent was refused at Kakao; run the login again when the account agrees")]
    Denied,
    /// Kakao said no.
    #[error("Kakao refused the login: {0}; check the app's set-up at Kakao, then run the login again")]
    Refused(String),
}

impl LoginState {
    /// A fresh one.
    ///
    /// # Errors
    /// The machine has no source of chance.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0_u8; STATE_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Whether a redirect ends this login, well or badly; any other is not for it.
    pub fn is_of(&self, redirect: &str) -> bool {
        !matches!(read_redirect(redirect, self), Err(RedirectError::NoCode | RedirectError::OtherState))
    }

    /// For tests, which need one that they know.
    pub fn fixed(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Verifier {
    /// A fresh one.
    ///
    /// # Errors
    /// The machine has no source of chance.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0_u8; VERIFIER_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// What the consent page is told of it.
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose_secret().as_bytes()))
    }
}

/// The code in the address at which the browser ended: caught, or pasted by a person.
///
/// # Errors
/// When it is no such address, another login's, or the news of a refusal.
pub fn read_redirect(text: &str, state: &LoginState) -> Result<LoginCode, RedirectError> {
    let text = text.trim();
    if text.len() > REDIRECT_BYTES_MAX {
        return Err(RedirectError::NoCode);
    }
    // A query alone will do: that is what is left when somebody copies the interesting part.
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let url = Url::parse(&format!("http://localhost/?{query}")).map_err(|_| RedirectError::NoCode)?;
    let value = |name: &str| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).filter(|v| !v.is_empty())
    };
    let (code, error) = (value("code"), value("error"));
    if code.is_none() && error.is_none() {
        return Err(RedirectError::NoCode);
    }
    if value("state").as_deref() != Some(state.0.as_str()) {
        return Err(RedirectError::OtherState);
    }
    match (code, error.as_deref()) {
        (_, Some("access_denied" | "consent_required")) => Err(RedirectError::Denied),
        (_, Some(error)) => {
            let words = value("error_description").map_or_else(String::new, |words| format!(" ({})", excerpt(&words)));
            Err(RedirectError::Refused(format!("{}{words}", excerpt(error))))
        }
        (Some(code), None) => Ok(LoginCode(code.into())),
        (None, None) => Err(RedirectError::NoCode),
    }
}

/// What the login bought, as it is kept.
pub fn logged_in(answer: TokenAnswer, owner: Option<TokenOwner>, now: Timestamp) -> TokenSet {
    let expiry = |life: Option<Duration>| life.map(|life| later(now, life));
    TokenSet {
        access_token: answer.access_token,
        access_expires_at: expiry(answer.expires_in),
        refresh_token: answer.refresh_token,
        refresh_expires_at: expiry(answer.refresh_expires_in),
        scopes: answer.scopes,
        owner,
        obtained_at: now,
        bought: None,
    }
}

impl Client {
    /// The page at which a person consents. It names the app by its REST API key, as Kakao wants it; a browser shows that to
    /// whoever sits before it, so it is for the person's eyes, not for a log.
    pub fn consent_url(
        &self,
        rest_api_key: &SecretString,
        redirect_uri: &str,
        scopes: &[&str],
        (state, verifier): (&LoginState, &Verifier),
    ) -> String {
        let base = format!("{}/oauth/authorize", self.endpoints.login_url);
        let fields = [
            ("client_id", rest_api_key.expose_secret()),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", &scopes.join(",")),
            ("state", &state.0),
            ("code_challenge", &verifier.challenge()),
            ("code_challenge_method", "S256"),
        ];
        Url::parse_with_params(&base, fields).map(String::from).unwrap_or(base)
    }

    /// Exchanges a redirect's code (POST `/oauth/token`). Sent once: the code works once.
    ///
    /// # Errors
    /// Never permanent, as with a refresh; the remedy is always a new login, or other settings.
    pub async fn exchange_code(
        &self,
        credentials: &Credentials,
        redirect_uri: &str,
        code: &LoginCode,
        verifier: &Verifier,
    ) -> Result<TokenAnswer, Fault> {
        let secret = credentials.client_secret.as_ref().map(ExposeSecret::expose_secret);
        let (key, code, verifier) =
            (credentials.rest_api_key.expose_secret(), code.0.expose_secret(), verifier.0.expose_secret());
        let form = wire::code(key, secret, redirect_uri, code, verifier);
        let url = format!("{}/oauth/token", self.endpoints.login_url);
        let request =
            self.renewing.post(url).timeout(self.limits.request_timeout).header(CONTENT_TYPE, FORM).form(&form);
        let asked = || "POST /oauth/token grant_type=authorization_code".to_owned();
        let host = host_of(&self.endpoints.login_url);
        let reply = self.send(CallKind::Login, &host, request, &asked).await.map_err(of_code)?;
        wire::token_answer(&reply.body)
            .map_err(|how| of_code(fault_of(CallKind::Login, &reply.unreadable(how), asked(), reply.said())))
    }
}

/// The words of a refused refresh, turned into those of a refused login.
fn of_code(mut fault: Fault) -> Fault {
    if let Some(said) = fault.reason.strip_prefix(SPENT_GRANT) {
        fault.reason = format!("the code of this login is not valid, or was used already{said}");
        fault.remedy = "Run the login again, and finish it within ten minutes.".into();
    } else if let Some(said) = fault.reason.strip_prefix(REFUSED_RENEWAL) {
        fault.reason = format!("Kakao's login service refused the login{said}");
        fault.remedy = "Run the login again; when it is refused again, check the app's set-up at Kakao.".into();
    } else if fault.code == "KOE303" {
        fault.remedy =
            "Register exactly this redirect URI at the app (Kakao Login, Redirect URI), or set the account's \
                        `redirect_uri` to one that is."
                .into();
    } else if matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Remedy::Wait(_))) {
        fault.remedy = "Run the login again in ten minutes.".into();
    } else if fault.remedy.is_empty() {
        fault.remedy = "The code may be spent: run the login again.".into();
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, RedirectError> {
        read_redirect(text, &LoginState::fixed("s1")).map(|code| code.0.expose_secret().to_owned())
    }

    #[test]
    fn the_code_is_found_in_whatever_a_person_copies() {
        for text in [
            "http://localhost:8421/login?code=abc&state=s1",
            "  http://localhost:8421/login?state=s1&code=abc#fragment\n",
            "localhost:8421/login?code=abc&state=s1",
            "?code=abc&state=s1",
            "code=abc&state=s1",
        ] {
            assert_eq!(read(text).as_deref(), Ok("abc"), "{text}");
        }
        assert_eq!(read("code=a%2Fb%2B&state=s1").as_deref(), Ok("a/b+"));
    }

    #[test]
    fn what_is_not_the_end_of_this_login_is_refused_without_being_quoted() {
        for text in [
            "",
            "abc",
            "http://localhost:8421/login",
            "https://kauth.kakao.com/oauth/authorize?client_id=k",
            "code=&state=s1",
        ] {
            assert_eq!(read(text), Err(RedirectError::NoCode), "{text}");
        }
        for text in ["code=abc", "code=abc&state=", "code=abc&state=s2", "error=access_denied&state=s2"] {
            assert_eq!(read(text), Err(RedirectError::OtherState), "{text}");
        }
        assert_eq!(read(&format!("code={}&state=s1", "x".repeat(20_000))), Err(RedirectError::NoCode));
        assert_eq!(read("error=access_denied&error_description=User%20denied&state=s1"), Err(RedirectError::Denied));
        let refused = read("error=invalid_scope&error_description=no+such\nscope&state=s1").unwrap_err().to_string();
        assert!(refused.contains("invalid_scope (no such"), "{refused}");
        assert!(!format!("{:?}", read_redirect("code=abc&state=s1", &LoginState::fixed("s1"))).contains("abc"));
    }

    #[test]
    fn a_challenge_is_that_of_the_standards_own_example() {
        // RFC 7636, appendix B.
        let verifier = Verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into());
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let fresh = Verifier::random().expect("chance");
        assert_eq!(fresh.0.expose_secret().len(), 43);
        assert_ne!(fresh.challenge(), Verifier::random().expect("chance").challenge());
        assert!(!format!("{fresh:?}").contains(fresh.0.expose_secret()));
    }

    #[test]
    fn no_two_states_are_alike() {
        let (one, other) = (LoginState::random().expect("chance"), LoginState::random().expect("chance"));
        assert_ne!(one, other);
        assert_eq!(one.0.len(), 2 * STATE_BYTES);
    }
}
