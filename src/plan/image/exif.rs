//! What cameras and editors write beside the pixels: how the camera was held, and where the picture was taken. No other value is read,
//! and nothing that a block says of its own size is believed further than its bytes go.

use super::bytes::number;
use super::seen::PARTS_MAX;

/// The tags that say how the camera was held, and where the table with the place stands.
const ORIENTATION: usize = 0x0112;
const PLACES: usize = 0x8825;
/// The tags of latitude and longitude, and their type: pairs of whole numbers.
const LATITUDE: usize = 2;
const LONGITUDE: usize = 4;
const RATIONAL: usize = 5;

/// What one block tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Exif {
    /// From 1 (upright) to 8.
    pub(crate) orientation: Option<u16>,
    /// Whether it names a place on the map.
    pub(crate) place: bool,
}

/// Reads a block from its byte order on.
pub(crate) fn read(block: &[u8]) -> Exif {
    let little = match block.get(..4) {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return Exif::default(),
    };
    let Some(first) = number(block, 4, 4, little) else { return Exif::default() };
    let orientation = entry(block, first, ORIENTATION, little).and_then(|at| number(block, at + 8, 2, little));
    let places = entry(block, first, PLACES, little).and_then(|at| number(block, at + 8, 4, little));
    let place = places.is_some_and(|table| {
        // A camera without reception leaves the values out, or writes zeros.
        [LATITUDE, LONGITUDE].iter().any(|tag| is_set(block, table, *tag, little))
            && [LATITUDE, LONGITUDE].iter().all(|tag| entry(block, table, *tag, little).is_some())
    });
    Exif { orientation: orientation.and_then(|how| u16::try_from(how).ok()), place }
}

/// Where the entry of a tag stands in a table.
fn entry(block: &[u8], table: usize, tag: usize, little: bool) -> Option<usize> {
    let entries = number(block, table, 2, little)?;
    (0..entries.min(PARTS_MAX)).find_map(|entry| {
        let at = table.checked_add(2 + entry * 12)?;
        (number(block, at, 2, little)? == tag).then_some(at)
    })
}

/// Whether a coordinate is there and not zero.
fn is_set(block: &[u8], table: usize, tag: usize, little: bool) -> bool {
    let value = || {
        let at = entry(block, table, tag, little)?;
        let (kind, count) = (number(block, at + 2, 2, little)?, number(block, at + 4, 4, little)?);
        let values = number(block, at + 8, 4, little)?;
        let part = |n: usize| {
            let at = values.checked_add(n * 8)?;
            Some((number(block, at, 4, little)?, number(block, at + 4, 4, little)?))
        };
        let set = (0..count.min(3)).filter_map(part).any(|(over, under)| over > 0 && under > 0);
        Some(kind == RATIONAL && set)
    };
    value().unwrap_or(false)
}

/// Whether the text that editors write names a place on the map: `GPSLatitude="37,33.9N"` or `<exif:GPSLatitude>37,…`, and not an empty
/// one, nor `GPSLatitudeRef`.
pub(crate) fn xmp_tells_place(text: &[u8]) -> bool {
    const NAME: &[u8] = b"GPSLatitude";
    let named = text.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    let values = named.filter_map(|(at, _)| {
        let rest = text.get(at + NAME.len()..)?.trim_ascii_start();
        let quoted = || rest.strip_prefix(b"=")?.trim_ascii_start().get(1..);
        rest.strip_prefix(b">").or_else(quoted)
    });
    values.filter_map(<[u8]>::first).any(u8::is_ascii_digit)
}
