//! How a command fails: one sentence with the next step, and the documented exit code.

use crate::engine::daemon::DaemonError;
use crate::network::kakao::ClientError;
use crate::network::kakao::folder::TokenError;
use crate::settings::Contradiction;
use crate::settings::secret::SecretError;
use crate::store::queue::OperatorRefusal;
use crate::store::{StatementFailure, StoreError};
use kakao_sandbox::SandboxError;

/// Done.
pub(super) const DONE: u8 = 0;
/// A bug, or a machine that does not do its part.
pub(super) const UNEXPECTED: u8 = 1;
const USAGE: u8 = 2;
/// Problems in job files or settings.
pub(super) const PROBLEMS: u8 = 3;
const NO_SUCH_THING: u8 = 4;
const NOT_POSSIBLE: u8 = 5;
/// Something waits for a person.
pub(super) const NEEDS_ATTENTION: u8 = 6;
const ANOTHER_DAEMON: u8 = 7;
/// The queue cannot be used, and starting again would not help.
const DATABASE: u8 = 8;
/// The disk is full, failed, or its folder is not there. Starting again may help.
const DISK: u8 = 9;
/// `plan` found something to change.
pub(super) const CHANGES: u8 = 10;

/// Why a command ends without having done what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: u8,
    /// Empty when it has been told already.
    message: String,
}

impl Failure {
    pub(super) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// For what has been told already.
    pub(super) fn told(code: u8) -> Self {
        Self::new(code, "")
    }

    pub(super) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(UNEXPECTED, message)
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    pub(super) fn no_such_thing(message: impl Into<String>) -> Self {
        Self::new(NO_SUCH_THING, message)
    }

    pub(super) fn not_possible(message: impl Into<String>) -> Self {
        Self::new(NOT_POSSIBLE, message)
    }

    /// The settings are at fault.
    pub(super) fn settings(message: impl Into<String>) -> Self {
        Self::new(PROBLEMS, message)
    }

    pub(super) fn needs_attention(message: impl Into<String>) -> Self {
        Self::new(NEEDS_ATTENTION, message)
    }

    /// The same with other words.
    pub(super) fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The same with words before it.
    pub(super) fn before(self, words: &str) -> Self {
        Self { message: format!("{words}{}", self.message), ..self }
    }

    /// Its words, for who tells them in another way.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The exit code that it asks for.
    pub(super) fn code(&self) -> u8 {
        self.code
    }
}

/// An error with what caused it, in one line.
pub(super) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error.trouble() {
            _ if matches!(error, StoreError::Running { .. }) => ANOTHER_DAEMON,
            _ if matches!(error, StoreError::Exists(_)) => USAGE,
            StatementFailure::Full | StatementFailure::Disk => DISK,
            // The queue is as good as before; it is this one thing that it does not take.
            StatementFailure::Refused => UNEXPECTED,
            // It passes, and has nothing to do with the queue.
            StatementFailure::Exhausted => UNEXPECTED,
            StatementFailure::Busy | StatementFailure::Damaged | StatementFailure::Other => DATABASE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<OperatorRefusal> for Failure {
    fn from(refusal: OperatorRefusal) -> Self {
        match refusal {
            OperatorRefusal::Store(error) => error.into(),
            OperatorRefusal::NoSuchPost(_) | OperatorRefusal::NotFound(_) => Self::no_such_thing(refusal.to_string()),
            OperatorRefusal::NotPossible { .. }
            | OperatorRefusal::JobGone { .. }
            | OperatorRefusal::TooSoon { .. }
            | OperatorRefusal::StoryTaken(_)
            | OperatorRefusal::BeforeItsJob { .. }
            | OperatorRefusal::Lost(_)
            | OperatorRefusal::TimeTaken(_) => Self::not_possible(refusal.to_string()),
        }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Store(error) => error.into(),
            DaemonError::System { .. } | DaemonError::Impatient => Self::unexpected(in_full(&error)),
        }
    }
}

impl From<Contradiction> for Failure {
    fn from(error: Contradiction) -> Self {
        Self::new(PROBLEMS, format!("the settings contradict themselves: {}", error.message))
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        Self::new(PROBLEMS, error.to_string())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(PROBLEMS, in_full(&error))
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let text = in_full(&error);
        match error {
            TokenError::Account(_) => Self::usage(text),
            TokenError::Missing(_) => Self::no_such_thing(text),
            TokenError::TooOpen { .. } | TokenError::Unreadable { .. } | TokenError::Io { .. } => {
                Self::unexpected(text)
            }
        }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        Self::unexpected(format!("failed to {}", in_full(&error)))
    }
}
