//! The networks that storyd posts to, each in a module of its own. Kakao Story is the first.

pub mod kakao;
