//! The pauses in force: what a person stopped, and how to let it go on.

use jiff::Timestamp;

use super::entry::TimeCell;
use super::state::House;
use crate::domain::telling::shell_word;
use crate::store::view::PauseRow;

/// A pause as a page shows it.
pub(super) struct PauseView {
    /// `everything`, `account cafe`, `tag menu`, `job opening`.
    pub(super) what: String,
    pub(super) actor: String,
    pub(super) reason: String,
    pub(super) since: TimeCell,
    pub(super) until: Option<TimeCell>,
    /// What ends it; empty when it ends by itself.
    pub(super) command: String,
}

impl PauseView {
    pub(super) fn new(house: &House, row: PauseRow, zone: &str, now: Timestamp) -> Self {
        let moment = |at| TimeCell::new(at, zone, now);
        let everything = row.scope == "all";
        let target = if everything { String::new() } else { format!(" {}", shell_word(&row.target)) };
        Self {
            command: if row.scope == "restore" {
                String::new()
            } else {
                format!("storyd admin resume --{}{target}{}", row.scope, house.surroundings.command_flags)
            },
            what: match row.scope.as_str() {
                "all" => "everything".into(),
                "restore" => format!("account {}", row.target),
                scope => format!("{scope} {}", row.target),
            },
            since: moment(row.since_at),
            until: row.until_at.map(moment),
            actor: row.actor,
            reason: row.reason,
        }
    }
}
