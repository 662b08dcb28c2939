//! A JPEG from its first mark to its end mark: every segment and every scan, without making a pixel. What stands behind the end
//! mark is ordinary: phones put a film or a second picture there.

use std::io::BufRead;

use super::bytes::{Bytes, ImageDamage, ImageResult, mark, number};
use super::entropy::{self, Scan, ScanComponent, ScanState};
use super::exif::{self, Exif};
use super::huffman::{self, Tables};
use super::seen::{ImageWalk, PARTS_MAX};

/// Longest run of stray bytes between two segments that is passed over. Some programs leave a few; more is a damaged length.
const STRAY_BYTES_MAX: usize = 64;

/// What the frame header says.
#[derive(Default)]
struct FrameHeader {
    pixels: (usize, usize),
    /// Sampling of each component: number, across, down.
    components: Vec<(u8, usize, usize)>,
    /// One scan of each block, Huffman coded: what its least size follows from.
    is_sequential: bool,
}

impl FrameHeader {
    fn most(&self) -> (usize, usize) {
        let across = self.components.iter().map(|component| component.1).max().unwrap_or(1);
        (across, self.components.iter().map(|component| component.2).max().unwrap_or(1))
    }

    /// What a scan codes by its header.
    fn scan(&self, header: &ScanHeader, restart: usize) -> ImageResult<Scan> {
        let (across, down) = self.most();
        let (width, height) = self.pixels;
        let mut parts = Vec::new();
        for (number, tables) in &header.components {
            let found = self.components.iter().position(|component| component.0 == *number);
            let component = found.ok_or(ImageDamage::Damaged("its pixels are of a colour that it does not have"))?;
            let (_, across, down) = self.components[component];
            parts.push(ScanComponent { component, tables: *tables, blocks: across * down });
        }
        let mut units = width.div_ceil(8 * across) * height.div_ceil(8 * down);
        if let [one] = parts.as_mut_slice() {
            let (_, own_across, own_down) = self.components[one.component];
            let blocks = |size: usize, own: usize, most: usize| (size * own).div_ceil(most).div_ceil(8);
            units = blocks(width, own_across, across) * blocks(height, own_down, down);
            one.blocks = 1;
        }
        // Without parts that come later there is one band, whatever the header says.
        let (band, refines) = if self.is_sequential { ((0, 63), false) } else { (header.band, header.refines) };
        Ok(Scan { parts, units, restart, band, refines, progressive: !self.is_sequential })
    }
}

/// What the header of a scan says.
struct ScanHeader {
    /// Each component with its tables, of levels and of the rest.
    components: Vec<(u8, (u8, u8))>,
    band: (u8, u8),
    refines: bool,
}

/// Walks over the whole file, which begins with the first mark.
pub(crate) fn walk(from: &mut Bytes<impl BufRead>) -> ImageResult<ImageWalk> {
    from.skip(2)?;
    let (mut seen, mut frame, mut scans, mut restart) = (ImageWalk::default(), None::<FrameHeader>, 0, 0);
    let (mut tables, mut memory) = (Tables::default(), ScanState::default());
    let mut next = None;
    for _ in 0..PARTS_MAX {
        let mark = match next.take() {
            Some(mark) => mark,
            None => marker(from)?,
        };
        match mark {
            // Standing alone.
            0x01 | 0xd0..=0xd7 => {}
            0xd8 => return Err(ImageDamage::Damaged("a second picture begins inside the first")),
            0xd9 if frame.is_some() && scans > 0 => return Ok(seen),
            0xd9 => return Err(ImageDamage::Damaged("it ends before its pixels begin")),
            0xc0..=0xc3 | 0xc5..=0xcb | 0xcd..=0xcf | 0xf7 => {
                if frame.is_some() {
                    return Err(ImageDamage::Damaged("it says its size twice"));
                }
                let found = read_frame(mark, &segment(from)?)?;
                seen.pixels = found.pixels;
                seen.print_colours = found.components.len() == 4;
                frame = Some(found);
            }
            0xda => {
                let Some(frame) = &frame else {
                    return Err(ImageDamage::Damaged("its pixels begin before its size is told"));
                };
                let scan = frame.scan(&scan_header(&segment(from)?)?, restart)?;
                next = Some(match entropy::can_follow(&scan, &tables, &memory) {
                    true => entropy::follow(from, &scan, &tables, &mut memory)?,
                    false => walk_scan(from, &scan)?,
                });
                scans += 1;
            }
            0xc4 | 0xdb => {
                let table = segment(from)?;
                match mark {
                    0xc4 => tables.set(&table)?,
                    _ => quantities(&table)?,
                }
                // A byte that came into a table pushes others out of it.
                if from.byte()? != 0xff {
                    return Err(huffman::TABLES);
                }
                next = Some(self::mark(from)?);
            }
            0xdd => restart = number(&segment(from)?, 0, 2, false).unwrap_or(0),
            0xe1 => told(&mut seen, &segment(from)?),
            _ => {
                let length = length(from)?;
                from.skip(length)?;
            }
        }
    }
    Err(ImageDamage::Damaged("it has more parts than any picture"))
}

