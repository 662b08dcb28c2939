//! The fault table: what each failure of a call is to the engine, and the sentences that a person reads about it.
//!
//! One pure function, [`fault`], over everything that can come back instead of an answer. It branches on Kakao's code and the
//! HTTP status alone, since `msg` is documented as unstable, and knows neither sockets nor tokens. For a call that must not be
//! sent twice only two things are certain: that nothing left this machine, and a 4xx whose body holds a code that the table
//! lists as refused before any effect. Everything else is [`FaultClass::Ambiguous`].

use std::time::Duration;

use super::excerpt::{excerpt, excerpt_of, quoted};
use crate::domain::fault::{Block, BlockScope, Fault, FaultClass, Remedy};

mod table;

pub(crate) use self::table::LOG_IN;
pub use self::table::is_of_one_call;
use self::table::{CONFLICTS, CodeEntry, Effect, SETTINGS};

/// Longest wait that a `Retry-After` may ask for; a longer one is more likely a mistake than a wish.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// Shortest wait that is heeded: a server that asks for none would be asked without an end.
pub const RETRY_AFTER_MIN: Duration = Duration::from_secs(60);
/// Wait after a quota is exhausted, when the answer does not say how long: no document names the window.
pub const QUOTA_WAIT: Duration = Duration::from_secs(3600);
/// Wait after kauth says that too many tokens were issued (`KOE237`): its window is ten minutes.
pub const TOKENS_WAIT: Duration = Duration::from_secs(600);

/// What sending a call twice would risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Upload, scrape, read, delete: a second one does no harm.
    Repeatable,
    /// The three post calls: a second one may be a second story.
    Once,
    /// kauth's token call. It creates nothing that anybody sees, and its trouble is the account's, never a post's.
    Login,
}

/// What came back instead of a usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadAnswer {
    /// No byte of the request left this machine.
    NotSent(RequestNotSent, String),
    /// The request left, at least in part, and no status line came back.
    NoAnswer(Lost, String),
    /// A status came back, but not success, or a success whose body is of no use.
    Answer(FailedAnswer),
}

/// Why a request was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestNotSent {
    /// The host's name could not be resolved.
    Dns,
    /// No connection, or no TLS session, came about.
    Connect,
    /// The request could not be put into words: a mistake of ours.
    Unsendable,
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The deadline passed.
    Timeout,
    /// The connection ended, or spoke no HTTP.
    Broken,
}

/// A status line and what could be made of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// From the `Retry-After` header, already bounded by [`RETRY_AFTER_MAX`].
    pub retry_after: Option<Duration>,
    /// What the body held.
    pub body: ErrorBody,
}

/// The body of an answer that is not a plain success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorBody {
    /// Kakao's `{"code", "msg"}`, where the code is negative: other numbers are a gateway's.
    Coded {
        /// Kakao's code.
        code: i64,
        /// Kakao's words, as they came.
        msg: String,
        /// With `-402`: the consents that the call needs and the account has not given. Possibly empty.
        scopes: Vec<String>,
    },
    /// kauth's `{"error", "error_code", "error_description"}`.
    Login {
        /// `KOEnnn`, or `error` itself where there is none.
        code: String,
        /// The OAuth word, such as `invalid_grant`.
        error: String,
        /// kauth's words, as they came.
        description: String,
    },
    /// Not of the shape that was expected: what is wrong with it, as a clause.
    Unreadable(String),
    /// The connection ended inside the body.
    Truncated,
    /// The deadline passed inside the body.
    Timeout,
    /// Longer than the client reads.
    Oversized,
}

/// How the reason begins when a grant is of no use any more.
pub(crate) const SPENT_GRANT: &str = "the refresh token is not valid any more";
/// How the reason begins when kauth gives no new token, and says nothing that is known here.
pub(crate) const REFUSED_RENEWAL: &str = "Kakao's login service refused to renew the access token";

/// Most consents that are named in what a person is told: an app has a handful.
const SCOPES_MAX: usize = 10;
/// Longest code of the login service that is kept, in characters.
const CODE_CHARS_MAX: usize = 40;

/// Kakao's code for a consent that is missing.
const CONSENT: i64 = -402;
/// Kakao's code for a user who does not use Kakao Story.
const NO_STORY_USER: i64 = -601;
/// Kakao's code for a story that does not exist.
const GONE: &str = "-605";

/// What stands for a code where Kakao took a post, and no ID of its story could be read from the answer.
const TAKEN: &str = "taken";

