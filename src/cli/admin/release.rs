//! `storyd admin release`: posts that wait for a person go ahead.

use super::super::Common;
use super::super::failure::Failure;
use super::super::setup::Home;
use crate::domain::post::PostState;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The posts: numbers, jobs, jobs with their day as in sale@2026-12-24
    #[arg(required = true, value_name = "POST")]
    posts: Vec<String>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let from = [PostState::Held, PostState::Missed];
    let steering = super::Steering { posts: &args.posts, dry_run: args.dry_run };
    super::retry::go_ahead(common, home, steering, &from, &args.reason).await
}
