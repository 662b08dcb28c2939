//! The files of tokens on a real disk.
