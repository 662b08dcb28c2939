//! A GIF from its header to its trailer, block by block, without unpacking a pixel.

use std::io::BufRead;

use super::bytes::{Bytes, ImageDamage, ImageResult};
use super::seen::{ImageWalk, PARTS_MAX};

/// Walks over the whole file, which begins with its header.
pub(crate) fn walk(from: &mut Bytes<impl BufRead>) -> ImageResult<ImageWalk> {
    let header: [u8; 13] = from.array()?;
    let two = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let mut seen = ImageWalk { pixels: (two(6), two(8)), ..ImageWalk::default() };
    from.skip(palette(header[10]))?;
    let mut frames = 0;
    for _ in 0..PARTS_MAX {
        match from.byte()? {
            0x21 => {
                from.skip(1)?;
                blocks(from)?;
            }
            0x2c => {
                let place: [u8; 9] = from.array()?;
                from.skip(palette(place[8]))?;
                let code_size = from.byte()?;
                if !(1..=11).contains(&code_size) || blocks(from)? == 0 {
                    return Err(ImageDamage::Damaged("a part of its pixels is missing"));
                }
                frames += 1;
                seen.moving = frames > 1;
            }
            0x3b if frames > 0 => return Ok(seen),
            0x3b => return Err(ImageDamage::Damaged("it ends before its pixels begin")),
            // Some programs fill up with empty bytes.
            0x00 => {}
            _ => return Err(ImageDamage::Damaged("a part of it is not as long as it says")),
        }
    }
    Err(ImageDamage::Damaged("it has more parts than any picture"))
}

fn palette(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Blocks of data up to an empty one; how many bytes they hold.
fn blocks(from: &mut Bytes<impl BufRead>) -> ImageResult<usize> {
    let mut bytes = 0_usize;
    loop {
        let length = usize::from(from.byte()?);
        if length == 0 {
            return Ok(bytes);
        }
        from.skip(length)?;
        bytes = bytes.saturating_add(length);
    }
}
