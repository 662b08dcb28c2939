//! What the daemon does to posts and accounts: one operation per file, each with a `run_once` that looks at the queue and does what is due.

pub mod audit;
pub mod delete;
pub mod enqueue;
pub mod maintenance;
pub mod notify;
pub mod preflight;
pub mod prepare;
pub mod probe;
pub mod prune;
pub mod publish;
pub mod reconcile;
pub mod restore;
