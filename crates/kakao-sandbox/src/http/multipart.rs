//! Reads `multipart/form-data` from bytes that are already in memory, as forgiving of form as the clients in the field need.
//!
//! Pure. Not a library, because the parts must be had all or none, and because the odd shapes that are taken (an empty type, no part headers but
//! the disposition, full path file names, no space before `boundary`) are the point.

use axum::body::Bytes;

/// One part. `data` shares the bytes of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The field's name; empty when the part has none.
    pub(crate) name: String,
    /// The file name as sent, or `None` for a text part. An empty one is a form field without a chosen file, so it counts as none.
    pub(crate) file_name: Option<String>,
    /// The declared type, which decides nothing.
    pub(crate) content_type: Option<String>,
    pub(crate) data: Bytes,
}

/// Parts beyond this are not read; the image limit is far below.
const PARTS_MAX: usize = 64;

/// The boundary named by a `Content-Type`, when that is `multipart/form-data` with one of 1 to 200 characters.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameter(parameters, "boundary")?;
    (1..=200).contains(&value.len()).then_some(value)
}

/// The parts of `body`, or `None` when it is not a well-formed multipart body with this boundary.
pub(crate) fn parse(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let first = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    // A preamble before the first boundary is legal and ignored.
    let mut at = if body.starts_with(first.as_bytes()) {
        first.len()
    } else {
        find(body, delimiter.as_bytes(), 0)? + delimiter.len()
    };
    let mut parts = Vec::new();
    loop {
        if body[at..].starts_with(b"--") {
            return Some(parts);
        }
        let start = at + body[at..].iter().position(|byte| *byte == b'\n')? + 1;
        // One byte back, so that a part without any content before its delimiter is seen.
        let end = find(body, delimiter.as_bytes(), start.checked_sub(2)?)?;
        if parts.len() < PARTS_MAX {
            parts.push(parse_part(body, start, end)?);
        }
        at = end + delimiter.len();
    }
}

fn parse_part(body: &Bytes, start: usize, end: usize) -> Option<Part> {
    let text = body.get(start..end.max(start))?;
    let (head, data_at) = if text.starts_with(b"\r\n") {
        (&text[..0], start + 2)
    } else {
        let blank = find(text, b"\r\n\r\n", 0)?;
        (&text[..blank], start + blank + 4)
    };
    let head = String::from_utf8_lossy(head);
    let mut part =
        Part { name: String::new(), file_name: None, content_type: None, data: body.slice(data_at.min(end)..end) };
    for line in head.split("\r\n") {
        let Some((key, value)) = line.split_once(':') else { continue };
        if key.trim().eq_ignore_ascii_case("content-disposition") {
            let parameters = value.split_once(';').map_or("", |(_, rest)| rest);
            part.name = parameter(parameters, "name").unwrap_or_default();
            let file_name = parameter(parameters, "filename").or_else(|| parameter(parameters, "filename*"));
            part.file_name = file_name.filter(|name| !name.is_empty());
        } else if key.trim().eq_ignore_ascii_case("content-type") {
            part.content_type = Some(value.trim().to_owned());
        }
    }
    Some(part)
}

/// The value of `name` in `; a=b; c="d"`. A backslash only escapes a quote: browsers on Windows once sent whole paths.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([';', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let (key, after) = rest.split_once('=')?;
        let (value, tail) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = tail;
    }
}

fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                value.push('"');
                characters.next();
            }
            other => value.push(other),
        }
    }
    None
}

fn find(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = from;
    while at + needle.len() <= text.len() {
        at += text[at..=text.len() - needle.len()].iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, boundary: &str) -> Option<Vec<Part>> {
        parse(&Bytes::from(text.to_owned()), boundary)
    }

    #[test]
    fn boundaries_are_found_with_and_without_a_space_and_in_quotes() {
        assert_eq!(boundary("multipart/form-data;boundary=---X"), Some("---X".into()));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), Some("a b".into()));
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("text/plain; boundary=X"), None);
    }

    #[test]
    fn a_part_without_a_type_and_with_dashes_in_its_data_is_whole() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\a\\0.jpg\"\r\n\r\nx\r\n--\r\n--Cy\r\n--B--\r\n";
        let parts = parts(body, "B").expect("well-formed");
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].file_name.as_deref(), Some("C:\\a\\0.jpg"));
        assert_eq!(parts[0].content_type, None);
        assert_eq!(&parts[0].data[..], b"x\r\n--\r\n--Cy");
    }

    #[test]
    fn empty_data_text_parts_and_unchosen_files_are_told_apart() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--B\r\n\
                    Content-Disposition: form-data; name=file_1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B--";
        let parts = parts(body, "B").expect("well-formed");
        assert_eq!(parts[0].file_name, None);
        assert!(parts[0].data.is_empty());
        assert_eq!((parts[1].name.as_str(), &parts[1].data[..]), ("file_1", &b"hello"[..]));
    }

    #[test]
    fn a_body_that_is_cut_or_has_another_boundary_is_refused() {
        assert_eq!(parts("--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nab", "B"), None);
        assert_eq!(parts("--A\r\n\r\n\r\n--A--", "B"), None);
        assert_eq!(parts("", "B"), None);
    }
}
