//! Tests.

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
