//! How many tokens of one account are bought within a time.

use std::time::Duration;

/// Most refreshes of one account within [`REFRESH_WINDOW`] that bought a token, or may have. Each may send two requests more, which
/// stays below the twenty tokens in ten minutes after which Kakao refuses (`KOE237`).
pub const REFRESHES_MAX: usize = 5;
/// The window of [`REFRESHES_MAX`].
pub const REFRESH_WINDOW: Duration = Duration::from_secs(600);
