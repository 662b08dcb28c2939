//! One request as the calls see it: what came, its number and times, and the faults that it meets.

use jiff::Timestamp;

use crate::faults::rule::Fired;
use crate::http::call::Call;
use crate::http::incoming::Incoming;

/// What a call may look at beside the host.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) incoming: &'a Incoming,
    pub(crate) call: Call,
    /// The request's number.
    pub(crate) number: u64,
    pub(crate) now: Timestamp,
    /// When the effect happens: now, but for a fault.
    pub(crate) effect_at: Timestamp,
    pub(crate) fired: &'a Fired,
}
