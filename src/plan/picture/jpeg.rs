//! A JPEG from its first mark to its end mark: every segment and every scan, without decoding a pixel. What stands behind the end
//! mark is ordinary: phones put a film or a second picture there.

use std::io::BufRead;

use super::bytes::{Bytes, Flaw, Walk};
use super::exif::{self, Exif};
use super::{PARTS_MAX, Seen};

/// Longest run of stray bytes between two segments that is passed over. Some programs leave a few; more is a damaged length.
const STRAY_BYTES_MAX: usize = 64;

/// What the frame header says.
#[derive(Default)]
struct Frame {
    pixels: (usize, usize),
    /// Sampling of each component: number, across, down.
    components: Vec<(u8, usize, usize)>,
    /// One scan of each block, Huffman coded: what its least size follows from.
    is_sequential: bool,
}

impl Frame {
    fn most(&self) -> (usize, usize) {
        let across = self.components.iter().map(|component| component.1).max().unwrap_or(1);
        (across, self.components.iter().map(|component| component.2).max().unwrap_or(1))
    }

    /// How many units a scan of these components codes, and how many blocks they hold.
    fn units(&self, scan: &[u8]) -> (usize, usize) {
        let (across, down) = self.most();
        let (width, height) = self.pixels;
        let named = |number: &u8| self.components.iter().find(|component| component.0 == *number);
        if let [one] = scan {
            let (_, own_across, own_down) = named(one).copied().unwrap_or((0, 1, 1));
            let blocks = |size: usize, own: usize, most: usize| (size * own).div_ceil(most).div_ceil(8);
            let units = blocks(width, own_across, across) * blocks(height, own_down, down);
            return (units, units);
        }
        let units = width.div_ceil(8 * across) * height.div_ceil(8 * down);
        (units, units * scan.iter().filter_map(named).map(|(_, across, down)| across * down).sum::<usize>())
    }
}

/// Walks over the whole file, which begins with the first mark.
pub(super) fn walk(from: &mut Bytes<impl BufRead>) -> Walk<Seen> {
    from.skip(2)?;
    let (mut seen, mut frame, mut scans, mut restart) = (Seen::default(), None::<Frame>, 0, 0);
    let mut next = None;
    for _ in 0..PARTS_MAX {
        let mark = match next.take() {
            Some(mark) => mark,
            None => marker(from)?,
        };
        match mark {
            // Standing alone.
            0x01 | 0xd0..=0xd7 => {}
            0xd8 => return Err(Flaw::Damaged("a second picture begins inside the first")),
            0xd9 if frame.is_some() && scans > 0 => return Ok(seen),
            0xd9 => return Err(Flaw::Damaged("it ends before its pixels begin")),
            0xc0..=0xc3 | 0xc5..=0xcb | 0xcd..=0xcf | 0xf7 => {
                if frame.is_some() {
                    return Err(Flaw::Damaged("it says its size twice"));
                }
                let found = read_frame(mark, &segment(from)?)?;
                seen.pixels = found.pixels;
                seen.print_colours = found.components.len() == 4;
                frame = Some(found);
            }
            0xda => {
                let Some(frame) = &frame else { return Err(Flaw::Damaged("its pixels begin before its size is told")) };
                let components = scan_header(&segment(from)?)?;
                next = Some(scan(from, frame, &components, restart)?);
                scans += 1;
            }
            0xdd => restart = super::bytes::number(&segment(from)?, 0, 2, false).unwrap_or(0),
            0xe1 => told(&mut seen, &segment(from)?),
            _ => {
                let length = length(from)?;
                from.skip(length)?;
            }
        }
    }
    Err(Flaw::Damaged("it has more parts than any picture"))
}

/// The next mark, behind any bytes that fill the way to it.
fn marker(from: &mut Bytes<impl BufRead>) -> Walk<u8> {
    let mut stray = 0;
    loop {
        stray += from.past(0xff)?;
        if stray > STRAY_BYTES_MAX {
            return Err(Flaw::Damaged("a part of it is not as long as it says"));
        }
        let mark = mark(from)?;
        if mark != 0 {
            return Ok(mark);
        }
        stray += 2;
    }
}

