//! What answers tell of the time: every one carries a date, whatever else it says.

use std::time::Duration;

use reqwest::Method;

use super::error::BadAnswer;
use super::exchange::{Listener, exchange};
use super::token::AccessToken;
use super::{Client, authorised, host_of};
use crate::domain::dates::Dates;

/// Longest that a question about the time may take: whoever asks holds everything back meanwhile.
const TIME_TIMEOUT: Duration = Duration::from_secs(5);

impl Client {
    /// The dates of all answers so far.
    pub fn dates(&self) -> &Dates {
        &self.dates
    }

    /// Asks for nothing but the date of an answer, for an account, or for nobody (GET `/v1/user/access_token_info`). Any answer will do; whether
    /// one came. Repeatable.
    pub async fn ask_time(&self, token: Option<&AccessToken>) -> bool {
        let timeout = TIME_TIMEOUT.min(self.limits.request_timeout);
        let request = self.repeatable(Method::GET, "/v1/user/access_token_info", &[]).timeout(timeout);
        let (request, source) = match token {
            Some(token) => (authorised(request, token), self.source(Some(token))),
            None => (Ok(request), self.source(None)),
        };
        let Ok(request) = request else { return false };
        // Its date is taken down on the way.
        let listener = Listener { source: &source, clock: &self.clock, dates: &self.dates };
        match exchange(request, self.limits.body_bytes_max, listener).await {
            Ok(_) => true,
            Err(met) => matches!(met.trouble, BadAnswer::Answer(_)),
        }
    }

    /// Who answers, as the dates are told apart: the account, or else the host.
    pub(crate) fn source(&self, token: Option<&AccessToken>) -> String {
        match token.and_then(AccessToken::account) {
            Some(account) => account.to_owned(),
            None => host_of(&self.endpoints.api_url),
        }
    }
}
