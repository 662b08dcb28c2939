//! What the job file wants of a post, column by column, and how two wishes differ. Pure: the SQL stands in `enqueue`.

use super::enqueue::{JobPosts, NewPost};
use super::{Result, micros};
use crate::domain::content::comparable;
use crate::store::{span, write_json};

/// The columns of a post that follow the job file, in the form in which they are compared and written.
#[derive(PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) account: String,
    pub(super) content: String,
    pub(super) kind: String,
    pub(super) text_key: String,
    pub(super) tags: String,
    pub(super) zone: String,
    pub(super) occurs_at: i64,
    pub(super) late_within: i64,
    pub(super) late_then: String,
    pub(super) in_doubt: String,
    pub(super) delete_after: Option<i64>,
    pub(super) delete_at: Option<i64>,
}

impl Wanted {
    /// What the plan says of one occurrence.
    pub(super) fn of(posts: &JobPosts, occurrence: &NewPost) -> Result<Self> {
        use sha2::Digest;
        let text = comparable(posts.content.text().unwrap_or_default());
        let text_key = sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            account: posts.account.clone(),
            content: write_json(&posts.content)?,
            kind: posts.content.kind().into(),
            text_key,
            tags: write_json(&posts.tags)?,
            zone: posts.zone.clone(),
            occurs_at: micros(occurrence.occurs_at),
            late_within: span(posts.late.within),
            late_then: posts.late.then.as_str().into(),
            in_doubt: posts.in_doubt.as_str().into(),
            delete_after: posts.delete_after.map(span),
            delete_at: posts.delete_at.map(micros),
        })
    }

    /// What became different, as the reason of an edit.
    pub(super) fn edit_reason(&self, is: &Self) -> String {
        let parts = [
            ("content", self.content != is.content),
            ("account", self.account != is.account),
            ("time", self.occurs_at != is.occurs_at),
            ("late policy", self.late_within != is.late_within || self.late_then != is.late_then),
            ("in-doubt policy", self.in_doubt != is.in_doubt),
            ("deletion", self.delete_after != is.delete_after || self.delete_at != is.delete_at),
            ("tags", self.tags != is.tags),
            ("zone", self.zone != is.zone),
        ];
        let changed: Vec<&str> = parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
        format!("the job file changed its {}", changed.join(", "))
    }
}
