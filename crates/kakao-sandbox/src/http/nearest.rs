//! The valid name nearest to a mistyped one.

/// The candidate with the fewest edits from `wanted`, unless even that one is unlike it (more than a third of its letters).
pub(crate) fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::levenshtein(wanted, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_stranger_is_not() {
        let names = ["answer-lost", "request-dropped", "delay"];
        assert_eq!(nearest("anwser-lost", names.into_iter()), Some("answer-lost"));
        assert_eq!(nearest("dealy", names.into_iter()), Some("delay"));
        assert_eq!(nearest("elephant", names.into_iter()), None);
    }
}
