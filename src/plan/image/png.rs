//! A PNG from its first part to its last: the order, the lengths and the sums of its parts, without unpacking a pixel.

use std::io::BufRead;

use super::bytes::{Bytes, ImageDamage, ImageResult, number};
use super::exif::{self, Exif};
use super::seen::{ImageWalk, PARTS_MAX};

/// The eight bytes at the front.
pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Largest part that is looked into, in bytes.
const LOOKED_AT_MAX: usize = 1_000_000;

/// Walks over the whole file, which begins with the signature.
pub(crate) fn walk(from: &mut Bytes<impl BufRead>) -> ImageResult<ImageWalk> {
    from.skip(SIGNATURE.len())?;
    let mut seen = ImageWalk::default();
    let (mut has_header, mut palette, mut wants_palette, mut pixel_bytes) = (false, false, false, 0_usize);
    for _ in 0..PARTS_MAX {
        let length = usize::try_from(u32::from_be_bytes(from.array()?)).unwrap_or(usize::MAX);
        let name: [u8; 4] = from.array()?;
        if !name.iter().all(u8::is_ascii_alphabetic) || length > i32::MAX as usize {
            return Err(ImageDamage::Damaged("a part of it is not as long as it says"));
        }
        if &name == b"CgBI" && !has_header {
            return Err(ImageDamage::Unfit("a PNG for the inside of iPhone apps".into()));
        }
        if has_header == (&name == b"IHDR") {
            return Err(ImageDamage::Damaged("its size does not come first"));
        }
        let is_looked_at = matches!(&name, b"IHDR" | b"eXIf" | b"iTXt") && length <= LOOKED_AT_MAX;
        let (mut sum, mut part) = (Sum::of(&name), Vec::new());
        from.each(length, |piece| {
            sum.add(piece);
            if is_looked_at {
                part.extend_from_slice(piece);
            }
        })?;
        // The parts that a picture can do without begin with a small letter, and readers pass over those that are damaged.
        if from.array()? != sum.value().to_be_bytes() && name[0].is_ascii_uppercase() {
            return Err(ImageDamage::Damaged("a part of it was altered"));
        }
        match &name {
            b"IHDR" => {
                has_header = true;
                wants_palette = header(&part, &mut seen)?;
            }
            b"PLTE" => palette = true,
            b"IDAT" if wants_palette && !palette => return Err(ImageDamage::Damaged("its colours are missing")),
            b"IDAT" => pixel_bytes = pixel_bytes.saturating_add(length),
            b"IEND" if pixel_bytes == 0 => return Err(ImageDamage::Damaged("it ends before its pixels begin")),
            b"IEND" => return Ok(seen),
            b"acTL" if pixel_bytes == 0 => seen.moving = true,
            b"eXIf" => {
                let Exif { orientation, place } = exif::read(&part);
                seen.orientation = seen.orientation.or(orientation);
                seen.place |= place;
            }
            b"iTXt" => seen.place |= part.starts_with(b"XML:com.adobe.xmp\0") && exif::xmp_tells_place(&part),
            _ => {}
        }
    }
    Err(ImageDamage::Damaged("it has more parts than any picture"))
}

/// The size. Whether its colours stand in a part of their own.
fn header(part: &[u8], seen: &mut ImageWalk) -> ImageResult<bool> {
    let (width, height) = (number(part, 0, 4, false), number(part, 4, 4, false));
    let (Some(width), Some(height), Some(&[bits, colours, packing, filter, interlace])) =
        (width, height, part.get(8..))
    else {
        return Err(ImageDamage::Damaged("its size cannot be read"));
    };
    let depths: &[u8] = match colours {
        0 => &[1, 2, 4, 8, 16],
        3 => &[1, 2, 4, 8],
        2 | 4 | 6 => &[8, 16],
        _ => &[],
    };
    if !depths.contains(&bits) || packing != 0 || filter != 0 || interlace > 1 {
        return Err(ImageDamage::Damaged("its kind of colours cannot be read"));
    }
    seen.pixels = (width, height);
    Ok(colours == 3)
}

/// The check sum of a part (CRC-32).
struct Sum(u32);

impl Sum {
    fn of(bytes: &[u8]) -> Self {
        let mut sum = Self(!0);
        sum.add(bytes);
        sum
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let at = (self.0 ^ u32::from(*byte)) & 0xff;
            self.0 = TABLE[at as usize] ^ (self.0 >> 8);
        }
    }

    fn value(&self) -> u32 {
        !self.0
    }
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut value, mut bit) = (at as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};
