//! The bytes of a file, one after the other: what the walks over pictures read from. Holds no more of a file than one part of it.

use std::io::{self, BufRead, Read};

/// Why a walk over a file came to no end.
#[derive(Debug)]
pub(crate) enum ImageDamage {
    /// The file ends before the picture does.
    Ended,
    /// A part of it cannot be what was saved. A clause: "a part of it was altered".
    Damaged(&'static str),
    /// It is whole, and of a kind that browsers and phones do not show. Completes "it is …".
    Unfit(String),
    /// Reading it failed.
    Read(io::Error),
}

impl From<io::Error> for ImageDamage {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Ended } else { Self::Read(error) }
    }
}

/// A result of this module.
pub(crate) type ImageResult<T> = Result<T, ImageDamage>;

/// A reader of single bytes and of whole parts.
pub(crate) struct Bytes<R> {
    from: R,
}

impl<R: BufRead> Bytes<R> {
    pub(crate) fn of(from: R) -> Self {
        Self { from }
    }

    pub(crate) fn byte(&mut self) -> ImageResult<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// A number of two bytes, the larger first.
    pub(crate) fn two(&mut self) -> ImageResult<usize> {
        let bytes: [u8; 2] = self.array()?;
        Ok(usize::from(u16::from_be_bytes(bytes)))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> ImageResult<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// So many bytes; the caller bounds the number.
    pub(crate) fn take(&mut self, count: usize) -> ImageResult<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn skip(&mut self, count: usize) -> ImageResult<()> {
        self.each(count, |_| {})
    }

    /// Shows the next bytes piece by piece.
    pub(crate) fn each(&mut self, count: usize, mut see: impl FnMut(&[u8])) -> ImageResult<()> {
        let mut left = count;
        while left > 0 {
            let buffer = self.from.fill_buf()?;
            let piece = buffer.get(..left.min(buffer.len())).unwrap_or_default();
            if piece.is_empty() {
                return Err(ImageDamage::Ended);
            }
            see(piece);
            let len = piece.len();
            left -= len;
            self.from.consume(len);
        }
        Ok(())
    }

    /// Goes past the next `wanted` byte; how many others stood before it.
    pub(crate) fn past(&mut self, wanted: u8) -> ImageResult<usize> {
        let mut others = 0;
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Err(ImageDamage::Ended);
            }
            let (len, found) = match buffer.iter().position(|byte| *byte == wanted) {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            };
            self.from.consume(len);
            if found {
                return Ok(others + len - 1);
            }
            others += len;
        }
    }
}

/// At most `limit` of the bytes at the front, and all of them again for whoever reads on.
pub(crate) fn front<R: BufRead>(mut from: R, limit: u64) -> io::Result<(Vec<u8>, R)> {
    let mut front = Vec::new();
    (&mut from).take(limit).read_to_end(&mut front)?;
    Ok((front, from))
}

/// The mark of a JPEG behind 0xff, which may be repeated.
pub(crate) fn mark(from: &mut Bytes<impl BufRead>) -> ImageResult<u8> {
    loop {
        let byte = from.byte()?;
        if byte != 0xff {
            return Ok(byte);
        }
    }
}

/// The number that some bytes stand for, if they are there.
pub(crate) fn number(bytes: &[u8], at: usize, len: usize, little: bool) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(len)?)?;
    let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
    Some(if little { part.iter().rev().fold(0, add) } else { part.iter().fold(0, add) })
}
