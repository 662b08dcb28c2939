//! `storyd admin queue`: what comes next, first, day by day.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use jiff::Timestamp;

use super::super::failure::{DONE, Failure, UNEXPECTED};
use super::super::flags::Common;
use super::filter::Filter;
use super::standing::{disk_full, standing};
use super::{names, target};
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{ColumnLayout, counted, excerpt, instant, relative, time};
use crate::cli::terminal::output::{note, say, steer};
use crate::cli::terminal::table::{Form, POST_COLUMNS, RowStream};
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::domain::telling;
use crate::engine::daemon;
use crate::engine::sleep;
use crate::store::Store;
use crate::store::view::{PageCursor, PostQuery, PostRow, WaitKind, standing_waits};

/// What `queue` lists unless told otherwise: all that is not over.
const OPEN: [PostState; 5] =
    [PostState::Scheduled, PostState::Claimed, PostState::Publishing, PostState::InDoubt, PostState::Held];
/// Rows that are read and printed in one go.
const PAGE: u32 = 200;
/// Between two looks of `--watch`.
const WATCH_EVERY: Duration = Duration::from_secs(2);
/// Posts that `--watch` shows unless told otherwise: a screenful.
const WATCHED: u64 = 20;
const LISTED: u64 = 100;
/// Posts of a state that are counted: beyond them it is told that there are more.
const COUNTED: u32 = 10_000;
/// Posts that are looked at one by one for a person, for words or for what two filters share: as many as are no wait.
const LOOKED_AT_MAX: u32 = 20_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Every post, those that are over too
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Posts in this state only; may be repeated
    #[arg(long, value_parser = read_state)]
    state: Vec<PostState>,
    #[command(flatten)]
    filter: Filter,
    /// Whose text or link holds these words as they stand, whatever the case and however their letters are composed. A person is shown what 20,000 posts hold, and how to go on;
    /// --json and --csv look through all
    #[arg(long)]
    text: Option<String>,
    /// Go on after this post of the list
    #[arg(long, value_name = "POST")]
    after: Option<String>,
    /// At most this many [default: 100; 20 with --watch; all with --json and --csv]
    #[arg(long, value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    limit: Option<u64>,
    /// Print CSV for a spreadsheet: UTF-8 with a byte-order mark, times in the zone of the settings, an apostrophe before a text that would
    /// be a formula
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Stay, and show changes as they come; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["csv", "json"])]
    watch: bool,
}

pub(super) fn read_state(word: &str) -> Result<PostState, String> {
    PostState::parse(word).ok_or_else(|| format!("the states are {}", PostState::ALL.map(PostState::as_str).join(", ")))
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    names::check_filter(home, &store, &args.filter).await?;
    let zone = home.zone(&store).await?;
    let (from, until) = args.filter.period(&telling::zone(&zone), Clock::system().now())?;
    let states = match (args.all, args.state.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => OPEN.to_vec(),
        (false, false) => args.state,
    };
    let Filter { account, job, tag, .. } = args.filter;
    let listing = PostQuery { states, account, job, tag, text: args.text, from, until };
    let after = match args.after {
        None => None,
        Some(post) => {
            let (post, _) = target::to_show(home, &store, &post).await?;
            match store.place(post).await? {
                None => return Err(Failure::no_such_thing(format!("there is no post {post} to go on after"))),
                place => place,
            }
        }
    };
    let form = if args.csv {
        Form::Csv
    } else if common.json {
        Form::Json
    } else {
        Form::Human
    };
    let unless_told = match form {
        Form::Human if args.watch => WATCHED,
        Form::Human => LISTED,
        // A program is given all of it.
        _ => u64::MAX,
    };
    let wanted =
        QueuePage { listing, zone, titles: home.settings.titles(), after, limit: args.limit.unwrap_or(unless_told) };
    if args.watch {
        return watch(&store, home, &wanted).await;
    }
    let shown = list(&store, &wanted, form).await?;
    if let Some(last) = shown.more_after {
        note!("storyd: there are more; the same command with `--after {last}` goes on from here");
    }
    if form == Form::Human {
        around(&store, home, shown, &wanted.zone).await?;
    }
    if store.is_short_of_room() {
        note!("storyd: {}", disk_full(home));
    }
    store.close().await;
    Ok(DONE)
}

