//! What Kakao shows: stories, profiles, link cards, tokens' facts and consents, as values.
//!
//! Reading is lenient where nothing is decided by it (counts, addresses, unknown words) and strict where a promise is: a story without a
//! usable ID, a readable time or a readable text is an error, never left out, since a missing story could be taken for an absent one.
//! Of images, comments and moods the number alone is read, so that an answer of any size needs bounded memory.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reqwest::Url;
use serde_json::value::RawValue;

pub use super::entry::{Audience, MediaType, Story};
use super::entry::{ListEntry, Unreadable};
use super::json::{each, fields, length, mended, plain, text, texts};
use super::wire::{SCOPES_MAX, readable, seconds, undocumented, usable_id, usable_time};
use crate::domain::content::{Artifact, Permission};
use crate::domain::printable;

/// Longest title or description of a card that is told, in characters.
const CARD_CHARS_MAX: usize = 80;
/// Most images of a card that are told.
const CARD_IMAGES_MAX: usize = 16;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Such as `story_publish`.
    pub id: String,
    /// What the consent screen calls it.
    pub display_name: Option<String>,
    /// Whether the account has given it.
    pub agreed: bool,
    /// Whether the app uses it.
    pub using: Option<bool>,
}

impl Profile {
    /// The profile that the address of the account's own page names, as the IDs of its stories do: the last part of its path.
    pub fn own_profile(&self) -> Option<String> {
        let page = Url::parse(self.permalink.as_deref()?).ok()?;
        let last = page.path_segments()?.rfind(|part| !part.is_empty())?;
        Some(last.to_owned())
    }
}

