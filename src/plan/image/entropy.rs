//! The coded data of a JPEG, symbol by symbol: whether it holds every block that its size asks for, and none beside them. No coefficient
//! is kept, and no pixel made. Of a progressive one it remembers which coefficients are set, for the length of the code depends on it.

use std::io::BufRead;

use super::bytes::{Bytes, ImageDamage, ImageResult, mark};
use super::huffman::{LOOKED_UP, Table, Tables};

/// Most blocks that one picture may have to be looked at: 40 megapixels and more, and 8 bytes each of a progressive one.
const BLOCKS_MAX: usize = 2_000_000;
/// Most visits of blocks, over all scans. An honest picture has a dozen scans.
const VISITS_MAX: usize = 40_000_000;
/// Bytes behind the last block that are passed over. Some programs leave a few.
const BEHIND_MAX: usize = 16;

const MISSING: ImageDamage = ImageDamage::Damaged("a part of its pixels is missing");
const ALTERED: ImageDamage = ImageDamage::Damaged("a part of its pixels was altered");

/// One component in a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanComponent {
    /// Which of the frame's.
    pub(crate) component: usize,
    /// Its tables, of levels and of the rest.
    pub(crate) tables: (u8, u8),
    /// Its blocks in one unit, where several components take turns.
    pub(crate) blocks: usize,
}

/// What a scan codes.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) parts: Vec<ScanComponent>,
    /// How many units there are.
    pub(crate) units: usize,
    /// Units between two marks of restarts, or none.
    pub(crate) restart: usize,
    /// The first and the last coefficient.
    pub(crate) band: (u8, u8),
    /// Whether it makes finer what an earlier scan coded.
    pub(crate) refines: bool,
    pub(crate) progressive: bool,
}

/// What is kept from one scan to the next.
#[derive(Default)]
pub(crate) struct ScanState {
    /// Of each component and block, the coefficients that are set.
    set: Vec<Vec<u64>>,
    visits: usize,
}

/// Whether the scan can be looked at: its tables are there, and it is no larger than honest ones.
pub(crate) fn can_follow(scan: &Scan, tables: &Tables, memory: &ScanState) -> bool {
    let blocks: usize = scan.parts.iter().map(|part| part.blocks).sum::<usize>() * scan.units;
    let (level, rest) = (scan.band.0 == 0 && !scan.refines, scan.band.1 > 0);
    let has = |part: &ScanComponent| {
        (!level || tables.get(0, part.tables.0).is_some()) && (!rest || tables.get(1, part.tables.1).is_some())
    };
    let sound = scan.band.0 <= scan.band.1 && scan.band.1 < 64;
    let of_one = !scan.progressive || scan.band.0 == 0 && scan.band.1 == 0 || scan.band.0 > 0 && scan.parts.len() == 1;
    blocks > 0
        && blocks <= BLOCKS_MAX
        && memory.visits + blocks <= VISITS_MAX
        && sound
        && of_one
        && scan.parts.iter().all(has)
}

/// Follows a scan through all its blocks, to the mark behind it.
pub(crate) fn follow(
    from: &mut Bytes<impl BufRead>,
    scan: &Scan,
    tables: &Tables,
    memory: &mut ScanState,
) -> ImageResult<u8> {
    let mut bits = Bits { from, held: 0, count: 0, made_up: 0, mark: None };
    let mut run = 0;
    for unit in 0..scan.units {
        if scan.restart > 0 && unit > 0 && unit % scan.restart == 0 {
            bits.restart((unit / scan.restart - 1) % 8)?;
            run = 0;
        }
        for part in &scan.parts {
            memory.visits += part.blocks;
            for _ in 0..part.blocks {
                block(&mut bits, scan, part, tables, unit, &mut run, memory)?;
            }
        }
        if bits.count < bits.made_up {
            return Err(MISSING);
        }
    }
    bits.end()
}

/// One block of a scan.
fn block<R: BufRead>(
    bits: &mut Bits<'_, R>,
    scan: &Scan,
    part: &ScanComponent,
    tables: &Tables,
    unit: usize,
    run: &mut u32,
    memory: &mut ScanState,
) -> ImageResult<()> {
    let (first, last) = (u32::from(scan.band.0), u32::from(scan.band.1));
    if first == 0 {
        if scan.refines {
            bits.take(1)?;
        } else {
            let size = bits.symbol(tables.get(0, part.tables.0).ok_or(ALTERED)?)?;
            bits.take(u32::from(size))?;
        }
    }
    if last == 0 {
        return Ok(());
    }
    let table = tables.get(1, part.tables.1).ok_or(ALTERED)?;
    if !scan.progressive {
        return rest_of_block(bits, table);
    }
    if memory.set.len() <= part.component {
        memory.set.resize(part.component + 1, Vec::new());
    }
    let all = &mut memory.set[part.component];
    if all.len() < scan.units {
        all.resize(scan.units, 0);
    }
    match scan.refines {
        true => finer(bits, table, (first, last), run, &mut all[unit]),
        false => coarse(bits, table, (first, last), run, &mut all[unit]),
    }
}

