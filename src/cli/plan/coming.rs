//! A post that is to appear, by the files and by the queue.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::post::PostState;
use crate::store::queue::{ChangeKind, PostChange, Snapshot};

/// A post that is to appear.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Coming {
    /// Its number, if it is in the queue.
    pub(super) post: Option<i64>,
    pub(super) job: String,
    /// Whether the files add, change or leave it.
    pub(super) kind: ChangeKind,
    /// `scheduled`, `held` or where it stands on its way.
    pub(super) state: PostState,
    /// When it goes out as things stand: at another time than its file says where a person moved it, or an attempt is made again.
    pub(super) at: Timestamp,
    /// What else is to be known of it, in words: that it is paused, was moved, or that its time has passed.
    pub(super) notes: Vec<String>,
    #[serde(flatten)]
    pub(super) face: Snapshot,
    /// UTF-16 units of its text, as Kakao counts.
    pub(super) length: usize,
}

impl Coming {
    /// Whether it waits for a person, and its time has passed: it does not come by itself.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.state == PostState::Held && self.at < now
    }
}

/// The posts that are to appear once the files are in the queue, at the times that the files say.
pub(super) fn coming(changes: &[PostChange]) -> Vec<Coming> {
    let waits =
        |state| matches!(state, PostState::Scheduled | PostState::Claimed | PostState::Held | PostState::Publishing);
    let of = |change: &PostChange| {
        // What is under way goes out as it is.
        let face = if change.kind == ChangeKind::Ignored { &change.before } else { &change.after };
        let face = face.clone().filter(|_| waits(change.becomes))?;
        let length = face.content.text().unwrap_or_default().encode_utf16().count();
        let (job, kind, state, at) = (change.job.clone(), change.kind, change.becomes, face.occurs_at);
        Some(Coming { post: change.post, job, kind, state, at, notes: Vec::new(), face, length })
    };
    changes.iter().filter_map(of).collect()
}
