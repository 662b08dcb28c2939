//! `storyd admin accept`: posts that left the job files, and are held in case that was an accident, are withdrawn after all.

use jiff::Timestamp;
use serde::Serialize;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::filter::name;
use super::steering;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{counted, excerpt, print_json, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;
use crate::store::view::{NameKind, PostRow};

/// Posts that are told one by one.
const TOLD_MAX: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// Of this job only
    #[arg(long, value_parser = name)]
    job: Option<String>,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Accepted {
    /// Whether nothing was changed.
    dry_run: bool,
    /// The posts that are, or would be, withdrawn.
    withdrawn: Vec<Withdrawn>,
}

#[derive(Serialize)]
struct Withdrawn {
    post: i64,
    job: String,
    account: String,
    /// When it was to appear.
    occurs_at: Timestamp,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    for (kind, name) in [(NameKind::Account, &args.account), (NameKind::Job, &args.job)] {
        if let Some(name) = name {
            super::names::check(home, &store, kind, name).await?;
        }
    }
    let now = Clock::system().now();
    let (account, job) = (args.account.as_deref(), args.job.as_deref());
    let posts = match args.dry_run {
        true => store.withheld(account, job).await?,
        false => store.accept(account, job, (&steering::actor(), &args.reason), now).await?,
    };
    let rows = store.posts_numbered(&posts).await?;
    let zone = home.zone(&store).await?;
    store.close().await;
    if !args.dry_run {
        home.wake_daemon();
    }
    if common.json {
        let withdrawn = |row: &PostRow| {
            let (job, account) = (row.job.clone(), row.account.clone());
            Withdrawn { post: row.post, job, account, occurs_at: row.occurs_at }
        };
        let withdrawn = rows.iter().map(withdrawn).collect();
        return print_json(&Accepted { dry_run: args.dry_run, withdrawn }).map(|()| DONE);
    }
    if rows.is_empty() {
        note!("no post is held because it left the job files");
        return Ok(DONE);
    }
    let verb = match (args.dry_run, rows.len()) {
        (true, _) => "would be withdrawn",
        (false, 1) => "is withdrawn",
        (false, _) => "are withdrawn",
    };
    say!("{} {verb}", counted(rows.len(), "post"));
    for row in rows.iter().take(TOLD_MAX) {
        say!("  {}  {}  {}  {}", row.post, row.job, time(row.occurs_at, &zone, now), excerpt(&row.content, 30));
    }
    if rows.len() > TOLD_MAX {
        say!("  … and {} more", rows.len() - TOLD_MAX);
    }
    if args.dry_run {
        steering::end_dry_run(true);
    }
    Ok(DONE)
}
