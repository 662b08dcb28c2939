//! The key under which the queue finds texts that compare as equal.

use crate::domain::content::comparable;

/// Under what texts that compare as equal are found.
pub(super) fn text_key(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(comparable(text).as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
