//! What a walk over a picture of any format has seen, and how far it goes.

/// Most parts of a file that are walked over.
pub(super) const PARTS_MAX: usize = 100_000;

/// What a walk over a file has seen.
#[derive(Default)]
pub(super) struct ImageWalk {
    pub(super) pixels: (usize, usize),
    pub(super) orientation: Option<u16>,
    pub(super) moving: bool,
    pub(super) print_colours: bool,
    pub(super) place: bool,
}
