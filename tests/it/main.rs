//! Tests.

mod plan_load;
