//! The Huffman tables of a JPEG, as its DHT segments set them.

use super::bytes::{ImageDamage, ImageResult};

/// Bits that are looked up at once.
pub(crate) const LOOKED_UP: u32 = 9;
/// A segment of tables that cannot be what the encoder wrote.
pub(crate) const TABLES: ImageDamage = ImageDamage::Damaged("a table that its pixels need was altered");

/// The codes of one table.
pub(crate) struct Table {
    /// By the next bits: how long the code is, and what it stands for; no length where it is longer.
    pub(crate) short: Vec<(u8, u8)>,
    /// By length: the first code, how many there are, and where their values begin.
    pub(crate) lengths: [(u32, u32, u32); 17],
    pub(crate) values: Vec<u8>,
}

impl Table {
    fn of(counts: &[u8], values: &[u8]) -> ImageResult<Self> {
        let mut table = Self { short: vec![(0, 0); 1 << LOOKED_UP], lengths: [(0, 0, 0); 17], values: values.to_vec() };
        let (mut code, mut begin) = (0_u32, 0_u32);
        for (length, count) in (1..).zip(counts) {
            let count = u32::from(*count);
            // The codes of a length must be codes of that length.
            if code + count > 1 << length {
                return Err(TABLES);
            }
            table.lengths[length] = (code, count, begin);
            for at in 0..count {
                let value = values.get((begin + at) as usize).copied().ok_or(TABLES)?;
                if let Some(left) = LOOKED_UP.checked_sub(length as u32) {
                    let first = ((code + at) << left) as usize;
                    table.short[first..first + (1 << left)].fill((length as u8, value));
                }
            }
            begin += count;
            code = (code + count) << 1;
        }
        Ok(table)
    }
}

/// The tables that are set, of levels and of the rest, four each.
#[derive(Default)]
pub(crate) struct Tables([[Option<Table>; 4]; 2]);

impl Tables {
    /// Reads the tables of one segment.
    pub(crate) fn set(&mut self, mut segment: &[u8]) -> ImageResult<()> {
        while let [head, rest @ ..] = segment {
            let counts = rest.get(..16).ok_or(TABLES)?;
            let count: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let values = rest.get(16..16 + count).filter(|_| count <= 256).ok_or(TABLES)?;
            let place = self.0.get_mut(usize::from(head >> 4)).and_then(|class| class.get_mut(usize::from(head & 15)));
            *place.ok_or(TABLES)? = Some(Table::of(counts, values)?);
            segment = &rest[16 + count..];
        }
        Ok(())
    }

    pub(crate) fn get(&self, class: usize, number: u8) -> Option<&Table> {
        self.0.get(class)?.get(usize::from(number))?.as_ref()
    }
}
