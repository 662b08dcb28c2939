//! The context of the engine: everything that a deed may touch, in one value.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::app_keys::AppKeys;
use super::current_plan::PlanCell;
use super::incidents::last_look::Outlook;
use super::pulse::{Pulse, Stop};
use super::refused_steps::RefusedSteps;
use super::rules::Rules;
use super::trust::state::Trust;
use super::under_way::UnderWay;
use crate::domain::clock::Clock;
use crate::network::kakao::Client;
use crate::network::kakao::refresh::Tokens;
use crate::notify::Sinks;
use crate::store::Store;

/// Everything that a deed may touch.
pub struct Ctx {
    /// The queue.
    pub store: Store,
    /// Kakao.
    pub kakao: Client,
    /// The accounts' tokens.
    pub tokens: Tokens,
    /// The accounts' app keys, where the settings have them.
    pub credentials: AppKeys,
    /// Where `now` comes from.
    pub clock: Clock,
    /// What the operator decided.
    pub rules: Rules,
    /// The job files as last read without an error.
    pub plan: PlanCell,
    /// The ways to people.
    pub sinks: Arc<Sinks>,
    /// The last look ahead.
    pub outlook: Outlook,
    /// The posts whose publish request may be leaving, or is out, from this process.
    pub under_way: UnderWay,
    /// The steps of the upkeep that the database refused when they were last made.
    pub refused: RefusedSteps,
    /// Whether the daemon is told to stop.
    pub stop: Stop,
    /// Whether its loop turns.
    pub pulse: Pulse,
    /// Whether the clock can be believed.
    pub trust: Trust,
}

impl Ctx {
    /// The zone in which times are told and months are counted: that of the settings, else the one that all job files share, else that
    /// of the machine.
    pub fn zone(&self) -> String {
        let (plan, _) = self.plan.get();
        let shared = || plan.as_ref().and_then(|plan| plan.zone().map(str::to_owned));
        let machine = || TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
        self.rules.zone.clone().or_else(shared).unwrap_or_else(machine)
    }
}
