//! `storyd admin queue`: what comes next, first.

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::output::note;
use super::super::setup::Home;
use super::super::show::{Columns, counted, excerpt, instant, local_zone, print_json, relative, time};
use super::disk_full;
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::store::Store;
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
    let store = home.open().await?;
    let states = match (args.all, args.state.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => OPEN.to_vec(),
        (false, false) => args.state,
    };
    let filter = PostFilter { states, account: args.account, job: args.job, limit: Some(args.limit) };
    let rows = store.posts(&filter).await?;
    if common.json {
        print_json(&rows)?;
    } else {
        print(&rows);
        around(&store, home, rows.len()).await?;
    }
    if store.is_short_of_room() {
        note!("storyd: {}", disk_full(home));
    }
    store.close().await;
    Ok(DONE)
}

/// What explains the list: how many posts there are in all, and what keeps them waiting.
async fn around(store: &Store, home: &Home, shown: usize) -> Result<(), Failure> {
    let counts: Vec<String> = store.counts().await?.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let all = home.command("admin queue --all");
    match (shown, counts.is_empty()) {
        (_, true) => note!("the queue is empty"),
        (0, false) => note!("no such posts; in all: {}; `{all}` lists them", counts.join(", ")),
        (_, false) => note!("{} shown; in all: {}", counted(shown, "post"), counts.join(", ")),
    }
    for account in store.accounts().await? {
        if let (Some(reason), Some(remedy)) = (account.blocked_reason, account.blocked_remedy) {
            note!("account {} is blocked: {reason}. {remedy}", account.account);
        }
    }
    let now = Clock::system().now();
    for pause in store.pauses(now).await? {
        let what =
            if pause.target.is_empty() { "everything".into() } else { format!("{} {}", pause.scope, pause.target) };
        let until = pause.until_at.map_or_else(String::new, |at| format!(" until {}", time(at, &local_zone(), now)));
        let why = if pause.reason.is_empty() { String::new() } else { format!(": {}", pause.reason) };
        note!("{what} is paused by {}{until}{why}", pause.actor);
    }
    Ok(())
}

fn print(rows: &[PostRow]) {
    if rows.is_empty() {
        return;
    }
    let now = Clock::system().now();
    let mut columns =
        Columns::new(&["POST", "WHEN", "STATE", "ACCOUNT", "JOB", "SAYS"], &["POST", "WHEN", "STATE", "JOB", "SAYS"]);
    for row in rows {
        let at = if row.state == PostState::Scheduled { row.due_at } else { row.occurs_at };
        let (when, ahead) = (instant(at, &row.zone), relative(at, now));
        let (post, job, account) = (row.post.to_string(), row.job.clone(), row.account.clone());
        let (state, why) = (row.state.to_string(), why(row));
        let says = excerpt(&row.content, 40);
        let narrow = vec![
            post.clone(),
            format!("{when}\n({ahead})"),
            format!("{state}\n{why}"),
            format!("{job}\non {account}"),
            says.clone(),
        ];
        let state = format!("{state} {why}").trim_end().to_owned();
        columns.add(vec![post, format!("{when} ({ahead})"), state, account, job, says], narrow);
    }
    columns.print();
}

/// What a person should know beside the state.
fn why(row: &PostRow) -> &'static str {
    let scheduled = row.state == PostState::Scheduled;
    if row.parked_at.is_some() {
        "(needs a person)"
    } else if scheduled && row.blocked.is_some() {
        "(account blocked)"
    } else if scheduled && row.publish_failures + row.prepare_failures > 0 {
        "(retry)"
    } else {
        ""
    }
}
