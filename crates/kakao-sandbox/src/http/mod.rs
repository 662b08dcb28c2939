//! Requests and answers as they cross the wire: decoding what came, encoding what goes out.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod form;
pub(crate) mod incoming;
pub(crate) mod multipart;
pub(crate) mod nearest;
