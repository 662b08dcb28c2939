//! Reads `application/x-www-form-urlencoded`: query strings and form bodies.
//!
//! Strict about UTF-8, because a text that Kakao would garble is a mistake of the client that must show.

use url::form_urlencoded;

/// Name and value, in the order sent; a name may come twice.
pub(crate) type Pairs = Vec<(String, String)>;

/// Splits and decodes. `None` when a name or value is not UTF-8 after decoding.
pub(crate) fn parse(text: &[u8]) -> Option<Pairs> {
    let pairs: Pairs = form_urlencoded::parse(text).into_owned().collect();
    // The decoder writes U+FFFD for what is not UTF-8. Encoding the pairs again and counting shows whether the client wrote it itself.
    let replaced = |pairs: &Pairs| {
        pairs
            .iter()
            .map(|(name, value)| name.matches('\u{fffd}').count() + value.matches('\u{fffd}').count())
            .sum::<usize>()
    };
    let sent = text.windows(3).filter(|three| three == b"\xef\xbf\xbd").count()
        + text.windows(9).filter(|nine| nine.eq_ignore_ascii_case(b"%ef%bf%bd")).count();
    (replaced(&pairs) == sent).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_order_and_kept_when_doubled() {
        let pairs = parse(b"content=a+b%21&content=%ED%95%9C&empty=&bare&u=http://bit.ly/1?x=2").expect("UTF-8");
        let expected =
            [("content", "a b!"), ("content", "한"), ("empty", ""), ("bare", ""), ("u", "http://bit.ly/1?x=2")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_lone_percent_stands_for_itself_and_bytes_that_are_not_utf8_are_refused() {
        assert_eq!(parse(b"a=100%&b=%zz"), Some(vec![("a".into(), "100%".into()), ("b".into(), "%zz".into())]));
        assert_eq!(parse(b"a=%ff"), None);
        assert_eq!(parse(b"a=%EF%BF%BD"), Some(vec![("a".into(), "\u{fffd}".into())]));
        assert_eq!(parse(b"a=%EF%BF%BD%ff"), None);
    }
}
