//! `storyd admin resolve`: a person has looked, and settles a post in doubt.

use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use crate::domain::clock::Clock;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The post's number
    post: i64,
    #[command(flatten)]
    finding: Finding,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Finding {
    /// Its story exists, with this ID
    #[arg(long, value_name = "ID")]
    story: Option<String>,
    /// Its story does not exist; the post goes back into the queue
    #[arg(long)]
    absent: bool,
}

pub(super) async fn run(home: &Home, args: &Args) -> Result<u8, Failure> {
    let store = super::open(home).await?;
    let now = Clock::system().now();
    let actor = super::actor();
    match &args.finding.story {
        Some(story_id) => {
            if story_id.is_empty() || story_id.len() > 256 {
                return Err(Failure::usage("a story ID has 1 to 256 characters, as in AbCdEf.GhIjKlMnOp"));
            }
            store.resolve_found(args.post, story_id, &actor, now).await?;
            anstream::println!("post {} is published as story {story_id}", args.post);
        }
        None => {
            store.resolve_absent(args.post, &actor, now).await?;
            anstream::println!("post {} goes back into the queue", args.post);
        }
    }
    home.wake_daemon();
    store.close().await;
    Ok(DONE)
}
