//! How a story that may be a post's is shown to a person: what the list told of it, and why it may be. Pure.

use super::candidate::UnexplainedStory;
use crate::domain::clock::ServerTimeSample;
use crate::domain::content::Permission;
use crate::domain::printable;
use crate::engine::doubt::alike::Likeness;
use crate::engine::doubt::matching::{Differs, Window};
use crate::network::kakao::story::{Audience, MediaType};
use crate::store::queue::Suspect;

/// Longest part of a listed text that is kept, in characters.
const TEXT_CHARS_MAX: usize = 2_048;

impl UnexplainedStory {
    pub(crate) fn suspect(&self, window: &Window, heard: Option<ServerTimeSample>) -> Suspect {
        let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
        let skew = heard.map(|heard| heard.skew()).unwrap_or_default();
        Suspect {
            story_id: self.id.clone(),
            url: self.url.clone(),
            kind: cut(&printable::one_line(&self.kind), 40),
            audience: cut(&printable::one_line(&self.audience), 40),
            images: u32::try_from(self.images).unwrap_or(u32::MAX),
            text: self.text.clone(),
            created_at: self.at,
            ours_at: self.at.checked_sub(skew).unwrap_or(self.at),
            why: self.why(window).to_owned(),
        }
    }

    /// Why it may be the post's, and why that is not certain.
    fn why(&self, window: &Window) -> &'static str {
        let same = self.likeness == Likeness::Same;
        match self.differs {
            Some(Differs::Kind) if same => "it says the same, and is of another kind",
            Some(Differs::Images) if same => "it says the same, and has another number of images",
            Some(Differs::Audience) if same => "it says the same, and is for another audience",
            _ if (same || !self.told_in.is_empty()) && self.is_anothers => {
                "it says the same as this post and as another one of which you decide"
            }
            _ if same && self.at < window.from => "it says the same, and seems older than the post",
            _ if same && self.at > window.until => "it says the same, and seems much newer than the post",
            _ if same && self.is_below => "it says the same, and stands below stories that are older than the post",
            _ if same => "it says the same",
            _ if self.likeness == Likeness::Alike => "it says nearly the same",
            _ if self.likeness == Likeness::Other => {
                "Kakao tells other texts than were sent, so that nobody knows what was sent as this one"
            }
            _ => "it shows too little of its text to tell",
        }
    }
}

pub(crate) fn kind_word(kind: &MediaType) -> String {
    match kind {
        MediaType::Photo => "PHOTO".into(),
        MediaType::Note => "NOTE".into(),
        MediaType::NotSupported => "NOT_SUPPORTED".into(),
        MediaType::Other(word) => word.clone(),
    }
}

pub(crate) fn audience_word(audience: &Audience) -> String {
    match audience {
        Audience::Known(permission) => Permission::as_str(*permission).into(),
        Audience::Unsaid => String::new(),
        Audience::Other(word) => word.clone(),
    }
}

pub(crate) fn kept_text(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
