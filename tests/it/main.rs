//! Tests.

mod plan_load;
mod plan_problems;
