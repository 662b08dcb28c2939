//! The other side of the wire: a stateful emulator of both Kakao hosts, API and login, on one address.
//!
//! Written from Kakao's documents alone. It imports nothing from the rest of the crate, on purpose: shared types would let one
//! mistake hide on both sides. Its ledger is the judge of what a client did.
//!
//! Where to look:
//! - the wire: `serve` (connections, the one handler) → `incoming` (`form`, `multipart`) → `exchange` (who asks, what goes wrong, what is
//!   written down) → `answer`
//! - the calls: `call` (the table), `post`, `upload`, `link`, `read`, `user`, `token`, `authorize`
//! - what is remembered: `event` (facts) → `ledger` (the file) → `memory` (the fold); `host` holds all together, `images` the bytes
//! - what goes wrong: `fault` (the names), `rule` (when), `dice` (chance)
//! - what is told that is not so: `deceit` and its folder; the ledger tells the truth all the same
//! - for its owner: `running`, `options`, `record`, `control`, `page`
//!
//! What holds:
//! - A fact is on disk before memory knows it, and memory knows it before an answer leaves.
//! - Nothing here fetches from the network, and no token enters the record of requests.
//! - Every body, list and store has a bound, but for the facts themselves.

mod answer;
mod authorize;
mod call;
mod clock;
mod control;
mod deceit;
mod dice;
mod error;
mod event;
mod exchange;
mod fault;
mod form;
mod host;
mod images;
mod incoming;
mod ledger;
mod link;
mod memory;
mod multipart;
mod nearest;
mod options;
mod page;
mod post;
mod read;
mod record;
mod rule;
mod running;
mod serve;
mod token;
mod upload;
mod user;

pub use call::Call;
pub use clock::SandboxClock;
pub use deceit::{AnswerLie, CreatedLie, DECEIT_TABLE, DateLie, Deceit, IdLie, ListLie, ShapeLie, TextLie};
pub use error::SandboxError;
pub use event::{LedgerEntry, LedgerImage};
pub use fault::{FAULT_TABLE, FaultName};
pub use options::{Normalisation, Options, Quirks};
pub use record::{Outcome, Param, RequestRecord};
pub use rule::FaultRule;
pub use running::{AccountTokens, Running, start};
