//! What a job says, held against Kakao's limits: the text, the images, the link.
//!
//! Images come in two steps, so that nothing here reads a file: the names are gathered, `source` looks at the files, and the
//! facts are judged here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::fields::{self, Fields, Placed, Report};
use super::policy::Type;
use super::problem::Code;
use super::source::{ImageFacts, ImageTrouble};
use crate::domain::content::{Body, IMAGE_BYTES_LIMIT, IMAGES_MAX, Image, ImageFormat, TEXT_UNITS_MAX, text_units};

/// The keys that only some types take: (key, the types).
const BY_TYPE: [(&str, &[Type]); 2] = [("images", &[Type::Photo]), ("url", &[Type::Link])];

/// Longest URL, in bytes: what browsers and proxies pass on without cutting.
const URL_BYTES_MAX: usize = 2_000;

/// A body whose images are names still.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Note { text: String },
    Photo { text: Option<String>, images: Vec<Placed<PathBuf>>, span: Range<usize> },
    Link { text: Option<String>, url: String },
}

/// Reads `content`, `images` and `url`. What is wrong is reported; nothing comes back unless the body is whole.
pub(super) fn read(fields: &Fields<'_>, kind: Option<Type>, report: &mut Report) -> Option<Wanted> {
    for (key, types) in BY_TYPE {
        if let Some(kind) = kind
            && fields.has(key)
            && !types.contains(&kind)
        {
            let owner = types.first().map_or("", |kind| kind.as_str());
            report
                .add(Code::Misplaced, &fields.key_span(key), format!("a {} has no `{key}`", kind.as_str()))
                .help(format!("remove the line, or write `type: {owner}`"));
        }
    }
    let had = report.problems.len();
    let text = text(fields, report);
    let broken = report.problems.len() > had;
    match kind? {
        Type::Note => {
            if fields.lacks("content") {
                fields::missing(fields, "a note", "content", "content: 겨울 신메뉴가 나왔어요!", report);
            }
            Some(Wanted::Note { text: text? })
        }
        Type::Photo => {
            if fields.lacks("images") {
                fields::missing(fields, "a photo", "images", "images: [images/latte-1.jpg]", report);
            }
            let images = images(fields, report)?;
            (!broken).then(|| Wanted::Photo { text, images, span: fields.key_span("images") })
        }
        Type::Link => {
            if fields.lacks("url") {
                fields::missing(fields, "a link", "url", "url: https://example.com/menu", report);
            }
            let url = url(fields, report)?;
            (!broken).then_some(Wanted::Link { text, url })
        }
    }
}

/// LF line breaks, and no white space at the end: a block of YAML ends with a line break that nobody means to post. White space
/// in front stays.
pub fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}

fn text(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let node = fields.get("content")?;
    let Placed { value, span } = fields.text("content", report)?;
    let text = normalised(&value);
    let units = text_units(&text);
    if text.is_empty() {
        report
            .add(Code::EmptyText, if span.is_empty() { &fields.span } else { &span }, "`content` is empty")
            .help("write what the story says; a photo and a link may also leave `content` out");
        return None;
    }
    if units > TEXT_UNITS_MAX {
        report
            .add(
                Code::TextTooLong,
                &span,
                format!("the text has {units} characters as Kakao counts; at most {TEXT_UNITS_MAX} fit"),
            )
            .help(format!("shorten it by {}; most emoji count as two", units - TEXT_UNITS_MAX));
        return None;
    }
    if let Some(odd) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        let message = format!("the text holds the control character U+{:04X}", u32::from(odd));
        report
            .add(Code::ControlCharacter, &span, message)
            .help("remove it: nobody can see it, and Kakao may refuse it");
        return None;
    }
    if node.plain {
        warn_about_comment(&span, report);
    }
    Some(text)
}

/// ` #라떼` behind an unquoted text is a comment to YAML and a hashtag to everybody else.
fn warn_about_comment(span: &Range<usize>, report: &mut Report) {
    let line = report.source.line_range(report.source.line_index(span.end));
    let rest = report.source.slice(&(span.end..line.end)).to_owned();
    let hash = rest.trim_start();
    if rest.len() > hash.len() && hash.strip_prefix('#').is_some_and(|tag| tag.starts_with(char::is_alphanumeric)) {
        let at = line.end - hash.len();
        report
            .add(
                Code::TextCut,
                &(at..line.end),
                format!("`{}` is not posted: to YAML it is a comment", hash.trim_end()),
            )
            .help(
                "put the whole text in double quotes if it belongs to it; write a space after `#` if it is a comment",
            );
    }
}

