//! Tokens as values: what an account holds, what a refresh answers, and how the one becomes the next.
//!
//! Pure. A token is never shown: [`AccessToken`] and [`RefreshToken`] have a redacted `Debug` and no `Display`. The files are
//! [`folder`](crate::network::kakao::folder)'s, the requests [`refresh`](crate::network::kakao::refresh)'s.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::clock::later;

/// Longest token taken, in bytes. Kakao's are well under a hundred.
const TOKEN_BYTES_MAX: usize = 4096;

/// Speaks for an account at `kapi`. Lives for hours.
#[derive(Clone, Debug)]
pub struct AccessToken {
    token: SecretString,
    /// Whose it is, where that is known.
    account: Option<Arc<str>>,
}

/// Buys the next access token at `kauth`. Lives for weeks.
#[derive(Clone, Debug)]
pub struct RefreshToken(SecretString);

/// A text that cannot be a token. Does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no token: a token is one line of 1 to {TOKEN_BYTES_MAX} printable ASCII characters without spaces")]
pub struct NotAToken;

impl AccessToken {
    /// Takes a token; white space around it, such as a file's last line break, is dropped.
    ///
    /// # Errors
    /// When it is empty, too long, or holds what no header can carry.
    pub fn new(text: &str) -> Result<Self, NotAToken> {
        checked(text).map(|token| Self { token, account: None })
    }

    /// The same token, of which it is known whose it is.
    #[must_use]
    pub fn of(self, account: &str) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// Whose it is, where that is known.
    pub(crate) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The token itself, for the header and the file.
    pub(crate) fn expose(&self) -> &str {
        self.token.expose_secret()
    }

    /// Whether both are the same token.
    pub fn is(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl RefreshToken {
    /// Takes a token; white space around it, such as a file's last line break, is dropped.
    ///
    /// # Errors
    /// When it is empty, too long, or not printable ASCII.
    pub fn new(text: &str) -> Result<Self, NotAToken> {
        checked(text).map(Self)
    }

    /// The token itself, for the form and the file.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn checked(text: &str) -> Result<SecretString, NotAToken> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= TOKEN_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(SecretString::from(text)) } else { Err(NotAToken) }
}

/// All that an account holds. An instant that Kakao did not tell is absent rather than guessed.
#[derive(Clone, Debug)]
pub struct TokenSet {
    /// For the API calls.
    pub access_token: AccessToken,
    /// When `access_token` stops working.
    pub access_expires_at: Option<Timestamp>,
    /// For the next access token; absent when only an access token was handed in.
    pub refresh_token: Option<RefreshToken>,
    /// When `refresh_token` stops working, and with it the account.
    pub refresh_expires_at: Option<Timestamp>,
    /// The consents, where Kakao listed them.
    pub scopes: Option<Vec<String>>,
    /// Whose they are, where Kakao told.
    pub owner: Option<TokenOwner>,
    /// When this set was obtained.
    pub obtained_at: Timestamp,
    /// The set that takes its place once Kakao has said that it is the same user's.
    pub bought: Option<Box<TokenSet>>,
}

/// The user at Kakao behind an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOwner {
    /// The user's number within the app.
    pub user_id: i64,
    /// What the user calls themselves, where the consents show it.
    pub nickname: Option<String>,
}

/// kauth's answer to a refresh.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    /// The next access token.
    pub access_token: AccessToken,
    /// How long it works.
    pub expires_in: Option<Duration>,
    /// The next refresh token. Only sent when the old one has less than a month left, which is then dead at once.
    pub refresh_token: Option<RefreshToken>,
    /// How long that works.
    pub refresh_expires_in: Option<Duration>,
    /// The consents, where Kakao listed them.
    pub scopes: Option<Vec<String>>,
}

impl TokenSet {
    /// What the login service gave last: a refresh token that it replaced is dead.
    pub(crate) fn latest(&self) -> &Self {
        self.bought.as_deref().unwrap_or(self)
    }

    /// Whether the access token expires within `ahead` of `now`. One whose expiry is unknown is used until Kakao refuses it.
    pub fn needs_refresh(&self, now: Timestamp, ahead: Duration) -> bool {
        self.access_expires_at.is_some_and(|at| at <= later(now, ahead))
    }
}