/// What stands for a code where Kakao took a post and named a story that cannot be the post's.
const MISNAMED: &str = "misnamed";

/// Whether a doubt with this code is only about which story it is: that there is one is certain.
pub fn is_taken(code: &str) -> bool {
    code == TAKEN || code == MISNAMED
}

/// Kakao took the post, and its answer names a story that cannot be the post's: `why`, as a clause.
pub fn misnamed(story_id: &str, why: &str) -> Fault {
    let reason =
        format!("Kakao took the post, so the story exists, but its id is unknown: the answer names {story_id}, {why}");
    unsure(CallKind::Once, MISNAMED, reason, Duration::ZERO)
}

/// Whether it is certain that not a byte of the request left this machine: no name, or no connection.
pub fn is_unsent(fault: &Fault) -> bool {
    matches!(fault.code.as_str(), "dns" | "connect")
}

/// Whether Kakao says that the story does not exist: never did, or not any more.
pub fn is_gone(fault: &Fault) -> bool {
    fault.code == GONE
}

/// The whole table. Pure; see the module's own words for the principle.
pub fn fault(call: CallKind, trouble: &BadAnswer) -> Fault {
    match trouble {
        BadAnswer::NotSent(why, detail) => not_sent(call, *why, detail),
        BadAnswer::NoAnswer(lost, detail) => no_answer(call, *lost, detail),
        BadAnswer::Answer(answer) => match (&answer.body, call) {
            (ErrorBody::Coded { code, msg, scopes }, _) => coded(call, answer, *code, msg, scopes),
            (ErrorBody::Login { code, error, description }, CallKind::Login) => login(answer, code, error, description),
            _ => uncoded(call, answer),
        },
    }
}

/// The fault of an account that has not given these consents, as if a call had met it.
pub fn missing_consent(account: &str, scopes: Vec<String>) -> Fault {
    let body = ErrorBody::Coded { code: CONSENT, msg: String::new(), scopes };
    let answer = FailedAnswer { status: 403, retry_after: None, body };
    name_account(fault(CallKind::Once, &BadAnswer::Answer(answer)), account)
}

/// The fault of an account that does not use Kakao Story, as if a call had met it.
pub fn no_story_user() -> Fault {
    let body = ErrorBody::Coded { code: NO_STORY_USER, msg: String::new(), scopes: Vec::new() };
    fault(CallKind::Repeatable, &BadAnswer::Answer(FailedAnswer { status: 400, retry_after: None, body }))
}

/// Whether a block is one that posts would meet too. A missing consent to read stops looking and taking down alone.
pub fn stops_posts(fault: &Fault) -> bool {
    let consents = |block: &Block| match &block.cure {
        Remedy::Consent(scopes) => scopes.iter().any(|scope| scope != "story_read"),
        _ => true,
    };
    matches!(&fault.class, FaultClass::Blocked(block) if consents(block))
}

/// `fault` with the account's name in the commands that its remedy gives, for who knows whose call it was.
pub fn name_account(mut fault: Fault, account: &str) -> Fault {
    for command in ["storyd account login", "storyd account doctor"] {
        // Only where no name stands yet: a fault may pass here twice.
        for end in ["`", " --"] {
            fault.remedy = fault.remedy.replace(&format!("`{command}{end}"), &format!("`{command} {account}{end}"));
        }
    }
    fault
}

fn not_sent(call: CallKind, why: RequestNotSent, detail: &str) -> Fault {
    let detail = quoted(detail);
    match why {
        RequestNotSent::Dns => Fault::transient("dns", format!("the server's name could not be resolved{detail}")),
        RequestNotSent::Connect => {
            Fault::transient("connect", format!("no connection to the server came about{detail}"))
        }
        RequestNotSent::Unsendable => {
            let class = if call == CallKind::Login { blocked(Remedy::Settings) } else { FaultClass::Permanent };
            let reason = format!("the request could not be built{detail}");
            let remedy = "This is a mistake in storyd: report it, with the post's content.";
            Fault::new(class, "request", reason, remedy)
        }
    }
}

fn no_answer(call: CallKind, lost: Lost, detail: &str) -> Fault {
    let (code, what) = match lost {
        Lost::Timeout => ("timeout", "no answer came in time"),
        Lost::Broken => ("reset", "the connection ended before an answer came"),
    };
    unsure(call, code, format!("{what}{}", quoted(detail)), Duration::ZERO)
}

