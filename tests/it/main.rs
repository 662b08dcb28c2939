//! The integration tests: one binary, one file per part or story.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod judge;
mod kakao_calls;
mod kakao_failures;
mod kakao_tokens;
mod plan_examples;
mod plan_load;
mod plan_problems;
mod plan_schedule;
mod sandbox_control;
mod sandbox_documents;
mod sandbox_documents_curl;
mod sandbox_faults;
mod sandbox_ledger;
mod sandbox_login;
mod sandbox_rules;
mod sandbox_stories;
mod sandbox_support;
mod sandbox_uploads;
mod store_claims;
mod store_deletes;
mod store_doubt;
mod store_enqueue;
mod store_guards;
mod store_moves;
mod store_open;
mod store_people;
mod store_queries;
mod store_sweeps;
mod store_view;
mod store_wake;
mod story_delete;
mod story_doubt;
mod story_edits;
mod story_faults;
mod story_publish;
mod support;
