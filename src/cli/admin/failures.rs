//! `storyd admin failures`: what went wrong and needs a person, each with its next step.

use serde::Serialize;

use super::super::Common;
use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::output::{note, say};
use super::super::setup::Home;
use super::super::show::{counted, excerpt, print_json, time};
use super::disk_full;
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

/// What `--json` prints.
#[derive(Serialize)]
struct Failures {
    /// Whether the disk was full when the daemon last looked, so that nothing is posted.
    disk_full: bool,
    /// Posts that are `failed`, `missed`, `held` or `in_doubt`.
    posts: Vec<PostRow>,
    /// Accounts that are blocked.
    accounts: Vec<AccountRow>,
    /// Stories that should be gone and are not.
    deletions: Vec<StoryRow>,
}

pub(super) async fn run(common: &Common, home: &Home, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let states = vec![PostState::Failed, PostState::Missed, PostState::Held, PostState::InDoubt];
    let filter = PostFilter { states, account: args.account.clone(), job: None, limit: Some(ROWS_MAX) };
    let mut accounts = store.accounts().await?;
    accounts.retain(|a| a.blocked_code.is_some() && args.account.as_ref().is_none_or(|name| *name == a.account));
    let mut deletions = store.stories(args.account.as_deref(), None, ROWS_MAX).await?;
    deletions.retain(|story| story.delete_fault.is_some());
    let posts = store.posts(&filter).await?;
    let failures = Failures { disk_full: store.is_short_of_room(), posts, accounts, deletions };
    store.close().await;
    let none = failures.posts.is_empty() && failures.accounts.is_empty() && failures.deletions.is_empty();
    let any = failures.disk_full || !none;
    if common.json {
        print_json(&failures)?;
    } else if any {
        print(home, &failures);
    } else {
        note!("nothing needs a person");
    }
    Ok(if any && args.fail { NEEDS_ATTENTION } else { DONE })
}

fn print(home: &Home, failures: &Failures) {
    let now = Clock::system().now();
    if failures.disk_full {
        say!("{}", disk_full(home));
    }
    for account in &failures.accounts {
        let (reason, remedy) = (account.blocked_reason.as_deref(), account.blocked_remedy.as_deref());
        say!("account {} is blocked; {} waiting", account.account, counted(account.waiting as usize, "post"));
        say!("  {} ({})", reason.unwrap_or_default(), account.blocked_code.as_deref().unwrap_or_default());
        say!("  → {}", remedy.unwrap_or_default());
    }
    for row in &failures.posts {
        say!("post {} · {} · {} · {}", row.post, row.state, row.job, time(row.occurs_at, &row.zone, now));
        say!("  says: {}", excerpt(&row.content, 70));
        if !row.reason.is_empty() {
            say!("  {}", row.reason);
        }
        say!("  → {}", next_step(home, row));
    }
    for story in &failures.deletions {
        say!("story {} of post {} is still up", story.story_id, story.post);
        say!("  {}", story.delete_fault.as_deref().unwrap_or_default());
        say!("  → `{}`", home.command(&format!("admin delete {}", story.post)));
    }
}

fn next_step(home: &Home, row: &PostRow) -> String {
    let command = |words: &str| format!("`{}`", home.command(&format!("admin {words}")));
    let post = row.post;
    match row.state {
        PostState::Held => {
            format!(
                "{} lets it go ahead, {} withdraws it",
                command(&format!("release {post}")),
                command(&format!("cancel {post}"))
            )
        }
        PostState::InDoubt if row.parked_at.is_some() => format!(
            "look at the account's page, then {} or {}",
            command(&format!("resolve {post} --story ID")),
            command(&format!("resolve {post} --absent"))
        ),
        PostState::InDoubt => "nothing yet: the account's list is being read".into(),
        _ => format!(
            "{} tells more, {} publishes it now",
            command(&format!("show {post}")),
            command(&format!("retry {post}"))
        ),
    }
}