/// Which part of which list.
struct QueuePage {
    listing: PostQuery,
    /// In which the times are told.
    zone: String,
    /// What people call the accounts.
    titles: BTreeMap<String, String>,
    after: Option<PageCursor>,
    limit: u64,
}

/// What was printed.
#[derive(Clone, Copy)]
struct PrintedPage {
    posts: u64,
    /// Posts that were looked at one by one.
    looked_at: u32,
    /// Where looking was broken off.
    broken_off: Option<PageCursor>,
    /// The last post that was printed, when the limit kept others out.
    more_after: Option<i64>,
}

/// Prints the list page by page. A program is given all of it, a person what a short look finds.
async fn list(store: &Store, wanted: &QueuePage, form: Form) -> Result<PrintedPage, Failure> {
    let mut after = wanted.after;
    let mut shown = PrintedPage { posts: 0, looked_at: 0, broken_off: None, more_after: None };
    let mut rows = RowStream::new(form, &POST_COLUMNS, &wanted.zone);
    let mut last = None;
    loop {
        if shown.posts >= wanted.limit {
            // Whether the limit kept anything out is only known by looking.
            let next = store.listing(&wanted.listing, after, 1).await?;
            shown.more_after = last.filter(|_| !next.rows.is_empty());
            break;
        }
        let more = u32::try_from(wanted.limit - shown.posts).unwrap_or(u32::MAX).min(PAGE);
        let page = store.listing(&wanted.listing, after, more).await?;
        shown.posts += page.rows.len() as u64;
        shown.looked_at = shown.looked_at.saturating_add(page.looked_at);
        let now = Clock::system().now();
        if form == Form::Human {
            print(&page.rows, wanted, now);
        }
        for row in &page.rows {
            rows.add(&row.clone().at(now))?;
        }
        last = page.rows.last().map(|row| row.post).or(last);
        let Some(end) = page.end else { break };
        after = Some(end);
        if form == Form::Human && shown.looked_at >= LOOKED_AT_MAX && shown.posts < wanted.limit {
            shown.broken_off = after;
            break;
        }
    }
    if form != Form::Human {
        rows.end();
    }
    Ok(shown)
}

/// Shows the list again and again, in place.
async fn watch(store: &Store, home: &CommandContext, wanted: &QueuePage) -> Result<u8, Failure> {
    use std::io::IsTerminal;
    if !std::io::stdout().is_terminal() {
        return Err(Failure::usage("--watch needs a terminal; leave it out where the output goes elsewhere"));
    }
    let mut stop = tokio::spawn(daemon::until_told_to_stop());
    loop {
        // Home, and what was there is cleared.
        steer(std::io::stdout(), "\x1b[H\x1b[2J\x1b[3J");
        let now = instant(Clock::system().now(), &wanted.zone);
        say!("every {} s · {now} · Ctrl-C ends", WATCH_EVERY.as_secs());
        let shown = list(store, wanted, Form::Human).await?;
        around(store, home, shown, &wanted.zone).await?;
        tokio::select! {
            () = sleep::pause(WATCH_EVERY) => {}
            ended = &mut stop => {
                return match ended {
                    Ok(Ok(())) => Ok(DONE),
                    _ => Err(Failure::told(UNEXPECTED)),
                };
            }
        }
    }
}

