//! `storyd admin reschedule`: posts get another time.

use jiff::Timestamp;

use super::super::failure::Failure;
use super::super::flags::Common;
use super::filter::to_come;
use super::steering;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::time;
use crate::cli::terminal::output::note;
use crate::domain::clock::Clock;
use crate::domain::telling;
use crate::plan::schedule::past::is_far_ahead;
use crate::store::Store;
use crate::store::queue::Move;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The posts: numbers, jobs, jobs with their day as in sale@2026-12-24
    #[arg(required = true, value_name = "POST")]
    posts: Vec<String>,
    /// When: "2026-12-03 18:00" in the zone of the settings, RFC 3339, now, or +2h
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let (clock, actor) = (Clock::system(), steering::actor());
    let now = clock.now();
    let (to, zone) = read(home, args, now).await?;
    let time_zone = telling::zone(&zone);
    if is_far_ahead(to, &time_zone, now) {
        let shown = time(to, &zone, now);
        return Err(Failure::not_possible(format!("{shown} is years ahead; correct the year in --to")));
    }
    if to < now {
        note!("that is in the past: it goes out at once, if its late policy allows");
    }
    let prepare_ahead = home.settings.defaults.prepare_ahead;
    let order = Move { to, zone: &zone, actor: &actor, reason: &args.reason, prepare_ahead };
    let may = async |store: &Store, post| store.may_reschedule(post, to).await.map(drop);
    let deed = async |store: &Store, post| store.reschedule(post, order, clock.now()).await;
    let steering = steering::Steering { posts: &args.posts, dry_run: args.dry_run };
    steering::steer(common, home, steering, may, deed, |post| format!("post {post} goes out {}", time(to, &zone, now)))
        .await
}

/// The time that is meant, and the zone in which it is read and told.
async fn read(home: &CommandContext, args: &Args, now: Timestamp) -> Result<(Timestamp, String), Failure> {
    let store = home.open().await?;
    let zone = home.zone(&store).await?;
    store.close().await;
    Ok((to_come(&args.to, &telling::zone(&zone), now)?, zone))
}
