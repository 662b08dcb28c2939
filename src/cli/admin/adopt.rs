//! `storyd admin adopt`: a story that an audit found is taken into the record, and can then be listed and taken down like any other.

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::target;
use super::{refusal, steering};
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::print_json;
use crate::cli::terminal::output::say;
use crate::domain::clock::Clock;
use crate::store::Store;
use crate::store::queue::{AdoptOrder, OperatorRefusal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The story's ID, as `admin audit` names it
    story: String,
    /// It is the story of this post, which was believed not to have gone out
    #[arg(long, value_name = "POST")]
    post: Option<String>,
    /// The account, where several have such a story
    #[arg(long)]
    account: Option<String>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let refused = |refusal: OperatorRefusal| refusal::refused(home, refusal);
    let mut accounts = store.strangers(&args.story).await?;
    accounts.retain(|account| args.account.as_ref().is_none_or(|only| only == account));
    let account = match accounts.as_slice() {
        [account] => account.clone(),
        [] => return Err(refused(OperatorRefusal::NotFound(args.story.clone()))),
        _ => {
            return Err(Failure::usage(format!(
                "name the account with --account; it may be {}",
                accounts.join(" or ")
            )));
        }
    };
    let named = match &args.post {
        Some(text) => {
            let may = async |store: &Store, post| store.may_adopt(&account, post).await;
            Some(target::to_steer(home, &store, text, may).await?)
        }
        None => None,
    };
    let post = if args.dry_run {
        if let Some(post) = named {
            store.may_adopt(&account, post).await.map_err(refused)?;
        }
        named
    } else {
        let actor = steering::actor();
        let order = AdoptOrder { actor: &actor, reason: &args.reason };
        let now = Clock::system().now();
        Some(store.adopt(&account, &args.story, named, order, now).await.map_err(refused)?)
    };
    let row = match post {
        Some(post) => store.post(post).await?,
        None => None,
    };
    store.close().await;
    if common.json {
        print_json(&row)?;
    } else {
        let of = post.map_or_else(|| "a post of its own".to_owned(), |post| format!("post {post}"));
        let verb = if args.dry_run { "would be" } else { "is" };
        say!("story {} on {account} {verb} on record as {of}", args.story);
    }
    if args.dry_run {
        steering::end_dry_run(true);
    }
    Ok(DONE)
}
