//! Reads `application/x-www-form-urlencoded`: query strings and form bodies.
//!
//! Pure. Strict about UTF-8, because a text that Kakao would garble is a mistake of the client that must show.

/// Name and value, in the order sent; a name may come twice.
pub(crate) type Pairs = Vec<(String, String)>;

/// Splits and decodes. `None` when a name or value is not UTF-8 after decoding.
pub(crate) fn parse(text: &[u8]) -> Option<Pairs> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(parse_pair).collect()
}

fn parse_pair(pair: &[u8]) -> Option<(String, String)> {
    let cut = pair.iter().position(|byte| *byte == b'=');
    let (name, value) = match cut {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, &pair[pair.len()..]),
    };
    Some((decode(name)?, decode(value)?))
}

/// `+` is a space, `%XX` a byte; a `%` without two hexadecimal digits stands for itself, as every form reader has it.
fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let escaped = if *first == b'%' { hex_byte(tail) } else { None };
        match (first, escaped) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
                continue;
            }
            (b'+', None) => bytes.push(b' '),
            (other, None) => bytes.push(*other),
        }
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

fn hex_byte(text: &[u8]) -> Option<u8> {
    let high = char::from(*text.first()?).to_digit(16)?;
    let low = char::from(*text.get(1)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
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
    }
}
