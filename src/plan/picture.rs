//! What a picture is, told from its bytes and never from its name: format, size in pixels, whether it lies on its side, whether
//! it moves. Pure. Only headers are read, every walk is bounded by the file, and nothing that a header says is believed further.

use crate::domain::content::ImageFormat;

/// Most parts of a file that are walked over on the way to its pixels.
const PARTS_MAX: usize = 10_000;
/// The EXIF tag that says how the camera was held, and the value for upright.
const ORIENTATION: u16 = 0x0112;
const UPRIGHT: u16 = 1;

/// What the bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// One that Kakao takes.
    pub format: ImageFormat,
    /// Width and height, as stored.
    pub pixels: (usize, usize),
    /// Stored turned or mirrored, with a note on how to turn it back.
    pub turned: bool,
    /// More than one frame.
    pub moving: bool,
}

/// Looks at the bytes of a whole file.
///
/// # Errors
/// What it is instead: completes "it is …".
pub fn look(bytes: &[u8]) -> Result<Picture, &'static str> {
    let format = format(bytes)?;
    let pixels = imagesize::blob_size(bytes).map(|size| (size.width, size.height)).unwrap_or_default();
    if pixels.0 == 0 || pixels.1 == 0 {
        return Err("damaged");
    }
    let (turned, moving) = match format {
        ImageFormat::Jpeg => (jpeg_exif(bytes).and_then(orientation), false),
        ImageFormat::Png => (png_part(bytes, *b"eXIf").and_then(orientation), png_part(bytes, *b"acTL").is_some()),
        ImageFormat::Gif => (None, gif_frames(bytes) > 1),
    };
    Ok(Picture { format, pixels, turned: turned.is_some_and(|how| how != UPRIGHT), moving })
}

fn format(bytes: &[u8]) -> Result<ImageFormat, &'static str> {
    Err(match bytes {
        [0xff, 0xd8, 0xff, ..] => return Ok(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => return Ok(ImageFormat::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => return Ok(ImageFormat::Gif),
        [] => "empty",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "a WebP picture",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', ..] => "a HEIC picture",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a film or an AVIF picture",
        [b'B', b'M', ..] => "a BMP picture",
        [b'<', ..] => "a text such as SVG or HTML",
        _ => "of an unknown format",
    })
}

fn number(bytes: &[u8], at: usize, len: usize, little: bool) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(len)?)?;
    let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
    Some(if little { part.iter().rev().fold(0, add) } else { part.iter().fold(0, add) })
}

/// The EXIF block of a JPEG, which stands before its pixels.
fn jpeg_exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    for _ in 0..PARTS_MAX {
        let [0xff, kind] = *bytes.get(at..at + 2)? else { return None };
        match kind {
            0xff => at += 1,
            0xd8 | 0x01 | 0xd0..=0xd7 => at += 2,
            // The pixels begin.
            0xda | 0xd9 => return None,
            _ => {
                let len = number(bytes, at + 2, 2, false)?;
                let part = bytes.get(at + 4..(at + 2).checked_add(len)?)?;
                if let (0xe1, Some(exif)) = (kind, part.strip_prefix(b"Exif\0\0")) {
                    return Some(exif);
                }
                at += 2 + len;
            }
        }
    }
    None
}

/// How the camera was held, from 1 (upright) to 8.
fn orientation(exif: &[u8]) -> Option<u16> {
    let little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let table = number(exif, 4, 4, little)?;
    let entries = number(exif, table, 2, little)?;
    (0..entries.min(PARTS_MAX)).find_map(|entry| {
        let at = table.checked_add(2 + entry * 12)?;
        let tag = number(exif, at, 2, little)?;
        let value = number(exif, at.checked_add(8)?, 2, little)?;
        (tag == usize::from(ORIENTATION)).then(|| u16::try_from(value).ok()).flatten()
    })
}

