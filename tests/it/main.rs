//! Tests.

mod sandbox_stories;
mod sandbox_support;
