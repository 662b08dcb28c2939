//! What a file is that is no picture, told from the bytes at its front, and the way out. A file that is fetched from elsewhere, a page
//! that was saved in place of a picture, a document, a film: each has its own.

use super::bytes::number;

/// What a file is instead of a picture that Kakao takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// Completes "it is …".
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

const SAVE: &str = "Kakao takes JPEG, PNG and GIF, told from the bytes and not from the name: save it as JPEG or PNG in an image program";
const PHONE: &str = "Kakao takes JPEG, PNG and GIF: save it as JPEG in an image program; an iPhone takes JPEGs itself with Settings, \
     Camera, Formats, Most Compatible";
const FILM: &str = "save one of its pictures as JPEG or PNG: a photo story takes no films";
const DRAW: &str = "save it as PNG in a drawing program, at the size at which it is to appear";
const DOCUMENT: &str = "save the page, or the picture in it, as JPEG or PNG";
const UNPACK: &str = "unpack it, and name the picture that is in it";
const AGAIN: &str = "copy the picture here again from where it comes from";
const DOWNLOAD: &str = "open the address in a browser to see what it shows, and save the picture itself";
const LFS: &str = "run `git lfs pull` on this machine (after `git lfs install`): only a note on the picture lies here, not the picture";
const ANNEX: &str =
    "run `git annex get` for this file on this machine: only a note on the picture lies here, not the picture";
const CRYPT: &str = "run `git-crypt unlock` on this machine";
const LINK: &str =
    "check it out where symbolic links can be made (`git config core.symlinks true`), or name the picture itself";
const DOUBLE: &str =
    "name the file of the same name without `._`, and delete this one: macOS writes it beside each file";
const CLOUD: &str = "download the picture in the Finder, then copy it here: this is a placeholder of a file in iCloud";
const SHORTCUT: &str = "copy the picture itself here: a shortcut leads to it on one machine only";
const BASE64: &str = "turn it back into a picture: `base64 -d < text > picture`";
/// What a file is called that nothing is known of.
pub(crate) const UNKNOWN: &str = "of an unknown format";
/// What helps where line ends were converted.
pub(crate) const LINE_ENDS: &str = "take the picture anew from where it comes from, since what was converted cannot be put right; in git, write \
     `*.png binary`, `*.jpg binary` and `*.gif binary` into `.gitattributes` before that; by FTP, send it in binary mode";
const AS_TEXT: &str =
    "take the picture anew from where it comes from: what is lost cannot be put right; copy it as a file, not as text";

