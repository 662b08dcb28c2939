//! The name that was probably meant by one that nothing has. Pure.

/// The word that was probably meant: equal but for case and hyphens, or a few letters off.
pub fn nearest<'a>(name: &str, words: &[&'a str]) -> Option<&'a str> {
    let name = letters(name);
    let distance = |word: &str| strsim::osa_distance(&name, &letters(word));
    let (near, far) = words.iter().map(|word| (*word, distance(word))).min_by_key(|(_, distance)| *distance)?;
    // A third of the letters may be off: further away it is another word.
    (far <= letters(near).chars().count().max(name.chars().count()).div_ceil(3).min(3)).then_some(near)
}

/// Without case and hyphens, as keys are written.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

/// Each syllable of Hangul in its letters: a slip in one of them is one letter off.
fn letters(name: &str) -> String {
    icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(&folded(name)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let keys = ["content", "images", "delete_after", "at", "url"];
        assert_eq!(nearest("contnet", &keys), Some("content"));
        assert_eq!(nearest("Delete-After", &keys), Some("delete_after"));
        assert_eq!(nearest("image", &keys), Some("images"));
        assert_eq!(nearest("frequency", &keys), None);
        let tags = ["할인", "신메뉴"];
        assert_eq!((nearest("하린", &tags), nearest("신매뉴", &tags)), (Some("할인"), Some("신메뉴")));
        assert_eq!((nearest("휴무", &tags), nearest("전혀다른말", &tags)), (None, None));
    }
}
