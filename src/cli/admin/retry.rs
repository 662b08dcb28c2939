//! `storyd admin retry`: posts that failed, were missed or were cancelled go ahead again.

use std::time::Duration;

use super::super::failure::Failure;
use super::super::flags::Common;
use super::steering;
use crate::cli::context::CommandContext;
use crate::domain::clock::{Clock, earlier};
use crate::domain::post::{PostEvent, PostState};
use crate::store::Store;
use crate::store::view::{FailureFilter, NameKind};

/// Posts that were missed before are history, here as in `admin failures`.
const MISSED_LATELY: Duration = Duration::from_secs(30 * 86_400);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The posts: numbers, jobs, jobs with their day as in sale@2026-12-24
    #[arg(required_unless_present = "cause", conflicts_with = "cause", value_name = "POST")]
    posts: Vec<String>,
    /// Every failed post whose last attempt met this fault, as `admin failures` names it; `late`: every post that was missed lately
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

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let from = [PostState::Failed, PostState::Missed, PostState::Cancelled];
    let mut posts = args.posts.clone();
    if let Some(cause) = &args.cause {
        let store = home.open().await?;
        if let Some(account) = &args.account {
            super::names::check(home, &store, NameKind::Account, account).await?;
        }
        let mut found = store.failed_for(cause, args.account.as_deref()).await?;
        if found.is_empty() {
            found = of_cause(&store, PostState::Missed, cause, args.account.as_deref()).await?;
        }
        posts = found.iter().map(i64::to_string).collect();
        store.close().await;
        if posts.is_empty() {
            let list = home.command("admin failures");
            return Err(Failure::no_such_thing(format!("no post failed for {cause}; `{list}` names the causes")));
        }
    }
    let steering = steering::Steering { posts: &posts, dry_run: args.dry_run };
    go_ahead(common, home, steering, &from, &args.reason).await
}

/// The posts in a state that `admin failures` tells of under a cause, at most a thousand.
pub(super) async fn of_cause(
    store: &Store,
    state: PostState,
    cause: &str,
    account: Option<&str>,
) -> Result<Vec<i64>, Failure> {
    let missed_since = earlier(Clock::system().now(), MISSED_LATELY);
    let causes = store.causes(FailureFilter { account, missed_since }).await?;
    let found = causes.into_iter().find(|row| row.state == state && row.cause == cause);
    Ok(found.map(|row| row.numbers).unwrap_or_default())
}

/// Lets posts in one of the states `from` go ahead.
pub(super) async fn go_ahead(
    common: &Common,
    home: &CommandContext,
    steering: steering::Steering<'_>,
    from: &[PostState],
    reason: &str,
) -> Result<u8, Failure> {
    let (clock, actor, ahead) = (Clock::system(), steering::actor(), home.settings.defaults.prepare_ahead);
    let release = async |store: &Store, post| store.release(post, from, &actor, reason, ahead, clock.now()).await;
    let may = async |store: &Store, post| store.may(post, PostEvent::Release, from).await;
    steering::steer(common, home, steering, may, release, |post| format!("post {post} goes ahead")).await
}
