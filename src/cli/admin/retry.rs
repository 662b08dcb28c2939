//! `storyd admin retry`: posts that failed, were missed or were cancelled go ahead again.

use super::super::Common;
use super::super::failure::Failure;
use super::super::setup::Home;
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The posts' numbers
    #[arg(required = true, value_name = "POST")]
    posts: Vec<i64>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
}

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let from = [PostState::Failed, PostState::Missed, PostState::Cancelled];
    go_ahead(common, home, &args.posts, &from, &args.reason).await
}

/// Lets posts in one of the states `from` go ahead.
pub(super) async fn go_ahead(
    common: &Common,
    home: &Home,
    posts: &[i64],
    from: &[PostState],
    reason: &str,
) -> Result<u8, Failure> {
    let (clock, actor, ahead) = (Clock::system(), super::actor(), home.settings.defaults.prepare_ahead);
    let release = async |store: &Store, post| store.release(post, from, &actor, reason, ahead, clock.now()).await;
    super::steer(common, home, posts, release, |post| format!("post {post} goes ahead")).await
}
