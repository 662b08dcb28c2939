//! How a command fails: one sentence with the next step, and the documented exit code.

use std::process::ExitCode;

use crate::engine::daemon::DaemonError;
use crate::kakao::ClientError;
use crate::kakao::folder::TokenError;
use crate::plan::problem::Problems;
use crate::sandbox::SandboxError;
use crate::settings::Contradiction;
use crate::settings::secret::SecretError;
use crate::store::StoreError;
use crate::store::queue::Refusal;

/// Done.
pub(super) const DONE: u8 = 0;
const UNEXPECTED: u8 = 1;
const USAGE: u8 = 2;
/// Problems in job files or settings.
pub(super) const PROBLEMS: u8 = 3;
const NO_SUCH_THING: u8 = 4;
const NOT_POSSIBLE: u8 = 5;
/// Something waits for a person.
pub(super) const NEEDS_ATTENTION: u8 = 6;
const ANOTHER_DAEMON: u8 = 7;
const DATABASE: u8 = 8;

/// Why a command ends without having done what was asked.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    /// Already told, as with problems that were printed one by one, when empty.
    message: String,
}

impl Failure {
    pub(super) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
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

    pub(super) fn needs_attention(message: impl Into<String>) -> Self {
        Self::new(NEEDS_ATTENTION, message)
    }

    /// Says it and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            anstream::eprintln!("storyd: {}", self.message);
        }
        ExitCode::from(self.code)
    }
}

/// Prints the problems and gives the failure that stands for them.
pub(super) fn broken(problems: &Problems) -> Failure {
    anstream::eprint!("{}", problems.render(super::show::paint(&std::io::stderr())));
    let errors = problems.errors();
    let files = if errors == 1 { "1 problem".to_owned() } else { format!("{errors} problems") };
    Failure::new(PROBLEMS, format!("{files}; nothing was loaded"))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = if matches!(error, StoreError::Running { .. }) { ANOTHER_DAEMON } else { DATABASE };
        Self::new(code, error.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => error.into(),
            Refusal::NoSuchPost(_) => Self::no_such_thing(refusal.to_string()),
            Refusal::NotPossible { .. } | Refusal::StoryTaken(_) => Self::not_possible(refusal.to_string()),
        }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Store(error) => error.into(),
            DaemonError::System { .. } | DaemonError::Impatient => Self::unexpected(error.to_string()),
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
        Self::new(PROBLEMS, error.to_string())
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::unexpected(error.to_string())
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        Self::unexpected(error.to_string())
    }
}
