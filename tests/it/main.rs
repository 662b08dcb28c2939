//! The integration tests: one binary, one file per part or story.

mod kakao_calls;
mod kakao_failures;
mod kakao_tokens;
mod support;
