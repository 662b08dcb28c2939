//! What a job says, held against Kakao's limits: the text, the images, the link.
//!
//! Images come in two steps, so that nothing here reads a file: the names are gathered, `source` looks at the files, and the
//! facts are judged here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::files::images::{ImageFacts, ImageTrouble};
use super::image::{ImageInfo, Odd};
use super::link::{self, LinkError};
use super::policy::Type;
use super::text::limits::{RawText, unreadable};
use super::text::lookalike;
use super::text::template;
use crate::domain::content::{Body, IMAGE_BYTES_LIMIT, IMAGES_MAX, Image, ImageFormat};
use crate::yaml::character::named;
use crate::yaml::characters;
use crate::yaml::document::{Node, ValueKind};
use crate::yaml::mapping::{self, Fields, Placed, Report};
use crate::yaml::problem::Code;

/// The keys that only some types take: (key, the types).
const BY_TYPE: [(&str, &[Type]); 2] = [("images", &[Type::Photo]), ("url", &[Type::Link])];

/// Longest side that a story is likely to show, in pixels. No document says it: a guess, and only ever a warning.
const PIXELS_SHOWN: usize = 2_048;

/// Most images of one photo that are looked at when there are too many.
const LOOKED_AT_MAX: usize = 100;

/// A body whose images are names still, and whose text depends on when it is posted.
#[derive(Clone, Debug)]
pub(crate) struct RawBody {
    pub(super) words: Option<RawText>,
    /// Nothing if it cannot be told what is posted.
    pub(super) shape: Option<RawContent>,
    /// Whether nothing is wrong with it.
    pub(super) whole: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum RawContent {
    Note,
    /// `names`: all of them as they were written, where one holds a variable; `images` are then those of the next occurrence.
    Photo {
        images: Vec<Placed<PathBuf>>,
        names: Option<Vec<String>>,
        span: Range<usize>,
    },
    Link {
        url: String,
    },
}

/// Reads `content` or `contents`, `images` and `url`. What is wrong is reported; what was read comes back all the same, for what is still
/// to be looked at: the files of images, and texts that are filled in.
pub(super) fn read(
    fields: &Fields<'_>,
    kind: Option<Type>,
    vars: BTreeMap<String, String>,
    report: &mut Report,
) -> RawBody {
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
    let known = if fields.has("url") { vars.clone() } else { BTreeMap::new() };
    let words = RawText::read(fields, vars, report);
    let says = fields.has("content") || fields.has("contents");
    let broken = says && words.as_ref().is_none_or(|words| !words.is_whole());
    let had = report.problems.len();
    let shape = match kind {
        Some(Type::Note) => {
            if !says && fields.lacks("content") && fields.lacks("contents") {
                mapping::missing(fields, "a note", "content", "content: 겨울 신메뉴가 나왔어요!", report);
            }
            words.as_ref().map(|_| RawContent::Note)
        }
        Some(Type::Photo) => {
            if fields.lacks("images") {
                mapping::missing(fields, "a photo", "images", "images: [images/latte-1.jpg]", report);
            }
            photo(fields, report)
        }
        Some(Type::Link) => {
            if fields.lacks("url") {
                mapping::missing(fields, "a link", "url", "url: https://example.com/menu", report);
            }
            url(fields, &known, report).map(|url| RawContent::Link { url })
        }
        // Which type is meant is told elsewhere; the images and the address can be wrong all the same.
        None => {
            if fields.has("url") {
                let _checked = url(fields, &known, report);
            }
            photo(fields, report)
        }
    };
    let whole = !broken && kind.is_some() && shape.is_some() && !report.has_errors_since(had);
    RawBody { words, shape, whole }
}

fn photo(fields: &Fields<'_>, report: &mut Report) -> Option<RawContent> {
    let span = fields.key_span("images");
    images(fields, report).map(|(images, names)| RawContent::Photo { images, names, span })
}

/// The images, and their names as they were written, where one of them holds a variable.
type ImageList = (Vec<Placed<PathBuf>>, Option<Vec<String>>);

fn images(fields: &Fields<'_>, report: &mut Report) -> Option<ImageList> {
    let node = fields.get("images")?;
    if described_images(node, report) {
        return None;
    }
    let names = fields.texts("images", report)?;
    let written = names.iter().any(|name| template::is_template(&name.value));
    let written = written.then(|| names.iter().map(|name| name.value.clone()).collect());
    let span = fields.key_span("images");
    if names.is_empty() {
        // Each of them was told of already.
        if matches!(&node.kind, ValueKind::List(items) if !items.is_empty()) {
            return None;
        }
        report.add(Code::ImageCount, &span, "`images` is an empty list").help("a photo has 1 to 10 images");
        return None;
    }
    if names.len() > IMAGES_MAX {
        report
            .add(Code::ImageCount, &span, format!("{} images; a photo has at most {IMAGES_MAX}", names.len()))
            .help("make two photos of it");
    }
    let mut images = Vec::new();
    for Placed { value, span } in names.into_iter().take(LOOKED_AT_MAX) {
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
    Some((if written.is_some() { Vec::new() } else { images }, written))
}

/// What other programs call the file in a description of a picture.
const FILE_KEYS: [&str; 8] = ["file", "path", "src", "image", "filename", "name", "media", "url"];

/// Reports images that are described by keys and values, as other programs take them: once, with what to write.
fn described_images(node: &Node, report: &mut Report) -> bool {
    let items = if let ValueKind::List(items) = &node.kind { items.as_slice() } else { std::slice::from_ref(node) };
    let Some(first) = items.iter().find(|item| matches!(item.kind, ValueKind::Map(_))) else { return false };
    let file = |item: &Node| {
        let ValueKind::Map(entries) = &item.kind else { return item.text().map(str::to_owned) };
        let named = |key: &&str| entries.iter().find(|entry| entry.key.text() == Some(*key));
        FILE_KEYS.iter().find_map(named).and_then(|entry| entry.value.text()).map(str::to_owned)
    };
    let names: Vec<String> =
        items.iter().filter_map(file).map(|name| format!("`- {}`", report.source.shown(&name))).collect();
    let write = if names.is_empty() { "`- images/latte.jpg`".to_owned() } else { names.join(", ") };
    report
        .add(Code::WrongType, &first.span, "each of `images` is the name of a file alone, but here are keys and values")
        .help(format!("write {write}: Kakao has no descriptions of pictures"));
    true
}

fn url(fields: &Fields<'_>, vars: &BTreeMap<String, String>, report: &mut Report) -> Option<String> {
    let Placed { value, span } = fields.text("url", report)?;
    if template::is_template(&value) {
        return Some(value);
    }
    if let Some(error) = lookalike::statement(&value) {
        unreadable(&error, &span, &value, None, report);
        return None;
    }
    match link::check(&value) {
        Ok(()) => {
            if let Some(composed) = link::composed_form(&value) {
                let message = "the address is written in decomposed letters, as file names on a Mac are: most servers know the composed ones";
                report
                    .add(Code::Decomposed, &span, message)
                    .help(format!("write `{composed}`, unless the page has the other name"));
            }
            Some(value)
        }
        Err(LinkError { code, why, instead }) => {
            let variable = lookalike::lookalikes(&value, |word| template::known(vars, word)).into_iter().next();
            let note = report.add(code, &span, format!("`{value}` cannot be a link: {why}"));
            match (instead, code) {
                _ if let Some(one) = variable => note.help(format!("for the variable write `{{{{ {} }}}}`", one.name)),
                (Some(instead), _) => note.help(format!("write `{instead}`")),
                (None, Code::PrivateUrl) => note.help("write the address under which everybody can open the page"),
                (None, _) => note.help("write the whole address, as in `https://example.com/menu`"),
            };
            None
        }
    }
}

/// Judges what was found about the images, and makes the body whole. The second value is the images' files.
pub(super) fn finish(
    shape: RawContent,
    text: Option<String>,
    facts: &BTreeMap<PathBuf, Result<ImageFacts, ImageTrouble>>,
    report: &mut Report,
) -> Option<(Body, Vec<PathBuf>)> {
    let (wanted, span) = match shape {
        RawContent::Note => return text.map(|text| (Body::Note { text }, Vec::new())),
        RawContent::Link { url } => return Some((Body::Link { text, url }, Vec::new())),
        RawContent::Photo { images, span, .. } => (images, span),
    };
    let mut images = Vec::new();
    let mut files = Vec::new();
    for Placed { value: path, span } in &wanted {
        if let Some((image, file)) = image(path, span, facts.get(path), report) {
            images.push(image);
            files.push(file);
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

/// Warns of what readers will see otherwise than the file looks here.
fn shown_otherwise(picture: &ImageInfo, path: &Path, span: &Range<usize>, report: &mut Report) {
    let (width, height) = picture.pixels;
    if width.max(height) > PIXELS_SHOWN {
        report
            .add(Code::ImageLarge, span, format!("the image is {width} × {height} pixels; readers will see a smaller form of it"))
            .help(format!(
                "fine print may not be readable: no document says how small it gets, so this is said of more than {PIXELS_SHOWN} pixels on a side"
            ));
    }
    if picture.turned {
        report
            .add(
                Code::ImageTurned,
                span,
                "the photo is stored on its side, with a note to turn it that not everybody heeds",
            )
            .help("open it in an image program, and save it upright");
    }
    if picture.print_colours {
        report
            .add(
                Code::ImagePrint,
                span,
                "the picture is in CMYK, the colours of print: many readers see wrong colours, or nothing",
            )
            .help("save it as RGB (sRGB) in an image program");
    }
    if picture.place {
        report
            .add(
                Code::ImagePlace,
                span,
                "the photo carries the place where it was taken, which whoever saves it may be able to read",
            )
            .help(format!(
                "it is posted byte for byte; to take the place out: `exiftool -gps:all= -xmp:geotag= {}`, or on a phone share it without its location",
                quoted(path)
            ));
    }
    if picture.moving && picture.format == ImageFormat::Png {
        report
            .add(
                Code::ImageMoves,
                span,
                "the image is an animated PNG, of which Kakao probably shows the first picture only",
            )
            .help("save it as a GIF, which stands alone in its photo");
    }
}

/// The file's own name, as a shell takes it.
fn quoted(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.chars().all(|c| c.is_alphanumeric() || "._-+".contains(c));
    if plain { name.into_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

pub(super) fn image(
    path: &Path,
    span: &Range<usize>,
    facts: Option<&Result<ImageFacts, ImageTrouble>>,
    report: &mut Report,
) -> Option<(Image, PathBuf)> {
    let shown = path.display();
    match facts {
        Some(Ok(facts)) => {
            shown_otherwise(&facts.picture, path, span, report);
            let image = Image {
                sha256: facts.sha256.clone(),
                name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                format: facts.picture.format,
                bytes: facts.bytes,
            };
            Some((image, facts.file.clone()))
        }
        Some(Err(ImageTrouble::Missing(near))) => {
            missing(path, span, near, report);
            None
        }
        Some(Err(ImageTrouble::Unreadable { why, help })) => {
            let usual = "image names are relative to the folder of the job file; upper and lower case matter";
            report
                .add(Code::ImageUnreadable, span, format!("the image {shown} cannot be read: {why}"))
                .help(help.as_deref().unwrap_or(usual));
            None
        }
        Some(Err(ImageTrouble::Outside)) => {
            let folder = path.parent().unwrap_or(path).display();
            report
                .add(
                    Code::ImageOutside,
                    span,
                    format!("the image {shown} lies outside the folders of the job files, or is a link that leads out of them"),
                )
                .help("put it below the folder that storyd reads job files from")
                .help(format!("or allow its folder in the settings: `image_dirs: [{folder}]` in storyd.yaml"));
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
        Some(Err(ImageTrouble::Format(Odd { what, help }))) => {
            report.add(Code::ImageFormat, span, format!("{shown} is {what}")).help(*help);
            None
        }
        // Every name that was gathered was looked at; a miss here would be our own mistake, and must not pass for an image.
        None => {
            report.add(Code::ImageUnreadable, span, format!("the image {shown} was not looked at"));
            None
        }
    }
}

/// No file has this name: which one was meant, and which character of the name is to blame.
fn missing(path: &Path, span: &Range<usize>, near: &[String], report: &mut Report) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let odd = characters::unseen(&name);
    let at = odd.map_or(span.clone(), |(at, c)| characters::spot(&report.source, span, &name, at, c));
    let several_lines = report.source.slice(span).trim_end().contains('\n');
    let message = format!("the image {} cannot be read: there is no such file", path.display());
    let message = match odd {
        Some((at, c)) => format!("{message}; its name holds {}{}", named(c), characters::beside(&name, at, c, false)),
        None => message,
    };
    let note = report.add(Code::ImageUnreadable, &at, message);
    if several_lines {
        note.help("to YAML these lines are one text: write each image on a line of its own with `- ` in front, and none behind `images:`");
        return;
    }
    let words: Vec<&str> = near.iter().map(String::as_str).collect();
    let clean = odd.map(|_| characters::seen_as(&name));
    let note = match (words.as_slice(), &clean) {
        ([], Some(clean)) => note.help(format!("write `{clean}`")),
        ([], None) => note,
        (all, _) => note.help(format!("did you mean {}?", mapping::any_of(all))),
    };
    note.help(if path.to_string_lossy().contains('\\') {
        "write `/` between folders, as in `images/latte.jpg`: it works everywhere"
    } else {
        "image names are relative to the folder of the job file; upper and lower case matter"
    });
}
