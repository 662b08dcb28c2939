//! How a world's daemon comes by the tokens of its accounts.

use std::time::Duration;

use jiff::Timestamp;
use kakao_sandbox::AccountTokens;
use storyd::domain::clock::later;
use storyd::network::kakao::folder::TokenFolder;
use storyd::network::kakao::token::{AccessToken, RefreshToken, TokenOwner, TokenSet};

use super::World;

/// How long each token of an account lasts, as far as anybody knows.
#[derive(Clone, Copy, Default)]
struct Ends {
    access_at: Option<Timestamp>,
    refresh_at: Option<Timestamp>,
}

impl World {
    /// Gives the daemon the tokens of an account, whose ends it does not know.
    pub(crate) fn hand_over(&self, account: &AccountTokens) {
        self.save_tokens(account, Some(&account.refresh_token), Ends::default());
    }

    /// The account as a login leaves it: new tokens, of which the daemon knows how long each lasts.
    pub(crate) fn log_in(&self, account: &str, access: Duration, refresh: Duration) {
        let now = self.clock.now();
        let tokens = self.sandbox.mint_tokens(account).unwrap();
        let ends = Ends { access_at: Some(later(now, access)), refresh_at: Some(later(now, refresh)) };
        self.save_tokens(&tokens, Some(&tokens.refresh_token), ends);
    }

    /// Gives the daemon a new access token of the account that lasts so long, and nothing to renew it with.
    pub(crate) fn hand_in_access_token_alone(&self, account: &str, access: Duration) {
        let tokens = self.sandbox.mint_tokens(account).unwrap();
        let ends = Ends { access_at: Some(later(self.clock.now(), access)), refresh_at: None };
        self.save_tokens(&tokens, None, ends);
    }

    /// The account with an access token of its own that lasts so long, and in the hands of a login service that will renew it with one of
    /// the other account's user.
    pub(crate) fn mix_up(&self, account: &str, other: &str, access: Duration) {
        let now = self.clock.now();
        let (own, others) = (self.sandbox.mint_tokens(account).unwrap(), self.sandbox.mint_tokens(other).unwrap());
        let mixed = AccountTokens { refresh_token: others.refresh_token.clone(), ..own };
        let ends = Ends { access_at: Some(later(now, access)), refresh_at: None };
        self.save_tokens(&mixed, Some(&mixed.refresh_token), ends);
    }

    fn save_tokens(&self, tokens: &AccountTokens, refresh_token: Option<&str>, ends: Ends) {
        let set = TokenSet {
            access_token: AccessToken::new(&tokens.access_token).unwrap(),
            access_expires_at: ends.access_at,
            refresh_token: refresh_token.map(|token| RefreshToken::new(token).unwrap()),
            refresh_expires_at: ends.refresh_at,
            scopes: None,
            owner: Some(TokenOwner { user_id: tokens.user_id, nickname: None }),
            obtained_at: self.clock.now(),
            bought: None,
        };
        let folder = TokenFolder::open(&self.path("data/tokens")).unwrap();
        let lock = folder.lock(&tokens.account).unwrap();
        folder.save(&lock, &set).unwrap();
    }
}
