//! What every connection to a server outside trusts: the certificates of the machine, read once for all HTTP clients of the process.

use std::sync::LazyLock;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;

/// A machine holds more than a hundred certificates; each client that reads them anew delays the start by some milliseconds.
static SHARED: LazyLock<Result<ClientConfig, rustls::Error>> = LazyLock::new(|| {
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let mut config = builder.with_safe_default_protocol_versions()?.with_platform_verifier()?.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
});

/// How an HTTP client is to speak TLS 1.2 or 1.3, by the certificates that the machine trusts.
///
/// # Errors
/// When the machine has no certificates of authorities that can be read.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    SHARED.clone()
}
