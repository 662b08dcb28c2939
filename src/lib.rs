//! storyd posts to Kakao Story at the time that a job file says, exactly what it says, and can account for every post afterwards.

pub mod cli;
pub mod domain;
pub mod engine;
pub mod kakao;
pub mod plan;
pub mod sandbox;
pub mod settings;
pub mod store;
pub mod web;
