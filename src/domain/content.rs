//! What a post says: a note, a photo or a link, with its audience and the parameters for the app's button.
//!
//! Owns the limits that Kakao's documents state. A [`Content`] is stored with its post word for word, so that a later edit of
//! the job file cannot alter what was planned or published.

use serde::{Deserialize, Serialize};

/// Longest text, in UTF-16 code units. The documents say "2048 characters" without saying how they count; the one known
/// implementation counts UTF-16 units, the strictest of the likely readings.
pub const TEXT_UNITS_MAX: usize = 2048;
/// Most images in one photo story (upload API).
pub const IMAGES_MAX: usize = 10;
/// An image must be smaller than this many bytes. The documents say "less than 10 MB"; this satisfies every reading of it.
pub const IMAGE_BYTES_LIMIT: u64 = 10_000_000;

/// Everything that a story will say. Immutable once its post has been published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The kind of story and its own parts.
    pub body: Body,
    /// Who may see it. Kakao's default is public.
    #[serde(default)]
    pub permission: Permission,
    /// Whether friends may share it; matters with [`Permission::Friends`] only, where Kakao's default is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_share: Option<bool>,
    /// What the story's button hands to the app.
    #[serde(default)]
    pub app: AppParams,
}

/// The three kinds of story that Kakao's API can create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// Text alone.
    Note {
        /// 1 to [`TEXT_UNITS_MAX`] UTF-16 units, LF line breaks.
        text: String,
    },
    /// One to [`IMAGES_MAX`] images; a GIF stands alone.
    Photo {
        /// In the order in which they appear.
        images: Vec<Image>,
        /// Absent, or 1 to [`TEXT_UNITS_MAX`] UTF-16 units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A scraped web page.
    Link {
        /// An absolute http or https URL.
        url: String,
        /// Absent, or 1 to [`TEXT_UNITS_MAX`] UTF-16 units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
}

/// Who may see a story. In job files `public`, `friends`, `private`; at Kakao `A`, `F`, `M`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Everybody.
    #[default]
    Public,
    /// Friends only.
    Friends,
    /// The account itself only.
    Private,
}

impl Permission {
    /// The word of job files, JSON and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Friends => "friends",
            Self::Private => "private",
        }
    }
}

/// Parameters for opening the app or its market page from the story. Each is a query string in one value; an absent one is
/// never sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppParams {
    /// Added to the URL that opens the Android app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub android_exec_param: Option<String>,
    /// Added to the URL that opens the iOS app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ios_exec_param: Option<String>,
    /// Added to the URL of the Android market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub android_market_param: Option<String>,
    /// Added to the URL of the App Store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ios_market_param: Option<String>,
}

/// One image, by the hash of its bytes. The bytes themselves lie in the media folder from the moment the post is enqueued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The file's own name, for people and for the upload's `filename`.
    pub name: String,
    /// Told from the bytes, never from the name.
    pub format: ImageFormat,
    /// Size of the file in bytes, below [`IMAGE_BYTES_LIMIT`].
    pub bytes: u64,
}

/// The image formats that Kakao takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    /// image/jpeg
    Jpeg,
    /// image/png
    Png,
    /// image/gif
    Gif,
}

impl Content {
    /// The text, if there is one.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Note { text } => Some(text),
            Body::Photo { text, .. } | Body::Link { text, .. } => text.as_deref(),
        }
    }

    /// Every text that a reader sees or follows: what it says, and where its link leads.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let url = if let Body::Link { url, .. } = &self.body { Some(url.as_str()) } else { None };
        self.text().into_iter().chain(url)
    }

    /// `note`, `photo` or `link`.
    pub fn kind(&self) -> &'static str {
        match self.body {
            Body::Note { .. } => "note",
            Body::Photo { .. } => "photo",
            Body::Link { .. } => "link",
        }
    }

    /// The same with another text.
    #[must_use]
    pub fn saying(mut self, words: String) -> Self {
        match &mut self.body {
            Body::Note { text } => *text = words,
            Body::Photo { text, .. } | Body::Link { text, .. } => *text = Some(words),
        }
        self
    }

    /// The images of a photo; empty for the other kinds.
    pub fn images(&self) -> &[Image] {
        match &self.body {
            Body::Photo { images, .. } => images,
            Body::Note { .. } | Body::Link { .. } => &[],
        }
    }

    /// Whether something must be uploaded or scraped before it can be published.
    pub fn needs_preparing(&self) -> bool {
        !matches!(self.body, Body::Note { .. })
    }
}

/// What preparing yields: Kakao's JSON answer to the upload (an array of paths) or to the scrape (an object), to be handed back
/// byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact(pub String);

/// A content on its way out, with its artifact. Only the store's `intend` makes one, so that nothing can be published without
/// a durable intent.
#[derive(Debug)]
pub struct Outgoing {
    /// What it says.
    pub content: Content,
    /// What preparing yielded; absent for notes.
    pub artifact: Option<Artifact>,
}

/// Length of a text as Kakao is known to count it: UTF-16 code units.
pub fn text_units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The form in which two texts are compared: LF line breaks, NFC, no white space at either end. Kakao's documents promise none
/// of the three, so a difference in any of them is no difference.
pub fn comparable(text: &str) -> String {
    let lf = text.replace("\r\n", "\n");
    composed(lf.trim())
}

/// A name as keyboards write it: each syllable and each accented letter one character (NFC). Names typed on a Mac, or copied from its
/// files, may be in decomposed letters, and mean the same.
pub fn composed(name: &str) -> String {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(name).into_owned()
}

/// Whether each syllable and each accented letter is one character (NFC), as keyboards write them.
pub fn is_composed(text: &str) -> bool {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_counts_as_two_units_and_hangul_as_one() {
        assert_eq!(text_units("라떼"), 2);
        assert_eq!(text_units("☕️🎉"), 4);
    }

    #[test]
    fn texts_compare_after_line_breaks_trim_and_composition() {
        let decomposed = "\u{1105}\u{1161}\u{1104}\u{1166}";
        assert_eq!(comparable(&format!("  {decomposed}\r\nA\n")), "라떼\nA");
    }

    #[test]
    fn a_content_survives_the_way_through_json() {
        let content = Content {
            body: Body::Link { url: "https://example.com/?a=1".into(), text: None },
            permission: Permission::Friends,
            enable_share: Some(false),
            app: AppParams { ios_exec_param: Some("a=1&b=2".into()), ..AppParams::default() },
        };
        let json = serde_json::to_string(&content).expect("serialises");
        assert_eq!(serde_json::from_str::<Content>(&json).expect("reads back"), content);
    }
}