/// A part of a PNG that stands before its pixels.
fn png_part(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let mut at = 8;
    for _ in 0..PARTS_MAX {
        let len = number(bytes, at, 4, false)?;
        let kind = bytes.get(at + 4..at + 8)?;
        if kind == name {
            return bytes.get(at + 8..(at + 8).checked_add(len)?);
        }
        if kind == b"IDAT" {
            return None;
        }
        at = at.checked_add(12)?.checked_add(len)?;
    }
    None
}

/// How many frames a GIF has, two for any larger number.
fn gif_frames(bytes: &[u8]) -> usize {
    walk_gif(bytes).unwrap_or(1)
}

fn walk_gif(bytes: &[u8]) -> Option<usize> {
    let palette = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + palette(*bytes.get(10)?);
    let mut frames = 0;
    for _ in 0..PARTS_MAX {
        match *bytes.get(at)? {
            0x21 => at += 2,
            0x2c => {
                frames += 1;
                if frames > 1 {
                    break;
                }
                at += 10 + palette(*bytes.get(at + 9)?) + 1;
            }
            _ => break,
        }
        // Blocks of data until an empty one. A file that is cut off ends the walk.
        loop {
            let len = usize::from(*bytes.get(at)?);
            at += 1 + len;
            if len == 0 {
                break;
            }
        }
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(little: bool, how: u8) -> Vec<u8> {
        let mut exif = b"Exif\0\0".to_vec();
        exif.extend(if little { *b"II*\0\x08\0\0\0\x01\0" } else { *b"MM\0*\0\0\0\x08\0\x01" });
        exif.extend(if little {
            [0x12, 1, 3, 0, 1, 0, 0, 0, how, 0, 0, 0]
        } else {
            [1, 0x12, 0, 3, 0, 0, 0, 1, 0, how, 0, 0]
        });
        let mut file = vec![0xff, 0xd8, 0xff, 0xe1, 0, u8::try_from(exif.len() + 2).expect("short")];
        file.extend(exif);
        file.extend([0xff, 0xc0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0, 0xff, 0xda]);
        file
    }

    fn gif(frames: usize) -> Vec<u8> {
        let mut file = b"GIF89a\x03\0\x02\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
        for _ in 0..frames {
            file.extend(b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x03\0\x02\0\0\x02\x02\x84\x51\0");
        }
        file.push(0x3b);
        file
    }

    fn png(extra: &[u8]) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0\0\0\0\0".to_vec();
        file.extend(extra);
        file.extend(b"\0\0\0\0IDAT\0\0\0\0");
        file
    }

    #[test]
    fn pictures_are_told_from_their_bytes() {
        let seen = |bytes: &[u8]| look(bytes).map(|picture| (picture.pixels, picture.turned, picture.moving));
        assert_eq!(seen(&png(b"")), Ok(((3, 2), false, false)));
        assert_eq!(seen(&png(b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0")), Ok(((3, 2), false, true)));
        assert_eq!(seen(&gif(1)), Ok(((3, 2), false, false)));
        assert_eq!(seen(&gif(3)), Ok(((3, 2), false, true)));
        for little in [true, false] {
            assert_eq!(seen(&jpeg(little, 1)), Ok(((3, 2), false, false)));
            assert_eq!(seen(&jpeg(little, 6)), Ok(((3, 2), true, false)));
        }
        assert_eq!(look(b"RIFF\0\0\0\0WEBPVP8 "), Err("a WebP picture"));
        assert_eq!(look(b""), Err("empty"));
        assert_eq!(look(b"\xff\xd8\xff"), Err("damaged"));
    }

    #[test]
    fn a_cut_or_altered_picture_never_panics() {
        for whole in [jpeg(true, 6), jpeg(false, 6), gif(2), png(b"\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0")] {
            for at in 0..whole.len() {
                let _ = look(&whole[..at]);
                for value in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut altered = whole.clone();
                    altered[at] = value;
                    let _ = look(&altered);
                }
            }
        }
    }
}
