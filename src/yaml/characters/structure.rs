//! How a line shows that it is one of YAML's: its blanks, and the sign or the key that it begins with, as they look.

use crate::yaml::character::{CharacterClass, ascii, sort};

pub(crate) fn is_unseen(c: char) -> bool {
    matches!(sort(c), CharacterClass::Blank | CharacterClass::Invisible)
}

/// Whether a line begins as one of YAML's: a key, a dash, a remark, a document.
pub(crate) fn says_structure(bare: &str) -> bool {
    let first = bare.chars().next();
    let like = |c: char| ascii(c).unwrap_or_else(|| c.to_string());
    let key = bare.chars().take_while(|c| !c.is_whitespace() || *c == '\u{3000}').any(|c| like(c) == ":");
    key || first.is_some_and(|c| matches!(like(c).as_str(), "-" | "#" | "•"))
}