/// What follows the level of a block that one scan codes.
fn rest_of_block<R: BufRead>(bits: &mut Bits<'_, R>, table: &Table) -> ImageResult<()> {
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(table)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, size) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                at += zeros + 1;
                if at > 64 {
                    return Err(ALTERED);
                }
                bits.take(size)?;
            }
        }
    }
    Ok(())
}

/// Coefficients of a block that a progressive scan codes first.
fn coarse<R: BufRead>(
    bits: &mut Bits<'_, R>,
    table: &Table,
    (first, last): (u32, u32),
    run: &mut u32,
    set: &mut u64,
) -> ImageResult<()> {
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let mut at = first;
    while at <= last {
        let symbol = bits.symbol(table)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, size) {
            (15, 0) => at += 16,
            (zeros, 0) => {
                *run = (1 << zeros) - 1 + bits.take(zeros)?;
                break;
            }
            _ => {
                at += zeros;
                if at > 63 {
                    return Err(ALTERED);
                }
                bits.take(size)?;
                *set |= 1 << at;
                at += 1;
            }
        }
    }
    Ok(())
}

/// Coefficients of a block that a progressive scan makes finer: a bit for each that is set, and those that are set anew.
fn finer<R: BufRead>(
    bits: &mut Bits<'_, R>,
    table: &Table,
    (first, last): (u32, u32),
    run: &mut u32,
    set: &mut u64,
) -> ImageResult<()> {
    let mut at = first;
    while *run == 0 && at <= last {
        let symbol = bits.symbol(table)?;
        let (mut zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (zeros, size) {
            (15, 0) => {}
            (zeros, 0) => {
                *run = (1 << zeros) + bits.take(zeros)?;
                break;
            }
            (_, 1) => drop(bits.take(1)?),
            _ => return Err(ALTERED),
        }
        while at <= last {
            if *set >> at & 1 == 1 {
                bits.take(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            at += 1;
        }
        if size > 0 && at <= last {
            *set |= 1 << at;
        }
        at += 1;
    }
    if *run > 0 {
        let left = if at > last { 0 } else { *set >> at & (u64::MAX >> (63 - (last - at))) };
        (0..left.count_ones()).try_for_each(|_| bits.take(1).map(drop))?;
        *run -= 1;
    }
    Ok(())
}

/// The bits of a scan, one after the other, up to the mark behind it.
struct Bits<'b, R> {
    from: &'b mut Bytes<R>,
    held: u64,
    /// How many of them are held.
    count: u32,
    /// How many of those stand behind the end of the data.
    made_up: u32,
    mark: Option<u8>,
}

impl<R: BufRead> Bits<'_, R> {
    fn fill(&mut self) -> ImageResult<()> {
        while self.count <= 48 {
            let byte = match self.mark {
                Some(_) => 0,
                None => match self.from.byte()? {
                    0xff => match mark(self.from)? {
                        0 => 0xff,
                        mark => {
                            self.mark = Some(mark);
                            continue;
                        }
                    },
                    byte => byte,
                },
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
            if self.mark.is_some() {
                self.made_up += 8;
            }
        }
        Ok(())
    }

    fn peek(&self, length: u32) -> u32 {
        (self.held >> (self.count - length)) as u32 & ((1 << length) - 1)
    }

    /// The next bits, at most 16.
    fn take(&mut self, length: u32) -> ImageResult<u32> {
        if self.count < 16 {
            self.fill()?;
        }
        if length > 16 {
            return Err(ALTERED);
        }
        let bits = self.peek(length);
        self.count -= length;
        Ok(bits)
    }

    /// What the next code stands for.
    fn symbol(&mut self, table: &Table) -> ImageResult<u8> {
        if self.count < 16 {
            self.fill()?;
        }
        let (length, value) = table.short[self.peek(LOOKED_UP) as usize];
        if length > 0 {
            self.count -= u32::from(length);
            return Ok(value);
        }
        for length in LOOKED_UP + 1..=16 {
            let (first, count, begin) = table.lengths[length as usize];
            let code = self.peek(length);
            if let Some(at) = code.checked_sub(first).filter(|at| *at < count) {
                self.count -= length;
                return table.values.get((begin + at) as usize).copied().ok_or(ALTERED);
            }
        }
        // Behind the end of the data there are zeros, which need not be a code.
        Err(if self.made_up > 0 { MISSING } else { ALTERED })
    }

    /// Goes past the mark of a restart.
    fn restart(&mut self, number: usize) -> ImageResult<()> {
        let mark = self.end()?;
        if usize::from(mark) != 0xd0 + number {
            return Err(MISSING);
        }
        (self.held, self.count, self.made_up, self.mark) = (0, 0, 0, None);
        Ok(())
    }

    /// The mark behind the data.
    fn end(&mut self) -> ImageResult<u8> {
        if self.count < self.made_up {
            return Err(MISSING);
        }
        let mut behind = ((self.count - self.made_up) / 8) as usize;
        loop {
            if behind > BEHIND_MAX {
                return Err(ALTERED);
            }
            if let Some(mark) = self.mark {
                return Ok(mark);
            }
            behind += self.from.past(0xff)?;
            match mark(self.from)? {
                0 => behind += 1,
                mark => self.mark = Some(mark),
            }
        }
    }
}