/// An answer with one of Kakao's own codes.
fn coded(call: CallKind, answer: &FailedAnswer, code: i64, msg: &str, scopes: &[String]) -> Fault {
    let row = table::find(code);
    let words = format!("{}{}", row.map_or("Kakao refused the request", |row| row.meaning), quoted(msg));
    // A code vouches for "no effect" only where the status says the same; and one that the table does not list vouches for
    // nothing with a status that a gateway gives to a request under way.
    let refused = (400..500).contains(&answer.status) && (row.is_some() || !CONFLICTS.contains(&answer.status));
    // That the service has ended stops every account. A gateway in trouble, or a success, does not say that.
    let ended = row.is_some_and(|row| matches!(row.effect, Effect::Ended));
    if !refused && (call == CallKind::Once || ended) {
        return unsure(call, code.to_string(), words, Duration::ZERO);
    }
    let Some(row) = row else {
        if answer.status >= 500 || CONFLICTS.contains(&answer.status) {
            return unsure(call, code.to_string(), words, answer.retry_after.unwrap_or_default());
        }
        if answer.status == 429 {
            return wait(code.to_string(), words, answer.retry_after.unwrap_or(QUOTA_WAIT));
        }
        return refusal(call, code.to_string(), words, "Look up the code in Kakao's documents, and correct the post.");
    };
    listed(call, answer, row, words, scopes)
}

/// An answer whose code has a row.
fn listed(call: CallKind, answer: &FailedAnswer, row: &CodeEntry, reason: String, scopes: &[String]) -> Fault {
    let code = row.code.to_string();
    let class = match &row.effect {
        Effect::Unsure { at_least } => {
            return unsure(call, code, reason, (*at_least).max(answer.retry_after.unwrap_or_default()));
        }
        Effect::Refused => return refusal(call, code, reason, row.remedy),
        Effect::Tries(max) => FaultClass::Transient { at_least: Duration::ZERO, tries_max: Some(*max) },
        Effect::Quota => return wait(code, reason, answer.retry_after.unwrap_or(QUOTA_WAIT)),
        Effect::Consent => return consent(call, code, reason, scopes),
        // A refresh cannot be cured by a refresh.
        Effect::Blocked(Remedy::Refresh) if call == CallKind::Login => blocked(Remedy::LogIn),
        Effect::Blocked(cure) => blocked(cure.clone()),
        Effect::Ended => FaultClass::Blocked(Block { scope: BlockScope::Everyone, cure: Remedy::Ended }),
    };
    Fault::new(class, code, reason, row.remedy)
}

/// kauth's own codes. None of them is a post's fault, so that none is permanent.
fn login(answer: &FailedAnswer, code: &str, error: &str, description: &str) -> Fault {
    // Kept as a code, and shown where codes are: never more of it than a code has.
    let code = &match excerpt_of(code, CODE_CHARS_MAX) {
        code if code.is_empty() => answer.status.to_string(),
        code => code,
    };
    let said = if description.is_empty() { quoted(error) } else { quoted(description) };
    let number: Option<u32> = code.strip_prefix("KOE").and_then(|digits| digits.parse().ok());
    match (number, error) {
        (Some(3), _) => Fault::transient(code, format!("Kakao's login service has trouble{said}")),
        (Some(237), _) => wait(
            code.into(),
            format!("too many tokens were issued in a short time{said}"),
            answer.retry_after.unwrap_or(TOKENS_WAIT),
        ),
        (Some(319 | 320 | 322), _) | (None, "invalid_grant") => {
            Fault::new(blocked(Remedy::LogIn), code, format!("{SPENT_GRANT}{said}"), LOG_IN)
        }
        (Some(4..=10 | 101 | 303), _) | (None, "invalid_client" | "unauthorized_client") => {
            let reason = format!("Kakao's login service refuses the app's key, secret or set-up{said}");
            Fault::new(blocked(Remedy::Settings), code, reason, SETTINGS)
        }
        _ if answer.status >= 500 => Fault::transient(code, format!("Kakao's login service has trouble{said}")),
        _ if answer.status == 429 => wait(
            code.into(),
            format!("the login service asks to wait{said}"),
            answer.retry_after.unwrap_or(TOKENS_WAIT),
        ),
        _ => {
            let reason = format!("{REFUSED_RENEWAL}{said}");
            Fault::new(blocked(Remedy::LogIn), code, reason, LOG_IN)
        }
    }
}

