//! What can be asked of Kakao about an account without posting anything, each question with its answer and its remedy.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::context::CommandContext;
use crate::cli::terminal::format::length;
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;
use crate::domain::fault::{Fault, FaultClass};
use crate::domain::printable;
use crate::network::kakao::Client;
use crate::network::kakao::error::name_account;
use crate::network::kakao::list::ListEntry;
use crate::network::kakao::login::SCOPES;
use crate::network::kakao::token::{AccessToken, TokenOwner};

/// From here on a clock is told to be off: a machine that keeps its time stays well within it.
const CLOCK_OFF: Duration = Duration::from_secs(5);
/// From here on it stands in the way: posts come noticeably early or late, and Kakao's list is hard to compare.
const CLOCK_WRONG: Duration = Duration::from_secs(60);

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CheckStatus {
    /// As it should be.
    Good,
    /// The account posts, and something is not as it should be.
    Weak,
    /// The account cannot post until it is mended.
    Broken,
    /// Could not be found out.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    /// What was looked at.
    pub(super) check: &'static str,
    /// How it came out.
    pub(super) stands: CheckStatus,
    /// What was found.
    pub(super) says: String,
    /// What helps; empty when nothing needs to be done.
    pub(super) remedy: String,
}

impl Check {
    pub(super) fn good(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, stands: CheckStatus::Good, says: says.into(), remedy: String::new() }
    }

    pub(super) fn weak(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, stands: CheckStatus::Weak, says: says.into(), remedy: remedy.into() }
    }

    pub(super) fn broken(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, stands: CheckStatus::Broken, says: says.into(), remedy: remedy.into() }
    }

    pub(super) fn unknown(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, stands: CheckStatus::Unknown, says: says.into(), remedy: remedy.into() }
    }

    /// A call that failed: what it says of the account, or that nothing can be said.
    pub(super) fn failed(check: &'static str, account: &str, fault: &Fault) -> Self {
        let fault = name_account(fault.clone(), account);
        let says = format!("{} ({})", fault.reason, fault.code);
        match fault.class {
            FaultClass::Transient { .. } | FaultClass::Ambiguous => {
                Self::unknown(check, says, "Try again; if it goes on, look at the network and at Kakao's notices.")
            }
            FaultClass::Permanent | FaultClass::Blocked(_) => Self::broken(check, says, fault.remedy),
        }
    }

    /// One line, and what helps beneath it.
    pub(super) fn print(&self) {
        let mark = match self.stands {
            CheckStatus::Good => "good",
            CheckStatus::Weak => "weak",
            CheckStatus::Broken => "BROKEN",
            CheckStatus::Unknown => "unknown",
        };
        say!("  {:<14} {mark:<8} {}", self.check, self.says);
        if !self.remedy.is_empty() {
            say!("  {:<14} {:<8} → {}", "", "", self.remedy);
        }
    }

    /// The same for who did not ask.
    pub(super) fn warn(&self) {
        note!("storyd: {}: {}. {}", self.check, self.says, self.remedy);
    }
}

/// What Kakao says about the account behind a token.
#[derive(Debug, Default)]
pub(crate) struct AccountFacts {
    /// Whose token it is.
    pub(super) owner: Option<TokenOwner>,
    /// When it ends.
    pub(super) expires_in: Option<Duration>,
    /// The consents that are given.
    pub(super) scopes: Option<Vec<String>>,
    /// The checks, in the order in which they were made.
    pub(super) checks: Vec<Check>,
}

/// Asks Kakao everything. `expected` is who the account belonged to so far.
pub(super) async fn ask(
    home: &CommandContext,
    client: &Client,
    account: &str,
    token: &AccessToken,
    expected: Option<&TokenOwner>,
) -> AccountFacts {
    let mut found = whose(home, client, account, token, expected).await;
    look_around(home, client, account, token, &mut found).await;
    found
}

/// The first question: whose token it is.
pub(super) async fn whose(
    home: &CommandContext,
    client: &Client,
    account: &str,
    token: &AccessToken,
    expected: Option<&TokenOwner>,
) -> AccountFacts {
    let mut found = AccountFacts::default();
    match client.token_info(token).await {
        Ok(info) => {
            found.expires_in = info.expires_in;
            found.owner = Some(TokenOwner { user_id: info.user_id, nickname: None });
            found.checks.push(user(home, account, info.user_id, expected));
        }
        Err(fault) => found.checks.push(Check::failed("user", account, &fault)),
    }
    found
}

/// The other questions.
pub(super) async fn look_around(
    home: &CommandContext,
    client: &Client,
    account: &str,
    token: &AccessToken,
    found: &mut AccountFacts,
) {
    consents(home, client, account, token, found).await;
    match client.is_story_user(token).await {
        Ok(true) => found.checks.push(Check::good("Kakao Story", "the account uses it")),
        Ok(false) => found.checks.push(Check::broken(
            "Kakao Story",
            "the account does not use Kakao Story",
            "Open Kakao Story once as this account to join it.",
        )),
        Err(fault) => found.checks.push(Check::failed("Kakao Story", account, &fault)),
    }
    match client.profile(token).await {
        Ok(profile) => {
            let name = profile.nick_name;
            let says = name.clone().unwrap_or_else(|| "readable; its name is not shown to this app".to_owned());
            found.checks.push(Check::good("profile", says));
            if let Some(owner) = &mut found.owner {
                owner.nickname = name;
            }
        }
        Err(fault) => found.checks.push(Check::failed("profile", account, &fault)),
    }
}