fn images(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<Placed<PathBuf>>> {
    let names = fields.texts("images", report)?;
    let span = fields.key_span("images");
    if names.is_empty() {
        report.add(Code::ImageCount, &span, "`images` is an empty list").help("a photo has 1 to 10 images");
        return None;
    }
    if names.len() > IMAGES_MAX {
        report
            .add(Code::ImageCount, &span, format!("{} images; a photo has at most {IMAGES_MAX}", names.len()))
            .help("make two photos of it");
        return None;
    }
    let mut images = Vec::new();
    for Placed { value, span } in names {
        if value.starts_with("http://") || value.starts_with("https://") {
            report
                .add(Code::ImageUnreadable, &span, "an image is a file, not a web address")
                .help("download it, put it beside the job file, and write its name here");
        } else if value.is_empty() || value.contains('\0') {
            report.add(Code::ImageUnreadable, &span, "the name of an image is empty or cannot be a file's");
        } else {
            images.push(Placed { value: report.source.dir().join(value), span });
        }
    }
    Some(images)
}

fn url(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text("url", report)?;
    match check_url(&value) {
        Ok(()) => Some(value),
        Err(why) => {
            report
                .add(Code::BadUrl, &span, format!("`{value}` cannot be a link: {why}"))
                .help("write the whole address, as in `https://example.com/menu`");
            None
        }
    }
}

/// Whether a text is an absolute http or https URL with a host. The error completes "cannot be …:".
pub fn check_url(text: &str) -> Result<(), String> {
    if text.len() > URL_BYTES_MAX {
        return Err(format!("it is longer than {URL_BYTES_MAX} bytes"));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds white space".to_owned());
    }
    let url = url::Url::parse(text).map_err(|err| match err {
        url::ParseError::RelativeUrlWithoutBase => "it does not begin with `https://`".to_owned(),
        err => err.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("it begins with `{}:` instead of `https:`", url.scheme()));
    }
    // "https:example.com" is mended by browsers, and by the parser; what is posted is not guessed.
    if !text.to_ascii_lowercase().starts_with(&format!("{}://", url.scheme()))
        || url.host_str().is_none_or(str::is_empty)
    {
        return Err("it names no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password, which everyone would see".to_owned());
    }
    Ok(())
}

/// Judges what was found about the images, and makes the body whole. The second value is the images' files.
pub(super) fn finish(
    wanted: Wanted,
    facts: &BTreeMap<PathBuf, Result<ImageFacts, ImageTrouble>>,
    report: &mut Report,
) -> Option<(Body, Vec<PathBuf>)> {
    let (text, wanted, span) = match wanted {
        Wanted::Note { text } => return Some((Body::Note { text }, Vec::new())),
        Wanted::Link { text, url } => return Some((Body::Link { text, url }, Vec::new())),
        Wanted::Photo { text, images, span } => (text, images, span),
    };
    let mut images = Vec::new();
    let mut files = Vec::new();
    for Placed { value: path, span } in &wanted {
        if let Some(image) = image(path, span, facts.get(path), report) {
            images.push(image);
            files.push(path.clone());
        }
    }
    if images.len() > 1 && images.iter().any(|image| image.format == ImageFormat::Gif) {
        report
            .add(Code::GifNotAlone, &span, "a GIF stands beside other images")
            .help("Kakao Story takes a GIF alone: make a photo of its own for it");
        return None;
    }
    (images.len() == wanted.len()).then_some((Body::Photo { images, text }, files))
}

fn image(
    path: &Path,
    span: &Range<usize>,
    facts: Option<&Result<ImageFacts, ImageTrouble>>,
    report: &mut Report,
) -> Option<Image> {
    let shown = path.display();
    match facts {
        Some(Ok(facts)) => Some(Image {
            sha256: facts.sha256.clone(),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            format: facts.format,
            bytes: facts.bytes,
        }),
        Some(Err(ImageTrouble::Unreadable(why))) => {
            let note = report.add(Code::ImageUnreadable, span, format!("the image {shown} cannot be read: {why}"));
            note.help("image names are relative to the folder of the job file; upper and lower case matter");
            None
        }
        Some(Err(ImageTrouble::TooBig(bytes))) => {
            report
                .add(
                    Code::ImageTooBig,
                    span,
                    format!("the image has {bytes} bytes; Kakao takes less than {IMAGE_BYTES_LIMIT}"),
                )
                .help("save it smaller, or as a JPEG");
            None
        }
        Some(Err(ImageTrouble::Format(what))) => {
            report.add(Code::ImageFormat, span, format!("{shown} is {what}, not a JPEG, PNG or GIF")).help(
                "the format is told from the bytes, not from the name: save it as JPEG or PNG in an image program",
            );
            None
        }
        // Every name that was gathered was looked at; a miss here would be our own mistake, and must not pass for an image.
        None => {
            report.add(Code::ImageUnreadable, span, format!("the image {shown} was not looked at"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_lf_and_the_end_is_trimmed() {
        assert_eq!(normalised("  a\r\n\r\nb \t\r\n\n"), "  a\n\nb");
        assert_eq!(normalised("\n"), "");
    }

    #[test]
    fn links_are_whole_addresses() {
        for url in [
            "https://example.com",
            "http://example.com:8080/메뉴?a=1#b",
            "HTTPS://EXAMPLE.com/",
            "https://카페.kr/",
            "https://[::1]/",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "example.com/menu",
            "ftp://example.com/",
            "https://",
            "https:example.com",
            "https://a b/",
            "javascript:alert(1)",
            "https://me:pw@example.com/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