/// Where some bytes stand, what a file is that has them there, and the way out. The first that fits counts.
const SIGNS: &[(usize, &[u8], &str, &str)] = &[
    // What only stands for a file.
    (0, b"version https://git-lfs.github.com/", "a Git LFS pointer: the picture itself was not fetched here", LFS),
    (0, b"version https://hawser.github.com/", "a Git LFS pointer: the picture itself was not fetched here", LFS),
    (0, b"version http://git-media.io/", "a Git LFS pointer: the picture itself was not fetched here", LFS),
    (0, b"/annex/objects/", "a git-annex pointer: the picture itself was not fetched here", ANNEX),
    (0, b"\0GITCRYPT\0", "encrypted by git-crypt", CRYPT),
    (0, b"age-encryption.org/", "encrypted", "decrypt it on this machine"),
    (0, b"-----BEGIN PGP MESSAGE", "encrypted", "decrypt it on this machine"),
    (0, b"\x00\x05\x16\x07", "the companion (`._…`) that macOS writes beside a file", DOUBLE),
    (0, b"\x00\x05\x16\x00", "an AppleSingle file", AGAIN),
    (0, b"bplist", "a property list, as iCloud puts in place of a file that is not here", CLOUD),
    (0, b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut", SHORTCUT),
    (0, b"book\0\0\0\0mark", "a macOS alias", SHORTCUT),
    (0, b"[InternetShortcut]", "a shortcut to a web page", DOWNLOAD),
    (0, b"[Desktop Entry]", "a shortcut", SHORTCUT),
    // Pictures as text.
    (0, b"data:image/", "a picture written as a data URL", BASE64),
    (0, b"iVBORw0KGgo", "a picture written as base64 text", BASE64),
    (0, b"/9j/", "a picture written as base64 text", BASE64),
    (0, b"R0lGOD", "a picture written as base64 text", BASE64),
    // What was read as text and written again.
    (0, b"\xef\xbf\xbdPNG", "a PNG that was read as text and written again, which damaged it", AS_TEXT),
    (0, b"\xc2\x89PNG", "a PNG that was read as text and written again, which damaged it", AS_TEXT),
    (0, b"\tPNG", "a PNG that was sent as text, which damaged it", AS_TEXT),
    (
        0,
        b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
        "a picture that was read as text and written again, which damaged it",
        AS_TEXT,
    ),
    (0, b"\xc3\xbf\xc3\x98\xc3\xbf", "a JPEG that was read as text and written again, which damaged it", AS_TEXT),
    (
        0,
        b"\x89PNG\r\r\n",
        "a PNG whose line ends were converted on the way, by git or FTP, which damaged it",
        LINE_ENDS,
    ),
    (
        0,
        b"\x89PNG\r\n\x1a\r\n",
        "a PNG whose line ends were converted on the way, by git or FTP, which damaged it",
        LINE_ENDS,
    ),
    (0, b"\x89PNG\n", "a PNG whose line ends were converted on the way, by git or FTP, which damaged it", LINE_ENDS),
    (
        0,
        b"\x89PNG\r\x1a",
        "a PNG whose line ends were converted on the way, by git or FTP, which damaged it",
        LINE_ENDS,
    ),
    (
        0,
        b"\x89PNG\r\r\x1a",
        "a PNG whose line ends were converted on the way, by git or FTP, which damaged it",
        LINE_ENDS,
    ),
    // Damaged at the front.
    (0, b"\x89PNG", "damaged: a PNG whose first bytes were altered", AGAIN),
    (0, b"\xff\xd8", "damaged: a JPEG whose first bytes were altered", AGAIN),
    (0, b"GIF8", "damaged: a GIF whose first bytes were altered", AGAIN),
    // Other pictures.
    (8, b"WEBP", "a WebP picture", SAVE),
    (0, b"II*\0\x10\0\0\0CR", "a camera's raw picture", SAVE),
    (0, b"II*\0", "a TIFF picture, or a camera's raw one", SAVE),
    (0, b"MM\0*", "a TIFF picture, or a camera's raw one", SAVE),
    (0, b"II+\0", "a TIFF picture", SAVE),
    (0, b"MM\0+", "a TIFF picture", SAVE),
    (0, b"IIRO", "a camera's raw picture", SAVE),
    (0, b"IIRS", "a camera's raw picture", SAVE),
    (0, b"IIU\0", "a camera's raw picture", SAVE),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw picture", SAVE),
    (0, b"FOVb", "a camera's raw picture", SAVE),
    (0, b"8BPS", "a Photoshop document (PSD)", SAVE),
    (0, b"gimp xcf", "a GIMP document (XCF)", SAVE),
    (0, b"CSFCHUNK", "a Clip Studio document", SAVE),
    (0, b"fig-kiwi", "a Figma document", SAVE),
    (0, b"\0\0\x01\0", "an icon (ICO)", SAVE),
    (0, b"\0\0\x02\0", "a cursor (CUR)", SAVE),
    (0, b"icns", "a macOS icon", SAVE),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", SAVE),
    (0, b"\xff\x0a", "a JPEG XL picture", SAVE),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", SAVE),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", SAVE),
    (0, b"II\xbc", "a JPEG XR picture", SAVE),
    (0, b"qoif", "a QOI picture", SAVE),
    (0, b"DDS ", "a DDS texture", SAVE),
    (0, b"P6\n", "a PPM picture", SAVE),
    (0, b"P5\n", "a PGM picture", SAVE),
    (0, b"\x8aMNG", "an MNG picture", SAVE),
    // Drawings and documents.
    (0, b"%PDF", "a PDF document", DOCUMENT),
    (0, b"%!PS", "a PostScript drawing", DRAW),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript drawing (EPS)", DRAW),
    (0, b"\xd7\xcd\xc6\x9a", "a Windows drawing (WMF)", DRAW),
    (40, b" EMF", "a Windows drawing (EMF)", DRAW),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "a document of an office program (HWP, Word, Excel or PowerPoint)",
        DOCUMENT,
    ),
    (0, b"HWP Document File", "a Hangul document (HWP)", DOCUMENT),
    (0, b"{\\rtf", "a text document (RTF)", DOCUMENT),
    // Films and sound.
    (8, b"AVI ", "a film (AVI)", FILM),
    (8, b"WAVE", "a sound (WAV)", FILM),
    (0, b"\x1a\x45\xdf\xa3", "a film (WebM or Matroska)", FILM),
    (0, b"FLV\x01", "a film (FLV)", FILM),
    (0, b"\0\0\x01\xba", "a film (MPEG)", FILM),
    (0, b"\0\0\x01\xb3", "a film (MPEG)", FILM),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a film (WMV)", FILM),
    (4, b"moov", "a film (QuickTime)", FILM),
    (4, b"mdat", "a film (QuickTime)", FILM),
    (4, b"wide", "a film (QuickTime)", FILM),
    (0, b"OggS", "a film or a sound (Ogg)", FILM),
    (0, b"ID3", "a sound (MP3)", FILM),
    (0, b"fLaC", "a sound (FLAC)", FILM),
    (0, b"FWS", "a Flash film", FILM),
    (0, b"CWS", "a Flash film", FILM),
    // Archives and programs.
    (0, b"Rar!", "an archive (RAR)", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive (7z)", UNPACK),
    (0, b"\x1f\x8b", "compressed (gzip)", UNPACK),
    (0, b"BZh", "compressed (bzip2)", UNPACK),
    (0, b"\xfd7zXZ\0", "compressed (xz)", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "compressed (Zstandard)", UNPACK),
    (257, b"ustar", "an archive (tar)", UNPACK),
    (0, b"SQLite format 3\0", "a database", AGAIN),
    (0, b"\x7fELF", "a program", AGAIN),
    (0, b"MZ", "a Windows program", AGAIN),
    // A server's answer, headers and all.
    (0, b"HTTP/1.", "the answer of a web server with its headers", DOWNLOAD),
];