/// An answer without a code of Kakao's: from a gateway, cut short, or of an unexpected shape.
fn uncoded(call: CallKind, answer: &FailedAnswer) -> Fault {
    let status = answer.status;
    let (word, why) = match &answer.body {
        ErrorBody::Truncated => ("truncated", "its body ended early".to_owned()),
        ErrorBody::Timeout => ("timeout", "its body did not come in time".to_owned()),
        ErrorBody::Oversized => ("oversized", "its body is longer than storyd reads".to_owned()),
        ErrorBody::Unreadable(how) => ("unreadable", excerpt(how)),
        ErrorBody::Login { error, .. } => ("unreadable", format!("its body is the login service's{}", quoted(error))),
        ErrorBody::Coded { .. } => ("unreadable", "its body is not of the expected shape".to_owned()),
    };
    if (200..300).contains(&status) {
        return match call {
            CallKind::Once => taken(status, &why),
            CallKind::Repeatable | CallKind::Login => {
                unsure(call, word, format!("an answer came (HTTP {status}), but {why}"), Duration::ZERO)
            }
        };
    }
    let reason = format!("the server answered HTTP {status} without a code of Kakao's: {why}");
    let retry_after = answer.retry_after;
    match (call, status) {
        // Whoever limits the rate turns a request away before anything is done with it.
        (_, 429) => wait(status.to_string(), reason, retry_after.unwrap_or(QUOTA_WAIT)),
        // Any other answer comes from who knows where when it carries no code: certainty is worth more than a shorter wait.
        (CallKind::Once, _) => unsure(call, status.to_string(), reason, Duration::ZERO),
        (CallKind::Repeatable, 401) => {
            let class = blocked(Remedy::Refresh);
            Fault::new(class, status.to_string(), reason, LOG_IN)
        }
        (CallKind::Repeatable, 413 | 414) => {
            refusal(call, status.to_string(), reason, "Use smaller images or a shorter URL.")
        }
        (CallKind::Login, 401) => Fault::new(blocked(Remedy::Settings), status.to_string(), reason, SETTINGS),
        (_, 300..=399 | 404 | 405 | 410) => {
            let mut fault = unsure(call, status.to_string(), reason, Duration::ZERO);
            fault.remedy = "Check `api_url` and `login_url` in the settings if this goes on.".into();
            fault
        }
        _ => unsure(call, status.to_string(), reason, retry_after.unwrap_or_default()),
    }
}

/// The story exists, whatever is wrong with the answer that should have named it.
fn taken(status: u16, why: &str) -> Fault {
    let reason = format!("Kakao took the post (HTTP {status}), so the story exists, but its id is unknown: {why}");
    unsure(CallKind::Once, TAKEN, reason, Duration::ZERO)
}

/// Nobody knows what the request did: doubt where that matters, another try where it does not.
fn unsure(call: CallKind, code: impl Into<String>, reason: String, at_least: Duration) -> Fault {
    let (class, remedy) = match call {
        CallKind::Once => {
            (FaultClass::Ambiguous, "Nothing to do yet: storyd looks for the story before anything is sent again.")
        }
        CallKind::Repeatable | CallKind::Login => (FaultClass::Transient { at_least, tries_max: None }, ""),
    };
    Fault::new(class, code, reason, remedy)
}

/// Refused, and would be again. A refused login blocks the account instead: no post is at fault.
fn refusal(call: CallKind, code: String, reason: String, remedy: &str) -> Fault {
    match call {
        CallKind::Repeatable | CallKind::Once => Fault::permanent(code, reason, remedy),
        CallKind::Login => Fault::new(blocked(Remedy::Settings), code, reason, SETTINGS),
    }
}

fn wait(code: String, reason: String, wait: Duration) -> Fault {
    let wait = wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX);
    Fault::new(blocked(Remedy::Wait(wait)), code, reason, "Nothing to do: tried again after the quota's next window.")
}

fn consent(call: CallKind, code: String, reason: String, scopes: &[String]) -> Fault {
    let scopes: Vec<String> = match (scopes, call) {
        ([], CallKind::Once) => vec!["story_publish".into()],
        ([], _) => vec!["story_publish".into(), "story_read".into()],
        (scopes, _) => scopes.iter().take(SCOPES_MAX).map(|scope| excerpt(scope)).collect(),
    };
    let names = scopes.join(", ");
    let flag = scopes.join(",");
    let remedy =
        format!("Consent to {names} as this account: `storyd account login --scopes {flag}` shows the page for it.");
    Fault::new(blocked(Remedy::Consent(scopes)), code, reason, remedy)
}

fn blocked(cure: Remedy) -> FaultClass {
    FaultClass::Blocked(Block { scope: BlockScope::Account, cure })
}

#[cfg(test)]
mod tests;