/// What explains the list: how many posts there are in all, and what keeps them waiting.
async fn around(store: &Store, home: &CommandContext, shown: PrintedPage, zone: &str) -> Result<(), Failure> {
    let counts = store.counts_up_to(COUNTED).await?;
    let or_more = |count: u32| if count < COUNTED { "" } else { " or more" };
    let counts: Vec<String> =
        counts.iter().map(|(state, count)| format!("{count}{} {state}", or_more(*count))).collect();
    let all = home.command("admin queue --all");
    match (shown.posts, counts.is_empty()) {
        (_, true) => note!("the queue is empty"),
        (0, false) if shown.broken_off.is_some() => note!("no such posts so far; in all: {}", counts.join(", ")),
        (0, false) => note!("no such posts; in all: {}; `{all}` lists them", counts.join(", ")),
        (_, false) => {
            note!(
                "{} shown; in all: {}",
                counted(usize::try_from(shown.posts).unwrap_or(usize::MAX), "post"),
                counts.join(", ")
            );
        }
    }
    if let Some(place) = shown.broken_off {
        let (looked_at, post, due) = (shown.looked_at, place.post(), instant(place.due_at()?, zone));
        note!("{looked_at} posts were looked at one by one, up to post {post} ({due}), and there are more:");
        note!("the same command with `--after {post}` goes on from there; a narrower filter looks at fewer");
    }
    for account in store.accounts().await? {
        if let (Some(reason), Some(remedy)) = (account.blocked_reason, account.blocked_remedy) {
            note!("account {} is blocked: {reason}. {remedy}", account.account);
        }
    }
    for trouble in standing(store).await? {
        note!("{}: {}; `{}`", trouble.trouble.title(), trouble.reason, trouble.command);
    }
    let now = Clock::system().now();
    for pause in store.pauses(now).await? {
        let what = pause.what();
        let until = pause.until_at.map_or_else(String::new, |at| format!(" until {}", time(at, zone, now)));
        let why = if pause.reason.is_empty() { String::new() } else { format!(": {}", pause.reason) };
        note!("{what} is paused by {}{until}{why}", pause.actor);
    }
    Ok(())
}

/// Prints rows under the days at which they are due.
fn print(rows: &[PostRow], wanted: &QueuePage, now: Timestamp) {
    let zone = wanted.zone.as_str();
    let mut columns = ColumnLayout::new(
        &["POST", "WHEN", "STATE", "ACCOUNT", "JOB", "TEXT"],
        &["POST", "WHEN", "STATE", "JOB", "TEXT"],
    );
    let mut today = String::new();
    for row in rows {
        let local = row.due_at.to_zoned(telling::zone(zone));
        let day = local.strftime("%a %Y-%m-%d %Z").to_string();
        if day != today {
            columns.heading(&day);
            today = day;
        }
        let clock = clock(row.due_at, zone);
        let ahead = relative(row.due_at, now);
        let account = wanted.titles.get(&row.account).unwrap_or(&row.account).clone();
        let (post, job) = (row.post.to_string(), row.job.clone());
        let (state, why) = (row.state.to_string(), why(row, zone, now));
        let says = excerpt(&row.content, 40);
        let narrow = vec![
            post.clone(),
            format!("{clock}\n{ahead}"),
            format!("{state}\n{why}"),
            format!("{job}\non {account}"),
            says.clone(),
        ];
        let state = format!("{state} {why}").trim_end().to_owned();
        columns.add(vec![post, format!("{clock} ({ahead})"), state, account, job, says], narrow);
    }
    if !rows.is_empty() {
        columns.print();
    }
}

/// What a person should know beside the state.
fn why(row: &PostRow, zone: &str, now: Timestamp) -> String {
    let scheduled = row.state == PostState::Scheduled;
    let waits = standing_waits(&row.waits, now);
    if row.parked_at.is_some() {
        "(needs a person)".into()
    } else if let Some(wait) = waits.first() {
        // A post that was moved out of a blackout stands at its end already.
        let until = wait.until.filter(|_| wait.what != WaitKind::Blackout);
        let until = until.map_or_else(String::new, |at| format!(" until {}", clock(at, zone)));
        format!("({}{until})", wait.what.word())
    } else if scheduled && row.publish_failures + row.prepare_failures > 0 {
        "(retry)".into()
    } else {
        String::new()
    }
}

/// The time of the day.
fn clock(at: Timestamp, zone: &str) -> String {
    let local = at.to_zoned(telling::zone(zone));
    local.strftime(if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}
