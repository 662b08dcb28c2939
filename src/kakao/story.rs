//! What Kakao shows: stories, profiles, link cards, tokens' facts and consents, as values.
//!
//! Reading is lenient where nothing is decided by it (counts, comments, likes, unknown words) and strict where a promise is:
//! a story without a usable ID or a readable time is an error, never left out, since a missing story could be taken for an absent one.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::wire::{json, seconds, usable_id, usable_time};
use crate::domain::content::{Artifact, Permission};
use crate::domain::printable;

/// Longest title or description of a card that is told, in characters.
const CARD_CHARS_MAX: usize = 80;

/// A story as Kakao shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// `<profile>.<activity>`.
    pub id: String,
    /// The story's page, where Kakao says it.
    pub url: Option<String>,
    /// The kind, as far as Kakao tells: a link comes back as [`MediaType::NotSupported`].
    pub media_type: MediaType,
    /// When it was posted, in whole seconds as a rule.
    pub created_at: Timestamp,
    /// The text, if there is one.
    pub content: Option<String>,
    /// Who may see it.
    pub audience: Audience,
    /// One entry per image; empty where Kakao shows none.
    pub media: Vec<MediaUrls>,
    /// Number of comments.
    pub comment_count: u64,
    /// Number of moods left by friends.
    pub like_count: u64,
    /// The comments, when a single story was asked for.
    pub comments: Vec<Comment>,
    /// The moods, when a single story was asked for.
    pub likes: Vec<Like>,
}

/// The kind of a story in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// Text with images.
    Photo,
    /// Text alone.
    Note,
    /// Something that the API does not describe; links among them.
    NotSupported,
    /// A word that the documents do not name, or an empty one where Kakao sent none.
    Other(String),
}

/// Who may see a story, as Kakao says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One of the documented three.
    Known(Permission),
    /// Kakao says nothing, as in the documents' own listing. By them it is public then.
    Unsaid,
    /// A word that the documents do not name.
    Other(String),
}

/// One image in its sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MediaUrls {
    /// As uploaded.
    pub original: Option<String>,
    /// Extra large.
    pub xlarge: Option<String>,
    /// Large.
    pub large: Option<String>,
    /// Medium.
    pub medium: Option<String>,
    /// Small.
    pub small: Option<String>,
}

/// A comment under a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// What it says.
    pub text: Option<String>,
    /// Who left it.
    pub writer: Option<Actor>,
}

/// A mood left on a story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Like {
    /// `LIKE`, `COOL`, `HAPPY`, `SAD`, `CHEER_UP`, `NOT_DEFINED`, or another word.
    pub emotion: Option<String>,
    /// Who left it.
    pub actor: Option<Actor>,
}

/// A person at Kakao Story.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Actor {
    /// Nickname.
    pub display_name: Option<String>,
    /// Picture.
    pub profile_thumbnail_url: Option<String>,
}

/// One page of an account's stories, newest first. An empty one ends the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// All of the page's stories: a page with one that cannot be read is an error as a whole.
    pub stories: Vec<Story>,
    /// The server's own time, from the `Date` header.
    pub server_date: Option<Timestamp>,
}

/// A story that now exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its ID, as Kakao gave it: 1 to 256 characters.
    pub story_id: String,
    /// The server's own time, from the `Date` header.
    pub server_date: Option<Timestamp>,
}

/// An account's profile. What is present depends on its consents; all of it may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Nickname.
    pub nick_name: Option<String>,
    /// Picture.
    pub profile_image_url: Option<String>,
    /// Picture, small.
    pub thumbnail_url: Option<String>,
    /// Background.
    pub bg_image_url: Option<String>,
    /// The account's own page.
    pub permalink: Option<String>,
    /// `MMdd`.
    pub birthday: Option<String>,
    /// `SOLAR` or `LUNAR`.
    pub birthday_type: Option<String>,
}

/// What a scraped page will look like in a story. For showing only: what is posted is the artifact itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkCard {
    /// Where the page really is.
    pub url: Option<String>,
    /// What was asked for.
    pub requested_url: Option<String>,
    /// The page's host.
    pub host: Option<String>,
    /// The page's title.
    pub title: Option<String>,
    /// Up to three images.
    pub images: Vec<String>,
    /// The page's description.
    pub description: Option<String>,
    /// The page's section.
    pub section: Option<String>,
    /// `website`, `video`, `music` and the like.
    pub kind: Option<String>,
}

/// What Kakao says about an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The user's number within the app.
    pub user_id: i64,
    /// How long the token still works.
    pub expires_in: Option<Duration>,
    /// The app's number.
    pub app_id: Option<i64>,
}

/// One consent item of an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Scope {
    /// Such as `story_publish`.
    pub id: String,
    /// What the consent screen calls it.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether the account has given it.
    #[serde(default)]
    pub agreed: bool,
    /// Whether the app uses it.
    #[serde(default)]
    pub using: Option<bool>,
}

