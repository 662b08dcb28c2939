//! `storyd admin retry`: posts that failed, were missed or were cancelled go ahead again.

use super::super::Common;
use super::super::failure::Failure;
use super::super::setup::Home;
use crate::domain::clock::Clock;
use crate::domain::post::{PostEvent, PostState};
use crate::store::Store;
use crate::store::view::NameKind;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The posts: numbers, jobs, jobs with their day as in sale@2026-12-24
    #[arg(required_unless_present = "cause", conflicts_with = "cause", value_name = "POST")]
    posts: Vec<String>,
    /// Every failed post whose last attempt met this fault, as `admin failures` names it
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
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

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let from = [PostState::Failed, PostState::Missed, PostState::Cancelled];
    let mut posts = args.posts.clone();
    if let Some(cause) = &args.cause {
        let store = home.open().await?;
        if let Some(account) = &args.account {
            super::names::check(home, &store, NameKind::Account, account).await?;
        }
        let failed = store.failed_for(cause, args.account.as_deref()).await?;
        posts = failed.iter().map(i64::to_string).collect();
        store.close().await;
        if posts.is_empty() {
            let list = home.command("admin failures");
            return Err(Failure::no_such_thing(format!("no post failed for {cause}; `{list}` names the causes")));
        }
    }
    let steering = super::Steering { posts: &posts, dry_run: args.dry_run };
    go_ahead(common, home, steering, &from, &args.reason).await
}

/// Lets posts in one of the states `from` go ahead.
pub(super) async fn go_ahead(
    common: &Common,
    home: &Home,
    steering: super::Steering<'_>,
    from: &[PostState],
    reason: &str,
) -> Result<u8, Failure> {
    let (clock, actor, ahead) = (Clock::system(), super::actor(), home.settings.defaults.prepare_ahead);
    let release = async |store: &Store, post| store.release(post, from, &actor, reason, ahead, clock.now()).await;
    let may = async |store: &Store, post| store.may(post, PostEvent::Release, from).await;
    super::steer(common, home, steering, may, release, |post| format!("post {post} goes ahead")).await
}
