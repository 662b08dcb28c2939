//! What a picture is, told from its bytes and never from its name: format, size in pixels, whether it lies on its side, whether it
//! moves, whether its colours are those of print, whether it tells where it was taken; and whether it is whole, from its first mark to
//! its last. Pure. No pixel is made, every walk is bounded by the file, and nothing that a header says is believed further.

mod bytes;
mod entropy;
mod exif;
mod gif;
mod huffman;
mod jpeg;
mod other;
mod png;
mod seen;

use std::io::{self, BufRead, Read};

use self::bytes::{Bytes, ImageDamage};
pub use self::other::Odd;
use crate::domain::content::ImageFormat;

/// So many bytes at the front tell what a file is.
pub(super) const FRONT_BYTES: u64 = 4_096;
/// The EXIF value of a camera that was held upright.
const UPRIGHT: u16 = 1;
/// More pixels than this no common program opens, which most of them refuse as an attack.
const PIXELS_MAX: usize = 0x3fff * 0x3fff;
/// Line feeds of a file from which on it cannot be chance that each has a carriage return in front.
const LINE_ENDS_MIN: usize = 12;

/// What the bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// One that Kakao takes.
    pub format: ImageFormat,
    /// Width and height, as stored.
    pub pixels: (usize, usize),
    /// Stored turned or mirrored, with a note on how to turn it back.
    pub turned: bool,
    /// More than one frame.
    pub moving: bool,
    /// In the four colours of print.
    pub print_colours: bool,
    /// It tells where it was taken.
    pub place: bool,
}

/// Looks at the bytes of a whole file.
///
/// # Errors
/// What it is instead, or what is wrong with it.
pub fn look(bytes: &[u8]) -> Result<ImageInfo, Odd> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    match walk(bytes) {
        Ok(Ok(picture)) => Ok(picture),
        Ok(Err(odd)) => Err(odd),
        Err(flaw) => Err(damaged(&flaw, has_converted_line_ends(bytes), length)),
    }
}

/// The same of a file of so many bytes, of which no more is held than one part.
///
/// # Errors
/// It cannot be read; the inner error: as of [`look`].
pub fn whole(from: impl BufRead, length: u64) -> io::Result<Result<(), Odd>> {
    match walk(from) {
        Ok(seen) => Ok(seen.map(drop)),
        Err(ImageDamage::Read(error)) => Err(error),
        Err(flaw) => Ok(Err(damaged(&flaw, false, length))),
    }
}

/// Walks over a file, from its first mark to its last. The inner error: it is none of the pictures that Kakao takes.
fn walk(from: impl BufRead) -> Result<Result<ImageInfo, Odd>, ImageDamage> {
    let (front, rest) = bytes::front(from, FRONT_BYTES)?;
    let Some(format) = format(&front) else {
        let length = u64::try_from(front.len()).unwrap_or(u64::MAX);
        return Ok(Err(other::odd(&front, length)));
    };
    let mut from = Bytes::of(io::Cursor::new(&front).chain(rest));
    let seen = match format {
        ImageFormat::Jpeg => jpeg::walk(&mut from),
        ImageFormat::Png => png::walk(&mut from),
        ImageFormat::Gif => gif::walk(&mut from),
    }?;
    let (width, height) = seen.pixels;
    if width == 0 || height == 0 {
        return Err(ImageDamage::Damaged("its size is nothing"));
    }
    if width.saturating_mul(height) > PIXELS_MAX {
        return Err(ImageDamage::Unfit(format!(
            "a picture of {width} × {height} pixels, which hardly any program opens"
        )));
    }
    Ok(Ok(ImageInfo {
        format,
        pixels: seen.pixels,
        turned: seen.orientation.is_some_and(|how| how != UPRIGHT),
        moving: seen.moving,
        print_colours: seen.print_colours,
        place: seen.place,
    }))
}

/// What a file is by its front, if that is known and no picture that Kakao takes.
pub(super) fn told_by_front(front: &[u8]) -> Option<Odd> {
    let is_known = format(front).is_none() && front.iter().any(|byte| *byte != 0);
    is_known.then(|| other::odd(front, FRONT_BYTES)).filter(|odd| odd.what != other::UNKNOWN)
}

fn format(front: &[u8]) -> Option<ImageFormat> {
    match front {
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        _ if front.starts_with(png::SIGNATURE) => Some(ImageFormat::Png),
        _ => None,
    }
}

/// What a flaw is called, and the way out.
fn damaged(flaw: &ImageDamage, converted: bool, length: u64) -> Odd {
    const AGAIN: &str = "copy the picture here again from where it comes from; if it is as large there, save it anew in an image program";
    match flaw {
        ImageDamage::Unfit(what) => {
            Odd { what: what.clone(), help: "save it as a plain JPEG or PNG in an image program" }
        }
        _ if converted => Odd {
            what: "damaged: its line ends were converted on the way, by git or FTP".to_owned(),
            help: other::LINE_ENDS,
        },
        ImageDamage::Ended => {
            Odd { what: format!("damaged: the picture ends in the middle, after {length} bytes"), help: AGAIN }
        }
        ImageDamage::Damaged(how) => Odd { what: format!("damaged: {how}"), help: AGAIN },
        ImageDamage::Read(error) => Odd { what: format!("a file that cannot be read: {error}"), help: AGAIN },
    }
}

/// Whether each line feed has a carriage return in front: by chance one in 256 has.
fn has_converted_line_ends(bytes: &[u8]) -> bool {
    let mut feeds = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\r') {
            return false;
        }
        feeds += 1;
    }
    feeds >= LINE_ENDS_MIN
}

#[cfg(test)]
mod tests;
