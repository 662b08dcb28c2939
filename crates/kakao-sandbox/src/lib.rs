//! The other side of the wire: a stateful emulator of both Kakao hosts, API and login, on one address.
//!
//! Written from Kakao's documents alone. It depends on no other crate of this repository, because a shared type would let one
//! mistake hide on both sides. Its ledger is the judge of what a client did.
//!
//! Where to look:
//! - `server`: `serve` accepts connections; `exchange` handles each request: who asks, what goes wrong, what is recorded.
//! - `http`: decodes requests (`incoming`, `form`, `multipart`) and encodes answers (`answer`).
//! - `api`: `call` is the table of calls; each other file answers a few of them.
//! - `state`: `event` (facts) → `ledger` (the file) → `memory` (the fold); `host` holds all of it together.
//! - `faults`: `name` and `deceit` list what can go wrong or be told wrongly; `rule` says when. The ledger stays truthful.
//! - `inspect`: the page of stories and the control endpoints for the owner.
//!
//! What holds:
//! - A fact is on disk before memory knows it, and memory knows it before an answer leaves.
//! - Nothing here fetches from the network, and no token enters the record of requests.
//! - Every body, list and store has a bound, but for the facts themselves.

mod api;
mod error;
mod faults;
mod http;
mod inspect;
mod server;
mod state;

pub use self::api::token::AccountTokens;
pub use self::faults::deceit::{
    AnswerLie, CreatedLie, DECEIT_TABLE, DateLie, Deceit, IdLie, ListLie, ShapeLie, TextLie,
};
pub use self::faults::name::{FAULT_TABLE, FaultName};
pub use self::faults::rule::FaultRule;
pub use self::http::call::Call;
pub use self::server::options::{Normalisation, Options, Quirks};
pub use self::server::record::{Outcome, Param, RequestRecord};
pub use self::server::running::{Running, start};
pub use self::state::clock::SandboxClock;
pub use self::state::event::{LedgerEntry, LedgerImage};
pub use error::SandboxError;
