//! SQLite: the only floor that knows SQL. [`queue`] writes, [`view`] reads, [`media`] keeps the bytes of images, [`backup`] copies
//! all of it and puts a copy back.
//!
//! One writer connection, every write in `BEGIN IMMEDIATE`, every commit with an fsync (`synchronous=FULL`, read back when it
//! opens). Readers are read-only connections. No statement of this floor may be put inside a `select!` or a time-out: a dropped
//! commit would be a doubt of our own. Knows nothing of Kakao, HTTP or YAML.

pub mod backup;
pub mod crash;
pub mod media;
pub mod queue;
pub mod view;

mod ailment;
mod ballast;
mod check;
mod connection;
mod disk;
mod error;
mod files;
mod handle;
mod handles;
mod lock;
mod migrations;
mod open;
mod read_only;
mod room;
mod values;
mod written;

pub use ailment::Ailment;
pub use error::{Result, StatementFailure, StoreError};
pub use handle::{Access, Store};
pub use libsqlite3_sys::SQLITE_VERSION as SQLITE;
pub use written::Written;
