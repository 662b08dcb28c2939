//! `storyd admin release`: posts that wait for a person go ahead.

use super::super::failure::Failure;
use super::super::flags::Common;
use super::steering;
use crate::cli::context::CommandContext;
use crate::domain::post::PostState;
use crate::store::view::NameKind;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The posts: numbers, jobs, jobs with their day as in sale@2026-12-24
    #[arg(required_unless_present = "cause", conflicts_with = "cause", value_name = "POST")]
    posts: Vec<String>,
    /// Every held post of this cause, as `admin failures --json` names it: late, absent, restored, person
    #[arg(long)]
    cause: Option<String>,
    /// With --cause: of this account only
    #[arg(long, requires = "cause")]
    account: Option<String>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let from = [PostState::Held, PostState::Missed];
    let mut posts = args.posts.clone();
    if let Some(cause) = &args.cause {
        let store = home.open().await?;
        if let Some(account) = &args.account {
            super::names::check(home, &store, NameKind::Account, account).await?;
        }
        let held = super::retry::of_cause(&store, PostState::Held, cause, args.account.as_deref()).await?;
        posts = held.iter().map(i64::to_string).collect();
        store.close().await;
        if posts.is_empty() {
            let list = home.command("admin failures");
            return Err(Failure::no_such_thing(format!("no post is held for {cause}; `{list}` tells what is")));
        }
    }
    let steering = steering::Steering { posts: &posts, dry_run: args.dry_run };
    super::retry::go_ahead(common, home, steering, &from, &args.reason).await
}
