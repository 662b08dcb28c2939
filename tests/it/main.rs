//! Tests.

mod plan_examples;
mod plan_load;
mod plan_problems;
mod plan_schedule;
