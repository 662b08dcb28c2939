//! Stories of a server that tells what is not so: whatever it says, nothing is posted twice, no post is taken for a story that is not its
//! own, and whoever must decide is told why.
//!
//! Each deceit of the sandbox is switched on alone, and in pairs, while an answer is lost whose story stands, and a request is lost of
//! which none came. `scene` holds the play and its judge. What becomes of the posts under each deceit is kept as a snapshot.

#![allow(clippy::print_stdout, reason = "the figures are what the proof is quoted by")]

mod hands;
mod pairs;
mod scene;
mod singles;
