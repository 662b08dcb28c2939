//! What the settings keep secret of a sink, read out: its passwords and addresses.

use secrecy::{ExposeSecret, SecretString};

use super::error::SinkError;
use crate::settings::secret::Secret;

pub(super) fn resolved(sink: &str, secret: &Secret) -> Result<SecretString, SinkError> {
    secret.resolve().map_err(|source| SinkError::Secret { sink: sink.into(), source })
}

/// A URL out of a secret: whoever knows a webhook's address can write to it.
pub(super) fn address(sink: &str, secret: &Secret) -> Result<SecretString, SinkError> {
    let text = resolved(sink, secret)?;
    let url = reqwest::Url::parse(text.expose_secret());
    let usable = url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    if usable {
        return Ok(text);
    }
    let why = "its `url` is not an address; write one that begins with https://".to_owned();
    Err(SinkError::Unusable { sink: sink.into(), why })
}