impl LinkCard {
    /// Reads the card out of a scrape's artifact; what is absent or of another type stays empty.
    pub fn read(artifact: &Artifact) -> Self {
        let keys = ["url", "requested_url", "host", "title", "image", "description", "section", "type"];
        let json = mended(artifact.0.as_bytes());
        let [url, requested_url, host, title, image, description, section, kind] =
            fields(&json, keys).unwrap_or_default();
        let word = |value| text(value).filter(|text| !text.is_empty());
        Self {
            url: word(url),
            requested_url: word(requested_url),
            host: word(host),
            title: word(title),
            images: text(image).map_or_else(|| texts(image, CARD_IMAGES_MAX), |one| vec![one]),
            description: word(description),
            section: word(section),
            kind: word(kind),
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

/// Reads one story.
pub(crate) fn story(body: &[u8]) -> Result<Story, String> {
    match entry(&readable(body)?) {
        ListEntry::Story(story) => Ok(story),
        ListEntry::Unreadable(unreadable) => Err(unreadable.why),
    }
}

/// Reads a story, or what can be read of it.
pub(crate) fn entry(json: &str) -> ListEntry {
    let keys =
        ["id", "url", "media_type", "created_at", "content", "permission", "media", "comment_count", "like_count"];
    let read = match fields(json, keys) {
        Ok(read) => read,
        Err(error) => {
            let why = format!("a story is not as documented: {error}");
            return ListEntry::Unreadable(Unreadable {
                id: None,
                created_at: None,
                content: None,
                comment_count: 0,
                like_count: 0,
                why,
            });
        }
    };
    let [id, url, media_type, created_at, content, permission, media, comment_count, like_count] = read;
    let id = text(id).ok_or_else(|| "a story has no `id`".to_owned()).and_then(usable_id);
    let of = || id.as_ref().map(|id| format!("story {id}")).unwrap_or_else(|_| "a story".to_owned());
    let created_at =
        text(created_at).and_then(|text| instant(&text)).ok_or_else(|| format!("`created_at` of {} is no time", of()));
    let content = match (content, text(content)) {
        (Some(_), None) => Err(format!("`content` of {} is no text", of())),
        (_, content) => Ok(content),
    };
    let (comment_count, like_count) = (count(comment_count), count(like_count));
    match (id, created_at, content) {
        (Ok(id), Ok(created_at), Ok(content)) => ListEntry::Story(Story {
            id,
            url: text(url),
            media_type: kind(media_type),
            created_at,
            content,
            audience: audience(permission),
            images: media.and_then(|media| length(media.get())).unwrap_or(0),
            comment_count,
            like_count,
        }),
        (id, created_at, content) => {
            let whys = [id.as_ref().err(), created_at.as_ref().err(), content.as_ref().err()];
            let why = whys.into_iter().flatten().next().cloned().unwrap_or_default();
            let (id, created_at, content) = (id.ok(), created_at.ok(), content.ok().map(Option::unwrap_or_default));
            ListEntry::Unreadable(Unreadable { id, created_at, content, comment_count, like_count, why })
        }
    }
}

fn kind(value: Option<&RawValue>) -> MediaType {
    match text(value).unwrap_or_default().as_str() {
        "PHOTO" => MediaType::Photo,
        "NOTE" => MediaType::Note,
        "NOT_SUPPORTED" => MediaType::NotSupported,
        other => MediaType::Other(other.to_owned()),
    }
}

fn audience(value: Option<&RawValue>) -> Audience {
    match (value, text(value).as_deref()) {
        (None, _) => Audience::Unsaid,
        (_, Some("PUBLIC")) => Audience::Known(Permission::Public),
        (_, Some("FRIEND")) => Audience::Known(Permission::Friends),
        (_, Some("ONLY_ME")) => Audience::Known(Permission::Private),
        (_, other) => Audience::Other(other.unwrap_or_default().to_owned()),
    }
}

/// RFC 3339, with or without a fraction; without an offset it is UTC. Rounded down to the microsecond that the queue stores.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let at = text.parse().ok().or_else(utc)?;
    usable_time(Timestamp::from_microsecond(at.as_microsecond()).ok()?)
}

fn count(value: Option<&RawValue>) -> u64 {
    plain(value).unwrap_or(0)
}

/// Reads a profile. The documents spell the image keys both `…URL` and `…Url`.
pub(crate) fn profile(body: &[u8]) -> Result<Profile, String> {
    let keys = [
        "nickName",
        "profileImageURL",
        "profileImageUrl",
        "thumbnailURL",
        "thumbnailUrl",
        "bgImageURL",
        "bgImageUrl",
        "permalink",
        "birthday",
        "birthdayType",
    ];
    let body = readable(body)?;
    let [nick_name, image, image_too, thumbnail, thumbnail_too, bg, bg_too, permalink, birthday, birthday_type] =
        fields(&body, keys).map_err(undocumented)?;
    Ok(Profile {
        nick_name: text(nick_name),
        profile_image_url: text(image).or_else(|| text(image_too)),
        thumbnail_url: text(thumbnail).or_else(|| text(thumbnail_too)),
        bg_image_url: text(bg).or_else(|| text(bg_too)),
        permalink: text(permalink),
        birthday: text(birthday),
        birthday_type: text(birthday_type),
    })
}

/// Reads what Kakao says about a token.
pub(crate) fn token_info(body: &[u8]) -> Result<TokenInfo, String> {
    let body = readable(body)?;
    let [id, expires_in, app_id] = fields(&body, ["id", "expires_in", "app_id"]).map_err(undocumented)?;
    let user_id = plain(id).ok_or("its body holds no `id` that is a number")?;
    Ok(TokenInfo { user_id, expires_in: seconds(expires_in), app_id: plain(app_id) })
}

/// Reads the consents of an account.
pub(crate) fn scopes(body: &[u8]) -> Result<Vec<Consent>, String> {
    let body = readable(body)?;
    let [scopes] = fields(&body, ["scopes"]).map_err(undocumented)?;
    let scopes = scopes.ok_or("its body holds no `scopes`")?;
    let read = each(scopes.get(), SCOPES_MAX, |scope| {
        let [id, display_name, agreed, using] =
            fields(scope, ["id", "display_name", "agreed", "using"]).map_err(undocumented)?;
        let id = text(id).ok_or("one of its `scopes` has no `id`")?;
        let agreed = plain(agreed).unwrap_or(false);
        Ok(Consent { id, display_name: text(display_name), agreed, using: plain(using) })
    });
    read.map_err(undocumented)?.into_iter().collect()
}

#[cfg(test)]
mod tests;
