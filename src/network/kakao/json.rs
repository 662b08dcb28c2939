//! Reads JSON of whatever size in bounded memory, and JSON that is damaged as far as it can be read.
//!
//! Nothing is built of a value but what is asked for: what an answer may hold without end is counted or skipped where it stands. Pure.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The body as text that JSON can be read from: bytes that are no UTF-8, and escapes of one half of a pair of surrogates, are U+FFFD.
pub(crate) fn mended(body: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(body);
    let halves = halves(text.as_bytes());
    if halves.is_empty() {
        return text;
    }
    let mut bytes = text.into_owned().into_bytes();
    for at in halves {
        if let Some(digits) = bytes.get_mut(at..at + 4) {
            digits.copy_from_slice(b"fffd");
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Where the digits stand of each escape of a surrogate that lacks its other half.
fn halves(text: &[u8]) -> Vec<usize> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(next) = text.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += next;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(0xD800..0xE000), _) => {
                found.push(at + 2);
                6
            }
            _ => 2,
        };
    }
    found
}

/// The values that an object has under these keys, each as it stands; `null` is none.
///
/// # Errors
/// When it is no object, or names one of the keys twice.
pub(crate) fn fields<'a, const N: usize>(
    object: &'a str,
    keys: [&'static str; N],
) -> serde_json::Result<[Option<&'a RawValue>; N]> {
    struct JsonFields<const N: usize>([&'static str; N]);
    impl<'de, const N: usize> Visitor<'de> for JsonFields<N> {
        type Value = [Option<&'de RawValue>; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut values = [None; N];
            while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                match self.0.iter().position(|known| *known == key) {
                    Some(place) if values[place].is_some() => return Err(A::Error::duplicate_field(self.0[place])),
                    Some(place) => values[place] = Some(map.next_value()?),
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(values)
        }
    }
    let mut json = serde_json::Deserializer::from_str(object);
    let values = json.deserialize_map(JsonFields(keys))?;
    json.end()?;
    Ok(values.map(|value| value.filter(|value| value.get() != "null")))
}

/// What `read` makes of each value of an array, one after the other, of which no more than `most` are taken.
///
/// # Errors
/// When it is no array, or a longer one.
pub(crate) fn each<T>(array: &str, most: usize, read: impl FnMut(&str) -> T) -> serde_json::Result<Vec<T>> {
    struct Each<F>(usize, F);
    impl<'de, T, F: FnMut(&str) -> T> Visitor<'de> for Each<F> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {}", self.0)
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut values = Vec::new();
            while let Some(value) = seq.next_element::<&RawValue>()? {
                if values.len() == self.0 {
                    return Err(A::Error::invalid_length(self.0 + 1, &self));
                }
                values.push((self.1)(value.get()));
            }
            Ok(values)
        }
    }
    let mut json = serde_json::Deserializer::from_str(array);
    let values = json.deserialize_seq(Each(most, read))?;
    json.end()?;
    Ok(values)
}

/// How many values an array has; `None`: it is no array.
pub(crate) fn length(value: &str) -> Option<usize> {
    struct Length;
    impl<'de> Visitor<'de> for Length {
        type Value = usize;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<usize, A::Error> {
            let mut length = 0;
            while seq.next_element::<IgnoredAny>()?.is_some() {
                length += 1;
            }
            Ok(length)
        }
    }
    serde_json::Deserializer::from_str(value).deserialize_seq(Length).ok()
}

/// The text that the value is, if it is one.
pub(crate) fn text(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// The texts of an array, the first `most` values of it; what is no text is left out. Empty when it is no array.
pub(crate) fn texts(value: Option<&RawValue>, most: usize) -> Vec<String> {
    struct JsonTexts(usize);
    impl<'de> Visitor<'de> for JsonTexts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            while let Some(value) = seq.next_element::<&RawValue>()? {
                if texts.len() < self.0 {
                    texts.extend(text(Some(value)));
                }
            }
            Ok(texts)
        }
    }
    let Some(value) = value else { return Vec::new() };
    serde_json::Deserializer::from_str(value.get()).deserialize_seq(JsonTexts(most)).unwrap_or_default()
}

/// The whole number, or the yes or no, that the value is, if it is one.
pub(crate) fn plain<T: serde::de::DeserializeOwned>(value: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_emoji_and_bytes_that_are_no_text_are_lost_and_nothing_else() {
        for (body, mended_as) in [
            (r#""\ud83d""#.as_bytes(), Some("\u{FFFD}")),
            (br#""\uDE00""#, Some("\u{FFFD}")),
            (br#""\ud83d\ude00""#, Some("😀")),
            (br#""\ud83d\ud83d\ude00x""#, Some("\u{FFFD}😀x")),
            (br#""\ude00\ud83d""#, Some("\u{FFFD}\u{FFFD}")),
            (br#""\ud83d\n\ude00""#, Some("\u{FFFD}\n\u{FFFD}")),
            (br#""\\ud83d""#, Some("\\ud83d")),
            (br#""\\\ud83d\\""#, Some("\\\u{FFFD}\\")),
            (br#""\ud83""#, None),
            (br#""\u+83d""#, None),
            (br#""\"#, None),
            (b"\"\xea\xb0\"", Some("\u{FFFD}")),
            ("\"가\"".as_bytes(), Some("가")),
        ] {
            let read = serde_json::from_str::<String>(&mended(body)).ok();
            assert_eq!(read.as_deref(), mended_as, "{}", String::from_utf8_lossy(body));
        }
        assert!(matches!(mended(r#"{"a":"\ud83d\ude00"}"#.as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn of_an_object_what_is_asked_for_is_read_and_nothing_else() {
        let read = |json| fields(json, ["a", "b"]).map(|values| values.map(|value| value.map(RawValue::get)));
        assert_eq!(read(r#" {"b": [1 ,2], "c": {"a": 1}, "\u0061": null} "#).unwrap(), [None, Some("[1 ,2]")]);
        assert_eq!(read("{}").unwrap(), [None, None]);
        for json in ["", "[]", "null", "{", "{} x", r#"{"a":1,"a":2}"#, r#"{"a":null,"a":2}"#, r#"{"a":}"#] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn arrays_are_counted_or_read_one_by_one_and_never_past_a_limit() {
        let read = |json| each(json, 2, str::to_owned).ok();
        assert_eq!(read(r#"[ {"a":1} , 2]"#), Some(vec![r#"{"a":1}"#.to_owned(), "2".to_owned()]));
        assert_eq!(
            (read("[]"), read("[1,2,3]"), read("{}"), read("[1] x"), read("[1,")),
            (Some(vec![]), None, None, None, None)
        );
        let value = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        assert_eq!(
            (length("[]"), length("[1,[2,3],null]"), length("3"), length("null")),
            (Some(0), Some(3), None, None)
        );
        let list = |json| texts(Some(&value(json)), 2);
        assert_eq!((list(r#"["a",1,"b","c"]"#), list("1")), (vec!["a".to_owned(), "b".to_owned()], vec![]));
    }
}
