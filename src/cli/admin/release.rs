//! `storyd admin release`: posts that wait for a person go ahead.

use super::super::failure::Failure;
use super::super::setup::Home;
use crate::domain::post::PostState;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The posts' numbers
    #[arg(required = true)]
    posts: Vec<i64>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

pub(super) async fn run(home: &Home, args: &Args) -> Result<u8, Failure> {
    super::retry::release(home, &args.posts, &[PostState::Held, PostState::Missed], &args.reason).await
}
