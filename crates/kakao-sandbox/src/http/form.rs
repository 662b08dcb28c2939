//! Reads `application/x-www-form-urlencoded`: query strings and form bodies.
//!
//! Strict about UTF-8, because a text that Kakao would garble is a mistake of the client that must show.

use percent_encoding::percent_decode;

/// Name and value, in the order sent; a name may come twice.
pub(crate) type Pairs = Vec<(String, String)>;

/// Splits and decodes. `None` when a name or value is not UTF-8 after decoding.
pub(crate) fn parse(text: &[u8]) -> Option<Pairs> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(parse_pair).collect()
}

fn parse_pair(pair: &[u8]) -> Option<(String, String)> {
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    let mut half = || decode(halves.next().unwrap_or_default());
    Some((half()?, half()?))
}

/// `+` is a space, `%XX` a byte; a `%` without two hexadecimal digits stands for itself.
fn decode(text: &[u8]) -> Option<String> {
    let text: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&text).decode_utf8().ok().map(|text| text.into_owned())
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
        assert_eq!(parse(b"a=\xef%BF%bd"), Some(vec![("a".into(), "\u{fffd}".into())]), "in part as it is");
    }
}