/// What texts begin with, in small letters, behind any blanks.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "<!doctype html",
        "a web page (HTML), perhaps an error or a login page that was saved in place of the picture",
        DOWNLOAD,
    ),
    ("<html", "a web page (HTML), perhaps an error or a login page that was saved in place of the picture", DOWNLOAD),
    ("<head", "a web page (HTML), perhaps an error or a login page that was saved in place of the picture", DOWNLOAD),
    ("<body", "a web page (HTML), perhaps an error or a login page that was saved in place of the picture", DOWNLOAD),
    ("<script", "a web page (HTML), perhaps an error or a login page that was saved in place of the picture", DOWNLOAD),
    ("<svg", "an SVG drawing", DRAW),
    ("<!doctype svg", "an SVG drawing", DRAW),
    ("<!doctype plist", "a property list", SHORTCUT),
    ("{", "a JSON text, perhaps the error of a server that was saved in place of the picture", DOWNLOAD),
];

/// What a file is whose bytes begin like this; `bytes` is how long it is.
pub(crate) fn odd(front: &[u8], bytes: u64) -> Odd {
    let is = |what: &str, help| Odd { what: what.to_owned(), help };
    if bytes == 0 {
        return is("empty", AGAIN);
    }
    if front.iter().all(|byte| *byte == 0) {
        return is("filled with zeros: a copy or a download that was cut short leaves such a file", AGAIN);
    }
    if let Some(found) = boxed(front).or_else(|| zipped(front)).or_else(|| bitmap(front)) {
        return found;
    }
    let fits =
        |(at, sign, ..): &&(usize, &[u8], &str, &str)| front.get(*at..).is_some_and(|part| part.starts_with(sign));
    if let Some((_, _, what, help)) = SIGNS.iter().find(fits) {
        return is(what, help);
    }
    if let Some(found) = text(front, bytes) {
        return found;
    }
    let inside = |sign: &[u8]| front.windows(sign.len()).position(|part| part == sign).is_some_and(|at| at > 0);
    if inside(super::png::SIGNATURE) || inside(b"\xff\xd8\xff\xe0") || inside(b"\xff\xd8\xff\xe1") {
        return is("a file in which something stands in front of the picture", AGAIN);
    }
    is(UNKNOWN, SAVE)
}

