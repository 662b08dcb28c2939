//! `storyd admin queue`: what comes next, first.

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::setup::Home;
use super::super::show::{counted, excerpt, print_json, print_table, table, time};
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::store::view::{PostFilter, PostRow, ROWS_MAX};

/// What `queue` lists unless told otherwise: all that is not over.
const OPEN: [PostState; 5] =
    [PostState::Scheduled, PostState::Claimed, PostState::Publishing, PostState::InDoubt, PostState::Held];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Every post, those that are over too
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Posts in this state only; may be repeated
    #[arg(long, value_parser = read_state)]
    state: Vec<PostState>,
    /// Posts of this account only
    #[arg(long)]
    account: Option<String>,
    /// Posts of this job only
    #[arg(long)]
    job: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(ROWS_MAX)))]
    limit: u32,
}

fn read_state(word: &str) -> Result<PostState, String> {
    PostState::parse(word).ok_or_else(|| format!("the states are {}", PostState::ALL.map(PostState::as_str).join(", ")))
}

pub(super) async fn run(common: &Common, home: &Home, args: Args) -> Result<u8, Failure> {
    let store = super::open(home).await?;
    let states = match (args.all, args.state.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => OPEN.to_vec(),
        (false, false) => args.state,
    };
    let filter = PostFilter { states, account: args.account, job: args.job, limit: Some(args.limit) };
    let rows = store.posts(&filter).await?;
    if common.json {
        print_json(&rows)?;
    } else if rows.is_empty() {
        anstream::eprintln!("no posts; `storyd admin queue --all` shows those that are over too");
    } else {
        print(&rows);
        let counts = store.counts().await?;
        let summary: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        anstream::eprintln!("{} shown; in all: {}", counted(rows.len(), "post"), summary.join(", "));
        for account in store.accounts().await? {
            if let (Some(reason), Some(remedy)) = (account.blocked_reason, account.blocked_remedy) {
                anstream::eprintln!("account {} is blocked: {reason}; {remedy}", account.account);
            }
        }
    }
    store.close().await;
    Ok(DONE)
}

fn print(rows: &[PostRow]) {
    let now = Clock::system().now();
    let mut table = table(&["POST", "WHEN", "STATE", "ACCOUNT", "JOB", "SAYS"]);
    for row in rows {
        let mut state = row.state.to_string();
        if row.parked_at.is_some() {
            state.push_str(" (needs a person)");
        } else if row.blocked.is_some() && row.state == PostState::Scheduled {
            state.push_str(" (account blocked)");
        } else if row.state == PostState::Scheduled && row.publish_failures + row.prepare_failures > 0 {
            state.push_str(" (retry)");
        }
        table.add_row([
            row.post.to_string(),
            time(if row.state == PostState::Scheduled { row.due_at } else { row.occurs_at }, &row.zone, now),
            state,
            row.account.clone(),
            row.job.clone(),
            excerpt(&row.content, 40),
        ]);
    }
    print_table(&table);
}
