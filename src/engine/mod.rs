//! The deeds: one verb a file, each `run_once`, which takes no hints, looks at the database, does bounded work and reports.
//! No deed calls another: they meet in the database. [`daemon`] decides when which one runs.

mod app_keys;
mod aside;
mod context;
mod current_plan;
pub mod daemon;
pub mod doubt;
mod failure;
pub mod health;
pub mod incidents;
pub mod planned;
pub mod preflight;
pub mod pulse;
mod refused;
mod refused_steps;
pub mod reload;
mod report;
mod rules;
pub mod sleep;
pub mod tasks;
pub mod trust;
mod under_way;
mod with_token;

pub use app_keys::AppKeys;
pub use context::Ctx;
pub use current_plan::PlanCell;
pub use pulse::Stop;
pub use refused_steps::RefusedSteps;
pub use report::{Result, TaskOutcome, TaskReport};
pub use rules::{Rules, Telling};
pub use under_way::UnderWay;
