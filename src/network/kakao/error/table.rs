//! The rows of the fault table: one per code that Kakao's documents name, with what it means and what helps.
//!
//! Data alone; [`fault`](crate::network::kakao::error::fault) decides.

use std::time::Duration;

use crate::domain::fault::{Fault, Remedy};

/// What helps when a token is of no use.
pub(crate) const LOG_IN: &str = "Log the account in again with `storyd account login`.";
/// What helps when kauth does not know the app.
pub(crate) const SETTINGS: &str = "Check the account's `rest_api_key` and `client_secret` in the settings.";
/// Wait after Kakao says that it is under maintenance, at the least.
pub(crate) const MAINTENANCE_WAIT: Duration = Duration::from_secs(300);
/// Statuses that say that a request was, or may still be, under way: no proof of "no effect" without a listed code.
pub(crate) const CONFLICTS: [u16; 4] = [408, 409, 425, 499];

/// One code.
pub(crate) struct CodeEntry {
    /// Kakao's `code`.
    pub(crate) code: i64,
    /// What it means: the beginning of a reason.
    pub(crate) meaning: &'static str,
    /// What it is to the engine.
    pub(crate) effect: Effect,
    /// What a person can do: a sentence, or empty.
    pub(crate) remedy: &'static str,
}

/// What a code is to the engine.
pub(crate) enum Effect {
    /// Trouble inside Kakao, at an unknown point: ambiguous for a call that must not be sent twice, transient otherwise.
    Unsure {
        /// Shortest sensible wait.
        at_least: Duration,
    },
    /// Refused before any effect, and would be again.
    Refused,
    /// Refused before any effect; may go better within this many tries in all.
    Tries(u32),
    /// Not executed, until the quota's next window.
    Quota,
    /// A consent is missing.
    Consent,
    /// The account or its app is the trouble.
    Blocked(Remedy),
    /// The API has ended, for everyone.
    Ended,
}

/// Whether a block may be about the one call that met it: what an app may do is granted feature by feature, so that posts need not meet it.
pub fn is_of_one_call(fault: &Fault) -> bool {
    ["-3", "-5"].contains(&fault.code.as_str())
}

/// The row of a code, if the documents name it.
pub(crate) fn find(code: i64) -> Option<&'static CodeEntry> {
    ROWS.iter().find(|row| row.code == code)
}

const fn row(code: i64, meaning: &'static str, effect: Effect, remedy: &'static str) -> CodeEntry {
    CodeEntry { code, meaning, effect, remedy }
}

/// Every code that is known, as Kakao's documents order them.
pub(crate) static ROWS: [CodeEntry; 25] = [
    row(-1, "Kakao had an internal error", Effect::Unsure { at_least: Duration::ZERO }, ""),
    row(
        -2,
        "a parameter is missing or wrong",
        Effect::Refused,
        "Correct what it says in its job file, then let it go again with `storyd admin retry`; a post of `storyd admin post` is put in anew.",
    ),
    row(
        -3,
        "the feature or scope is not enabled for the app",
        Effect::Blocked(Remedy::Owner),
        "Ask the owner of the Kakao app to enable Kakao Login and the Kakao Story consent items for it.",
    ),
    row(
        -4,
        "Kakao has restricted the account",
        Effect::Blocked(Remedy::Person),
        "Log in to Kakao as this account and settle the restriction there.",
    ),
    row(
        -5,
        "the app lacks the permission for this API",
        Effect::Blocked(Remedy::Owner),
        "Ask the owner of the Kakao app to enable Kakao Story for it.",
    ),
    row(
        -6,
        "Kakao does not allow this action",
        Effect::Refused,
        "Read Kakao's own words, and change or cancel the post.",
    ),
    row(-7, "Kakao is under maintenance or in trouble", Effect::Unsure { at_least: MAINTENANCE_WAIT }, ""),
    row(-8, "a header of the request is wrong", Effect::Refused, "This is a mistake in storyd: report it."),
    row(-9, "Kakao has ended this API", Effect::Ended, "Nothing can be posted any more: read Kakao's notices."),
    row(-10, "the quota is used up", Effect::Quota, ""),
    row(
        -11,
        "the paid quota is used up",
        Effect::Blocked(Remedy::Owner),
        "Ask the owner of the Kakao app to raise the paid quota.",
    ),
    row(
        -12,
        "the app or its developer is suspended",
        Effect::Blocked(Remedy::Owner),
        "Ask the owner of the Kakao app to settle the suspension with Kakao.",
    ),
    row(-101, "the account is not linked to the app", Effect::Blocked(Remedy::LogIn), LOG_IN),
    row(-103, "there is no such Kakao account", Effect::Blocked(Remedy::LogIn), LOG_IN),
    row(-401, "the access token is invalid or has expired", Effect::Blocked(Remedy::Refresh), LOG_IN),
    row(-402, "the account has not consented to this", Effect::Consent, ""),
    row(
        -406,
        "the account's user is under the age limit",
        Effect::Blocked(Remedy::Person),
        "Use an account whose user is old enough for this app.",
    ),
    row(
        -601,
        "the account does not use Kakao Story",
        Effect::Blocked(Remedy::Join),
        "Open Kakao Story once as this account to join it.",
    ),
    row(-602, "an image is too big", Effect::Refused, "Make each image smaller than 10 MB."),
    row(-603, "Kakao timed out inside, before it was done", Effect::Unsure { at_least: Duration::ZERO }, ""),
    row(
        -604,
        "Kakao could not scrape the page",
        Effect::Tries(2),
        "Check that the page's URL is right and that anybody can open it.",
    ),
    row(-605, "Kakao has no such story", Effect::Refused, ""),
    row(-606, "there are too many images", Effect::Refused, "Use at most 10 images, and a GIF by itself."),
    row(-911, "an image is of a type that Kakao does not take", Effect::Refused, "Use JPEG, PNG or GIF images."),
    row(-9798, "Kakao is under maintenance", Effect::Unsure { at_least: MAINTENANCE_WAIT }, ""),
];
