//! The post that a notice is about, for a reader who has neither the queue nor a terminal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A post as its readers will know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// When it should appear.
    pub occurs_at: Timestamp,
    /// The same in words, in the zone of notices.
    pub when: String,
    /// How its text begins; empty when it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The names of its pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// The page that it links to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Its page on the dashboard, where others can open that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl About {
    /// `Sat 2026-12-05 10:30 KST · “주말엔 라떼 한 잔” · latte.jpg`.
    pub(super) fn line(&self) -> String {
        let mut parts = vec![self.when.clone()];
        if !self.text.is_empty() {
            parts.push(format!("“{}”", self.text));
        }
        parts.extend(self.link.clone());
        if !self.images.is_empty() {
            parts.push(self.images.join(", "));
        }
        parts.join(" · ")
    }
}