/// The next mark, behind any bytes that fill the way to it.
fn marker(from: &mut Bytes<impl BufRead>) -> ImageResult<u8> {
    let mut stray = 0;
    loop {
        stray += from.past(0xff)?;
        if stray > STRAY_BYTES_MAX {
            return Err(ImageDamage::Damaged("a part of it is not as long as it says"));
        }
        let mark = mark(from)?;
        if mark != 0 {
            return Ok(mark);
        }
        stray += 2;
    }
}

/// How many bytes of a segment follow.
fn length(from: &mut Bytes<impl BufRead>) -> ImageResult<usize> {
    from.two()?.checked_sub(2).ok_or(ImageDamage::Damaged("a part of it has no length"))
}

fn segment(from: &mut Bytes<impl BufRead>) -> ImageResult<Vec<u8>> {
    let length = length(from)?;
    from.take(length)
}

/// Tables of 64 quantities, of a byte or two each.
fn quantities(mut tables: &[u8]) -> ImageResult<()> {
    while let [head, rest @ ..] = tables {
        let length = if head >> 4 == 0 { 64 } else { 128 };
        tables = rest.get(length..).filter(|_| head >> 4 < 2 && head & 15 < 4).ok_or(huffman::TABLES)?;
    }
    Ok(())
}

fn read_frame(mark: u8, header: &[u8]) -> ImageResult<FrameHeader> {
    const ODD: ImageDamage = ImageDamage::Damaged("its size cannot be read");
    match mark {
        0xc0..=0xc2 => {}
        0xf7 => return Err(ImageDamage::Unfit("a JPEG-LS picture".into())),
        0xc3 | 0xc7 | 0xcb | 0xcf => {
            return Err(ImageDamage::Unfit("a lossless JPEG, as scanners and cameras write it".into()));
        }
        0xc9 | 0xca => return Err(ImageDamage::Unfit("a JPEG with arithmetic coding".into())),
        _ => return Err(ImageDamage::Unfit("a JPEG of a rare kind".into())),
    }
    let &[bits, y0, y1, x0, x1, count, ref rest @ ..] = header else { return Err(ODD) };
    if rest.len() != usize::from(count) * 3 || !matches!(count, 1 | 3 | 4) {
        return Err(ODD);
    }
    if bits != 8 {
        return Err(ImageDamage::Unfit(format!("a JPEG of {bits} bits a colour")));
    }
    let component = |part: &[u8]| {
        let &[number, sampling, _] = part else { return None };
        let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
        ((1..=4).contains(&across) && (1..=4).contains(&down)).then_some((number, across, down))
    };
    let components: Vec<_> = rest.chunks(3).filter_map(component).collect();
    let two = |high: u8, low: u8| usize::from(u16::from_be_bytes([high, low]));
    match components.len() == usize::from(count) {
        true => Ok(FrameHeader { pixels: (two(x0, x1), two(y0, y1)), components, is_sequential: mark != 0xc2 }),
        false => Err(ODD),
    }
}

fn scan_header(header: &[u8]) -> ImageResult<ScanHeader> {
    const ODD: ImageDamage = ImageDamage::Damaged("the beginning of its pixels cannot be read");
    let [count @ 1..=4, rest @ ..] = header else { return Err(ODD) };
    let (components, band) = rest.split_at_checked(usize::from(*count) * 2).ok_or(ODD)?;
    let &[first, last, finer] = band else { return Err(ODD) };
    let component = |part: &[u8]| (part[0], (part[1] >> 4, part[1] & 15));
    let components = components.chunks_exact(2).map(component).collect();
    Ok(ScanHeader { components, band: (first, last), refines: finer >> 4 > 0 })
}

/// Walks over the coded data of a scan without reading it, to the mark behind it: its tables are missing, or it is too large to follow.
fn walk_scan(from: &mut Bytes<impl BufRead>, scan: &Scan) -> ImageResult<u8> {
    let (mut bytes, mut restarts) = (0, 0_usize);
    let end = loop {
        bytes += from.past(0xff)?;
        match mark(from)? {
            0 => bytes += 1,
            mark @ 0xd0..=0xd7 => {
                if usize::from(mark & 7) != restarts % 8 {
                    return Err(ImageDamage::Damaged("a part of its pixels is missing"));
                }
                restarts += 1;
            }
            mark => break mark,
        }
    };
    let blocks = scan.units.saturating_mul(scan.parts.iter().map(|part| part.blocks).sum());
    let too_few = scan.restart > 0 && restarts + 1 < scan.units.div_ceil(scan.restart);
    // A block takes a code for its level and one for its end, of a bit at least.
    let too_short = !scan.progressive && bytes * 8 < blocks.saturating_mul(2);
    if bytes == 0 || too_few || too_short {
        return Err(ImageDamage::Damaged("a part of its pixels is missing"));
    }
    Ok(end)
}

/// What the block of a camera or of an editor tells about the picture.
fn told(seen: &mut ImageWalk, part: &[u8]) {
    if let Some(block) = part.strip_prefix(b"Exif\0\0") {
        let Exif { orientation, place } = exif::read(block);
        seen.orientation = seen.orientation.or(orientation);
        seen.place |= place;
    } else if part.starts_with(b"http://ns.adobe.com/x") {
        seen.place |= exif::xmp_tells_place(part);
    }
}
