//! What a worker holds of a post: the claim, the intent, and what identifies the attempt. None of
//! them can be copied, or made outside of this folder.

use jiff::Timestamp;

use crate::domain::content::{Artifact, Content, Outgoing};

/// A post taken for one attempt. Whoever holds it is the only one who may move the post on, until the lease ends.
#[derive(Debug)]
pub struct Claim {
    pub(super) taken: Taken,
    pub(super) content: Content,
    pub(super) artifact: Option<Artifact>,
    /// When it should appear.
    pub occurs_at: Timestamp,
}

/// The durable intent to publish one post now. Nothing can be published without one, and only [`Store::intend`](crate::store::Store::intend) makes one.
#[derive(Debug)]
pub struct Intent {
    pub(super) taken: Taken,
    pub(super) outgoing: Outgoing,
    /// When it should appear.
    pub occurs_at: Timestamp,
    /// When the intent became durable.
    pub intent_at: Timestamp,
}

/// What identifies a running attempt: enough to record a verdict, not enough to publish.
#[derive(Debug)]
pub struct Taken {
    /// The post.
    pub post: i64,
    /// Its job.
    pub job: String,
    /// The account that it goes to.
    pub account: String,
    /// How often in a row this kind of attempt has failed before.
    pub failures: u32,
    pub(super) token: i64,
    pub(super) attempt: i64,
    pub(super) kind: AttemptKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttemptKind {
    Prepare,
    Publish,
}

impl Claim {
    /// The attempt's identity.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What the post says.
    pub fn content(&self) -> &Content {
        &self.content
    }
}

impl Intent {
    /// The attempt's identity.
    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// What is to leave.
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }
}

impl From<Claim> for Taken {
    fn from(claim: Claim) -> Self {
        claim.taken
    }
}

impl From<Intent> for Taken {
    fn from(intent: Intent) -> Self {
        intent.taken
    }
}