/// The set that follows `old` once kauth has given `answer` at `now`. What the answer leaves out about the refresh token and the
/// consents stays as it was; what it leaves out about the access token's life is unknown.
pub fn apply(old: &TokenSet, answer: TokenAnswer, now: Timestamp) -> TokenSet {
    let old = old.latest();
    let expiry = |life: Option<Duration>| life.map(|life| later(now, life));
    let (refresh_token, refresh_expires_at) = match answer.refresh_token {
        Some(token) => (Some(token), expiry(answer.refresh_expires_in)),
        None => (old.refresh_token.clone(), old.refresh_expires_at),
    };
    TokenSet {
        access_token: AccessToken { account: old.access_token.account.clone(), ..answer.access_token },
        access_expires_at: expiry(answer.expires_in),
        refresh_token,
        refresh_expires_at,
        scopes: answer.scopes.or_else(|| old.scopes.clone()),
        owner: old.owner.clone(),
        obtained_at: now,
        bought: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("valid")
    }

    fn set() -> TokenSet {
        TokenSet {
            access_token: AccessToken::new("old-access").expect("a token"),
            access_expires_at: Some(at("2026-12-01T06:00:00Z")),
            refresh_token: Some(RefreshToken::new("old-refresh").expect("a token")),
            refresh_expires_at: Some(at("2027-01-30T00:00:00Z")),
            scopes: Some(vec!["story_read".into()]),
            owner: Some(TokenOwner { user_id: 7, nickname: None }),
            obtained_at: at("2026-12-01T00:00:00Z"),
            bought: None,
        }
    }

    fn answer() -> TokenAnswer {
        TokenAnswer {
            access_token: AccessToken::new("new-access").expect("a token"),
            expires_in: Some(Duration::from_secs(21_599)),
            refresh_token: None,
            refresh_expires_in: None,
            scopes: None,
        }
    }

    #[test]
    fn a_token_is_never_shown() {
        let shown = format!("{:?} {:?}", set(), answer());
        assert!(!shown.contains("old-") && !shown.contains("new-"), "{shown}");
    }

    #[test]
    fn what_no_header_can_carry_is_no_token() {
        for text in ["", "  \n", "two words", "line\nbreak", "토큰", "a\u{7f}"] {
            assert!(AccessToken::new(text).is_err(), "{text:?}");
            assert!(RefreshToken::new(text).is_err(), "{text:?}");
        }
        assert!(AccessToken::new(&"x".repeat(4097)).is_err());
        assert_eq!(AccessToken::new(" abc-DEF_1~+/=\n").expect("a token").expose(), "abc-DEF_1~+/=");
    }

    #[test]
    fn a_refresh_without_a_refresh_token_keeps_the_old_one_and_its_expiry() {
        let now = at("2026-12-01T05:55:00Z");
        let next = apply(&set(), answer(), now);
        assert_eq!(next.access_token.expose(), "new-access");
        assert_eq!(next.access_expires_at, Some(at("2026-12-01T11:54:59Z")));
        assert_eq!(next.refresh_token.as_ref().map(RefreshToken::expose), Some("old-refresh"));
        assert_eq!(next.refresh_expires_at, set().refresh_expires_at);
        assert_eq!(next.scopes, set().scopes);
        assert_eq!(next.owner, set().owner);
        assert_eq!(next.obtained_at, now);
    }

    #[test]
    fn a_rotated_refresh_token_replaces_the_old_one_with_its_expiry() {
        let now = at("2026-12-01T00:00:00Z");
        let rotated = TokenAnswer {
            refresh_token: Some(RefreshToken::new("next").expect("a token")),
            refresh_expires_in: Some(Duration::from_secs(60)),
            expires_in: None,
            ..answer()
        };
        let next = apply(&set(), rotated.clone(), now);
        assert_eq!(next.refresh_token.as_ref().map(RefreshToken::expose), Some("next"));
        assert_eq!(next.refresh_expires_at, Some(at("2026-12-01T00:01:00Z")));
        assert_eq!(next.access_expires_at, None, "what Kakao does not say is unknown");
        let next = apply(&set(), TokenAnswer { refresh_expires_in: None, ..rotated }, now);
        assert_eq!(next.refresh_expires_at, None, "the old expiry is not the new token's");
    }

    #[test]
    fn a_refresh_is_needed_from_the_margin_on_and_never_for_an_unknown_expiry() {
        let margin = Duration::from_secs(300);
        assert!(!set().needs_refresh(at("2026-12-01T05:54:59Z"), margin));
        assert!(set().needs_refresh(at("2026-12-01T05:55:00Z"), margin));
        assert!(!TokenSet { access_expires_at: None, ..set() }.needs_refresh(at("2030-01-01T00:00:00Z"), margin));
    }
}
