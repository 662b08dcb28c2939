//! What a job's file says of its posts, in the form in which it is compared and written.

use std::collections::HashMap;

use jiff::Timestamp;

use super::pairing::PairingRow;
use super::wanted::{JobPosts, NewPost};
use crate::domain::clock::later;
use crate::domain::policy::LateThen;
use crate::store::error::Result;
use crate::store::queue::text_key::text_key;
use crate::store::values::{micros, span, write_json};

/// What a job's file says of each of its posts, in the form in which it is compared and written.
pub(super) struct PostColumns<'a> {
    pub(super) posts: &'a JobPosts,
    pub(super) row: PairingRow,
    /// Content and text key of the occurrences that have a text of their own, by nominal time.
    own: HashMap<&'a str, (String, String)>,
    own_tags: HashMap<&'a str, String>,
    prepare_ahead: i64,
}

impl<'a> PostColumns<'a> {
    pub(super) fn of(posts: &'a JobPosts) -> Result<Self> {
        let (mut own, mut own_tags) = (HashMap::new(), HashMap::new());
        for occurrence in &posts.occurrences {
            if let Some(content) = &occurrence.content {
                let key = text_key(content.text().unwrap_or_default());
                own.insert(occurrence.nominal.as_str(), (write_json(content)?, key));
            }
            if let Some(tags) = &occurrence.tags {
                own_tags.insert(occurrence.nominal.as_str(), write_json(tags)?);
            }
        }
        let row = PairingRow {
            account: posts.account.clone(),
            content: write_json(&posts.content)?,
            text_key: text_key(posts.content.text().unwrap_or_default()),
            tags: write_json(&posts.tags)?,
            zone: posts.zone.clone(),
            late_within: span(posts.late.within),
            late_then: posts.late.then.as_str().into(),
            in_doubt: posts.in_doubt.as_str().into(),
            delete_after: posts.delete_after.map(span),
            delete_at: posts.delete_at.map(micros),
        };
        Ok(Self { posts, row, own, own_tags, prepare_ahead: span(posts.prepare_ahead) })
    }

    /// What the post of an occurrence says, and the key of its text.
    pub(super) fn says(&self, occurrence: &NewPost) -> (&str, &str) {
        let own = self.own.get(occurrence.nominal.as_str());
        own.map_or((&self.row.content, &self.row.text_key), |(content, text_key)| (content, text_key))
    }

    pub(super) fn late_until(&self, occurs_at: Timestamp) -> Option<i64> {
        (self.posts.late.then != LateThen::Post).then(|| micros(later(occurs_at, self.posts.late.within)))
    }

    /// The tags of the post of an occurrence.
    pub(super) fn tags(&self, occurrence: &NewPost) -> &str {
        self.own_tags.get(occurrence.nominal.as_str()).unwrap_or(&self.row.tags)
    }

    pub(super) fn prepare_at(&self, occurs_at: i64) -> Option<i64> {
        self.posts.content.needs_preparing().then(|| occurs_at - self.prepare_ahead)
    }
}
