//! What happened at the emulated Kakao, one fact each: the lines of the ledger file.
//!
//! Owns the shape of the file. Must not know how a fact came about: [`crate::state::memory`] folds facts into what Kakao remembers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One fact. Facts are only ever appended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Event {
    /// An account exists and has agreed to `scopes`: one fact, so that no crash leaves an account without its consents. `profile` is
    /// the first half of its story IDs.
    Account { name: String, user_id: i64, profile: String, scopes: Vec<String>, at: Timestamp },
    /// What the account has agreed to, from here on; replaces what it had agreed to before.
    Consents { account: String, scopes: Vec<String>, at: Timestamp },
    /// Whether the account uses Kakao Story at all.
    StoryUser { account: String, is_story_user: bool, at: Timestamp },
    /// An authorization code was handed out on a redirect.
    Code {
        code: String,
        account: String,
        client_id: String,
        redirect_uri: String,
        scopes: Vec<String>,
        expires_at: Timestamp,
        /// What the verifier of the exchange must hash to (PKCE), if the login brought one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenge: Option<String>,
    },
    /// The code was exchanged and is dead.
    CodeUsed { code: String, at: Timestamp },
    /// An access token. `counted` towards the limit per user; those handed out by the sandbox's owner are not.
    AccessToken { token: String, account: String, issued_at: Timestamp, expires_at: Timestamp, counted: bool },
    /// A refresh token, as above.
    RefreshToken { token: String, account: String, issued_at: Timestamp, expires_at: Timestamp, counted: bool },
    /// A token of either kind is dead before its time.
    TokenEnded { token: String, at: Timestamp },
    /// An image was uploaded.
    Upload { account: String, at: Timestamp, image: LedgerImage },
    /// A page was scraped and its description answered.
    LinkInfo { account: String, at: Timestamp, info: Map<String, Value> },
    /// A story exists from its `created_at` on, which may lie after the line was written.
    Story { story: Box<Story> },
    /// A story was deleted.
    StoryDeleted { id: String, at: Timestamp, request: u64 },
}

/// An uploaded image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerImage {
    /// The path that the upload answered, with its `?width=W&height=H`.
    pub path: String,
    /// SHA-256 of the bytes, lower-case hexadecimal: tells which file it was.
    pub sha256: String,
    /// `jpeg`, `png` or `gif`, told from the bytes.
    pub format: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
}

/// A story that exists or existed, as the judge of what a client did. In JSON the instants are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// `<profile>.<activity>`, as answered to whoever posted it.
    pub id: String,
    /// The account's name in this sandbox.
    pub account: String,
    /// `note`, `photo` or `link`.
    pub kind: String,
    /// The text exactly as it was received; absent when none was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content: Option<String>,
    /// The text as Kakao shows it, when a quirk or a fault changed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shown_content: Option<String>,
    /// `PUBLIC`, `FRIEND` or `ONLY_ME`.
    pub permission: String,
    /// Whether friends may share it; false unless the client asked for it.
    pub enable_share: bool,
    /// The images of a photo story, in the order posted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub images: Vec<LedgerImage>,
    /// The page of a link story, as the client handed it in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link_info: Option<Map<String, Value>>,
    /// As received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub android_exec_param: Option<String>,
    /// As received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ios_exec_param: Option<String>,
    /// As received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub android_market_param: Option<String>,
    /// As received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ios_market_param: Option<String>,
    /// When the story came to exist, by the sandbox's clock, to the microsecond.
    pub created_at: Timestamp,
    /// When it was deleted; absent while it exists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleted_at: Option<Timestamp>,
    /// Number of the request that created it, as in the request record.
    pub request: u64,
    /// Number of the request that deleted it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleted_by_request: Option<u64>,
}

/// A story and what only its host knows of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Story {
    pub(crate) entry: LedgerEntry,
    /// When it appears in the list: `created_at` and the lag of that moment.
    pub(crate) listed_at: Timestamp,
    /// The `created_at` that Kakao shows, skewed as its clock is.
    pub(crate) shown_created_at: Timestamp,
}

impl Story {
    /// Whether it exists at `now`: a late effect lies in the future until its time comes.
    pub(crate) fn exists(&self, now: Timestamp) -> bool {
        self.entry.created_at <= now && self.entry.deleted_at.is_none()
    }

    /// The text as Kakao shows it.
    pub(crate) fn shown(&self) -> Option<&str> {
        self.entry.shown_content.as_deref().or(self.entry.content.as_deref())
    }
}
