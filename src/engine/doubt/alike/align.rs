//! Lays the letters of two texts side by side and says whether one can be the other after what servers do: leave out, put before or
//! behind, hide. A server writes no other words: where letters stand in the place of letters it is another text. Pure.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::likeness::Likeness;

/// From so many letters on a part of a text speaks for itself: fewer are a word or two, which other texts have as well.
const TELLING: usize = 10;
/// Most letters that a server puts before or behind a text.
const ADDED_MAX: usize = 30;
/// Letters of a piece that is left whole, on average, where something was left out or put in.
const PIECE: usize = 3;

/// The letters of a text, ready to be compared with those of many.
#[derive(Clone, Debug)]
pub(crate) struct Letters {
    pub(crate) letters: Vec<char>,
    pairs: Vec<(char, char)>,
}

impl Letters {
    pub(crate) fn new(letters: Vec<char>) -> Self {
        let mut pairs: Vec<_> = letters.iter().copied().zip(letters.iter().copied().skip(1)).collect();
        pairs.sort_unstable();
        Self { letters, pairs }
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Whether so many neighbours are the same that laying them side by side is worth it: what follows asks for more.
    fn may_match(&self, other: &Self) -> bool {
        let (mut here, mut there, mut shared) = (self.pairs.iter().peekable(), other.pairs.iter().peekable(), 0_usize);
        while let (Some(a), Some(b)) = (here.peek(), there.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => drop(here.next()),
                std::cmp::Ordering::Greater => drop(there.next()),
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    here.next();
                    there.next();
                }
            }
        }
        let fewer = self.len().min(other.len());
        fewer <= PIECE || shared * 2 + 2 >= fewer
    }

    /// Whether it has the same letters, each as often, in another order.
    fn is_shuffled(&self, other: &Self) -> bool {
        let sorted = |letters: &[char]| {
            let mut sorted = letters.to_vec();
            sorted.sort_unstable();
            sorted
        };
        self.len() == other.len() && sorted(&self.letters) == sorted(&other.letters)
    }

    /// Whether these letters stand in `other` in the same order, whatever stands between.
    fn is_scattered_in(&self, other: &Self) -> bool {
        let mut others = other.letters.iter();
        self.letters.iter().all(|letter| others.any(|other| other == letter))
    }
}

/// How the letters of a listed text relate to those that were sent. `damaged`: characters of the listed one were hidden or lost.
pub(crate) fn compare(sent: &Letters, listed: &Letters, damaged: bool) -> Likeness {
    if sent.is_empty() || listed.is_empty() {
        return Likeness::Other;
    }
    if sent.letters == listed.letters || (sent.len() > PIECE && sent.is_shuffled(listed)) {
        return Likeness::Alike;
    }
    if damaged {
        if listed.is_scattered_in(sent) {
            return if listed.len() >= TELLING { Likeness::Alike } else { Likeness::Unclear };
        }
    } else if !sent.may_match(listed) {
        return Likeness::Other;
    }
    let found = Alignment::of(sent, listed);
    match (found.left_out, found.put_in) {
        (_, 0) => left_out(sent, listed, &found),
        (0, _) => put_in(sent, listed, &found),
        _ if damaged && found.put_in * 10 <= listed.len() => Likeness::Unclear,
        _ => both(sent, listed, &found),
    }
}

/// What laying them side by side showed.
#[derive(Debug, Default)]
struct Alignment {
    /// Letters that only the sent text has, and only the listed one.
    left_out: usize,
    put_in: usize,
    /// Pieces that are the same.
    pieces: usize,
    /// Places where letters stand in the place of letters.
    replaced: usize,
    /// Most letters that are missing, and that are too many, at one place in the middle.
    missing_inside: usize,
    added_inside: usize,
    /// Whether digits are missing, and whether there are too many.
    digits: (bool, bool),
}

impl Alignment {
    fn of(sent: &Letters, listed: &Letters) -> Self {
        let ops = capture_diff_slices(Algorithm::Myers, &sent.letters, &listed.letters);
        let last = ops.len().saturating_sub(1);
        let mut found = Self::default();
        for (number, op) in ops.iter().enumerate() {
            let (old, new) = (op.old_range(), op.new_range());
            if matches!(op, DiffOp::Equal { .. }) {
                found.pieces += 1;
                continue;
            }
            let inside = number != 0 && number != last;
            if inside {
                found.missing_inside = found.missing_inside.max(old.len());
                found.added_inside = found.added_inside.max(new.len());
            }
            found.replaced += usize::from(!old.is_empty() && !new.is_empty());
            found.digits.0 |= sent.letters[old.clone()].iter().any(|c| c.is_numeric());
            found.digits.1 |= listed.letters[new.clone()].iter().any(|c| c.is_numeric());
            found.left_out += old.len();
            found.put_in += new.len();
        }
        found
    }
}

/// All that is listed was sent, in this order.
fn left_out(sent: &Letters, listed: &Letters, found: &Alignment) -> Likeness {
    // Servers cut off ends; out of the middle they take words, not sentences.
    let gutted = found.missing_inside > TELLING && found.missing_inside * 4 > sent.len();
    if gutted || found.pieces * PIECE > listed.len() + PIECE {
        return Likeness::Other;
    }
    if listed.len() >= TELLING || listed.len() * 2 >= sent.len() {
        return Likeness::Alike;
    }
    if found.missing_inside > 0 { Likeness::Other } else { Likeness::Unclear }
}

/// All that was sent is listed, in this order, and more.
fn put_in(sent: &Letters, listed: &Letters, found: &Alignment) -> Likeness {
    let stuffed = found.added_inside > TELLING && found.added_inside * 4 > listed.len();
    if stuffed || found.pieces * PIECE > sent.len() + PIECE {
        return Likeness::Other;
    }
    let whole = sent.len() >= TELLING && (found.pieces == 1 || found.put_in <= ADDED_MAX);
    if whole || sent.len() * 2 >= listed.len() {
        return Likeness::Alike;
    }
    if found.added_inside > 0 || found.put_in > ADDED_MAX { Likeness::Other } else { Likeness::Unclear }
}

/// Each has something that the other lacks.
fn both(sent: &Letters, listed: &Letters, found: &Alignment) -> Likeness {
    // A letter that is spelt otherwise. Another number is another text: dates and prices are what texts of one template differ in.
    let (most, least) = if sent.len() >= 2 * TELLING { (3, TELLING) } else { (2, PIECE + 1) };
    let spelling = found.left_out + found.put_in <= most && sent.len() >= least && found.digits != (true, true);
    // Cut off at one place, and something put before or behind at another.
    let matched = sent.len() - found.left_out;
    let framed = found.replaced == 0
        && found.added_inside == 0
        && found.put_in <= ADDED_MAX
        && matched >= 2 * TELLING
        && matched * 10 >= listed.len() * 6
        && found.pieces <= 3;
    if spelling || framed { Likeness::Unclear } else { Likeness::Other }
}
