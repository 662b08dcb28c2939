//! `storyd admin cancel`: posts that have not been published are withdrawn.

use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use crate::domain::clock::Clock;

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
    let store = super::open(home).await?;
    let clock = Clock::system();
    let actor = super::actor();
    for post in &args.posts {
        store.cancel(*post, &actor, &args.reason, clock.now()).await?;
        anstream::println!("post {post} is cancelled; `storyd admin retry {post}` takes that back");
    }
    home.wake_daemon();
    store.close().await;
    Ok(DONE)
}