/// The pictures, films and sounds whose parts are boxes, by the names that the first one lists.
fn boxed(front: &[u8]) -> Option<Odd> {
    let length = number(front, 0, 4, false)?;
    if front.get(4..8)? != b"ftyp" {
        return None;
    }
    let names = front.get(8..length.clamp(12, 256).min(front.len()))?;
    // The second word is a version.
    let has = |wanted: &[&[u8]]| names.chunks(4).enumerate().any(|(n, name)| n != 1 && wanted.contains(&name));
    let (what, help) = match front.get(8..12)? {
        b"qt  " => ("a film (QuickTime)", FILM),
        b"crx " => ("a camera's raw picture", SAVE),
        b"M4A " | b"M4B " => ("a sound (M4A)", FILM),
        _ if has(&[b"avif", b"avis"]) => ("an AVIF picture", SAVE),
        _ if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) => {
            ("a HEIC picture", PHONE)
        }
        _ => ("a film (MP4)", FILM),
    };
    Some(Odd { what: what.to_owned(), help })
}

fn zipped(front: &[u8]) -> Option<Odd> {
    if !front.starts_with(b"PK\x03\x04") && !front.starts_with(b"PK\x05\x06") {
        return None;
    }
    let has = |part: &[u8]| front.windows(part.len()).any(|window| window == part);
    let (what, help) = if has(b"word/") {
        ("a Word document", DOCUMENT)
    } else if has(b"xl/") {
        ("an Excel document", DOCUMENT)
    } else if has(b"ppt/") {
        ("a PowerPoint document", DOCUMENT)
    } else if has(b"application/hwp+zip") {
        ("a Hangul document (HWPX)", DOCUMENT)
    } else if has(b"mimetypeapplication/") || has(b"[Content_Types].xml") {
        ("a document of an office program", DOCUMENT)
    } else {
        ("an archive (ZIP)", UNPACK)
    };
    Some(Odd { what: what.to_owned(), help })
}

fn bitmap(front: &[u8]) -> Option<Odd> {
    // Two letters are little: the reserved bytes behind the length are none.
    let is = front.starts_with(b"BM") && front.get(6..10)? == [0; 4];
    is.then(|| Odd { what: "a BMP picture".to_owned(), help: SAVE })
}

/// A text, if it is one: of a known kind, the name of another file, or any.
fn text(front: &[u8], bytes: u64) -> Option<Odd> {
    let is = |what: &str, help| Some(Odd { what: what.to_owned(), help });
    let text = match std::str::from_utf8(front) {
        Ok(text) => text,
        // The front may end within a character.
        Err(err) if err.error_len().is_none() => std::str::from_utf8(front.get(..err.valid_up_to())?).ok()?,
        Err(_) => return utf16(front),
    };
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}')) {
        return None;
    }
    let said = text.trim_start_matches('\u{feff}').trim().to_ascii_lowercase();
    let xml = said.starts_with("<?xml") || said.starts_with("<!--");
    if said.is_empty() {
        return is("a text of nothing but blanks", AGAIN);
    }
    if xml && said.contains("<svg") {
        return is("an SVG drawing", DRAW);
    }
    if xml && said.contains("<html") {
        return is(TEXTS[0].1, DOWNLOAD);
    }
    if let Some((_, what, help)) = TEXTS.iter().find(|(start, ..)| said.starts_with(start)) {
        return is(what, help);
    }
    if xml || said.starts_with('<') {
        return is(
            "an XML text, perhaps the error of a storage service that was saved in place of the picture",
            DOWNLOAD,
        );
    }
    let ends = [".jpg", ".jpeg", ".png", ".gif", ".jpe", ".jfif"].iter().any(|end| said.ends_with(end));
    if bytes < 1_024 && ends && !said.contains(['\n', '\r']) {
        if said.contains("annex/objects/") {
            return is("a git-annex pointer: the picture itself was not fetched here", ANNEX);
        }
        let named = text.trim();
        let what =
            format!("a text that names another file (`{named}`): a symbolic link that was checked out as a text");
        return Some(Odd { what, help: LINK });
    }
    is("a text, not a picture", AGAIN)
}

fn utf16(front: &[u8]) -> Option<Odd> {
    let is = front.starts_with(b"\xff\xfe") || front.starts_with(b"\xfe\xff");
    is.then(|| Odd { what: "a text, not a picture".to_owned(), help: AGAIN })
}
