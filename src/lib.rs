//! storyd posts to Kakao Story at the time that a job file says, exactly what it says, and can account for every post afterwards.
//!
//! An occurrence of a job becomes a post in a durable queue; a post is prepared (its images uploaded, its link scraped) ahead of
//! its time, published by one request when it is due, and recorded under its story ID. What cannot be told from an answer is
//! *in doubt* and settled from Kakao's own list: never sent again on a guess.
//!
//! # The floors
//! The folders of `src/`, from the ground up. Imports only go down.
//!
//! - [`domain`]: the words that every floor speaks: content, states and their one transition function, faults, the retry
//!   decision, the clock. Pure.
//! - [`tls`]: the certificates that every HTTP client trusts, read once. Beside the words, on the ground.
//! - [`yaml`]: YAML text → values that know their place, and every problem with what to write instead. Pure.
//! - [`plan`]: the text of job files → one typed, validated plan. Pure but for [`plan::files`], which gathers what lies on disk.
//! - [`settings`]: what the operator decides, read with the same care.
//! - [`store`]: the queue in SQLite. One function per transition writes, the views read, media keeps the bytes of images.
//! - [`network`]: the clients: calls, tokens, and the fault table that says what each failure means. They and the store never meet.
//! - [`notify`]: the ways to people: webhooks, mail, a command, a heartbeat. Sends a notice once, and knows neither the queue nor Kakao.
//! - [`engine`]: the tasks, one operation per file in `engine/tasks`, the rules that resolve a doubt, incidents, and the daemon, which
//!   decides when which task runs.
//! - [`web`]: the dashboard: what the queue holds and what needs a person, in a browser. Reads through the store's views only.
//! - [`cli`]: the commands, one file each.
//!
//! The emulator of the Kakao servers is a package of its own, `crates/kakao-sandbox`. It depends on nothing of ours, because a
//! shared type would let one mistake hide on both sides; only `cli` starts it.
//!
//! # What is absent
//! - Nothing in [`domain`] and [`plan`] is async, or can fail for a reason outside its arguments. What the plan needs from disk
//!   is gathered first, by [`plan::files`].
//! - No SQL outside [`store`]. No HTTP client outside [`network`] and [`notify`], and none of Kakao's codes outside [`network::kakao`] (the
//!   sandbox has its own). No YAML reader outside [`yaml`] and the settings.
//! - Nobody but [`domain::clock`] reads the time, nobody but [`engine::sleep`] sleeps, nobody but [`cli`] prints. SQL never asks
//!   what time it is: `now` is an argument.
//! - No task calls another: each looks at the database, where they all meet, and does what is due.
//! - No publishing without an [`Intent`](store::queue::Intent), which one function of the store makes, after the intent is on
//!   disk. Claims and intents can be neither copied nor made elsewhere, so that claim → prepare → intend → publish → record is
//!   the only order that compiles.
//! - No change of state but by one guarded UPDATE (id, expected state, claim token), which hits its one row, or the writer lost.
//! - No statement of the store inside a `select!` or a time-out: a dropped commit would be a doubt of our own.
//! - No trait with one implementor; no file named for not knowing where else; no file over 400 lines or function over 70 without
//!   a written reason.
//!
//! `tests/it/tidy.rs` holds the tree to this page.

pub mod cli;
pub mod domain;
pub mod engine;
pub mod network;
pub mod notify;
pub mod plan;
pub mod settings;
pub mod store;
pub mod tls;
pub mod web;
pub mod yaml;
