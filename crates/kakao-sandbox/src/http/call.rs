//! The calls that the two hosts serve: their names, methods, paths and the consent that each needs.
//!
//! Owns this table. Must not know how a call is answered.

use std::fmt;
use std::str::FromStr;

use axum::http::Method;

use crate::http::nearest::nearest;

/// One documented call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `GET /v1/api/story/isstoryuser`
    IsStoryUser,
    /// `GET /v1/api/story/profile`
    Profile,
    /// `POST /v1/api/story/upload/multi`
    Upload,
    /// `GET /v1/api/story/linkinfo`
    LinkInfo,
    /// `POST /v1/api/story/post/note`
    Note,
    /// `POST /v1/api/story/post/photo`
    Photo,
    /// `POST /v1/api/story/post/link`
    Link,
    /// `GET /v1/api/story/mystory`
    MyStory,
    /// `GET /v1/api/story/mystories`
    MyStories,
    /// `DELETE /v1/api/story/delete/mystory`
    Delete,
    /// `GET /v1/user/access_token_info`
    TokenInfo,
    /// `GET /v2/user/scopes`
    Scopes,
    /// `POST /oauth/token`
    Token,
    /// `GET /oauth/authorize`
    Authorize,
}

/// The ten calls of the Story API.
pub(crate) const STORY_CALLS: &[Call] = &[
    Call::IsStoryUser,
    Call::Profile,
    Call::Upload,
    Call::LinkInfo,
    Call::Note,
    Call::Photo,
    Call::Link,
    Call::MyStory,
    Call::MyStories,
    Call::Delete,
];

/// The three calls that create a story.
pub(crate) const POST_CALLS: &[Call] = &[Call::Note, Call::Photo, Call::Link];

/// The calls that read stories back.
pub(crate) const READ_CALLS: &[Call] = &[Call::MyStory, Call::MyStories];

/// The above, and those that create what they read.
pub(crate) const READ_OR_POST_CALLS: &[Call] = &[Call::MyStory, Call::MyStories, Call::Note, Call::Photo, Call::Link];

/// Every call that a client makes with or for a token; the consent page is left to people.
pub(crate) const REQUEST_CALLS: &[Call] = &[
    Call::IsStoryUser,
    Call::Profile,
    Call::Upload,
    Call::LinkInfo,
    Call::Note,
    Call::Photo,
    Call::Link,
    Call::MyStory,
    Call::MyStories,
    Call::Delete,
    Call::TokenInfo,
    Call::Scopes,
    Call::Token,
];

impl Call {
    /// Every call.
    pub const ALL: &[Self] = &[
        Self::IsStoryUser,
        Self::Profile,
        Self::Upload,
        Self::LinkInfo,
        Self::Note,
        Self::Photo,
        Self::Link,
        Self::MyStory,
        Self::MyStories,
        Self::Delete,
        Self::TokenInfo,
        Self::Scopes,
        Self::Token,
        Self::Authorize,
    ];

    /// The word for the call in fault rules and in the request record.
    pub fn name(self) -> &'static str {
        match self {
            Self::IsStoryUser => "isstoryuser",
            Self::Profile => "profile",
            Self::Upload => "upload",
            Self::LinkInfo => "linkinfo",
            Self::Note => "note",
            Self::Photo => "photo",
            Self::Link => "link",
            Self::MyStory => "mystory",
            Self::MyStories => "mystories",
            Self::Delete => "delete",
            Self::TokenInfo => "token_info",
            Self::Scopes => "scopes",
            Self::Token => "token",
            Self::Authorize => "authorize",
        }
    }

    /// The path under either host.
    pub fn path(self) -> &'static str {
        match self {
            Self::IsStoryUser => "/v1/api/story/isstoryuser",
            Self::Profile => "/v1/api/story/profile",
            Self::Upload => "/v1/api/story/upload/multi",
            Self::LinkInfo => "/v1/api/story/linkinfo",
            Self::Note => "/v1/api/story/post/note",
            Self::Photo => "/v1/api/story/post/photo",
            Self::Link => "/v1/api/story/post/link",
            Self::MyStory => "/v1/api/story/mystory",
            Self::MyStories => "/v1/api/story/mystories",
            Self::Delete => "/v1/api/story/delete/mystory",
            Self::TokenInfo => "/v1/user/access_token_info",
            Self::Scopes => "/v2/user/scopes",
            Self::Token => "/oauth/token",
            Self::Authorize => "/oauth/authorize",
        }
    }

    /// The one method that the path takes.
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Upload | Self::Note | Self::Photo | Self::Link | Self::Token => Method::POST,
            Self::Delete => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// The consent item without which the call is refused with -402. The profile needs none: it leaves out what is not agreed.
    pub(crate) fn consent(self) -> Option<&'static str> {
        match self {
            Self::Note | Self::Photo | Self::Link => Some("story_publish"),
            Self::MyStory | Self::MyStories | Self::Delete => Some("story_read"),
            _ => None,
        }
    }

    /// Whether the call is part of the Story API and is therefore refused with -601 to who is not a Kakao Story user.
    pub(crate) fn needs_story_user(self) -> bool {
        STORY_CALLS.contains(&self) && self != Self::IsStoryUser
    }

    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.path() == path)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Call {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim().to_lowercase().replace('-', "_");
        if let Some(call) = Self::ALL.iter().copied().find(|call| call.name() == wanted) {
            return Ok(call);
        }
        let names: Vec<&str> = Self::ALL.iter().map(|call| call.name()).collect();
        let hint =
            nearest(&wanted, names.iter().copied()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(format!("no call is named {text:?}{hint} The calls are {}", names.join(", ")))
    }
}
