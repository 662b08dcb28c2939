//! What may be a name: of a job, of an account.

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// A job's name: letters of any script (Hangul too), digits, `-` and `_`; a letter or a digit first; at most
/// [`NAME_CHARS_MAX`] characters.
pub fn is_job_name(name: &str) -> bool {
    name.chars().count() <= NAME_CHARS_MAX
        && name.starts_with(char::is_alphanumeric)
        && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// An account's name: `a`–`z`, digits, `-` and `_`. It names files and metric labels, hence the narrow set.
pub fn is_account_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_names_a_job_and_not_an_account() {
        assert!(is_job_name("주말-사진_2") && is_job_name("A") && is_job_name("2026-menu"));
        assert!(
            !is_job_name("") && !is_job_name("-a") && !is_job_name("a b") && !is_job_name("a/b") && !is_job_name("a.b")
        );
        assert!(is_job_name(&"가".repeat(64)) && !is_job_name(&"가".repeat(65)));
        assert!(
            is_account_name("cafe-2_b") && !is_account_name("Cafe") && !is_account_name("카페") && !is_account_name("")
        );
    }
}