impl LinkCard {
    /// Reads the card out of a scrape's artifact; what is absent or of another type stays empty.
    pub fn read(artifact: &Artifact) -> Self {
        let value: Value = serde_json::from_str(&artifact.0).unwrap_or_default();
        let text =
            |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let images = match value.get("image") {
            Some(Value::String(url)) => vec![url.clone()],
            Some(Value::Array(urls)) => urls.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Self {
            url: text("url"),
            requested_url: text("requested_url"),
            host: text("host"),
            title: text("title"),
            images,
            description: text("description"),
            section: text("section"),
            kind: text("type"),
        }
    }

    /// What it shows: completes "the card of … ".
    pub fn in_words(&self) -> String {
        let cut = |text: &str| {
            let short: String = text.chars().filter(|c| !printable::acts(*c)).take(CARD_CHARS_MAX).collect();
            if short.chars().count() < text.chars().count() { format!("{short}…") } else { short }
        };
        let title = self.title.as_deref().map_or("has no title".to_owned(), |title| format!("says “{}”", cut(title)));
        let description = self.description.as_deref().map(|text| format!(": {}", cut(text))).unwrap_or_default();
        let host = self.host.as_deref().map(|host| format!(" ({})", cut(host))).unwrap_or_default();
        let picture = if self.images.is_empty() { ", without a picture" } else { ", with a picture" };
        format!("{title}{description}{host}{picture}")
    }
}

#[derive(Deserialize)]
struct StoryShape {
    id: String,
    url: Option<String>,
    media_type: Option<String>,
    created_at: String,
    content: Option<String>,
    permission: Option<String>,
    media: Option<Value>,
    comment_count: Option<Value>,
    like_count: Option<Value>,
    comments: Option<Value>,
    likes: Option<Value>,
}

/// Reads one story.
pub(super) fn story(body: &[u8]) -> Result<Story, String> {
    json(body).and_then(typed)
}

/// Reads a page of stories: all of them, or none.
pub(super) fn stories(body: &[u8]) -> Result<Vec<Story>, String> {
    let shapes: Vec<StoryShape> = json(body)?;
    shapes.into_iter().map(typed).collect()
}

fn typed(shape: StoryShape) -> Result<Story, String> {
    let id = usable_id(shape.id)?;
    let created_at = instant(&shape.created_at).ok_or_else(|| format!("`created_at` of story {id} is no time"))?;
    let media_type = match shape.media_type.as_deref() {
        Some("PHOTO") => MediaType::Photo,
        Some("NOTE") => MediaType::Note,
        Some("NOT_SUPPORTED") => MediaType::NotSupported,
        other => MediaType::Other(other.unwrap_or_default().to_owned()),
    };
    let audience = match shape.permission.as_deref() {
        None => Audience::Unsaid,
        Some("PUBLIC") => Audience::Known(Permission::Public),
        Some("FRIEND") => Audience::Known(Permission::Friends),
        Some("ONLY_ME") => Audience::Known(Permission::Private),
        Some(other) => Audience::Other(other.to_owned()),
    };
    Ok(Story {
        id,
        url: shape.url,
        media_type,
        created_at,
        content: shape.content,
        audience,
        media: list(shape.media),
        comment_count: count(shape.comment_count),
        like_count: count(shape.like_count),
        comments: list(shape.comments),
        likes: list(shape.likes),
    })
}

/// RFC 3339, with or without a fraction; without an offset it is UTC. Rounded down to the microsecond that the queue stores.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let at = text.parse().ok().or_else(utc)?;
    usable_time(Timestamp::from_microsecond(at.as_microsecond()).ok()?)
}

/// As many entries as there are, blank where one cannot be read, so that their number stays true.
fn list<T: DeserializeOwned + Default>(value: Option<Value>) -> Vec<T> {
    match value {
        Some(Value::Array(items)) => {
            items.into_iter().map(|item| serde_json::from_value(item).unwrap_or_default()).collect()
        }
        _ => Vec::new(),
    }
}

fn count(value: Option<Value>) -> u64 {
    value.as_ref().and_then(Value::as_u64).unwrap_or(0)
}

/// Reads a profile. The documents spell the image keys both `…URL` and `…Url`.
pub(super) fn profile(body: &[u8]) -> Result<Profile, String> {
    let object: serde_json::Map<String, Value> = json(body)?;
    let text = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key)?.as_str().map(str::to_owned));
    Ok(Profile {
        nick_name: text(&["nickName"]),
        profile_image_url: text(&["profileImageURL", "profileImageUrl"]),
        thumbnail_url: text(&["thumbnailURL", "thumbnailUrl"]),
        bg_image_url: text(&["bgImageURL", "bgImageUrl"]),
        permalink: text(&["permalink"]),
        birthday: text(&["birthday"]),
        birthday_type: text(&["birthdayType"]),
    })
}

/// Reads what Kakao says about a token.
pub(super) fn token_info(body: &[u8]) -> Result<TokenInfo, String> {
    #[derive(Deserialize)]
    struct Shape {
        id: i64,
        expires_in: Option<Value>,
        app_id: Option<i64>,
    }
    let shape: Shape = json(body)?;
    Ok(TokenInfo { user_id: shape.id, expires_in: seconds(shape.expires_in), app_id: shape.app_id })
}

/// Reads the consents of an account.
pub(super) fn scopes(body: &[u8]) -> Result<Vec<Scope>, String> {
    #[derive(Deserialize)]
    struct Shape {
        scopes: Vec<Scope>,
    }
    json(body).map(|shape: Shape| shape.scopes)
}

#[cfg(test)]
mod tests;
