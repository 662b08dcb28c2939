//! Reads `multipart/form-data` from bytes that are already in memory: all parts or none.

use std::convert::Infallible;

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

/// Parts beyond this are not kept; the image limit is far below.
const PARTS_MAX: usize = 64;

/// The boundary named by a `Content-Type`, when that is `multipart/form-data` with one of 1 to 200 characters.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    multer::parse_boundary(content_type).ok().filter(|boundary| (1..=200).contains(&boundary.len()))
}

/// The parts of `body`, or `None` when it is not a well-formed multipart body with this boundary.
pub(crate) async fn parse(body: Bytes, boundary: &str) -> Option<Vec<Part>> {
    let whole = futures_util::stream::once(std::future::ready(Ok::<Bytes, Infallible>(body)));
    let mut multipart = multer::Multipart::new(whole, boundary);
    let mut parts = Vec::new();
    while let Some(field) = multipart.next_field().await.ok()? {
        let text =
            |name: &str| field.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let part = Part {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().filter(|name| !name.is_empty()).map(str::to_owned),
            content_type: text("content-type"),
            data: Bytes::new(),
        };
        let data = field.bytes().await.ok()?;
        if parts.len() < PARTS_MAX {
            parts.push(Part { data, ..part });
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, boundary: &str) -> Option<Vec<Part>> {
        futures_util::FutureExt::now_or_never(parse(Bytes::from(text.to_owned()), boundary)).flatten()
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
