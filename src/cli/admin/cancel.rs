//! `storyd admin cancel`: posts that have not been published are withdrawn. Undone by `retry`, so it does not ask.

use super::super::failure::Failure;
use super::super::flags::Common;
use super::steering;
use crate::cli::context::CommandContext;
use crate::domain::clock::Clock;
use crate::domain::post::{PostEvent, PostState};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let (clock, actor) = (Clock::system(), steering::actor());
    let cancel = async |store: &crate::store::Store, post| store.cancel(post, &actor, &args.reason, clock.now()).await;
    let done =
        |post| format!("post {post} is cancelled; `{}` takes that back", home.command(&format!("admin retry {post}")));
    let may = async |store: &crate::store::Store, post| store.may(post, PostEvent::Cancel, &PostState::ALL).await;
    let steering = steering::Steering { posts: &args.posts, dry_run: args.dry_run };
    steering::steer(common, home, steering, may, cancel, done).await
}
