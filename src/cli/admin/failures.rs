//! `storyd admin failures`: what went wrong and needs a person, each with its next step.

use serde::Serialize;

use super::super::Common;
use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::setup::Home;
use super::super::show::{excerpt, print_json, time};
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::store::view::{AccountRow, PostFilter, PostRow, ROWS_MAX, StoryRow};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// End with exit code 6 when there is anything, for scripts
    #[arg(long)]
    fail: bool,
}

#[derive(Serialize)]
struct Failures {
    posts: Vec<PostRow>,
    accounts: Vec<AccountRow>,
    deletions: Vec<StoryRow>,
}

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let store = super::open(home).await?;
    let states = vec![PostState::Failed, PostState::Missed, PostState::Held, PostState::InDoubt];
    let filter = PostFilter { states, account: args.account.clone(), job: None, limit: Some(ROWS_MAX) };
    let mut accounts = store.accounts().await?;
    accounts.retain(|a| a.blocked_code.is_some() && args.account.as_ref().is_none_or(|name| *name == a.account));
    let mut deletions = store.stories(args.account.as_deref(), None, ROWS_MAX).await?;
    deletions.retain(|story| story.delete_fault.is_some());
    let failures = Failures { posts: store.posts(&filter).await?, accounts, deletions };
    store.close().await;
    let any = !(failures.posts.is_empty() && failures.accounts.is_empty() && failures.deletions.is_empty());
    if common.json {
        print_json(&failures)?;
    } else if any {
        print(&failures);
    } else {
        anstream::eprintln!("nothing needs a person");
    }
    Ok(if any && args.fail { NEEDS_ATTENTION } else { DONE })
}

fn print(failures: &Failures) {
    let now = Clock::system().now();
    for account in &failures.accounts {
        let (reason, remedy) = (account.blocked_reason.as_deref(), account.blocked_remedy.as_deref());
        anstream::println!("account {} is blocked; {} posts wait", account.account, account.waiting);
        anstream::println!(
            "  {} ({})",
            reason.unwrap_or_default(),
            account.blocked_code.as_deref().unwrap_or_default()
        );
        anstream::println!("  → {}", remedy.unwrap_or_default());
    }
    for row in &failures.posts {
        anstream::println!("post {} · {} · {} · {}", row.post, row.state, row.job, time(row.occurs_at, &row.zone, now));
        anstream::println!("  says: {}", excerpt(&row.content, 70));
        if !row.reason.is_empty() {
            anstream::println!("  {}", row.reason);
        }
        anstream::println!("  → {}", next_step(row));
    }
    for story in &failures.deletions {
        anstream::println!("story {} of post {} is still up", story.story_id, story.post);
        anstream::println!("  {}", story.delete_fault.as_deref().unwrap_or_default());
        anstream::println!("  → storyd admin delete {}", story.post);
    }
}

fn next_step(row: &PostRow) -> String {
    let post = row.post;
    match row.state {
        PostState::Held => format!("storyd admin release {post}, or storyd admin cancel {post}"),
        PostState::InDoubt if row.parked_at.is_some() => {
            format!("storyd admin resolve {post} --story ID, or storyd admin resolve {post} --absent")
        }
        PostState::InDoubt => "nothing yet: the account's list is being consulted".into(),
        _ => format!("storyd admin show {post} tells more; storyd admin retry {post} publishes it now"),
    }
}
