//! `storyd admin resolve`: a person has looked, and settles a post in doubt.

use super::super::failure::Failure;
use super::super::flags::Common;
use super::steering;
use crate::cli::context::CommandContext;
use crate::domain::clock::Clock;
use crate::store::Store;
use crate::store::queue::OperatorRefusal;

/// Kakao's own have about twenty.
const STORY_ID_BYTES_MAX: usize = 256;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(value_name = "POST", help = super::target::HELP)]
    post: String,
    #[command(flatten)]
    finding: ResolvedDifference,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ResolvedDifference {
    /// Its story exists, with this ID
    #[arg(long, value_name = "ID")]
    story: Option<String>,
    /// Its story does not exist; the post goes back into the queue
    #[arg(long)]
    absent: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let (clock, actor) = (Clock::system(), steering::actor());
    let (posts, reason) = ([args.post.clone()], args.reason.as_str());
    let steering = steering::Steering { posts: &posts, dry_run: args.dry_run };
    let Some(story_id) = &args.finding.story else {
        let quarantine = home.settings.defaults.quarantine;
        let absent = async |store: &Store, post| {
            store.resolve_absent(post, &actor, quarantine, clock.now()).await?;
            remark(store, post, &actor, reason, &clock).await
        };
        let may = async |store: &Store, post| store.may_resolve_absent(post, quarantine, clock.now()).await;
        let done = |post| format!("post {post} goes back into the queue");
        return steering::steer(common, home, steering, may, absent, done).await;
    };
    if !(1..=STORY_ID_BYTES_MAX).contains(&story_id.len()) {
        return Err(Failure::usage(format!(
            "a story ID has 1 to {STORY_ID_BYTES_MAX} characters, as in AbCdEf.GhIjKlMnOp"
        )));
    }
    let found = async |store: &Store, post| {
        store.resolve_found(post, story_id, &actor, clock.now()).await?;
        remark(store, post, &actor, reason, &clock).await
    };
    let may = async |store: &Store, post| store.may_resolve_found(post, story_id).await;
    steering::steer(common, home, steering, may, found, |post| format!("post {post} is published as story {story_id}"))
        .await
}

/// Why it was settled so, where somebody says.
async fn remark(store: &Store, post: i64, actor: &str, words: &str, clock: &Clock) -> Result<(), OperatorRefusal> {
    if words.is_empty() {
        return Ok(());
    }
    store.remark(post, actor, words, clock.now()).await
}
