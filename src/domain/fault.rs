//! What can go wrong with a call, named by the decision that it causes. Kakao's codes are mapped to these in `kakao::error`.

use std::fmt;
use std::time::Duration;

/// A failure that has been understood: its class decides what the engine does, its sentences are what a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the engine does about it.
    pub class: FaultClass,
    /// Kakao's own code (`-402`), or kauth's (`KOE322`), or a short word (`timeout`, `connect`) where there is none. Never empty.
    pub code: String,
    /// What happened: one lower-case fragment without a final period. Holds no secret and no raw server text beyond an excerpt.
    pub reason: String,
    /// What a person can do about it: one or two sentences; empty where nothing needs to be done.
    pub remedy: String,
    /// What was asked and answered, where a request was behind it.
    pub exchange: Option<Box<Exchange>>,
}

/// A request and its answer as far as the record keeps them: each one line of at most [`EXCHANGE_CHARS_MAX`] characters, which
/// holds no token, key or secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked: method, path, and the beginnings of what was sent with them.
    pub request: String,
    /// The status of the answer and its first characters; empty when none came.
    pub answer: String,
}

/// Longest request, and longest answer, that is kept, in characters.
pub const EXCHANGE_CHARS_MAX: usize = 400;

/// The four classes of fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// Nothing happened at Kakao, or the call may be repeated safely: try again.
    Transient {
        /// Shortest sensible wait before the next try; zero leaves it to the retry delays.
        at_least: Duration,
        /// Give up after this many tries in all, when that is fewer than the retry delays allow.
        tries_max: Option<u32>,
    },
    /// It will fail the same way every time.
    Permanent,
    /// The request may have created a story, and nobody knows yet. Only the three post calls can fail so.
    Ambiguous,
    /// The account or the app is the trouble, not the post.
    Blocked(Block),
}

/// Who is blocked and what lifts the block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// How far it reaches.
    pub scope: BlockScope,
    /// What lifts it.
    pub cure: Remedy,
}

/// How far a block reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockScope {
    /// The account whose call met it.
    Account,
    /// Every account: the API itself has ended.
    Everyone,
}

/// What lifts a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Refresh the access token once and repeat; if that does not help, log in again.
    Refresh,
    /// A person logs in again.
    LogIn,
    /// A person consents to these scopes.
    Consent(Vec<String>),
    /// The owner of the app at Kakao must act.
    Owner,
    /// A person opens Kakao Story once as this account, which joins it.
    Join,
    /// A person must act at Kakao (a restricted account, an age limit).
    Person,
    /// The settings are wrong (a key, a secret).
    Settings,
    /// Time: the quota's next window, or as long as Kakao said.
    Wait(Duration),
    /// Nothing: Kakao has ended the API.
    Ended,
}

impl Remedy {
    /// The word of the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::LogIn => "log_in",
            Self::Consent(_) => "consent",
            Self::Join => "join",
            Self::Owner => "owner",
            Self::Person => "person",
            Self::Settings => "settings",
            Self::Wait(_) => "wait",
            Self::Ended => "ended",
        }
    }
}

impl FaultClass {
    /// The word of the database, JSON and log fields.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::Permanent => "permanent",
            Self::Ambiguous => "ambiguous",
            Self::Blocked(_) => "blocked",
        }
    }
}

impl Fault {
    /// A transient fault with the ordinary delays.
    pub fn transient(code: impl Into<String>, reason: impl Into<String>) -> Self {
        let class = FaultClass::Transient { at_least: Duration::ZERO, tries_max: None };
        Self::new(class, code, reason, "")
    }

    /// A permanent fault. `remedy` says what a person can do.
    pub fn permanent(code: impl Into<String>, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(FaultClass::Permanent, code, reason, remedy)
    }

    /// A fault of any class that no request was behind, or none yet.
    pub fn new(
        class: FaultClass,
        code: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { class, code: code.into(), reason: reason.into(), remedy: remedy.into(), exchange: None }
    }

    /// Whether a fresh access token may cure it.
    pub fn wants_refresh(&self) -> bool {
        matches!(&self.class, FaultClass::Blocked(block) if block.cure == Remedy::Refresh)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.code)?;
        if !self.remedy.is_empty() {
            write!(f, ". {}", self.remedy)?;
        }
        Ok(())
    }
}
