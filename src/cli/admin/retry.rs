//! `storyd admin retry`: posts that failed, were missed or were cancelled go ahead again.

use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use crate::domain::clock::Clock;
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
    let from = [PostState::Failed, PostState::Missed, PostState::Cancelled];
    release(home, &args.posts, &from, &args.reason).await
}

/// Lets posts in one of the states `from` go ahead, one after the other; stops at the first that cannot.
pub(super) async fn release(home: &Home, posts: &[i64], from: &[PostState], reason: &str) -> Result<u8, Failure> {
    let store = super::open(home).await?;
    let clock = Clock::system();
    let actor = super::actor();
    for post in posts {
        store.release(*post, from, &actor, reason, home.settings.defaults.prepare_ahead, clock.now()).await?;
        anstream::println!("post {post} goes ahead");
    }
    home.wake_daemon();
    store.close().await;
    Ok(DONE)
}
