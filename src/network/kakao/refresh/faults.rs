//! What can be wrong with an account's tokens, as faults: what a person reads of it, and who must act.

use std::time::Duration;

use super::limit::REFRESHES_MAX;
use crate::domain::fault::{Block, BlockScope, Fault, FaultClass, Remedy};
use crate::network::kakao::error::{LOG_IN, is_of_one_call};
use crate::network::kakao::folder::TokenError;

/// Whether kauth may have given tokens all the same: the answer was lost, or was a success that nobody can read.
pub(crate) fn may_have_issued(fault: &Fault) -> bool {
    matches!(fault.code.as_str(), "timeout" | "reset" | "truncated" | "oversized" | "unreadable")
}

/// The fault of a token file. The token error's own words end with what to do.
pub(crate) fn on_disk(error: &TokenError) -> Fault {
    let cure = match error {
        TokenError::Io { source, .. } => {
            let mut fault = Fault::transient("token-file", format!("{error}: {source}"));
            fault.remedy = "Check the disk and the permissions of the tokens folder.".into();
            return fault;
        }
        TokenError::Missing(_) | TokenError::Unreadable { .. } => Remedy::LogIn,
        TokenError::TooOpen { .. } | TokenError::Account(_) => Remedy::Settings,
    };
    let text = error.to_string();
    let (reason, remedy) = text.rsplit_once(": ").unwrap_or((&text, ""));
    let mut remedy = remedy.to_owned();
    if let Some(first) = remedy.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    blocked(cure, "token-file", reason, format!("{remedy}."))
}

pub(crate) fn no_refresh_token() -> Fault {
    let remedy = LOG_IN.to_owned();
    blocked(
        Remedy::LogIn,
        "no-refresh-token",
        "the access token is spent and there is no refresh token to renew it",
        remedy,
    )
}

pub(crate) fn no_key(account: &str) -> Fault {
    let remedy = format!("Give the account \"{account}\" its `rest_api_key` in the settings.");
    blocked(Remedy::Settings, "no-key", "the access token is spent and there is no REST API key to renew it", remedy)
}

pub(crate) fn too_many(wait: Duration) -> Fault {
    let reason = format!("the account's tokens were refreshed {REFRESHES_MAX} times in ten minutes");
    let remedy = "Look why Kakao keeps refusing the account's fresh tokens; tried again after ten minutes.".into();
    blocked(Remedy::Wait(wait.max(Duration::from_secs(1))), "refresh-limit", &reason, remedy)
}

pub(crate) fn blocked(cure: Remedy, code: &str, reason: &str, remedy: String) -> Fault {
    let class = FaultClass::Blocked(Block { scope: BlockScope::Account, cure });
    Fault::new(class, code, reason, remedy)
}

/// A task that panicked, or a runtime that shuts down.
pub(crate) fn broken(error: &tokio::task::JoinError) -> Fault {
    // The words of a panic may quote a token.
    let why = if error.is_panic() { "by a bug of storyd" } else { "since storyd stops" };
    Fault::transient("task", format!("the work on the tokens was cut short {why}"))
}

/// What stands for a code where a token is another user's.
const OTHER_USER: &str = "other-user";

/// Whether a new token turned out to be another user's.
pub(crate) fn is_other_user(fault: &Fault) -> bool {
    fault.code == OTHER_USER
}

pub(crate) fn other_user(owner: i64, found: i64) -> Fault {
    let reason = format!(
        "Kakao's login service renewed the access token of Kakao user {owner}, and gave one of user {found}: it is not used, \
         so that nothing goes out on that user's page"
    );
    blocked(Remedy::LogIn, OTHER_USER, &reason, LOG_IN.to_owned())
}

/// Kakao does not say whose a token is. What turns the account away does so here as anywhere; everything else may be better in a moment,
/// and is no fault of the account's or of a post.
pub(crate) fn unknown_owner(fault: Fault) -> Fault {
    let reason =
        format!("Kakao does not say whose the renewed access token is, so that it is not used yet: {}", fault.reason);
    let class = match &fault.class {
        FaultClass::Transient { at_least, .. } => FaultClass::Transient { at_least: *at_least, tries_max: None },
        FaultClass::Blocked(_) if !is_of_one_call(&fault) => return fault,
        _ => FaultClass::Transient { at_least: Duration::ZERO, tries_max: None },
    };
    Fault { class, reason, ..fault }
}

/// The fault of a token that was bought a moment ago: no further one will do better at once.
pub(crate) fn of_a_new_token(fault: Fault) -> Fault {
    if !fault.wants_refresh() {
        return fault;
    }
    let reason = format!("Kakao refuses the access token, and a fresh one too: {}", fault.reason);
    Fault { class: FaultClass::Blocked(Block { scope: BlockScope::Account, cure: Remedy::LogIn }), reason, ..fault }
}
