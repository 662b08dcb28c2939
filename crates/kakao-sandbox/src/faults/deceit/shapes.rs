//! Lies about a story's kind, images and audience.

use serde_json::{Map, Value, json};

use super::family::family;

family! {
    /// About a story's kind, images and audience.
    ShapeLie {
        KindNote = "kind-note",
        KindPhoto = "kind-photo",
        KindNotSupported = "kind-not-supported",
        KindUnknown = "kind-unknown",
        KindLowerCase = "kind-lower-case",
        KindNull = "kind-null",
        KindMissing = "kind-missing",
        ImagesNone = "images-none",
        ImagesLess = "images-less",
        ImagesMore = "images-more",
        ImagesUnreadable = "images-unreadable",
        AudiencePublic = "audience-public",
        AudienceFriends = "audience-friends",
        AudiencePrivate = "audience-private",
        AudienceUnknown = "audience-unknown",
        AudienceMissing = "audience-missing",
        KindNumber = "kind-number",
        AudienceNumber = "audience-number",
        AddressNumber = "address-number",
    }
}

const KIND: &str = "media_type";
const AUDIENCE: &str = "permission";
const IMAGES: &str = "media";

impl ShapeLie {
    /// Changes a story as it goes over the wire.
    pub(crate) fn change(self, shape: &mut Map<String, Value>) {
        match self {
            Self::KindNote => put(shape, KIND, json!("NOTE")),
            Self::KindPhoto => put(shape, KIND, json!("PHOTO")),
            Self::KindNotSupported => put(shape, KIND, json!("NOT_SUPPORTED")),
            Self::KindUnknown => put(shape, KIND, json!("ALBUM")),
            Self::KindLowerCase => {
                let kind = shape.get(KIND).and_then(Value::as_str).unwrap_or_default().to_lowercase();
                put(shape, KIND, json!(kind));
            }
            Self::KindNull => put(shape, KIND, Value::Null),
            Self::KindMissing => drop(shape.shift_remove(KIND)),
            Self::ImagesNone => drop(shape.shift_remove(IMAGES)),
            Self::ImagesLess => {
                if let Some(Value::Array(images)) = shape.get_mut(IMAGES) {
                    images.pop();
                }
            }
            Self::ImagesMore => match shape.get_mut(IMAGES) {
                Some(Value::Array(images)) => images.push(json!({ "original": "http://image.kakao.example/more.jpg" })),
                _ => put(shape, IMAGES, json!([{ "original": "http://image.kakao.example/more.jpg" }])),
            },
            Self::ImagesUnreadable => put(shape, IMAGES, json!("3 images")),
            Self::AudiencePublic => put(shape, AUDIENCE, json!("PUBLIC")),
            Self::AudienceFriends => put(shape, AUDIENCE, json!("FRIEND")),
            Self::AudiencePrivate => put(shape, AUDIENCE, json!("ONLY_ME")),
            Self::AudienceUnknown => put(shape, AUDIENCE, json!("CLOSE_FRIENDS")),
            Self::KindNumber => put(shape, KIND, json!(1)),
            Self::AudienceNumber => put(shape, AUDIENCE, json!(1)),
            Self::AddressNumber => put(shape, "url", json!(1)),
            Self::AudienceMissing => drop(shape.shift_remove(AUDIENCE)),
        }
    }
}

fn put(shape: &mut Map<String, Value>, key: &str, value: Value) {
    shape.insert(key.to_owned(), value);
}
