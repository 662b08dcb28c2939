//! Keys that must not leak: where one is, and the reading of it.
//!
//! The only file of the settings that reads files and the environment. A secret has a redacted `Debug` and no `Display`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

/// Longest secret that is read, in bytes. Kakao's keys have 32.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Where a secret is.
#[derive(Clone, Debug)]
pub enum Secret {
    /// In the settings themselves.
    Value(SecretString),
    /// The text of a file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A credential that systemd hands over: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// Why a secret cannot be had. The texts say what to do, and never hold the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The file is missing or may not be read.
    #[error("the file {path} cannot be read ({why}); check the path and its permissions")]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The variable is not set, or is not text.
    #[error("the environment variable {0} is not set; set it for the service")]
    Env(String),
    /// The process was not started with credentials.
    #[error(
        "the credential {0} is not there: $CREDENTIALS_DIRECTORY is not set; add LoadCredential={0}:PATH to the unit"
    )]
    NoCredentials(String),
    /// Nothing in it, or far too much.
    #[error("{0} is empty or longer than 4096 bytes; it should hold the key alone")]
    Size(String),
}

impl Secret {
    /// Reads it, anew each time, so that a replaced file counts at once. Blanks and line breaks at both ends are dropped: editors
    /// and `echo` add them.
    pub fn resolve(&self) -> Result<SecretString, SecretError> {
        let (text, what) = match self {
            Self::Value(value) => (value.expose_secret().to_owned(), "the value".to_owned()),
            Self::File(path) => (read(path)?, path.display().to_string()),
            Self::Env(name) => (std::env::var(name).map_err(|_| SecretError::Env(name.clone()))?, format!("${name}")),
            Self::Credential(name) => {
                let dir = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
                (read(&Path::new(&dir).join(name))?, format!("the credential {name}"))
            }
        };
        let text = text.trim();
        if text.is_empty() || u64::try_from(text.len()).is_ok_and(|len| len > SECRET_BYTES_MAX) {
            return Err(SecretError::Size(what));
        }
        Ok(SecretString::from(text.to_owned()))
    }
}

fn read(path: &Path) -> Result<String, SecretError> {
    let error = |err: std::io::Error| SecretError::File { path: path.to_owned(), why: err.to_string() };
    // A pipe or a device could be waited for for ever.
    if !std::fs::metadata(path).map_err(error)?.is_file() {
        return Err(SecretError::File { path: path.to_owned(), why: "it is no regular file".to_owned() });
    }
    let mut text = String::new();
    // One byte more than fits, so that a file that is too long is seen as such.
    File::open(path).map_err(error)?.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text).map_err(error)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_is_read_without_its_line_break_and_never_shown() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("key");
        std::fs::write(&path, "s3cret\n").expect("written");
        let secret = Secret::File(path.clone());
        assert_eq!(secret.resolve().expect("readable").expose_secret(), "s3cret");
        assert!(!format!("{:?}", secret.resolve()).contains("s3cret"));
        assert!(!format!("{:?}", Secret::Value(SecretString::from("s3cret"))).contains("s3cret"));
        std::fs::write(&path, " \n").expect("written");
        assert!(matches!(secret.resolve(), Err(SecretError::Size(_))));
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        let error = |secret: Secret| secret.resolve().expect_err("missing").to_string();
        assert!(error(Secret::File("/no/such/file".into())).contains("/no/such/file"));
        assert!(error(Secret::Env("STORYD_NO_SUCH_VARIABLE".into())).contains("set it for the service"));
        assert!(error(Secret::Credential("cafe".into())).contains("LoadCredential=cafe"));
    }
}
