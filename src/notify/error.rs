//! Why notices cannot be sent: none of them, or one.

use crate::settings::secret::SecretError;

/// Why notices cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A secret of the settings cannot be had.
    #[error("the sink {sink} cannot be used: {source}")]
    Secret {
        /// Its name.
        sink: String,
        /// Why.
        source: SecretError,
    },
    /// What the settings say makes no sense. Never quotes it.
    #[error("the sink {sink} cannot be used: {why}")]
    Unusable {
        /// Its name.
        sink: String,
        /// What is wrong, and what to write.
        why: String,
    },
    /// TLS cannot be set up on this machine.
    #[error("notices cannot be sent: the HTTP client cannot be set up; check that the machine has CA certificates")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("notices cannot be sent: the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Why one notice did not arrive: a clause, without address and secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The way is the trouble, as it would be for any other notice.
    #[error("{0}")]
    Way(String),
    /// What this notice says is the trouble: it is refused, and another may be taken.
    #[error("{0}")]
    Refused(String),
}