/// What follows 0xff, which may be repeated.
fn mark(from: &mut Bytes<impl BufRead>) -> Walk<u8> {
    loop {
        let byte = from.byte()?;
        if byte != 0xff {
            return Ok(byte);
        }
    }
}

/// How many bytes of a segment follow.
fn length(from: &mut Bytes<impl BufRead>) -> Walk<usize> {
    from.two()?.checked_sub(2).ok_or(Flaw::Damaged("a part of it has no length"))
}

fn segment(from: &mut Bytes<impl BufRead>) -> Walk<Vec<u8>> {
    let length = length(from)?;
    from.take(length)
}

fn read_frame(mark: u8, header: &[u8]) -> Walk<Frame> {
    const ODD: Flaw = Flaw::Damaged("its size cannot be read");
    match mark {
        0xc0..=0xc2 => {}
        0xf7 => return Err(Flaw::Unfit("a JPEG-LS picture".into())),
        0xc3 | 0xc7 | 0xcb | 0xcf => {
            return Err(Flaw::Unfit("a lossless JPEG, as scanners and cameras write it".into()));
        }
        0xc9 | 0xca => return Err(Flaw::Unfit("a JPEG with arithmetic coding".into())),
        _ => return Err(Flaw::Unfit("a JPEG of a rare kind".into())),
    }
    let &[bits, y0, y1, x0, x1, count, ref rest @ ..] = header else { return Err(ODD) };
    if rest.len() != usize::from(count) * 3 || !matches!(count, 1 | 3 | 4) {
        return Err(ODD);
    }
    if bits != 8 {
        return Err(Flaw::Unfit(format!("a JPEG of {bits} bits a colour")));
    }
    let component = |part: &[u8]| {
        let &[number, sampling, _] = part else { return None };
        let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
        ((1..=4).contains(&across) && (1..=4).contains(&down)).then_some((number, across, down))
    };
    let components: Vec<_> = rest.chunks(3).filter_map(component).collect();
    let two = |high: u8, low: u8| usize::from(u16::from_be_bytes([high, low]));
    match components.len() == usize::from(count) {
        true => Ok(Frame { pixels: (two(x0, x1), two(y0, y1)), components, is_sequential: mark != 0xc2 }),
        false => Err(ODD),
    }
}

/// The components of a scan.
fn scan_header(header: &[u8]) -> Walk<Vec<u8>> {
    match header {
        [count @ 1..=4, rest @ ..] if rest.len() == usize::from(*count) * 2 + 3 => {
            Ok(rest.chunks(2).take(usize::from(*count)).map(|part| part[0]).collect())
        }
        _ => Err(Flaw::Damaged("the beginning of its pixels cannot be read")),
    }
}

/// The coded data of a scan, to the mark behind it.
fn scan(from: &mut Bytes<impl BufRead>, frame: &Frame, components: &[u8], restart: usize) -> Walk<u8> {
    let (mut bytes, mut restarts) = (0, 0_usize);
    let end = loop {
        bytes += from.past(0xff)?;
        match mark(from)? {
            0 => bytes += 1,
            mark @ 0xd0..=0xd7 => {
                if usize::from(mark & 7) != restarts % 8 {
                    return Err(Flaw::Damaged("a part of its pixels is missing"));
                }
                restarts += 1;
            }
            mark => break mark,
        }
    };
    let (units, blocks) = frame.units(components);
    let too_few = restart > 0 && restarts + 1 < units.div_ceil(restart);
    // A block takes a code for its level and one for its end, of a bit at least.
    let too_short = frame.is_sequential && bytes * 8 < blocks.saturating_mul(2);
    if bytes == 0 || too_few || too_short {
        return Err(Flaw::Damaged("a part of its pixels is missing"));
    }
    Ok(end)
}

/// What the block of a camera or of an editor tells about the picture.
fn told(seen: &mut Seen, part: &[u8]) {
    if let Some(block) = part.strip_prefix(b"Exif\0\0") {
        let Exif { orientation, place } = exif::read(block);
        seen.orientation = seen.orientation.or(orientation);
        seen.place |= place;
    } else if part.starts_with(b"http://ns.adobe.com/x") {
        seen.place |= exif::xmp_tells_place(part);
    }
}
