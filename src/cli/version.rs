//! What `--version` tells: which build this is, and what it brings along that decides how it behaves.

use std::sync::OnceLock;

use crate::plan::TZDB;
use crate::store::SQLITE;

/// The version, its commit, the SQLite in it and the rules of time zones that it carries.
pub(super) fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let (number, commit) = (env!("CARGO_PKG_VERSION"), env!("STORYD_COMMIT"));
        format!("{number} (commit {commit}, SQLite {}, zone rules {TZDB})", SQLITE.to_string_lossy())
    })
}
