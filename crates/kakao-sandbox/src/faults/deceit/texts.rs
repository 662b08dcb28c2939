//! Lies about what a story says: what stands in the field in place of a text.
//!
//! [`super::regular`] alters every text in one way, [`super::irregular`] in a way that differs from text to text.

use serde_json::{Value, json};

use super::family::Told;
use super::text_names::TextLie;
use super::{irregular, regular};

impl Told<TextLie> {
    /// What is shown in place of the text `right` of a story; `None`: nothing. `key` tells stories apart.
    pub(crate) fn shown(&self, right: &str, key: u64) -> Option<Value> {
        match self.lie {
            TextLie::Empty => Some(json!("")),
            TextLie::Number => Some(json!(right.chars().count())),
            TextLie::Null => Some(Value::Null),
            TextLie::Missing => None,
            _ => Some(json!(self.altered(right, key))),
        }
    }

    /// The text that comes of `right`.
    pub(crate) fn altered(&self, right: &str, key: u64) -> String {
        match irregular::altered(self.lie, right, key) {
            Some(text) => text,
            None => regular::altered(self.lie, right, self.size),
        }
    }
}