fn user(home: &CommandContext, account: &str, user_id: i64, expected: Option<&TokenOwner>) -> Check {
    match expected {
        Some(owner) if owner.user_id != user_id => Check::broken(
            "user",
            format!("the token is of Kakao user {user_id}, and the account belonged to {}", owner.user_id),
            format!("Log in as the right user with `{}`.", home.command(&format!("account login {account}"))),
        ),
        _ => Check::good("user", format!("Kakao user {user_id}")),
    }
}

async fn consents(
    home: &CommandContext,
    client: &Client,
    account: &str,
    token: &AccessToken,
    found: &mut AccountFacts,
) {
    let listed = match client.scopes(token, &SCOPES).await {
        Ok(listed) => listed,
        Err(fault) => return found.checks.push(Check::failed("consents", account, &fault)),
    };
    let given = |id: &str| listed.iter().any(|scope| scope.id == id && scope.agreed);
    let unused = |id: &str| listed.iter().any(|scope| scope.id == id && scope.using == Some(false));
    let missing: Vec<&str> = SCOPES.into_iter().filter(|id| !given(id)).collect();
    found.scopes = Some(SCOPES.into_iter().filter(|id| given(id)).map(str::to_owned).collect());
    if missing.is_empty() {
        return found.checks.push(Check::good("consents", SCOPES.join(", ")));
    }
    let remedy = if missing.iter().any(|id| unused(id)) {
        "Ask the owner of the Kakao app to enable the Kakao Story consent items for it.".to_owned()
    } else {
        let login = home.command(&format!("account login {account} --scopes {}", missing.join(",")));
        format!("Consent as this account: `{login}` shows the page for exactly that.")
    };
    let says = format!("{} not given", missing.join(", "));
    let check = if missing.contains(&SCOPES[0]) {
        Check::broken("consents", says, remedy)
    } else {
        let says = format!("{says}: posts go out, but a doubt cannot be settled, and no story be taken down");
        Check::weak("consents", says, remedy)
    };
    found.checks.push(check);
}

/// Reads one page of the account's list, which also shows how far the clocks are apart.
pub(super) async fn list_and_clock(client: &Client, account: &str, token: &AccessToken, clock: &Clock) -> Vec<Check> {
    let before = clock.now();
    match client.stories(token, None).await {
        Ok(page) => {
            let unreadable = page.entries.iter().filter_map(|entry| match entry {
                ListEntry::Unreadable(unreadable) => Some(unreadable.why.as_str()),
                ListEntry::Story(_) => None,
            });
            let unreadable: Vec<&str> = unreadable.collect();
            let count = page.entries.len();
            let read = match unreadable.first() {
                None => Check::good("list", format!("readable; {count} on its first page")),
                Some(why) => {
                    let says = format!(
                        "{} of {count} stories on its first page cannot be read: {}",
                        unreadable.len(),
                        printable::one_line(why)
                    );
                    Check::weak(
                        "list",
                        says,
                        "Nothing to do for posts to go out. A doubt that such a story may explain is left to you.",
                    )
                }
            };
            let clocks = page.server_date.map(|theirs| skew(theirs, before, clock.now()));
            let undated = || Check::weak("clock", "Kakao's answer has no date to compare it with", "");
            vec![read, clocks.unwrap_or_else(undated)]
        }
        Err(fault) => vec![Check::failed("list", account, &fault)],
    }
}

/// Kakao's date has whole seconds, and was taken somewhere between question and answer.
fn skew(theirs: Timestamp, before: Timestamp, after: Timestamp) -> Check {
    let second = jiff::SignedDuration::from_secs(1);
    let ahead = before.duration_since(theirs) - second;
    let behind = theirs.duration_since(after);
    let (off, word) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let off = Duration::try_from(off).unwrap_or_default();
    if off < CLOCK_OFF {
        return Check::good("clock", "agrees with Kakao's to the second");
    }
    let says = format!("this machine's clock is {} {word} Kakao's", length(off));
    let remedy = "Set the clock, and let a time service keep it (`timedatectl set-ntp true`).";
    if off < CLOCK_WRONG { Check::weak("clock", says, remedy) } else { Check::broken("clock", says, remedy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_lies_outside_of_question_and_answer() {
        let at = |text: &str| -> Timestamp { format!("2026-12-01T00:{text}Z").parse().unwrap() };
        for (theirs, before, after, stands) in [
            ("00:10", "00:10.9", "00:12", CheckStatus::Good),
            ("00:10", "00:01", "00:09", CheckStatus::Good),
            ("00:10", "00:17", "00:18", CheckStatus::Weak),
            ("00:10", "00:01", "00:02", CheckStatus::Weak),
            ("05:10", "00:01", "00:02", CheckStatus::Broken),
            ("00:10", "05:01", "05:02", CheckStatus::Broken),
        ] {
            let check = skew(at(theirs), at(before), at(after));
            assert_eq!(check.stands, stands, "{theirs} {before} {after}: {}", check.says);
        }
    }
}
